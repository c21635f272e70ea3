"""Computed grids against Keras' own shapes and against footprints of running networks."""

import functools
import itertools

import numpy as np
import pytest

from fcn_tutorial import geometry
from fcn_tutorial.backend import keras, ops

layers = keras.layers
large = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only configurations are read: one backend is enough"
)


@functools.cache
def application(name, size=None, top=False):
    shape = (size, size, 3)
    return getattr(keras.applications, name)(weights=None, include_top=top, input_shape=shape)


def last_grid(model, size):
    return list(geometry.layer_grids(model, size).values())[-1]


# The chain


def test_total_stride_is_the_product_not_the_sum():
    assert geometry.total_stride([2, 2, 2, 2, 2]) == 32
    assert geometry.total_stride([]) == 1


def test_receptive_field_of_vgg16_by_hand():
    kernels, strides = [], []
    for convolutions in (2, 2, 3, 3, 3):
        kernels += [3] * convolutions + [2]
        strides += [1] * convolutions + [2]
    assert geometry.receptive_field(kernels, strides) == 212
    assert geometry.receptive_field([*kernels, 7], [*strides, 1]) == 404
    with pytest.raises(ValueError, match="1 kernels and 2 strides"):
        geometry.receptive_field([3], [1, 1])


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_sizes_and_padding_against_a_running_layer(padding):
    for size, kernel, stride, dilation in itertools.product((7, 8, 12), (1, 2, 3, 5), (1, 2, 3), (1, 2)):
        expected = geometry.output_size(size, kernel, stride, padding, dilation)
        if expected < 1 or (stride > 1 and dilation > 1):
            continue
        layer = layers.Conv1D(1, kernel, stride, padding, dilation_rate=dilation, use_bias=False)
        layer.build((None, size, 1))
        layer.set_weights([10.0 ** np.arange(kernel).reshape(kernel, 1, 1)])
        ones = ops.convert_to_numpy(layer(np.ones((1, size, 1), "float32")))[0, :, 0]
        assert len(ones) == expected
        if padding == "same":
            # The digit of a tap is 1 where it meets a pixel and 0 where it meets padding.
            begin, end = geometry.same_padding(size, kernel, stride, dilation)
            padded = np.pad(np.ones(size), (begin, end))
            plain = [sum(10.0**t * padded[i * stride + t * dilation] for t in range(kernel)) for i in range(expected)]
            np.testing.assert_allclose(ones, plain)


def test_output_size_with_explicit_zeros_and_refusal():
    assert geometry.output_size(10, 3, 2, (1, 0)) == 5
    with pytest.raises(ValueError, match="'full'"):
        geometry.output_size(10, 3, 2, "full")


# Sizes of every layer


@large
@pytest.mark.parametrize(
    "name",
    ["VGG16", "ResNet50", "MobileNet", "MobileNetV2", "MobileNetV3Small", "DenseNet121", "Xception", "InceptionV3",
     "EfficientNetB0"],
)  # fmt: skip
def test_every_layer_has_the_size_and_stride_that_keras_computes(name):
    model = application(name)
    every = keras.Model(model.inputs, {str(i): layer.output for i, layer in enumerate(model.layers)})
    for size in ((97, 128), (361, 481)):
        grids = geometry.layer_grids(model, size)
        shapes = every.compute_output_shape((1, *size, 3))
        for i, layer in enumerate(model.layers):
            expected = shapes[str(i)][1:3] if len(shapes[str(i)]) == 4 else (1, 1)
            assert grids[layer.name].size == tuple(expected), layer.name
    assert last_grid(model, (361, 481)).stride == (32, 32)


def test_sizes_of_a_real_run():
    model = application("MobileNetV2")
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    grids = geometry.layer_grids(model, (65, 33))
    for layer, result in zip(model.layers, every([np.zeros((1, 65, 33, 3), "float32")]), strict=True):
        assert grids[layer.name].size == tuple(result.shape[1:3]), layer.name


@pytest.mark.parametrize(("pixels", "cells"), [(33, 1), (361, 11), (481, 15)])
def test_mobilenet_v2_floors(pixels, cells):
    assert last_grid(application("MobileNetV2"), (pixels, pixels)).size == (cells, cells)


@large
def test_inception_v3_is_valid():
    assert last_grid(application("InceptionV3"), (299, 299)).size == (8, 8)


