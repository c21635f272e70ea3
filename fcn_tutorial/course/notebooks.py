"""Which notebooks the course has; reading, normalising and saving them."""

import re

import nbformat

from fcn_tutorial import files
from fcn_tutorial.course import address, minutes

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FRAMES_TAG = "camvid"  # the tag of cells that draw frames where CamVid is there: their pictures are never stored
NOT_STORED = "(The picture is not stored, for where CamVid is there it shows a frame. Run the cell to see it.)"
PROOF_TAG = "proof"  # the tag of cells that check what the text says, folded wherever the page is shown
PROOF_TITLE = "# @title Proof: "  # how their first line begins; Colab shows it in the place of the code
FURTHER = "further"  # the folder below notebooks/ with what a learner can skip
_FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # for Colab; for JupyterLab
_KEPT = ("nbgrader", "tags")  # of a cell's metadata
_WIDGET = "application/vnd.jupyter.widget-view+json"


def lessons(folder, names=(), room="notebooks"):
    """Lessons of the course in `folder`, in order: all notebooks/NN_*.ipynb, or those whose names start with `names`.

    room: another folder than notebooks/. Raises ValueError for a name that fits no notebook.
    """
    return _named(_numbered(folder / room), names, folder / room)


def pages(folder, names=()):
    """The lessons, and behind them what a learner can skip: notebooks/further/NN_*.ipynb, named as further/NN.

    Raises ValueError for a name that fits no notebook.
    """
    room = folder / "notebooks"
    return _named(_numbered(room) + _numbered(room / FURTHER), names, room)


def page_name(file):
    """The path below notebooks/ of a lesson or a further page: what badges lead to."""
    return f"{FURTHER}/{file.name}" if file.parent.name == FURTHER else file.name


def _numbered(folder):
    return [file for file in listed(folder, "*.ipynb") if re.match(r"\d\d_", file.name)]


def _named(found, names, room):
    """Those of the files `found` whose paths below `room` start with one of `names`; all, if there are none."""
    paths = {file: file.relative_to(room).as_posix() for file in found}
    for name in names:
        if not any(path.startswith(name) for path in paths.values()):
            known = ", ".join(paths.values()) or "none"
            raise ValueError(f"No notebook's name starts with {name!r}; the course has: {known}.")
    return [file for file, path in paths.items() if not names or path.startswith(tuple(names))]


def listed(folder, pattern):
    """Files of `folder` that fit `pattern` (Path.glob), in order, without hidden ones and those in hidden folders.

    What systems and editors leave beside a file (`._01_one.ipynb`, `.ipynb_checkpoints/`) is no part of the course.
    """
    found = sorted(folder.glob(pattern))
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts)]


def read(file):
    """The notebook in `file` as an nbformat 4 object.

    Raises ValueError when the file is no notebook.
    """
    try:
        notebook = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
    except UnicodeDecodeError as error:
        raise ValueError(_no_notebook(file, "UTF-8")) from error
    except nbformat.reader.NotJSONError as error:
        raise ValueError(_no_notebook(file, "JSON")) from error
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(_no_notebook(file, "in nbformat's form")) from error
    return notebook


def _no_notebook(file, what):
    return f"{file} is no notebook (it isn't {what}). Fetch it again, or repair it by hand."


def text_of(notebook):
    """The notebook as the text that is stored. Raises nbformat.ValidationError for what is no notebook."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def save(notebook, file):
    """Write the notebook to `file` in one step; interrupted, it leaves the old one. Returns whether it changed."""
    text = text_of(notebook)
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(file, text)
    return True


def without_outputs(notebook):
    """Empty every code cell's outputs and execution count, in place: what a learner starts from."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def normalise(notebook, name, url):
    """Bring an executed notebook into the form that is stored, in place.

    Head written for the address `url`, with the minutes; the course's metadata and no other, tags and nbgrader's marks
    apart; no blank cells; executed cells counted 1 to n; no stderr, no widgets; a line of text for each picture of a
    cell tagged "camvid"; cells tagged "proof" folded. Raises ValueError when the head is missing (`address.stamp`).
    """
    address.stamp(notebook, name, url)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({name: cell.metadata[name] for name in _KEPT if cell.metadata.get(name)})
        cell.source = cell.source.rstrip()
        if PROOF_TAG in cell.metadata.get("tags", []):
            cell.metadata.update(nbformat.from_dict(_FOLDED))
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        _normalise_code(cell, count)
    minutes.stamp(notebook)
    return notebook


def _normalise_code(cell, count):
    executed = cell.execution_count is not None
    cell.execution_count = count if executed else None
    cell.outputs = _joined(out for out in cell.outputs if not _left_out(out))
    if FRAMES_TAG in cell.metadata.get("tags", []):
        cell.outputs = [_without_picture(output) for output in cell.outputs]
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count


def _left_out(output):
    return output.get("name") == "stderr" or _WIDGET in output.get("data", {})


def _without_picture(output):
    """The output itself where it is nothing but text, else a line that says what is missing."""
    if output.get("data", {}).keys() <= {"text/plain"}:
        return output
    return nbformat.v4.new_output("display_data", {"text/plain": NOT_STORED})


def _joined(outputs):
    """Neighbouring pieces of stdout as one: how they are cut depends on the kernel's timing."""
    joined = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined
