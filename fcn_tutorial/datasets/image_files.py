"""Which files are read as photos and as masks, and how: whatever they hold, a picture or one clear error comes out."""

import stat
import warnings
from pathlib import Path

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

# Pillow's names. It knows more, some of which start other programs; nothing else is tried.
PHOTOS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MASKS = ("PNG", "BMP", "GIF", "TIFF")  # without loss: JPEG would change classes

_LOSSY = ("jpeg", "tiff_jpeg", "webp")  # ways to compress inside a TIFF file, as Pillow calls them


def open_image(path, formats=PHOTOS):
    """Read an image file completely and turn it upright as its EXIF orientation says: a PIL image, its mode kept.

    formats: those that are taken, PHOTOS or MASKS, whatever the file's name says.
    Raises FileNotFoundError where there is no file; ValueError for a folder, pipe or device, a file that is damaged,
    cut off, of another format or no image, and one above Pillow's limit of pixels (about 89 million); OSError for one
    that the system does not let be read.
    """
    path = Path(path)
    file = _opened(path)
    advice = f"get it again, or save it as {'PNG or JPEG' if 'JPEG' in formats else 'PNG'} with another program."
    try:
        with file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about notes in the file; what is wrong with pixels is an error
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=PHOTOS) as image:
                kind = "JPEG" if image.format == "MPO" else image.format
                if kind in formats:
                    image.load()
                    ImageOps.exif_transpose(image, in_place=True)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        limit = f"{Image.MAX_IMAGE_PIXELS:,}"
        raise ValueError(f"{path} has more than {limit} pixels, too many to read safely. Save it smaller.") from error
    except Exception as error:  # each of Pillow's decoders has its own ways to fail on damaged bytes
        reason = "nothing in it begins like one" if isinstance(error, UnidentifiedImageError) else error
        raise ValueError(
            f"{path} can't be read as an image ({reason}). It is damaged, cut off, or of no format that is read here "
            f"({', '.join(formats)}); {advice}"
        ) from error
    if kind not in formats:
        raise ValueError(
            f"{path} is a {kind} file, whatever its name says; a mask is one of {', '.join(formats)}. "
            "Write it again from its source as PNG: JPEG and WEBP change pixels, so classes."
        )
    return image


def open_mask(path):
    """The same for a mask: one of MASKS, without lossy compression inside."""
    image = open_image(path, MASKS)
    if image.format == "TIFF" and image.info.get("compression") in _LOSSY:
        raise ValueError(
            f"The mask {path} is compressed as JPEG, which changes classes. Write it again from its source as PNG."
        )
    return image


def size(path):
    """(height, width) in pixels of an image file, upright, from its beginning alone. Raises as `open_image`."""
    try:
        with _opened(Path(path)) as file, warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(file, formats=PHOTOS) as image:
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
                return image.size if turned else image.size[::-1]
    except Exception:  # whatever it is, reading the whole file says it well, or does better
        return open_image(path).size[::-1]


def _opened(path):
    """The regular file at `path`, open: opening a pipe, for instance, would wait for ever."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"There is no file {path}. Check its name and folder.") from error
    except OSError as error:
        raise type(error)(f"{path} can't be read: {error.strerror}. Check its name and who may read it.") from error
    kind = "folder" if stat.S_ISDIR(mode) else "pipe, a socket or a device"
    raise ValueError(f"{path} is a {kind}; expected one image file.")


def endings(formats):
    """The endings of file names, in small letters, that belong to `formats`: {".png", ".tif", ...}."""
    return {ending for ending, kind in Image.registered_extensions().items() if kind in formats}
