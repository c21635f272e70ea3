"""Photos and their masks as files of one stem: which belong together, and each pair read and checked (notebook 05)."""

import operator
from pathlib import Path

from fcn_tutorial.datasets import image_files, photos
from fcn_tutorial.datasets.image_files import MASKS, PHOTOS, endings
from fcn_tutorial.datasets.masks import MaskReader
from fcn_tutorial.datasets.pairs import check_pair


class PairFiles:
    """The pairs of photo and mask files: `ds[i]` is (image uint8 (H, W, 3) RGB, labels uint8 (H, W)), as they come.

    name: of the data set. files: a list of (photo, mask), paths. class_list: a `class_lists.ClassList`.
    place: the folder below which `file_names` name the photos. first: keeps the first so many.
    `classes` is the `labels.Classes` of all masks.
    Raises ValueError for a `first` beyond the pairs; upon reading as `photos.load`, `masks.MaskReader` and
    `pairs.check_pair`.
    """

    def __init__(self, name, files, class_list, place, first=None):
        if first is not None and not 1 <= operator.index(first) <= len(files):
            raise ValueError(f"The first {first} images were asked for; {place} has 1 to {len(files)}.")
        self.name, self.files, self.place = name, list(files)[:first], Path(place)
        self.classes, self.read_mask = class_list.classes, MaskReader(class_list)
        self.file_names = [photo.relative_to(place).as_posix() for photo, _ in self.files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        photo, mask = self.files[operator.index(index)]
        return check_pair(photos.load(photo), self.read_mask(mask), str(photo), self.classes)

    def sizes(self):
        """The different (height, width) of the photos in pixels, from the beginning of each file."""
        return {image_files.size(photo) for photo, _ in self.files}


def matched(images, masks, advice):
    """([(photo, mask), ...] sorted by name, [files left out]) of the folders `images` and `masks`, matched by stem.

    Endings may be written large or small; hidden files are passed over without a word. advice: said where there is no
    photo at all.
    Raises FileNotFoundError for a folder without photos and a photo without its mask (or the other way round),
    ValueError for two photos or masks of one stem, and for a mask whose format loses pixels.
    """
    photo_files, other = _by_stem(images, PHOTOS)
    mask_files, more = _by_stem(masks, MASKS)
    if not photo_files:
        raise FileNotFoundError(f"{images} holds no PNG image, and no photo of another format. {advice}")
    alone = sorted(photo_files.keys() ^ mask_files.keys())
    if alone:
        stem = alone[0]
        here, lacking = (photo_files[stem], masks) if stem in photo_files else (mask_files[stem], images)
        raise FileNotFoundError(
            f"{here} has no partner {lacking / stem}.png ({len(alone)} such files). Every photo needs a mask of the "
            "same name, its ending apart: add it, or move the file away."
        )
    return [(photo_files[stem], mask_files[stem]) for stem in photo_files], other + more


def _by_stem(folder, formats):
    """{stem: path} of the pictures in `folder` of one of `formats`, sorted, and what else is in it."""
    wanted, known, found, other = endings(formats), endings(PHOTOS), {}, []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        ending = path.suffix.lower()
        if path.name.startswith("."):
            continue
        if ending not in known:
            other.append(path)
        elif ending not in wanted:
            raise ValueError(f"{path}: a mask is one of {', '.join(formats)}; this format may change its classes.")
        elif path.stem in found:
            raise ValueError(f"{path} and {found[path.stem].name} have one stem; expected one picture. Move one away.")
        else:
            found[path.stem] = path
    return found, other
