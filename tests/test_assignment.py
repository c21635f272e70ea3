"""Variants of the exercises for a class that is marked, and nbgrader from the source to the feedback."""

import ast
import csv
import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from fcn_tutorial import __main__
from fcn_tutorial.course import assignment, exercises, notebooks

ROOT = Path(__file__).resolve().parent.parent
STEMS = [file.stem for file in exercises.sources(ROOT)]
SEEDS = ("2026", "monday group", "anna-4711")


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """The folders of three variants, by seed."""
    folder = tmp_path_factory.mktemp("variants")
    return {
        seed: (folder / str(number), assignment.write(ROOT, folder / str(number), seed))[0]
        for number, seed in enumerate(SEEDS)
    }


def source(variants, seed, stem):
    return notebooks.read(variants[seed] / "source" / stem / f"{stem}.ipynb")


def marks(instructors, learners):
    """(reached, possible) points: the learners' solutions between the instructor's cells, run one after the other."""
    own = {grade_id(cell): cell.source for cell in learners.cells if is_solution(cell)}
    reached, possible, names = 0, 0, {}
    for cell in instructors.cells:
        if cell.cell_type != "code" or "install" in cell.metadata.get("tags", []):
            continue
        points = cell.metadata.get("nbgrader", {}).get("points", 0)
        possible += points
        try:
            with redirect_stdout(io.StringIO()):
                exec(own[grade_id(cell)] if is_solution(cell) else cell.source, names)
            reached += points
        except AssertionError:
            assert points, cell.source
    plt.close("all")
    return reached, possible


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def is_solution(cell):
    return cell.metadata.get("nbgrader", {}).get("solution", False)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("seed", SEEDS)
def test_solutions_get_full_marks_an_empty_edition_none_and_anothers_answers_not_all(variants, seed, stem):
    instructors = source(variants, seed, stem)
    reached, possible = marks(instructors, instructors)
    assert reached == possible > 0
    empty = notebooks.read(variants[seed] / "student" / f"{stem}.ipynb")
    assert marks(instructors, empty) == (0, possible)
    for other in set(SEEDS) - {seed}:
        assert marks(instructors, source(variants, other, stem))[0] < possible


def test_the_same_seed_gives_the_same_files_and_another_one_other_files(variants, tmp_path):
    assignment.write(ROOT, tmp_path / "again", SEEDS[0])
    for file in sorted(path for path in variants[SEEDS[0]].rglob("*") if path.is_file()):
        name = file.relative_to(variants[SEEDS[0]])
        assert (tmp_path / "again" / name).read_bytes() == file.read_bytes()
        assert (variants[SEEDS[1]] / name).read_bytes() != file.read_bytes()


@pytest.mark.parametrize("stem", STEMS)
def test_learners_see_neither_seed_nor_solution_nor_practice(variants, stem):
    for seed in SEEDS:
        text = (variants[seed] / "student" / f"{stem}.ipynb").read_text(encoding="utf-8")
        assert "SOLUTION" not in text and "HIDDEN" not in text and "mark(" not in text and seed not in text
        assert "sealed=True" in text and "seed=0" not in text and "](../" not in text and "Colab](" not in text


def test_a_seed_from_the_learners_edition_does_not_make_the_instructors(variants, tmp_path):
    text = (variants[SEEDS[0]] / "student" / f"{STEMS[0]}.ipynb").read_text(encoding="utf-8")
    (shown,) = set(re.findall(r'seed=\\"(\w+)\\"', text))
    assignment.write(ROOT, tmp_path / "guess", shown)
    assert shown not in (tmp_path / "guess" / "student" / f"{STEMS[0]}.ipynb").read_text(encoding="utf-8")


def test_nothing_is_written_into_the_repository_or_over_something(tmp_path, capsys):
    for out in (ROOT / "build" / "mine", ROOT):
        assert __main__.main(["assignment", "--seed", "1", "--out", str(out)]) == 1
        assert "inside of the course" in capsys.readouterr().err
    (tmp_path / "mine.txt").write_text("mine")
    assert __main__.main(["assignment", "--seed", "1", "--out", str(tmp_path)]) == 1
    assert "nothing was written" in capsys.readouterr().err and len(list(tmp_path.iterdir())) == 1
    assert __main__.main(["assignment", "99", "--seed", "1", "--out", str(tmp_path / "new")]) == 1
    assert "'99'" in capsys.readouterr().err and not (tmp_path / "new").exists()