# Published receptive fields


@large
def test_receptive_field_of_convnext_tiny_by_hand():
    """A 4x4 patch, then blocks of one 7x7 convolution each, 3, 3, 9 and 3 of them, with 2x2 convolutions between."""
    kernels = [4, *[7] * 3, 2, *[7] * 3, 2, *[7] * 9, 2, *[7] * 3]
    strides = [4, *[1] * 3, 2, *[1] * 3, 2, *[1] * 9, 2, *[1] * 3]
    pixels = geometry.receptive_field(kernels, strides)
    grids = geometry.layer_grids(application("ConvNeXtTiny", 224, top=True), (224, 224))
    name = "convnext_tiny_stage_3_block_2_identity"
    assert (grids[name].receptive_field, grids[name].stride) == ((pixels, pixels), (32, 32)) == ((1688, 1688), (32, 32))


@large
@pytest.mark.parametrize(("name", "pixels"), [("VGG16", 212), ("DenseNet121", 2071), ("InceptionV3", 1311)])
def test_receptive_fields(name, pixels):
    assert last_grid(application(name), (384, 384)).receptive_field == (pixels, pixels)


def test_vgg16_pool5_and_fc6():
    model = application("VGG16")
    fc6 = layers.Conv2D(4, 7, padding="valid", name="fc6")(model.output)
    grids = geometry.layer_grids(keras.Model(model.inputs, fc6), (384, 384))
    assert grids["block5_pool"].stride == (32, 32)
    assert grids["block5_pool"].receptive_field == (212, 212)
    assert grids["fc6"].receptive_field == (404, 404)
    assert grids["fc6"].size == (6, 6)


@large
def test_nasnet_mobile():
    grid = last_grid(application("NASNetMobile", 224), (224, 224))
    assert grid.receptive_field == (2407, 2407)
    assert grid.stride == (32, 32)


# Centres


def five_halvings():
    x = inputs = keras.Input((None, None, 1))
    for number in range(5):
        x = layers.Conv2D(1, 3, strides=2, padding="same", name=f"c{number}")(x)
    return keras.Model(inputs, x)


def test_centre_depends_on_the_image_size():
    grid = last_grid(five_halvings(), (352, 353))
    assert grid.offset == (31, 0)
    assert grid.rows.centre(np.arange(3)).tolist() == [31, 63, 95]
    assert last_grid(five_halvings(), (360, 480)).offset == (7, 31)
    assert [last_grid(five_halvings(), (n, n)).rows.offset for n in (321, 513, 769)] == [0, 0, 0]


def test_shortcut_and_pooled_path_are_merged_by_union():
    inputs = keras.Input((None, None, 1))
    shortcut = layers.Conv2D(1, 1, strides=2, name="shortcut")(inputs)
    pooled = layers.MaxPooling2D(3, 2, padding="same", name="pooled")(inputs)
    grids = geometry.layer_grids(keras.Model(inputs, layers.Add(name="sum")([shortcut, pooled])), (8, 8))
    assert (grids["shortcut"].rows.first, grids["shortcut"].rows.last) == (0, 0)
    assert (grids["pooled"].rows.first, grids["pooled"].rows.last) == (0, 2)
    assert (grids["sum"].rows.first, grids["sum"].rows.last) == (0, 2)


# Footprints of random networks: which pixels change which cells


def random_network(seed, dilated=False):
    """A random network of branches with positive weights, without bias; small enough for one run per pixel."""
    random = np.random.default_rng(seed)

    def window(x, stride, padding):
        size, kind = int(random.integers(max(stride, 2), 6)), random.integers(5)
        dilation = int(random.integers(1, 4)) if dilated and stride == 1 else 1
        options = {"strides": stride, "padding": padding}
        if kind == 0:
            return layers.MaxPooling2D(size, **options)(x)
        if kind == 1:
            return layers.AveragePooling2D(size, **options)(x)
        if kind == 2:
            return layers.DepthwiseConv2D(size, use_bias=False, dilation_rate=dilation, **options)(x)
        if kind == 3:
            return layers.SeparableConv2D(2, size, use_bias=False, dilation_rate=dilation, **options)(x)
        return layers.Conv2D(2, size, use_bias=False, dilation_rate=dilation, **options)(x)

    x = inputs = keras.Input((None, None, 2))
    for stride in (1, 2, 1, 2):
        if dilated:
            pads = random.integers(0, 3, (2, 2)).tolist()
            x = layers.ZeroPadding2D(pads)(x)
            x = layers.Cropping2D(((1, 0), (0, 1)))(x)
            x = window(x, stride, "valid")
        else:
            x = layers.Concatenate()([window(x, stride, "same"), window(x, stride, "same")])
            x = layers.Conv2D(2, 1, use_bias=False)(x)
            x = layers.Add()([x, layers.ReLU()(window(x, 1, "same"))])
    model = keras.Model(inputs, x)
    for weight in model.weights:
        weight.assign(0.5 + random.random(tuple(weight.shape)))
    return model


def reached(model, size, axis):
    """(pixels, cells) bool: does a line of ink on one row (axis 0) or column (1) change a row or column of the map?"""
    images = np.zeros((size[axis], *size, 2), "float32")
    for pixel in range(size[axis]):
        images[(pixel, pixel) if axis == 0 else (pixel, slice(None), pixel)] = 1
    maps = ops.convert_to_numpy(model(images))
    return (maps != 0).any(axis=3).any(axis=2 - axis)


@pytest.mark.parametrize("seed", range(6))
def test_same_networks_see_exactly_the_computed_pixels(seed):
    model, size = random_network(seed), (40 + seed, 47 + 2 * seed)
    grid = last_grid(model, size)
    for axis, line in enumerate((grid.rows, grid.columns)):
        pixels = reached(model, size, axis)
        assert pixels.shape[1] == line.size
        for cell, column in enumerate(pixels.T):
            seen = np.flatnonzero(column)
            first, last = line.first + line.stride * cell, line.last + line.stride * cell
            assert (seen[0], seen[-1]) == (max(first, 0), min(last, size[axis] - 1))


@pytest.mark.parametrize("seed", range(6))
def test_padded_cropped_and_dilated_networks(seed):
    model, size = random_network(seed, dilated=True), (70 + seed, 81 + 2 * seed)
    grid = last_grid(model, size)
    inside = 0
    for axis, line in enumerate((grid.rows, grid.columns)):
        pixels = reached(model, size, axis)
        assert pixels.shape[1] == line.size
        for cell, column in enumerate(pixels.T):
            seen = np.flatnonzero(column)
            first, last = line.first + line.stride * cell, line.last + line.stride * cell
            if first >= 0 and last < size[axis]:
                inside += 1
                assert (seen[0], seen[-1]) == (first, last)
            elif seen.size:
                assert first <= seen[0] and seen[-1] <= last
    assert inside > 10


# What has no number


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV3Small"])
def test_squeeze_and_excitation_has_no_receptive_field(name):
    grid = last_grid(application(name), (224, 320))
    assert grid.unbounded and grid.rows.unbounded
    assert grid.stride == (32, 32)
    assert grid.size == (7, 10)
    with pytest.raises(ValueError, match="no bound: through layer '.*squeeze"):
        grid.receptive_field  # noqa: B018


@large
def test_behind_global_pooling_there_is_no_grid():
    grids = geometry.layer_grids(application("ResNet50", 224, top=True), (224, 224))
    assert not grids["conv5_block3_out"].unbounded
    assert grids["predictions"].unbounded
    assert grids["predictions"].stride == (None, None)
    with pytest.raises(ValueError, match="'avg_pool'"):
        grids["predictions"].offset  # noqa: B018
    chain = [keras.Input((8, 8, 1)), layers.Conv2D(1, 3), layers.Flatten(name="flat"), layers.Dense(2, name="out")]
    assert geometry.layer_grids(keras.Sequential(chain), (8, 8))["out"].rows.unbounded_by == "flat"


def test_group_normalization_looks_everywhere():
    inputs = keras.Input((None, None, 4))
    grid = last_grid(keras.Model(inputs, layers.GroupNormalization(2)(layers.Conv2D(4, 3, 2)(inputs))), (9, 9))
    assert grid.unbounded and grid.stride == (2, 2) and grid.size == (4, 4)


# Refusals


def refused(layer, size=(32, 32), channels=2, message="own_name"):
    inputs = keras.Input((None, None, channels))
    with pytest.raises(ValueError, match=message):
        geometry.layer_grids(keras.Model(inputs, layer(inputs)), size)


