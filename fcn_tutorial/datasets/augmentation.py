"""Each epoch another view of each street: scaled, cut out, mirrored, in another light (notebook 06)."""

import numpy as np
from PIL import Image, ImageEnhance

from fcn_tutorial.datasets.pairs import check_pair, classes_of, item_name, name_of, resize_image, resize_mask

GREY = 127  # beyond the edge of the picture
MOST_KEPT = 2 * 2**30  # bytes of originals in memory: 225 photos of a camera, all of CamVid


class Augmented:
    """`dataset` seen through seeded random changes: `ds[i]` is (image uint8 (*crop, 3), labels uint8 crop).

    crop: (rows, columns) of what is cut out, in pixels; beyond the picture's edge the labels are void. Take sizes that
        leave the same rest by 32 as the images to be segmented: "same" padding puts the grid of stride 32 elsewhere
        on 320 rows than on 360, and on 328 where it is on 360.
    scale: (least, largest) factor of the size before cutting. flip: mirror every other view, left to right.
    colour: brightness, contrast and saturation each change by up to this share; 0 leaves colours alone.
    The view of item i follows from (`seed`, epoch, i) alone; `start_epoch` names the epoch. With `keep` originals stay
    in memory, 0.7 MB for a frame of CamVid, up to `MOST_KEPT` in all.
    Raises ValueError for a crop, scale or colour that makes no sense; upon reading, as `check_pair`.
    """

    def __init__(self, dataset, crop=(328, 448), scale=(0.75, 1.6), flip=True, colour=0.3, seed=0, keep=True):
        whole = len(crop) == 2 and all(side >= 2 and int(side) == side for side in crop)
        if not whole or len(scale) != 2 or not 0 < scale[0] <= scale[1] < np.inf or not 0 <= colour < 1:
            raise ValueError(
                f"crop={crop}, scale={scale}, colour={colour}; expected a crop (rows, columns) of 2x2 pixels or "
                "more, a scale (least, largest) above 0, and a colour from 0 to below 1."
            )
        self.dataset, self.crop, self.scale, self.flip, self.colour = dataset, tuple(crop), scale, flip, colour
        self.seed, self.kept, self.room = seed, {} if keep else None, MOST_KEPT
        self.name, self.classes = name_of(dataset), classes_of(dataset)
        self.file_names = getattr(dataset, "file_names", None)
        self.start_epoch(0)

    def __len__(self):
        return len(self.dataset)

    def start_epoch(self, epoch):
        """Set the epoch (0 is the first), and with it the views."""
        self.epoch = epoch

    def __getitem__(self, index):
        random = np.random.default_rng([self.seed, self.epoch, index])
        image, labels = self._original(index)
        factor = np.exp(random.uniform(*np.log(self.scale)))
        size = [max(2, round(side * factor)) for side in labels.shape]
        here, there = self._window(size, random)
        mirrored = self.flip and random.random() < 0.5
        view = np.full((*self.crop, 3), GREY, np.uint8), np.full(self.crop, self.classes.void, np.uint8)
        view[0][there] = self._recolour(resize_image(image, size)[here], random)
        view[1][there] = resize_mask(labels, size, self.classes)[here]
        return tuple(np.ascontiguousarray(part[:, ::-1]) for part in view) if mirrored else view

    def _original(self, index):
        if self.kept is not None and index in self.kept:
            return self.kept[index]
        pair = check_pair(*self.dataset[index], item_name(self.dataset, index), self.classes)
        size = sum(array.nbytes for array in pair)
        if self.kept is not None and size <= self.room:
            self.kept[index] = pair
            self.room -= size
        return pair

    def _window(self, size, random):
        """What of a picture of `size` is cut out, and its place in the view; a smaller one lies somewhere inside it."""
        slack = [side - wanted for side, wanted in zip(size, self.crop, strict=True)]
        start = [int(random.integers(min(0, free), max(0, free) + 1)) for free in slack]
        here = tuple(slice(max(0, s), max(0, s) + wanted) for s, wanted in zip(start, self.crop, strict=True))
        there = tuple(slice(max(0, -s), max(0, -s) + side) for s, side in zip(start, size, strict=True))
        return here, there

    def _recolour(self, image, random):
        picture = Image.fromarray(np.ascontiguousarray(image))
        if self.colour:
            for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
                picture = change(picture).enhance(random.uniform(1 - self.colour, 1 + self.colour))
        return np.asarray(picture)
