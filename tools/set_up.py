"""Makes .venv and installs into it what requirements.txt locks, and the course itself. The standard library only.

``python3 tools/set_up.py`` on Linux and macOS, ``py -3.12 tools\\set_up.py`` on Windows; ``make setup`` calls it.
What an interrupted set-up left half done is made anew, what was moved or taken away is mended; what is finished and up
to date takes no time. ``--anew`` makes .venv anew in any case.
"""

import ast
import hashlib
import json
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
# Of a user's pip settings those that say how packages are fetched; the others (user, target, prefix, ...) lead astray.
FETCHING = """cache-dir cert client-cert default-timeout extra-index-url find-links index-url keyring-provider
    no-cache-dir no-index proxy retries timeout trusted-host use-deprecated use-feature""".split()
# Makes every script of an environment anew for the Python that runs this, as pip does it.
SCRIPTS = r"""
import pathlib, re, sysconfig
from importlib.metadata import distributions
from pip._vendor.distlib.scripts import ScriptMaker
folder = sysconfig.get_path("scripts")
maker = ScriptMaker(folder, folder)
maker.clobber = maker.force = maker.set_mode = True
maker.variants = {""}
heads = re.compile(rb"\A(#!.*python.*\n|#!/bin/sh\n'''exec'.*\n' '''\n)+")
for file in pathlib.Path(folder).iterdir():
    if file.is_file() and not file.is_symlink() and heads.match(script := file.read_bytes()):
        file.write_bytes(heads.sub(b"#!python\n", script))
        maker.make(file.name)
for distribution in distributions(path=[sysconfig.get_path("purelib")]):
    for point in distribution.entry_points:
        if point.group in ("console_scripts", "gui_scripts"):
            maker.make(f"{point.name} = {point.value}", {"gui": point.group == "gui_scripts"})
"""


def main(arguments=()):
    """Bring .venv up to date."""
    refuse_unsuitable(sys.version_info[:2], sys.platform, platform.machine())
    stamp, anew, lacks = read_stamp(), "--anew" in arguments, what_lacks()
    if "--this-python" in arguments and ask("import sys; print(sys.version_info[:2])") != str(sys.version_info[:2]):
        anew, lacks = True, lacks or "Another Python is asked for."
    if not lacks and not anew:
        return
    if stamp and lacks:
        print(lacks, flush=True)
    if anew or UNFINISHED.exists() or not runs():
        make_venv()
    elif stamp.get("folder") != folder():
        follow()
    install(lock=not whole(stamp))
    if stamp.get("made from") == made_from() and not whole(stamp):
        make_venv()  # pip takes a package for installed whose files are gone
        install()
    stamp = {"made from": made_from(), "folder": folder(), "contents": sorted(contents())}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")
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


def read_stamp():
    """What the last finished set-up noted, {} where there is none."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and {"made from", "folder", "contents"} <= stamp.keys() else {}


def what_lacks():
    """Why .venv isn't what a finished set-up of this clone leaves, as a sentence; "" where it is."""
    stamp = read_stamp()
    if not stamp:
        return "The set-up has not been finished here."
    if not runs():
        return "The Python that .venv was made with is gone or has changed."
    if stamp["folder"] != folder():
        return f"This .venv was set up in {stamp['folder']}."
    if stamp["made from"] != made_from():
        return "The course's dependencies have changed since the set-up."
    missing = sorted(set(stamp["contents"]) - contents())
    return f".venv lacks {', '.join(missing[:4])}{', ...' if missing[4:] else ''}." if missing else ""


def whole(stamp):
    """Whether .venv holds what the stamp names, and the stamp is of today's lock."""
    return stamp.get("made from") == made_from() and set(stamp["contents"]) <= contents()


def folder():
    """The clone's path as text that is the same in every locale."""
    return os.fsencode(ROOT).decode("utf-8", "backslashreplace")


def made_from():
    """What a finished set-up is made from, as one hash: the lock and the project file."""
    return hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def contents():
    """Names of what is installed in .venv, as a set: packages without their version, and their files' first folders."""
    pattern = "Lib/site-packages" if os.name == "nt" else "lib/python3.*/site-packages"
    names = {name for place in VENV.glob(pattern) for name in os.listdir(place)}
    return {re.sub(r"-[^-]*\.dist-info$", ".dist-info", name) for name in names - {"__pycache__"}}


def venv_python():
    """Path of .venv's Python."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment():
    """This process's environment without Python's own variables, which would lead astray what is started here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {"PYTHONUTF8": "1"}


def pip_environment():
    """The same, and of the user's settings for pip, in the environment and in pip.conf, only those in FETCHING."""
    clean = {name: value for name, value in environment().items() if not name.startswith("PIP_")}
    file = {name: value for name, value in os.environ.items() if name == "PIP_CONFIG_FILE"}
    listed = subprocess.run(
        [str(venv_python()), "-P", "-m", "pip", "config", "list"],
        env=clean | file,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    for name, value in re.findall(r"^(?:global|install)\.([\w-]+)=(.+)$", listed.stdout, re.MULTILINE):
        if name in FETCHING:  # install's come behind global's, and count more
            clean[setting(name)] = " ".join(ast.literal_eval(value).split())
    own = {setting(name) for name in FETCHING} & os.environ.keys()
    return clean | {name: os.environ[name] for name in own} | {"PIP_CONFIG_FILE": os.devnull}


def setting(name):
    """The environment's variable for one of pip's options."""
    return f"PIP_{name.upper().replace('-', '_')}"


def runs():
    """Whether .venv's Python is of a suitable version and has pip."""
    return ask(f"import pip, sys; print({PYTHONS[0]} <= sys.version_info[:2] <= {PYTHONS[1]})") == "True"


def ask(code):
    """What .venv's Python prints when it runs `code`, None where it fails."""
    command = [str(venv_python()), "-P", "-c", code]  # -P: no file of the current folder in the way of Python's own
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", errors="replace")
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def make_venv():
    """Make .venv anew, with nothing but pip in it."""
    print("Making .venv ...", flush=True)
    base = getattr(sys, "_base_executable", None) or sys.executable  # .venv's own Python can't replace itself
    if subprocess.run([base, "-P", "-m", "venv", "--clear", str(VENV)], env=environment()).returncode:
        sys.exit("Making .venv failed, see above. On Debian and Ubuntu this helps: sudo apt install python3-venv")


def follow():
    """Lead the scripts of a .venv that was moved or copied, which name their Python by its whole path, to its place."""
    activate = [str(venv_python()), "-P", "-m", "venv", "--without-pip", str(VENV)]
    if subprocess.run(activate, env=environment(), capture_output=True).returncode or ask(SCRIPTS) is None:
        make_venv()


def install(lock=True):
    """Install what the lock names, as far as it isn't there, and the course itself; lock=False: the course alone."""
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    if lock:
        text = LOCK.read_text(encoding="utf-8")
        pip("--require-hashes", "-r", LOCK.name, packages=len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)))
    pip("--no-deps", "--no-build-isolation", "-e", ".")


def pip(*arguments, packages=0):
    """Run pip install with a count of packages in place of its many lines; leaves with its last words when it fails."""
    # In the clone, for pip refuses a path with brackets.
    process = subprocess.Popen(
        [str(venv_python()), "-P", "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        cwd=ROOT,
        env=pip_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines, seen = [], 0
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied")) and packages:
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
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a path may hold what the terminal can't show
    main(sys.argv[1:])
