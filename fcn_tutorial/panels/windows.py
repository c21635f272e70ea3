"""What each cell of a coarse map says, and the window of the photo that it stands for (notebook 02)."""

import difflib

import matplotlib.pyplot as plt
import numpy as np

from fcn_tutorial import plots
from fcn_tutorial.panels.frames import draw_frame

_CELL = {"label": "cell", "color": "#1f4e79"}
_CROP = {"label": "crop", "color": "#e8a33d", "hatch": "//"}


def class_heat_map(pictures, class_names, photo, class_name, threshold=0.0, strength=0.55):
    """One class's logits over a photo, as a figure; cells below `threshold` let the photo through.

    pictures: {photo: (image (H, W, 3) uint8, logits (h, w, C))}; class_names: C names; strength: 0, the photo alone,
    to 1. The colours' scale goes from 0 to the photo's highest logit of all classes, so that classes can be compared.
    Raises ValueError for an unknown photo or class (`class_index`).
    """
    image, logits = _picture(pictures, photo)
    index = class_index(class_names, class_name)
    heat = logits[..., index]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    title = (
        f"{class_names[index]} on {photo}: highest logit {heat.max():.1f} in row {row}, column {column} (framed)\n"
        f"{(heat >= threshold).sum()} of {heat.size} cells at or above {threshold:g}"
    )
    fig, ax = plt.subplots(figsize=(6.6, 3.9), dpi=80)
    plots.heat_map(image, np.ma.masked_less(heat, threshold), None, "logit", ax=ax)
    ax.images[-1].set(alpha=strength, clim=(0, logits.max()))
    plots.small_title(ax, title)
    ax.locator_params(nbins=5)
    down, across = image.shape[0] / heat.shape[0], image.shape[1] / heat.shape[1]
    place = np.array([row, column, row + 1, column + 1]) * [down, across, down, across]
    draw_frame(ax, place - 0.5)
    fig.subplots_adjust(left=0.08, right=0.9, bottom=0.12, top=0.87)
    return fig


def crop_and_cell(pictures, class_names, photo, cell, size=224, stride=32, count=3):
    """The window of one cell, the crop in it, and what the cell and the crop say, as a figure.

    pictures: {photo: (image (H, W, 3) uint8, logits of the cells (h, w, C), logits of the crops (h, w, C))}; cell: its
    (row, column); it stands for a window of `size` x `size` pixels with its corner at (stride * row, stride * column).
    count: how many classes are shown (`best_classes`). Raises ValueError for an unknown photo or cell, or a map that
    is not made of the image's windows.
    """
    image, cells, crops = _picture(pictures, photo)
    _check_windows(image, {"cells": cells, "crops": crops}, cell, size, stride)
    (row, column), same = cell, cells.argmax(axis=-1) == crops.argmax(axis=-1)
    top, left, middle = stride * row, stride * column, (size - 1) / 2
    fig, axes = plt.subplots(1, 3, figsize=(8, 3.3), dpi=80, width_ratios=(3, 2.4, 3))
    plots.show_image(axes[0], image)
    axes[0].locator_params(nbins=4)
    plots.small_title(axes[0], f"{photo}: same name in\n{same.sum()} of {same.size} windows")
    _centres(axes[0], same, middle, stride)
    _framed_crop(axes, image, (row, column), size, stride)
    axes[0].plot(left + middle, top + middle, "o", markersize=12, color="none", markeredgecolor="white")
    _bars(axes[2], class_names, cells[row, column], crops[row, column], count)
    axes[2].set_xlim(0, 1.15 * max(cells.max(), crops.max()))  # the same for all cells, so that they can be compared
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.24, top=0.85, wspace=0.2)
    return fig


def window_answer(pictures, class_names, photo, place, cells=7, stride=32, count=4):
    """One place of a window that slides over a photo, the pixels under it, and its best classes, as a figure.

    pictures: {photo: (image (H, W, 3) uint8, logits (h, w, C))}, one answer for each place of a window of `cells` x
    `cells` cells, `stride` pixels each; place: its (row, column). count: how many classes are shown. Raises ValueError
    for an unknown photo or place, or a map that is not made of the image's windows.
    """
    image, answers = _picture(pictures, photo)
    size = cells * stride
    _check_windows(image, {"answers": answers}, place, size, stride)
    row, column = place
    logits = answers[row, column]
    fig, axes = plt.subplots(1, 3, figsize=(8.6, 3), dpi=80, width_ratios=(3.4, 2.4, 2.6))
    plots.show_image(axes[0], image)
    axes[0].locator_params(nbins=4)
    plots.small_title(axes[0], f"{photo}: a window of\n{size} x {size} pixels")
    _framed_crop(axes, image, (row, column), size, stride)
    classes = np.argsort(-logits, kind="stable")[:count]
    places = np.arange(count)
    axes[2].bar_label(
        axes[2].barh(places, logits[classes], 0.4, color=_CELL["color"]), fmt="%.1f", padding=2, fontsize=8
    )
    _names_above(axes[2], class_names, classes, places - 0.3)
    axes[2].set(ylim=(count - 0.6, -0.6), xlim=(0, 1.15 * answers.max()))
    plots.small_title(axes[2], f"best name:\n{class_names[classes[0]]}")
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.16, top=0.85, wspace=0.2)
    return fig


