"""The browsable site: the executed notebooks and docs/, made into pages that read without a network."""

import errno
import os
import re
import shutil
import subprocess
import sys

from fcn_tutorial import files
from fcn_tutorial.course import address, notebooks

_AS_STORED = (notebooks.FURTHER, "exercises/student")  # folders below notebooks/ that aren't executed for the site

# What a page would fetch from elsewhere while it is read; links that a reader may click are not among it.
_LOADS = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|next|prev|author))[^>]*?\bhref\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)",
    re.IGNORECASE,
)


def build(folder, executed, out):
    """Render docs/ of the course in `folder` with the notebooks of the folder `executed` into the folder `out`.

    Raises RuntimeError with Sphinx's own words when it fails, OSError when the disk is full; `out` stays as it was.
    """
    with files.TemporaryFolder("fcn_site_") as scratch:
        source, pages = scratch / "source", scratch / "pages"
        shutil.copytree(folder / "docs", source, ignore=shutil.ignore_patterns(".*"))
        _lay_notebooks(executed, source / "notebooks", "../_static")
        for room in _AS_STORED:
            up = "../" * (2 + room.count("/"))
            _lay_notebooks(folder / "notebooks" / room, source / "notebooks" / room, f"{up}_static")
        command = [sys.executable, "-m", "sphinx", "-q", "-T", "-b", "html", "-d", str(scratch / "doctrees")]
        command += ["-D", f"html_theme_options.repository_url={address.read_address(folder)}"]
        command += [str(source), str(pages)]
        # Its own report of an error goes with the rest; -T prints it too.
        env = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)) | {"PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=env)
        if (full := os.strerror(errno.ENOSPC)) in done.stdout and done.returncode:
            raise OSError(errno.ENOSPC, full, str(scratch))
        if done.returncode:
            raise RuntimeError(f"Sphinx could not make the site:\n{done.stdout}")
        if done.stdout.strip():
            print(done.stdout.strip(), file=sys.stderr)
        replace_folder(pages, out)


def _lay_notebooks(folder, target, pictures):
    """Copy the notebooks of `folder`; the badges' pictures come from the course's own `pictures`, not from the web."""
    target.mkdir(parents=True)
    if not (found := notebooks.listed(folder, "*.ipynb")):
        (target / "none.md").write_text("# None yet\n", encoding="utf-8")
    for file in found:
        notebook = notebooks.read(file)
        head = notebook.cells[0]
        head.source = head.source.replace(address.COLAB_IMAGE, f"{pictures}/badge-colab.svg")
        head.source = head.source.replace(address.BINDER_IMAGE, f"{pictures}/badge-binder.svg")
        if target.name == "notebooks":  # the lessons, which are spoken of by their numbers
            head.source = re.sub(r"^# ", f"# {file.name[:2]} ", head.source, count=1, flags=re.MULTILINE)
        for cell in notebook.cells:
            _fold(cell)
        notebooks.save(notebook, target / file.name)


def _fold(cell):
    """Say, in place, under which words a cell is folded: a proof as a whole, under its first line; an answer."""
    tags, words = cell.metadata.get("tags", []), None
    if notebooks.PROOF_TAG in tags:
        title, _, cell.source = cell.source.partition("\n")
        words = f"Proof: {title.removeprefix(notebooks.PROOF_TITLE)}"
        tags.append("hide-cell")
    elif "hide-output" in tags:
        words = "The answer. Guess first, then open it"
    if words:
        cell.metadata["mystnb"] = {"code_prompt_show": words, "code_prompt_hide": words}


def replace_folder(new, old):
    """Put the finished folder `new` in the place of `old`, which may not exist yet, by renaming alone.

    One at a time (`files.locked`). A kill between its two renames leaves no `old`: `heal` puts it back.
    """
    old.parent.mkdir(parents=True, exist_ok=True)
    heal(old)
    after, before = _beside(old)
    shutil.move(new, after)  # beside its place first: another disk's files are copied
    if old.exists():
        old.rename(before)
    after.rename(old)
    heal(old)


def heal(folder):
    """Make good what a killed `replace_folder` left: `folder` as it was before, and nothing else beside it."""
    after, before = _beside(folder)
    shutil.rmtree(after, ignore_errors=True)
    if before.exists():
        # Deleted under the other name: half of it must not be taken for the whole.
        before.rename(after if folder.exists() else folder)
        shutil.rmtree(after, ignore_errors=True)


def _beside(folder):
    """Where the next `folder` is made ready, and where the last one stands until it is deleted."""
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")


def loads_from_elsewhere(out):
    """What the pages and style sheets in `out` would fetch over the network: a sorted list of (file name, address)."""
    found = set()
    for file in (*out.rglob("*.html"), *out.rglob("*.css")):
        text = file.read_text(encoding="utf-8")
        found |= {(file.name, next(filter(None, groups))) for groups in _LOADS.findall(text)}
    return sorted(found)
