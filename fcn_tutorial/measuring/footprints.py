"""Footprints: which cells answer to ink on which pixels, with positive weights in the network (notebook 03)."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.measuring import strips

_LENGTHS = (288, 800, 1344, 2240, 4096)  # strips to try, in pixels
_INK = 1e4  # far above what a preprocessing layer inside the model takes off
_GAIN = 16  # keeps the faint edges of deep networks above the smallest float32; overflow in the middle does no harm


class Footprint(NamedTuple):
    """Cell i of the map of a strip of `size` (H, W) answers to ink on pixels first + stride * i to last + stride * i.

    `receptive_field` is last - first + 1, or None when cells also change with pixels farther away.
    """

    stride: int
    first: int
    last: int
    receptive_field: int | None
    size: tuple[int, int]


def footprint(model, axis=1):
    """Which pixels reach which cells of a Keras model along `axis` (0 rows, 1 columns): a `Footprint`.

    Ink is moved on a black strip. While it moves, kernels are random positive ones, biases zero and normalisations
    neutral, so that a cell answers whenever ink lies in its window; afterwards the model is as it was. Raises
    ValueError when a strip of 4096 pixels holds no edge, for a result that can't be, and for unknown weights.
    """
    with positive_weights(model, axis):
        stride, last, along, across = _right_edge(model, axis)
        longer = [length for length in _LENGTHS if length > along]
        _, mirrored, both, _ = _right_edge(model, axis, [along, *longer], mirrored=True)
        if both > along:
            stride, last, along, across = _right_edge(model, axis, [both])
    first = along - 1 - mirrored - stride * (strips.cells(model, along, across, axis) - 1)
    if last < first:
        raise ValueError(
            f"On a strip of {along} pixels cell 0 would answer to pixels {first} to {last}: cropping and padding leave "
            "no window. Measure the model up to the layer in front of them."
        )
    bounded = not _changes_from_afar(model, last, along, across, axis)
    size = (along, across) if axis == 0 else (across, along)
    return Footprint(stride, first, last, last - first + 1 if bounded else None, size)


def footprint_stride(model, axis=1):
    """The stride of `footprint` alone, in half the time."""
    with positive_weights(model, axis):
        return _right_edge(model, axis)[0]


def _right_edge(model, axis, lengths=_LENGTHS, mirrored=False):
    """Stride, last pixel of cell 0's window, and the strip (along, across) on which they were found.

    Ink from pixel p to the end leaves the cells whose windows end before p silent. The first p that leaves n cells
    silent and the first that leaves n - 1 are a stride apart. `mirrored`: the same, counted from the strip's other end.
    """
    across = strips.thickness(model)
    for length in lengths:
        along = across * -(-length // across)
        count = strips.cells(model, along, across, axis)
        silent = _silent_cells(model, along, across, axis, mirrored)
        end = along - 1 - 2 * along // count if count > 2 else 0  # "valid" layers may not look at the last pixels
        known = {end: silent(end)}
        if known[end] == count:
            # Cropping takes more off: go back to the last pixel that is looked at. A cell that is silent there has its
            # whole window in the image; the windows of others are cut off at one and the same pixel.
            end = _first_place(silent, known, count) - 1
            known[end] = silent(end)
        found = known[end]
        if found >= 2:
            break
    else:
        raise ValueError(
            f"Ink anywhere on a strip of {along} pixels reaches every cell; the footprint has no edge there."
        )
    places = [_first_place(silent, known, number) for number in (found, found - 1)]
    stride = places[0] - places[1]
    if stride < 1:
        raise ValueError(
            f"Cells {found - 2} and {found - 1} of a strip of {along} pixels both answer to ink up to pixel "
            f"{places[0] - 1} and no farther; expected a map of fewer cells than pixels, each with a window of its own."
        )
    return stride, places[0] - 1 - stride * (found - 1), along, across


def _first_place(silent, known, number):
    """Smallest p that leaves `number` cells silent, by bisection between what is `known`, {p: cells silent}, so far."""
    while True:
        low = max((place for place, cells in known.items() if cells < number), default=-1)
        high = min(place for place, cells in known.items() if cells >= number)
        if high == 0:
            raise ValueError("The network answers to no ink at all; take preprocessing layers out of it first.")
        if high - low == 1:
            return high
        middle = max((low + high) // 2, high - 64)
        known[middle] = silent(middle)


def _silent_cells(model, along, across, axis, mirrored):
    """Function of p: how many cells come before the first that answers to ink from pixel p to the end of the strip."""
    black = np.zeros((1, along, across, strips.channels(model)), "float32")
    blank = strips.run(model, black, axis)

    def silent(place):
        inked = black.copy()
        inked[:, slice(0, along - place) if mirrored else slice(place, along)] = _INK
        lit = (strips.run(model, inked, axis) != blank).any(axis=(0, 2, 3))
        lit = lit[::-1] if mirrored else lit
        return int(lit.argmax()) if lit.any() else lit.size

    return silent


def _changes_from_afar(model, last, along, across, axis):
    """Does cell 0, with the model's own weights, change with pixels beyond `last`? Behind a global pooling it does."""
    shape = (1, along, across, strips.channels(model))
    noise = 100 * np.random.default_rng(0).standard_normal(shape).astype("float32")
    louder = noise.copy()
    louder[:, last + 1 :] *= 100
    one, other = (strips.run(model, strip, axis)[0, 0] for strip in (noise, louder))
    return bool(np.abs(one - other).max() > 1e-4 * np.abs(one).max())


