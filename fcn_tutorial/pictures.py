"""Labels laid over their photo, with a legend: pictures for people, of any classes. Works without Keras."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fcn_tutorial import files
from fcn_tutorial.datasets.pairs import bands, check_pair, item_name, name_of, resize_image, resize_mask
from fcn_tutorial.labels import CAMVID, borders, colour

CELL, _GAP = (240, 320), 8  # pixels on a `sheet`


def shares(labels, class_names):
    """The share of the pixels {class: above 0, to 1} of a label map (H, W) without void, for the classes in it."""
    counts = _counts(labels, len(class_names)) / labels.size
    return {name: float(share) for name, share in zip(class_names, counts, strict=True) if share}


def blend(image, labels, classes=CAMVID):
    """The photo (H, W, 3) uint8 under its labels' colours, a dark line between classes."""
    picture = (0.5 * image + 0.5 * colour(labels, classes)).astype(np.uint8)
    picture[borders(labels)] = 0
    return picture


def overlay(image, labels, classes=CAMVID):
    """`blend` as a picture, with a legend of the classes that occur below it."""
    page = Image.new("RGB", labels.shape[::-1])
    for rows in bands(labels):
        above = slice(max(rows.start - 1, 0), rows.stop)  # borders are told from the row before
        blended = blend(image[above], labels[above], classes)[rows.start - above.start :]
        page.paste(Image.fromarray(blended), (0, rows.start))
    return with_legend(page, np.flatnonzero(_counts(labels, 256)).tolist(), classes)


def with_legend(picture, indices, classes=CAMVID):
    """A Pillow picture continued below by the colours and names of the classes `indices`, void's among them."""
    width, height = picture.size
    font = ImageFont.load_default(size=max(10, min(height, width) // 30))
    row = int(1.5 * font.size)
    entries = [(classes.name(index), tuple(classes.palette[index].tolist())) for index in indices]
    steps = [int(font.getlength(name)) + 2 * row for name, _ in entries]
    columns = max(1, width // max(steps))
    page = Image.new("RGB", (width, height + row * -(-len(entries) // columns)), "white")
    page.paste(picture)
    draw = ImageDraw.Draw(page)
    for number, (name, rgb) in enumerate(entries):
        x, y = (number % columns) * max(steps), height + number // columns * row
        draw.rectangle((x + 4, y + row // 4, x + 4 + row // 2, y + 3 * row // 4), fill=rgb, outline="black")
        draw.text((x + 8 + row // 2, y + row // 8), name, fill="black", font=font)
    return page


def sheet(dataset, count=12, columns=4):
    """A picture of up to `count` pairs of `dataset`, spread over it, each blended and shrunk to fit `CELL`; a legend.

    Pairs that can't be read are left out. Raises ValueError where none of these can.
    """
    cells, seen = [], set()
    for index in np.unique(np.linspace(0, len(dataset) - 1, count).astype(int)).tolist():
        try:
            image, labels = check_pair(*dataset[index], item_name(dataset, index), dataset.classes)
        except (ValueError, OSError):
            continue
        seen |= set(np.unique(labels).tolist())
        shrink = min(1, CELL[0] / labels.shape[0], CELL[1] / labels.shape[1])
        size = [max(1, round(side * shrink)) for side in labels.shape]
        small = resize_image(image, size), resize_mask(labels, size, dataset.classes)
        cells.append(Image.fromarray(blend(*small, dataset.classes)))
    if not cells:
        raise ValueError(f"No image of {name_of(dataset)} can be read, so there is none to show.")
    rows, columns = -(-len(cells) // columns), min(columns, len(cells))
    page = Image.new("RGB", (columns * (CELL[1] + _GAP) + _GAP, rows * (CELL[0] + _GAP) + _GAP), "white")
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        page.paste(cell, (_GAP + column * (CELL[1] + _GAP), _GAP + row * (CELL[0] + _GAP)))
    return with_legend(page, sorted(seen), dataset.classes)


def write_png(picture, path):
    """Write a Pillow picture to `path` as PNG, whole or not at all. Raises OSError where it can't be written."""
    with files.replacing(path) as unfinished:
        picture.save(unfinished, format="PNG")


def _counts(labels, classes):
    """How many pixels (classes,) are of each class."""
    return sum(np.bincount(labels[rows].ravel(), minlength=classes) for rows in bands(labels))
