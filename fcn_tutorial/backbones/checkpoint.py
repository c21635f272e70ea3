"""Read a legacy PyTorch checkpoint without PyTorch, admitting nothing but tensors.

Such a file is three small pickles (a magic number, a protocol version, a note on the writing machine), then the pickled
tensors' descriptions, the pickled list of storage keys, and the storages' raw bytes in that order. Unpickling can
call any function that the file names and take any memory that it asks for, so `tensor_pickle` reads them instead.
"""

import hashlib
import io
from pathlib import Path

import numpy as np

from fcn_tutorial.backbones.tensor_pickle import Description, load

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def read_checkpoint(path, sha256):
    """Arrays by name from the legacy PyTorch checkpoint at `path`, once its SHA-256 is the given one.

    Returns a dict of NumPy arrays. Raises FileNotFoundError; ValueError for a wrong hash or a damaged file;
    pickle.UnpicklingError for a file that asks for anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No weights at {path}. Install the package that carries them again.")
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} has the SHA-256 {found}; expected {sha256}. The file is damaged or another version: "
            "install the package that carries it again. Nothing of it was used."
        )
    return tensors_of(data, path)


def read_tensors(path):
    """Arrays by name from a legacy PyTorch checkpoint, without the hash check of `read_checkpoint`."""
    return tensors_of(Path(path).read_bytes(), path)


def tensors_of(data, source="the checkpoint"):
    """Arrays by name from the bytes of a legacy PyTorch checkpoint; all of them together hold no more bytes than it.

    Raises ValueError, naming `source`, for a damaged file, pickle.UnpicklingError as `read_checkpoint`.
    """
    file = io.BytesIO(data)
    try:
        if (load(file), load(file)) != (_MAGIC, _PROTOCOL):
            raise ValueError("its magic number or protocol differs")
        load(file)
        described, keys = load(file), load(file)
        if not isinstance(described, dict) or not isinstance(keys, list):
            raise ValueError("it has no dict of tensors or no list of storages")
        tensors = {name: tensor for name, tensor in described.items() if isinstance(tensor, Description)}
        return _arrays(tensors, _storages(data, file.tell(), tensors, keys), len(data))
    except ValueError as error:
        raise ValueError(
            f"{source} is damaged, or no legacy PyTorch checkpoint: {error}. Fetch the file again."
        ) from error


def _storages(data, start, tensors, keys):
    """{storage: its numbers}, read from byte `start` on in the order of `keys`."""
    wanted = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages = {}
    for key in keys:
        if type(key) is not str or key not in wanted:
            raise ValueError("its list of storages names one that no tensor uses, or one twice")
        storage = wanted.pop(key)
        count, first = int.from_bytes(data[start : start + 8], "little"), start + 8
        start = first + storage.count * storage.dtype.itemsize
        if count != storage.count or start > len(data):
            raise ValueError(f"a storage of {storage.count} numbers is cut off")
        storages[storage] = np.frombuffer(data, storage.dtype, storage.count, first)
    return storages


def _arrays(tensors, storages, most):
    """{name: array}; `most` bytes in all, since tensors may share a storage."""
    arrays, total = {}, 0
    for name, tensor in tensors.items():
        if tensor.storage not in storages:
            raise ValueError("a tensor's storage is missing, or is described in two ways")
        arrays[name] = tensor.array(storages[tensor.storage])
        total += arrays[name].nbytes
        if total > most:
            raise ValueError(f"its tensors hold more than the file's {most} bytes")
    return arrays
