"""The ruler's and the bench's arithmetic against stamps and layers laid out by hand; what their figures say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial import plots
from fcn_tutorial.geometry.grids import Axis, Grid
from fcn_tutorial.panels import grids as panels

PHOTO = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype="uint8")
FINE = Grid(Axis(32, 2, 0, 2), Axis(48, 2, 0, 2))  # 3x3, stride 2, "same" on even sizes
COARSE = Grid(Axis(4, 16, -40, 70), Axis(6, 16, -40, 70))
GRIDS = {"fine": FINE, "coarse": COARSE}


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


def titles(figure):
    return " ".join(" ".join(ax.get_title() for ax in figure.axes).split())


def hatched(ax):
    return [patch for patch in ax.patches if patch.get_hatch()]


def stamped(cells, kernel, stride):
    """A map of cells, each stamping the kernel: the loop of notebook 04."""
    size = len(kernel)
    out = np.zeros([(count - 1) * stride + size for count in cells.shape])
    for row, column in np.ndindex(cells.shape):
        out[row * stride : row * stride + size, column * stride : column * stride + size] += cells[row, column] * kernel
    return out


@pytest.mark.parametrize("size, stride", [(4, 2), (5, 2), (6, 4), (3, 7), (5, 3), (1, 1), (7, 1)])
def test_a_stamped_constant_is_the_middle_of_what_a_loop_stamps(size, stride):
    kernel = np.random.default_rng(size).normal(size=(size, size))
    period = stride * (-(-size // stride))  # the first full period that no border reaches
    whole = stamped(np.ones((12, 12)), kernel, stride)
    part = whole[period : period + stride, period : period + stride]
    assert np.allclose(panels.stamped_constant(kernel, stride), part)


@pytest.mark.parametrize("size, stride, crop", [(64, 32, 19), (64, 32, 16), (5, 2, 1), (4, 4, 0)])
def test_a_stamp_is_centred_where_the_table_says(size, stride, crop):
    kernel = np.ones((size, size))
    rows = panels.alignment((size - 1) / 2, stride, crop, (12.5, 32))
    for cell in range(1, 5):
        alone = np.zeros((5, 1))
        alone[cell] = 1
        image = stamped(alone, kernel, stride)[crop:]
        assert np.isclose((np.indices(image.shape)[0] * image).sum() / image.sum(), rows[cell, 0])
    assert np.array_equal(rows[:, 1], [12.5, 44.5, 76.5, 108.5, 140.5])
    assert np.array_equal(rows[:, 2], rows[:, 0] - rows[:, 1])


def test_the_crop_of_fcn32s_is_found_at_19_and_nowhere_else():
    found = [
        crop for crop in range(65) if "each stamp falls" in panels.verdict(panels.alignment(31.5, 32, crop, (12.5, 32)))
    ]
    assert found == [19]


@pytest.mark.parametrize(
    "stride, crop, grid, words",
    [
        (32, 16, (12.5, 32), "3 pixels too far down and right"),
        (32, 20, (12.5, 32), "1 pixel too far up and left"),
        (16, 19, (12.5, 32), "not equally far apart"),
    ],
)
def test_the_verdict_says_which_way(stride, crop, grid, words):
    assert words in panels.verdict(panels.alignment(31.5, stride, crop, grid))


def test_the_bench_says_what_it_shows():
    figure = panels.upsampling_bench(np.ones((5, 5)), 2, 1, 2, (0.5, 2))
    for words in ("kernel 5x5, sum 25", "centre (+) on pixel 2", "kernel 5, stride 2", "from 4 (dark) to 9 (bright)"):
        assert words in titles(figure)
    assert "crop 1, cell 0 stands on pixel 0.5" in figure.get_suptitle()
    shown = {text.get_text() for text in figure.texts}
    assert {"0", "1", "3", "5", "7", "9", "8.5", "+0.5"} <= shown
    assert np.array_equal(np.unique(figure.axes[1].images[0].get_array()), [4, 6, 9])
    assert "1 everywhere" in panels.evenness(np.ones((2, 2)) + 1e-12)


def test_the_middle_cell_and_its_field():
    assert panels.middle_cell(COARSE) == (1, 2)
    assert panels.middle_pixel(COARSE) == (15 + 16, 15 + 32)
    assert panels.field_of_middle(COARSE) == (31 - 55.5, 47 - 55.5, 31 + 55.5, 47 + 55.5)
    assert panels.field_of_middle(FINE) == (15 * 2 - 0.5, 23 * 2 - 0.5, 15 * 2 + 2.5, 23 * 2 + 2.5)


def test_the_ruler_says_stride_field_and_both_centres():
    figure = panels.stride_ruler(PHOTO, GRIDS, {"coarse": (20.25, 47)}, "coarse")
    for words in (
        "coarse: receptive field 111x111 pixels", "more than the photo's 64x96", "total stride 16 pixels: 4x6 cells",
        "cell (1, 2): theory (31, 47), measured (20.25, 47)",
    ):  # fmt: skip
        assert words in titles(figure)
    far, near = figure.axes
    # The view has grown around the frame, and the photo keeps its place in it.
    assert far.get_xlim()[0] < -8.5 and far.get_xlim()[1] > 102.5 and far.get_ylim()[0] > 86.5
    assert far.images[0].get_extent() == [-0.5, 95.5, 63.5, -0.5] and hatched(far)
    assert near.get_xlim() == (-0.5, 95.5)


def test_a_fine_grid_is_shown_in_its_middle():
    figure = panels.stride_ruler(PHOTO, GRIDS, {}, "fine")
    assert "all inside the photo's 64x96" in titles(figure) and "not measured" in titles(figure)
    assert "total stride 2 pixels: 32x48 cells, 16x16 shown" in titles(figure)
    far, near = figure.axes
    assert far.get_xlim() == (-0.5, 95.5) and not hatched(far)
    assert near.get_ylim() == (31 + 16, 31 - 16) and near.get_xlim() == (47 - 16, 47 + 16)
    dots = near.lines[0].get_xydata()
    assert len(dots) <= 18**2 and {tuple(dot) for dot in dots} >= {(47, 31), (33, 17), (61, 45)}


def test_without_measurements_the_ruler_tells_the_theory_alone():
    figure = panels.stride_ruler(PHOTO, GRIDS, None, "coarse")
    assert titles(figure).count("measured") == 0 and "cell (1, 2): theory (31, 47)" in titles(figure)


def test_a_field_partly_beyond_a_photo_is_no_larger_than_it():
    moved = Grid(Axis(4, 16, -20, 20), Axis(1, 16, 60, 100))
    figure = panels.stride_ruler(PHOTO, {"moved": moved}, {}, "moved")
    assert "41x41 pixels, some of them beyond the photo's" in titles(figure) and hatched(figure.axes[0])


def test_a_field_that_is_larger_only_in_its_height_is_larger():
    tall = Grid(Axis(4, 16, -40, 39), Axis(6, 16, -40, 39))
    assert "80x80 pixels, more than the photo's 64x96" in titles(panels.stride_ruler(PHOTO, {"tall": tall}, {}, "tall"))


def test_unknown_layers_and_fields_without_bound_are_refused():
    with pytest.raises(ValueError, match="'other'.*fine, coarse"):
        panels.stride_ruler(PHOTO, GRIDS, {}, "other")
    unbounded = Grid(*[Axis(4, 16, -40, 70, "squeeze")] * 2)
    with pytest.raises(ValueError, match="'squeeze'"):
        panels.stride_ruler(PHOTO, {"all": unbounded}, {}, "all")


def test_a_grid_over_part_of_a_photo_has_the_dots_of_the_whole_one():
    def dots(part):
        figure = plots.grid_over(PHOTO, (8, 16), (3, 7), part=part)
        return {tuple(dot) for dot in figure.axes[0].lines[0].get_xydata()}

    whole = dots(None)
    assert whole == {(x, y) for x in range(7, 96, 16) for y in range(3, 64, 8)}
    inside = {(x, y) for x, y in whole if 20 < x < 60 and 10 < y < 30}
    assert inside <= dots((10, 20, 30, 60)) < whole
