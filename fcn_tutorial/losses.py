"""Cross-entropy over pixels that leaves void out. Notebook 05 writes it by hand; here it is for any backend.

`pixel_cross_entropy` is the plain form, on logits at full resolution. `upsampled_cross_entropy` is the same number from
the coarse scores: training takes nearly all its time there when the backbone is frozen (benchmarks/loss.py).
"""

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.labels import VOID, check_labels
from fcn_tutorial.upsampling import interpolation_matrix


def pixel_cross_entropy(labels, logits, void=VOID, class_weights=None):
    """Mean cross-entropy in nats over the pixels that aren't void: a scalar.

    labels (N, H, W) integers, logits (N, H, W, C). Zero where every pixel is void.
    class_weights (C,): a pixel counts as much as its class weighs; None counts all alike.
    """
    classes, weight = _classes_and_weights(labels, void, class_weights)
    each = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    return ops.sum(each * weight) / ops.maximum(ops.sum(weight), 1e-6)


def upsampled_cross_entropy(labels, scores, stride, void=VOID, class_weights=None):
    """`pixel_cross_entropy` of coarse `scores` (N, h, w, C) after bilinear upsampling by `stride` to the labels' size.

    The same value and gradient as through `BilinearUpsampling(stride)`, faster: one image at a time, which fits the
    processor's cache, each row's classes apart, and the gradient (softmax minus the true class, brought back to the
    grid by the transposed interpolation) computed on the way instead of in a second pass.
    """
    rows, columns = ops.shape(scores)[1:3]
    height, width = ops.shape(labels)[1:3]
    down, across = interpolation_matrix(rows, height, stride), interpolation_matrix(columns, width, stride)
    labels, weight = _classes_and_weights(labels, void, class_weights)
    per_class = ops.ones(scores.shape[-1]) if class_weights is None else ops.convert_to_tensor(class_weights, "float32")
    norm = ops.maximum(ops.sum(weight), 1e-6)

    @ops.custom_gradient
    def loss(scores):
        wide = ops.matmul(ops.transpose(scores, (0, 1, 3, 2)), ops.transpose(across))  # (N, h, C, W)
        values, gradients = ops.map(lambda image: _value_and_gradient(down, per_class, *image), (wide, labels, weight))
        gradient = ops.transpose(ops.matmul(gradients, across), (0, 1, 3, 2)) / norm

        def back(*arguments, upstream=None):  # Keras' backends hand the incoming gradient over in two ways
            return gradient * (arguments[0] if upstream is None else upstream)

        return ops.sum(values) / norm, back

    return loss(scores)


def _value_and_gradient(down, class_weights, wide, labels, weight):
    """Summed cross-entropy of one image, and its gradient for `wide`.

    down (H, h) interpolates the rows of wide (h, C, W), whose columns are the image's. labels (H, W) are its
    pixels' classes and weight (H, W) what these weigh by class_weights (C,), nothing on void.
    """
    (height, width), (rows, classes) = ops.shape(labels), ops.shape(wide)[:2]
    # What all classes of a pixel lose alike changes nothing, and interpolated maxima are no less than the pixel's own.
    wide = wide - ops.max(wide, axis=1, keepdims=True)
    value, softmax = ops.cond(
        ops.min(wide) > -80,  # so that no pixel's sum of exponentials vanishes
        lambda: _of_all_classes(down, wide, weight),
        lambda: _of_all_classes(down, wide, weight, largest=True),
    )
    known = ops.where(weight > 0, labels, -1)  # one-hot of -1 is all zeros
    truth = ops.reshape(ops.one_hot(known, classes, axis=1, dtype="float32"), (height, classes * width))
    truth = ops.reshape(ops.matmul(ops.transpose(down), truth), (rows, classes, width)) * class_weights[:, None]
    return value - ops.sum(wide * truth), softmax - truth


def _of_all_classes(down, wide, weight, largest=False):
    """The part of `_value_and_gradient` that doesn't ask for the labels: log-sum-exp and softmax.

    largest: whether each pixel's largest logit is found and taken off first, two more passes over the pixels.
    """
    (rows, classes, width), height = ops.shape(wide), ops.shape(weight)[0]
    logits = ops.reshape(ops.matmul(down, ops.reshape(wide, (rows, classes * width))), (height, classes, width))
    offset = ops.max(logits, axis=1) if largest else 0.0
    exponentials = ops.exp(logits - offset[:, None] if largest else logits)
    total = ops.sum(exponentials, axis=1)
    softmax = ops.reshape(exponentials * (weight / total)[:, None], (height, classes * width))
    softmax = ops.reshape(ops.matmul(ops.transpose(down), softmax), (rows, classes, width))
    return ops.sum((ops.log(total) + offset) * weight), softmax


def balancing_weights(dataset, classes, void=VOID):
    """Weights (classes,) float32 that let rare classes count more: 1 / ln(1.1 + share of the pixels).

    The form of Paszke et al. 2016 (ENet); a class with half of the pixels weighs 2.1, one with none 10.5.
    Raises ValueError for a bad mask (`labels.check_labels`), and where no pixel is of a class.
    """
    masks = (check_labels(dataset[index][1], f"the mask of item {index}") for index in range(len(dataset)))
    counts = sum((np.bincount(mask.ravel(), minlength=256) for mask in masks), np.zeros(256, int))
    counts = np.delete(counts, void)[:classes]
    if not counts.any():
        raise ValueError("The data set has no pixel of any class to balance; expected masks that aren't empty or void.")
    return (1 / np.log(1.1 + counts / counts.sum())).astype("float32")


def _classes_and_weights(labels, void, class_weights):
    """Each pixel's class, 0 on void, and what it weighs (float32), nothing on void.

    Void is replaced before any lookup: an index beyond the classes raises on one backend and goes on on another.
    """
    labels = ops.cast(labels, "int32")
    known = ops.not_equal(labels, void)
    classes = ops.where(known, labels, 0)
    if class_weights is None:
        return classes, ops.cast(known, "float32")
    return classes, ops.where(known, ops.take(ops.convert_to_tensor(class_weights, "float32"), classes), 0.0)


@keras.saving.register_keras_serializable("fcn_tutorial")
class PixelCrossEntropy(keras.losses.Loss):
    """Either form as a Keras loss, for `compile`: already a mean over the batch's known pixels.

    stride: None for logits at full resolution, else that of the coarse scores.
    """

    def __init__(self, void=VOID, stride=None, class_weights=None, name="pixel_cross_entropy", **kwargs):
        super().__init__(name=name, reduction=None, **kwargs)
        self.void, self.stride, self.class_weights = void, stride, class_weights

    def call(self, y_true, y_pred):
        if self.stride is None:
            return pixel_cross_entropy(y_true, y_pred, self.void, self.class_weights)
        return upsampled_cross_entropy(y_true, y_pred, self.stride, self.void, self.class_weights)

    def get_config(self):
        return {
            "name": self.name,
            "void": self.void,
            "stride": self.stride,
            "class_weights": None if self.class_weights is None else [float(weight) for weight in self.class_weights],
        }
