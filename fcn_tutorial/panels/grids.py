"""Grids over a photo: what one layer's cells stand for (notebook 03), and where stamped cells fall (notebook 04)."""

import matplotlib.pyplot as plt
import numpy as np

from fcn_tutorial import plots
from fcn_tutorial.panels.frames import draw_frame

_MOST = 16  # cells side by side that can still be told apart in a small figure
_FRAME = "#d55e00"
_COLOURS = plt.get_cmap("cividis", 12)  # steps, which can be told apart and keep stored pictures small


def stride_ruler(photo, grids, looks, layer):
    """One layer of a network over `photo` (H, W, 3): how far its middle cell looks, and where its cells stand.

    grids: {layer: Grid} of `geometry.layer_grids` for the photo's size; looks: {layer: pixel (row, column) that the
    middle cell really looks at}, of the layers for which it was measured, or None: then the theory alone is told.
    Raises ValueError for a layer that `grids` lacks, and as `Grid.receptive_field` does.
    """
    if layer not in grids:
        raise ValueError(f"There is no layer named {layer!r}; expected one of {', '.join(grids)}.")
    grid, field = grids[layer], field_of_middle(grids[layer])
    theory, look, part = middle_pixel(grid), (looks or {}).get(layer), middle_part(grid, photo.shape[:2])
    fig, (far, near) = plt.subplots(1, 2, figsize=(8, 4), dpi=80, layout="none")
    _draw_field(far, photo, field)
    size = _by(grid.receptive_field)
    plots.small_title(far, f"{layer}: receptive field {size} pixels,\n{_beside(field, photo.shape[:2])}")
    plots.grid_over(photo, grid.stride, grid.offset, ax=near, part=part)
    draw_frame(near, field, _FRAME, "receptive field")
    near.plot(*theory[::-1], "+", color="#56b4e9", markersize=15, markeredgewidth=3, label="centre in theory")
    if look is not None:
        near.plot(*look[::-1], "o", color="white", markeredgecolor="black", markersize=8, label="measured")
    shown = "" if max(grid.size) <= _MOST else f", {_MOST}x{_MOST} shown"
    measured = "" if looks is None else ", not measured" if look is None else f", measured {_at(look)}"
    where = f"cell {middle_cell(grid)}: theory {_at(theory)}{measured}"
    plots.small_title(near, f"total stride {_one(grid.stride)} pixels: {_by(grid.size)} cells{shown}\n{where}")
    far.locator_params(nbins=4), near.locator_params(nbins=4)
    fig.legend(*near.get_legend_handles_labels(), loc="lower center", ncols=3, fontsize=8, frameon=False)
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.19, top=0.87, wspace=0.15)
    return fig


