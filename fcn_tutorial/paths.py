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
    """Folder for downloads: FCN_TUTORIAL_CACHE, else the system's usual place. It is not created here."""
    if "FCN_TUTORIAL_CACHE" in os.environ:
        return Path(os.environ["FCN_TUTORIAL_CACHE"])
    home = Path.home()
    base = {"win32": home / "AppData" / "Local", "darwin": home / "Library" / "Caches"}.get(
        sys.platform, home / ".cache"
    )
    return Path(os.environ.get("XDG_CACHE_HOME", base)) / "fcn-tutorial"
