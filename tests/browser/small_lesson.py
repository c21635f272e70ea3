"""A notebook with one widget of each kind, for the tests of the widgets' shell."""

from nbformat import v4

from fcn_tutorial.course import notebooks

CELLS = (
    """import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from fcn_tutorial.widgets import explorer, touchable""",
    """def draw(number, kind):
    if number == 5:
        raise ValueError("5 was given; expected <another> number.")
    figure, ax = plt.subplots(figsize=(4, 2), dpi=80)
    ax.set_title(f"{kind} {number}")
    return figure


explorer.Explorer(draw, {
    "number": explorer.labelled(ipywidgets.IntSlider, "number", value=3, max=9),
    "kind": explorer.labelled(ipywidgets.Dropdown, "kind", options=["sum", "product"]),
})""",
    """mask = np.zeros((6, 8), int)
canvas = touchable.Touchable(np.zeros((6, 8, 3), np.uint8), "a mask to paint on", paint=True)


def count(touches):
    figure, ax = plt.subplots(figsize=(4, 2), dpi=80)
    ax.imshow(mask)
    ax.set_title(f"{mask.sum()} places painted after {touches} touches")
    return figure


touches = ipywidgets.IntText(0)
counter = explorer.Explorer(count, {"touches": touches}, above=[canvas])
touches.layout.display = "none"


def paint(places):
    mask[tuple(places.T)] = 1
    canvas.show(np.repeat(255 * mask[..., None], 3, axis=2).astype(np.uint8))
    touches.value += 1


canvas.on_touch(paint)
counter""",
    """upload = ipywidgets.FileUpload(accept="image/*", description="your photo")


def size(files):
    if not files:
        raise ValueError("Choose a photo.")
    file = files[0] if isinstance(files, tuple) else next(iter(files.values()))
    photo = Image.open(io.BytesIO(bytes(file["content"])))
    figure, ax = plt.subplots(figsize=(4, 2), dpi=80)
    ax.set_title(f"{photo.width} x {photo.height} pixels")
    return figure


explorer.Explorer(size, {"files": upload})""",
)


def write(folder):
    """Write small.ipynb to `folder`; returns its name."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in CELLS], metadata=notebooks.METADATA)
    notebooks.save(notebook, folder / "small.ipynb")
    return "small.ipynb"
