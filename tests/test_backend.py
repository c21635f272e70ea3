"""A learner's first cell shows no red: TensorFlow's start-up messages stay out of the page, errors don't."""

import importlib.util
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


@pytest.fixture
def stand_in(tmp_path):
    """Runs code with a package in Keras' place that starts in no time: stand_in(its first lines, code)."""

    def run(start, code):
        (tmp_path / "keras").mkdir(exist_ok=True)
        text = f"import os, sys\nfrom unittest.mock import MagicMock\n{start}\nconfig = backend = ops = MagicMock()\n"
        (tmp_path / "keras" / "__init__.py").write_text(text)
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
        )

    return run


SAYS = r"os.write(2, b'I0000 no GPU here\nF0000 needs AVX\n')"


def test_what_native_code_says_before_it_aborts_is_not_lost(stand_in):
    done = stand_in(f"{SAYS}; os.abort()", "import fcn_tutorial.backend")
    assert done.returncode != 0 and done.stderr == "F0000 needs AVX\n"


def test_what_native_code_says_is_shown_after_an_error_and_not_else(stand_in):
    done = stand_in(f"{SAYS}; x = 'well'", "import fcn_tutorial.backend as b; print(b.keras.x)")
    assert (done.stdout, done.stderr) == ("well\n", "")
    done = stand_in(f"{SAYS}; 1 / 0", "import fcn_tutorial.backend")
    assert done.stderr.startswith("F0000 needs AVX\n") and "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("without", ["os.close(2)", "sys.stderr = None", "os.close(2); sys.stderr = None"])
def test_keras_starts_where_there_is_no_stderr(stand_in, without):
    """pythonw and IDLE have none."""
    done = stand_in("x = 'well'", f"import os, sys; {without}; import fcn_tutorial.backend as b; print(b.keras.x)")
    assert done.stdout == "well\n"


def start(settings, folder, code="import fcn_tutorial.backend", **environment):
    (folder / "keras.json").write_text(settings)
    environment = os.environ | {"KERAS_HOME": str(folder)} | environment
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_the_course_does_not_take_the_users_settings_of_keras(tmp_path):
    code = "from fcn_tutorial.backend import keras, ops; c = keras.config; print(c.floatx(), c.image_data_format(), "
    code += "c.epsilon(), c.dtype_policy().name, ops.ones(1).dtype)"
    settings = '{"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1}'
    done = start(settings, tmp_path, code)
    assert done.stdout.split()[:4] == ["float32", "channels_last", "1e-07", "float32"], done.stderr
    assert "float32" in done.stdout.split(" ", 4)[4]


@pytest.mark.parametrize("settings", ['{"floatx": "float17"}', "[1]"])
def test_settings_that_keras_refuses_are_named(tmp_path, settings):
    last = start(settings, tmp_path).stderr.splitlines()[-1]
    assert str(tmp_path / "keras.json") in last and "mend or delete" in last


def test_on_the_command_line_what_keras_does_not_start_on_is_one_line(tmp_path):
    code = "import sys; from fcn_tutorial.__main__ import main; sys.exit(main(['stride', 'vgg16']))"
    for name in ("no_such_backend", "torch"):
        if importlib.util.find_spec(name):
            continue
        done = start("{}", tmp_path, code, KERAS_BACKEND=name)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(f"fcn-tutorial: Keras does not start with KERAS_BACKEND={name}: ")
        assert done.stderr.count("\n") == 1


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