def test_unknown_layers_are_refused_by_name_and_class():
    refused(layers.Conv2DTranspose(1, 4, 2, name="own_name"), message=r"'own_name' \(Conv2DTranspose\)")
    refused(layers.UpSampling2D(2, name="own_name"), message=r"'own_name' \(UpSampling2D\)")
    refused(layers.Permute((2, 1, 3), name="own_name"))
    refused(layers.Softmax(axis=1, name="own_name"))


def pooled(x):
    return layers.GlobalAveragePooling2D(keepdims=True)(x)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda x: ops.average(x, axis=1), r"'average.*' \(ops.Average\)"),
        (lambda x: ops.add(ops.average(x, axis=1, weights=None), 1.0), r"\(ops.Average\)"),
        (lambda x: ops.maximum(x[:, ::2], 0.0), r"\(ops.GetItem\)"),
        (lambda x: layers.Multiply()([x, ops.max(x, axis=1, keepdims=True)]), r"\(ops.Max\)"),
        (lambda x: layers.UpSampling2D(5, name="own_name")(pooled(x)), r"'own_name' \(UpSampling2D\)"),
        (lambda x: layers.Conv2DTranspose(2, 3, 2, name="own_name")(pooled(x)), r"'own_name' \(Conv2DTranspose\)"),
        (lambda x: layers.Permute((2, 1), name="own_name")(layers.Reshape((4, 5))(layers.Dense(20)(
            layers.GlobalAveragePooling2D()(x)))), "Reshape.*gives neither a map nor a vector"),
        (lambda x: ops.add(pooled(x), np.ones((1, 4, 3, 1), "float32")), "4 cells in the model, and 1 as far"),
        (lambda x: layers.Activation(lambda v: keras.activations.softmax(v, axis=1), name="own_name")(x), "'own_name'"),
        (lambda x: layers.Conv2D(2, 3, activation=spread, name="own_name")(x), "'own_name'.*activation of its own"),
    ],
)  # fmt: skip
def test_an_operation_is_known_by_what_it_is_and_a_size_by_the_model(layer, message):
    refused(layer, message=message)


def spread(x):
    return x + ops.mean(x, axis=1, keepdims=True)


def test_a_class_of_ones_own_is_not_taken_for_keras_class_of_that_name():
    class Conv2D(layers.Conv2D):
        def call(self, x):
            return super().call(x)[:, ::2]

    class Add(layers.Layer):
        def call(self, x):
            return ops.roll(x, 3, axis=1)

    refused(Conv2D(2, 3, padding="same", name="own_name"), message=r"'own_name' \(.*\.Conv2D\)")
    refused(Add(name="own_name"), message=r"'own_name' \(.*\.Add\)")

    @keras.saving.register_keras_serializable("mine")
    class ReLU(layers.ReLU):
        pass

    refused(ReLU(name="own_name"), message=r"'own_name' \(.*\.ReLU\)")
    inner = keras.Input((None, None, 2))

    @keras.saving.register_keras_serializable("mine")
    class Network(keras.Model):
        def call(self, x):
            return ops.flip(x, axis=1)

    refused(Network(inner, layers.ReLU()(inner), name="own_name"), message="own_name")


def test_sizes_behind_a_global_pooling_are_keras_sizes():
    """A vector made a map again: each number comes from the whole image, and the layers behind see a map of 4 x 5."""
    x = inputs = keras.Input((24, 25, 3))
    x = layers.Reshape((4, 5, 2), name="map")(layers.Dense(40)(layers.GlobalAveragePooling2D()(x)))
    x = layers.MaxPooling2D((2, 1), name="pooled")(layers.Conv2D(2, 3, padding="same", activation="gelu")(x))
    x = layers.ZeroPadding2D(((1, 0), (2, 3)), name="padded")(x)
    vector = layers.Dense(2)(layers.Flatten(name="flat")(x))
    small = layers.Conv2D(3, (8, 5), (4, 5), name="small")(inputs)
    fitting = layers.Multiply(name="gated")([layers.Reshape((5, 5, 1))(layers.Dense(25)(vector)), small])
    model = keras.Model(inputs, [x, vector, fitting])
    grids = geometry.layer_grids(model, (24, 25))
    for layer in model.layers:
        shape = layer.output.shape
        assert grids[layer.name].size == (tuple(shape[1:3]) if len(shape) == 4 else (1, 1)), layer.name
    assert grids["padded"].size == (3, 10) and grids["padded"].stride == (None, None) and grids["padded"].unbounded
    assert grids["gated"].stride == (4, 5) and grids["gated"].unbounded and not grids["small"].unbounded
    free = keras.Input((None, None, 2))
    four = layers.Reshape((4, 1, 2))(layers.Dense(8)(layers.Flatten()(pooled(free))))
    with pytest.raises(ValueError, match=r"merges branches.*sizes \[4, 5\]"):
        geometry.layer_grids(keras.Model(free, layers.Multiply()([four, free])), (5, 5))


