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


def softmaxed(scores):
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)


@pytest.fixture
def mixed():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("scale", [1, 1e6])
def test_a_head_keeps_its_own_precision(scale, mixed):
    """A float32 head behind a half-precision body: its logits go beyond 65,504, where half precision ends."""
    images = keras.Input((24, 20, 3))
    x = layers.Conv2D(6, 3, 4, activation="relu")(images)
    for pooling in (layers.Flatten(dtype="float32"), layers.GlobalAveragePooling2D(dtype="float32")):
        model = randomised(keras.Model(images, layers.Dense(5, activation="softmax", dtype="float32")(pooling(x))))
        kernel, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([scale * kernel, scale * bias])
        batch = RNG.rand(3, 24, 20, 3).astype("float32")
        logits, converted = split_softmax(model), convolutionalize(model)
        assert logits.outputs[0].dtype == converted.outputs[0].dtype == "float32"
        expected = ops.convert_to_numpy(pooling(model.layers[1](batch))).astype(float) @ (scale * kernel) + scale * bias
        largest = np.abs(expected).max()
        assert (largest > 65504) == (scale > 1)
        assert np.abs(numbers(logits, batch) - expected).max() <= 1e-5 * largest
        assert np.abs(numbers(converted, batch)[:, 0, 0] - expected).max() <= 1e-5 * largest


def test_a_half_precision_head_stays_one():
    images = keras.Input((24, 20, 3), dtype="float16")
    x = layers.Conv2D(6, 3, 4, activation="relu", dtype="float16")(images)
    x = layers.Dense(5, dtype="float16")(layers.GlobalAveragePooling2D(dtype="float16")(x))
    model = randomised(keras.Model(images, x))
    converted, batch = convolutionalize(model), RNG.rand(3, 24, 20, 3).astype("float16")
    assert converted.outputs[0].dtype == "float16"
    expected = numbers(model, batch)
    assert np.abs(numbers(converted, batch)[:, 0, 0] - expected).max() <= 3e-3 * np.abs(expected).max()


ENDS = {  # tail, and whether the classifier's own answer is the softmax of the converted one
    "softmax of a softmax": (lambda: [layers.Dense(5, activation="softmax"), layers.Softmax()], True),
    "two softmax layers": (lambda: [layers.Dense(5), layers.Softmax(), layers.Activation("softmax")], True),
    "three, Dropout between": (
        lambda: [layers.Dense(5, activation="softmax"), layers.Dropout(0.5), layers.Softmax(), layers.Dropout(0.5),
                 layers.Activation("softmax")], True),
    "over axis 1, that of the classes": (lambda: [layers.Dense(5), layers.Softmax(axis=1)], True),
    "a function over axis 1": (
        lambda: [layers.Dense(5), layers.Activation(lambda v: keras.activations.softmax(v, axis=1))], True),
    "an operation": (lambda: [layers.Dense(5, activation=ops.softmax)], True),
    "over the images": (lambda: [layers.Dense(5), layers.Softmax(axis=0)], False),
    "a warmer one": (lambda: [layers.Dense(5), layers.Activation(lambda v: ops.softmax(v * 1.001))], False),
    "softmax in the middle": (lambda: [layers.Dense(7, activation="softmax"), layers.Dense(5)], False),
    "log softmax": (lambda: [layers.Dense(5, activation="log_softmax")], False),
    "a function of each number": (lambda: [layers.Dense(5, activation=lambda v: v * ops.sigmoid(v))], False),
    "a layer as activation": (lambda: [layers.Dense(5, activation=layers.LeakyReLU(0.3)), layers.ELU()], False),
}  # fmt: skip


@pytest.mark.parametrize("pooling", [layers.Flatten, layers.GlobalAveragePooling2D])
@pytest.mark.parametrize("end, split", ENDS.values(), ids=ENDS)
def test_one_softmax_at_the_end_is_split_off_and_nothing_else(end, split, pooling):
    model = classifier(pooling(), *end(), size=(16, 12))
    images = RNG.rand(3, 16, 12, 3).astype("float32")
    expected = numbers(model, images)
    for scores in (numbers(split_softmax(model), images), numbers(convolutionalize(model), images)[:, 0, 0]):
        assert (softmaxed(scores) if split else scores) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert np.ptp(expected) > 1e-3


