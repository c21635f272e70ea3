"""The loss against a plain loop."""

import math

import numpy as np
import pytest

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.losses import PixelCrossEntropy, pixel_cross_entropy

RNG = np.random.RandomState(0)
LOGITS = RNG.randn(2, 5, 4, 11).astype("float32")
LABELS = RNG.randint(0, 12, (2, 5, 4))


def by_loop(labels, logits, void=11):
    each = []
    for index in np.ndindex(labels.shape):
        if labels[index] != void:
            scores = logits[index].astype(float)
            each.append(math.log(sum(math.exp(s) for s in scores)) - scores[labels[index]])
    return sum(each) / len(each)


def test_equals_a_plain_loop_over_pixels():
    assert (LABELS == 11).any()
    assert float(pixel_cross_entropy(LABELS, LOGITS)) == pytest.approx(by_loop(LABELS, LOGITS), rel=1e-6)
    assert float(PixelCrossEntropy()(LABELS, LOGITS)) == pytest.approx(by_loop(LABELS, LOGITS), rel=1e-6)


def test_scores_of_void_pixels_change_nothing():
    changed = LOGITS.copy()
    changed[LABELS == 11] = 100
    assert float(pixel_cross_entropy(LABELS, changed)) == float(pixel_cross_entropy(LABELS, LOGITS))


def test_equal_scores_cost_the_logarithm_of_the_number_of_classes():
    assert float(pixel_cross_entropy(LABELS, np.zeros_like(LOGITS))) == pytest.approx(math.log(11), rel=1e-6)


def test_only_void_costs_nothing_and_is_a_number():
    assert float(pixel_cross_entropy(np.full((1, 2, 2), 11), LOGITS[:1, :2, :2])) == 0


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
