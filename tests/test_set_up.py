"""The set-up: whose folder, Python and packages a .venv has, on any path, whatever the user's own settings are."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fcn_tutorial.course import installation

ROOT = Path(__file__).resolve().parent.parent
ODD = "kürs [2026]"  # neither ASCII, nor without blanks, nor safe from globs
LOCALES = [
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"LC_ALL": "not_GENERATED.UTF-8"},
    {"LC_ALL": "C.UTF-8"},
]
posix = pytest.mark.skipif(os.name == "nt", reason="a shell, and scripts with a first line that names their Python")


def module(file):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def site_packages(venv):
    return next(iter([*venv.glob("lib/python3*/site-packages"), *venv.glob("Lib/site-packages")]))


def small_clone(folder):
    """A copy of what the set-up needs of the course."""
    for name in ("tools/set_up.py", "tools/editable.py", "tools/find_python.sh", "pyproject.toml", "Makefile"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("README.md", "LICENSE", "fcn_tutorial/__init__.py", "data/README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.txt").write_text("one==1\n")
    return folder


def recorded(clone, quick=True):
    """tools/set_up.py of `clone`; in place of pip stands a recorder in `.calls` that brings a package named "one".

    quick: a new .venv's own pip is an empty package, which takes seconds less.
    """
    loaded = module(clone / "tools" / "set_up.py")
    loaded.calls = []

    def pip(*arguments, **_):
        loaded.calls.append(arguments)
        folder = site_packages(loaded.VENV)
        if "-r" in arguments and not (folder / "one-1.dist-info").exists():
            (folder / "one-1.dist-info").mkdir()
            (folder / "one").mkdir(exist_ok=True)

    def make_venv():
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(loaded.VENV)], check=True)
        (site_packages(loaded.VENV) / "pip").mkdir()
        (site_packages(loaded.VENV) / "pip" / "__init__.py").touch()

    loaded.pip = pip
    if quick:
        loaded.make_venv = make_venv
    return loaded


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small clone whose set-up has been finished, with a real pip."""
    clone = small_clone(tmp_path_factory.mktemp("finished") / "one")
    recorded(clone, quick=False).main()
    return clone


@pytest.fixture
def clone(finished, tmp_path):
    """That clone copied, its .venv with it, to a folder with an odd name."""
    return shutil.copytree(finished, tmp_path / ODD, symlinks=True)


def test_a_finished_set_up_lacks_nothing(finished):
    set_up = recorded(finished)
    assert set_up.what_lacks() == ""
    set_up.main()
    assert set_up.calls == []


@posix
def test_a_copied_clone_is_given_scripts_of_its_own(clone, finished, capsys):
    (clone / ".venv/bin/more").write_text(f"#!{finished}/.venv/bin/python\nprint(1)\n")
    (clone / ".venv/bin/shell").write_text("#!/bin/sh\necho 1\n")
    set_up = recorded(clone)
    assert str(finished) in set_up.what_lacks()
    set_up.main()
    assert str(finished) in capsys.readouterr().out
    assert [call[0] for call in set_up.calls] == ["--no-deps"]  # the packages are there
    assert set_up.what_lacks() == "" and (site_packages(clone / ".venv") / "one").is_dir()
    left = [file.name for file in (clone / ".venv/bin").iterdir() if str(finished).encode() in file.read_bytes()]
    assert left == []
    for name in ("pip", "more"):
        assert str(clone).encode() in (clone / ".venv/bin" / name).read_bytes()
    assert (clone / ".venv/bin/shell").read_text() == "#!/bin/sh\necho 1\n"
    where = [str(clone / ".venv/bin/pip"), "--version"]
    assert str(clone) in subprocess.run(where, capture_output=True, encoding="utf-8", check=True).stdout


def test_check_says_where_the_venv_was_set_up(clone, finished, monkeypatch):
    monkeypatch.setattr(installation.address, "course_folder", lambda: clone)
    monkeypatch.setattr(sys, "prefix", str(clone / ".venv"))
    found = installation.course()
    assert not found.ok and str(finished) in found.found and "set" in found.advice
    recorded(clone).main()
    assert "set up in" not in installation.course().found


