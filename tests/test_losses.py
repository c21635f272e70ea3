"""The loss in both its forms: against plain loops, SciPy's interpolation, autodiff and finite differences."""

import math

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.special import logsumexp

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.losses import PixelCrossEntropy, balancing_weights, pixel_cross_entropy, upsampled_cross_entropy
from fcn_tutorial.upsampling import BilinearUpsampling

RNG = np.random.RandomState(0)
LOGITS = RNG.randn(2, 5, 4, 11).astype("float32")
LABELS = RNG.randint(0, 12, (2, 5, 4))
WEIGHTS = [0.5, 1, 2, 0, 3, 1, 1, 7, 1, 0.1, 1]
# stride, size of the images, how many, class weights: none of the sizes is a multiple of its stride.
CASES = [(32, (50, 70), 2, None), (16, (33, 47), 1, WEIGHTS), (8, (31, 18), 3, None), (4, (13, 22), 2, WEIGHTS)]


def by_loop(labels, logits, void=11, class_weights=None):
    total, weight = 0.0, 0.0
    for index in np.ndindex(labels.shape):
        if labels[index] != void:
            scores = logits[index].astype(float)
            counts = 1 if class_weights is None else class_weights[labels[index]]
            total += counts * (math.log(sum(math.exp(s) for s in scores)) - scores[labels[index]])
            weight += counts
    return total / weight


def upsampled_by_scipy(scores, size, stride):
    """(N, h, w, C) -> (N, *size, C) float64: linear between centres half a cell apart from the corner, edges kept."""
    rows, columns = ((np.arange(n) + 0.5) / stride - 0.5 for n in size)
    grid = np.meshgrid(rows, columns, indexing="ij")
    one = [
        [map_coordinates(map_, grid, order=1, mode="nearest") for map_ in maps.transpose(2, 0, 1)] for maps in scores
    ]
    return np.array(one).transpose(0, 2, 3, 1)


def reference(labels, scores, stride, class_weights=None, void=11):
    """The fast form's value in float64, by SciPy."""
    logits = upsampled_by_scipy(np.asarray(scores, float), labels.shape[1:], stride)
    known = labels != void
    weight = np.ones(11) if class_weights is None else np.array(class_weights, float)
    each = logsumexp(logits, axis=-1)[known] - logits[known, labels[known]]
    weight = weight[labels[known]]
    return (each * weight).sum() / weight.sum()


def case(stride, size, count, spread=3.0):
    rng = np.random.RandomState(stride)
    cells = [-(-side // stride) for side in size]
    labels = rng.randint(0, 12, (count, *size))
    assert (labels == 11).any()
    return labels, (spread * rng.randn(count, *cells, 11)).astype("float32")


class Scores(keras.layers.Layer):
    """Scores that are weights, so that one step of plain descent shows their gradient on any backend."""

    def __init__(self, start):
        super().__init__()
        self.scores = self.add_weight(shape=start.shape, initializer=lambda shape, dtype=None: start, name="scores")

    def call(self, inputs):
        return self.scores + 0 * ops.sum(inputs)


def gradient(labels, scores, loss, like=None, stride=None):
    """Value and gradient of `loss` by the backend's autodiff; with `like`, through the plain upsampling layer."""
    images = keras.Input((1,))
    layer = Scores(scores)
    outputs = layer(images) if like is None else BilinearUpsampling(stride)([layer(images), like])
    model = keras.Model(images, outputs)
    model.compile(keras.optimizers.SGD(1.0), loss)
    value = float(model.train_on_batch(np.zeros((len(labels), 1)), labels))
    return value, scores.astype(float) - ops.convert_to_numpy(layer.scores)


@pytest.mark.parametrize("class_weights", [None, WEIGHTS])
def test_equals_a_plain_loop_over_pixels(class_weights):
    assert (LABELS == 11).any()
    expected = by_loop(LABELS, LOGITS, 11, class_weights)
    assert float(pixel_cross_entropy(LABELS, LOGITS, class_weights=class_weights)) == pytest.approx(expected, rel=1e-6)
    loss = PixelCrossEntropy(class_weights=class_weights)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(expected, rel=1e-6)


def test_scores_of_void_pixels_change_nothing():
    changed = LOGITS.copy()
    changed[LABELS == 11] = 100
    assert float(pixel_cross_entropy(LABELS, changed)) == float(pixel_cross_entropy(LABELS, LOGITS))


def test_another_void_index():
    labels = np.where(LABELS == 11, 255, LABELS)
    expected = by_loop(LABELS, LOGITS)
    assert float(pixel_cross_entropy(labels, LOGITS, void=255)) == pytest.approx(expected, rel=1e-6)
    labels, scores = case(8, (31, 18), 1)
    value = upsampled_cross_entropy(np.where(labels == 11, 255, labels), scores, 8, void=255)
    assert float(value) == pytest.approx(reference(labels, scores, 8), rel=1e-5)


def test_equal_scores_cost_the_logarithm_of_the_number_of_classes():
    assert float(pixel_cross_entropy(LABELS, np.zeros_like(LOGITS))) == pytest.approx(math.log(11), rel=1e-6)
    labels, scores = case(4, (13, 22), 2)
    assert float(upsampled_cross_entropy(labels, 0 * scores, 4)) == pytest.approx(math.log(11), rel=1e-5)


def test_training_on_it_leaves_void_alone():
    """One step on a picture whose only known pixel is (0, 0) moves the scores there and nowhere else."""
    layer = keras.layers.Embedding(4, 11, embeddings_initializer="zeros")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), layer, keras.layers.Reshape((2, 2, 11))])
    model.compile(keras.optimizers.SGD(1.0), PixelCrossEntropy())
    labels = np.full((1, 2, 2), 11)
    labels[0, 0, 0] = 3
    model.train_on_batch(np.arange(4)[None], labels)
    moved = np.abs(ops.convert_to_numpy(layer.embeddings)).sum(axis=1)
    assert moved[0] > 0 and (moved[1:] == 0).all()


