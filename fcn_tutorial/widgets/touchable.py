"""A picture to click and to paint on, by pointer or by keyboard: what ipywidgets lacks (anywidget)."""

import io
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from PIL import Image

from fcn_tutorial.widgets.explorer import png_address


class Touchable(anywidget.AnyWidget):
    """An RGB picture divided into `rows` x `columns` places, of which one or more can be touched.

    Pointer: press, or with paint=True drag. Keyboard: Tab to the picture, arrow keys move the frame (with Shift by
    eight places), Space or Enter touches; with paint=True, moving while one of them or Ctrl is held paints.
    """

    _esm = Path(__file__).with_name("touchable.js")
    _css = Path(__file__).with_name("touchable.css")
    source = traitlets.Unicode().tag(sync=True)
    description = traitlets.Unicode().tag(sync=True)
    rows, columns = traitlets.Int(1).tag(sync=True), traitlets.Int(1).tag(sync=True)
    width = traitlets.Int(384).tag(sync=True)
    paint = traitlets.Bool(False).tag(sync=True)
    frame = traitlets.List([0, 0]).tag(sync=True)
    # Places in the order in which they were touched, and a number that grows with each touch, so that the same place
    # can be touched twice. Not synchronised: ipywidgets leaves out states when they follow each other fast.
    touched = traitlets.Dict({"number": 0, "places": []})

    def __init__(self, picture, description, places=None, **traits):
        """picture: (H, W, 3) uint8; places: (rows, columns), by default one for each pixel of the picture."""
        rows, columns = places or picture.shape[:2]
        super().__init__(description=description, rows=rows, columns=columns, **traits)
        self.on_msg(lambda _, message, buffers: self.touch(*message["places"]))
        self.show(picture)

    def show(self, picture, description=None):
        """Show another picture (H, W, 3) uint8 on the same places."""
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(picture)).save(file, format="png")
        with self.hold_trait_notifications():
            self.source = png_address(file.getvalue())
            if description is not None:
                self.description = description

    def touch(self, *places):
        """Touch (row, column) places, as a pointer would."""
        self.touched = {"number": self.touched["number"] + 1, "places": [list(place) for place in places]}

    def on_touch(self, answer):
        """Call `answer(places)`, an array (N, 2) of rows and columns, after each touch."""
        self.observe(lambda change: answer(self._inside(change["new"]["places"])), "touched")

    def _inside(self, places):
        places = np.asarray(places, int).reshape(-1, 2)
        return places[((places >= 0) & (places < (self.rows, self.columns))).all(axis=1)]
