"""No frame of CamVid, and no picture made of one, is stored: they are for research and teaching, not ours to pass on.

Without CamVid: which cells draw frames is read from their source. With it: every stored picture is compared with every
frame, its labels and both mixed, in any place and at any size. (Mirrored frames, close-ups and frames under something
else may escape it; the first finds them.)
"""

import ast
import base64
import hashlib
import io
import re
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from camvid_here import camvid_folder
from nbformat import v4
from PIL import Image
from scipy.ndimage import uniform_filter

from fcn_tutorial import labels, paths, plots
from fcn_tutorial.course import notebooks
from fcn_tutorial.datasets.camvid import CamVid
from fcn_tutorial.datasets.street_scenes import StreetScenes
from fcn_tutorial.pictures import overlay

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
DRAWERS = {"imshow", "figimage", "show_image", "show_labels", "show_wrong", "segmentation", "heat_map", "grid_over"}
DRAWERS |= {"overlay", "colour", "pcolormesh", "contourf", "matshow", "display"}
COARSE, FINE = (12, 16), (36, 48)  # rows and columns to which frames are shrunk, for a first look and for a second
ALIKE = 0.52  # correlation of fine detail: drawn streets and other photos stay below 0.48, frames in figures reach 0.55

each_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def pictures(cell):
    """The pictures (H, W, 3) uint8 stored in a code cell."""
    for output in cell.get("outputs", []):
        for kind, content in output.get("data", {}).items():
            if kind.startswith("image/"):
                assert kind in ("image/png", "image/jpeg"), f"{kind} can't be looked into"
                yield opened(base64.b64decode(content))


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


# Which cells draw frames: names that come from CamVid are followed through the notebook.


def names(node, kinds=(ast.Load, ast.Store, ast.Del)):
    """Variables in `node`, and CamVid where it is meant, also as camvid.CamVid."""
    found = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, kinds)}
    return found | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)} & {"CamVid"}


def free_names(function):
    """What a function reads of the notebook's variables: neither parameters nor what it sets itself."""
    own = {inner.arg for inner in ast.walk(function) if isinstance(inner, ast.arg)}
    return names(function, ast.Load) - own - names(function, ast.Store)