@pytest.mark.parametrize("stride, size, count, class_weights", CASES)
def test_the_fast_form_has_the_value_and_gradient_of_the_plain_one_and_of_scipy(stride, size, count, class_weights):
    labels, scores = case(stride, size, count)
    value, fast = gradient(labels, scores, PixelCrossEntropy(stride=stride, class_weights=class_weights))
    like = np.zeros((count, *size, 1), "float32")
    expected, plain = gradient(labels, scores, PixelCrossEntropy(class_weights=class_weights), like, stride)
    assert value == pytest.approx(reference(labels, scores, stride, class_weights), rel=1e-5)
    assert expected == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(fast, plain, atol=1e-6)
    assert np.abs(plain).max() > 1e-3
    rng = np.random.RandomState(1)
    for _ in range(3):
        step = 1e-4 * rng.randn(*scores.shape)
        there, back = (reference(labels, scores.astype(float) + s, stride, class_weights) for s in (step, -step))
        assert (fast * step).sum() == pytest.approx((there - back) / 2, rel=1e-3, abs=1e-9)


def test_the_gradient_is_scaled_by_what_comes_after_the_loss():
    labels, scores = case(8, (31, 18), 3)
    value, once = gradient(labels, scores, PixelCrossEntropy(stride=8))
    doubled, twice = gradient(labels, scores, lambda y, x: 2 * upsampled_cross_entropy(y, x, 8))
    assert doubled == pytest.approx(2 * value, rel=1e-6)
    np.testing.assert_allclose(twice, 2 * once, atol=1e-6)


@pytest.mark.parametrize("height", [30, 120, 3000])
def test_neighbours_that_are_sure_of_different_classes(height):
    """Between them every class lies far below both maxima, so that no exponential is left without a new shift."""
    labels, scores = case(8, (31, 18), 1)
    scores[:] = 0
    scores[0, ::2, ::2, 2] = scores[0, 1::2, :, 5] = height
    value, fast = gradient(labels, scores, PixelCrossEntropy(stride=8))
    expected, plain = gradient(labels, scores, PixelCrossEntropy(), np.zeros((1, 31, 18, 1), "float32"), 8)
    assert value == pytest.approx(reference(labels, scores, 8), rel=1e-5)
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(fast, plain, atol=1e-6)
    assert np.isfinite(fast).all() and np.abs(fast).max() > 1e-3


def test_the_fast_form_leaves_void_alone():
    """A known pixel in the first corner moves the first cell's scores only, however wild those of the others are."""
    labels, scores = np.full((1, 24, 24), 11), np.zeros((1, 3, 3, 11), "float32")
    labels[0, 0, 0] = 3
    scores[0, 1:, 1:] = 1e4
    value, moved = gradient(labels, scores, PixelCrossEntropy(stride=8))
    assert value == pytest.approx(math.log(11), rel=1e-6)
    expected = np.zeros_like(moved)
    expected[0, 0, 0] = 1 / 11 - np.eye(11)[3]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


