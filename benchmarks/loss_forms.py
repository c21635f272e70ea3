"""The plain form of the full-resolution loss and the fast one, each compiled with its gradient."""

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.losses import pixel_cross_entropy, upsampled_cross_entropy
from fcn_tutorial.upsampling import BilinearUpsampling


def value_and_gradient(loss):
    """`loss` (scores, labels -> scalar) as a compiled function that gives its value and its gradient, as arrays."""
    if keras.backend.backend() == "jax":
        import jax

        compiled = jax.jit(jax.value_and_grad(loss))
    else:
        import tensorflow as tf

        @tf.function
        def compiled(scores, labels):
            with tf.GradientTape() as tape:
                tape.watch(scores)
                value = loss(scores, labels)
            return value, tape.gradient(value, scores)

    return lambda *arrays: [ops.convert_to_numpy(result) for result in compiled(*arrays)]


def forms(stride, void):
    """The plain form and the fast one, for scores at `stride` and labels in which `void` is left out."""
    upsample = BilinearUpsampling(stride)

    def plain(scores, labels):
        return pixel_cross_entropy(labels, upsample([scores, labels[..., None]]), void=void)

    def fast(scores, labels):
        return upsampled_cross_entropy(labels, scores, stride, void=void)

    return value_and_gradient(plain), value_and_gradient(fast)
