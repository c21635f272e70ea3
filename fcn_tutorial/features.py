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
    """Maps and labels on disk: `cached[i]` is ({"32": map (h, w, C) float16, ...}, labels (H, W) uint8)."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.name = self.folder.name
        self.labels = np.load(self.folder / "labels.npy", mmap_mode="r")
        self.maps = {path.stem[3:]: np.load(path, mmap_mode="r") for path in sorted(self.folder.glob("map*.npy"))}

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return {stride: maps[index] for stride, maps in self.maps.items()}, self.labels[index]


class FeatureBatches(Batches):
    """Batches for `Network.scores`: ({"32": maps (N, h, w, C) float32, ...}, labels (N, H, W) int32)."""

    def __getitem__(self, index):
        items = np.sort(self.items(index))
        labels = np.asarray(self.dataset.labels[items], np.int32)
        inputs = {stride: np.asarray(maps[items], np.float32) for stride, maps in self.dataset.maps.items()}
        return inputs, labels


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
    files, start = {}, 0
    for index in tqdm(range(len(batches)), "features", unit="batch", disable=not progress, leave=False):
        images, labels = batches[index]
        arrays = {f"map{stride}": maps for stride, maps in network.features.predict_on_batch(images).items()}
        arrays["labels"] = labels.astype(np.uint8)
        for name, array in arrays.items():
            if name not in files:
                kind = np.uint8 if name == "labels" else np.float16
                shape = (len(dataset), *array.shape[1:])
                files[name] = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype=kind, shape=shape)
            elif files[name].shape[1:] != array.shape[1:]:
                raise ValueError(
                    f"Images of different sizes: a map of {array.shape[1:3]} cells follows {files[name].shape[1:3]}; "
                    "cached features need one size. Crop or resize the images, or fine-tune with batch_size=1."
                )
            files[name][start : start + len(labels)] = array
        start += len(labels)
    for file in files.values():
        file.flush()
