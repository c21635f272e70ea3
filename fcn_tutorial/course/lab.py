"""The learner's own copies of the notebooks, without outputs, and JupyterLab on them."""

import subprocess
import sys

from fcn_tutorial.course import kernels, notebooks


def copy(folder):
    """Copy the notebooks of the course in `folder`, exercises too, to work/ without outputs.

    A copy that is there already is the learner's and stays as it is. Returns the list of new files.
    """
    source, work, new = folder / "notebooks", folder / "work", []
    work.mkdir(exist_ok=True)
    for file in sorted(source.rglob("*.ipynb")):
        target = work / file.relative_to(source)
        if ".ipynb_checkpoints" in file.parts or target.exists():
            continue
        notebooks.save(notebooks.without_outputs(notebooks.read(file)), target)
        new.append(target)
    return new


def start(folder, arguments=()):
    """Open JupyterLab in work/ of `folder` with further `arguments`; returns its exit status when it ends."""
    kernels.prefer_own_kernel()
    process = subprocess.Popen([sys.executable, "-m", "jupyterlab", *arguments], cwd=folder / "work")
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab got it too, and asks the learner whether to stop