def middle_cell(grid):
    """The middle cell (row, column) of a grid, of two the one nearer to the start."""
    return tuple((size - 1) // 2 for size in grid.size)


def middle_pixel(grid):
    """The pixel (row, column) on which the middle cell of a grid is centred, in theory."""
    return tuple(axis.centre(cell) for axis, cell in zip((grid.rows, grid.columns), middle_cell(grid), strict=True))


def field_of_middle(grid):
    """Edges (top, left, bottom, right) of the middle cell's receptive field, in pixels.

    Pixel p covers p - 0.5 to p + 0.5. The edges may lie outside the image. Raises ValueError when there is no bound.
    """
    return _edges(middle_pixel(grid), grid.receptive_field)


def middle_part(grid, size):
    """Edges (top, left, bottom, right) of the part of an image of `size` (H, W) that is shown with a grid, in pixels.

    All of it, or the middle with 16 x 16 cells around the middle one, where the cells would be too small to be seen.
    """
    top, left, bottom, right = _edges(middle_pixel(grid), [_MOST * stride for stride in grid.stride])
    down, across = (count > _MOST for count in grid.size)
    rows, columns = (top, bottom) if down else (-0.5, size[0] - 0.5), (left, right) if across else (-0.5, size[1] - 0.5)
    return rows[0], columns[0], rows[1], columns[1]


def upsampling_bench(kernel, stride, crop, centre, grid):
    """A kernel, what it makes of a constant map, and where its stamps fall beside where the cells stand.

    kernel: (size, size) weights; stride: pixels from stamp to stamp; crop: pixels cut off at the start.
    centre: pixel on which the first stamp is centred before the crop, `upsampling.crop_before(size, 0)`.
    grid: pixel on which cell 0 stands in the image, and pixels from cell to cell.
    """
    pattern, rows = stamped_constant(kernel, stride), alignment(centre, stride, crop, grid)
    fig, (whole, stamped) = plt.subplots(1, 2, figsize=(8, 3.2), dpi=80, layout="none")
    size = len(kernel)
    _draw_values(whole, kernel)
    whole.plot(centre, centre, "+", color="#d55e00", markersize=10, markeredgewidth=2)
    plots.small_title(whole, f"kernel {_by(kernel.shape)}, sum {kernel.sum():.4g},\nits centre (+) on pixel {centre:g}")
    _draw_values(stamped, np.tile(pattern, (max(2, -(-12 // stride)),) * 2))
    plots.small_title(stamped, f"ones stamped, kernel {size}, stride {stride}:\n{evenness(pattern)}")
    _draw_table(fig, 0.64, rows)
    fig.suptitle(f"crop {crop}, cell 0 stands on pixel {grid[0]:g}:\n{verdict(rows)}", fontsize=9, x=0.82, y=0.95)
    fig.subplots_adjust(left=0.06, right=0.61, bottom=0.14, top=0.84, wspace=0.3)
    return fig


def stamped_constant(kernel, stride):
    """What a map of ones becomes far from the border: (stride, stride), which repeats down and across.

    kernel: (size, size) weights that each cell stamps, `stride` pixels apart; stamps add up.
    """
    period = -(-len(kernel) // stride)
    padded = np.pad(kernel, (0, period * stride - len(kernel)))
    return padded.reshape(period, stride, period, stride).sum(axis=(0, 2))


def evenness(pattern):
    """What a pattern of `stamped_constant` amounts to, in a few words."""
    least, most = pattern.min(), pattern.max()
    if most - least < 1e-6 * abs(most):
        return f"{most:.3g} everywhere"
    return f"from {least:.3g} (dark) to {most:.3g} (bright)"


def alignment(centre, stride, crop, grid, cells=5):
    """Pixel of its stamp's centre, pixel on which it stands, and the difference, for the first cells: (cells, 3).

    The other arguments are those of `upsampling_bench`.
    """
    number, (offset, spacing) = np.arange(cells), grid
    stamps, stands = centre - crop + stride * number, offset + spacing * number
    return np.stack([stamps, stands, stamps - stands], axis=1)


def verdict(rows):
    """What the differences of `alignment` amount to, in a few words."""
    first, last = rows[[0, -1], 2]
    if first != last:
        return "stamps and cells are not equally far apart"
    if first == 0:
        return "each stamp falls where its cell stands"
    pixels = "pixel" if abs(first) == 1 else "pixels"
    return f"stamps fall {abs(first):g} {pixels} too far {'down and right' if first > 0 else 'up and left'}"


def _edges(centre, size):
    """Edges (top, left, bottom, right) of `size` (rows, columns) pixels around a centre."""
    (row, column), (height, width) = centre, size
    return row - height / 2, column - width / 2, row + height / 2, column + width / 2


def _beside(field, size):
    """A receptive field beside the photo's size (H, W), in words."""
    top, left, bottom, right = field
    if bottom - top > size[0] or right - left > size[1]:
        return f"more than the photo's {_by(size)} (hatched: beyond it)"
    inside = top >= -0.5 and left >= -0.5 and bottom <= size[0] - 0.5 and right <= size[1] - 0.5
    return f"{'all inside' if inside else 'some of them beyond'} the photo's {_by(size)}"


def _draw_field(ax, photo, field):
    """The photo with the frame of a receptive field; where that is larger, the view grows and is hatched."""
    plots.show_image(ax, photo)
    draw_frame(ax, field, _FRAME)
    (top, left, bottom, right), (height, width) = field, photo.shape[:2]
    margin = 0.02 * max(height, width, bottom - top, right - left)
    if top < -0.5 or left < -0.5 or bottom > height - 0.5 or right > width - 0.5:
        ax.add_patch(
            plt.Rectangle((left, top), right - left, bottom - top, facecolor="#eeeeee", edgecolor="#999999", hatch="//")
        )
        ax.images[0].set_zorder(2)
    else:
        margin = 0
    ax.set(
        xlim=(min(left, -0.5) - margin, max(right, width - 0.5) + margin),
        ylim=(max(bottom, height - 0.5) + margin, min(top, -0.5) - margin),
    )


def _draw_values(ax, values):
    """A map of values, dark at 0, bright at the largest."""
    ax.imshow(values, cmap=_COLOURS, vmin=0, vmax=values.max(), interpolation="nearest")
    ax.tick_params(labelsize=8)
    ax.locator_params(nbins=4, integer=True)
    ax.set_xlabel("column (pixels)", fontsize=8), ax.set_ylabel("row (pixels)", fontsize=8)


def _draw_table(fig, left, rows):
    """The rows of `alignment` as a table of texts on the figure's right side."""
    places, height = left + np.array([0.02, 0.1, 0.2, 0.3]), 0.6 / len(rows)
    for x, head in zip(places, ("cell", "its stamp's\ncentre, pixel", "stands on\npixel", "difference"), strict=True):
        fig.text(x, 0.76, head, ha="center", va="center", fontsize=8, fontweight="bold")
    for number, (stamp, stands, difference) in enumerate(rows):
        texts = (str(number), f"{stamp:g}", f"{stands:g}", f"{difference:+g}" if difference else "0")
        for x, text, colour in zip(
            places, texts, ("black",) * 3 + ("#b34700" if difference else "black",), strict=True
        ):
            fig.text(x, 0.64 - number * height, text, ha="center", va="center", fontsize=9, color=colour)


def _by(size):
    return "x".join(f"{side:g}" for side in size)


def _one(pair):
    """A stride for rows and columns; one number where they are the same."""
    return f"{pair[0]:g}" if pair[0] == pair[1] else _by(pair)


def _at(pixel):
    return "(" + ", ".join(f"{place:.4g}" for place in pixel) + ")"
