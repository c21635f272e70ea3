"""The learner's own copies of the notebooks, without outputs, and JupyterLab on them."""

import os
import subprocess
import sys
from pathlib import Path

from fcn_tutorial.course import kernels, notebooks

_FOR_LEARNERS = Path(__file__).with_name("jupyter")  # JupyterLab's settings


def copy(folder):
    """Copy the notebooks of the course in `folder`, and the exercises without solutions, to work/ without outputs.

    A copy that is there already is the learner's and stays as it is. Returns the list of new files.
    """
    source, work, new = folder / "notebooks", folder / "work", []
    work.mkdir(exist_ok=True)
    for file in notebooks.listed(source, "*.ipynb") + notebooks.listed(source, "exercises/student/*.ipynb"):
        target = work / file.relative_to(source)
        if target.exists():
            continue
        notebooks.save(notebooks.without_outputs(notebooks.read(file)), target)
        new.append(target)
    return new


def start(folder, arguments=()):
    """Open JupyterLab in work/ of `folder` with further `arguments`; returns its exit status when it ends.

    What nbgrader adds for teachers is left out.
    """
    path = os.pathsep.join(filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(_FOR_LEARNERS)]))
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *arguments],
        cwd=folder / "work",
        env=kernels.environment() | {"JUPYTER_CONFIG_PATH": path},
    )
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab got it too, and asks the learner whether to stop
        except SystemExit:  # this program alone was told to end
            process.terminate()
            raise
