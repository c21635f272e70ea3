"""The metric playground: paint a prediction, by pointer or keys, and see the four metrics move (notebook 05)."""

import ipywidgets

from fcn_tutorial.labels import NAMES
from fcn_tutorial.panels import scores as panels
from fcn_tutorial.widgets.explorer import Explorer, labelled
from fcn_tutorial.widgets.touchable import Touchable


def metric_playground(truth, start):
    """Paint on the prediction `start` (H, W), a small one, and compare it with `truth` (H, W), both class indices.

    Raises ValueError as `panels.scores.Painting`.
    """
    painting, said = panels.Painting(truth, start), ipywidgets.HTML()
    shape, words = painting.truth.shape, "prediction, dotted: outlines of the truth"
    canvas = Touchable(painting.picture(), words, shape, paint=True)
    colours = labelled(ipywidgets.Dropdown, "paint with", options=NAMES, value="car")
    brush = labelled(ipywidgets.IntSlider, "brush size (places)", value=1, min=1, max=8)
    undo, again = (ipywidgets.Button(description=words) for words in ("undo", "start again"))
    tools = ipywidgets.HBox([colours, brush, undo, again], layout=ipywidgets.Layout(flex_flow="row wrap"))
    explorer = Explorer(painting.draw, _rules(), [tools, canvas, said])

    def say(change=None):
        said.value = painting.words(*canvas.frame)

    def after(step, *arguments):
        step(*arguments)
        canvas.show(painting.picture())
        say()
        explorer.redraw()

    canvas.on_touch(lambda places: after(painting.paint, places, colours.value, brush.value))
    canvas.observe(say, "frame")
    undo.on_click(lambda button: after(painting.undo))
    again.on_click(lambda button: after(painting.start_again))
    say()
    return explorer


def _rules():
    return {
        "void": labelled(ipywidgets.Dropdown, "void pixels are", options=panels.VOID_RULES),
        "absent": labelled(ipywidgets.Dropdown, "absent classes are", options=panels.ABSENT_RULES),
    }
