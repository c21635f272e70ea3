"""Where the course keeps its files: ``data/`` beside the package in a clone, inside it in a wheel; the user's cache."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_file(name):
    """Path of a file that the course carries in ``data/``.

    Raises FileNotFoundError when the installation lacks it.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"The course's own file data/{name} was not found beside {_PACKAGE}. "
        "Install the package again, or fetch a complete clone."
    )


def cache_folder():
    """Folder for downloads: FCN_TUTORIAL_CACHE, else the system's usual place. It is not created here.

    Raises FileNotFoundError where neither that variable nor a home folder is known.
    """
    if named := os.environ.get("FCN_TUTORIAL_CACHE"):
        return Path(named)
    if os.path.isabs(base := os.environ.get("XDG_CACHE_HOME", "")):
        return Path(base) / "fcn-tutorial"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise FileNotFoundError(
            "This user has no home folder, so there is no place for downloads. Set FCN_TUTORIAL_CACHE to a folder."
        ) from error
    usual = {"win32": home / "AppData" / "Local", "darwin": home / "Library" / "Caches"}
    return usual.get(sys.platform, home / ".cache") / "fcn-tutorial"