@pytest.mark.parametrize("stride", [None, 4])
def test_only_void_costs_nothing_and_moves_nothing(stride):
    shape = (1, 2, 2, 11) if stride else (1, 8, 8, 11)
    scores = RNG.randn(*shape).astype("float32")
    value, moved = gradient(np.full((1, 8, 8), 11), scores, PixelCrossEntropy(stride=stride))
    assert value == 0 and (moved == 0).all()


def test_a_class_that_weighs_nothing_is_as_void():
    labels, scores = case(4, (13, 22), 2)
    without = np.where(labels == 3, 11, labels)
    weights = [0.0 if index == 3 else 1.0 for index in range(11)]
    for loss in (
        lambda labels, **options: upsampled_cross_entropy(labels, scores, 4, **options),
        lambda labels, **options: pixel_cross_entropy(labels, BilinearUpsampling(4)([scores, labels]), **options),
    ):
        assert float(loss(labels, class_weights=weights)) == pytest.approx(float(loss(without)), rel=1e-6)


@pytest.mark.parametrize("stride", [32, 8])
def test_huge_scores_give_the_right_number(stride):
    labels, scores = case(stride, (45, 61), 2)
    scores = (1e4 * np.sign(scores)).astype("float32")
    value, moved = gradient(labels, scores, PixelCrossEntropy(stride=stride))
    assert value == pytest.approx(reference(labels, scores, stride), rel=1e-5) and value > 1000
    like = np.zeros((*labels.shape, 1), "float32")
    np.testing.assert_allclose(moved, gradient(labels, scores, PixelCrossEntropy(), like, stride)[1], atol=1e-4)


def test_labels_may_be_floats_as_keras_hands_them_over():
    labels, scores = case(8, (31, 18), 1)
    floats = labels.astype("float32")
    assert float(upsampled_cross_entropy(floats, scores, 8)) == float(upsampled_cross_entropy(labels, scores, 8))
    assert float(PixelCrossEntropy(stride=8)(floats, scores)) == float(upsampled_cross_entropy(labels, scores, 8))
    assert float(pixel_cross_entropy(LABELS.astype("float32"), LOGITS)) == float(pixel_cross_entropy(LABELS, LOGITS))


@pytest.mark.parametrize("class_weights", [None, np.array(WEIGHTS, "float32")])
def test_the_loss_can_be_written_down_and_read_again(class_weights):
    loss = PixelCrossEntropy(stride=8, class_weights=class_weights, void=11)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    labels, scores = case(8, (31, 18), 1)
    assert float(again(labels, scores)) == pytest.approx(float(loss(labels, scores)), rel=1e-6)
    assert (again.stride, again.void) == (8, 11)


def test_balancing_weights_by_hand():
    first, second = np.full((2, 4), 11, np.uint8), np.zeros((2, 4), np.uint8)
    first[0, 0], second[0] = 2, [0, 0, 1, 1]
    weights = balancing_weights([(None, first), (None, second)], 4)  # known pixels: 6, 2, 1, 0 of 9
    expected = [1 / math.log(1.1 + share / 9) for share in (6, 2, 1, 0)]
    assert weights == pytest.approx(expected, rel=1e-6) and weights.dtype == np.float32
    assert weights[3] == pytest.approx(10.492, abs=1e-3)
    assert balancing_weights([(None, np.array([[0, 1]], np.uint8))], 2) == pytest.approx([2.128] * 2, abs=1e-3)


@pytest.mark.parametrize(
    "masks, words",
    [
        ([], "no pixel"),
        ([np.full((2, 2), 11, np.uint8)], "no pixel"),
        ([np.zeros((2, 2)), np.zeros((2, 2), np.uint8)], "float64"),
        ([np.zeros((2, 2), np.uint8), np.full((2, 2), 12, np.uint8)], "12"),
    ],
)
def test_masks_that_cannot_be_counted_are_refused(masks, words):
    with pytest.raises(ValueError, match=words):
        balancing_weights([(None, mask) for mask in masks], 11)


