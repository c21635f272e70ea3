"""What is fuzzed: for each kind of file right samples, how it is read, and the errors that its reader documents."""

import hashlib
import io
import json
import zlib

import numpy as np
from mutants import mutant
from PIL import Image

_PNG = b"\x89PNG\r\n\x1a\n"


class Kind:
    """samples: right files as bytes, with their `suffixes`; documented: names of outcomes that may be."""

    documented = ("read", "ValueError", "FileNotFoundError")

    def __init__(self, folder):
        self.folder = folder
        named = list(self.right_files())
        self.suffixes = [suffix for suffix, _ in named]
        self.samples = [content for _, content in named]

    def claimed(self, file):
        """Bytes that the file's head says it holds, 0 where that isn't asked."""
        return 0

    def damaged(self, number):
        """(place of the sample, damaged bytes) of copy `number`; of every second one the checksums are right again."""
        place, damaged = mutant(self.samples, number)
        return place, self.repaired(damaged) if number % 2 else damaged

    def repaired(self, damaged):
        """`damaged` with the checksums of its format made right again, so that what lies behind them is tried too."""
        return damaged


class Photos(Kind):
    """Pictures of every format that is read, through photos.load."""

    def right_files(self):
        rng = np.random.RandomState(0)
        rgb = Image.fromarray(rng.randint(0, 256, (24, 31, 3)).astype(np.uint8))
        grey = rgb.convert("L")
        wide = Image.fromarray(rng.randint(0, 65536, (24, 31)).astype(np.uint16))
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by a quarter
        for suffix, image, options in (
            (".png", rgb, {}),
            (".png", rgb.convert("RGBA"), {}),
            (".png", rgb.convert("P"), {"transparency": 3}),
            (".png", wide, {}),
            (".jpg", rgb, {"exif": exif}),
            (".jpg", rgb.convert("CMYK"), {"progressive": True}),
            (".bmp", rgb, {}),
            (".gif", rgb.convert("P"), {}),
            (".tif", rgb, {"compression": "tiff_lzw"}),
            (".tif", grey, {"compression": "tiff_adobe_deflate"}),
            (".tif", wide, {}),
            (".webp", rgb, {}),
            (".ppm", rgb, {}),
        ):
            kind = {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
            yield suffix, _saved(image, kind, **options)

    def read(self, file):
        from fcn_tutorial.datasets import photos

        image = photos.load(file)
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and min(image.shape[:2]) >= 2

    def claimed(self, file):
        try:
            with Image.open(file) as image:
                pixels = image.width * image.height
        except Exception:
            return 0
        return 4 * pixels if pixels <= Image.MAX_IMAGE_PIXELS else 0

    def repaired(self, damaged):
        return _with_right_crc(damaged) if damaged.startswith(_PNG) else damaged


class Masks(Photos):
    """Masks of class indices, through masks.read_mask."""

    def right_files(self):
        from fcn_tutorial.labels import PALETTE

        labels = Image.fromarray(np.random.RandomState(0).randint(0, 12, (24, 31)).astype(np.uint8))
        coloured = labels.copy()
        coloured.putpalette(PALETTE.ravel().tolist())
        for suffix, image, kind in (
            (".png", labels, "PNG"),
            (".png", coloured, "PNG"),
            (".bmp", labels, "BMP"),
            (".tif", labels, "TIFF"),
        ):
            yield suffix, _saved(image, kind)

    def read(self, file):
        from fcn_tutorial.datasets import masks
        from fcn_tutorial.labels import VOID

        mask = masks.read_mask(file)
        assert mask.dtype == np.uint8 and mask.ndim == 2 and mask.max() <= VOID


class Checkpoints(Kind):
    """Legacy PyTorch files, through checkpoint.read_tensors."""

    documented = ("read", "ValueError", "UnpicklingError")

    def right_files(self):
        from legacy_checkpoint import write_checkpoint

        rng = np.random.RandomState(0)
        storages = {"0": rng.normal(size=60).astype("<f4"), "1": rng.normal(size=7).astype("<f4")}
        strided = {"a.weight": ("0", 0, (3, 4, 5), (1, 3, 12)), "a.bias": ("1", 2, (5,), (1,))}
        alone = {"b": ("1", 0, (7,), (1,))}
        for tensors, keys in ((strided, "01"), (alone, "1")):
            file = self.folder / "right.pth"
            write_checkpoint(file, tensors, {key: storages[key] for key in keys})
            yield ".pth", file.read_bytes()

    def read(self, file):
        from fcn_tutorial.backbones import checkpoint

        for name, array in checkpoint.read_tensors(file).items():
            assert isinstance(name, str) and isinstance(array, np.ndarray)


class Weights(Kind):
    """Weights files, through weights.load, read_card and read_optimizer; the backbone is a small one."""

    def right_files(self):
        from small_backbone import shake, small_backbone

        from fcn_tutorial import backbones, models, weights

        small = small_backbone()
        backbones.load = lambda name, weights="imagenet": small
        for name, classes, optimizer in (("fcn32s", ("sky", "road"), None), ("fcn8s", ("a", "b", "c"), _STATE)):
            network = models.NETWORKS[name](small, classes)
            shake(network.scores)
            file = self.folder / "right.weights.h5"
            weights.save(network, file, {"losses": [1.5], "size": [64, 64]}, optimizer)
            yield ".weights.h5", file.read_bytes()

    def read(self, file):
        from fcn_tutorial import weights

        network = weights.load(file)
        for array in weights.read_optimizer(file):
            assert isinstance(array, np.ndarray)
        for variable in network.head.weights:
            assert np.isfinite(np.asarray(variable)).all()

    def repaired(self, damaged):
        """With a SHA-256 that fits, as a stranger would write it."""
        from fcn_tutorial.weights.storage import MAGIC

        rest = damaged[len(MAGIC) + 32 :]
        return MAGIC + hashlib.sha256(rest).digest() + rest


class EarlierWeights(Weights):
    """Weights files as version 0.1.0 wrote them: HDF5 alone, the card in an attribute."""

    def right_files(self):
        import h5py

        for suffix, content in super().right_files():
            with h5py.File(io.BytesIO(content)) as source:
                memory = io.BytesIO()
                with h5py.File(memory, "w") as target:
                    for name in source:
                        source.copy(name, target)
                    target.attrs["fcn_tutorial"] = json.dumps(_card_of(content))
            yield suffix, memory.getvalue()

    def repaired(self, damaged):
        return damaged


KINDS = {
    "photos": Photos,
    "masks": Masks,
    "checkpoints": Checkpoints,
    "weights": Weights,
    "earlier_weights": EarlierWeights,
}
_STATE = [np.arange(3), np.ones((2, 3), "float32")]


def _card_of(content):
    """The card of a weights file, read from its plain part."""
    return json.JSONDecoder().raw_decode(content[56:].split(b"\0")[0].decode())[0]["card"]


def _with_right_crc(png):
    """A PNG whose chunks' checksums fit what they hold, as far as its chunks can be followed."""
    whole, at = bytearray(png), len(_PNG)
    while at + 12 <= len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4], "big")
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = zlib.crc32(whole[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(whole)


def _saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
