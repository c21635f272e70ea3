"""Real photos: those that the course, scikit-image and scikit-learn carry, and a learner's own file of any kind.

Notebooks 01 and 05 use them. Nothing is downloaded: the files are read from the installed packages, past their own
fetching functions.
"""

import contextlib
import importlib.util
import os
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_tutorial.datasets.image_files import open_image
from fcn_tutorial.datasets.pairs import bands, check_image, resize_image
from fcn_tutorial.paths import data_file

# name: (installed package, file in it, or in data/ for the course's own; attribution as the source gives it)
_PHOTOS = {
    "astronaut": ("skimage", "data/astronaut.png", "Eileen Collins, NASA. Public domain."),
    "camera": ("skimage", "data/camera.png", "Lav Varshney. CC0."),
    "chelsea": ("skimage", "data/chelsea.png", "Chelsea the cat, by Stefan van der Walt. CC0."),
    "china": (
        "sklearn",
        "datasets/images/china.jpg",
        "danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035/. CC BY 2.0.",
    ),
    "coffee": ("skimage", "data/coffee.png", "Rachel Michetti, courtesy of Pikolo Espresso Bar. CC0."),
    "crossing": (
        "fcn_tutorial",
        "crossing.jpg",
        "Adrien Pavie, tests/data/e5.jpg of GeoVisio, https://gitlab.com/panoramax/server/api. MIT. Cropped.",
    ),
    "flower": (  # scikit-learn's README repeats the name of china.jpg's author here; its links are right
        "sklearn",
        "datasets/images/flower.jpg",
        "vultilion, https://www.flickr.com/photos/vultilion/6056698931/. CC BY 2.0.",
    ),
    "rocket": ("skimage", "data/rocket.jpg", "Launch of DSCOVR on a Falcon 9, by SpaceX. Public domain."),
    "street": (
        "fcn_tutorial",
        "street.jpg",
        "Adrien Pavie, tests/data/e1.jpg of GeoVisio, https://gitlab.com/panoramax/server/api. MIT. Scaled down.",
    ),
}
_DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def names():
    """Names of the photos that the course and the installed packages carry, sorted."""
    found = []
    for name in sorted(_PHOTOS):
        with contextlib.suppress(FileNotFoundError):
            _bundled(name)
            found.append(name)
    return found


def attribution(name):
    """Who made the photo `name`, and its licence: one line to show beside it.

    Raises ValueError for an unknown name.
    """
    if name not in _PHOTOS:
        raise ValueError(f"There is no photo named {name!r}; expected one of {', '.join(sorted(_PHOTOS))}.")
    return _PHOTOS[name][2]


def load(name_or_path):
    """RGB photo (H, W, 3) uint8 by a name from `names()`, or from a learner's own file of any mode and size.

    The file's EXIF orientation is followed, a transparent image is laid on white, 16-bit grey values are scaled to
    0..255, palettes and CMYK become RGB; of several frames the first is read. Colour profiles are not applied.
    Raises FileNotFoundError for a missing file, ValueError or OSError for one that is no readable picture
    (`image_files.open_image`, `pairs.check_image`), ValueError for floating-point values.
    """
    path = _bundled(name_or_path) if name_or_path in _PHOTOS else Path(os.path.expanduser(name_or_path))
    try:
        image = open_image(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no photo {path}. Photos known by name: {', '.join(names())}.") from error
    # Shape first: a row of pixels is refused before it is converted.
    photo = check_image(np.empty((image.height, image.width, 3), np.uint8), str(path))
    for rows in bands(photo):
        photo[rows] = _rgb(image.crop((0, rows.start, image.width, rows.stop)), path)
    return photo


def centre_crop(image, size=224):
    """The square of `size` x `size` pixels in the middle of an image (H, W, 3), not resized (notebook 01).

    Raises ValueError for an image with a shorter side.
    """
    height, width = image.shape[:2]
    if not 1 <= size <= min(height, width):
        raise ValueError(
            f"A crop of {size}x{size} pixels was asked of an image of {height}x{width}; it must fit inside. "
            "Enlarge the image first with photos.resize_short_side."
        )
    top, left = (height - size) // 2, (width - size) // 2
    return image[top : top + size, left : left + size]


def resize_short_side(image, size):
    """Resize an image (H, W, 3) uint8 so that its shorter side has `size` pixels; the proportions stay.

    Raises ValueError for a bad image or size: see `pairs.resize_image`.
    """
    height, width = check_image(image).shape[:2]
    shorter = min(height, width)
    return resize_image(image, (round(height * size / shorter), round(width * size / shorter)))


def _bundled(name):
    """Path of a photo of the course, or inside its installed package, found without importing the package.

    Raises FileNotFoundError when the file is missing.
    """
    package, file, _ = _PHOTOS[name]
    if package == "fcn_tutorial":
        return data_file(file)
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / file if spec else Path(package) / file
    if not path.is_file():
        raise FileNotFoundError(f"There is no photo {path}. Install {_DISTRIBUTIONS[package]}.")
    return path


def _rgb(image, source):
    """A PIL image of any mode as an array (H, W, 3) uint8."""
    if image.mode == "F":
        raise ValueError(f"{source} holds floating-point values, whose range is not agreed. Save it with 8 or 16 bits.")
    if image.mode.startswith("I"):
        return _grey_16_bit(np.asarray(image), source)
    try:
        if image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        return np.array(image.convert("RGB"))
    except ValueError as error:
        raise ValueError(f"{source} has colours of mode {image.mode} ({error}). Save it as an RGB image.") from error


def _grey_16_bit(values, source):
    """Scale 0..65535 to 0..255: Pillow's own conversion would cut everything above 255 off."""
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"{source} holds values {values.min()} to {values.max()}; expected 0 to 65535 (16 bits).")
    return np.repeat(np.round(values / 257).astype(np.uint8)[..., np.newaxis], 3, axis=2)
