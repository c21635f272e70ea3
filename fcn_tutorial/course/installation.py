"""How the course is installed here: its folder, its packages, its kernel. What `fcn-tutorial check` looks at first."""

import importlib.util
import os
import runpy
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fcn_tutorial.course import address

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass
class Finding:
    """One thing that was looked at: what was found, whether it is in order, and what to do if not."""

    name: str
    found: str
    ok: bool
    advice: str = ""


def home():
    """The user's own folder, where Jupyter keeps its settings: a Finding."""
    advice = "Jupyter writes its settings there: set HOME to a folder that you may write to, such as /tmp/home."
    try:
        folder = Path.home()
    except RuntimeError:
        return Finding("home", "none: HOME is not set, and the system knows no user of this number", False, advice)
    return Finding("home", str(folder), folder.is_dir() and os.access(folder, os.W_OK), advice)


def course():
    """The folder that the course is worked on in: a Finding."""
    try:
        folder = address.course_folder()
    except FileNotFoundError:
        return Finding("course", f"no clone; the package is in {_PACKAGE}", True)
    except RuntimeError as error:
        return Finding("course", str(error), False, f"In the clone that you are in: {set_up_command()}")
    lacks, loaded = _lacks(folder), _package_of_kernels()
    if lacks:
        return Finding("course", f"{folder}; {lacks}", False, f"{set_up_command()} in that folder mends it")
    if loaded is None or not _PACKAGE.samefile(loaded):
        advice = f"In {folder}: {sys.executable} -m pip install --no-deps --no-build-isolation -e ."
        return Finding("course", f"{folder}; but notebooks load fcn_tutorial from {loaded}", False, advice)
    return Finding("course", str(folder), True)


def _lacks(folder):
    """What tools/set_up.py finds wrong with the .venv that runs now, "" where it is whole or wasn't made by it."""
    tool, venv = folder / "tools" / "set_up.py", folder / ".venv"
    if not tool.is_file() or not (venv / "set-up-finished").is_file() or not venv.samefile(sys.prefix):
        return ""
    return runpy.run_path(str(tool))["what_lacks"]()


def _package_of_kernels():
    """The folder of the fcn_tutorial that a program loads which starts outside of the clone, as a kernel does."""
    code = "import os, sys, fcn_tutorial; sys.stdout.buffer.write(os.fsencode(fcn_tutorial.__path__[0]))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True)
    return Path(os.fsdecode(done.stdout)) if done.returncode == 0 else None


def set_up_command(anew=False):
    """The command that mends the installation, typed in the clone; anew: that makes all of it anew."""
    if Path(sys.prefix).name == ".venv" and (Path(sys.prefix).parent / "tools" / "set_up.py").is_file():
        if os.name == "nt":
            return f"`py tools\\set_up.py{' --anew' if anew else ''}`"
        return f"`make setup{' ARGS=--anew' if anew else ''}`"
    return f"{sys.executable} -m pip install {'--force-reinstall ' if anew else ''}--require-hashes -r requirements.txt"


def packages():
    """Every package that the course needs: a Finding for each."""
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires("fcn-tutorial") or []
    except metadata.PackageNotFoundError:
        install = f"{sys.executable} -m pip install --no-deps --no-build-isolation -e ."
        yield Finding("fcn-tutorial", "not installed", False, f"{set_up_command()}, then {install}")
        return
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement)


def _package(requirement):
    name = requirement.name
    install = f'{sys.executable} -m pip install "{name}{requirement.specifier}"'
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", False, f"{set_up_command()}, or: {install}")
    version, place = distribution.version, Path(distribution.locate_file(""))
    fits = requirement.specifier.contains(version, prereleases=True)
    loaded = _loaded(distribution)
    if loaded is None:
        return Finding(name, f"{version}, but its files are gone from {place}", False, set_up_command(anew=True))
    if fits and loaded.is_relative_to(place):
        return Finding(name, version, True)
    found = version if fits else f"{version}, but the course needs {requirement.specifier}"
    elsewhere = loaded if not loaded.is_relative_to(place) or _outside(place) else None
    if elsewhere is None:
        return Finding(name, found, False, f"{set_up_command(anew=True)}, or: {install}")
    return Finding(name, f"{found}; loaded from {elsewhere}", False, _way_out(elsewhere))


def _loaded(distribution):
    """The file that Python loads for the package of a distribution; None where it finds none.

    Where the distribution doesn't say what its package is called, its own folder.
    """
    files = distribution.files or []
    heads = {file.parts[0] for file in files if file.parts[1:] == ("__init__.py",)}
    if not heads:
        return Path(distribution.locate_file(""))
    ((head, _),) = Counter(file.parts[0] for file in files if file.parts[0] in heads).most_common(1)
    spec = importlib.util.find_spec(head)
    return Path(spec.origin) if spec and spec.origin else None


def _outside(place):
    return not any(place.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix))


def _way_out(file):
    """What to do about a `file` that Python finds before the environment's own."""
    for entry in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if file.is_relative_to(Path(entry).absolute()):
            return f"The variable PYTHONPATH leads there: unset it, or take {entry} out of it."
    return "Python finds it before the environment's own: rename or remove it, or start this in another folder."


def kernel():
    """The kernel that notebooks start: a Finding."""
    from fcn_tutorial.course import kernels  # needs psutil, which may be what is missing

    try:
        command = kernels.kernel_command()
    except FileNotFoundError as error:
        return Finding("kernel", "none", False, f"{error}; or {set_up_command()}")
    found = f"{kernels.KERNEL}: {command[0]}"
    if kernels.is_own(command):
        return Finding("kernel", found, True)
    from jupyter_client.kernelspec import KernelSpecManager

    folder = Path(KernelSpecManager().get_kernel_spec(kernels.KERNEL).resource_dir)
    advice = f"{folder} starts another Python than {sys.executable}; remove that folder, then {set_up_command()}"
    for entry in filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep)):
        if folder.is_relative_to(Path(entry).absolute()):
            advice = f"The variable JUPYTER_PATH leads to {folder}: unset it, or take {entry} out of it."
    return Finding("kernel", found, False, advice)
