"""Keras, started once and without the start-up messages that TensorFlow writes past Python's logging.

``from fcn_tutorial.backend import keras, ops`` is the first import of every notebook and of every module that computes.
"""

import logging
import os
import sys
import tempfile
from contextlib import contextmanager

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def _stderr_held_back():
    """Hold back what native code writes to file descriptor 2; show it after all if the block fails."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextmanager
def _without_jax():
    """TensorFlow's converters import all of JAX where it is installed: 120 MB that only the JAX backend needs."""
    unused = os.environ["KERAS_BACKEND"] == "tensorflow" and "jax" not in sys.modules
    if unused:
        sys.modules["jax"] = None
    try:
        yield
    finally:
        if unused:
            del sys.modules["jax"]


def _multiply_in_full_precision():
    """Newer GPUs round the factors of float32 products to 10 bits (TF32), too coarse for what is shown to be equal.

    JAX's own setting, where somebody has made it (JAX_DEFAULT_MATMUL_PRECISION), stays.
    """
    name = keras.backend.backend()
    library = sys.modules.get(name)  # Keras has imported it
    if name == "tensorflow":
        library.config.experimental.enable_tensor_float_32_execution(False)
    elif name == "jax" and library.config.jax_default_matmul_precision is None:
        library.config.update("jax_default_matmul_precision", "highest")


with _stderr_held_back(), _without_jax():
    import keras
    from keras import ops

    _multiply_in_full_precision()
    # The first operation is when the native library announces itself a second time.
    ops.convert_to_numpy(ops.matmul(ops.ones((2, 2)), ops.ones((2, 2))))

# A notebook runs several networks in turn; TensorFlow would warn of each that it is traced again. Its import sets its
# own level, so this stands behind it.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras", "ops"]