@posix
def test_a_venv_whose_python_is_gone_is_made_anew(clone):
    set_up = recorded(clone)
    set_up.main()
    for name in ("python", "python3", f"python3.{sys.version_info[1]}"):
        (clone / ".venv/bin" / name).unlink(missing_ok=True)
    (clone / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert "Python" in set_up.what_lacks()
    set_up.main()
    assert set_up.what_lacks() == "" and set_up.runs()


@pytest.mark.skipif(os.name == "nt", reason="paths are bytes where the locale decodes them")
def test_the_folder_is_known_in_any_locale(clone):
    recorded(clone).main()
    code = "import runpy, sys; print(repr(runpy.run_path(sys.argv[1])['what_lacks']()))"
    command = [sys.executable, "-c", code, str(clone / "tools" / "set_up.py")]
    for locale in LOCALES:
        done = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, check=True)
        assert done.stdout.strip() == b"''"


def test_what_was_taken_away_is_brought_back(clone):
    set_up = recorded(clone)
    set_up.main()
    packages = site_packages(clone / ".venv")
    shutil.rmtree(packages / "one")
    shutil.rmtree(packages / "one-1.dist-info")
    assert "one" in set_up.what_lacks()
    set_up.main()
    assert set_up.what_lacks() == "" and (packages / "one").is_dir()
    # pip takes a package whose files are gone for installed: only a new .venv helps.
    shutil.rmtree(packages / "one")
    set_up.main()
    assert set_up.what_lacks() == "" and (packages / "one").is_dir()
    (packages / "one-1.dist-info").rename(packages / "one-2.dist-info")  # a newer one, of the user's own wish
    assert set_up.what_lacks() == ""


def test_the_set_up_is_made_anew_when_that_is_asked_for(clone):
    set_up = recorded(clone)
    set_up.main()
    (clone / ".venv" / "rest").touch()
    set_up.main(["--this-python"])  # the same one
    assert (clone / ".venv" / "rest").exists()
    set_up.main(["--anew"])
    assert not (clone / ".venv" / "rest").exists() and set_up.what_lacks() == ""


def test_pip_is_told_where_to_fetch_and_nothing_else(tmp_path, monkeypatch):
    set_up = module(ROOT / "tools" / "set_up.py")
    monkeypatch.setattr(set_up, "venv_python", lambda: Path(sys.executable))
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://index.example/simple\ntimeout = 7\n[install]\ntarget = /nowhere\n"
        "user = true\nfind-links =\n    /one\n    /two\n",
    )
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {"PIP_CONFIG_FILE": str(config), "PIP_TIMEOUT": "9", "PIP_CERT": "/ca.pem", "HTTPS_PROXY": "http://p"}
    settings |= {"PIP_USER": "yes", "PIP_TARGET": "/x", "PIP_NO_DEPS": "1", "PYTHONPATH": "/y", "PYTHONHOME": "/z"}
    for name, value in settings.items():
        if name != "PYTHONHOME":  # this Python has started already, another would not start
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "environ", {**os.environ, "PYTHONHOME": "/z"})
    found = set_up.pip_environment()
    assert found["PIP_INDEX_URL"] == "https://index.example/simple" and found["HTTPS_PROXY"] == "http://p"
    assert found["PIP_FIND_LINKS"].split() == ["/one", "/two"] and found["PIP_CERT"] == "/ca.pem"
    assert found["PIP_TIMEOUT"] == "9" and found["PIP_CONFIG_FILE"] == os.devnull
    assert {"PIP_USER", "PIP_TARGET", "PIP_NO_DEPS", "PYTHONPATH", "PYTHONHOME"} & found.keys() == set()


