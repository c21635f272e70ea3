"""The bytes of a weights file: what it is and where each array lies, in plain bytes, then the arrays as an HDF5 file.

HDF5 allows bytes before its own, so h5py and Keras read such a file as any other. Here nothing is read through HDF5,
whose library takes a file's word: the arrays are found by the plain part, which a hash covers as it does the rest.

    bytes 0-15     MAGIC
    bytes 16-47    SHA-256 of everything after it
    bytes 48-55    length of the JSON, little-endian
    bytes 56-      JSON {"card": ..., "arrays": [[name, offset from the HDF5 part, dtype, shape], ...]}, then zeros
    512 * 2**n     the HDF5 part, at the first such place after the JSON
"""

import hashlib
import io
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcn_tutorial.weights import outline

MAGIC = b"fcn weights v1 \n"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SHA, _LENGTH, _JSON = 16, 48, 56  # where these begin
_KINDS = {"<f2", "<f4", "<f8", "<i4", "<i8"}
_TIMEOUT = 60  # seconds for the outline of a file of an earlier version, on a busy machine


@dataclass(frozen=True)
class Place:
    """Where an array lies in a file: byte offset, dtype as text, shape."""

    offset: int
    dtype: str
    shape: tuple

    @property
    def nbytes(self):
        """Its size in bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Stored:
    """A weights file that was looked through: its card, any JSON value, and {name: Place} of its arrays."""

    path: Path
    card: object
    places: dict

    def array(self, name):
        """The array of that name, in this machine's byte order. Raises ValueError where the file has changed since."""
        place = self.places[name]
        with self.path.open("rb") as file:
            file.seek(place.offset)
            raw = file.read(place.nbytes)
        if len(raw) != place.nbytes:
            raise damaged(self.path, "it became shorter")
        kind = np.dtype(place.dtype)
        return np.frombuffer(raw, kind).reshape(place.shape).astype(kind.newbyteorder("="))


def damaged(path, why):
    """The ValueError for a file that can't be read; `why` may hold what the file says."""
    why = "".join(letter if letter.isprintable() else "?" for letter in why[:200])
    return ValueError(f"{path} is no readable weights file, cut off or damaged ({why}). Fetch or train it again.")


def pack(card, arrays):
    """The bytes of a file with `card`, a JSON value, and `arrays` {name: array}. Raises ValueError for a NaN in a card.

    All in memory: where the disk is full, HDF5's own writing ends the whole program.
    """
    hdf5, places = _hdf5(arrays)
    table = [[name, place.offset, place.dtype, place.shape] for name, place in places.items()]
    return wrap(json.dumps({"card": card, "arrays": table}, allow_nan=False).encode(), hdf5)


def wrap(head, hdf5):
    """The file's bytes from those of the JSON and of the HDF5 part. Raises ValueError for more JSON than is read."""
    if len(head) > outline.MOST:
        raise ValueError(f"What is to be remembered takes {len(head)} bytes; expected {outline.MOST} or less.")
    plain = (len(head).to_bytes(8, "little") + head).ljust(_base(len(head)) - _LENGTH, b"\0")
    digest = hashlib.sha256(plain)
    digest.update(hdf5)
    return b"".join((MAGIC, digest.digest(), plain, hdf5))


def _base(length):
    """Where the HDF5 part begins after so many bytes of JSON: its library looks at 512, 1024, 2048, ..."""
    return max(512, 1 << (_JSON + length - 1).bit_length())


def _hdf5(arrays):
    """`arrays` as the bytes of an HDF5 file, and {name: Place} in them."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array, np.asarray(array).dtype.newbyteorder("<"))
        found = {name: file[name] for name in arrays}
        places = {name: Place(item.id.get_offset() or 0, item.dtype.str, item.shape) for name, item in found.items()}
    return memory.getvalue(), places


def read(path):
    """`Stored` from the file at `path`, also one of an earlier version. Raises ValueError for a damaged one."""
    path = Path(path)
    with path.open("rb") as file:
        begin, size = file.read(_JSON), os.fstat(file.fileno()).st_size
        if begin.startswith(_HDF5):
            text, base = _outline(path), 0
        else:
            text, base = _plain(path, file, begin, size)
    try:
        content = _parse(text)
        card, table = content["card"], content["arrays"]
        if base == 0 and card is not None:
            card = _parse(card)  # a text in the attribute of an earlier version
        return Stored(path, card, _places(table, base, size))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged(path, f"its card: {error}") from error


def _parse(text):
    def refuse(name):
        raise ValueError(f"{name} is no number")

    return json.loads(text, parse_constant=refuse)


def _plain(path, file, begin, size):
    """The JSON of a file in this version's form, checked by its hash, and where its HDF5 part begins."""
    if not begin.startswith(MAGIC):
        raise damaged(path, "it begins as no such file does")
    length = int.from_bytes(begin[_LENGTH:], "little")
    if len(begin) < _JSON or length > outline.MOST or _base(length) > size:
        raise damaged(path, "its beginning says it is longer")
    file.seek(_LENGTH)
    if hashlib.file_digest(file, "sha256").digest() != begin[_SHA:_LENGTH]:
        raise damaged(path, "its SHA-256 differs from the one in it")
    file.seek(_JSON)
    return file.read(length), _base(length)


def _outline(path):
    """The same JSON for a file of an earlier version, looked through by a program that may die of it."""
    command = [sys.executable, "-P", outline.__file__, str(path)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # each thread would reserve memory
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise damaged(path, "HDF5 does not come to an end with it") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise damaged(path, said[-1] if said and done.returncode == 1 else "HDF5 breaks off")
    return done.stdout


def _places(table, base, size):
    """{name: Place} from the JSON's table. Raises ValueError or TypeError for one that can't be true."""
    places, total = {}, 0
    for name, offset, kind, shape in table:
        if kind not in _KINDS or not isinstance(name, str) or not name.isprintable() or name in places:
            raise ValueError(f"an array {str(name)[:40]!r} of {str(kind)[:20]!r}")
        whole = all(type(number) is int and number < 2**48 for number in (offset, *shape))
        if not whole or len(shape) > 8 or offset < 0 or min(shape, default=1) < 1:
            raise ValueError(f"the array {name[:40]!r} has an odd place or shape")
        places[name] = place = Place(base + offset, kind, tuple(shape))
        total += place.nbytes
        if place.offset + place.nbytes > size or total > size:
            raise ValueError(f"the array {name[:40]!r} reaches beyond the file's end")
    return places
