"""A frame around pixels of a photo."""

from matplotlib.patches import Rectangle


def draw_frame(ax, edges, colour="white", label=None):
    """Draw a frame in `colour` on black, seen on light and dark ground, above all else on `ax`.

    edges: (top, left, bottom, right) in pixels; label: the frame's name in a legend.
    """
    top, left, bottom, right = edges
    for line, width, name in (("black", 4, None), (colour, 2, label)):
        look = {"fill": False, "edgecolor": line, "linewidth": width, "label": name, "zorder": 3}
        ax.add_patch(Rectangle((left, top), right - left, bottom - top, **look))
