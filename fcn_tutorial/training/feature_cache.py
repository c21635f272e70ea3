"""The maps of a frozen backbone, computed once and kept in files, so that a head trains without it.

Nearly all the work of a training step with a frozen backbone would be computing the same maps again (notebook 05).
"""

import hashlib
import io
import json
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np

from fcn_tutorial import files
from fcn_tutorial import progress as bars
from fcn_tutorial.backbones.features import checksum
from fcn_tutorial.datasets.batches import Batches, check_trainable
from fcn_tutorial.datasets.pairs import classes_of, name_of
from fcn_tutorial.labels import CAMVID


class CachedFeatures:
    """Maps and labels on disk: `cached[i]` is ({"32": map (h, w, C) float16, ...}, labels (H, W) uint8).

    An array of numbers in place of `i` reads that many at once. classes: the labels' `labels.Classes`.
    """

    def __init__(self, folder, classes=CAMVID):
        self.folder, self.classes = Path(folder), classes
        self.name = self.folder.name
        self.files = {path.stem[3:]: path.name for path in sorted(self.folder.glob("map*.npy"))}

    def __len__(self):
        return len(self._read("labels.npy"))

    def __getitem__(self, items):
        return {stride: self._read(file)[items] for stride, file in self.files.items()}, self._read("labels.npy")[items]

    def _read(self, file):
        # Opened anew each time: of a file that stays open, all that was ever read counts as this program's memory.
        return np.load(self.folder / file, mmap_mode="r")


class FeatureBatches(Batches):
    """Batches for `Network.scores`: ({"32": maps (N, h, w, C) float32, ...}, labels (N, H, W) int32)."""

    def __getitem__(self, index):
        maps, labels = self.dataset[np.sort(self.items(index))]
        return {stride: np.asarray(array, np.float32) for stride, array in maps.items()}, np.asarray(labels, np.int32)


def cached_features(network, dataset, folder=None, batch_size=8, progress=True):
    """Compute `network.features` for every image of `dataset`, or find them where an earlier call left them.

    folder: where the maps are kept, half-precision numbers; None takes a temporary folder that goes with the result.
    Memory is bounded by one batch, and room on the disk is taken before most of the work. A folder counts as complete
    only once everything is in it; of two programs that want the same maps, the second waits for those of the first.
    Raises ValueError for a folder that holds the maps of something else, or damaged ones, for maps beyond float16's
    65,504, and as `Batches` for bad images; OSError where the disk refuses (nothing is left).
    """
    check_trainable(dataset)
    card = {"backbone": network.backbone.name, "weights": checksum(network.features)}
    card |= {"strides": sorted(network.features.output), "finest": network.stride, "data": describe(dataset)}
    temporary = None if folder else files.TemporaryFolder("fcn_features_")
    folder = Path(folder or temporary.path)
    try:
        if not _is_complete(folder, card):
            with nullcontext() if temporary else _alone(folder, progress):
                if not _is_complete(folder, card):  # nor has another program made it so meanwhile
                    hashes = _compute(network, dataset, folder, batch_size, progress)
                    files.write_text(folder / "card.json", json.dumps(card | {"files": hashes}))
    except BaseException:
        if temporary:
            temporary.close()
        raise
    cached = CachedFeatures(folder, classes_of(dataset))
    cached.temporary = temporary  # deleted together
    return cached


