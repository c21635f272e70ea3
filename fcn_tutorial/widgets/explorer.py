"""Controls above a picture that is drawn anew when one of them moves; what goes wrong is said in words."""

import base64
import gc
import html
import io
from contextlib import contextmanager
from pathlib import Path

import anywidget
import ipywidgets
import matplotlib.pyplot as plt

# Of a picture's size, below which its words can't be read: in a narrower place it has a bar to move it sideways, and
# its titles, which hold the numbers that change, stand above it (manners.css).
_LEAST = 0.9


class Manners(anywidget.AnyWidget):
    """Unseen; the Explorer around it keeps its keys, names its sliders for screen readers, and shows all its words."""

    _esm, _css = Path(__file__).with_name("manners.js"), Path(__file__).with_name("manners.css")


class Explorer(ipywidgets.VBox):
    """`controls` above what `draw(**values)` returns, drawn anew at each move.

    draw: a pure function of the controls' values, by name -> a matplotlib figure. Its titles are the picture's
        description for those who can't see it. An error that it raises is shown as its message, in the picture's place.
    controls: {name: ipywidgets control}, in the order in which the Tab key visits them.
    above: widgets between the controls and the picture.
    """

    def __init__(self, draw, controls, above=()):
        self.draw, self.controls = draw, controls
        self.picture = ipywidgets.HTML()
        for control in controls.values():
            control.observe(self.redraw, "value")
        rows = ipywidgets.HBox(list(controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([rows, *above, self.picture, Manners()])
        self.add_class("fcn-explorer")
        self.redraw()

    def redraw(self, change=None):
        """Draw with the controls' present values."""
        with _tidied():
            try:
                self.picture.value = figure_html(self.draw(**{name: c.value for name, c in self.controls.items()}))
            except Exception as error:  # a learner's picture says what is wrong, whatever it is
                self.picture.value = error_html(error)


@contextmanager
def _tidied():
    """Close at the end the figures that were opened inside, and free what is not needed any more, circles too.

    Python itself looks for old circles the more seldom the more objects there are, and Keras brings a million.
    """
    enabled, before = gc.isenabled(), plt.get_fignums()
    gc.disable()  # or the parts of a half-drawn figure would grow old
    try:
        with plt.ioff():  # or a notebook's backend would keep each figure, to show it below the cell
            yield
    finally:
        for number in set(plt.get_fignums()).difference(before):
            plt.close(number)
        gc.collect(0)
        if enabled:
            gc.enable()


def figure_html(figure):
    """A <figure> with a picture of `figure`, described by its titles."""
    file = io.BytesIO()
    titles = [figure.get_suptitle(), *(ax.get_title() for ax in figure.axes)]
    # Sooner there: unhinted letters take a fifth of the time off, and the file is hardly larger.
    with plt.rc_context({"text.hinting": "none"}):
        figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})
    words = html.escape("; ".join(" ".join(title.split()) for title in titles if title))
    look = f"max-width: 100%; min-width: {_LEAST * figure.bbox.width:.0f}px"
    picture = f'<img src="{png_address(file.getvalue())}" alt="{words}" style="{look}">'
    return f'<figure style="margin: 0"><figcaption hidden aria-hidden="true">{words}</figcaption>{picture}</figure>'


def error_html(error):
    """A paragraph that says what `error` says, and that screen readers read out at once."""
    words = html.escape(str(error) or type(error).__name__)
    return f'<p role="alert" style="border-left: 4px solid #d55e00; padding-left: 0.6em">{words}</p>'


def png_address(data):
    """The bytes of a PNG as an address for `src`."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def labelled(control, description, **options):
    """An ipywidgets `control` (a class) with room for its whole `description`, that reports when it is let go."""
    if "continuous_update" in control.class_trait_names():
        options["continuous_update"] = False
    return control(description=description, style={"description_width": "initial"}, **options)
