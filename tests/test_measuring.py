"""Measured strides against the truth of built networks, footprints against computed grids, centroids by hand."""

import numpy as np
import pytest

from fcn_tutorial import geometry, measuring
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.measuring import footprints, strips

layers = keras.layers
TENSORFLOW = keras.backend.backend() == "tensorflow"
# Other backends take minutes to build and compile hundreds of layers.
FAMILIES = ["VGG16", "MobileNetV2"]
if TENSORFLOW:
    FAMILIES += ["ResNet50", "Xception", "DenseNet121", "InceptionV3", "NASNetMobile"]


def family(name):
    """A network of keras.applications, without weights and without a size."""
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    if name != "NASNetMobile":
        return build(weights=None, include_top=False, input_shape=(None, None, 3))
    # NASNet compares the sizes of its maps while it is built: build it with a size, take the size away afterwards.
    config = build(weights=None, include_top=False, input_shape=(224, 224, 3)).get_config()
    config["layers"][0]["config"]["batch_shape"] = (None, None, None, 3)
    return keras.Model.from_config(config)


def chain(*steps, channels=3, seed=0):
    """Convolutions of (filters, kernel, stride, padding) with ReLU."""
    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((None, None, channels))
    for filters, kernel, stride, padding in steps:
        x = layers.Conv2D(filters, kernel, stride, padding, activation="relu")(x)
    return keras.Model(inputs, x)


def snapshot(model):
    return model.get_weights(), [layer.trainable for layer in model.layers]


def assert_untouched(model, before):
    for now, then in zip(model.get_weights(), before[0], strict=True):
        np.testing.assert_array_equal(now, then)
    assert [layer.trainable for layer in model.layers] == before[1]


# Every way on the families of keras.applications


@pytest.mark.parametrize("name", FAMILIES)
def test_every_way_gives_32(name):
    model = family(name)
    assert measuring.stride_by_slope(model) == 32
    assert measuring.stride_by_slope(model, axis=0) == 32
    if not TENSORFLOW:
        return
    assert measuring.stride_by_shift(model) == 32
    if name not in ("VGG16", "DenseNet121"):
        assert measuring.stride_by_footprint(model) == 32
        return
    found = footprints.footprint(model)
    grid = list(geometry.layer_grids(model, found.size).values())[-1].columns
    assert found[:4] == (32, grid.first, grid.last, {"VGG16": 212, "DenseNet121": 2071}[name])


# Small networks with known strides


CHAINS = [
    ([(4, 3, 2, "same"), (4, 3, 2, "same")], 4),
    ([(4, 3, 2, "valid"), (4, 5, 3, "valid")], 6),
    ([(4, 3, 1, "same"), (4, 1, 2, "same"), (4, 3, 1, "same")], 2),
    ([(4, 7, 5, "same"), (4, 3, 1, "valid"), (4, 3, 3, "same")], 15),
    ([(4, 3, 1, "same")], 1),
]


@pytest.mark.parametrize(("steps", "stride"), CHAINS)
@pytest.mark.parametrize("axis", [0, 1])
def test_three_ways_on_small_networks(steps, stride, axis):
    model = chain(*steps)
    before = snapshot(model)
    assert measuring.measure_stride(model, axis) == {"slope": stride, "shift": stride, "footprint": stride}
    assert_untouched(model, before)


def test_the_two_axes_are_told_apart():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(4, (3, 5), (2, 3), padding="same")(inputs))
    assert set(measuring.measure_stride(model, axis=0).values()) == {2}
    assert set(measuring.measure_stride(model, axis=1).values()) == {3}
    assert footprints.footprint(model, axis=0).receptive_field == 3
    assert footprints.footprint(model, axis=1).receptive_field == 5