def test_what_a_dense_layer_carries_is_carried_over():
    dense = layers.Dense(
        5, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), bias_regularizer=keras.regularizers.L2(0.3),
        bias_constraint=keras.constraints.MaxNorm(0.7), kernel_constraint=keras.constraints.NonNeg(), trainable=False,
    )  # fmt: skip
    model = classifier(layers.Flatten(), dense)
    converted = convolutionalize(model)
    last = converted.layers[-1]
    assert not last.trainable and float(sum(converted.losses)) == pytest.approx(float(sum(model.losses)), rel=1e-5)
    assert isinstance(last.kernel_constraint, keras.constraints.NonNeg) and last.bias_constraint.max_value == 0.7


def own(kind):
    """A class made from one of Keras', of the same name, that computes something else."""
    return type(kind.__name__, (kind,), {"call": lambda self, x, **options: 2 * kind.call(self, x, **options)})


def with_lora(model, layer):
    model.get_layer(layer).enable_lora(2)
    return model


def quantised(model):
    model.layers[-1].quantize("int8")
    return model


@pytest.mark.parametrize(
    "model",
    [
        lambda: classifier(layers.GlobalAveragePooling2D(), own(layers.Dense)(5, name="odd")),
        lambda: classifier(own(layers.GlobalAveragePooling2D)(name="odd"), layers.Dense(5)),
        lambda: classifier(own(layers.Flatten)(name="odd"), layers.Dense(5)),
        lambda: classifier(layers.Flatten(), own(layers.Dropout)(0.5, name="odd"), layers.Dense(5)),
        lambda: classifier(layers.Flatten(), layers.Dense(5), own(layers.ReLU)(name="odd")),
        lambda: classifier(layers.Flatten(), layers.Dense(5), own(layers.Softmax)(name="odd")),
        lambda: classifier(layers.Flatten(), layers.Dropout(0.5, noise_shape=(None, 1), name="odd"), layers.Dense(5)),
        lambda: classifier(layers.Flatten(), layers.Activation("softmax", name="odd"), layers.Dense(5)),
        lambda: classifier(layers.Flatten(), layers.Softmax(name="odd"), layers.Dense(5)),
        lambda: classifier(
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation=lambda v: keras.activations.softmax(v, axis=1), name="odd"),
            layers.Dense(5),
        ),
        lambda: classifier(layers.Flatten(), layers.Dense(7), layers.Softmax(axis=1, name="odd"), layers.Dense(5)),
        lambda: classifier(layers.Flatten(), layers.Dense(5, activation=lambda v: v - ops.mean(v), name="odd")),
        lambda: with_lora(classifier(layers.Flatten(), layers.Dense(5, name="odd")), "odd"),
        lambda: quantised(classifier(layers.Flatten(), layers.Dense(5, name="odd"))),
        lambda: classifier(
            layers.Flatten(), layers.Dense(5, kernel_constraint=keras.constraints.MaxNorm(1), name="odd")
        ),
        lambda: classifier(
            layers.Flatten(), layers.Dense(5, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(), name="odd")
        ),
        lambda: classifier(layers.Flatten(), layers.Dense(5, activity_regularizer="l2", name="odd")),
        lambda: classifier(layers.Flatten(), layers.Dense(5, activation=layers.PReLU(), name="odd")),
    ],
)
def test_more_than_the_plain_layers_is_refused_by_name(model):
    with pytest.raises(ValueError, match="'odd'"):
        convolutionalize(model())


def test_a_classifier_of_ones_own_class_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return -super().call(x)

    inputs = keras.Input((8, 8, 3))
    model = Own(inputs, layers.Dense(5)(layers.Flatten()(inputs)))
    for convert in (convolutionalize, split_softmax):
        with pytest.raises(ValueError, match="Own"):
            convert(model)
