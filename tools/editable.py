"""How an environment finds this clone after ``pip install -e .``: hatchling's build hook (see pyproject.toml).

Python up to 3.12 reads a .pth file in the locale's encoding, and does not even start where that fails: only ASCII is
safe.
"""

import os
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EditableHook(BuildHookInterface):
    """Puts a .pth file of our own in the place of hatchling's, which holds an absolute path in UTF-8."""

    def initialize(self, version, build_data):
        """Before the wheel is built: the file is written, and hatchling finds no package to lead to by itself."""
        if version == "editable":
            self._file.write_text(line(Path(self.root), Path(sysconfig.get_path("purelib"))) + "\n", encoding="ascii")
            build_data["force_include_editable"] = {str(self._file): "_fcn_tutorial.pth"}
            self.build_config.target_config["only-include"] = ["data"]

    def finalize(self, version, build_data, artifact_path):
        """After it."""
        self._file.unlink(missing_ok=True)

    @property
    def _file(self):
        return Path(self.directory, "_fcn_tutorial.pth")


def line(clone, packages):
    """The line of a .pth file in the folder `packages` that leads Python to `clone`, in ASCII.

    An environment inside of the clone moves with it: nothing but dots lead from there to the clone.
    """
    clone, packages = clone.resolve(), packages.resolve()
    if packages.is_relative_to(clone):
        return os.path.relpath(clone, packages)
    path = str(clone)
    if path.isascii() and path.isprintable() and path == path.strip():
        return path
    return f"import os, sys; sys.path.append(os.fsdecode({os.fsencode(clone)!r}))"
