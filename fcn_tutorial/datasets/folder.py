"""A user's own data set: a folder of photos and masks for each split, and a list of classes."""

import hashlib
from pathlib import Path

from fcn_tutorial.datasets import class_lists
from fcn_tutorial.datasets.pair_files import PairFiles, matched

SPLITS = ("train", "val", "test")
SHARE = 0.2  # of train, where there is no val/


class Folder(PairFiles):
    """The pairs of a split of `folder`, which holds SPLIT/images, SPLIT/masks and classes.txt (or labelmap.txt).

    Photos of any format and size; masks of class indices, of a palette, or of the colours listed (`masks.MaskReader`).
    split: "train", "val" or "test". Where there is no val/, a fifth of train is set aside for it, told by a hash of the
        names, so that it is the same each time. `set_aside` says whether that was done, `left_out` lists files that are
        no pictures.
    void: index of unlabelled pixels in masks of class indices. first: keeps the first so many.
    Raises as `class_lists.read`, `pair_files.matched` and `PairFiles`; ValueError for an unknown split,
    FileNotFoundError for one that isn't there.
    """

    def __init__(self, folder, split, first=None, void=255):
        folder = Path(folder).expanduser()
        if split not in SPLITS:
            raise ValueError(f"There is no split {split!r}; expected one of {', '.join(SPLITS)}.")
        if not splits_in(folder):
            raise FileNotFoundError(
                f"{folder} has none of the folders {', '.join(SPLITS)}; expected train/images and train/masks, "
                "and so on for val and test."
            )
        class_list = class_lists.read(class_lists.find(folder), void)
        self.folder, self.split = folder, split
        self.set_aside = split != "test" and not (folder / "val").is_dir()
        place = folder / ("train" if self.set_aside else split)
        if not place.is_dir():
            raise FileNotFoundError(f"{folder} has no {split}/; there are {', '.join(splits_in(folder))}.")
        pairs, self.left_out = matched(place / "images", place / "masks", "Photos belong there, masks beside it.")
        if self.set_aside:
            pairs = _part(pairs, split)
        super().__init__("folder", pairs, class_list, folder, first)


def splits_in(folder):
    """Those of SPLITS that `folder` has, and val where it can be set aside."""
    there = [split for split in SPLITS if (Path(folder).expanduser() / split).is_dir()]
    return [split for split in SPLITS if split in there or (split == "val" and "train" in there)]


def _part(pairs, split):
    """Those of `pairs` that belong to `split`; val is never empty, and neither is train."""
    if len(pairs) < 2:
        raise ValueError(
            f"{pairs[0][0]} is the only photo, and without val/ a part of train/ is set aside. Add some, or val/."
        )
    order = sorted(pairs, key=lambda pair: _number(pair[0].stem))
    aside = max(1, sum(_number(photo.stem) < SHARE for photo, _ in pairs))
    chosen = order[:aside] if split == "val" else order[min(aside, len(pairs) - 1) :]
    return [pair for pair in pairs if pair in chosen]


def _number(stem):
    """A number from 0 to 1 that follows from a name."""
    return int.from_bytes(hashlib.sha256(stem.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
