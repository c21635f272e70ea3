"""Label every pixel of a photo, and write what was found as pictures."""

import os
from collections import Counter

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fcn_tutorial import training
from fcn_tutorial.datasets import photos
from fcn_tutorial.datasets.pairs import check_image, resize_mask
from fcn_tutorial.labels import NAMES, PALETTE, VOID, borders, colour


def segment(network, image, short_side=360):
    """Class indices (H, W) uint8 for an RGB photo (H, W, 3) uint8.

    A photo whose shorter side is above `short_side` pixels is shown to the network at that size, and its labels are
    stretched back, nearest neighbour; 0 shows every photo as it is. Where the network's `trained_size` is known, the
    photo is continued below and on the right, by 31 pixels at most, to a size that puts the grid of stride 32 where it
    was in training (notebook 07). Raises ValueError as `pairs.check_image`.
    """
    labels = probabilities(network, as_seen(image, short_side)).argmax(axis=-1).astype(np.uint8)
    return labels if labels.shape == image.shape[:2] else resize_mask(labels, image.shape[:2])


def as_seen(image, short_side=360):
    """The photo (H, W, 3) uint8 at the size at which `segment` shows it to the network."""
    shrink = short_side and min(image.shape[:2]) > short_side
    return photos.resize_short_side(image, short_side) if shrink else check_image(image)


def probabilities(network, image):
    """Class probabilities (H, W, classes) float32 of an image (H, W, 3) uint8 at its own size, see `segment`."""
    height, width = check_image(image).shape[:2]
    seen = _continued(image, network.trained_size or (height, width))
    return training.predict(network, seen)[:height, :width]


def _continued(image, trained_size):
    """`image` mirrored at its lower and right edge, up to the next size that leaves the same rests by 32."""
    more = [(wanted - side) % 32 for side, wanted in zip(image.shape[:2], trained_size, strict=True)]
    return np.pad(image, ((0, more[0]), (0, more[1]), (0, 0)), mode="symmetric")


def segment_file(network, path, folder, stem, short_side=360):
    """Segment the photo at `path`, write `folder`/`stem`_labels.png and _overlay.png, and say which classes it shows.

    Returns {"image", "labels", "overlay": paths as text, "shares": {class: share of the pixels}}.
    """
    image = photos.load(path)
    labels = segment(network, image, short_side)
    label_map = Image.fromarray(labels)
    label_map.putpalette(PALETTE.ravel().tolist())
    files = {"labels": folder / f"{stem}_labels.png", "overlay": folder / f"{stem}_overlay.png"}
    _write_png(label_map, files["labels"])
    _write_png(overlay(image, labels, network.class_names), files["overlay"])
    found = shares(labels, network.class_names)
    return {"image": str(path), **{key: str(file) for key, file in files.items()}, "shares": found}


def shares(labels, class_names):
    """The share of the pixels {class: above 0, to 1} of a label map (H, W) without void, for the classes in it."""
    counts = np.bincount(labels.ravel(), minlength=len(class_names)) / labels.size
    return {name: float(share) for name, share in zip(class_names, counts, strict=True) if share}


def blend(image, labels):
    """The photo (H, W, 3) uint8 under its labels' colours, a dark line between classes."""
    picture = (0.5 * image + 0.5 * colour(labels)).astype(np.uint8)
    picture[borders(labels)] = 0
    return picture


def overlay(image, labels, class_names):
    """`blend` as a picture, with a legend of the classes that occur below it."""
    picture = blend(image, labels)
    height, width = labels.shape
    font = ImageFont.load_default(size=max(10, min(height, width) // 30))
    row = int(1.5 * font.size)
    names = {**dict(enumerate(class_names)), VOID: NAMES[VOID]}
    entries = [(names[index], PALETTE[index]) for index in np.unique(labels).tolist()]
    steps = [int(font.getlength(name)) + 2 * row for name, _ in entries]
    columns = max(1, width // max(steps))
    page = Image.new("RGB", (width, height + row * -(-len(entries) // columns)), "white")
    page.paste(Image.fromarray(picture))
    draw = ImageDraw.Draw(page)
    for number, (name, rgb) in enumerate(entries):
        x, y = (number % columns) * max(steps), height + number // columns * row
        draw.rectangle(
            (x + 4, y + row // 4, x + 4 + row // 2, y + 3 * row // 4), fill=tuple(int(v) for v in rgb), outline="black"
        )
        draw.text((x + 8 + row // 2, y + row // 8), name, fill="black", font=font)
    return page


def distinct_stems(paths):
    """File names of `paths` without ending; repeated ones get a number, so that none is overwritten."""
    stems, seen = [], Counter()
    for path in paths:
        seen[path.stem] += 1
        stems.append(path.stem if seen[path.stem] == 1 else f"{path.stem}_{seen[path.stem]}")
    return stems


def _write_png(picture, path):
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        picture.save(unfinished, format="PNG")
        os.replace(unfinished, path)
    except OSError as error:
        raise OSError(f"Could not write {path}: {error}. Free some space or choose another folder.") from error
    finally:
        unfinished.unlink(missing_ok=True)
