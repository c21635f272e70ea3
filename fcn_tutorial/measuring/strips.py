"""Runs a model on thin strips and asks for the size of its map: what the ways of measuring in `measuring` share.

A model is a Keras model with one map as output, or any function from images (N, H, W, 3) to maps (N, h, w, channels).
A strip has a length along the measured axis (0 for rows, 1 for columns) and a thickness across it, in pixels.
"""

import numpy as np

from fcn_tutorial.backend import keras, ops

_PIXELS_AT_ONCE = 2**15  # bounds the memory of one batch


def run(model, strips, axis):
    """Map (N, cells along, cells across, channels) float32 of strips (N, along, across, channels), in small batches."""
    images = strips if axis == 0 else np.swapaxes(strips, 1, 2)
    step = min(len(images), max(1, _PIXELS_AT_ONCE // (strips.shape[1] * strips.shape[2])))
    parts = []
    for start in range(0, len(images), step):
        part = images[start : start + step]
        # All batches are of one size, because Keras compiles a model anew for another size.
        filled = np.concatenate([part, np.repeat(part[:1], step - len(part), axis=0)])
        compiled = isinstance(model, keras.Model)
        maps = (
            model.predict_on_batch(filled) if compiled else ops.convert_to_numpy(model(ops.convert_to_tensor(filled)))
        )
        parts.append(maps[: len(part)])
    maps = np.concatenate(parts)
    return maps if axis == 0 else np.swapaxes(maps, 1, 2)


def channels(model):
    """Channels of the images that a model takes; 3 for a function."""
    return model.input_shape[-1] if isinstance(model, keras.Model) else 3


def cells(model, along, across, axis):
    """Cells along `axis` of the map of a strip; 0 when a Keras model's layers say that this size does not fit.

    Raises ValueError when the output is not one map.
    """
    shape = (1, along, across, channels(model)) if axis == 0 else (1, across, along, channels(model))
    if not isinstance(model, keras.Model):
        result = tuple(np.shape(model(np.zeros(shape, "float32"))))
    else:
        try:
            result = model.compute_output_shape(shape)
        except ValueError:
            return 0
    if not isinstance(result, tuple) or len(result) != 4:
        raise ValueError(
            f"The model gives {result}; expected one map (N, h, w, channels). "
            "Take the one to measure: keras.Model(model.inputs, map)."
        )
    return result[1 + axis] if min(result[1:3]) > 0 else 0


def thickness(model):
    """Smallest multiple of 16 pixels for which a square image gives a map. Raises ValueError above 512."""
    for size in range(16, 513, 16):
        if cells(model, size, size, 0):
            return size
    raise ValueError(
        "No square image of 16, 32, ... 512 pixels gives a map; expected a model that takes images of any size, "
        "built with the input shape (None, None, channels)."
    )


def first_working(model, size, across, axis):
    """The first of the lengths `size`, `size` + 1, ... for which there is a map, and its cells."""
    for longer in range(size, size + 64):
        if count := cells(model, longer, across, axis):
            return longer, count
    raise ValueError(f"No strip of {size} to {size + 63} pixels gives a map; expected a model for images of any size.")
