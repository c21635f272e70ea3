"""A learner's first cell shows no red: TensorFlow's start-up messages stay out of the page, errors don't."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient


def outputs_of(*cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [output for cell in notebook.cells for output in cell.outputs]


def test_the_first_cells_of_a_notebook_show_nothing_on_stderr():
    first = "from fcn_tutorial.backend import keras, ops"
    second = (
        "import numpy as np\n"
        "layer = keras.layers.Conv2D(4, 3)\n"
        "print(layer(np.zeros((1, 8, 8, 3), 'float32')).shape[-1])\n"
        "model = keras.Sequential([keras.Input((8, 8, 3)), layer])\n"
        "model.compile('sgd', 'mse')\n"
        "print(model.predict(np.zeros((2, 8, 8, 3)), verbose=0).shape)\n"
        "for size in range(9, 16):\n"
        "    keras.Sequential([keras.Input((size, 8, 3)), layer]).predict_on_batch(np.zeros((1, size, 8, 3)))"
    )
    outputs = outputs_of(first, second)
    assert {output.name for output in outputs} == {"stdout"}, outputs
    assert "".join(output.text for output in outputs) == "4\n(2, 6, 6, 4)\n"


def test_what_goes_wrong_while_keras_starts_is_still_said():
    code = "import os; os.environ['KERAS_BACKEND'] = 'no_such_backend'; import fcn_tutorial.backend"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0 and "no_such_backend" in done.stderr


def test_stderr_works_after_the_start():
    says = "sys.stderr.write('from Python '); sys.stderr.flush(); os.write(2, b'native')"
    code = f"import fcn_tutorial.backend, os, sys; {says}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "from Python native"


def test_jax_is_left_alone_by_tensorflow_and_can_still_be_imported():
    code = (
        "import sys, fcn_tutorial.backend as backend\n"
        "assert backend.keras.backend.backend() == 'tensorflow'\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'jax']\n"
        "import importlib.util\n"
        "if importlib.util.find_spec('jax'):\n"
        "    import jax.numpy\n"
        "    assert float(jax.numpy.ones(3).sum()) == 3"
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


PRECISIONS = {
    "tensorflow": "import tensorflow as tf; print(tf.config.experimental.tensor_float_32_execution_enabled())",
    "jax": "import jax; print(jax.config.jax_default_matmul_precision)",
}


@pytest.mark.parametrize(
    "backend, given, expected",
    [("tensorflow", None, "False"), ("jax", None, "highest"), ("jax", "default", "default"), ("jax", "high", "high")],
)
def test_products_are_not_rounded_to_tf32(backend, given, expected):
    """Without it 41 tests for equal numbers fail on an H100 (`make jax`'s); here only the setting can be seen."""
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    environment.pop("JAX_DEFAULT_MATMUL_PRECISION", None)
    if given:
        environment["JAX_DEFAULT_MATMUL_PRECISION"] = given
    code = f"import fcn_tutorial.backend; {PRECISIONS[backend]}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == expected, done.stderr
