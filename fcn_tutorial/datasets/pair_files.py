"""Photos and their masks as files of one stem: which belong together, and each pair read and checked (lesson 08)."""

import operator
from pathlib import Path

from fcn_tutorial.datasets import image_files, photos
from fcn_tutorial.datasets.masks import MaskReader
from fcn_tutorial.datasets.pairs import check_pair


class PairFiles:
    """The pairs of photo and mask files: `ds[i]` is (image uint8 (H, W, 3) RGB, labels uint8 (H, W)), as they come.

    name: of the data set. files: a list of (photo, mask), paths. class_list: a `class_lists.ClassList`.
    first: keeps the first so many. left_out: names of files that belong to no pair, to be told.
    `file_names` lists the photos, `classes` is the `labels.Classes` of all masks.
    Raises ValueError for a `first` beyond the pairs; upon reading as `photos.load`, `masks.MaskReader` and
    `pairs.check_pair`.
    """

    def __init__(self, name, files, class_list, first=None, left_out=()):
        if first is not None and not 1 <= operator.index(first) <= len(files):
            raise ValueError(f"The first {first} images were asked for; {name} has 1 to {len(files)}.")
        self.name, self.files, self.left_out = name, list(files)[:first], list(left_out)
        self.classes, self.read_mask = class_list.classes, MaskReader(class_list)
        self.file_names = [str(photo) for photo, _ in self.files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        photo, mask = self.files[operator.index(index)]
        return check_pair(photos.load(photo), self.read_mask(mask), str(photo), self.classes)


def matched(images, masks):
    """([(photo, mask), ...] sorted by name, [files left out]) of the folders `images` and `masks`, matched by stem.

    Endings may be written large or small; hidden files are passed over without a word.
    Raises FileNotFoundError for a missing folder, one without pictures and a photo without its mask (or the other way
    round), ValueError for two photos or masks of one stem.
    """
    photos_found, other = _by_stem(images, image_files.PHOTOS)
    masks_found, more = _by_stem(masks, image_files.PHOTOS)  # a JPEG is refused upon reading, in words
    for here, there, folder in ((photos_found, masks_found, masks), (masks_found, photos_found, images)):
        alone = [path for stem, path in here.items() if stem not in there]
        if alone:
            raise FileNotFoundError(
                f"{alone[0]} has no partner {Path(folder) / alone[0].stem}.* ({len(alone)} such files). "
                "Every photo needs a mask of the same name, its ending apart: add it, or move the file away."
            )
    return [(photo, masks_found[stem]) for stem, photo in photos_found.items()], other + more


def _by_stem(folder, formats):
    """{stem: picture} of a folder, sorted, and what else is in it."""
    folder, found, other = Path(folder), {}, []
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; expected images/ and masks/ for each split.")
    endings = image_files.endings(formats)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix.lower() not in endings or path.is_dir():
            other.append(str(path))
        elif path.stem in found:
            raise ValueError(
                f"{found[path.stem]} and {path} have one name, so a mask may belong to either. Rename one."
            )
        else:
            found[path.stem] = path
    if not found:
        raise FileNotFoundError(f"{folder} holds no picture; expected {', '.join(sorted(endings))}.")
    return found, other