def describe(dataset):
    """What identifies a data set: its name, length, classes, and a hash of its first, middle and last pair."""
    digest, classes = hashlib.sha256(), classes_of(dataset)
    of_classes = f" of {len(classes)} classes" if classes != CAMVID else ""
    if of_classes:  # CamVid's go without saying, as in files of earlier versions
        digest.update(repr((classes.names, classes.void)).encode())
    for index in sorted({0, len(dataset) // 2, len(dataset) - 1}):
        for array in dataset[index]:
            digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return f"{name_of(dataset)}, {len(dataset)} images{of_classes}, {digest.hexdigest()[:16]}"


def _is_complete(folder, card):
    """Whether `folder` holds the maps that `card` describes. Raises ValueError for others, and for damaged ones."""
    written = folder / "card.json"
    if not written.is_file():
        return False
    advice = f"Delete {folder}, so that the maps are computed again, or name another folder."
    try:
        found = dict(json.loads(written.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{written} is empty or damaged, so nobody knows what maps these are. {advice}") from error
    hashes = found.pop("files", None)
    if found != card:
        raise ValueError(f"{folder} holds the maps of {found}; expected {card}. Name another folder, or delete it.")
    if hashes is None:
        return False  # of an earlier version, where two programs could fill a folder at once: computed again
    for name in ["labels.npy", *(f"map{stride}.npy" for stride in card["strides"])]:
        path = folder / name
        if not path.is_file() or _hash(path) != (hashes.get(name) if isinstance(hashes, dict) else None):
            raise ValueError(f"{path} is not what was written there: it is cut off, changed or gone. {advice}")
    return True


def _hash(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(folder, progress):
    """Hold `folder`, made where missing, while its files are written; wait for another program that does."""
    busy = "another program computes the maps in it."
    with ExitStack() as stack:
        try:
            stack.enter_context(files.locked(folder, busy))
        except BlockingIOError as error:
            if progress:
                bars.note(f"{error} Waiting for it.")
            stack.enter_context(files.locked(folder, busy, wait=-1))
        new = not folder.exists()
        files.check_place(folder / "card.json")
        for left in folder.glob(".*.unfinished"):
            left.unlink()  # by a program that was killed, for none but this one may write here
        try:
            yield
        except BaseException:
            if new:
                with suppress(OSError):
                    folder.rmdir()
            raise


def _compute(network, dataset, folder, batch_size, progress):
    """Write map*.npy and labels.npy into `folder`, and return their hashes by name."""
    batches = Batches(dataset, batch_size, network.backbone.preprocess, shuffle=False)
    add = {}
    with ExitStack() as stack:
        for index in bars.bar(range(len(batches)), desc="features", unit="batch", disable=not progress, leave=False):
            images, labels = batches[index]
            arrays = {f"map{stride}": maps for stride, maps in network.features.predict_on_batch(images).items()}
            for name, array in {**arrays, "labels": labels}.items():
                if name not in add:
                    kind = np.uint8 if name == "labels" else np.float16
                    file = _growing(folder / f"{name}.npy", kind, (len(dataset), *array.shape[1:]))
                    add[name] = stack.enter_context(file)
                add[name](array)
    return {f"{name}.npy": _hash(folder / f"{name}.npy") for name in add}


@contextmanager
def _growing(path, kind, shape):
    """A function that adds arrays to a .npy file of the given type and shape, whose room is taken at once.

    Written as any file: a full disk ends a program that writes to mapped memory.
    """
    header = io.BytesIO()
    description = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    with files.replacing(path) as unfinished:
        files.reserve(unfinished, header.tell() + int(np.prod(shape)) * np.dtype(kind).itemsize, path)
        with unfinished.open("r+b") as file:
            file.write(header.getvalue())

            def add(array):
                if array.shape[1:] != shape[1:]:
                    raise ValueError(
                        f"Images of different sizes: a map of {array.shape[1:3]} cells follows {shape[1:3]}; "
                        "cached features need one size. Crop or resize the images, or fine-tune with batch_size=1."
                    )
                file.write(_as_kind(array, kind).tobytes())

            yield add


def _as_kind(array, kind):
    with np.errstate(over="ignore"):
        array = np.asarray(array).astype(kind)
    if not np.isfinite(array).all():
        raise ValueError(
            "The backbone's maps reach beyond float16 (65,504), in which they are kept, or are NaN. "
            "Fine-tune instead, which keeps no maps."
        )
    return array
