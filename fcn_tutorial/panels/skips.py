"""Maps of scores that are added, and networks side by side: large pictures, and a bar for each class (notebook 06)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from fcn_tutorial.labels import CAMVID
from fcn_tutorial.plots import class_legend, numbers_map, show_image, show_labels

LOOKS = (("#c9c9c9", ""), ("#e8a33d", "//"), ("#1f4e79", ""), ("#009e73", ".."))  # a colour and a hatch
DPI = 80


def score_maps(maps):
    """Small matrices side by side, {title: (h, w)}, with their numbers, all on one scale of colours."""
    lowest, highest = (limit([limit(values) for values in maps.values()]) for limit in (np.min, np.max))
    widths = [np.shape(values)[1] for values in maps.values()]
    fig, axes = plt.subplots(1, len(maps), figsize=(9.6, 2.9), dpi=DPI, width_ratios=widths, squeeze=False)
    for ax, (title, values) in zip(axes[0], maps.items(), strict=True):
        share = (np.array([np.min(values), np.max(values)]) - lowest) / max(highest - lowest, 1e-9)
        # numbers_map stretches its colours over a map's own values: hand it this map's part of the common scale.
        own = plt.get_cmap("cividis")(np.linspace(*share, 256))
        numbers_map(values, title, ax, fmt="{:.3g}", cmap=ListedColormap(own))
    fig.tight_layout()
    return fig


def large(pictures, columns=2, scale=1.3, part=None, classes=CAMVID):
    """Photos and maps of labels as panels in rows of `columns`, each image pixel `scale` pixels wide, and a legend.

    pictures: {title: photo (H, W, 3) uint8 or labels (H, W)}, all of one size; classes: what the labels mean.
    part: edges (top, left, bottom, right) in pixels of what is shown, by default all of it.
    Raises ValueError for a scale below 1, at which thin things could vanish.
    """
    if scale < 1:
        raise ValueError(f"scale={scale}: a panel would have fewer pixels than its image; expected 1 or more.")
    height, width = next(iter(pictures.values())).shape[:2]
    top, left, bottom, right = part or (0, 0, height, width)
    rows = -(-len(pictures) // columns)
    size = columns * (scale * (right - left) + 62), rows * (scale * (bottom - top) + 78) + 60  # room for the words
    size = max(size[0], 640), size[1]  # wide enough for the legend
    fig, axes = plt.subplots(rows, columns, figsize=np.array(size) / DPI, dpi=DPI, squeeze=False)
    for ax in axes.flat[len(pictures) :]:
        ax.remove()
    for ax, (title, picture) in zip(axes.flat, pictures.items(), strict=False):
        show_image(ax, picture) if picture.ndim == 3 else show_labels(ax, picture, classes)
        ax.set(title=title, xlim=(left - 0.5, right - 0.5), ylim=(bottom - 0.5, top - 0.5))
        ax.tick_params(labelsize=8)
    class_legend(fig, [picture for picture in pictures.values() if picture.ndim == 2], classes)
    return fig


def class_bars(rows, title, classes=CAMVID):
    """A group of bars for each class, one for each of up to four `rows`: {name: intersection over union (C,)}."""
    fig, ax = plt.subplots(figsize=(9, 3.6), dpi=DPI)
    places, width = np.arange(len(classes)), 0.84 / len(rows)
    for number, ((name, values), (colour, hatch)) in enumerate(zip(rows.items(), LOOKS, strict=False)):
        where = places + width * (number - (len(rows) - 1) / 2)
        ax.bar(where, values, width, color=colour, hatch=hatch, edgecolor="black", linewidth=0.4, label=name)
    ax.set_xticks(places, classes.names, rotation=35, ha="right")
    ax.set(title=title, xlabel="class", ylabel="intersection over union", ylim=(0, 1.18), yticks=np.arange(6) / 5)
    ax.legend(ncols=len(rows), loc="upper center", frameon=False)
    fig.tight_layout()
    return fig
