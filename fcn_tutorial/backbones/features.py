"""Free a functional model's input size, and read maps from its middle."""

import zlib

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.upsampling import BilinearUpsampling


def free_input_size(model, input_size=(None, None)):
    """The same functional model, sharing its layers and weights, for inputs (N, *input_size, C).

    Raises ValueError if a layer needs the size it was built with (Flatten followed by Dense, for instance).
    """
    images = keras.Input((*input_size, model.input_shape[-1]), name="images")
    return keras.models.clone_model(model, input_tensors=images, clone_function=_free)


def _free(layer):
    """`layer` itself or, where it is a model inside the model that has a size of its own, that model without it."""
    if not (isinstance(layer, keras.Sequential) or hasattr(layer, "operations")):
        return layer
    shapes = [tensor.shape for tensor in layer.inputs]
    if len(shapes) > 1 or len(shapes[0]) != 4 or None in shapes[0][1:3]:
        return layer
    inputs = keras.Input((None, None, shapes[0][-1]), dtype=layer.inputs[0].dtype)
    return keras.models.clone_model(layer, input_tensors=inputs, clone_function=_free)


def feature_model(model, layer_names, enlarge=1):
    """Model of any input size: images (N, H, W, C) -> {key: output of layer layer_names[key]}, layers shared.

    enlarge: whole number of times that the images are enlarged, bilinearly, before the first layer.
    """
    outputs = {key: _output(model, name) for key, name in layer_names.items()}
    features = free_input_size(keras.Model(model.input, outputs))
    return features if enlarge == 1 else _behind_enlargement(features, enlarge)


def _output(model, name):
    """What the layer called `name` gives, or the operation: `a + b` in a model has a name, too."""
    named = {operation.name: operation for operation in model.operations}
    if name not in named:
        raise ValueError(f"{model.name} has no layer {name!r}; its layers are {', '.join(list(named)[:8])}, ...")
    return named[name].output


def _behind_enlargement(model, factor):
    images = keras.Input(model.input_shape[1:], name="images")
    enlarged = BilinearUpsampling(factor, name="enlarge")(images)

    def call(layer, *inputs, **options):
        return layer(*(enlarged if x is images else x for x in inputs), **options)

    return keras.models.clone_model(model, images, clone_function=lambda layer: layer, call_function=call)


def last_map(model, layer_name):
    """Model of any input size: images (N, H, W, C) -> the output of one layer (N, h, w, channels), layers shared."""
    return free_input_size(keras.Model(model.input, _output(model, layer_name)))


def checksum(model):
    """A number that changes when `model` is trained: of the first values of each weight, so that it is quick."""
    total = 0
    for weight in model.weights:
        first = ops.convert_to_numpy(ops.reshape(weight, (-1,))[:64])
        total = zlib.crc32(np.ascontiguousarray(first), total)
    return total
