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


def course_folder():
    """Path of the clone that this package runs from, or else of the one that the current folder is in.

    Raises FileNotFoundError where neither has pyproject.toml and docs/conf.py, and RuntimeError where they are two
    clones: a copied or moved clone whose scripts still start the Python of another would work on that one.
    """
    own, here = _holder(Path(__file__).resolve().parents[2]), None
    for folder in (Path.cwd(), *Path.cwd().parents):
        here = here or _holder(folder)
    if own and here and not own.samefile(here):
        raise RuntimeError(
            f"This fcn-tutorial belongs to the course in {own}, and you are in another one, {here}. If that was copied "
            f"or moved, `make setup` there gives it commands of its own (without make: python tools/set_up.py)."
        )
    if own or here:
        return own or here
    raise FileNotFoundError(
        f"No course found in {Path.cwd()}; expected pyproject.toml and docs/. Start this inside a clone."
    )


def _holder(folder):
    """The folder itself if it holds the course, else None."""
    return folder if (folder / "pyproject.toml").is_file() and (folder / "docs" / "conf.py").is_file() else None


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


def without_badges(text):
    """The text of a notebook's first cell without its line of badges."""
    return _BADGES.sub("", text).replace("\n\n\n\n", "\n\n")


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


def replace_address(text, old, new):
    """`text` with every link to the repository `old`, on the site itself, Colab or Binder, led to `new`."""
    before, after = (_ADDRESS.fullmatch(url)["slug"] for url in (old, new))
    return re.sub(rf"(github\.com/|/github/|/gh/){re.escape(before)}(?![\w-])", lambda found: found[1] + after, text)
