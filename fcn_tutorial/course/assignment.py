"""A variant of the exercises to be marked: numbers and solutions follow from a seed; in nbgrader's layout."""

import copy
import hashlib
import importlib
import re
import shlex

import numpy as np

from fcn_tutorial.checks.forms import Function
from fcn_tutorial.course import address, exercises, notebooks

_CALL = re.compile(r"exercises\(seed=0\)")
_PRACTICE = "it says in words what it saw."
_MARKED = "it says whether your answer has the form of one; whether it is right you learn when it is marked."
_CONFIG = '''"""nbgrader's settings for an assignment on fully convolutional networks."""

# made by: fcn-tutorial assignment --seed {seed}
c = get_config()  # noqa: F821 nbgrader gives it
c.CourseDirectory.course_id = "fully-convolutional-networks"
c.ClearSolutions.code_stub = {{"python": "{stub}"}}
c.Execute.timeout = 20  # seconds a cell
'''


def write(folder, out, seed, names=()):
    """Write the exercises of the course in `folder`, all or those named, with the numbers of `seed`, to `out`.

    source/NAME/NAME.ipynb is the instructor's edition, one nbgrader assignment a lesson; student/NAME.ipynb has
    neither solutions nor hidden tests. Returns the files. Raises ValueError for an `out` inside of the course, whose
    repository is public, for one that holds something already, and for a seed that isn't one printable line.
    """
    if not str(seed).isprintable():
        raise ValueError(f"The seed is {seed!r}; expected letters, digits, spaces and signs on one line.")
    out = out.resolve()
    if out.is_relative_to(folder.resolve()):
        raise ValueError(
            f"{out} is inside of the course, where solutions would become public. Name a folder elsewhere."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists and isn't an empty folder. Name a new one; nothing was written.")
    url, made = address.read_address(folder), {}
    for file in exercises.sources(folder, names):
        solved = variant(notebooks.read(file), file.stem, seed, url)
        made[out / "source" / file.stem / file.name] = solved
        made[out / "student" / file.name] = exercises.without_solutions(copy.deepcopy(solved))
    for file, notebook in made.items():
        notebooks.save(notebook, file)
    config = out / "nbgrader_config.py"
    config.write_text(_CONFIG.format(seed=shlex.quote(str(seed)), stub=exercises.STUB), encoding="utf-8")
    return [config, *made]


def variant(notebook, stem, seed, url):
    """Give the source `stem` of the exercises the numbers and solutions of `seed`, in place; sealed, without a quiz.

    Learners see a hash in place of the seed: with the seed they could write the instructor's edition themselves.
    """
    shown = hashlib.sha256(f"assignment/{seed}".encode()).hexdigest()[:16]
    lesson = importlib.import_module(f"fcn_tutorial.checks.lesson{stem[:2]}").exercises(shown)
    end = next(
        place for place, cell in enumerate(notebook.cells) if exercises.QUIZ_TAG in cell.metadata.get("tags", [])
    )
    notebook.cells = notebooks.without_outputs(notebook).cells[:end]
    head = notebook.cells[0]
    head.source = address.without_badges(head.source).replace(_PRACTICE, _MARKED)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../", f"]({url}/blob/{address.TAG}/notebooks/")
            continue
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        sealed = ", sealed=True" if name == "setup" else ""
        cell.source = _CALL.sub(f'exercises(seed="{shown}"{sealed})', cell.source)
        if name in lesson.tasks and not isinstance(lesson.tasks[name].form, Function):
            cell.source = exercises.with_solution(cell.source, f"{name} = {_literal(lesson.tasks[name].right)}")
    return notebook


def _literal(value):
    return repr(np.asarray(value).tolist() if isinstance(value, list | tuple | np.ndarray | np.generic) else value)
