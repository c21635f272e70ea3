"""Plain Keras says the same: its loss and mean IoU with an ignored class are the package's, for any classes."""

import math

import numpy as np
import pytest

from fcn_tutorial import losses, metrics
from fcn_tutorial.backend import keras, ops

RNG = np.random.default_rng(0)
BY_KERAS = 1e-4  # its mean on JAX adds float32 up plainly: seen to be 2e-5 off on 1,280 pixels
each_void = pytest.mark.parametrize("classes, void", [(11, 11), (4, 255), (21, 255)])


def batch(classes, void):
    """Labels (2, 24, 32), a sixth of them void, and logits."""
    labels = RNG.integers(0, classes, (2, 24, 32))
    labels[RNG.uniform(size=labels.shape) < 1 / 6] = void
    return labels.astype("int32"), RNG.normal(size=(*labels.shape, classes)).astype("float32")


def cross_entropy(labels, logits, void):
    """By hand, pixel by pixel."""
    each = [
        math.log(np.exp(row).sum()) - row[label]
        for label, row in zip(labels[labels != void], logits[labels != void], strict=True)
    ]
    return sum(each) / len(each)


@each_void
def test_the_loss_is_keras_own_with_an_ignored_class(classes, void):
    labels, logits = batch(classes, void)
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=void)
    ours = losses.pixel_cross_entropy(labels, logits, void)
    exact = cross_entropy(labels, logits.astype("float64"), void)
    assert float(ops.convert_to_numpy(ours)) == pytest.approx(exact, 1e-6)
    assert float(ops.convert_to_numpy(plain(labels, logits))) == pytest.approx(exact, BY_KERAS)


@each_void
def test_mean_iou_is_keras_own_with_an_ignored_class(classes, void):
    labels, logits = batch(classes, void)
    plain = keras.metrics.MeanIoU(classes, ignore_class=void, sparse_y_pred=False)
    plain.update_state(labels, logits)
    ours = metrics.scores(metrics.confusion_matrix(labels, logits.argmax(-1), classes, void))
    assert ours.mean_iou == pytest.approx(float(ops.convert_to_numpy(plain.result())), 1e-6)


def test_compile_and_fit_move_a_head_as_the_packages_loss_does():
    """One step of gradient descent on the same batch."""
    labels, _ = batch(4, 255)
    images = RNG.normal(size=(2, 24, 32, 3)).astype("float32")
    heads = []
    for loss in (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255),
        losses.PixelCrossEntropy(void=255),
    ):
        head = keras.Sequential([keras.Input((24, 32, 3)), keras.layers.Conv2D(4, 1, kernel_initializer="zeros")])
        metric = keras.metrics.MeanIoU(4, ignore_class=255, sparse_y_pred=False)
        head.compile(keras.optimizers.SGD(1.0), loss, metrics=[metric])
        history = head.fit(images, labels, batch_size=2, epochs=2, verbose=0)
        heads.append([*map(np.array, head.get_weights()), history.history["loss"]])
    for one, other in zip(*heads, strict=True):
        np.testing.assert_allclose(one, other, rtol=BY_KERAS, atol=1e-6)
