"""The repository's address stands once, in pyproject.toml; badges, Colab install cells and pages are made from it."""

import re
import tomllib
from pathlib import Path

from fcn_tutorial import __version__

COLAB_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
BINDER_IMAGE = "https://mybinder.org/badge_logo.svg"
INSTALL_TAG = "install"  # the tag of a notebook's first code cell
TAG = f"v{__version__}"  # badges and the install cell name the same release, so that notebook and package fit

_ADDRESS = re.compile(r"https://github\.com/(?P<slug>[A-Za-z0-9-]+/[\w.-]+)")
_BADGES = re.compile(r"^\[!\[Open in Colab\].*$", re.MULTILINE)
_TEXTS = ("pyproject.toml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md")


def course_folder():
    """Path of the clone that this package runs from, or else the current folder if it holds the course.

    Raises FileNotFoundError where neither has a pyproject.toml and a notebooks/ folder.
    """
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise FileNotFoundError(
        f"No course found in {Path.cwd()}; expected pyproject.toml and notebooks/. Start this inside a clone."
    )


def check_address(url):
    """Return `url` as https://github.com/OWNER/NAME, without a closing slash or .git.

    Raises ValueError for anything else: Colab opens notebooks from there.
    """
    clean = url.strip().rstrip("/").removesuffix(".git")
    if not _ADDRESS.fullmatch(clean):
        raise ValueError(f"The address {url!r} was given; expected https://github.com/OWNER/NAME.")
    return clean


def read_address(folder=None):
    """The repository's address as pyproject.toml in `folder` (default: the course's own) gives it."""
    file = Path(folder or course_folder()) / "pyproject.toml"
    return check_address(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["urls"]["Repository"])


def badges(name, address):
    """The line of badges (Markdown) in the first cell of the notebook file `name`."""
    slug = address.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{slug}/blob/{TAG}/notebooks/{name}"
    binder = f"https://mybinder.org/v2/gh/{slug}/{TAG}?urlpath=lab/tree/notebooks/{name}"
    return f"[![Open in Colab]({COLAB_IMAGE})]({colab}) [![Open in Binder]({BINDER_IMAGE})]({binder})"


def install_source(address):
    """Source of a notebook's first code cell: on Colab it installs the package at one release, elsewhere nothing."""
    package = f"fcn-tutorial @ {address}/archive/refs/tags/{TAG}.zip"
    return (
        "import sys\n\n"
        'if "google.colab" in sys.modules:  # only there; TensorFlow and Keras stay as Colab has them\n'
        f'    %pip install --quiet "{package}"'
    )


def stamp(notebook, name, address):
    """Write badges and install cell of the notebook `name` (nbformat 4 object) anew, in place.

    Raises ValueError when the first cell has no line of badges, or the first code cell is not tagged "install".
    """
    cells = notebook.cells
    code = next((cell for cell in cells if cell.cell_type == "code"), None)
    if not cells or cells[0].cell_type != "markdown" or not _BADGES.search(cells[0].source):
        raise ValueError(f"{name}: the first cell must be Markdown with a line that starts with [![Open in Colab].")
    if code is None or INSTALL_TAG not in code.metadata.get("tags", []):
        raise ValueError(
            f'{name}: the first code cell must carry the tag "{INSTALL_TAG}"; its source is written for you.'
        )
    cells[0].source = _BADGES.sub(lambda _: badges(name, address), cells[0].source)
    code.source = install_source(address)


def rewrite(folder, url):
    """Give the course in `folder` the address `url`: pyproject.toml, pages, notebooks. Returns the changed files."""
    new, old = check_address(url), read_address(folder)
    changed = []
    for file in (file for pattern in _TEXTS for file in sorted(folder.glob(pattern))):
        text = file.read_text(encoding="utf-8")
        if (after := replace_address(text, old, new)) != text:
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
    return changed + _rewrite_notebooks(folder, old, new)


def replace_address(text, old, new):
    """`text` with every link to the repository `old`, on the site itself, Colab or Binder, led to `new`."""
    before, after = (_ADDRESS.fullmatch(url)["slug"] for url in (old, new))
    return re.sub(rf"(github\.com/|/github/|/gh/){re.escape(before)}(?![\w-])", lambda found: found[1] + after, text)


def _rewrite_notebooks(folder, old, new):
    from fcn_tutorial.course import notebooks  # needs nbformat, which an installation without extras lacks

    changed = []
    for file in notebooks.lessons(folder):
        notebook = notebooks.read(file)
        for cell in notebook.cells:
            cell.source = replace_address(cell.source, old, new)
        stamp(notebook, file.name, new)
        if notebooks.save(notebook, file):
            changed.append(file)
    return changed
