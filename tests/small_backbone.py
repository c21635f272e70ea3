"""A backbone small enough for a test: real strides, all kinds of convolutions, batch-norms that do something."""

import numpy as np

from fcn_tutorial.backbones import Backbone
from fcn_tutorial.backbones.features import checksum
from fcn_tutorial.backend import keras, ops

layers = keras.layers


def small_backbone(seed=0):
    """A `Backbone` called "small" with maps at strides 4 to 32: some thousand numbers, the same for one seed."""
    images = keras.Input((64, 64, 3), name="images")
    convolutions = (
        layers.Conv2D(8, 3, 2, padding="same", use_bias=False, name="two"),
        layers.DepthwiseConv2D(3, 2, padding="same", use_bias=False, name="four"),
        layers.SeparableConv2D(12, 3, 2, padding="same", name="eight"),
        layers.Conv2D(14, 3, 2, padding="same", use_bias=False, name="sixteen"),
        layers.Conv2D(16, 3, 2, padding="same", name="thirtytwo"),
    )
    x = images
    for layer in convolutions:
        x = layers.BatchNormalization(name=f"{layer.name}_bn")(layer(x))
        x = layers.ReLU(max_value=6, name=f"{layer.name}_relu")(x)
    logits = layers.Dense(5, name="logits")(layers.GlobalAveragePooling2D(name="pool")(x))
    classifier = keras.Model(images, logits, name="small")
    shake(classifier, seed)
    maps = {4: "four_relu", 8: "eight_relu", 16: "sixteen_relu", 32: "thirtytwo_relu"}
    return Backbone("small", classifier, (64, 64), _preprocess, tuple("abcde"), maps, checksum(classifier))


def shake(model, seed=0):
    """Random weights for `model`, and statistics and scales of batch-norms that are far from doing nothing."""
    rng = np.random.RandomState(seed)
    for variable in model.weights:
        shape, part = tuple(variable.shape), variable.path.split("/")[-1]
        if part in ("gamma", "moving_variance"):
            value = rng.uniform(0.5, 2, shape)
        elif part in ("beta", "bias", "moving_mean"):
            value = rng.normal(0, 0.5, shape)
        else:
            inputs = shape[:2] if shape[-1] == 1 else shape[:-1]  # a depthwise kernel sees one channel
            value = rng.normal(0, 1, shape) / np.sqrt(np.prod(inputs))
        variable.assign(value.astype("float32"))


def weights_of(model):
    """All weights of a model as arrays that no later training changes."""
    return [np.array(ops.convert_to_numpy(weight)) for weight in model.weights]


def _preprocess(images):
    return (np.asarray(images, "float32") - 127) / 128