def flows(tree):
    """Pairs (names that are set, names that they are made of) in a cell."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield set().union(*map(names, targets)), names(node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            yield names(node.target), names(node.iter)
        elif isinstance(node, ast.FunctionDef):
            yield {node.name}, free_names(node)


def cells_that_draw_frames(notebook):
    """Indices of the cells that hand something made of CamVid to a function that draws pixels."""
    touched, drawing = {"CamVid"}, set()
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        source = re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE)
        for statement in ast.parse(source).body:
            touched = after(statement, touched)
            for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
                function = getattr(call.func, "attr", getattr(call.func, "id", ""))
                if function in DRAWERS and names(call) & touched:
                    drawing.add(index)
    return sorted(drawing)


def after(statement, touched):
    """The names made of CamVid after a statement, when those before it are `touched`: new ones, less those set anew."""
    pairs, now, before = list(flows(statement)), set(touched), None
    while before != now:
        before = set(now)
        now |= {name for targets, sources in pairs if sources & now for name in targets}
    anew = {name for targets, sources in pairs if not sources & now for name in targets}
    return now - (anew - {name for targets, sources in pairs if sources & now for name in targets})


@each_notebook
def test_cells_that_draw_frames_are_tagged_and_store_no_picture(file):
    notebook = notebooks.read(file)
    for index in cells_that_draw_frames(notebook):
        tags = notebook.cells[index].metadata.get("tags", [])
        assert {notebooks.FRAMES_TAG, "nbval-ignore-output"} <= set(tags), f"{file.name}, cell {index} draws a frame"
    for index, cell in enumerate(notebook.cells):
        if notebooks.FRAMES_TAG in cell.metadata.get("tags", []):
            assert not list(pictures(cell)), f"{file.name}, cell {index} stores a picture that may show a frame"


FOLLOWED = [
    (["frames = CamVid(None, 'val')", "image, truth = frames[0]", "plt.imshow(image)"], [2]),
    (["import camvid\nds = camvid.CamVid(f, 'val') if f else S(1)\nfor a, b in ds:\n    plots.show_image(ax, a)"], [0]),
    (["ds = CamVid(None, 'val')\ndef draw(i):\n    plots.show_labels(ax, ds[i][1])", "draw(2)"], [0]),
    (["a = CamVid(None, 'val')[0][0]", "crops = [x for x in a]\nbig = np.kron(crops[0], one)", "ax.imshow(big)"], [2]),
    (["mean = CamVid(None, 'val')[0][0]", "def f(mean):\n    return mean", "plt.imshow(f(x).mean())"], []),
    (["ds = CamVid(None, 'val')", "def f(i):\n    mean, a = ds[i]\n    return mean", "plt.imshow(f(0))"], [2]),
    (["a = CamVid(None, 'val')[0][0]", "a = StreetScenes(1)[0][0]", "plt.imshow(a)"], []),
    (["ds = CamVid(None, 'val')\nprint(len(ds))", "plots.per_class_bars(score(ds), 'numbers only')"], []),
    (["%pip install x\nif found:\n    %matplotlib inline", "plots.segmentation(CamVid(f, 'val')[0][0])"], [1]),
]


@pytest.mark.parametrize(("sources", "drawing"), FOLLOWED)
def test_names_are_followed(sources, drawing):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    assert cells_that_draw_frames(notebook) == drawing


def test_normalising_drops_the_pictures_of_tagged_cells_alone():
    shown = v4.new_output("display_data", {"image/png": "x", "text/plain": "<Figure>"})
    told = v4.new_output("stream", text="mean IoU 0.7\n")
    head = v4.new_markdown_cell("# Title\n\n[![Open in Colab](x)](x)")
    tagged = [v4.new_code_cell("1", metadata={"tags": tags}) for tags in (["install"], [notebooks.FRAMES_TAG], [])]
    notebook = v4.new_notebook(cells=[head, *tagged])
    for count, cell in enumerate(tagged, start=1):
        cell.outputs, cell.execution_count = [told, shown], count
    for _ in range(2):  # and a second time it changes nothing
        notebooks.normalise(notebook, "01_x.ipynb", "https://github.com/a/b")
        _, _, frames, other = notebook.cells
        assert [output.get("text", output.get("data")) for output in frames.outputs] == [
            "mean IoU 0.7\n",
            {"text/plain": notebooks.NOT_STORED},
        ]
        assert other.outputs == [told, shown]


def test_no_file_of_camvid_is_in_the_repository():
    published = {line.split()[0] for line in paths.data_file("camvid_sha256.txt").read_text("ascii").splitlines()}
    assert len(published) > 1300
    assert [file.name for file in tracked() if hashlib.sha256(file.read_bytes()).hexdigest() in published] == []


# Where CamVid is there: every stored picture against every frame.


def shrink(picture, size, box=None):
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BILINEAR, box=box), np.float32)


def unit(rows):
    """Each row with mean 0 and length 1, so that a product of two is their correlation; flat ones become 0."""
    rows = rows.reshape(len(rows), -1) - rows.reshape(len(rows), -1).mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > rows.shape[1] ** 0.5)


def detail(pictures):
    """What is left of grey pictures (..., H, W) when smooth light and shade are taken off: what tells streets apart."""
    return pictures - uniform_filter(pictures, (0,) * (pictures.ndim - 2) + (5, 5))


def windows(picture, size):
    found = np.lib.stride_tricks.sliding_window_view(picture, size)
    return found.shape[1], found.reshape(-1, *size)


class Frames:
    """All frames at hand, shrunk: as they are, as colours of their labels, and as both mixed (an overlay)."""

    def __init__(self, folder):
        kinds = []
        for split in ("train", "val", "test"):
            for image, mask in CamVid(folder, split) if (folder / split).is_dir() else ():
                kinds.append([shrink(picture, FINE).mean(axis=-1) for picture in (image, labels.colour(mask))])
        photos, masks = np.moveaxis(np.array(kinds), 1, 0)
        grey = np.concatenate([photos, masks, (photos + masks) / 2])
        self.coarse = unit(grey.reshape(len(grey), COARSE[0], 3, COARSE[1], 3).mean(axis=(2, 4)))
        self.fine, self.detail = unit(grey), unit(detail(grey))

    def likeness(self, picture, least=90, candidates=24):
        """Highest correlation of detail, at most 1, of any part of `picture` (H, W, 3) with any frame."""
        grey = picture.mean(axis=-1).astype(np.uint8)
        score, place = self._first_look(grey, least)
        chosen = [frame for frame in np.argsort(-score)[:candidates] if score[frame] > 0.85]
        return max((self._second_look(grey, frame, *place[frame]) for frame in chosen), default=0.0)

    def _first_look(self, grey, least):
        """For each frame the best correlation, and the (width, top, left) in pixels where it was found."""
        height, width = grey.shape
        score, place = np.full(len(self.coarse), -1.0), np.zeros((len(self.coarse), 3))
        wide = float(least)
        while wide <= 1.02 * width and 0.75 * wide <= 1.02 * height:
            size = max(12, round(height * COARSE[1] / wide)), max(16, round(width * COARSE[1] / wide))
            columns, parts = windows(shrink(grey, size), COARSE)
            found = unit(parts) @ self.coarse.T
            best = found.argmax(axis=0)
            value = found.max(axis=0)
            here = np.stack([np.full(len(best), wide), best // columns * height / size[0],
                             best % columns * width / size[1]], axis=1)  # fmt: skip
            place[value > score], score = here[value > score], np.maximum(score, value)
            wide *= 1.12
        return score, place

    def _second_look(self, grey, frame, wide, top, left):
        """Best correlation of detail around that place, a little smaller and larger too."""
        (height, width), best = grey.shape, 0.0
        for factor in (0.94, 0.97, 1, 1.03, 1.06):
            side = wide * factor
            x, y, more = left + (wide - side) / 2, top + 0.375 * (wide - side), 0.1 * side
            box = max(0, x - more), max(0, y - more), min(width, x + side + more), min(height, y + 0.75 * side + more)
            size = round((box[3] - box[1]) * FINE[1] / side), round((box[2] - box[0]) * FINE[1] / side)
            if size[0] >= FINE[0] and size[1] >= FINE[1]:
                parts = windows(shrink(grey, size, box), FINE)[1]
                parts = parts[np.argsort(unit(parts) @ self.fine[frame])[-4:]]
                best = max(best, float((unit(detail(parts)) @ self.detail[frame]).max()))
        return best


@pytest.fixture(scope="module")
def frames():
    return Frames(camvid_folder())


@each_notebook
def test_no_stored_picture_shows_a_frame(frames, file):
    for index, cell in enumerate(notebooks.read(file).cells):
        for picture in pictures(cell):
            assert frames.likeness(picture) < ALIKE, f"{file.name}, cell {index} stores a picture of CamVid"


def test_no_picture_file_shows_a_frame(frames):
    for file in tracked():
        if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"):
            assert frames.likeness(opened(file.read_bytes())) < ALIKE, f"{file} shows a frame of CamVid"


def as_stored(figure):
    """The figure as a notebook stores it, a JPEG of middling quality."""
    content = io.BytesIO()
    figure.savefig(content, format="jpeg", bbox_inches="tight", dpi=figure.dpi, pil_kwargs={"quality": 80})
    plt.close(figure)
    return opened(content.getvalue())


@pytest.mark.parametrize("number", [3, 77])
def test_frames_in_figures_are_found_and_drawn_streets_are_not(frames, number):
    image, mask = CamVid(camvid_folder(), "val")[number]
    figure, axes = plt.subplots(1, 3, figsize=(7, 2), dpi=72)
    axes[0].plot([1, 2])
    plots.show_labels(axes[1], mask)
    shown = {
        "panels": as_stored(plots.segmentation(image, mask, np.roll(mask, 4))),
        "labels alone": as_stored(figure),
        "overlay": np.asarray(overlay(image, np.where(mask == labels.VOID, 3, mask))),
        "small": shrink(image, (72, 96)).astype(np.uint8),
    }
    for name, picture in shown.items():
        assert frames.likeness(picture) > ALIKE, name
    image, mask = StreetScenes(5, size=(360, 480), seed=9)[number % 5]
    assert frames.likeness(as_stored(plots.segmentation(image, mask, np.roll(mask, 4)))) < ALIKE