def test_a_norm_of_the_batch_itself_looks_everywhere():
    inputs = keras.Input((None, None, 4))
    for training in (True, False, None):
        norm = layers.BatchNormalization()(inputs, training=training)
        inner = keras.Model(inputs, layers.BatchNormalization()(inputs))(inputs, training=training)
        for output in (norm, inner):
            assert last_grid(keras.Model(inputs, output), (9, 9)).unbounded == (training is True)


def test_unequal_strides_sizes_and_axes_are_refused_by_name():
    def branches(x):
        return layers.Add(name="own_name")([layers.MaxPooling2D(2)(x), x])

    refused(branches, message=r"'own_name' \(Add\).*strides \[2, 1\]")
    refused(lambda x: layers.Concatenate(axis=1, name="own_name")([x, x]), message="'own_name'.*axis 1")


def test_small_images_fixed_sizes_and_other_models():
    with pytest.raises(ValueError, match="'block4_pool'.*too small"):
        geometry.layer_grids(application("VGG16"), (10, 10))
    with pytest.raises(ValueError, match=r"\(224, 224\), not \(256, 224\)"):
        geometry.layer_grids(application("VGG16", 224), (256, 224))

    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="functional"):
        geometry.layer_grids(Own(), (8, 8))


# Graphs


def test_nested_shared_and_sequential_models():
    inner_input = keras.Input((None, None, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    middle = shared(shared(inner_input))
    inner = keras.Model(inner_input, {"b": middle, "a": layers.ReLU(name="a")(middle)}, name="inner")
    chain = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(3, 3, strides=2, name="q")], name="chain")
    outer_input = keras.Input((None, None, 3))
    parts = inner(outer_input)
    x = ops.relu6(layers.Add()([parts["a"], parts["b"]]) + 3.0)
    grids = geometry.layer_grids(keras.Model(outer_input, {"32": chain(x), "8": parts["b"]}), (20, 20))
    assert grids["inner/shared"].receptive_field == (3, 3)
    assert grids["inner/shared (call 2)"].receptive_field == (5, 5)
    assert grids["chain/q"].receptive_field == (7, 7)
    assert grids["chain/q"].size == (9, 9)
    assert geometry.layer_grids(chain, (20, 20))["q"].stride == (2, 2)


# The strided layers


def test_strided_layers_of_vgg16():
    found = geometry.strided_layers(application("VGG16"), (224, 224))
    assert found == [(f"block{number}_pool", 2) for number in range(1, 6)]
    strides = [stride for _, stride in found]
    assert (geometry.total_stride(strides), sum(strides)) == (32, 10)
    assert geometry.strided_layers(application("VGG16"), (224, 224), "block3_conv3") == found[:2]
    with pytest.raises(ValueError, match="'block9'"):
        geometry.strided_layers(application("VGG16"), (224, 224), "block9")


@large
@pytest.mark.parametrize("name", ["ResNet50", "DenseNet121", "Xception", "InceptionV3", "MobileNetV3Small"])
def test_strided_layers_of_branched_networks(name):
    found = geometry.strided_layers(application(name), (224, 224))
    assert [stride for _, stride in found] == [2] * 5


@large
def test_strided_layers_of_a_classifier_and_of_several_outputs():
    model = application("ResNet50", 224, top=True)
    assert len(geometry.strided_layers(model, (224, 224))) == 5
    maps = {"8": model.get_layer("conv3_block4_out").output, "32": model.get_layer("conv5_block3_out").output}
    assert len(geometry.strided_layers(keras.Model(model.inputs, maps), (224, 224))) == 5