@posix
def test_pip_works_in_a_folder_with_any_name(clone, monkeypatch):
    """The real pip, with settings that would lead it elsewhere, and a lock that holds nothing."""
    monkeypatch.setenv("PIP_USER", "yes")
    monkeypatch.setenv("PIP_TARGET", str(clone / "elsewhere"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    set_up = module(clone / "tools" / "set_up.py")
    (clone / "requirements.txt").write_text("")
    (clone / "random.py").write_text("raise ImportError('a file of a learner')")
    set_up.pip("--require-hashes", "-r", "requirements.txt", packages=1)
    (clone / "empty").mkdir()
    (clone / "empty" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    wheel = "import zipfile\n\n\ndef build_editable(folder, settings=None, metadata=None):\n"
    wheel += "    with zipfile.ZipFile(f'{folder}/empty-1-py3-none-any.whl', 'w') as file:\n"
    wheel += (
        "        file.writestr('empty-1.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: empty\\nVersion: 1\\n')\n"
    )
    wheel += "        file.writestr('empty-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nTag: py3-none-any\\n')\n"
    wheel += "        file.writestr('empty-1.dist-info/RECORD', '')\n    return 'empty-1-py3-none-any.whl'\n"
    (clone / "empty" / "backend.py").write_text(wheel)
    monkeypatch.setattr(set_up, "ROOT", clone / "empty")
    set_up.pip("--no-deps", "--no-build-isolation", "-e", ".")
    assert (site_packages(clone / ".venv") / "empty-1.dist-info").is_dir() and not (clone / "elsewhere").exists()


def loaded_from(python, locale, folder):
    """What a Python in another folder imports the course from."""
    code = "import os, sys, fcn_tutorial; sys.stdout.buffer.write(os.fsencode(fcn_tutorial.__path__[0]))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    command = [str(python), "-c", code]
    done = subprocess.run(command, env=environment | locale, cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr
    return Path(os.fsdecode(done.stdout))


@pytest.mark.parametrize("place", ["inside", "outside"])
def test_any_path_can_be_imported_from_in_any_locale(tmp_path, place):
    clone = tmp_path / ODD
    (clone / "fcn_tutorial").mkdir(parents=True)
    (clone / "fcn_tutorial" / "__init__.py").touch()
    venv = (clone if place == "inside" else tmp_path) / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    line = module(ROOT / "tools" / "editable.py").line(clone, site_packages(venv))
    assert line.isascii()
    (site_packages(venv) / "_fcn_tutorial.pth").write_text(line + "\n", encoding="ascii")
    python = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    for locale in LOCALES:
        assert loaded_from(venv / python, locale, tmp_path) == clone / "fcn_tutorial"
    if place == "inside":
        moved = clone.rename(tmp_path / "moved")
        assert loaded_from(moved / ".venv" / python, {}, tmp_path) == moved / "fcn_tutorial"


def test_a_path_of_ascii_stands_as_it_is_and_dots_lead_out_of_an_environment_inside(tmp_path):
    line = module(ROOT / "tools" / "editable.py").line
    assert line(tmp_path, tmp_path.parent / "env" / "lib") == str(tmp_path.resolve())
    assert line(tmp_path, tmp_path / ".venv" / "Lib" / "site-packages") == os.path.join("..", "..", "..")


def test_an_editable_install_brings_that_file_and_the_metadata_alone(tmp_path):
    clone, out = small_clone(tmp_path / ODD), tmp_path / "out"
    out.mkdir()
    code = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=clone, check=True, capture_output=True)
    assert [file.suffix for file in out.iterdir()] == [".whl"]
    with zipfile.ZipFile(next(out.iterdir())) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        text = wheel.read("_fcn_tutorial.pth").decode("ascii")
    assert names == {"_fcn_tutorial.pth"} and text.startswith("import os") and text.count("\n") == 1


@posix
def test_make_takes_a_python_whose_path_has_a_blank(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    clone = small_clone(tmp_path / ODD)
    tool = clone / "tools" / "set_up.py"
    tool.write_text("import json, sys\nprint(json.dumps([sys.executable, *sys.argv[1:]]))\n")
    python = tmp_path / "with a blank" / "python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    def make(*arguments):
        command = ["make", "--no-print-directory", "setup", *arguments]
        outer = {"ARGS", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"}  # those of `make test`
        environment = {name: value for name, value in os.environ.items() if name not in outer}
        environment["PYTHONHOME"] = "/nowhere"
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, encoding="utf-8", check=True)
        return json.loads(done.stdout.splitlines()[-1])

    assert make(f"PYTHON={python}") == [sys.executable, "--this-python"]
    venv = clone / ".venv/bin/python"
    venv.parent.mkdir(parents=True)
    shutil.copy(python, venv)
    assert make("ARGS=--anew")[1:] == ["--anew"]
