"""Cross-entropy over pixels that leaves void out. Notebook 05 writes it by hand; here it is for any backend."""

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.labels import VOID


def pixel_cross_entropy(labels, logits, void=VOID):
    """Mean cross-entropy in nats over the pixels that aren't void: a scalar.

    labels (N, H, W) integers, logits (N, H, W, C). Zero where every pixel is void.
    """
    known = ops.cast(ops.not_equal(labels, void), logits.dtype)
    # Void is replaced before the lookup: an index beyond the classes raises on one backend and goes on on another.
    classes = ops.where(ops.equal(labels, void), ops.zeros_like(labels), labels)
    each = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    return ops.sum(each * known) / ops.maximum(ops.sum(known), 1.0)


@keras.saving.register_keras_serializable("fcn_tutorial")
class PixelCrossEntropy(keras.losses.Loss):
    """`pixel_cross_entropy` as a Keras loss, for `compile`: already a mean over the batch's known pixels."""

    def __init__(self, void=VOID, name="pixel_cross_entropy", **kwargs):
        super().__init__(name=name, reduction=None, **kwargs)
        self.void = void

    def call(self, y_true, y_pred):
        return pixel_cross_entropy(y_true, y_pred, self.void)

    def get_config(self):
        return {**super().get_config(), "void": self.void}
