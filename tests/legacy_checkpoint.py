"""Small legacy PyTorch checkpoints, whole and broken, and what the reader makes of them; no Keras, no PyTorch.

`outcome(bytes)` says how the reader takes some bytes, and lets through whatever it must not raise. Run as a program, it
tries many mutants in bounded memory: python tests/legacy_checkpoint.py [how many] [seed].
"""

import io
import pickle
import pickletools
import random
import struct
import sys
import types
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np

from fcn_tutorial.backbones import checkpoint


def checkpoint_bytes(tensors, storages):
    """A legacy checkpoint as PyTorch writes it, from {name: (key, offset, shape, strides)} and {key: float32 array}."""

    class Storage:
        def __init__(self, key):
            self.key = key

    class Tensor:
        def __init__(self, key, *view):
            self.arguments = (Storage(key), *view, False, OrderedDict())

        def __reduce__(self):
            return rebuild, self.arguments

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Storage):
                return "storage", storage_type, thing.key, "cpu", len(storages[thing.key]), None

    def rebuild():
        """Stands for torch._utils._rebuild_tensor_v2."""

    class storage_type:
        """Stands for torch.FloatStorage."""

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    storage_type.__module__, storage_type.__qualname__ = "torch", "FloatStorage"
    fake, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    fake.FloatStorage, fake._utils, utils._rebuild_tensor_v2 = storage_type, utils, rebuild
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": fake, "torch._utils": utils})
    try:
        with io.BytesIO() as file:
            for small in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                pickle.dump(small, file, 2)
            Pickler(file, 2).dump(OrderedDict((name, Tensor(*view)) for name, view in tensors.items()))
            pickle.dump(list(storages), file, 2)
            for values in storages.values():
                file.write(struct.pack("<q", len(values)) + np.asarray(values, "<f4").tobytes())
            return file.getvalue()
    finally:
        for name, module in before.items():
            sys.modules.pop(name) if module is None else sys.modules.__setitem__(name, module)


def write_checkpoint(path, tensors, storages):
    """The same as a file."""
    path.write_bytes(checkpoint_bytes(tensors, storages))


def small_checkpoint():
    """The bytes of a checkpoint with tensors in order, turned, and without axes."""
    views = {"a.weight": ("7", 0, (3, 4), (4, 1)), "a.turned": ("7", 0, (4, 3), (1, 4)), "b": ("8", 1, (), ())}
    return checkpoint_bytes(views, {"7": np.arange(12), "8": np.arange(2)})


def with_description(pickled):
    """A checkpoint's bytes in which `pickled` describes the tensors."""
    small = [pickle.dumps(thing, 2) for thing in (0x1950A86A20F9469CFC6C, 1001, {})]
    return b"".join([*small, pickled, pickle.dumps([], 2)])


CLAIMS = {
    "a number of 2 GB": b"\x80\x02\x8b" + (2**31 - 1).to_bytes(4, "little") + b"1.",
    "a string of 4 GB": b"\x80\x02X\xff\xff\xff\xffa.",
    "a string of 16 EB": b"\x80\x04\x8d" + b"\xff" * 8 + b"a.",
    "bytes of an EB": b"\x80\x05\x96" + b"\0" * 7 + b"\x10a.",
    "place four billion of the memory": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a tuple 100,000 deep": b"\x80\x02)" + b"\x85" * 100_000 + b".",
    "a key 100,000 deep": b"\x80\x02})" + b"\x85" * 100_000 + b"Ns.",
    "a million things": b"\x80\x02(" + b"}" * 1_100_000 + b"t.",
    "attributes of a class": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\5\0\0\0arrayNsb.",
    "a reference to something deep": b"\x80\x02()" + b"\x85" * 100_000 + b"tQ.",
}


def outcome(data):
    """What the reader does with bytes: "read", "damaged" (ValueError), "refused" (UnpicklingError); else this raises.

    What was read holds no more bytes than `data`.
    """
    try:
        arrays = checkpoint.tensors_of(data)
    except pickle.UnpicklingError:
        return "refused"
    except ValueError as error:
        assert "damaged" in str(error) and len(str(error)) < 3000
        return "damaged"
    assert all(type(name) is str for name in arrays)
    assert sum(array.nbytes for array in arrays.values()) <= len(data)
    return "read"


def mutant(data, chance):
    """`data` with one to four bytes, numbers or stretches changed, put in, taken out or copied elsewhere."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, other = chance.randrange(len(data)), chance.randrange(len(data))
        length = chance.choice((1, 1, 2, 4, 8, 30))
        piece = chance.choice((
            chance.randbytes(length), bytes(length), b"\xff" * length, bytes(data[other : other + length]),
            chance.choice(OPERATIONS), chance.choice(OPERATIONS) * length,
        ))  # fmt: skip
        data[place : place + chance.choice((0, len(piece), length))] = piece
    return bytes(data)


OPERATIONS = [code.encode("latin1") for code in sorted(pickletools.code2op)]


def main(count=2000, seed=0):
    """Try the claims, then print how many of `count` mutants are read, damaged, refused."""
    if Path("/proc/self/statm").is_file():  # Linux: 500 MB more than the program has now
        import resource

        most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 500_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for pickled in CLAIMS.values():
        outcome(with_description(pickled))
    whole, chance = small_checkpoint(), random.Random(seed)
    print(dict(Counter(outcome(mutant(whole, chance)) for _ in range(count))))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
