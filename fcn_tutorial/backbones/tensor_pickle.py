"""The few pickle operations that describe tensors, carried out without `pickle`: nothing is imported or called.

A pickle is a program. Python's own unpickler runs all of it and believes every number in it; this one knows two dozen
of its operations, each of which adds at most one small object for the bytes that it takes from the file.
"""

import pickle
import pickletools
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

_MOST_OPERATIONS = 2**20  # EfficientNet-Lite0's 296 tensors take 42,486
_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_ARGUMENTS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUT, _GET = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}


@dataclass(frozen=True)
class Storage:
    """A row of `count` numbers that comes later in the file under `key`."""

    dtype: np.dtype
    key: str
    count: int

    @classmethod
    def from_reference(cls, kind, dtype=None, key=None, location=None, count=None, view=None):
        """From a pickle's persistent reference; raises UnpicklingError for anything but a plain storage."""
        if kind != "storage" or view is not None:
            what = repr(kind[:40]) if type(kind) is str else "thing without a name"
            raise pickle.UnpicklingError(f"The checkpoint refers to a {what}; only plain storages are read.")
        if not isinstance(dtype, np.dtype) or type(key) is not str or not _whole(count):
            raise ValueError("a storage is not described by its type, key and size")
        return cls(dtype, key, count)


@dataclass(frozen=True)
class Description:
    """A tensor as the file describes it: a strided view of a storage."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple

    @classmethod
    def from_arguments(cls, storage=None, offset=None, shape=None, strides=None, *unused):
        """From the arguments of torch._utils._rebuild_tensor_v2, checked one by one."""
        if not isinstance(storage, Storage) or type(shape) is not tuple or type(strides) is not tuple:
            raise ValueError("a tensor is not described by its storage, offset, shape and strides")
        if len(shape) != len(strides) or len(shape) > 32 or not _whole(offset, *shape, *strides):
            raise ValueError("a tensor's offset, shape and strides are no numbers that fit together")
        return cls(storage, offset, shape, strides)

    def array(self, flat):
        """The tensor as an array of its own from its storage's numbers; its strides are honoured.

        Many tensors of such files aren't stored in the order of their axes. Raises ValueError where two of its
        numbers would be one of the storage's, so that it holds no more than its storage, or where it reaches outside.
        """
        reach = 1
        for stride, count in sorted(zip(self.strides, self.shape, strict=True)):
            if count < 1 or (count > 1 and stride < reach):
                raise ValueError(f"a tensor of shape {self.shape} and strides {self.strides} is empty or overlaps")
            reach += (count - 1) * stride
        if self.offset + reach > flat.size:
            raise ValueError(f"a tensor of shape {self.shape} reaches outside its storage of {flat.size} numbers")
        strides = [stride * flat.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides).copy()


_ADMITTED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): Description,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


def load(file):
    """What one pickle in `file` (a BytesIO) describes; the file then stands behind it.

    Returns dicts, lists, tuples, strings, numbers and `Description`s. Raises UnpicklingError for a pickle that asks
    for anything else by name, ValueError for a damaged one.
    """
    stack, memo = [], {}
    for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
        if count >= _MOST_OPERATIONS:
            raise ValueError(f"a pickle has more than {_MOST_OPERATIONS} operations")
        name = operation.name
        if name == "STOP":
            return _pop(stack)
        if name in _PUT:
            memo[argument] = _pop(stack)
            stack.append(memo[argument])
        elif name in _GET:
            if argument not in memo:
                raise ValueError("a pickle refers to a thing that it has not described")
            stack.append(memo[argument])
        elif name != "PROTO":
            _carry_out(name, argument, stack)


def _carry_out(name, argument, stack):
    """One operation that only needs the stack."""
    if name in _ARGUMENTS:
        stack.append(argument)
    elif name in _CONSTANTS:
        stack.append(_CONSTANTS[name])
    elif name in _EMPTY:
        stack.append(_EMPTY[name]())
    elif name == "MARK":
        stack.append(_MARK)
    elif name == "TUPLE":
        stack.append(tuple(_since_mark(stack)))
    elif name in _TUPLES:
        stack.append(tuple([_pop(stack) for _ in range(_TUPLES[name])][::-1]))
    elif name in ("SETITEM", "SETITEMS", "APPEND", "APPENDS"):
        _fill(name, stack)
    elif name == "GLOBAL":
        stack.append(_named(argument))
    elif name == "REDUCE":
        arguments, function = _pop(stack, tuple), _pop(stack)
        stack.append(_called(function, arguments))
    elif name == "BINPERSID":
        reference = _pop(stack, tuple)
        if not 1 <= len(reference) <= 6:
            raise ValueError("a storage is not described by its type, key and size")
        stack.append(Storage.from_reference(*reference))
    elif name == "BUILD":  # PyTorch notes its modules' versions as an attribute of the dict of tensors: not read
        _pop(stack, dict)
        stack.append(_pop(stack, OrderedDict))
    else:
        raise ValueError(f"a pickle holds the operation {name}, which describes no tensors")


def _pop(stack, kind=object):
    if not stack or stack[-1] is _MARK or not isinstance(stack[-1], kind):
        raise ValueError("a pickle's operations don't fit together")
    return stack.pop()


def _since_mark(stack):
    items = []
    while stack and stack[-1] is not _MARK:
        items.append(stack.pop())
    if not stack:
        raise ValueError("a pickle's operations don't fit together")
    stack.pop()
    return items[::-1]


def _fill(name, stack):
    """Put the items on the stack into the dict or list below them."""
    several = name.endswith("S")
    if name.startswith("APPEND"):
        items = _since_mark(stack) if several else [_pop(stack)]
        target = _pop(stack, list)
        target.extend(items)
    else:
        items = _since_mark(stack) if several else [_pop(stack), _pop(stack)][::-1]
        target = _pop(stack, dict)
        # Only strings: the hash of a tuple goes as deep as the file nests it.
        if len(items) % 2 or any(type(key) is not str for key in items[::2]):
            raise ValueError("a pickle has a dict whose keys are no names")
        target.update(zip(items[::2], items[1::2], strict=True))
    stack.append(target)


def _named(argument):
    module, _, name = argument.partition(" ")
    if (module, name) not in _ADMITTED:
        raise pickle.UnpicklingError(
            f"The checkpoint asks for {module[:80]}.{name[:80]}; only tensors are read from it. It was not run: "
            "do not use this file."
        )
    return _ADMITTED[module, name]


def _called(function, arguments):
    if function is OrderedDict and not arguments:
        return OrderedDict()
    if function is Description:
        return Description.from_arguments(*arguments)
    raise ValueError("a pickle calls what it can't call")


def _whole(*numbers):
    """Are these whole numbers that can be sizes and strides?"""
    return all(type(number) is int and 0 <= number < 2**40 for number in numbers)