@pytest.mark.parametrize("rounding", [lambda n: -(-n // 7), lambda n: n // 7, lambda n: (n - 5) // 7 + 1])
def test_slope_is_exact_for_every_rounding_of_a_plain_function(rounding):
    def model(images):
        return np.zeros((1, rounding(images.shape[1]), rounding(images.shape[2]), 2))

    assert all(measuring.stride_by_slope(model, size=size) == 7 for size in (100, 101, 104, 106))


def test_slope_of_an_upsampling_network_is_a_fraction():
    inputs = keras.Input((None, None, 3))
    assert measuring.stride_by_slope(keras.Model(inputs, layers.UpSampling2D(2)(inputs))) == 0.5


def test_shift_of_a_plain_function():
    def model(images):
        images = np.asarray(images)
        return np.stack([images[:, ::6, ::6].mean(axis=-1), images[:, ::6, ::6].max(axis=-1)], axis=-1)

    assert measuring.stride_by_shift(model) == 6
    differences = measuring.shift_differences(model, largest=8)
    assert differences.shape == (8,)
    assert differences.argmin() == 5


# Footprints


@pytest.mark.parametrize(("steps", "stride"), CHAINS)
def test_footprint_is_the_computed_window(steps, stride):
    model = chain(*steps, seed=3)
    found = footprints.footprint(model)
    grid = list(geometry.layer_grids(model, found.size).values())[-1].columns
    assert found[:4] == (stride, grid.first, grid.last, grid.receptive_field)


def test_footprint_says_that_a_gate_sees_everything():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
    gate = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    found = footprints.footprint(keras.Model(inputs, layers.Multiply()([x, gate])))
    assert found.stride == 2
    assert found.receptive_field is None


# Refusals


def test_what_cannot_be_measured_is_refused():
    inputs = keras.Input((None, None, 3))
    pooled = keras.Model(inputs, layers.GlobalAveragePooling2D()(inputs))
    with pytest.raises(ValueError, match="expected one map"):
        measuring.stride_by_slope(pooled)
    with pytest.raises(ValueError, match="expected one map"):
        measuring.measure_stride(keras.Model(inputs, {"a": inputs, "b": inputs}))
    with pytest.raises(ValueError, match="any size"):
        measuring.stride_by_slope(
            keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(96, 96, 3))
        )
    with pytest.raises(ValueError, match="largest"):
        measuring.stride_by_shift(chain((4, 3, 5, "same"), (4, 3, 3, "same")), largest=12)
    with pytest.raises(ValueError, match="expected a Keras model"):
        measuring.stride_by_footprint(lambda images: images)
    with pytest.raises(ValueError, match="does not grow"):
        measuring.stride_by_slope(lambda images: np.zeros((1, 4, 4, 1)))
    gate = layers.Multiply()([inputs, layers.GlobalAveragePooling2D(keepdims=True)(inputs)])
    everywhere = keras.Model(inputs, layers.Add()([gate, layers.GlobalMaxPooling2D(keepdims=True)(inputs)]))
    with pytest.raises(ValueError, match="reaches every cell"):
        measuring.stride_by_footprint(everywhere)


def test_a_weight_of_an_unknown_kind_is_refused():
    class Own(layers.Layer):
        def build(self, shape):
            self.odd = self.add_weight(shape=(1,), name="odd")

        def call(self, x):
            return x * self.odd

    inputs = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="odd"):
        measuring.stride_by_footprint(keras.Model(inputs, Own()(inputs)))


def test_the_weights_come_back_when_a_footprint_fails():
    model = chain((2, 3, 2, "same"))
    before = snapshot(model)
    with pytest.raises(RuntimeError), footprints.positive_weights(model, 1):
        assert all((weight > 0).all() for weight in model.get_weights()[::2])
        raise RuntimeError
    assert_untouched(model, before)


# Effective centre


@pytest.mark.parametrize("stride", [1, 2])
def test_effective_centre_of_one_convolution_is_its_kernels_centroid(stride):
    kernel = np.random.default_rng(1).standard_normal((5, 3, 1, 1)).astype("float32")
    inputs = keras.Input((None, None, 1))
    layer = layers.Conv2D(1, (5, 3), strides=stride)
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([kernel, np.zeros(1)])
    squares = kernel[:, :, 0, 0].astype(float) ** 2
    rows, columns = np.indices(squares.shape)
    expected = (2 * stride + (rows * squares).sum() / squares.sum(), stride + (columns * squares).sum() / squares.sum())
    image = np.random.default_rng(2).standard_normal((13, 11, 1))
    np.testing.assert_allclose(measuring.effective_centre(model, image, cell=(2, 1)), expected, atol=1e-4)


def test_input_gradient_against_differences():
    model = chain((3, 3, 2, "same"), (2, 3, 1, "same"))
    image = np.random.default_rng(0).standard_normal((6, 5, 3)).astype("float32")
    weights = np.random.default_rng(1).standard_normal((1, 3, 3, 2)).astype("float32")
    gradient = measuring._input_gradient(model, image, weights)
    for place in [(0, 0, 0), (3, 2, 1), (5, 4, 2)]:
        step = np.zeros_like(image)
        step[place] = 1e-3
        up, down = (ops.convert_to_numpy(model(ops.convert_to_tensor((image + s)[None]))) for s in (step, -step))
        slope = (weights.astype(float) * (up.astype(float) - down)).sum() / 2e-3
        np.testing.assert_allclose(gradient[place], slope, rtol=2e-2, atol=2e-3)


def test_effective_centre_of_random_networks_stays_near_the_theory_and_leaves_the_model_alone():
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((None, None, 3))
    for _ in range(3):
        x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    model = keras.Model(inputs, x)
    model.layers[1].trainable = False
    before = snapshot(model)
    for size in (64, 65):
        image = np.random.default_rng(size).standard_normal((size, size, 3))
        offset = list(geometry.layer_grids(model, (size, size)).values())[-1].rows.offset
        centre = measuring.effective_centre(model, image, cell=(4, 4), directions=8)
        assert np.abs(np.array(centre) - (8 * 4 + offset)).max() < 1.5
    assert_untouched(model, before)


def test_effective_centre_refuses_bad_input():
    model = chain((2, 3, 2, "same"))
    with pytest.raises(ValueError, match=r"\(8, 8\)"):
        measuring.effective_centre(model, np.zeros((8, 8)))
    with pytest.raises(ValueError, match="finite"):
        measuring.effective_centre(model, np.full((8, 8, 3), np.nan))
    with pytest.raises(ValueError, match=r"\(4, 0\).*4 x 4"):
        measuring.effective_centre(model, np.ones((8, 8, 3)), cell=(4, 0))
    with pytest.raises(ValueError, match="zero everywhere"):
        measuring.effective_centre(lambda images: ops.zeros((1, 4, 4, 1)) * images[:, :4, :4, :1], np.ones((8, 8, 3)))


def test_strips_run_in_batches_gives_the_same_maps(monkeypatch):
    model = chain((2, 3, 2, "same"))
    images = np.random.default_rng(0).standard_normal((5, 32, 16, 3)).astype("float32")
    at_once = strips.run(model, images, 1)
    monkeypatch.setattr(strips, "_PIXELS_AT_ONCE", 1000)
    np.testing.assert_allclose(strips.run(model, images, 1), at_once, atol=1e-6)
    assert at_once.shape == (5, 16, 8, 2)


def test_shift_refuses_a_map_that_does_not_depend_on_the_image():
    with pytest.raises(ValueError, match="No single shift"):
        measuring.stride_by_shift(lambda images: 0 * np.asarray(images)[:, ::4, ::4] + 1, largest=12)


def cropped(before, kernel, stride, after=(0, 0), padding="same"):
    """A convolution of columns between two croppings, or paddings where they are negative."""
    x = inputs = keras.Input((None, None, 3))
    for number, amounts in enumerate((before, after)):
        kind = layers.ZeroPadding2D if min(amounts) < 0 else layers.Cropping2D
        x = kind(((0, 0), tuple(abs(amount) for amount in amounts)))(x)
        x = x if number else layers.Conv2D(4, (1, kernel), (1, stride), padding)(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    "steps",
    [
        ((0, 100), 3, 2),
        ((0, 100), 31, 2),
        ((100, 0), 31, 2),
        ((60, 90), 9, 4, (0, 12)),
        ((-5, -40), 31, 4, (3, 30)),
        ((0, 110), 5, 3, (-4, -70), "valid"),
    ],
)
def test_the_footprint_of_cropped_and_padded_networks_is_the_computed_window(steps):
    """Where a crop cuts off the windows of the last cells, all of those end at one pixel."""
    model = cropped(*steps)
    found = footprints.footprint(model)
    grid = list(geometry.layer_grids(model, found.size).values())[-1].columns
    assert found[:4] == (grid.stride, grid.first, grid.last, grid.receptive_field)
    assert footprints.footprint_stride(model) == steps[2]


def test_a_footprint_that_cannot_be_is_refused():
    inputs = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="answer to ink up to pixel"):
        footprints.footprint(keras.Model(inputs, layers.UpSampling2D(4)(inputs)))
