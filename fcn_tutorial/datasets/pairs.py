"""A photo and its mask: how they are read, checked and resized. These rules stand here once (notebook 05)."""

import numpy as np
from PIL import Image

from fcn_tutorial.labels import CAMVID, check_labels

LEAST_SIDE = 2  # pixels: a single pixel, or a single row of them, is no picture


def check_image(image, source="the image"):
    """Return `image` as an array after checking that it is RGB (H, W, 3) uint8 of 2x2 pixels or more.

    Every larger size is fine, 31x33 and 5000x20 too.
    Raises ValueError that names `source` for NaN, another dtype, another shape or a smaller image.
    """
    image = np.asarray(image)
    if np.issubdtype(image.dtype, np.floating) and not np.isfinite(image).all():
        raise ValueError(f"{source} holds NaN or infinite values; find the step that made them and repeat it.")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"{source} has shape {image.shape} and type {image.dtype}; expected (H, W, 3) uint8, RGB from 0 to 255. "
            "photos.load turns an image file of any kind into one."
        )
    if min(image.shape[:2]) < LEAST_SIDE:
        raise ValueError(
            f"{source} is {image.shape[0]}x{image.shape[1]} pixels; expected at least {LEAST_SIDE}x{LEAST_SIDE}. "
            "Give a larger image."
        )
    return image


def check_pair(image, mask, source="the pair", classes=CAMVID):
    """Return (image uint8 (H, W, 3), mask uint8 (H, W)) after checking both, and that their sizes are equal.

    Raises ValueError that names `source`: see `check_image` and `labels.check_labels`.
    """
    image = check_image(image, f"the image of {source}")
    mask = check_labels(mask, f"the mask of {source}", classes)
    if image.shape[:2] != mask.shape:
        raise ValueError(
            f"{source}: the image has {image.shape[0]}x{image.shape[1]} pixels and the mask "
            f"{mask.shape[0]}x{mask.shape[1]}; expected equal sizes. "
            "Check that they belong together; pairs.resize_mask resizes a mask."
        )
    return image, mask


def classes_of(dataset):
    """The `labels.Classes` of a data set's masks: its `classes`; CamVid's for pairs that say nothing, as in a list."""
    return getattr(dataset, "classes", CAMVID)


def name_of(dataset):
    """What a data set is called in messages: its `name`, else its type."""
    return getattr(dataset, "name", type(dataset).__name__)


def item_name(dataset, item):
    """What an item is called in messages: with its file where it has one."""
    files = getattr(dataset, "file_names", None)
    return f"{name_of(dataset)}[{item}]" + (f" ({files[item]})" if files else "")


def resize_mask(mask, size, classes=CAMVID):
    """Resize a mask (H, W) to `size` = (height, width) in pixels, nearest neighbour: no class is ever mixed from two.

    Returns uint8; raises ValueError for a bad mask or size.
    """
    return _resize(check_labels(mask, classes=classes), size, Image.Resampling.NEAREST)


def resize_image(image, size):
    """Resize an RGB image (H, W, 3) uint8 to `size` = (height, width) in pixels, bilinear and antialiased (Pillow's).

    Raises ValueError for a bad image or size.
    """
    return _resize(check_image(image), size, Image.Resampling.BILINEAR)


def _resize(array, size, filter_):
    height, width = (int(side) for side in size)
    if (height, width) != tuple(size) or min(height, width) < 1:
        raise ValueError(f"The new size is {tuple(size)}; expected (height, width) in whole pixels, 1 or more.")
    return np.array(Image.fromarray(array).resize((width, height), filter_))


def bands(array):
    """Slices of rows that divide an array (H, W, ...) into parts of some million pixels, for work in little memory."""
    height, width = array.shape[:2]
    step = max(1, 2**20 // width)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]