@pytest.mark.parametrize("scale", [1e-9, 1e-30, 1e9])
def test_only_the_ratios_of_class_weights_count(scale):
    labels, scores = case(4, (13, 22), 2)
    weights = [scale * weight for weight in WEIGHTS]
    value, moved = gradient(labels, scores, PixelCrossEntropy(stride=4, class_weights=weights))
    assert value == pytest.approx(reference(labels, scores, 4, WEIGHTS), rel=1e-5)
    expected = gradient(labels, scores, PixelCrossEntropy(stride=4, class_weights=WEIGHTS))[1]
    np.testing.assert_allclose(moved, expected, atol=1e-7)
    plain = pixel_cross_entropy(LABELS, LOGITS, class_weights=weights)
    assert float(plain) == pytest.approx(by_loop(LABELS, LOGITS, class_weights=WEIGHTS), rel=1e-5)
    one = np.full((1, 8, 8), 9)  # a class that weighs a seventieth of the heaviest, alone
    assert float(upsampled_cross_entropy(one, np.zeros((1, 2, 2, 11)), 4, class_weights=weights)) == pytest.approx(
        math.log(11), rel=1e-5
    )


@pytest.mark.parametrize("stride", [None, 4])
@pytest.mark.parametrize("weights", [[1e-9] * 11, [0] * 11])
def test_only_void_or_no_weight_costs_nothing_and_moves_nothing(stride, weights):
    scores = RNG.randn(*((1, 2, 2, 11) if stride else (1, 8, 8, 11))).astype("float32")
    labels = np.full((1, 8, 8), 3 if weights[3] == 0 else 11)
    value, moved = gradient(labels, scores, PixelCrossEntropy(stride=stride, class_weights=weights))
    assert value == 0 and (moved == 0).all()


@pytest.mark.parametrize("weights", [[1] * 10, [-1] + [1] * 10, [math.nan] * 11, [math.inf] + [1] * 10, 3])
def test_class_weights_that_are_none_are_refused(weights):
    for loss in (
        lambda: pixel_cross_entropy(LABELS, LOGITS, class_weights=weights),
        lambda: upsampled_cross_entropy(LABELS, LOGITS, 1, class_weights=weights),
    ):
        with pytest.raises(ValueError, match="class weights are .*expected 11"):
            loss()


@pytest.mark.parametrize("label", [12, -1, 300, 2.5, math.nan, 2**32 + 3])
def test_a_label_that_is_no_class_is_named_or_makes_the_loss_nan_in_a_compiled_step(label):
    labels = np.zeros((1, 8, 8), type(label))
    labels[0, 2, 3] = label
    for stride, shape in ((None, (1, 8, 8, 11)), (4, (1, 2, 2, 11))):
        scores, loss = RNG.randn(*shape).astype("float32"), PixelCrossEntropy(stride=stride)
        with pytest.raises(ValueError, match=f"labels hold {label}; expected classes 0 to 10, or 11 for void"):
            loss.call(labels, scores)
        if label in (12, 2.5):
            value, moved = gradient(labels, scores, loss)
            assert math.isnan(value) and np.isnan(moved).any()


def test_a_class_may_be_void():
    """Void 0 beside classes 1 to 10."""
    labels, scores = case(4, (13, 22), 2)
    labels = np.where(labels == 11, 0, labels)
    expected = reference(np.where(labels == 0, 11, labels), scores, 4)
    assert float(upsampled_cross_entropy(labels, scores, 4, void=0)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_scores_of_any_precision(dtype):
    labels, scores = case(8, (31, 18), 3)
    scores = ops.cast(scores, dtype)
    number = ops.convert_to_numpy(ops.cast(scores, "float32")).astype("float64")
    exact = dtype == "float64" and keras.backend.standardize_dtype(scores.dtype) == dtype  # JAX has none by default
    expected = reference(labels, number, 8, WEIGHTS)
    found = upsampled_cross_entropy(labels, scores, 8, class_weights=WEIGHTS)
    assert float(found) == pytest.approx(expected, rel=1e-12 if exact else 1e-5)
    logits = upsampled_by_scipy(number, (31, 18), 8)
    wide = ops.cast(logits, dtype)
    rough = {"float64": 1e-12 if exact else 1e-5, "float16": 1e-3, "bfloat16": 1e-2}[dtype]
    assert float(pixel_cross_entropy(labels, wide, class_weights=WEIGHTS)) == pytest.approx(expected, rel=rough)
