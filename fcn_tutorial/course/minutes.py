"""How long a page takes a learner: one rule for all pages, and the sentence at their head that says it.

Words are read at 130 a minute, ten visible lines of code in a minute; half a minute goes to each figure, guess and
question of a quiz, three to a widget, five to an answer that is to be written. Folded proofs take none.
"""

import math
import re

WORDS, LINES = 130, 10  # a minute
FIGURE, QUESTION, WIDGET, ANSWER = 0.5, 0.5, 3, 5  # minutes each
NOT_READ = {"proof", "install", "measured"}  # the tags of code cells that a learner may leave folded

_SENTENCE = re.compile(r"About\s+\d+\s+minutes\s+to\s+read\s+and\s+try")
_BETWEEN_MARKS = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?### END \1[^\n]*", re.DOTALL)


def of(notebook):
    """Minutes for the executed `notebook` (nbformat 4 object), its quiz apart, as a float."""
    return sum(map(_of_text, notebook.cells)) + sum(map(_of_code, notebook.cells))


def of_quiz(text, questions):
    """Minutes for a quiz of so many `questions` whose Markdown is `text`, as a float."""
    return len(text.split()) / WORDS + questions * QUESTION


def stated(minutes):
    """What is said of so many minutes: the nearest whole five, at least one."""
    return max(5, 5 * math.floor(minutes / 5 + 0.5))


def stamp(notebook):
    """Write the minutes into the first cell's sentence "About N minutes to read and try", if it is there; in place."""
    head = notebook.cells[0]
    head.source = _SENTENCE.sub(f"About {stated(of(notebook))} minutes to read and try", head.source)


def read(notebook):
    """The minutes that the first cell states, as an int; None where it states none."""
    found = _SENTENCE.search(notebook.cells[0].source)
    return int(re.search(r"\d+", found[0])[0]) if found else None


def _tags(cell):
    return set(cell.metadata.get("tags", []))


def _of_text(cell):
    read = cell.cell_type == "markdown" and "quiz" not in _tags(cell)
    return len(cell.source.split()) / WORDS if read else 0


def _of_code(cell):
    if cell.cell_type != "code" or NOT_READ & _tags(cell):
        return 0
    shown, answers = _BETWEEN_MARKS.subn("", cell.source)[0], cell.source.count("### BEGIN SOLUTION")
    lines = [line for line in shown.splitlines() if line.strip() and not line.strip().startswith("#")]
    figures = sum(name.startswith("image") for output in cell.outputs for name in output.get("data", {}))
    widgets = "widget" in _tags(cell)
    guesses = len(re.findall(r"\bguess\(", shown))
    return len(lines) / LINES + FIGURE * figures + QUESTION * guesses + WIDGET * widgets + ANSWER * answers
