"""PASCAL VOC in its own layout: 20 classes and background, palette masks, void 255 (Long et al. 2015, section 5).

A folder such as VOCdevkit/VOC2012 holds JPEGImages/, SegmentationClass/ and the lists ImageSets/Segmentation/*.txt.
"""

from pathlib import Path

from fcn_tutorial.datasets.class_lists import ClassList
from fcn_tutorial.datasets.pair_files import PairFiles
from fcn_tutorial.labels import Classes

NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


def colour(index):
    """The RGB colour that VOC's palette gives an index: its bits, the lowest three first, spread over the channels."""
    return tuple(sum((index >> 3 * bit + channel & 1) << 7 - bit for bit in range(3)) for channel in range(3))


CLASSES = Classes(NAMES, [colour(index) for index in range(len(NAMES))], void=255, void_colour=colour(255))


def splits_in(folder):
    """Those of train, val and test that `folder` has a list of."""
    lists = Path(folder).expanduser() / "ImageSets" / "Segmentation"
    return [split for split in ("train", "val", "test") if (lists / f"{split}.txt").is_file()]


class Voc(PairFiles):
    """The images that `folder`/ImageSets/Segmentation/SPLIT.txt lists, in its order; see `PairFiles`.

    split: "train", "val", or another of those lists. first: keeps the first so many.
    Raises FileNotFoundError for a missing folder or list, and a listed image without its files; ValueError as
    `PairFiles`.
    """

    def __init__(self, folder, split, first=None):
        folder = Path(folder).expanduser()
        lists = folder / "ImageSets" / "Segmentation"
        if not (lists / f"{split}.txt").is_file():
            there = ", ".join(sorted(path.stem for path in lists.glob("*.txt") if path.name[0] != ".")) or "none"
            raise FileNotFoundError(
                f"{folder} has no list ImageSets/Segmentation/{split}.txt; lists there: {there}. "
                "Expected VOC's own layout, a folder such as VOCdevkit/VOC2012."
            )
        stems = (lists / f"{split}.txt").read_text(encoding="utf-8-sig").split()
        files = [(folder / "JPEGImages" / f"{s}.jpg", folder / "SegmentationClass" / f"{s}.png") for s in stems]
        missing = next((path for pair in files for path in pair if not path.is_file()), None)
        if missing or not files:
            raise FileNotFoundError(f"{lists / split}.txt lists {missing or 'nothing'}; there is no such file.")
        super().__init__("voc", files, ClassList(CLASSES), folder / "JPEGImages", first)
        self.folder, self.split = folder, split
