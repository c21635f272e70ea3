"""Label every pixel of a photo, and write what was found as pictures."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fcn_tutorial import files, tiles
from fcn_tutorial.datasets import photos
from fcn_tutorial.datasets.pairs import bands, check_image, resize_mask
from fcn_tutorial.labels import NAMES, PALETTE, VOID, borders, colour

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
    return labels if labels.shape == image.shape[:2] else resize_mask(labels, image.shape[:2])


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
    label_map.putpalette(PALETTE.ravel().tolist())
    written = {key: folder / f"{stem}_{key}.png" for key in PICTURES}
    _write_png(label_map, written["labels"])
    _write_png(overlay(image, labels, network.class_names), written["overlay"])
    found = shares(labels, network.class_names)
    return {"image": str(photo), **{key: str(path) for key, path in written.items()}, "shares": found}


def shares(labels, class_names):
    """The share of the pixels {class: above 0, to 1} of a label map (H, W) without void, for the classes in it."""
    counts = _counts(labels, len(class_names)) / labels.size
    return {name: float(share) for name, share in zip(class_names, counts, strict=True) if share}


def blend(image, labels):
    """The photo (H, W, 3) uint8 under its labels' colours, a dark line between classes."""
    picture = (0.5 * image + 0.5 * colour(labels)).astype(np.uint8)
    picture[borders(labels)] = 0
    return picture


def overlay(image, labels, class_names):
    """`blend` as a picture, with a legend of the classes that occur below it."""
    height, width = labels.shape
    font = ImageFont.load_default(size=max(10, min(height, width) // 30))
    row = int(1.5 * font.size)
    names = {**dict(enumerate(class_names)), VOID: NAMES[VOID]}
    entries = [(names[index], PALETTE[index]) for index in np.flatnonzero(_counts(labels, VOID + 1)).tolist()]
    steps = [int(font.getlength(name)) + 2 * row for name, _ in entries]
    columns = max(1, width // max(steps))
    page = Image.new("RGB", (width, height + row * -(-len(entries) // columns)), "white")
    for rows in bands(labels):
        above = slice(max(rows.start - 1, 0), rows.stop)  # borders are told from the row before
        page.paste(Image.fromarray(blend(image[above], labels[above])[rows.start - above.start :]), (0, rows.start))
    draw = ImageDraw.Draw(page)
    for number, (name, rgb) in enumerate(entries):
        x, y = (number % columns) * max(steps), height + number // columns * row
        draw.rectangle(
            (x + 4, y + row // 4, x + 4 + row // 2, y + 3 * row // 4), fill=tuple(int(v) for v in rgb), outline="black"
        )
        draw.text((x + 8 + row // 2, y + row // 8), name, fill="black", font=font)
    return page


def _counts(labels, classes):
    """How many pixels (classes,) are of each class."""
    return sum(np.bincount(labels[rows].ravel(), minlength=classes) for rows in bands(labels))


def _write_png(picture, path):
    with files.replacing(path) as unfinished:
        picture.save(unfinished, format="PNG")
