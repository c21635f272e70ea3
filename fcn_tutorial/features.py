"""The maps of a frozen backbone, computed once and kept in memory-mapped files, so that a head trains without it.

Nearly all the work of a training step with a frozen backbone would be computing the same maps again (notebook 05).
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fcn_tutorial.backbones.features import checksum
from fcn_tutorial.datasets.batches import Batches, check_trainable


class CachedFeatures:
    """Maps and labels on disk: `cached[i]` is ({"32": map (h, w, C) float16, ...}, labels (H, W) uint8).

    An array of numbers in place of `i` reads that many at once.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
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
    Memory is bounded by one batch. A folder counts as complete only once everything is in it.
    Raises ValueError for a folder that holds the maps of something else, and as `Batches` for bad images.
    """
    temporary = None if folder else tempfile.TemporaryDirectory(prefix="fcn_features_", ignore_cleanup_errors=True)
    folder = Path(folder or temporary.name)
    check_trainable(dataset)
    card = {"backbone": network.backbone.name, "weights": checksum(network.features)}
    card |= {"strides": sorted(network.features.output), "finest": network.stride, "data": describe(dataset)}
    written = folder / "card.json"
    if written.is_file():
        found = json.loads(written.read_text(encoding="utf-8"))
        if found != card:
            raise ValueError(f"{folder} holds the maps of {found}; expected {card}. Name another folder, or delete it.")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        _compute(network, dataset, folder, batch_size, progress)
        written.write_text(json.dumps(card), encoding="utf-8")
    cached = CachedFeatures(folder)
    cached.temporary = temporary  # deleted together
    return cached


def describe(dataset):
    """What identifies a data set: its name, its length, and a hash of its first, middle and last pair."""
    digest = hashlib.sha256()
    for index in sorted({0, len(dataset) // 2, len(dataset) - 1}):
        for array in dataset[index]:
            digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return f"{getattr(dataset, 'name', type(dataset).__name__)}, {len(dataset)} images, {digest.hexdigest()[:16]}"


def _compute(network, dataset, folder, batch_size, progress):
    batches = Batches(dataset, batch_size, network.backbone.preprocess, shuffle=False)
    start = 0
    for index in tqdm(range(len(batches)), "features", unit="batch", disable=not progress, leave=False):
        images, labels = batches[index]
        arrays = {f"map{stride}": maps for stride, maps in network.features.predict_on_batch(images).items()}
        for name, array in {**arrays, "labels": labels}.items():
            _write(folder / f"{name}.npy", array, start, len(dataset))
        start += len(labels)


def _write(path, array, start, total):
    """Put `array` into the places from `start` of a file with `total`; closed again, see `CachedFeatures`."""
    kind = np.uint8 if path.stem == "labels" else np.float16
    new = {} if start else {"dtype": kind, "shape": (total, *array.shape[1:])}
    file = np.lib.format.open_memmap(path, "r+" if start else "w+", **new)
    if file.shape[1:] != array.shape[1:]:
        raise ValueError(
            f"Images of different sizes: a map of {array.shape[1:3]} cells follows {file.shape[1:3]}; "
            "cached features need one size. Crop or resize the images, or fine-tune with batch_size=1."
        )
    file[start : start + len(array)] = array
