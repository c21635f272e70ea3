"""Makes .venv and installs into it what requirements.txt locks, and the course itself. The standard library only.

``python3 tools/set_up.py`` on Linux and macOS, ``py -3.12 tools\\set_up.py`` on Windows; ``make setup`` calls it.
What an interrupted set-up left half done is made anew; what is finished and up to date takes no time.
"""

import hashlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "set-up-finished"
UNFINISHED = VENV / "set-up-unfinished"
LOCK = ROOT / "requirements.txt"
PYTHONS = ((3, 11), (3, 13))  # oldest and newest


def main():
    """Bring .venv up to date."""
    refuse_unsuitable(sys.version_info[:2], sys.platform, platform.machine())
    if STAMP.is_file() and STAMP.read_text() == wanted() and runs():
        STAMP.touch()  # make compares times
        return
    if UNFINISHED.exists() or not runs():
        print("Making .venv ...", flush=True)
        base = getattr(sys, "_base_executable", None) or sys.executable  # .venv's own Python can't replace itself
        if subprocess.run([base, "-m", "venv", "--clear", str(VENV)]).returncode:
            sys.exit("Making .venv failed, see above. On Debian and Ubuntu this helps: sudo apt install python3-venv")
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    pip("--require-hashes", "-r", str(LOCK), packages=len(re.findall(r"^[\w.-]+==", LOCK.read_text(), re.MULTILINE)))
    pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    STAMP.write_text(wanted())
    UNFINISHED.unlink()
    print("The course is installed in .venv.")


def refuse_unsuitable(version, system, machine):
    """Leave with one line on a Python or a machine that the locked packages don't exist for."""
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        found = ".".join(map(str, version))
        sys.exit(
            f"The course needs Python 3.11, 3.12 or 3.13, not {found}. Install one of them and start this with it."
        )
    if system == "darwin" and machine == "x86_64":
        sys.exit("TensorFlow has no packages for Macs with an Intel processor: use the course on Colab or Binder.")


def wanted():
    """What a finished set-up is made from, as one hash: the lock and the project file."""
    return hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def venv_python():
    """Path of .venv's Python."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs():
    """Whether .venv's Python is of a suitable version and has pip."""
    code = f"import sys, pip; sys.exit(not {PYTHONS[0]} <= sys.version_info[:2] <= {PYTHONS[1]})"
    try:
        return subprocess.run([str(venv_python()), "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def pip(*arguments, packages=0):
    """Run pip install with a count of packages in place of its many lines; leaves with its last words when it fails."""
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )
    lines, seen = [], 0
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(("Collecting ", "Requirement already satisfied")) and packages:
            seen += 1
            show(f"Fetching packages: {min(seen, packages)} of {packages}")
        elif line.startswith("Installing collected") and packages:
            show("Installing them; this takes a minute or two ...")
    if packages:
        print(flush=True)
    if process.wait():
        sys.exit("\n".join([*lines[-15:], "Installing failed, see above. Start it again when that is mended."]))


def show(words):
    """Write over the current line on a terminal; elsewhere say only what is new in kind."""
    if sys.stdout.isatty():
        print(f"\r{words:<60}", end="", flush=True)
    elif show.last != words.split(":")[0]:
        show.last = words.split(":")[0]
        print(show.last, flush=True)


show.last = ""

if __name__ == "__main__":
    main()
