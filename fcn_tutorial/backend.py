"""Keras, started once and without the start-up messages that TensorFlow writes past Python's logging.

``from fcn_tutorial.backend import keras, ops`` is the first import of every notebook and of every module that computes.
"""

import logging
import os
import subprocess
import sys
from contextlib import contextmanager

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_DROP = b"\0"  # what the keeper reads last when nobody needs to see what it holds
# Shows what it was given unless the last byte forbids it, without what only informs.
_KEEPER = """
import os
said = b""
while (more := os.read(0, 65536)) and not more.endswith(b"\\0"):
    said += more
informs = (b"I0", b"WARNING: All log messages before absl")
os.write(2, b"" if more else b"".join(line for line in said.splitlines(True) if not line.startswith(informs)))
"""


@contextmanager
def _stderr_held_back():
    """Hold back what native code writes to file descriptor 2; show it after all if the block fails.

    A process of its own keeps it: where native code aborts (a processor that lacks something, no memory), this one
    says no other word.
    """
    keeper = _start_keeper()
    if keeper is None:
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    saved, last = os.dup(2), _DROP
    os.dup2(keeper.stdin.fileno(), 2)
    try:
        yield
    except Exception:
        last = b""
        raise
    finally:
        os.write(2, last)
        os.dup2(saved, 2)
        os.close(saved)
        keeper.stdin.close()
        keeper.wait()


def _start_keeper():
    """The process that reads stderr, or None where there is no stderr or no process can be started."""
    apart = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    try:
        os.fstat(2)
        command = [sys.executable, "-I", "-S", "-c", _KEEPER]
        # Apart from this one's terminal, so that Ctrl-C doesn't reach it.
        return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **apart)
    except (OSError, ValueError):
        return None


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


@contextmanager
def _advice():
    """Say what Keras was started on and what it read where it does not start."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # a missing library, a misspelt name, a file of settings with anything in it
        home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
        settings = os.path.expanduser(os.path.join(home, "keras.json"))
        advice = "Install what is missing, or take KERAS_BACKEND=tensorflow; or close other programs."
        if not isinstance(error, ImportError) and os.path.exists(settings):
            advice = (
                f"The backend is one of tensorflow, jax and torch; Keras has also read {settings}, mend or delete it."
            )
        raise ImportError(
            f"Keras does not start with KERAS_BACKEND={os.environ['KERAS_BACKEND']}: {str(error).rstrip('.')}. {advice}"
        ) from error


def _use_own_settings():
    """What the course is written for, whatever stands in the user's keras.json."""
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


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


with _stderr_held_back(), _without_jax(), _advice():
    import keras
    from keras import ops

    _use_own_settings()
    _multiply_in_full_precision()
    # The first operation is when the native library announces itself a second time.
    ops.convert_to_numpy(ops.matmul(ops.ones((2, 2)), ops.ones((2, 2))))

# A notebook runs several networks in turn; TensorFlow would warn of each that it is traced again. Its import sets its
# own level, so this stands behind it.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras", "ops"]