@contextmanager
def positive_weights(model, axis):
    """Within this context a Keras model's kernels are positive and it adds and subtracts nothing.

    Raises ValueError for what is no Keras model and for weights of an unknown name.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"A footprint replaces weights; expected a Keras model, got {type(model).__name__}.")
    random, kept = np.random.default_rng(0), []
    offsets = [(layer, name, getattr(layer, name)) for layer in _layers(model) if (name := _offset_name(layer))]
    try:
        for layer, name, value in offsets:  # preprocessing in the model: else a black strip were none behind it
            setattr(layer, name, 0 * value)
        model.predict_function = None  # compiled with the offsets
        scales = {id(weight) for layer in _layers(model) if _is_layer_scale(layer) for weight in layer.weights}
        for weight in model.weights:
            value = np.ones(weight.shape) if id(weight) in scales else _positive(weight, axis, random)
            kept.append((weight, np.array(ops.convert_to_numpy(weight.value))))
            weight.assign(value)
        yield
    finally:
        for layer, name, value in offsets:
            setattr(layer, name, value)
        model.predict_function = None
        for weight, value in kept:
            weight.assign(value)


def _layers(model):
    """All layers of a model, those of models inside it, too."""
    for layer in model.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


def _offset_name(layer):
    """Name of the constant that a preprocessing layer takes off or adds, None for other layers."""
    if type(layer) is keras.layers.Rescaling:
        return "offset"
    constant = type(layer) is keras.layers.Normalization and layer.input_mean is not None
    return "mean" if constant else None


def _is_layer_scale(layer):
    """ConvNeXt's factor for each channel, the one weight in keras.applications that has no name."""
    return (type(layer).__module__, type(layer).__name__) == ("keras.src.applications.convnext", "LayerScale")


def _positive(weight, axis, random):
    """Value that takes the place of a weight, judged by its name and shape."""
    shape, name = tuple(weight.shape), weight.name
    if "kernel" in name and len(shape) in (2, 4):
        each_channel_alone = "depthwise" in name or shape[-1] == 1
        taps = (shape[axis] if len(shape) == 4 else 1) * (1 if each_channel_alone else shape[-2])
        return _GAIN / taps * (0.5 + random.random(shape, "float32"))
    if name in ("gamma", "moving_variance", "variance"):
        return np.ones(shape)
    if name in ("bias", "beta", "moving_mean", "mean"):
        return np.zeros(shape)
    if "float" in weight.dtype:
        raise ValueError(f"A footprint needs positive weights and does not know the kind of {weight.path!r}.")
    return ops.convert_to_numpy(weight.value)
