"""Cross-entropy over pixels that leaves void out. Notebook 05 writes it by hand; here it is for any backend.

`pixel_cross_entropy` is the plain form, on logits at full resolution. `upsampled_cross_entropy` is the same number from
the coarse scores: training takes nearly all its time there when the backbone is frozen (benchmarks/loss.py).
"""

import numpy as np

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.datasets.pairs import classes_of
from fcn_tutorial.labels import VOID, check_labels
from fcn_tutorial.upsampling import interpolation_matrix


def pixel_cross_entropy(labels, logits, void=VOID, class_weights=None):
    """Mean cross-entropy in nats over the pixels that aren't void: a scalar.

    labels (N, H, W) integers, logits (N, H, W, C); float64 logits are computed with as such, all others as float32.
    Zero where every pixel is void.
    class_weights (C,): a pixel counts as much as its class weighs; None counts all alike.
    Raises ValueError for class weights that can't be weights, and for a label that is neither a class, 0 to C - 1, nor
    void; inside a compiled function, where nothing can be raised, the loss of such labels and its gradient are NaN.
    """
    logits = _computable(logits)
    per_class = _relative(class_weights, logits)
    classes, weight = _classes_and_weights(labels, void, per_class)
    each = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    return ops.sum(each * weight) / _sum_or_one(weight)


def upsampled_cross_entropy(labels, scores, stride, void=VOID, class_weights=None):
    """`pixel_cross_entropy` of coarse `scores` (N, h, w, C) after bilinear upsampling by `stride` to the labels' size.

    The same value and gradient as through `BilinearUpsampling(stride)`, faster: one image at a time, which fits the
    processor's cache, each row's classes apart, and the gradient (softmax minus the true class, brought back to the
    grid by the transposed interpolation) computed on the way instead of in a second pass. Errors as there.
    """
    scores = _computable(scores)
    per_class = _relative(class_weights, scores)
    (rows, columns), (height, width) = ops.shape(scores)[1:3], ops.shape(labels)[1:3]
    down, across = (
        interpolation_matrix(cells, pixels, stride, dtype=per_class.dtype)
        for cells, pixels in ((rows, height), (columns, width))
    )
    labels, weight = _classes_and_weights(labels, void, per_class)
    norm = _sum_or_one(weight)

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
    truth = ops.reshape(ops.one_hot(known, classes, axis=1, dtype=down.dtype), (height, classes * width))
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


def balancing_weights(dataset, classes):
    """Weights (classes,) float32 that let rare classes count more: 1 / ln(1.1 + share of the pixels).

    The form of Paszke et al. 2016 (ENet); a class with half of the pixels weighs 2.1, one with none 10.5.
    Raises ValueError for a bad mask (`labels.check_labels`), and where no pixel is of a class.
    """
    known = classes_of(dataset)
    masks = (check_labels(dataset[index][1], f"the mask of item {index}", known) for index in range(len(dataset)))
    counts = sum((np.bincount(mask.ravel(), minlength=256) for mask in masks), np.zeros(256, int))
    counts[known.void] = 0
    counts = counts[:classes]
    if not counts.any():
        raise ValueError("The data set has no pixel of any class to balance; expected masks that aren't empty or void.")
    return (1 / np.log(1.1 + counts / counts.sum())).astype("float32")


def _computable(scores):
    """`scores` as a tensor of float32, or of float64 where they are."""
    scores = ops.convert_to_tensor(scores)
    return scores if keras.backend.standardize_dtype(scores.dtype) == "float64" else ops.cast(scores, "float32")


def _relative(class_weights, scores):
    """What a pixel of each class weighs (C,), in the dtype of `scores`: the heaviest 1, so that none is too small.

    The loss, a weighted mean, is the same for weights that are all a thousand times larger.
    """
    classes = scores.shape[-1]
    weights = np.ones(classes) if class_weights is None else np.asarray(class_weights, "float64")
    if weights.shape != (classes,) or not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ValueError(
            f"The class weights are {class_weights}; expected {classes} numbers, one a class, none below 0 or infinite."
        )
    return ops.convert_to_tensor(weights / (weights.max() or 1), scores.dtype)


def _sum_or_one(weight):
    """What a sum of weighted pixels is divided by: 1 where nothing weighs anything, so that the loss is 0."""
    total = ops.sum(weight)
    return ops.where(total > 0, total, ops.ones_like(total))


def _classes_and_weights(labels, void, per_class):
    """Each pixel's class, 0 on void, and what it weighs by `per_class` (C,), nothing on void, NaN on no class.

    Void is replaced before any lookup: an index beyond the classes raises on one backend and goes on on another.
    """
    _check(labels, per_class.shape[0], void)
    given = ops.convert_to_tensor(labels)
    labels = ops.cast(given, "int32")
    exact = ops.equal(ops.cast(labels, given.dtype), given)  # 11.5 isn't void
    unlabelled = ops.logical_and(exact, ops.equal(labels, void))
    known = ops.logical_and(exact, ops.logical_and(labels >= 0, labels < per_class.shape[0]))
    wrong = ops.logical_not(ops.logical_or(known, unlabelled))
    known = ops.logical_and(known, ops.logical_not(unlabelled))
    classes = ops.where(known, labels, 0)
    return classes, ops.where(wrong, np.nan, ops.where(known, ops.take(per_class, classes), 0))


def _check(labels, classes, void):
    """ValueError that names a label that is no class, where there are numbers to look at."""
    try:
        labels = ops.convert_to_numpy(labels)
    except (NotImplementedError, TypeError):  # TensorFlow's and JAX's word for: not now, a function is being compiled
        return
    known = (labels >= 0) & (labels < classes) & (labels == np.floor(labels)) | (labels == void)
    if not known.all():
        raise ValueError(
            f"The labels hold {labels[~known][0]}; expected classes 0 to {classes - 1}, or {void} for void."
        )


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
