"""Figures: arrays in, a matplotlib figure out. Masks in the course's palette, nearest neighbour, void hatched."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from fcn_tutorial.labels import CAMVID, CLASSES, borders, check_labels

_HATCH = "////"


def show_labels(ax, labels, classes=CAMVID):
    """Draw a label map (H, W) on `ax`: the palette's colours, void hatched, a thin line between classes.

    classes: `labels.Classes`, what the labels mean.
    """
    labels = check_labels(labels, classes=classes)
    colours = ListedColormap(classes.palette / 255)
    ax.imshow(labels, cmap=colours, vmin=-0.5, vmax=255.5, interpolation="nearest")
    if (labels == classes.void).any():
        ax.contourf(labels == classes.void, levels=[0.5, 1.5], hatches=[_HATCH], colors="none")
    ax.imshow(
        np.where(borders(labels), 1.0, np.nan), cmap="gray_r", vmin=0, vmax=1, alpha=0.35, interpolation="nearest"
    )
    _pixels(ax)


def show_image(ax, image, title=None):
    """Draw an RGB image (H, W, 3) uint8 on `ax`, axes in pixels."""
    ax.imshow(image)
    _pixels(ax, title)


def segmentation(image, truth=None, prediction=None, titles=None, classes=CAMVID):
    """Panels of an image (H, W, 3), its true labels, the predicted ones and, where both are given, the wrong pixels.

    Label maps are (H, W) indices of `classes` (`labels.Classes`); void is left out of the wrong pixels. A legend names
    the classes that occur.
    """
    maps = [labels for labels in (truth, prediction) if labels is not None]
    both = truth is not None and prediction is not None
    names = iter(
        titles or ["image", *["truth"][: truth is not None], *["prediction"][: prediction is not None], "wrong pixels"]
    )
    count = 1 + len(maps) + both
    height, width = image.shape[:2]
    fig, axes = plt.subplots(1, count, figsize=(3.1 * count, 3.1 * height / width + 1.1), dpi=90, squeeze=False)
    show_image(axes[0, 0], image, next(names))
    for ax, labels in zip(axes[0, 1 : 1 + len(maps)], maps, strict=True):
        show_labels(ax, labels, classes)
        ax.set_title(next(names))
    if both:
        known = truth != classes.void
        wrong = (truth != prediction) & known
        show_wrong(axes[0, -1], image, wrong)
        axes[0, -1].set_title(f"{next(names)}: {wrong.sum() / max(1, known.sum()):.0%}")
    class_legend(fig, maps, classes)
    return fig


def show_wrong(ax, image, wrong):
    """Draw `image` in pale grey on `ax`, with the pixels of the boolean map `wrong` (H, W) in orange (no class's)."""
    grey = np.asarray(image).mean(axis=-1, keepdims=True) / 255
    picture = np.where(np.asarray(wrong)[..., None], np.array([0.84, 0.37, 0.0]), 0.6 + 0.4 * grey)
    ax.imshow(picture, interpolation="nearest")
    _pixels(ax)


def class_legend(fig, maps, classes=CAMVID):
    """Legend below `fig` with those of `classes` (`labels.Classes`) that occur in the label maps `maps`."""
    present = np.unique(np.concatenate([np.unique(labels) for labels in maps])) if maps else []
    patches = [
        Patch(facecolor=classes.palette[c] / 255, edgecolor="black", linewidth=0.5, label=classes.name(c),
              hatch=_HATCH if c == classes.void else None)
        for c in present
    ]  # fmt: skip
    if patches:
        fig.legend(handles=patches, loc="lower center", ncols=min(6, len(patches)), frameon=False)
    inches = 0.15 + 0.25 * -(-len(patches) // 6)  # of the rows of the legend
    fig.tight_layout(rect=(0, inches / fig.get_figheight(), 1, 1))


def heat_map(image, heat, title, unit="score", ax=None):
    """`heat` (h, w), a coarse map, over the photo `image` (H, W, 3): one square a cell, the photo in grey below.

    Cells are stretched to the photo's size, without smoothing. Draws on `ax` where given, and returns the figure.
    """
    fig, ax = (ax.figure, ax) if ax is not None else plt.subplots(figsize=(5.2, 4.2), dpi=90)
    height, width = image.shape[:2]
    ax.imshow(np.asarray(image).mean(axis=-1), cmap="gray", vmin=0, vmax=255)
    drawn = ax.imshow(
        heat, cmap="inferno", alpha=0.55, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="nearest"
    )
    fig.colorbar(drawn, ax=ax, label=unit, fraction=0.046)
    _pixels(ax, title)
    return fig


def grid_over(image, stride, offset=0.0, title="", ax=None, part=None):
    """The cells of a map over the photo `image`: a dot on each cell's centre, lines half-way between them.

    stride: pixels from centre to centre; offset: pixel of the first one; each a number or (rows, columns).
    part: edges (top, left, bottom, right) in pixels of what is shown, by default all of the photo.
    """
    fig, ax = (ax.figure, ax) if ax is not None else plt.subplots(figsize=(5, 4), dpi=90)
    show_image(ax, image, title)
    height, width = image.shape[:2]
    top, left, bottom, right = part or (-0.5, -0.5, height - 0.5, width - 0.5)
    (down, across), (first_row, first_column) = np.broadcast_to(stride, 2), np.broadcast_to(offset, 2)
    rows, columns = np.arange(first_row, height, down), np.arange(first_column, width, across)
    # Only what is shown is drawn: at a stride of 2 a photo has ten thousand cells.
    rows = rows[(rows > top - down) & (rows < bottom)]
    columns = columns[(columns > left - across) & (columns < right)]
    ax.hlines(rows + down / 2, left, right, color="white", linewidth=0.6, alpha=0.8)
    ax.vlines(columns + across / 2, top, bottom, color="white", linewidth=0.6, alpha=0.8)
    ax.plot(
        *(axis.ravel() for axis in np.meshgrid(columns, rows)),
        "o",
        color="#ffcc00",
        markeredgecolor="black",
        markersize=4,
    )
    ax.set(xlim=(left, right), ylim=(bottom, top))
    return fig


def numbers_map(values, title, ax=None, fmt="{:.2f}", cmap="cividis", limits=(None, None)):
    """A small matrix (h, w) as coloured squares with each value written in it: kernels, score maps.

    limits: the values of the darkest and the brightest colour, for maps that are compared; by default the map's own.
    """
    fig, ax = (ax.figure, ax) if ax is not None else plt.subplots(figsize=(4.4, 4), dpi=90)
    values = np.asarray(values)
    drawn = ax.imshow(values, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    for (row, column), value in np.ndenumerate(values):
        red, green, blue, _ = drawn.cmap(drawn.norm(value))
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        ax.text(
            column, row, fmt.format(value), ha="center", va="center", fontsize=8, color="white" if dark else "black"
        )
    ax.set(xticks=range(values.shape[1]), yticks=range(values.shape[0]), xlabel="column", ylabel="row", title=title)
    return fig


def per_class_bars(per_class_iou, title, other=None, names=CLASSES, labels=("network", "yardstick")):
    """Bars of each class's intersection over union (C,), beside those of `other` (C,) where given; NaN stays empty."""
    fig, ax = plt.subplots(figsize=(7.5, 3.2), dpi=90)
    places, width = np.arange(len(names)), 0.4 if other is not None else 0.7
    ax.bar(places - (width / 2 if other is not None else 0), per_class_iou, width, label=labels[0], color="#1f4e79")
    if other is not None:
        ax.bar(places + width / 2, other, width, label=labels[1], color="#e8a33d", hatch="//")
        ax.legend(ncols=2, loc="upper center", frameon=False)
    ax.set_xticks(places, names, rotation=35, ha="right")
    ax.set(ylim=(0, 1.18), yticks=np.arange(6) / 5, ylabel="intersection over union", title=title)
    fig.tight_layout()
    return fig


def small_title(ax, words):
    """A small title at a fixed height: matplotlib's search for a free one takes a third of the time to draw."""
    ax.set_title(words, fontsize=9, y=1.01)


def _pixels(ax, title=None):
    ax.set(xlabel="column (pixels)", ylabel="row (pixels)")
    ax.xaxis.label.set_fontsize(8), ax.yaxis.label.set_fontsize(8)
    ax.tick_params(labelsize=8)
    if title:
        ax.set_title(title)
