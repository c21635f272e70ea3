"""Gives the course another address: what a teacher does after forking it."""

from fcn_tutorial.course import address, exercises, notebooks

_TEXTS = ("pyproject.toml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md")


def rewrite(folder, url):
    """Lead pyproject.toml, pages and notebooks of the course in `folder` to the address `url`.

    Returns the changed files. Raises ValueError for anything but https://github.com/OWNER/NAME.
    """
    new, old = address.check_address(url), address.read_address(folder)
    changed = []
    for file in (file for pattern in _TEXTS for file in sorted(folder.glob(pattern))):
        text = file.read_text(encoding="utf-8")
        if (after := address.replace_address(text, old, new)) != text:
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
    places = {file: file.name for file in notebooks.lessons(folder)}
    for source in exercises.sources(folder):
        places |= dict.fromkeys([source, exercises.student_file(source)], exercises.badge_name(source))
    return changed + [file for file, name in places.items() if _rewrite_notebook(file, name, old, new)]


def _rewrite_notebook(file, name, old, new):
    notebook = notebooks.read(file)
    for cell in notebook.cells:
        cell.source = address.replace_address(cell.source, old, new)
    address.stamp(notebook, name, new)
    return notebooks.save(notebook, file)
