"""The options that say which data a verb works on, and the data sets that they mean."""

from pathlib import Path

SPLITS = ("train", "val", "test")
# Scenes of each split, drawn from seeds of their own so that no scene is in two of them.
STREET_SCENES = {"train": 200, "val": 50, "test": 50}
STREET_SIZE = (192, 256)


def add(parser):
    """Give a verb's parser --data, --data-dir and --first."""
    parser.add_argument(
        "--data", choices=("street", "camvid"), required=True, help="drawn street scenes, or CamVid's frames"
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder of CamVid (else FCN_TUTORIAL_CAMVID, or the cache)"
    )
    parser.add_argument("--first", type=int, metavar="N", help="only the first N images of the split")


def load(arguments, split):
    """The data set that the options mean. Raises FileNotFoundError without CamVid, ValueError for a bad --first."""
    if arguments.first is not None and arguments.first < 1:
        raise ValueError(f"--first is {arguments.first}; expected 1 or more. All of the split: leave --first out.")
    if arguments.data == "camvid":
        from fcn_tutorial.datasets.camvid import CamVid

        return CamVid(arguments.data_dir, split, arguments.first)
    from fcn_tutorial.datasets.street_scenes import StreetScenes

    if arguments.data_dir is not None:
        raise ValueError("--data-dir belongs to --data camvid; street scenes are drawn, they need no folder.")
    count = STREET_SCENES[split] if arguments.first is None else arguments.first
    return StreetScenes(count, STREET_SIZE, seed=SPLITS.index(split))
