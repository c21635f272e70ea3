"""The options that say which data a verb works on, and the data sets that they mean."""

import re
from pathlib import Path

SPLITS = ("train", "val", "test")
DATA = ("street", "camvid", "folder", "voc")
# Scenes of each split, drawn from seeds of their own so that no scene is in two of them.
STREET_SCENES = {"train": 200, "val": 50, "test": 50}
STREET_SIZE = (192, 256)


def add(parser):
    """Give a verb's parser --data, --data-dir, --void and --first."""
    parser.add_argument(
        "--data",
        choices=DATA,
        required=True,
        help="drawn street scenes, CamVid's frames, a folder of your own, or PASCAL VOC's layout",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="your folder (train/images, train/masks, classes.txt; val and test likewise), VOC's, or CamVid's (else "
        "FCN_TUTORIAL_CAMVID, or the cache)",
    )
    parser.add_argument(
        "--void", type=int, metavar="N", help="index of unlabelled pixels in your folder's masks, default: 255"
    )
    parser.add_argument("--first", type=int, metavar="N", help="only the first N images of the split")


def load(arguments, split):
    """The data set that the options mean.

    Raises ValueError for options that don't fit together or a bad --first, and as the data sets do.
    """
    _check(arguments)
    if arguments.data == "street":
        from fcn_tutorial.datasets.street_scenes import StreetScenes

        count = STREET_SCENES[split] if arguments.first is None else arguments.first
        return StreetScenes(count, STREET_SIZE, seed=SPLITS.index(split))
    if arguments.data == "camvid":
        from fcn_tutorial.datasets.camvid import CamVid

        return CamVid(arguments.data_dir, split, arguments.first)
    if arguments.data == "voc":
        from fcn_tutorial.datasets.voc import Voc

        return Voc(arguments.data_dir, split, arguments.first)
    from fcn_tutorial.datasets.folder import Folder

    return Folder(arguments.data_dir, split, arguments.first, 255 if arguments.void is None else arguments.void)


def _check(arguments):
    if arguments.first is not None and arguments.first < 1:
        raise ValueError(f"--first is {arguments.first}; expected 1 or more. All of the split: leave --first out.")
    if arguments.data == "street" and arguments.data_dir is not None:
        raise ValueError(
            "--data-dir belongs to --data camvid, folder and voc; street scenes are drawn, they need no folder."
        )
    if arguments.data in ("folder", "voc") and arguments.data_dir is None:
        raise ValueError(f"--data {arguments.data} needs --data-dir DIR, the folder that holds the data.")
    if arguments.void is not None and arguments.data != "folder":
        raise ValueError("--void belongs to --data folder; the other data have a void of their own.")


def there(arguments):
    """Those of SPLITS that the data have. Raises ValueError for options that don't fit together."""
    _check(arguments)
    if arguments.data == "street":
        return SPLITS
    from fcn_tutorial.datasets import camvid, folder, voc

    return {"camvid": camvid, "folder": folder, "voc": voc}[arguments.data].splits_in(arguments.data_dir)


def sizes(dataset):
    """The different (height, width) of its images in pixels, without reading whole files. Raises as `photos.load`."""
    return dataset.sizes() if hasattr(dataset, "sizes") else {dataset.size}


def remarks(dataset):
    """What somebody should know of a data set before its figures, sentences."""
    found = []
    if getattr(dataset, "set_aside", False):
        found.append("There is no val/: a fifth of train/ is set aside for it, by the photos' names.")
    left_out = [path.name for path in getattr(dataset, "left_out", [])]
    if left_out:
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        found.append(f"Left out, no pictures: {', '.join(left_out[:3])}{more}.")
    return found


def pixels(text, option):
    """[height, width] from HxW; None for None. Raises ValueError that names `option`."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}x[0-9]{1,5}", text):
        raise ValueError(f"{option} takes rows and columns in pixels, such as 328x448; got {text}.")
    return [int(side) for side in text.split("x")]
