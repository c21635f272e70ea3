"""Label every pixel of a photo, and write what was found as pictures."""

import numpy as np
from PIL import Image

from fcn_tutorial import pictures
from fcn_tutorial.datasets import photos
from fcn_tutorial.datasets.pairs import check_image, resize_mask
from fcn_tutorial.segmenting import tiles

PICTURES = ("labels", "overlay")  # what `segment_file` writes for each photo: STEM_labels.png, STEM_overlay.png


def segment(network, image, short_side=360):
    """Class indices (H, W) uint8 for an RGB photo (H, W, 3) uint8.

    A photo whose shorter side is above `short_side` pixels is shown to the network at that size, and its labels are
    stretched back, nearest neighbour; 0 shows every photo as it is. Where the network's `trained_size` is known, the
    photo is continued below and on the right, by 31 pixels at most, to a size that puts the grid of stride 32 where it
    was in training (notebook 07). A large one is seen in overlapping tiles, with the same result (`tiles`).
    Raises ValueError as `pairs.check_image` and `tiles.predicted`.
    """
    seen = as_seen(image, short_side)
    labels = np.empty(seen.shape[:2], np.uint8)
    for place, found in _predicted(network, seen):
        labels[place] = found.argmax(axis=-1)
    return labels if labels.shape == image.shape[:2] else resize_mask(labels, image.shape[:2], network.classes)


def as_seen(image, short_side=360):
    """The photo (H, W, 3) uint8 at the size at which `segment` shows it to the network."""
    shrink = short_side and min(image.shape[:2]) > short_side
    return photos.resize_short_side(image, short_side) if shrink else check_image(image)


def probabilities(network, image):
    """Class probabilities (H, W, classes) float32 of an image (H, W, 3) uint8 at its own size, see `segment`."""
    probabilities = np.empty((*check_image(image).shape[:2], len(network.class_names)), np.float32)
    for place, found in _predicted(network, image):
        probabilities[place] = found
    return probabilities


def _predicted(network, image):
    return tiles.predicted(network, image, network.trained_size or image.shape[:2])


def segment_file(network, photo, folder, stem, short_side=360):
    """Segment `photo` (a name or path, see `photos.load`) and write `folder`/`stem`_labels.png and _overlay.png.

    Returns {"image", "labels", "overlay": paths as text, "shares": {class: share of the pixels}}.
    Raises as `photos.load` and `segment`, and OSError where a picture can't be written.
    """
    image = photos.load(photo)
    try:
        labels = segment(network, image, short_side)
    except ValueError as error:
        raise ValueError(f"{photo}: {error}") from error
    label_map = Image.fromarray(labels)
    label_map.putpalette(network.classes.palette.ravel().tolist())
    written = {key: folder / f"{stem}_{key}.png" for key in PICTURES}
    pictures.write_png(label_map, written["labels"])
    pictures.write_png(pictures.overlay(image, labels, network.classes), written["overlay"])
    found = pictures.shares(labels, network.class_names)
    return {"image": str(photo), **{key: str(path) for key, path in written.items()}, "shares": found}
