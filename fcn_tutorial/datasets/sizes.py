"""Images of several sizes made ones of one size, as batches and kept maps need: cut out, or resized."""

import numpy as np

from fcn_tutorial.datasets.augmentation import Augmented
from fcn_tutorial.datasets.pairs import check_pair, classes_of, item_name, name_of, resize_image, resize_mask

_GRID = 32  # pixels: the coarsest stride


class _Wrapped:
    """What stays the same of a data set whose pairs change."""

    def __init__(self, dataset):
        self.dataset, self.name, self.classes = dataset, name_of(dataset), classes_of(dataset)
        self.file_names = getattr(dataset, "file_names", None)

    def __len__(self):
        return len(self.dataset)


class Cropped(_Wrapped):
    """One cut of each image of `dataset`, the same in every epoch: `ds[i]` is (image (*crop, 3), labels crop), uint8.

    crop: (rows, columns) in pixels; where an image is smaller, the rest is void. Raises as `Augmented`.
    """

    def __init__(self, dataset, crop):
        super().__init__(dataset)
        self._views = Augmented(dataset, crop, scale=(1, 1), flip=False, colour=0, keep=False)

    def __getitem__(self, index):
        return self._views[index]


class Resized(_Wrapped):
    """The images of `dataset` at one size: `ds[i]` is (image (*size, 3), labels size), uint8; masks by nearest pixel.

    size: (height, width) in pixels. Raises as `pairs.resize_image`, and upon reading as `pairs.check_pair`.
    """

    def __init__(self, dataset, size):
        super().__init__(dataset)
        if len(size) != 2 or min(size) < 2:
            raise ValueError(f"The new size is {tuple(size)}; expected (height, width) of 2x2 pixels or more.")
        self.size = tuple(size)

    def __getitem__(self, index):
        image, labels = check_pair(*self.dataset[index], item_name(self.dataset, index), self.classes)
        return resize_image(image, self.size), resize_mask(labels, self.size, self.classes)


class Continued(_Wrapped):
    """The images of `dataset`, each continued as `continued` says for `trained_size`; the labels there are void.

    So a network is scored on images of any size with its grid where it was in training, as `segmenting.segment` does.
    """

    def __init__(self, dataset, trained_size):
        super().__init__(dataset)
        self.trained_size = trained_size

    def __getitem__(self, index):
        image, labels = check_pair(*self.dataset[index], item_name(self.dataset, index), self.classes)
        rows, columns = continued(labels.shape, self.trained_size)
        beyond = [(0, len(pixels) - side) for pixels, side in zip((rows, columns), labels.shape, strict=True)]
        return image[rows[:, None], columns], np.pad(labels, beyond, constant_values=self.classes.void)


def continued(size, trained_size):
    """Numbers of the rows and of the columns of an image of `size` (H, W), continued below and on the right, mirrored.

    To the next size that leaves the same rests by 32 as `trained_size`, by 31 pixels at most: there "same" padding puts
    the grid of stride 32 where it was in training (notebook 07).
    """
    return [
        np.pad(np.arange(side), (0, (wanted - side) % _GRID), mode="symmetric")
        for side, wanted in zip(size, trained_size, strict=True)
    ]


def common_crop(sizes):
    """The largest crop (rows, columns) that fits into all `sizes` (H, W), but no less than 32 pixels a side.

    Its rests by 32 are as they come: images are `continued` to the same ones when they are scored or labelled.
    """
    return tuple(max(min(sides), _GRID) for sides in zip(*sizes, strict=True))