@pytest.mark.parametrize("seed", ["a\nimport os", "a\rb", "a\x1b[31m", "a\u2028b", "a\udcff"])
def test_a_seed_that_would_become_code_or_orders_is_refused(tmp_path, capsys, seed):
    assert __main__.main(["assignment", "--seed", seed, "--out", str(tmp_path / "new")]) == 1
    err = capsys.readouterr().err
    assert repr(seed) in err and err.count("\n") == 1 and not (tmp_path / "new").exists()


def test_quotes_and_braces_in_a_seed_stay_a_comment(tmp_path):
    seed = 'it\'s """ {stub} \\n\'; import os #'
    config, *_ = assignment.write(ROOT, tmp_path / "new", seed, [STEM])
    (shown,) = [line for line in config.read_text(encoding="utf-8").splitlines() if "--seed" in line]
    assert shlex.split(shown.removeprefix("# made by: "))[-1] == seed
    assert not any(isinstance(node, ast.Import) for node in ast.walk(ast.parse(config.read_text(encoding="utf-8"))))


# nbgrader, end to end

STEM = "03_measure_the_total_stride"
POINTS = {"total_stride": 1, "receptive_field": 2, "centre": 1, "footprints": 2}
ENDLESS = "def receptive_field(layers):\n    while True:\n        pass"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A folder in which nbgrader has marked five submissions and written their feedback; skips without nbgrader."""
    pytest.importorskip("nbgrader")
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    assignment.write(ROOT, folder, "end to end", [STEM])
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.Execute.timeout = 6\n")
    nbgrader(folder, "generate_assignment", STEM)
    right = {grade_id(cell): cell.source for cell in notebooks.read(folder / "source" / STEM / f"{STEM}.ipynb").cells}
    right = {name: text for name, text in right.items() if name in POINTS}
    for student, answers in {
        "right": right,
        "empty": {},
        "mixture": right | {"total_stride": "total_stride = 1", "footprints": "footprints = 'two'"},
        "loops": right | {"receptive_field": ENDLESS, "centre": "while True:\n    pass"},
        "raises": right
        | {"receptive_field": "def receptive_field(layers):\n    1 / 0", "footprints": "footprints = a"},
    }.items():
        hand_in(folder, student, answers)
    nbgrader(folder, "autograde", STEM)
    nbgrader(folder, "generate_feedback", STEM)
    nbgrader(folder, "export", "--to", str(folder / "grades.csv"))
    return folder


def nbgrader(folder, *arguments):
    places = {f"JUPYTER_{name}_DIR": str(folder / ".jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | places, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def hand_in(folder, student, answers):
    notebook = notebooks.read(folder / "release" / STEM / f"{STEM}.ipynb")
    for cell in notebook.cells:
        cell.source = answers.get(grade_id(cell), cell.source) if is_solution(cell) else cell.source
    notebooks.save(notebook, folder / "submitted" / student / STEM / f"{STEM}.ipynb")


def test_nbgraders_marks_are_exact(graded):
    with (graded / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"right": 6, "empty": 0, "mixture": 3, "loops": 3, "raises": 2}


def test_nbgraders_feedback_is_rendered_and_says_why(graded):
    pages = {path.parts[-3]: path.read_text(encoding="utf-8") for path in graded.glob("feedback/*/*/*.html")}
    assert pages.keys() == {"right", "empty", "mixture", "loops", "raises"}
    assert "2 seconds" in pages["loops"] and "ZeroDivisionError" in pages["raises"]
    assert "expected 2 whole numbers" in pages["mixture"] and "Not yet" not in pages["right"]


def test_nbgraders_release_has_the_learners_code(graded):
    released = notebooks.read(graded / "release" / STEM / f"{STEM}.ipynb")
    students = notebooks.read(graded / "student" / f"{STEM}.ipynb")
    assert [cell.source for cell in released.cells] == [cell.source for cell in students.cells]


# The course's own learners' edition


@pytest.mark.parametrize("stem", STEMS)
def test_the_stored_learners_edition_and_quizzes_are_what_the_source_gives(stem):
    file = ROOT / "notebooks" / "exercises" / f"{stem}.ipynb"
    stored = exercises.student_file(file).read_text(encoding="utf-8")
    assert notebooks.read(exercises.student_file(file)) == exercises.student_edition(notebooks.read(file)), (
        "make exercises"
    )
    assert "SOLUTION" not in stored and "HIDDEN" not in stored and "nbgrader" not in stored
    for written in (file, ROOT / "notebooks" / f"{stem}.ipynb"):
        stamped = exercises.stamp_quiz(notebooks.read(written), stem)
        assert stamped == notebooks.read(written), "make exercises"
        assert sum("quiz" in cell.metadata.get("tags", []) for cell in stamped.cells) == 1