def class_index(class_names, name):
    """Place of the class called `name` in `class_names`; capitals and blanks around it don't matter.

    Raises ValueError that names the near ones where no class, or more than one, is called so.
    """
    wanted = name.strip()
    if wanted in class_names:
        return class_names.index(wanted)
    found = [index for index, known in enumerate(class_names) if known.casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    if not wanted:
        raise ValueError(f"Type the name of a class, such as {class_names[0]}.")
    near = near_names(class_names, wanted)
    advice = f"Did you mean {' or '.join(near)}?" if near else "No name is like it: try a narrower or a wider word."
    raise ValueError(f"None of the {len(class_names):,} classes is called {wanted!r}. {advice}")


def near_names(class_names, name, count=5):
    """Up to `count` of `class_names`: those that hold `name` as a word, as part of one, then those spelt nearly so."""
    name, small = name.casefold(), {known.casefold(): known for known in class_names}
    holding = sorted((known for known in small if name in known), key=lambda known: name not in known.split())
    return [small[known] for known in dict.fromkeys([*holding, *difflib.get_close_matches(name, small, n=count)])][
        :count
    ]


def best_classes(cell, crop, count):
    """Indices of `count` classes: the best of the logits `cell` (C,), the best of `crop` (C,), the second best, ..."""
    in_turn = np.stack([np.argsort(-cell, kind="stable"), np.argsort(-crop, kind="stable")], axis=1).ravel()
    return list(dict.fromkeys(in_turn.tolist()))[:count]


def middles(image, cells, size=224, stride=32):
    """The part of `image` (H, W, 3) in which the windows of a map `cells` (h, w, ...) have their middles.

    An array (stride * h, stride * w, 3) uint8: its square (row, column) is the middle of that cell's window. Thin dark
    lines lie between the squares.
    """
    start, (rows, columns) = (size - stride) // 2, cells.shape[:2]
    part = image[start : start + stride * rows, start : start + stride * columns].copy()
    part[::stride], part[:, ::stride] = 0, 0
    return part


def _picture(pictures, photo):
    if photo not in pictures:
        raise ValueError(f"There is no photo named {photo!r}; expected one of {', '.join(pictures)}.")
    return pictures[photo]


def _check_windows(image, maps, cell, size, stride):
    """That each of `maps` {name: logits} has one cell for each window in `image`, and that `cell` is one of them."""
    places = tuple((side - size) // stride + 1 for side in image.shape[:2])
    for name, logits in maps.items():
        if logits.shape[:2] != places:
            raise ValueError(
                f"An image of {image.shape[0]}x{image.shape[1]} pixels has {places[0]}x{places[1]} windows of {size} "
                f"pixels, {stride} apart; the logits of the {name} have shape {logits.shape}."
            )
    if not all(0 <= place < count for place, count in zip(cell, places, strict=True)):
        raise ValueError(f"There is no cell {cell}; rows go from 0 to {places[0] - 1}, columns to {places[1] - 1}.")


def _framed_crop(axes, image, cell, size, stride):
    """A frame on the first of the axes around the window of `cell`, and the pixels in it on the second."""
    (row, column), (top, left) = cell, (stride * place for place in cell)
    draw_frame(axes[0], np.array([top, left, top + size, left + size]) - 0.5)
    plots.show_image(axes[1], image[top : top + size, left : left + size])
    axes[1].set(xticks=[], yticks=[], xlabel="", ylabel="")
    down, across = f"{top} to {top + size - 1} down", f"{left} to {left + size - 1} across"
    plots.small_title(axes[1], f"row {row}, column {column}: pixels\n{down}, {across}")


def _centres(ax, same, first, stride):
    """A dot on the middle of each window where both ways give the same name, a cross where they don't."""
    looks = {"color": "#ffcc00", "marker": "o", "s": 38}, {"color": "white", "marker": "X", "s": 56}
    for kind, look, label in ((same, looks[0], "same name"), (~same, looks[1], "another name")):
        rows, columns = np.nonzero(kind)
        ax.scatter(stride * columns + first, stride * rows + first, edgecolor="black", linewidth=1, label=label, **look)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, fontsize=8, frameon=False)


def _bars(ax, class_names, cell, crop, count):
    """The logits (C,) of the cell and of the crop for `count` classes: a pair of bars each, the name above."""
    classes = best_classes(cell, crop, count)
    places = np.arange(len(classes))
    for logits, style, below in ((cell, _CELL, 0), (crop, _CROP, 0.3)):
        ax.bar_label(ax.barh(places + below, logits[classes], 0.3, **style), fmt="%.1f", padding=2, fontsize=8)
    _names_above(ax, class_names, classes, places - 0.2)
    ax.set_ylim(len(classes) - 0.45, -0.6)
    plots.small_title(ax, f"cell: {class_names[cell.argmax()]}\ncrop: {class_names[crop.argmax()]}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, fontsize=8, frameon=False)


def _names_above(ax, class_names, classes, heights):
    """The names of `classes` above their bars, whose ends are logits."""
    for height, index in zip(heights, classes, strict=True):
        ax.text(0.02, height, class_names[index], transform=ax.get_yaxis_transform(), fontsize=9)
    ax.set(yticks=[], xlabel="logit")
