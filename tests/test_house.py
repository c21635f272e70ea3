"""The laws of the house, each held by a test: the stored notebooks, the package's shape, the lock, the address."""

import ast
import importlib.util
import re
import subprocess
import symtable
import sys
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import fcn_tutorial

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "fcn_tutorial").rglob("*.py"))
NOTEBOOKS = [file for room in ("", "further") for file in sorted((ROOT / "notebooks" / room).glob("*.ipynb"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
each_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)


def tree(module):
    return ast.parse(module.read_text(encoding="utf-8"))


def imports(module):
    """Names of all modules that a module imports, wherever in it, and the names taken from them."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def code_lines(text, without=()):
    """How many lines of a source are code: neither blank, comment nor docstring."""
    lines = text.splitlines()
    hidden = {number for start, end in without for number in range(start, end + 1)}
    shown = (line.strip() for number, line in enumerate(lines, start=1) if number not in hidden)
    return sum(bool(line) and not line.startswith("#") for line in shown)


def docstrings(node):
    """First and last lines of the docstrings in an ast tree."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(inner) is not None:
            yield inner.body[0].lineno, inner.body[0].end_lineno


def tracked_texts():
    """The texts that git keeps: (path, text)."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue


@each_module
def test_the_package_never_imports_tensorflow_nor_keras_but_through_its_backend(module):
    names = {name.split(".")[0] for name, _ in imports(module)}
    allowed = {"keras"} if module.name == "backend.py" else set()
    assert names & {"tensorflow", "jax", "torch", "keras"} <= allowed


@each_module
def test_imports_are_absolute_and_without_stars(module):
    assert [name for name, taken in imports(module) if name.startswith(".") or taken == "*"] == []


@each_module
def test_no_module_over_200_lines_and_no_function_over_30(module):
    text, root = module.read_text(encoding="utf-8"), tree(module)
    assert code_lines(text, docstrings(root)) <= 200
    for node in ast.walk(root):
        if isinstance(node, ast.FunctionDef):
            source = "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
            own = [(start - node.lineno + 1, end - node.lineno + 1) for start, end in docstrings(node)]
            assert code_lines(source, own) <= 30, f"{module.name}: {node.name}"


@each_module
def test_public_things_have_docstrings(module):
    root = tree(module)
    public = [node for node in root.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
    assert module.read_text(encoding="utf-8") == "" or ast.get_docstring(root)


def test_the_package_has_no_circle():
    names = {
        ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): module for module in MODULES
    }
    arrows = {}
    for name, module in names.items():
        # A module that is taken from its package counts as that module.
        found = {f"{target}.{taken}" if f"{target}.{taken}" in names else target for target, taken in imports(module)}
        arrows[name] = {target for target in found if target in names and target not in (name, "fcn_tutorial")}
    while leaves := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for leaf in leaves:
            del arrows[leaf]
    assert arrows == {}


def test_importing_the_package_is_instant():
    def seconds(source):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", source], check=True)
        return time.perf_counter() - began

    for _ in range(10):  # another program may have the processor for a while
        differences = [seconds("import fcn_tutorial") - seconds("pass") for _ in range(5)]
        if min(differences) < 0.1:
            return
    pytest.fail(f"import fcn_tutorial takes {min(differences):.2f} s")


WITHOUT_KERAS = (
    "labels",
    "paths",
    "geometry",
    "metrics",
    "plots",
    "panels.grids",
    "panels.networks",
    "panels.scores",
    "panels.windows",
    "datasets.street_scenes",
    "datasets.camvid",
    "datasets.folder",
    "pictures",
    "commands.look",
    "course.check",
)


@pytest.mark.parametrize("name", WITHOUT_KERAS)
def test_these_work_without_keras(name):
    if importlib.util.find_spec(f"fcn_tutorial.{name}") is None:
        pytest.skip(f"fcn_tutorial.{name} does not exist yet")
    source = f"import sys, fcn_tutorial.{name}; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_first_cell_shows_no_red_noise():
    source = "from fcn_tutorial.backend import keras, ops; ops.matmul(ops.ones((2, 2)), ops.ones((2, 2)))"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, check=True).stderr == b""


def test_no_file_names_the_host_of_a_package_registry():
    names = ("pypi.org", "pythonhosted.org", "npmjs.org", "anaconda.org", "anaconda.com", "crates.io", "rubygems.org")
    own = Path(__file__).relative_to(ROOT).as_posix()
    found = [(name, host) for name, text in tracked_texts() if name != own for host in names if host in text]
    assert found == []


def test_the_lock_is_hashed_and_holds_every_dependency():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = {}
    for block in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        name, version = re.match(r"([\w.-]+)==([^\s;]+)", block).groups()
        assert "--hash=sha256:" in block, name
        pins[re.sub(r"[-_.]+", "-", name).lower()] = version
    for line in [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(pins[re.sub(r"[-_.]+", "-", wanted.name).lower()]), line


def test_installing_on_colab_changes_nothing_there():
    lines = (ROOT / "tests" / "colab.txt").read_text(encoding="utf-8").splitlines()
    colab = dict(line.split("==") for line in lines if "==" in line)
    bounds = {Requirement(line).name: Requirement(line).specifier for line in PROJECT["dependencies"]}
    assert {"tensorflow", "keras", "numpy", "matplotlib", "pillow", "scikit-image", "ipywidgets"} <= colab.keys()
    assert [name for name in colab.keys() & bounds.keys() if not bounds[name].contains(colab[name])] == []


def test_the_sanitize_file_is_pairs_that_nbval_reads():
    from nbval.plugin import get_sanitize_patterns

    text = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    meant = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(get_sanitize_patterns(text)) * 2 == len(meant)
    assert all(line.startswith(("regex: ", "replace: ")) for line in meant)


def test_the_version_stands_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {fcn_tutorial.__version__}\n" in citation
    assert f"## {fcn_tutorial.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_page_names_the_same_address():
    slug = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    own = slug.split("/")[1]
    link = re.compile(rf"(?:github\.com/|/github/|/gh/)([\w.-]+/{re.escape(own)})\b")
    for name, text in tracked_texts():
        if not name.startswith("tests/"):
            assert set(link.findall(text)) <= {slug}, name
    assert f"git clone https://github.com/{slug}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_in_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"run", "test", "lab", "notebooks", "setup"} <= named <= targets


@each_notebook
def test_a_stored_notebook_is_executed_and_normalised(file):
    from fcn_tutorial.course import address, notebooks

    text, notebook = file.read_text(encoding="utf-8"), notebooks.read(file)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "make notebooks"
    names = [output.get("name") for cell in cells for output in cell.outputs]
    assert "stderr" not in names and "error" not in [out.output_type for cell in cells for out in cell.outputs]
    assert (
        "widget-view+json" not in text and "widget-state" not in text and re.search(r" at 0x[0-9a-f]+>", text) is None
    )
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert len(text.encode()) <= 500_000
    notebooks.normalise(notebook, notebooks.page_name(file), address.read_address(ROOT))
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in notebooks.read(file).cells]
    assert notebook == notebooks.read(file), "make notebooks"


def is_proof(cell):
    return "proof" in cell.metadata.get("tags", [])


@each_notebook
def test_a_notebook_has_the_house_form(file):
    from fcn_tutorial.course import notebooks

    notebook = notebooks.read(file)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in notebook.cells if not is_proof(cell))
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.fullmatch(r"\d\d_[a-z0-9]+(_[a-z0-9]+)+", file.stem)
    assert "ccc" not in kinds and kinds.startswith("m")
    assert len(re.findall(r"^# ", re.sub(r"(?ms)^```.*?^```", "", prose), re.MULTILINE)) == 1
    assert "measured" in cells[-1].metadata.get("tags", [])
    assert all(cell.source.startswith(notebooks.PROOF_TITLE) for cell in cells if is_proof(cell))


def globals_of(cells):
    """What the code of cells binds in the notebook, and what it takes from there, in functions too: two sets."""
    text = "\n".join(cell.source for cell in cells)
    text = re.sub(r"^(\s*)[%!].*$", r"\1pass", text, flags=re.MULTILINE)  # lines for IPython
    top, bound, used, imported = symtable.symtable(text, "notebook", "exec"), set(), set(), set()
    scopes = [top]
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        for symbol in scope.get_symbols():
            if scope is top and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
                imported |= {symbol.get_name()} if symbol.is_imported() else set()
            if symbol.is_referenced() and (scope is top or symbol.is_global()):
                used.add(symbol.get_name())
    return bound - {"_"}, used, imported


@each_notebook
def test_a_lesson_runs_without_its_proofs(file):
    from fcn_tutorial.course import notebooks

    cells = [cell for cell in notebooks.read(file).cells if cell.cell_type == "code"]
    by_proofs, _, imported = globals_of(filter(is_proof, cells))
    bound, used, _ = globals_of(cell for cell in cells if not is_proof(cell))
    assert by_proofs & (used - bound) == set(), "a lesson cell uses what only a proof binds"
    assert by_proofs & bound - imported == set(), "a proof binds what a lesson cell binds too"
