"""The plumbing around the notebooks, on throw-away courses: executing, the site, copies, address, check."""

import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest
from hearing import hear

pytest.importorskip("nbclient")
from nbformat import v4

from fcn_tutorial import __main__, files, paths
from fcn_tutorial.course import address, check, execute, fork, installation, kernels, lab, mathml, notebooks, run, site

ROOT = Path(__file__).resolve().parent.parent
URL = address.read_address(ROOT)
MATHS = "Half: $\\frac{1}{2}$\n\n$$\n\\begin{aligned}a &= 1 \\\\ b &= 2\\end{aligned}\n$$\n"


def code(source, *tags):
    return v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def lesson(*cells, text=MATHS):
    head = v4.new_markdown_cell(f"# Title\n\n[![Open in Colab](x)](x)\n\n{text}")
    notebook = v4.new_notebook(cells=[head, code("# install", "install"), *cells])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def write(folder, name, *cells, **more):
    file = folder / "notebooks" / name
    notebooks.save(lesson(*cells, **more), file)
    return file


def fingerprint(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def empty_course(folder):
    (folder / "notebooks").mkdir(parents=True)
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("_build"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def leave_hidden_files(folder):
    """What a Mac lays beside each file on a foreign disk: no text, and no notebook."""
    for name in ("notebooks/._01_one.ipynb", "notebooks/exercises/student/._01_one.ipynb", "docs/._index.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\x00\x05\x16\x07\x00\x02\xb0\xff")


@pytest.fixture
def course(tmp_path):
    return empty_course(tmp_path / "course")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A course of two notebooks after `run`: (folder, executions, what the folder held before)."""
    folder = empty_course(tmp_path_factory.mktemp("run") / "course")
    picture = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()"
    where = "import os, sys\nprint('python:', sys.prefix)\nprint('files:', len(os.listdir()))\nprint('stride: 32')"
    write(folder, "01_one.ipynb", code("1 + 1", "hide-output"), code(picture), code(where, "measured"))
    write(folder, "02_two.ipynb", code("import sys\nprint('red', file=sys.stderr)"), text="[back](01_one.ipynb)")
    proof = code("# @title Proof: one is one\nassert 1 == 1", "proof")
    aside = write(folder, "further/01_aside.ipynb", proof, text="[back](../01_one.ipynb)")
    notebooks.save(notebooks.normalise(notebooks.read(aside), "further/01_aside.ipynb", URL), aside)
    leave_hidden_files(folder)
    before = fingerprint(folder)
    return folder, run.run(folder, quiet=True), before


def test_run_leaves_the_working_tree_as_it_was(executed):
    folder, _, before = executed
    after = {name: content for name, content in fingerprint(folder).items() if not name.startswith("build")}
    assert after == before


def test_run_starts_this_python_in_an_empty_folder_and_collects_what_was_measured(executed):
    _, executions, _ = executed
    assert [execution.name for execution in executions] == ["01_one", "02_two"]
    assert executions[0].measured == {"python": sys.prefix, "files": "0", "stride": "32"}
    assert executions[1].measured == {}
    assert all(20 * 2**20 < execution.peak_bytes < 2**30 and execution.seconds > 0.1 for execution in executions)


def test_the_table_names_every_notebook_and_figure(executed):
    text = run.table(executed[1])
    for word in ("01_one", "02_two", "stride", "32", "minutes", "peak memory", "MiB"):
        assert word in text
    json.dumps([execution.report() for execution in executed[1]])


def test_hidden_files_are_no_part_of_the_course(executed, tmp_path):
    folder = shutil.copytree(executed[0], tmp_path / "copy")
    pages = [file.name for file in (folder / "build").rglob("*") if file.is_file()]
    assert [name for name in pages if name.startswith("._") or "none" in name] == ["none.html"]
    assert [file.name for file in lab.copy(folder)] == ["01_one.ipynb", "02_two.ipynb", "01_aside.ipynb"]
    assert fork.rewrite(folder, "https://github.com/a/b") != []


def test_executed_copies_are_normalised(executed):
    folder, _, _ = executed
    for file in sorted((folder / "build" / "notebooks").glob("*.ipynb")):
        text = file.read_text(encoding="utf-8")
        notebook = notebooks.read(file)
        counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
        assert counts == list(range(1, len(counts) + 1))
        assert "stderr" not in [output.get("name") for cell in notebook.cells for output in cell.get("outputs", [])]
        notebooks.save(notebooks.normalise(notebook, file.name, URL), file)
        assert file.read_text(encoding="utf-8") == text


def test_the_site_reads_without_a_network(executed):
    out = executed[0] / "build" / "site"
    assert (out / "index.html").is_file() and (out / "notebooks" / "02_two.html").is_file()
    assert site.loads_from_elsewhere(out) == []
    page = (out / "notebooks" / "01_one.html").read_text(encoding="utf-8")
    assert page.count("badge-colab.svg") == 1 and page.count("badge-binder.svg") == 1
    assert page.count("<math ") == 2 and "<mtable" in page and "mathjax" not in page.lower()
    assert "<details" in page and "The answer. Guess first" in page and "<title>01 Title" in page
    assert '<a class="reference internal" href="01_one.html"' in (out / "notebooks" / "02_two.html").read_text("utf-8")


def test_further_pages_stand_in_the_site_as_stored_and_proofs_are_folded(executed):
    page = (executed[0] / "build" / "site" / "notebooks" / "further" / "01_aside.html").read_text(encoding="utf-8")
    assert '<a class="reference internal" href="../01_one.html"' in page
    assert re.search(r'src="\.\./\.\./_(images|static)/badge-colab.svg"', page)
    folded = re.search(r"<details.*?</details>", page, re.DOTALL)[0]
    assert "Proof: one is one" in folded and "assert" in folded and "@title" not in page


def test_loads_from_elsewhere_are_found(tmp_path):
    lines = [
        '<script src="https://cdn.example/x.js"></script>',
        "<img alt='' src=//img.example/x.png>",
        '<link rel="stylesheet" href="http://css.example/x.css">',
        "<style>@font-face { src: url(https://font.example/x.woff) }</style>",
        '<a href="https://link.example">a link is not loaded</a><img src="local.png">',
    ]
    (tmp_path / "page.html").write_text("\n".join(lines), encoding="utf-8")
    hosts = [url.split("/")[2] for _, url in site.loads_from_elsewhere(tmp_path)]
    assert hosts == ["img.example", "css.example", "cdn.example", "font.example"]


def test_the_site_is_the_same_each_time(executed, tmp_path):
    folder = executed[0]
    site.build(folder, folder / "build" / "notebooks", tmp_path / "again")
    first, again = fingerprint(folder / "build" / "site"), fingerprint(tmp_path / "again")
    assert [name for name in first.keys() | again.keys() if first.get(name) != again.get(name)] == []


def test_an_empty_course_runs(course, capsys):
    assert run.run(course) == []
    assert (course / "build" / "site" / "index.html").is_file()
    assert capsys.readouterr().err == ""
    assert "no notebooks" in run.table([])


def test_a_failing_cell_is_named_and_nothing_changes(course):
    kept = course / "build" / "notebooks" / "from_before.ipynb"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    write(course, "01_fine.ipynb", code("1"))
    write(course, "02_fails.ipynb", code("one = 1"), code("one / 0"), code("2"))
    before = fingerprint(course)
    with pytest.raises(execute.CellFailed) as caught:
        run.run(course, quiet=True)
    for words in ("02_fails, cell 3 of 4", "one / 0", "ZeroDivisionError"):
        assert words in str(caught.value)
    assert fingerprint(course) == before


def test_a_dead_kernel_and_an_endless_cell_are_named():
    with pytest.raises(execute.CellFailed, match=r"(?s)dies, cell 2 of 2 failed.*kernel died"):
        execute.execute(lesson(code("import os\nos._exit(1)")), "dies", quiet=True)
    with pytest.raises(execute.CellFailed, match=r"(?s)waits, cell 2 of 2 failed.*too long"):
        execute.execute(lesson(code("import time\ntime.sleep(60)")), "waits", quiet=True, timeout=1)


def test_a_failed_cell_is_told_without_colours(course):
    with pytest.raises(execute.CellFailed) as caught:
        execute.execute(lesson(code("1 / 0")), "fails", quiet=True)
    assert "\x1b" not in str(caught.value)


def test_a_kernel_that_does_not_start_is_named_with_its_own_words(monkeypatch):
    whole = kernels.manager

    def broken(folder):
        manager = whole(folder)
        manager.kernel_spec.argv[:] = [sys.executable, "-c", "raise SystemExit('no ipykernel')"]
        return manager

    monkeypatch.setattr(kernels, "manager", broken)
    with pytest.raises(execute.CellFailed, match="(?s)x, before the first cell failed.*no ipykernel.*check"):
        execute.execute(lesson(code("1")), "x", quiet=True)


@pytest.fixture
def others(tmp_path, monkeypatch):
    """What a user may have set for other programs: a kernel, a way to draw, settings of IPython and Matplotlib."""
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    for folder in (kernel, startup, tmp_path / "matplotlib"):
        folder.mkdir(parents=True)
    spec = {"argv": ["/other/python", "{connection_file}"], "display_name": "Other", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    (startup / "first.py").write_text("mine = 1")
    (tmp_path / "matplotlib" / "matplotlibrc").write_text("backend: Agg\nlines.linewidth: 77")
    (tmp_path / "startup.py").write_text("mine = 1")
    for name, value in {
        "JUPYTER_PATH": "jupyter",
        "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib",
        "PYTHONSTARTUP": "startup.py",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("MPLBACKEND", "Agg")


def test_what_the_user_has_set_for_other_programs_changes_no_notebook(others):
    picture = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint(plt.rcParams['lines.linewidth'])"
    notebook = lesson(code(picture), code("import sys\nprint('mine' in globals(), sys.executable)"))
    execute.execute(notebook, "x", quiet=True)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    words = "".join(output.text for output in outputs if output.output_type == "stream").split()
    assert words == ["1.5", "False", sys.executable]


def test_jupyterlab_starts_the_kernel_of_this_python_and_its_pictures_are_shown(others, course, monkeypatch):
    started = []

    class Lab:
        def __init__(self, *_, env, **__):
            started.append(env)

        def wait(self):
            return 0

    monkeypatch.setattr(lab.subprocess, "Popen", Lab)
    lab.start(course)
    assert "MPLBACKEND" not in started[0]
    monkeypatch.undo()
    find = "from jupyter_client.kernelspec import KernelSpecManager as K; print(K().get_kernel_spec('python3').argv[0])"
    found = subprocess.run([sys.executable, "-c", find], env=started[0], capture_output=True, text=True, check=True)
    assert kernels.is_own([found.stdout.strip()])


def test_the_kernel_that_check_reports_is_the_one_that_jupyterlab_starts(others):
    assert kernels.is_own(kernels.kernel_command())


RUN = """
import sys
from pathlib import Path
from fcn_tutorial import __main__
from fcn_tutorial.course import address
address.course_folder = lambda: Path(sys.argv[1])
sys.exit(__main__.main(["run"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_stopped_run_says_so_in_a_line_and_leaves_nothing(course, tmp_path, name, status):
    pid, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    busy = f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()) + '.')\nsum(range(10**12))"
    write(course, "01_busy.ipynb", code(busy))
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(course)],
        env=os.environ | {"TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear,
    )
    while process.poll() is None and not (pid.exists() and pid.read_text().endswith(".")):
        time.sleep(0.1)
    for _ in range(2):  # as an impatient hand does
        os.killpg(process.pid, getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    said = [line for line in re.split("[\r\n]", said) if line.strip() and "|" not in line]  # bars apart
    assert said == ["fcn-tutorial: stopped."]
    assert not psutil.pid_exists(int(pid.read_text()[:-1]))
    assert list(temporary.iterdir()) == [] and list((course / "build").glob("[!.]*")) == []


HOLDER = """
import sys
from pathlib import Path
from fcn_tutorial import files
with files.locked(Path(sys.argv[1]), "held"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_at_once_that_another_is_at_work(course):
    write(course, "01_fails.ipynb", code("1 / 0"))
    command = [sys.executable, "-c", HOLDER, str(course / "build" / "notebooks")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError, match="another `fcn-tutorial run` is at work"):
            run.run(course, quiet=True)
        other.communicate()


def test_a_place_that_cant_be_written_is_refused_before_anything_is_executed(course, monkeypatch):
    write(course, "01_fails.ipynb", code("1 / 0"))
    (course / "build").write_text("a file")
    with pytest.raises(OSError, match="Could not write"):
        run.run(course, quiet=True)
    tried = []
    monkeypatch.setattr(files, "check_place", tried.append)
    with pytest.raises(execute.CellFailed):
        run.refresh(course, quiet=True)
    assert tried == [course / "notebooks" / "01_fails.ipynb"]


def test_a_full_disk_is_said_as_such_when_sphinx_meets_it(course, tmp_path, monkeypatch):
    done = subprocess.CompletedProcess([], 2, stdout=f"Traceback\nOSError: {os.strerror(errno.ENOSPC)}: 'x'")
    monkeypatch.setattr(site.subprocess, "run", lambda *_, **__: done)
    (tmp_path / "executed").mkdir()
    with pytest.raises(OSError) as caught:
        site.build(course, tmp_path / "executed", tmp_path / "out")
    assert caught.value.errno == errno.ENOSPC and not (tmp_path / "out").exists()


KILLS = """
import os, random, signal, sys, time
from pathlib import Path
from fcn_tutorial.course import site

folder = Path(sys.argv[1])
generator = random.Random(0)

def make(place, text):
    place.mkdir()
    for number in range(20):
        (place / str(number)).write_text(text)

def replace_for_ever():
    for number in range(10**9):
        make(folder / "made", str(number))
        site.replace_folder(folder / "made", folder / "site")

make(folder / "site", "first")
for _ in range(40):
    if not (child := os.fork()):
        replace_for_ever()
    time.sleep(generator.uniform(0.002, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if hasattr(site, "heal"):
        site.heal(folder / "site")
    texts = [(folder / "site" / str(number)).read_text() for number in range(20)]
    assert len(set(texts)) == 1, texts
    for file in (folder / "made").glob("*"):
        file.unlink()
    (folder / "made").rmdir() if (folder / "made").exists() else None
print(sorted(os.listdir(folder)))
"""


@pytest.mark.skipif(os.name == "nt", reason="no fork, no SIGKILL")
def test_a_folder_that_is_replaced_is_whole_whenever_the_program_is_killed(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLS, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.strip() == "['site']", done.stderr


def test_what_a_kill_between_the_two_renames_left_is_healed(tmp_path):
    for name, text in ((".site.old", "old"), (".site.new", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(text)
    site.heal(tmp_path / "site")
    assert (tmp_path / "site" / "a").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["site"]


def test_the_command_line_says_what_failed_and_exits_with_1(course, monkeypatch, capsys):
    write(course, "01_fails.ipynb", code("1 / 0"))
    monkeypatch.setattr(address, "course_folder", lambda: course)
    assert __main__.main(["run"]) == 1
    assert "01_fails, cell 2 of 2" in capsys.readouterr().err
    assert __main__.main(["notebooks", "7"]) == 1
    assert "No notebook's name starts with '7'" in capsys.readouterr().err


def test_notebooks_are_refreshed_in_place_and_the_same_each_time(course):
    file = write(course, "01_one.ipynb", code("print(6 * 7)"), code("", "blank"), code("'x'"))
    other = write(course, "02_two.ipynb", code("1"))
    write(course, "further/01_aside.ipynb", code("1"))
    untouched = other.read_bytes()
    assert [execution.name for execution in run.refresh(course, ["01"], quiet=True)] == ["01_one"]
    assert [execution.name for execution in run.refresh(course, ["further/01"], quiet=True)] == ["further/01_aside"]
    first = file.read_bytes()
    run.refresh(course, ["01"], quiet=True)
    assert file.read_bytes() == first and other.read_bytes() == untouched
    notebook = notebooks.read(file)
    assert notebook.metadata == notebooks.METADATA
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [1, 2, 3]
    assert notebook.cells[2].outputs[0].text == "42\n"


def test_a_failing_notebook_is_not_written(course):
    file = write(course, "01_fails.ipynb", code("1 / 0"))
    before = file.read_bytes()
    with pytest.raises(execute.CellFailed):
        run.refresh(course, quiet=True)
    assert file.read_bytes() == before


def test_normalise_by_hand():
    view = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "a slider"}
    outputs = [
        v4.new_output("stream", name="stdout", text="a"),
        v4.new_output("stream", name="stderr", text="red"),
        v4.new_output("stream", name="stdout", text="b\n"),
        v4.new_output("display_data", data=view),
        v4.new_output("execute_result", data={"text/plain": "3"}, execution_count=9),
    ]
    notebook = lesson(v4.new_code_cell("3\n\n", outputs=outputs, execution_count=9, metadata={"collapsed": True}))
    notebook.metadata = {"widgets": {}, "kernelspec": {"name": "mine"}}
    notebooks.normalise(notebook, "01_one.ipynb", URL)
    cell = notebook.cells[-1]
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "ab\n" and cell.source == "3" and cell.metadata == {}
    assert cell.execution_count == cell.outputs[1].execution_count == 2
    assert notebook.metadata == notebooks.METADATA


def test_proofs_are_folded_where_they_are_stored():
    notebook = lesson(code("# @title Proof: one\nassert 1", "proof"), code("1"))
    notebooks.normalise(notebook, "further/01_one.ipynb", URL)
    assert notebook.cells[-2].metadata == {
        "tags": ["proof"],
        "cellView": "form",
        "jupyter": {"source_hidden": True},
    }
    assert notebook.cells[-1].metadata == {} and "/notebooks/further/01_one.ipynb" in notebook.cells[0].source


def test_measured_lines_have_a_form():
    output = v4.new_output("stream", name="stdout", text="loss: no colon\nmean IoU: at 8: 0.5\n")
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", metadata={"tags": ["measured"]}, outputs=[output])])
    assert execute.measured(notebook, "x") == {"loss": "no colon", "mean IoU: at 8": "0.5"}
    output.text = "0.5"
    with pytest.raises(ValueError, match="name: value"):
        execute.measured(notebook, "x")


def test_save_leaves_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    file = tmp_path / "01_one.ipynb"
    assert notebooks.save(lesson(), file) and not notebooks.save(lesson(), file)
    before = file.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        notebooks.save(lesson(code("new")), file)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]
    file.write_text("no notebook")
    for text in (b"no notebook", b"\xff", b"[]", b"{}", b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3}'):
        file.write_bytes(text)
        with pytest.raises(ValueError, match="01_one.ipynb is no notebook"):
            notebooks.read(file)


def test_lab_copies_without_outputs_and_never_overwrites(course):
    output = v4.new_output("stream", name="stdout", text="the answer\n")
    write(course, "01_one.ipynb", v4.new_code_cell("1", outputs=[output], execution_count=1))
    assert [file.name for file in lab.copy(course)] == ["01_one.ipynb"]
    mine = course / "work" / "01_one.ipynb"
    assert "the answer" not in mine.read_text(encoding="utf-8")
    mine.write_text("my own work")
    write(course, "02_two.ipynb", code("2"))
    write(course, "exercises/02_more.ipynb", code("the solution"))
    write(course, "exercises/student/02_more.ipynb", code("yours"))
    write(course, "further/02_aside.ipynb", code("3"))
    assert sorted(file.name for file in lab.copy(course)) == ["02_aside.ipynb", "02_more.ipynb", "02_two.ipynb"]
    assert (course / "work" / "further" / "02_aside.ipynb").is_file()
    assert mine.read_text() == "my own work" and "yours" in (
        course / "work" / "exercises" / "student" / "02_more.ipynb"
    ).read_text(encoding="utf-8")
    assert lab.copy(course) == []


def test_lab_hands_its_arguments_on(course, monkeypatch):
    monkeypatch.setattr(address, "course_folder", lambda: course)
    given = []
    monkeypatch.setattr(lab, "start", lambda *passed: given.append(passed) or 7)
    write(course, "00_first.ipynb", code("1"))
    write(course, "01_one.ipynb", code("1"))
    for _ in range(2):
        assert __main__.main(["lab", "--no-browser", "--port=9999"]) == 7
    # Who comes for the first time begins with the first lesson, later with what was open.
    assert given == [(course, ["--no-browser", "--port=9999"], page) for page in ("00_first.ipynb", None)]
    with pytest.raises(SystemExit):
        __main__.main(["address", "--no-browser"])


def test_the_address_moves_with_one_command_and_back(course, monkeypatch, capsys):
    for name in ("README.md", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, course)
    shutil.copytree(ROOT / "notebooks", course / "notebooks", dirs_exist_ok=True)
    write(course, "99_one.ipynb", v4.new_markdown_cell(f"[the course]({URL}/issues), {URL}."))
    fork.rewrite(course, URL)
    before = fingerprint(course)
    monkeypatch.setattr(address, "course_folder", lambda: course)
    assert __main__.main(["address", "https://github.com/a-teacher/fcn.course.git/"]) == 0
    assert "a-teacher/fcn.course" in capsys.readouterr().out
    slug = URL.removeprefix("https://github.com/")
    assert [name for name, content in fingerprint(course).items() if slug.encode() in content] == []
    source = (course / "notebooks" / "99_one.ipynb").read_text(encoding="utf-8")
    assert source.count("a-teacher/fcn.course") == 5  # Colab, Binder, install cell, two links
    assert __main__.main(["address"]) == 0
    assert capsys.readouterr().out == "https://github.com/a-teacher/fcn.course\n"
    assert __main__.main(["address", URL]) == 0
    assert fingerprint(course) == before


@pytest.mark.parametrize("name", ["docs/latin.md", "notebooks/02_two.ipynb"])
def test_the_address_stays_where_a_file_cannot_be_read(course, name):
    write(course, "01_one.ipynb", code("1"))
    (course / name).write_bytes("[kürs](https://github.com/x)".encode("latin-1"))
    before = fingerprint(course)
    with pytest.raises(ValueError, match=f"{Path(name).name}.*UTF-8"):
        fork.rewrite(course, "https://github.com/a-teacher/course")
    assert fingerprint(course) == before


def test_the_address_moves_as_a_whole_when_it_is_stopped_and_started_again(course, monkeypatch):
    write(course, "01_one.ipynb", code("1"))
    shutil.copy(ROOT / "README.md", course)
    whole = shutil.copytree(course, course.with_name("whole"))
    fork.rewrite(whole, "https://github.com/a/b")
    with monkeypatch.context() as patch, pytest.raises(OSError):
        replace, left = os.replace, [1, 1]
        patch.setattr(os, "replace", lambda *names: replace(*names) if left and left.pop() else os.stat("/no/disk"))
        fork.rewrite(course, "https://github.com/a/b")
    assert address.read_address(course) == URL
    fork.rewrite(course, "https://github.com/a/b")
    assert fingerprint(course) == fingerprint(whole)


def test_the_course_of_another_clone_is_not_taken_for_this_one(course, monkeypatch, capsys):
    (course / "work").mkdir()
    for folder in (course, course / "work"):
        monkeypatch.chdir(folder)
        with pytest.raises(RuntimeError, match="another one"):
            address.course_folder()
    before = fingerprint(course)
    assert __main__.main(["address", "https://github.com/a/b"]) == 1
    error = capsys.readouterr().err
    assert str(ROOT) in error and str(course) in error and "make setup" in error
    assert fingerprint(course) == before and address.read_address(ROOT) == URL
    monkeypatch.chdir(ROOT / "docs")
    assert address.course_folder() == ROOT


@pytest.mark.parametrize(
    "url", ["", "a/b", "http://github.com/a/b", "https://gitlab.example/a/b", "https://github.com/a/b/c"]
)
def test_other_addresses_are_refused(url):
    with pytest.raises(ValueError, match="expected https://github.com/OWNER/NAME"):
        address.check_address(url)


def test_only_whole_names_are_replaced():
    text = "https://github.com/a/b https://github.com/a/bc https://github.com/a/b-2 x.org/github/a/b/blob a/b"
    moved = address.replace_address(text, "https://github.com/a/b", "https://github.com/c/d")
    assert moved == "https://github.com/c/d https://github.com/a/bc https://github.com/a/b-2 x.org/github/c/d/blob a/b"


def test_a_notebook_without_its_head_is_refused():
    without_badges, without_tag = lesson(), lesson()
    without_badges.cells[0].source = "# Title"
    without_tag.cells[1].metadata = {}
    with pytest.raises(ValueError, match="01_x.ipynb: the first cell"):
        address.stamp(without_badges, "01_x.ipynb", URL)
    with pytest.raises(ValueError, match='01_x.ipynb: the first code cell must carry the tag "install"'):
        address.stamp(without_tag, "01_x.ipynb", URL)


def test_the_install_cell_installs_on_colab_only():
    source = address.install_source(URL).replace("    %pip", "    ran = '%pip").rstrip() + "'"
    assert source.count('"fcn-tutorial @ ') == 1 and f"/{address.TAG}.zip" in source and "upgrade" not in source.lower()
    elsewhere, colab = {}, {}
    exec(source, elsewhere)
    exec(source.replace('"google.colab"', '"sys"'), colab)
    assert "ran" not in elsewhere and "pip install" in colab["ran"]


def test_the_kernel_is_this_python():
    assert kernels.is_own(kernels.kernel_command())
    assert kernels.is_own([sys.executable, "-m", "x"]) and not kernels.is_own(["/other/bin/python", "-m", "x"])


def test_watch_sees_the_peak_of_a_process():
    hold = "import time; x = bytearray(300 * 2**20); time.sleep(1); del x; time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", hold]) as process:
        watch = kernels.Watch(process.pid)
        watch.start()
        process.wait()
        watch.close()
    assert 300 * 2**20 < watch.peak < 400 * 2**20


def test_formulas_become_mathml():
    assert "<mfrac>" in mathml.to_mathml(r"\frac{1}{2}", False)
    for rows in (
        r"a \\ b",
        r"\begin{gathered}a \\ b\end{gathered}",
        r"\begin{equation*}\begin{aligned}a\\b\end{aligned}\end{equation*}",
    ):
        assert mathml.to_mathml(rows, True).count("<mtr>") == 2
    assert mathml.to_mathml(r"\begin{nonsense}a & b\end{nonsense}", True).startswith("<code>")


def test_the_command_line_starts_without_keras():
    code = (
        "import sys; from fcn_tutorial import __main__ as m; m.build_parser(); "
        "print([name for name in ('keras', 'numpy', 'nbclient') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", __main__.VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        __main__.main([verb, "--help"])
    assert caught.value.code == 0 and "usage:" in capsys.readouterr().out


def test_check_finds_what_is_off(monkeypatch, tmp_path, capsys):
    pytest.importorskip("fcn_tutorial.backbones.efficientnet_lite")
    from fcn_tutorial.backbones import efficientnet_lite

    assert [finding.name for finding in check.look() if not finding.ok] == []
    changed = tmp_path / "weights.pth"
    changed.write_bytes(b"not the weights")
    monkeypatch.setattr(efficientnet_lite, "weights_path", lambda: changed)
    monkeypatch.setattr(check, "MEMORY", 2**60)
    monkeypatch.setattr(
        installation.metadata, "requires", lambda _: ["numpy>=99", "no-such-package>=1", "ruff>=99; extra == 'test'"]
    )
    monkeypatch.setattr(kernels, "kernel_command", lambda: ["/other/python"])
    off = {finding.name: finding for finding in check.look() if not finding.ok}
    assert set(off) == {"numpy", "no-such-package", "kernel", "weights", "memory"}
    assert all(finding.advice for finding in off.values())
    assert __main__.main(["check"]) == 1
    assert "5 of" in capsys.readouterr().out
    assert __main__.main(["check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_check_survives_a_backend_that_does_not_start():
    done = subprocess.run(
        [sys.executable, "-m", "fcn_tutorial", "check"],
        env={**os.environ, "KERAS_BACKEND": "nonsense"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "Keras does not start" in done.stdout and "Traceback" not in done.stderr


def test_check_goes_on_behind_what_it_cannot_look_at(monkeypatch):
    def broken():
        yield check.Finding("first", "found", True)
        raise TypeError("of any kind")

    monkeypatch.setattr(check, "_LOOKS", {"one": broken, "two": lambda: check.Finding("last", "found", True)})
    findings = check.look()
    assert [(finding.name, finding.ok) for finding in findings] == [("first", True), ("one", False), ("last", True)]
    assert "of any kind" in findings[1].found and findings[1].advice


def test_check_can_look_where_nothing_is_installed():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from fcn_tutorial.__main__ import main; main(['check'])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "OFF" in done.stdout and done.stdout.splitlines()[-1].endswith("things are off.")


@pytest.mark.parametrize("metadata_too", [False, True])
def test_check_says_that_pythonpath_leads_to_another_package(tmp_path, monkeypatch, metadata_too):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").touch()
    if metadata_too:
        info = tmp_path / "numpy-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.5\n")
        (info / "RECORD").write_text("numpy/__init__.py,,\nnumpy-1.5.dist-info/METADATA,,\n")
    code = "from fcn_tutorial.course import check, installation as i; print(check.as_text(list(i.packages())))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "1 of " in done.stdout and f"take {tmp_path} out of it" in done.stdout
    assert str(tmp_path / "numpy") in done.stdout and ("1.5" in done.stdout) == metadata_too


def test_check_names_a_package_whose_files_are_gone(monkeypatch):
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda _: None)
    found = list(installation.packages())
    assert found and not any(finding.ok for finding in found) and "gone" in found[0].found


def test_check_trusts_a_distribution_that_does_not_list_its_files(monkeypatch):
    """Some systems' own packages do not, and single modules have no folder."""
    monkeypatch.setattr(installation.metadata.PathDistribution, "files", None)
    assert all(finding.ok for finding in installation.packages())


def test_check_says_that_there_is_no_home(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert not installation.home().ok and "set HOME" in installation.home().advice
    for name in ("FCN_TUTORIAL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileNotFoundError, match="Set FCN_TUTORIAL_CACHE"):
        paths.cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(ROOT))
    assert paths.cache_folder() == ROOT / "fcn-tutorial"


def test_check_says_that_jupyter_path_leads_to_another_kernel(tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/other/python", "-m", "ipykernel_launcher"], "display_name": "x", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setattr(kernels, "kernel_command", lambda: spec["argv"])
    found = installation.kernel()
    assert not found.ok and "unset" in found.advice and str(tmp_path) in found.advice


def test_check_shows_settings_of_keras_that_the_course_cannot_work_with(monkeypatch):
    from fcn_tutorial.backend import keras

    monkeypatch.setattr(keras.config, "floatx", lambda: "float16")
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")
    (found,) = [finding for finding in check.look() if not finding.ok]
    assert found.name == "keras.json" and "channels_first, float16" in found.found and "keras.json" in found.advice


def test_check_names_the_folder_that_notebooks_load_the_course_from(monkeypatch, tmp_path):
    (tmp_path / "fcn_tutorial").mkdir()
    (tmp_path / "fcn_tutorial" / "__init__.py").touch()
    assert installation.course().ok
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not installation.course().ok and str(tmp_path) in installation.course().found


def test_a_terminal_without_umlauts_gets_the_answer(monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    monkeypatch.setattr(address, "read_address", lambda _: "https://github.com/kürs/kürs")
    assert __main__.main(["address"]) == 0
    sys.stdout.flush()
    assert b"k\\xfcrs" in sys.stdout.buffer.getvalue()


@pytest.mark.parametrize(("stored", "passes"), [("same", True), ("other", False)])
def test_nbval_compares_stdout_and_leaves_stderr_out(course, stored, passes):
    shutil.copy(ROOT / "conftest.py", course)
    inline = "module://matplotlib_inline.backend_inline"
    output = v4.new_output("stream", name="stdout", text=f"{stored}\n0.25 s\n{inline}\n")
    cell = code("import os, sys\nprint('same\\n1.5 s')\nprint('red', file=sys.stderr)\nprint(os.environ['MPLBACKEND'])")
    cell.outputs, cell.execution_count = [output], 1
    file = course / "notebooks" / "01_one.ipynb"
    notebooks.save(v4.new_notebook(cells=[cell]), file)
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-sanitize-with"]
    command += [str(ROOT / "tests" / "nbval_sanitize.cfg"), "--nbval-cell-timeout", "60", str(file)]
    environment = os.environ | {"MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, *command], cwd=course, env=environment, capture_output=True, text=True)
    assert (done.returncode == 0) == passes, done.stdout


def test_the_wheel_carries_data_and_no_plumbing_from_the_clone(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        for file in (ROOT / "data").iterdir():
            packed = wheel.read(f"fcn_tutorial/data/{file.name}")
            assert hashlib.sha256(packed).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"fcn_tutorial"}


@pytest.fixture
def set_up(tmp_path, monkeypatch):
    """tools/set_up.py, working in an empty folder, its pip calls only recorded in `.calls`."""
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "tools" / "set_up.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("VENV", "STAMP", "UNFINISHED"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).relative_to(module.ROOT))
    module.calls = []
    monkeypatch.setattr(module, "pip", lambda *arguments, **_: module.calls.append(arguments))
    return module


def test_set_up_is_done_once_and_mended_after_an_interruption(set_up, monkeypatch):
    set_up.main()
    assert set_up.runs() and [call[0] for call in set_up.calls] == ["--require-hashes", "--no-deps"]
    set_up.main()
    assert len(set_up.calls) == 2
    set_up.STAMP.write_text("an older lock")
    half = set_up.VENV / "half-installed"
    half.touch()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(set_up, "pip", interrupted)
        set_up.main()
    assert half.exists() and not set_up.STAMP.exists()
    set_up.main()
    assert not half.exists() and set_up.STAMP.exists() and len(set_up.calls) == 4


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14)])
def test_set_up_refuses_other_pythons_in_one_line(set_up, version):
    with pytest.raises(SystemExit) as caught:
        set_up.refuse_unsuitable(version, "linux", "x86_64")
    assert (
        "3.11, 3.12 or 3.13" in caught.value.code and "Install" in caught.value.code and "\n" not in caught.value.code
    )
    with pytest.raises(SystemExit, match="Colab or Binder"):
        set_up.refuse_unsuitable((3, 12), "darwin", "x86_64")
    for good in ((3, 11), (3, 12), (3, 13)):
        set_up.refuse_unsuitable(good, "darwin", "arm64")


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_make_finds_a_suitable_python_or_refuses(tmp_path):
    script = ["sh", str(ROOT / "tools" / "find_python.sh")]
    assert subprocess.run([*script, sys.executable], capture_output=True, text=True).stdout.strip() == sys.executable
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *exit*) exit 1;; *) echo 3.9;; esac\n')
    old.chmod(0o755)
    done = subprocess.run([*script, str(old)], capture_output=True, text=True)
    assert (
        done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1 and f"{old} is 3.9" in done.stderr
    )
