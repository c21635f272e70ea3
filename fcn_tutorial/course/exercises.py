"""The exercises: sources with solutions and hidden tests in nbgrader's form, and what is made from them."""

import re
import textwrap

from fcn_tutorial.checks import quiz
from fcn_tutorial.course import minutes, notebooks

QUIZ_TAG = "quiz"  # the tag of the Markdown cell that is written from the lesson's quiz
STUB = "# Your code here."
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION[^\n]*", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(r"\n?^[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS[^\n]*", re.MULTILINE | re.DOTALL)


def sources(folder, names=()):
    """The exercises with solutions of the course in `folder`, in order, or those whose names start with `names`."""
    return notebooks.lessons(folder, names, "notebooks/exercises")


def student_file(source):
    """Where the learners' edition of a `source` file stands."""
    return source.parent / "student" / source.name


def student_edition(notebook):
    """Take solutions, hidden tests, outputs and nbgrader's marks out of a source, in place."""
    for cell in notebooks.without_outputs(without_solutions(notebook)).cells:
        cell.metadata.pop("nbgrader", None)
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../", "](../../")
    return notebook


def without_solutions(notebook):
    """Put a line to write below in the place of each solution, and take hidden tests out, in place."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = _HIDDEN.sub("", with_solution(cell.source, STUB, marks=False))
    return notebook


def with_solution(source, lines, marks=True):
    """A cell's source with `lines` in place of its solution, between nbgrader's marks or without them."""
    inside = f"### BEGIN SOLUTION\n{lines}\n### END SOLUTION" if marks else lines
    return _SOLUTION.sub(lambda found: textwrap.indent(inside, found[1]), source)


def badge_name(file):
    """The path below notebooks/ that the badges of a source lead to: its learners' edition."""
    return f"exercises/student/{file.name}"


def write(folder, names=()):
    """Write the learners' editions, and the quizzes into the lessons. Returns the files that changed."""
    changed = []
    for file in sources(folder, names):
        if notebooks.save(student_edition(notebooks.read(file)), student_file(file)):
            changed.append(student_file(file))
    for file in notebooks.lessons(folder, names):
        if notebooks.save(stamp_quiz(notebooks.read(file), file.name), file):
            changed.append(file)
    return changed


def stamp_quiz(notebook, name):
    """Write the quiz of the lesson, with its minutes, into the cells of `notebook` tagged "quiz", in place."""
    for cell in notebook.cells:
        if QUIZ_TAG in cell.metadata.get("tags", []):
            lesson = name[:2]
            needed = minutes.of_quiz(quiz.markdown(lesson), len(quiz.questions(lesson)))
            cell.source = quiz.markdown(lesson, f"About {minutes.stated(needed)} minutes.")
    return notebook
