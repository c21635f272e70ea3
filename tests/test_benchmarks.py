"""Every script in benchmarks/ states a claim and is run and reported; the report is whole or not written. No timing."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
HELPERS = {"claims", "loss_forms", "report", "run", "timing"}
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem not in HELPERS)
MACHINE = {"date": "2026-01-02", "processor": "Abacus 9", "memory": "1.0 GiB"}


@pytest.fixture
def module(monkeypatch):
    """A module of benchmarks/ by name, imported as its scripts import each other, and forgotten afterwards."""
    monkeypatch.syspath_prepend(FOLDER)

    def load(name):
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    yield load
    for name in HELPERS:
        sys.modules.pop(name, None)


@pytest.fixture
def bench(module, tmp_path):
    """Run made-up scripts {name: lines of code} through the runner; (exit status, what it showed)."""
    run = module("run")

    def call(scripts, *arguments, long=(), show=None):
        for name, code in scripts.items():
            (tmp_path / f"{name}.py").write_text(f'"""Claim: {name} is right."""\n{code}\n', encoding="utf-8")
        shown = []
        names = tuple(name for name in scripts if name not in long)
        status = run.main(list(arguments), tmp_path, names, long, show or shown.append)
        return status, "\n".join(shown)

    return call


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_states_its_claim_in_the_first_line(module, script):
    claim = module("report").claim(script)
    assert claim.endswith(".") and len(claim) > 40


def test_a_script_without_a_claim_is_refused(module, tmp_path):
    for text in ("", '"""Times something."""', "x = 1"):
        (tmp_path / "a.py").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"a\.py starts with .*expected 'Claim: "):
            module("report").claim(tmp_path / "a.py")


def test_the_runner_knows_every_script_once(module):
    run = module("run")
    assert sorted(run.SCRIPTS + run.LONG) == [path.stem for path in SCRIPTS]


def test_the_stored_results_name_every_script_with_its_claim_of_today(module):
    stored = FOLDER / "RESULTS.md"
    assert stored.is_file(), "make bench"
    text = stored.read_text(encoding="utf-8")
    missing = [path.name for path in SCRIPTS if f"## {path.name}\n\n{module('report').claim(path)}\n" not in text]
    assert missing == [], "make bench"


def test_the_report_has_the_machine_then_each_script_in_order(module):
    sections = [("b.py", "Claim: b.", "```\n2 times\n```"), ("a.py", "Claim: a.", "```\n3 | 4\n```")]
    assert module("report").results(MACHINE, sections).split("\n\n")[2:] == [
        "| what | where this was measured |\n| --- | --- |\n| date | 2026-01-02 |\n| processor | Abacus 9 |\n"
        "| memory | 1.0 GiB |",
        "## b.py",
        "Claim: b.",
        "```\n2 times\n```",
        "## a.py",
        "Claim: a.",
        "```\n3 | 4\n```\n",
    ]


def test_the_machine_is_described_in_full(module):
    described = module("report").machine()
    assert {"date", "processor", "cores", "memory", "packages", "Keras backend"} <= described.keys()
    assert all(isinstance(value, str) and value and "\n" not in value for value in described.values())
    assert all(f"{name} " in described["packages"] for name in ("tensorflow", "keras", "numpy"))


def test_each_script_is_a_process_of_its_own_and_its_output_is_kept(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    where = "import os, pathlib; print(os.getpid(), pathlib.Path.cwd())"
    status, shown = bench({"one": where, "two": where + "; print('größer ≥ 2')"})
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    printed = [line for line in text.splitlines() if line.endswith(str(ROOT))]
    assert status == 0 and len({line.split()[0] for line in printed}) == 2
    assert all(line in shown for line in printed) and "größer ≥ 2" in shown and "\ngrößer ≥ 2\n```" in text
    assert text.index("## one.py\n\nClaim: one is right.\n") < text.index("## two.py\n\nClaim: two is right.\n")


def test_output_is_shown_as_it_comes(bench, tmp_path, monkeypatch):
    """The script goes on only once its first line has been seen."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    seen = tmp_path / "seen"
    code = f"""
import pathlib, time
print("first")
for _ in range(600):
    if pathlib.Path({str(seen)!r}).exists():
        print("was seen")
        break
    time.sleep(0.05)
else:
    raise SystemExit("nobody looked")
"""
    assert bench({"slow": code}, show=lambda line: seen.touch() if line == "first" else None)[0] == 0
    assert "was seen" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")


def test_a_failing_script_leaves_the_results_as_they_were(bench, tmp_path, capfd):
    (tmp_path / "RESULTS.md").write_text("of last week", encoding="utf-8")
    status, shown = bench({"good": "print('fine')", "bad": "print('so far'); 1 / 0", "last": "print('ran too')"})
    assert status == 1 and "Failed: bad. Nothing was written." in shown
    assert "so far" in shown and "ran too" in shown and "ZeroDivisionError" in capfd.readouterr().err
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == "of last week"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RESULTS.md", "bad.py", "good.py", "last.py"]


def test_named_scripts_run_alone_and_write_nothing(bench, tmp_path):
    status, shown = bench(
        {"one": "print('1!')", "two": "print('2!')", "far": "print('3!')"}, "two", "far", long=("far",)
    )
    assert status == 0 and "1!" not in shown and "2!" in shown and "3!" in shown
    assert not (tmp_path / "RESULTS.md").exists()


def test_an_unknown_name_is_refused(bench, capsys):
    with pytest.raises(SystemExit):
        bench({"one": "print('1!')"}, "won")
    assert "no script won; there are one" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [False, True])
def test_a_long_script_runs_when_asked_and_keeps_its_own_file(bench, tmp_path, asked):
    code = "import pathlib; print('an hour'); pathlib.Path(__file__).with_name('FAR.md').write_text('table')"
    status, shown = bench({"one": "print('1!')", "far": code}, *(["--all"] if asked else []), long=("far",))
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert status == 0 and ("an hour" in shown) is asked
    last = "The table of its last run: [FAR.md](FAR.md)." if asked else "Not run yet."
    assert text.endswith(f"## far.py\n\nClaim: far is right.\n\n{last}\n") and "1!" in text and "an hour" not in text


def test_a_full_disk_leaves_the_old_file_and_nothing_else(module, monkeypatch, tmp_path):
    report, path = module("report"), tmp_path / "RESULTS.md"
    path.write_text("old", encoding="utf-8")

    def full(self, text, **options):
        with open(self, "w", encoding="utf-8") as file:
            file.write(text[:2])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        report.write_whole(path, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["RESULTS.md"] and path.read_text(encoding="utf-8") == "old"


def test_the_old_file_is_replaced_in_one_step_never_opened(module, monkeypatch, tmp_path):
    path, written = tmp_path / "RESULTS.md", []
    original = Path.write_text
    monkeypatch.setattr(Path, "write_text", lambda self, *a, **o: written.append(self) or original(self, *a, **o))
    module("report").write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "new" and len(written) == 1 and path not in written


def test_without_camvid_a_script_says_so_and_ends_without_failure(module, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("FCN_TUTORIAL_CAMVID", raising=False)
    monkeypatch.setenv("FCN_TUTORIAL_CACHE", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        module("claims").need_camvid()
    assert ended.value.code in (None, 0) and "Skipped: CamVid is not on this machine" in capsys.readouterr().out
    (tmp_path / "camvid").mkdir()
    assert module("claims").need_camvid() == tmp_path / "camvid"
