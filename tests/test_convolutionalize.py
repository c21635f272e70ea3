"""The conversion, proven on numbers: random weights and biases, so that nothing can be dropped unnoticed."""

import gc
import subprocess
import sys

import numpy as np
import pytest

from fcn_tutorial import backbones
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.convolutionalize import convolutionalize, split_softmax

layers = keras.layers
RNG = np.random.RandomState(0)


def randomised(model):
    model.set_weights(
        [RNG.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else RNG.randn(*w.shape) / 4 for w in model.get_weights()]
    )
    return model


def classifier(*tail, padding="same", size=(48, 40)):
    images = keras.Input((*size, 3))
    x = layers.Conv2D(8, 3, strides=2, padding=padding, activation="relu")(images)
    x = layers.Conv2D(6, 3, strides=2, padding=padding)(layers.BatchNormalization()(x))
    for layer in tail:
        x = layer(x)
    return randomised(keras.Model(images, x))


TAILS = {
    "pooling, dense": lambda: [layers.GlobalAveragePooling2D(), layers.Dense(5)],
    "pooling, dropout, softmax dense": lambda: [
        layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(5, activation="softmax"),
    ],
    "pooling, two dense": lambda: [
        layers.GlobalAveragePooling2D(), layers.Dense(7, activation="relu"), layers.Dense(5), layers.Softmax(),
    ],
    "flatten, three dense": lambda: [
        layers.Flatten(), layers.Dense(7, activation="tanh"), layers.Dropout(0.5), layers.Dense(6, use_bias=False),
        layers.ReLU(), layers.Dense(5), layers.Activation("softmax"),
    ],
    "flatten, sigmoid": lambda: [layers.Flatten(), layers.Dense(5, activation="sigmoid")],
}  # fmt: skip


def numbers(model, images):
    return ops.convert_to_numpy(model(images, training=False)).astype(float)


@pytest.mark.parametrize("tail", TAILS)
def test_the_same_function_at_the_training_size(tail):
    model = classifier(*TAILS[tail]())
    images = RNG.rand(3, 48, 40, 3).astype("float32")
    converted = numbers(convolutionalize(model), images)
    assert converted.shape == (3, 1, 1, 5)
    scores = converted[:, 0, 0]
    if "soft" in tail or "three" in tail or "two" in tail:
        scores = np.exp(scores - scores.max(1, keepdims=True))
        scores /= scores.sum(1, keepdims=True)
    assert scores == pytest.approx(numbers(model, images), abs=1e-5)


@pytest.mark.parametrize("tail", TAILS)
def test_split_softmax_keeps_the_function(tail):
    model = classifier(*TAILS[tail]())
    images = RNG.rand(2, 48, 40, 3).astype("float32")
    assert numbers(split_softmax(model), images) == pytest.approx(
        numbers(convolutionalize(model), images)[:, 0, 0], abs=1e-5
    )


def test_without_pooling_the_mean_of_the_map_is_the_classifier():
    model = classifier(layers.GlobalAveragePooling2D(), layers.Dense(5))
    images = RNG.rand(2, 48, 40, 3).astype("float32")
    scores = numbers(convolutionalize(model, pooling="none"), images)
    assert scores.shape == (2, 12, 10, 5)
    assert scores.mean(axis=(1, 2)) == pytest.approx(numbers(model, images), abs=1e-5)


@pytest.mark.parametrize("tail", ["pooling, two dense", "flatten, three dense"])
def test_unpadded_one_pass_is_every_crop(tail):
    model = classifier(*TAILS[tail](), padding="valid", size=(43, 39))
    image = RNG.rand(1, 43 + 8, 39 + 12, 3).astype("float32")
    one_pass = numbers(convolutionalize(model), image)
    assert one_pass.shape == (1, 3, 4, 5)
    logits = split_softmax(model)
    for row, column in np.ndindex(3, 4):
        crop = image[:, 4 * row : 4 * row + 43, 4 * column : 4 * column + 39]
        assert one_pass[0, row, column] == pytest.approx(numbers(logits, crop)[0], abs=1e-4)


def test_a_dropped_bias_is_seen():
    model = classifier(layers.Flatten(), layers.Dense(7, activation="relu"), layers.Dense(5))
    images = RNG.rand(1, 48, 40, 3).astype("float32")
    converted = convolutionalize(model)
    kernel, bias = converted.layers[-1].get_weights()
    converted.layers[-1].set_weights([kernel, 0 * bias])
    assert np.abs(numbers(converted, images)[:, 0, 0] - numbers(model, images)).max() > 0.1


def test_efficientnet_lite0_to_a_ten_thousandth_of_its_range():
    model = backbones.load("efficientnet_lite0").classifier
    images = RNG.randn(2, 224, 224, 3).astype("float32")
    logits = numbers(model, images)
    for pooling in ("window", "none"):
        converted = numbers(convolutionalize(model, pooling), images).mean(axis=(1, 2))
        assert np.abs(converted - logits).max() <= 1e-4 * np.ptp(logits)
    assert convolutionalize(model).compute_output_shape((1, 384, 384, 3)) == (1, 6, 6, 1000)


def test_full_vgg16_in_a_process_of_its_own():
    """138 million weights twice: a process of its own gives the memory back."""
    code = """
import numpy as np
from fcn_tutorial import backbones
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.convolutionalize import convolutionalize, split_softmax
model = backbones.load("vgg16", weights=None).classifier
rng = np.random.default_rng(0)
for layer in model.layers:
    if layer.weights:
        layer.bias.assign(rng.standard_normal(layer.bias.shape, "float32"))
images = rng.standard_normal((1, 224, 224, 3), "float32")
logits = ops.convert_to_numpy(split_softmax(model)(images))
converted = ops.convert_to_numpy(convolutionalize(model)(images))
assert converted.shape == (1, 1, 1, 1000)
print(np.abs(converted[:, 0, 0] - logits).max() / np.ptp(logits))
"""
    gc.collect()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 1e-4


@pytest.mark.parametrize(
    "model, words",
    [
        (lambda: classifier(layers.GlobalMaxPooling2D(name="most"), layers.Dense(5)), "'most' .GlobalMaxPooling2D"),
        (lambda: classifier(layers.Flatten(), layers.LayerNormalization(name="norm"), layers.Dense(5)), "'norm'"),
        (
            lambda: classifier(
                layers.GlobalAveragePooling2D(keepdims=True, name="kept"), layers.Flatten(), layers.Dense(5)
            ),
            "'kept'",
        ),
        (lambda: classifier(layers.Conv2D(5, 1)), "fully convolutional already"),
        (lambda: classifier(layers.GlobalAveragePooling2D()), "without a Dense"),
        (lambda: "a name", "functional Keras model"),
        (
            lambda: classifier(layers.GlobalAveragePooling2D(name="p"), layers.Dense(5), size=(None, None)),
            "no fixed size",
        ),
    ],
)
def test_what_it_cannot_convert_is_refused_by_name(model, words):
    with pytest.raises(ValueError, match=words):
        convolutionalize(model())


def test_pooling_none_is_refused_where_it_would_be_wrong():
    with pytest.raises(ValueError, match="pooling='window'"):
        convolutionalize(classifier(*TAILS["pooling, two dense"]()), pooling="none")
    with pytest.raises(ValueError, match="'max'"):
        convolutionalize(classifier(*TAILS["pooling, dense"]()), pooling="max")
