"""The quizzes in a real JupyterLab, answered by keyboard; and a learners' edition in which nothing is answered yet."""

import accessibility
import lab_server
import lesson_page
import pytest
from nbformat import v4

from fcn_tutorial.checks import quiz
from fcn_tutorial.course import exercises, notebooks

LESSONS = [file.name[:2] for file in exercises.sources(lab_server.ROOT)]
RADIO = "() => document.activeElement.type === 'radio'"
REASONS = ".fcn-quiz [role=status]"


@pytest.fixture(scope="module")
def lesson(page, server):
    """A notebook with the quizzes of all lessons, one in each cell, all run."""
    calls = ["from fcn_tutorial.widgets.quiz import quiz", *(f'quiz("{name}")' for name in LESSONS)]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(call) for call in calls], metadata=notebooks.METADATA)
    notebooks.save(notebook, server.folder / "work" / "quizzes.ipynb")
    opened = lesson_page.LessonPage(page, server, "quizzes.ipynb")
    opened.run_all()
    yield opened
    assert opened.troubles() == []
    opened.close()


def tab_to_a_question(page):
    """Press Tab until a radio button has the focus."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(RADIO):
            return
    raise AssertionError("Tab reaches no question")


@pytest.mark.parametrize("name", LESSONS)
def test_each_question_is_answered_by_keyboard_and_each_option_has_its_reason(lesson, name):
    index = lesson.find(f'quiz("{name}")')
    reasons = lesson.cell(index).locator(REASONS)
    lesson.page.evaluate(lesson_page.SELECT, index)
    lesson.cell(index).locator("input").first.wait_for()  # JupyterLab draws a cell when it comes into sight
    lesson.page.evaluate(lesson_page.SELECT, index)
    asked = quiz.questions(name)
    for number, question in enumerate(asked):
        tab_to_a_question(lesson.page)
        for place, option in enumerate(question.options):
            lesson.page.keyboard.press("ArrowDown" if place else "Space")
            lesson.cell(index).get_by_text(option.verdict(), exact=True).wait_for()
        for _ in range(len(question.options) - 1 - [option.right for option in question.options].index(True)):
            lesson.page.keyboard.press("ArrowUp")
        lesson.cell(index).get_by_text(f"{number + 1} of {len(asked)} right.", exact=True).wait_for()
    assert reasons.count() == len(asked) + 1
    assert lesson.state()[0] == index


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_is_cut_off_and_axe_finds_nothing_grave(lesson, theme, width):
    shots = lab_server.ROOT / "build" / "widgets"
    shots.mkdir(parents=True, exist_ok=True)
    lesson.wear(theme, width, files=width == 800)
    for name in LESSONS:
        index = lesson.find(f'quiz("{name}")')
        lesson.output(index).screenshot(path=shots / f"quiz_{name}_{theme.lower()}_{width}.png")
        assert lesson.cut(index) == []
    assert accessibility.grave(lesson.page) == []


def test_the_learners_edition_runs_with_nothing_answered(page, server):
    opened = lesson_page.LessonPage(page, server, "exercises/student/03_measure_the_total_stride.ipynb")
    opened.run_all()
    assert opened.troubles() == []
    checks = [cell["outputs"] for cell in opened.cells() if "exercises.check(" in cell["source"]]
    assert len(checks) == 4 and all(outputs[0]["text"].startswith("Not yet. ") for outputs in checks)
    opened.close()
