"""Gives the course another address: what a teacher does after forking it."""

from fcn_tutorial import files
from fcn_tutorial.course import address, exercises, notebooks

# What gives the address stands last: stopped half-way, the same command completes what is left.
_TEXTS = ("README.md", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "pyproject.toml")


def rewrite(folder, url):
    """Lead pyproject.toml, pages and notebooks of the course in `folder` to the address `url`.

    Everything is read before anything is written. Returns the changed files. Raises ValueError for anything but
    https://github.com/OWNER/NAME, and for a file that can't be read; nothing is then written.
    """
    new, old = address.check_address(url), address.read_address(folder)
    places = {file: notebooks.page_name(file) for file in notebooks.pages(folder)}
    for source in exercises.sources(folder):
        places |= dict.fromkeys([source, exercises.student_file(source)], exercises.badge_name(source))
    after = {file: _notebook(file, name, old, new) for file, name in places.items()}
    for file in (file for pattern in _TEXTS for file in notebooks.listed(folder, pattern)):
        after[file] = address.replace_address(_text(file), old, new)
    changed = [file for file, text in after.items() if _text(file) != text]
    for file in changed:
        files.write_text(file, after[file])
    return changed


def _text(file):
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} can't be read: it isn't UTF-8. Repair or remove it; nothing was written.") from error


def _notebook(file, name, old, new):
    notebook = notebooks.read(file)
    for cell in notebook.cells:
        cell.source = address.replace_address(cell.source, old, new)
    address.stamp(notebook, name, new)
    return notebooks.text_of(notebook)
