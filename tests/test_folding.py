"""Folding against the network as it was, and against a convolution that a hand can compute."""

import numpy as np
import pytest
from small_backbone import shake, small_backbone, weights_of

from fcn_tutorial import backbones, models, weights
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.folding import fold_batch_norms, fold_network

layers = keras.layers
RNG = np.random.RandomState(0)


def norms(model):
    """How many batch-norms a model has, those of nested models too."""
    return sum(isinstance(layer, layers.BatchNormalization) for layer in model._flatten_layers())


def model_of(build, size=(9, 8, 3)):
    """A model with shaken weights from `build`, which takes a Keras tensor and returns one."""
    inputs = keras.Input(size)
    model = keras.Model(inputs, build(inputs))
    shake(model)
    return model


def check(model, left, tolerance=1e-5):
    """Fold `model`: the same function, with `left` batch-norms, and `model` itself as it was."""
    x = RNG.randn(2, *model.input_shape[1:]).astype("float32")
    before, start, there = weights_of(model), model(x), norms(model)
    folded = fold_batch_norms(model)
    assert norms(folded) == left
    answers = zip(*(output if isinstance(output, list) else [output] for output in (start, folded(x))), strict=True)
    for expected, answer in answers:
        expected, answer = ops.convert_to_numpy(expected), ops.convert_to_numpy(answer)
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(answer, expected, atol=tolerance * np.abs(expected).max())
    assert norms(model) == there and len(before) == len(model.weights)
    assert all((a == b).all() for a, b in zip(before, weights_of(model), strict=True))
    return folded


def test_one_number_by_hand():
    """(2 * 5 + 1 - 3) / sqrt(3 + 1) * 4 + 7 = 23 becomes 4 * 5 + 3."""
    inputs = keras.Input((1, 1, 1))
    model = keras.Model(inputs, layers.BatchNormalization(epsilon=1)(layers.Conv2D(1, 1)(inputs)))
    numbers = {"kernel": 2, "bias": 1, "gamma": 4, "beta": 7, "moving_mean": 3, "moving_variance": 3}
    for weight in model.weights:
        weight.assign(np.full(weight.shape, numbers[weight.path.split("/")[-1]], "float32"))
    folded = fold_batch_norms(model)
    kernel, bias = folded.get_weights()
    assert kernel.ravel() == pytest.approx([4]) and bias == pytest.approx([3])
    assert ops.convert_to_numpy(folded(np.full((1, 1, 1, 1), 5.0))).ravel() == pytest.approx([23])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "convolution",
    [
        lambda bias: layers.Conv2D(5, 3, 2, padding="same", use_bias=bias),
        lambda bias: layers.Conv2D(6, (2, 3), dilation_rate=2, groups=3, use_bias=bias),
        lambda bias: layers.DepthwiseConv2D(3, use_bias=bias),
        lambda bias: layers.DepthwiseConv2D(3, depth_multiplier=4, use_bias=bias),
        lambda bias: layers.SeparableConv2D(5, 3, depth_multiplier=2, use_bias=bias),
    ],
    ids=["plain", "grouped", "depthwise", "multiplied", "separable"],
)
def test_each_kind_of_convolution(convolution, bias):
    check(model_of(lambda x: layers.ReLU()(layers.BatchNormalization(epsilon=0.1)(convolution(bias)(x)))), left=0)


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"scale": False, "center": False}])
def test_norms_without_scale_or_shift(options):
    check(model_of(lambda x: layers.BatchNormalization(**options)(layers.Conv2D(4, 3)(x))), left=0)


def read_twice(x):
    x = layers.Conv2D(4, 3)(x)
    return layers.Add()([x, layers.BatchNormalization()(x)])


def given_out_too(x):
    x = layers.Conv2D(4, 3)(x)
    return [x, layers.BatchNormalization()(x)]


def shared_convolution(x):
    convolution = layers.Conv2D(3, 3, padding="same")
    return convolution(layers.BatchNormalization()(convolution(x)))


def shared_norm(x):
    norm = layers.BatchNormalization()
    return norm(layers.ReLU()(norm(layers.Conv2D(4, 3)(x))))


def shared_by_two_convolutions(x):
    norm = layers.BatchNormalization()
    return layers.Add()([norm(layers.Conv2D(4, 3)(x)), norm(layers.Conv2D(4, 3)(x))])


def nested(inner):
    """Convolution in front, then a model of its own of what `inner` makes."""

    def build(x):
        x = layers.Conv2D(4, 3)(x)
        inputs = keras.Input(x.shape[1:])
        return keras.Model(inputs, inner(inputs))(x)

    return build


UNFOLDED = {
    "activation inside": lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(x)),
    "read by two layers": read_twice,
    "an output itself": given_out_too,
    "convolution called twice": shared_convolution,
    "norm called twice": shared_norm,
    "norm of two convolutions": shared_by_two_convolutions,
    "norm first": lambda x: layers.Conv2D(4, 3)(layers.BatchNormalization()(x)),
    "norm of rows": lambda x: layers.BatchNormalization(axis=1)(layers.Conv2D(8, 3, padding="same")(x)),
    "not a convolution before": lambda x: layers.BatchNormalization()(layers.Dense(4)(x)),
    "transposed": lambda x: layers.BatchNormalization()(layers.Conv2DTranspose(4, 3)(x)),
    "something between": lambda x: layers.BatchNormalization()(layers.MaxPooling2D()(layers.Conv2D(4, 3)(x))),
    "norm in a nested model": nested(layers.BatchNormalization()),
    "both in a nested model": nested(lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3)(x))),
}


@pytest.mark.parametrize("build", UNFOLDED.values(), ids=UNFOLDED)
def test_what_cannot_be_folded_stays_and_the_function_too(build):
    check(model_of(build, size=(8, 8, 3)), left=1)


def test_a_convolution_with_channels_first_stays():
    model = model_of(lambda x: layers.BatchNormalization()(layers.Conv2D(8, 1, data_format="channels_first")(x)))
    assert norms(fold_batch_norms(model)) == 1


def test_one_is_folded_and_the_next_stays():
    def build(x):
        x = layers.BatchNormalization()(layers.Conv2D(4, 3, name="first")(x))
        return layers.BatchNormalization(name="stays")(layers.ReLU()(x))

    folded = check(model_of(build), left=1)
    assert folded.get_layer("stays") and folded.get_layer("first").use_bias


def test_a_model_that_is_not_functional_is_refused():
    with pytest.raises(ValueError, match="functional|Functional"):
        fold_batch_norms(keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()]))

    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="functional"):
        fold_batch_norms(Own())


@pytest.mark.parametrize("name", ["fcn8s", "fcn4s"])
def test_whole_networks_answer_as_before(name):
    network = models.NETWORKS[name](small_backbone())
    shake(network.scores, 1)
    images = RNG.randn(2, 61, 83, 3).astype("float32")
    before, start = weights_of(network.model), ops.convert_to_numpy(network.model(images))
    folded = fold_network(network)
    for model in (folded.features, folded.scores, folded.head, folded.model):
        assert norms(model) == 0
    answer = ops.convert_to_numpy(folded.model(images))
    parts = folded.head({**folded.features(images), "like": ops.convert_to_tensor(images)})
    assert answer.shape == start.shape == (2, 61, 83, 11) and np.abs(start).max() > 1
    np.testing.assert_allclose(answer, start, atol=1e-5 * np.abs(start).max())
    np.testing.assert_allclose(ops.convert_to_numpy(parts), answer, atol=1e-5)
    assert (folded.stride, folded.class_names, folded.backbone) == (
        network.stride,
        network.class_names,
        network.backbone,
    )
    assert all((a == b).all() for a, b in zip(before, weights_of(network.model), strict=True))


