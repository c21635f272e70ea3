"""The learner's own copies of the notebooks, without outputs, and JupyterLab on them."""

import os
import subprocess
import sys
from pathlib import Path

from fcn_tutorial.course import kernels, notebooks

_COPIED = ("*.ipynb", f"{notebooks.FURTHER}/*.ipynb", "exercises/student/*.ipynb")
_FOR_LEARNERS = Path(__file__).with_name("jupyter")  # JupyterLab's settings


def copy(folder):
    """Copy the pages of the course in `folder`, and the exercises without solutions, to work/ without outputs.

    A copy that is there already is the learner's and stays as it is. Returns the list of new files.
    """
    source, work, new = folder / "notebooks", folder / "work", []
    work.mkdir(exist_ok=True)
    for file in (file for pattern in _COPIED for file in notebooks.listed(source, pattern)):
        target = work / file.relative_to(source)
        if target.exists():
            continue
        notebooks.save(notebooks.without_outputs(notebooks.read(file)), target)
        new.append(target)
    return new


def first_page(folder, new):
    """Name of the first lesson where its copy is among the `new` ones: who comes for the first time begins there."""
    first = next(iter(notebooks.listed(folder / "work", "*.ipynb")), None)
    return first.name if first in new else None


def start(folder, arguments=(), page=None):
    """Open JupyterLab in work/ of `folder` with further `arguments`; returns its exit status when it ends.

    page: name of a file in work/ to begin with, else it opens as the learner left it. What nbgrader adds for teachers
    is left out.
    """
    path = os.pathsep.join(filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(_FOR_LEARNERS)]))
    begin = [f"--LabApp.default_url=/lab/tree/{page}"] if page else []
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *begin, *arguments],
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
