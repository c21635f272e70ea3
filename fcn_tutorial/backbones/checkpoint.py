"""Read a legacy PyTorch checkpoint without PyTorch, admitting nothing but tensors.

Such a file is three small pickles (a magic number, a protocol version, a note on the writing machine), then the pickled
tensors' descriptions, the pickled list of storage keys, and the storages' raw bytes in that order. Unpickling can
call any function that the file names, so `_TensorsOnly` refuses every name but the few that describe a tensor.
"""

import hashlib
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGE_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_checkpoint(path, sha256):
    """Arrays by name from the legacy PyTorch checkpoint at `path`, once its SHA-256 is the given one.

    Returns a dict of NumPy arrays. Raises FileNotFoundError; ValueError for a wrong hash or a damaged file;
    pickle.UnpicklingError for a file that asks for anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No weights at {path}. Install the package that carries them again.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} has the SHA-256 {found}; expected {sha256}. The file is damaged or another version: "
            "install the package that carries it again. Nothing of it was used."
        )
    return read_tensors(path)


def read_tensors(path):
    """Arrays by name from a legacy PyTorch checkpoint, without the hash check of `read_checkpoint`."""
    with Path(path).open("rb") as file:
        if (_TensorsOnly(file).load(), _TensorsOnly(file).load()) != (_MAGIC, _PROTOCOL):
            raise ValueError(f"{path} is not a legacy PyTorch checkpoint: its magic number or protocol differs.")
        _TensorsOnly(file).load()
        described = _TensorsOnly(file).load()
        storages = {key: None for key in _TensorsOnly(file).load()}
        sizes = {d.storage.key: d.storage for d in described.values() if isinstance(d, _Description)}
        for key in storages:
            storages[key] = _read_storage(file, sizes[key], path)
    return {name: d.array(storages) for name, d in described.items() if isinstance(d, _Description)}


def _read_storage(file, storage, path):
    count = int.from_bytes(file.read(8), "little")
    raw = file.read(count * storage.dtype.itemsize)
    if count != storage.count or len(raw) != count * storage.dtype.itemsize:
        raise ValueError(f"{path} ends early: a storage of {storage.count} numbers is cut off. Fetch the file again.")
    return np.frombuffer(raw, storage.dtype)


class _Storage:
    def __init__(self, kind, dtype, key, location, count, view=None):
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"The checkpoint refers to a {kind!r}; only plain storages are read.")
        self.dtype, self.key, self.count = dtype, key, count


class _Description:
    """A tensor as the file describes it: a strided view of a storage that comes later in the file."""

    def __init__(self, storage, offset, shape, strides, *unused):
        self.storage, self.offset, self.shape, self.strides = storage, offset, tuple(shape), tuple(strides)

    def array(self, storages):
        flat = storages[self.storage.key]
        reach = 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.strides)) < 0 or min((1, *self.shape)) < 1 or self.offset + reach > flat.size:
            raise ValueError(f"A tensor of shape {self.shape} reaches outside its storage of {flat.size} numbers.")
        # The strides are honoured: many tensors of such files aren't stored in the order of their axes.
        strides = [s * flat.itemsize for s in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides).copy()


class _TensorsOnly(pickle.Unpickler):
    _allowed = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Description,
        **{("torch", name): dtype for name, dtype in _STORAGE_TYPES.items()},
    }

    def find_class(self, module, name):
        try:
            return self._allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"The checkpoint asks for {module}.{name}; only tensors are read from it. It was not run: "
                "do not use this file."
            ) from None

    def persistent_load(self, reference):
        return _Storage(*reference)
