"""Widgets of notebook 02: one class over a photo, a window that slides over it, and a cell beside its crop."""

from functools import partial

import ipywidgets
import numpy as np
import traitlets

from fcn_tutorial.panels import windows as panels
from fcn_tutorial.widgets.explorer import Explorer, labelled
from fcn_tutorial.widgets.touchable import Touchable

_HINT = "Or here: each square is the middle of one window. Click on one, or press Tab and use the arrow keys."


def class_heat_map(pictures, class_names, class_name):
    """One of the classes over a photo (`panels.windows.class_heat_map`), at first the one called `class_name`.

    pictures, class_names: as that function takes them.
    """
    highest = np.ceil(max(logits.max() for _, logits in pictures.values()))
    controls = {
        "photo": labelled(ipywidgets.Dropdown, "photo", options=list(pictures)),
        "class_name": labelled(ipywidgets.Combobox, "class (type a name)", options=class_names, value=class_name),
        "threshold": labelled(ipywidgets.FloatSlider, "lowest logit shown", max=highest, step=0.5),
        "strength": labelled(ipywidgets.FloatSlider, "strength of the overlay", value=0.55, max=1, step=0.05),
    }
    return Explorer(partial(panels.class_heat_map, pictures, class_names), controls)


def crop_and_cell(pictures, class_names):
    """Each cell of a map beside its crop (`panels.windows.crop_and_cell`), chosen by a slider or on the photo's middle.

    pictures, class_names: as that function takes them; all maps of one size.
    """
    return _by_place(partial(panels.crop_and_cell, pictures, class_names), pictures, "cell", "cell of the map")


def window_answer(pictures, class_names):
    """A window's answer at each place (`panels.windows.window_answer`), chosen by a slider or on the photo's middle.

    pictures, class_names: as that function takes them; all maps of one size.
    """
    return _by_place(partial(panels.window_answer, pictures, class_names), pictures, "place", "place of the window")


def _by_place(draw, pictures, argument, words):
    """`draw` for one of `pictures` and one place of its map: its `argument`, and a slider described by `words`."""
    image, cells, *_ = next(iter(pictures.values()))
    places = [(f"row {row}, column {column}", (row, column)) for row, column in np.ndindex(cells.shape[:2])]
    photo = labelled(ipywidgets.Dropdown, "photo", options=list(pictures))
    cell = labelled(ipywidgets.SelectionSlider, words, options=places)
    middles = Touchable(
        panels.middles(image, cells), "The middle of each window; arrow keys move", cells.shape[:2], width=192
    )
    traitlets.link((cell, "value"), (middles, "frame"), transform=(list, tuple))
    photo.observe(lambda change: middles.show(panels.middles(*pictures[change["new"]][:2])), "value")
    return Explorer(draw, {"photo": photo, argument: cell}, [ipywidgets.Label(_HINT), middles])