def test_later_changes_are_folded_when_folded_again(tmp_path):
    """Each call answers as the network does then; the network itself can still be trained and saved."""
    network = models.fcn8s(small_backbone())
    images = RNG.randn(1, 32, 32, 3).astype("float32")
    for seed in (1, 2):
        shake(network.model, seed)
        expected = ops.convert_to_numpy(network.model(images))
        answer = ops.convert_to_numpy(fold_network(network).model(images))
        np.testing.assert_allclose(answer, expected, atol=1e-5 * np.abs(expected).max())
    weights.save(network, tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="fcn8s_folded can't be saved"):
        weights.save(fold_network(network), tmp_path / "b.weights.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["a.weights.h5"]


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2"])
def test_whole_backbones(name):
    backbone = backbones.load(name, weights=None)
    features = backbone.features((8, 16, 32))
    shake(features)
    folded = fold_batch_norms(features)
    assert norms(features) > 40 and norms(folded) == 0
    images = RNG.uniform(-1, 1, (1, 45, 70, 3)).astype("float32")
    for key, expected in features(images).items():
        expected = ops.convert_to_numpy(expected)
        np.testing.assert_allclose(ops.convert_to_numpy(folded(images)[key]), expected, atol=1e-4 * expected.max())


OPERATIONS = {
    "plus a number": (lambda x: block(x) + 1.0, 0),
    "an activation": (lambda x: ops.relu(block(x)), 0),
    "twice of one": (lambda x: ops.relu6(block(block(x) * 2.0)) / 3.0, 0),
    "with an axis": (lambda x: ops.mean(ops.clip(block(x), -1.0, 2.0), axis=(1, 2)), 0),
    "between": (lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3)(x) * 2.0), 1),
    "in front": (lambda x: ops.softmax(block(ops.concatenate([x, x + 1.0], axis=-1)), axis=-1), 0),
    "with an array": (lambda x: block(x) * np.arange(4, dtype="float32"), 0),
}


def block(x):
    return layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))


@pytest.mark.parametrize("build, left", OPERATIONS.values(), ids=OPERATIONS)
def test_operations_in_the_graph_are_copied(build, left):
    model = model_of(build)
    folded = check(model, left)
    assert not {id(operation) for operation in model.operations} & {id(operation) for operation in folded.operations}


def test_a_norm_of_the_images_themselves_stays():
    model = model_of(lambda x: layers.BatchNormalization(momentum=1.0)(layers.Conv2D(4, 3)(x), training=True))
    check(model, left=1)
    folds = model_of(lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3)(x), training=False))
    check(folds, left=0)


def test_a_convolution_with_more_than_its_kernel_stays():
    def with_lora(x):
        convolution = layers.Conv2D(4, 3)
        y = convolution(x)
        convolution.enable_lora(2)
        return layers.BatchNormalization()(y)

    class Own(layers.Conv2D):
        def call(self, x):
            return 2 * super().call(x)

    class BatchNormalization(layers.BatchNormalization):
        def call(self, x, training=None):
            return 3 * super().call(x, training=training)

    check(model_of(with_lora), left=1)
    check(model_of(lambda x: layers.BatchNormalization()(Own(4, 3)(x))), left=1)
    check(model_of(lambda x: BatchNormalization()(layers.Conv2D(4, 3)(x))), left=1)
    half = model_of(lambda x: layers.BatchNormalization(dtype="float32")(layers.Conv2D(4, 3, dtype="float16")(x)))
    check(half, left=1)


def test_a_model_of_ones_own_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return -super().call(x)

    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match="Own"):
        fold_batch_norms(Own(inputs, block(inputs)))


def test_mobilenet_v3_small():
    model = keras.applications.MobileNetV3Small(weights=None, input_shape=(64, 64, 3), include_top=False)
    shake(model)
    images = RNG.uniform(0, 255, (1, 64, 64, 3)).astype("float32")
    expected, folded = ops.convert_to_numpy(model(images)), fold_batch_norms(model)
    assert norms(model) == 34 and norms(folded) == 0 and np.abs(expected).max() > 0.1
    np.testing.assert_allclose(ops.convert_to_numpy(folded(images)), expected, atol=1e-4 * np.abs(expected).max())
