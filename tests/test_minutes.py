"""One rule for the minutes of every page, worked out by hand."""

import re
from pathlib import Path

import pytest

pytest.importorskip("nbformat")
from nbformat import v4

from fcn_tutorial.course import minutes, notebooks

ROOT = Path(__file__).resolve().parent.parent


def code(source, *tags, figures=0):
    outputs = [v4.new_output("display_data", data={"image/png": "", "text/plain": "x"}) for _ in range(figures)]
    return v4.new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)


def page(*cells):
    return v4.new_notebook(cells=list(cells))


def words(number):
    return v4.new_markdown_cell(" ".join(["word"] * number))


@pytest.mark.parametrize(
    "cell, needed",
    [
        (words(260), 2),
        (v4.new_markdown_cell("word " * 260, metadata={"tags": ["quiz"]}), 0),
        (code("a = 1\n\n# a comment\n" + "b = 2\n" * 19), 2),
        (code("a = 1\n" * 20, "proof", figures=3), 0),
        (code("a = 1\n" * 20, "install"), 0),
        (code("a = 1\n" * 20, "measured"), 0),
        (code("a = 1\n" * 10, figures=2), 2),
        (code('guess("x", None)\n' + "a = 1\n" * 9), 1.5),
        (code("a = 1\n" * 10, "widget"), 4),
        (code("a = 1\n" * 9 + "### BEGIN SOLUTION\n" + "b = 1\n" * 30 + "### END SOLUTION\nc = 1\n"), 6),
        (code("a = 1\n" * 10 + "### BEGIN HIDDEN TESTS\n" + "b = 1\n" * 30 + "### END HIDDEN TESTS"), 1),
    ],
)
def test_each_part_by_hand(cell, needed):
    assert minutes.of(page(cell)) == pytest.approx(needed)


def test_a_quiz_by_hand():
    assert minutes.of_quiz("word " * 520, 4) == pytest.approx(6)


@pytest.mark.parametrize("exact, said", [(0.1, 5), (7.4, 5), (7.5, 10), (47.4, 45), (47.5, 50)])
def test_minutes_are_said_in_fives(exact, said):
    assert minutes.stated(exact) == said


def test_the_sentence_is_written_and_read():
    notebook = page(v4.new_markdown_cell("About 3\nminutes to read and try; it runs in a minute."), words(130 * 18))
    minutes.stamp(notebook)
    assert notebook.cells[0].source == "About 20 minutes to read and try; it runs in a minute."
    assert minutes.read(notebook) == 20
    assert minutes.read(page(words(3))) is None


PAGES = notebooks.pages(ROOT) + notebooks.lessons(ROOT, room="notebooks/exercises")


@pytest.mark.parametrize("file", PAGES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_a_page_states_is_what_the_rule_gives(file):
    notebook = notebooks.read(file)
    if minutes.read(notebook) is not None:
        assert minutes.read(notebook) == minutes.stated(minutes.of(notebook))
    assert len(re.findall(r"\bminutes to read and try", notebook.cells[0].source)) <= 1
