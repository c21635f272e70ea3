"""Masks of any data set as class indices, as they come: indices, a palette, or the colours that are listed for classes.

How a mask is meant is told from its file, never guessed: one channel holds indices, three hold colours.
"""

import numpy as np

from fcn_tutorial.datasets import image_files
from fcn_tutorial.datasets.class_lists import CAMVID_INDICES
from fcn_tutorial.labels import check_labels, most_frequent

BACKGROUND_AND_255 = (
    "0 and 255 look like a mask of one thing and its background: write 0 and 1 in place of them, with the classes "
    "background and the thing in the list."
)


def read_mask(path, class_list=CAMVID_INDICES):
    """One mask as class indices (H, W) uint8, by default of the course's own classes. Raises as `MaskReader`."""
    return MaskReader(class_list)(path)


class MaskReader:
    """`reader(path)` is the mask in a file as class indices (H, W) uint8, void where nobody labelled.

    class_list: a `class_lists.ClassList`. A palette whose colours are those of the list counts by its colours, any
    other one by its indices; then the palettes of all masks must give an index the same colour, and none that of
    another class.
    Raises FileNotFoundError, OSError and ValueError as `image_files.open_mask` for a file that is no picture without
    loss; ValueError that names the file for a kind of picture that can't hold classes, for palettes that disagree, and
    for indices or colours that are no class: the five most frequent, with their share of the pixels.
    """

    def __init__(self, class_list):
        self.classes, self.colours = class_list.classes, class_list.colours
        self._colours = {}  # of each index: the first mask with it, and its colour there

    def __call__(self, path):
        image = image_files.open_mask(path)
        if image.mode in ("1", "L") or image.mode.startswith("I"):
            return self._checked(np.asarray(image), path)
        if image.mode == "P":
            return self._from_palette(image, path)
        if image.mode == "RGB":
            return self._from_colours(np.asarray(image), path)
        raise ValueError(
            f"The mask {path} is a picture of mode {image.mode}; expected one channel of class indices, a palette, or "
            "red, green and blue without transparency. Save it as one of these, as PNG."
        )

    def _checked(self, indices, path):
        try:
            return check_labels(indices, f"the mask {path}", self.classes)
        except ValueError as error:
            if set(np.unique(indices)) != {0, 255}:
                raise
            raise ValueError(f"{error} {BACKGROUND_AND_255}") from error

    def _from_palette(self, image, path):
        indices = np.asarray(image)
        palette = np.reshape(image.getpalette("RGB"), (-1, 3)).astype(int).tolist()
        used = {index: tuple(palette[index]) for index in np.unique(indices).tolist() if index < len(palette)}
        if self.colours and all(colour in self.colours for colour in used.values()):
            table = np.zeros(256, np.uint8)
            table[list(used)] = [self.colours[colour] for colour in used.values()]
            return table[indices]
        self._check_order(used, path)
        return self._checked(indices, path)

    def _check_order(self, used, path):
        """Refuse a palette that was sorted anew, so that its indices aren't the classes.

        Void's grey is common in other palettes, too.
        """
        owner = {colour: index for index, colour in enumerate(self.classes.colours)}
        for index, colour in used.items():
            other = owner.get(colour, index)
            if other != index:
                raise ValueError(
                    f"The mask {path} has the colour of class {other} ({self.classes.names[other]}) at the index "
                    f"{index} of its palette, so its indices aren't the class indices: a program has sorted the "
                    "palette anew. Save the indices with the classes' palette in its own order (labels.PALETTE for the "
                    "course's classes), or as one channel without a palette."
                )
            earlier, known = self._colours.setdefault(index, (path, colour))
            if colour != known:
                raise ValueError(
                    f"The palettes disagree: index {index} is {known} in {earlier} and {colour} in {path} (red, green, "
                    "blue), so the indices of one aren't the classes. List the classes with their colours, or save "
                    "all masks with one palette in the order of the classes, or as one channel without a palette."
                )

    def _from_colours(self, rgb, path):
        if self.colours is None:
            raise ValueError(
                f"The mask {path} is stored as colours, and the list of classes names none: write `name R G B` in it."
            )
        packed = (rgb[..., 0].astype(np.int32) << 16) | (rgb[..., 1].astype(np.int32) << 8) | rgb[..., 2]
        known = sorted((65536 * r + 256 * g + b, index) for (r, g, b), index in self.colours.items())
        values, indices = (np.array(column) for column in zip(*known, strict=True))
        place = np.minimum(np.searchsorted(values, packed), len(values) - 1)
        strange = values[place] != packed
        if strange.any():
            found = most_frequent(packed[strange], packed.size, _unpacked)
            raise ValueError(
                f"The mask {path} holds the colours {found}, which are no class's. "
                "List them, or repair the mask: colours that are mixed from two were made by resizing or by JPEG."
            )
        return indices[place].astype(np.uint8)


def _unpacked(number):
    return int(number) >> 16, int(number) >> 8 & 255, int(number) & 255
