"""Total stride and effective centre measured on a running network, knowing nothing of its layers (notebook 03).

A model is a Keras model with one map as output or, where no weights are replaced, any function from images (N, H, W, 3)
to maps (N, h, w, channels). Images are thin strips: as thin as the model allows, as long as the question needs.
"""

import math

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.measuring import strips
from fcn_tutorial.measuring.footprints import footprint_stride


def measure_stride(model, axis=1):
    """Total stride of a Keras model in pixels, measured three ways: {"slope": .., "shift": .., "footprint": ..}.

    `axis` is 0 for rows, 1 for columns. Raises ValueError as the three functions do.
    """
    ways = {"slope": stride_by_slope, "shift": stride_by_shift, "footprint": stride_by_footprint}
    return {name: way(model, axis=axis) for name, way in ways.items()}


def stride_by_slope(model, axis=1, size=256):
    """Total stride from how the map grows with the image: pixels for each additional cell, from `size` pixels on.

    A rise of k cells over a run of n pixels means a stride between n / (k + 1) and n / (k - 1), however layers round;
    the run is doubled until one whole number is left. A Keras model's shapes are computed, nothing is run. A stride
    that is no whole number is returned as a float. Raises ValueError when no size works or the map does not grow.
    """
    across = strips.thickness(model)
    start, cells = strips.first_working(model, size, across, axis)
    for power in range(11, 21):
        stop, more = strips.first_working(model, start + 2**power, across, axis)
        run, rise = stop - start, more - cells
        if rise < 2:
            continue
        whole = range(math.floor(run / (rise + 1)) + 1, math.ceil(run / (rise - 1)))
        if len(whole) < 2:
            return whole[0] if whole else run / rise
    raise ValueError(f"The map has {cells} cells for {start} pixels and {more} for {stop}: it does not grow steadily.")


def stride_by_shift(model, axis=1, largest=64, seed=0):
    """Total stride as the shift of a noise image, 1 to `largest` pixels, that moves the map by exactly one cell.

    It is the shift with the least difference (`shift_differences`). Raises ValueError when none stands out: to trained
    weights one piece of noise is much like another, so measure with random ones.
    """
    differences = shift_differences(model, axis, largest, seed)
    best, second = (int(shift) for shift in np.argsort(differences)[:2])
    if not differences[best] < 0.95 * differences[second]:
        raise ValueError(
            f"No single shift of 1 to {largest} pixels moves the map by one cell: the least differences, at {best + 1} "
            f"and {second + 1} pixels, are {differences[best]:.3g} and {differences[second]:.3g}. Try another seed, a "
            "larger `largest`, or the network with random weights."
        )
    return best + 1


def shift_differences(model, axis=1, largest=64, seed=0):
    """How far the map of an image shifted by 1 to `largest` pixels is from the map moved by one cell: (largest,) float.

    Root mean square over the two middle cells of a strip of at least eight, after taking off what the maps of all
    shifts have in common: biases, and the zeros beyond the edges, which don't move with the image.
    """
    along = across = strips.thickness(model)
    while strips.cells(model, along, across, axis) < 8:
        along += across
    shape = (along + largest, across, strips.channels(model))
    noise = np.random.default_rng(seed).standard_normal(shape, "float32")
    maps = strips.run(model, np.stack([noise[shift : shift + along] for shift in range(largest + 1)]), axis)
    maps -= maps.mean(axis=0)
    middle = maps.shape[1] // 2 + np.array([-1, 0])
    return np.sqrt(np.mean((maps[1:, middle] - maps[0, middle + 1]) ** 2, axis=(1, 2, 3)))


def stride_by_footprint(model, axis=1):
    """Total stride as the pixels by which ink must move on a black strip until its footprint moves by one cell.

    The Keras model's weights are positive ones meanwhile (`footprints.footprint`, which also gives the receptive
    field). Raises ValueError as `footprints.footprint` does.
    """
    return footprint_stride(model, axis)


def effective_centre(model, image, cell=None, directions=3, seed=0):
    """Pixel (row, column) that a cell really looks at: the centroid of the squared gradient of its activations.

    `image` is (H, W, channels) float, preprocessed for the model; `cell` (row, column) defaults to the map's middle,
    (h // 2, w // 2). The gradient is taken along `directions` random mixtures of the cell's channels, its squares
    summed. The model stays as it is. Raises ValueError for an image of another shape or with NaN, a cell outside the
    map, and a gradient that is zero.
    """
    image = np.asarray(image, "float32")
    if image.ndim != 3 or not np.isfinite(image).all():
        raise ValueError(f"The image has shape {image.shape}; expected (H, W, channels) with finite values.")
    rows, columns, channels = _call(model, image[None]).shape[1:]
    row, column = (rows // 2, columns // 2) if cell is None else cell
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"Cell {(row, column)} is outside the map of {rows} x {columns} cells.")
    mixtures = np.random.default_rng(seed).standard_normal((directions, channels), "float32")
    energy = np.zeros(image.shape[:2])
    for mixture in mixtures:
        weights = np.zeros((1, rows, columns, channels), "float32")
        weights[0, row, column] = mixture
        energy += np.square(_input_gradient(model, image, weights), dtype="float64").sum(axis=-1)
    if not energy.sum() > 0:
        raise ValueError(f"The gradient of cell {(row, column)} is zero everywhere; try another image or cell.")
    return tuple(float((place * energy).sum() / energy.sum()) for place in np.indices(energy.shape))


class _Retouched(keras.layers.Layer):
    """The map of an image plus a retouch, a weight that starts at zero: a step of descent leaves minus its gradient."""

    def __init__(self, model):
        super().__init__()
        self.network = lambda images: _call(model, images)  # behind a function, its weights are not this layer's

    def build(self, shape):
        self.retouch = self.add_weight(shape=shape[1:], initializer="zeros", name="retouch")

    def call(self, images):
        return self.network(images + self.retouch)


def _call(model, images):
    images = ops.convert_to_tensor(images)
    return model(images, training=False) if isinstance(model, keras.Layer) else model(images)


def _input_gradient(model, image, weights):
    """Gradient (H, W, channels) of sum(weights * map) by the image, in words that every backend understands."""
    inputs = keras.Input(image.shape)
    layer = _Retouched(model)
    wrapper = keras.Model(inputs, layer(inputs))
    wrapper.compile(keras.optimizers.SGD(1.0), loss=lambda weights, maps: ops.sum(weights * maps), run_eagerly=True)
    wrapper.train_on_batch(image[None], weights)
    return -ops.convert_to_numpy(layer.retouch.value)
