"""A legacy PyTorch checkpoint as PyTorch writes it, without PyTorch."""

import pickle
import struct
import sys
import types
from collections import OrderedDict

import numpy as np


def write_checkpoint(path, tensors, storages, last=b""):
    """A legacy checkpoint as PyTorch writes it: {name: (key, offset, shape, strides)} and {key: float32 array}."""

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
        with path.open("wb") as file:
            for small in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                pickle.dump(small, file, 2)
            Pickler(file, 2).dump(OrderedDict((name, Tensor(*view)) for name, view in tensors.items()))
            pickle.dump(list(storages), file, 2)
            for values in storages.values():
                file.write(struct.pack("<q", len(values)) + np.asarray(values, "<f4").tobytes())
            file.write(last)
    finally:
        for name, module in before.items():
            sys.modules.pop(name) if module is None else sys.modules.__setitem__(name, module)
