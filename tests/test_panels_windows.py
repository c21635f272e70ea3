"""Heat map explorer, crop and cell: what is drawn and written against arrays worked out here in another way."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial.panels import windows

NAMES = ("tabby", "tiger cat", "catamaran", "espresso", "Cardigan", "cardigan")
RNG = np.random.default_rng(3)
CAT, CUP = (RNG.integers(0, 256, (64, 120, 3), dtype=np.uint8) for _ in range(2))
HEAT = {"cat": (CAT, RNG.normal(3, 4, (2, 3, 6))), "cup": (CUP, RNG.normal(3, 4, (2, 3, 6)))}
HEAT["cup"][1][1, 2, 3] = 20  # the highest, off the diagonal: rows and columns can't be mixed up
# Windows of 12x12 pixels, 4 apart: 4x3 of them in an image of 24x20 pixels.
PLAN = {"size": 12, "stride": 4}
SMALL = RNG.integers(0, 256, (24, 20, 3), dtype=np.uint8)
CELLS, CROPS = RNG.normal(3, 2, (4, 3, 6)), RNG.normal(3, 2, (4, 3, 6))
WINDOWS = {"cat": (SMALL, CELLS, CROPS)}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_class_is_found_by_its_name():
    assert [windows.class_index(NAMES, name) for name in NAMES] == list(range(6))
    assert windows.class_index(NAMES, "  TIGER cat ") == 1


@pytest.mark.parametrize(
    ("name", "near"),
    [("cat", "tiger cat or catamaran"), ("expreso", "espresso"), ("CARDIGAN", "cardigan"), ("tigre cat", "tiger cat")],
)
def test_an_unknown_class_is_refused_with_the_near_ones(name, near):
    with pytest.raises(ValueError, match=rf"None of the 6 classes is called '{name}'. Did you mean {near}") as caught:
        windows.class_index(NAMES, name)
    assert "espresso" in near or "espresso" not in str(caught.value)


def test_a_class_like_no_other_and_no_name_at_all_are_refused_in_words():
    with pytest.raises(ValueError, match="No name is like it"):
        windows.class_index(NAMES, "xylophone")
    with pytest.raises(ValueError, match="Type the name of a class"):
        windows.class_index(NAMES, "  ")


def test_names_with_the_word_stand_before_names_with_the_letters():
    assert windows.near_names(("polecat", "catamaran", "Persian cat", "lynx"), "Cat", 2) == ["Persian cat", "polecat"]


@pytest.mark.parametrize("threshold", [-99.0, 0.0, 3.5, 99.0])
def test_a_heat_map_says_and_shows_the_highest_cell_and_the_cells_above_the_threshold(threshold):
    figure = windows.class_heat_map(HEAT, NAMES, "cup", "espresso", threshold, 0.3)
    ax, heat = figure.axes[0], HEAT["cup"][1][..., 3]
    best = max((heat[row, column], row, column) for row in range(2) for column in range(3))
    above = sum(value >= threshold for value in heat.flat)
    title = f"espresso on cup: highest logit {best[0]:.1f} in row {best[1]}, column {best[2]} (framed)"
    assert ax.get_title() == f"{title}\n{above} of 6 cells at or above {threshold:g}"
    shown = ax.images[-1]
    assert (np.ma.getmaskarray(shown.get_array()) == (heat < threshold)).all()
    assert (np.ma.getdata(shown.get_array()) == heat).all() and shown.get_alpha() == 0.3
    for frame in ax.patches:  # cells of 32x40 pixels
        assert (frame.get_x(), frame.get_y()) == (40 * best[2] - 0.5, 32 * best[1] - 0.5)
        assert (frame.get_width(), frame.get_height()) == (40, 32)


def test_the_colours_of_one_photo_mean_the_same_for_all_its_classes():
    scales = [windows.class_heat_map(HEAT, NAMES, "cat", name).axes[0].images[-1].get_clim() for name in NAMES]
    assert set(scales) == {(0, HEAT["cat"][1].max())}


def test_the_title_names_the_class_as_the_list_does():
    assert windows.class_heat_map(HEAT, NAMES, "cat", " TABBY").axes[0].get_title().startswith("tabby on cat:")


@pytest.mark.parametrize("cell", [(0, 0), (3, 2), (1, 2), [2, 0]])
def test_a_cell_is_drawn_with_its_own_window_and_crop(cell):
    figure = windows.crop_and_cell(WINDOWS, NAMES, "cat", cell, **PLAN)
    photo, crop, bars = figure.axes
    rows, columns = range(4 * cell[0], 4 * cell[0] + 12), range(4 * cell[1], 4 * cell[1] + 12)
    assert (crop.images[0].get_array() == SMALL[np.ix_(rows, columns)]).all()
    down, across = f"{rows[0]} to {rows[-1]} down", f"{columns[0]} to {columns[-1]} across"
    assert crop.get_title() == f"row {cell[0]}, column {cell[1]}: pixels\n{down}, {across}"
    for frame in photo.patches:
        assert (frame.get_x(), frame.get_y()) == (columns[0] - 0.5, rows[0] - 0.5)
        assert frame.get_width() == frame.get_height() == 12
    assert photo.lines[0].get_xydata().tolist() == [[np.mean(columns), np.mean(rows)]]
    by_cell, by_crop = CELLS[tuple(cell)], CROPS[tuple(cell)]
    assert bars.get_title() == f"cell: {NAMES[by_cell.argmax()]}\ncrop: {NAMES[by_crop.argmax()]}"
    classes = windows.best_classes(by_cell, by_crop, 3)
    for container, logits in zip(bars.containers, (by_cell, by_crop), strict=True):
        assert [bar.get_width() for bar in container] == [logits[index] for index in classes]
    assert [text.get_text() for text in bars.texts][-3:] == [NAMES[index] for index in classes]


def test_the_photo_marks_the_windows_whose_names_differ():
    photo = windows.crop_and_cell(WINDOWS, NAMES, "cat", (0, 0), **PLAN).axes[0]
    dots, crosses = ({tuple(place) for place in marks.get_offsets()} for marks in photo.collections)
    differ = {
        (4 * column + 5.5, 4 * row + 5.5)
        for row, column in np.ndindex(4, 3)
        if np.argmax(CELLS[row, column]) != np.argmax(CROPS[row, column])
    }
    assert 0 < len(differ) < 12 and crosses == differ and len(dots) == 12 - len(differ) and not dots & crosses
    assert photo.get_title() == f"cat: same name in\n{12 - len(differ)} of 12 windows"


def test_bars_are_as_long_for_equal_logits_whatever_the_cell():
    limits = {windows.crop_and_cell(WINDOWS, NAMES, "cat", c, **PLAN).axes[2].get_xlim() for c in np.ndindex(4, 3)}
    assert len(limits) == 1 and limits.pop()[1] > max(CELLS.max(), CROPS.max())


@pytest.mark.parametrize("place", [(0, 0), (3, 2), [2, 1]])
def test_a_window_is_drawn_with_its_pixels_and_its_best_names(place):
    figure = windows.window_answer({"cat": (SMALL, CELLS)}, NAMES, "cat", place, cells=3, stride=4, count=2)
    photo, crop, bars = figure.axes
    rows, columns = range(4 * place[0], 4 * place[0] + 12), range(4 * place[1], 4 * place[1] + 12)
    assert (crop.images[0].get_array() == SMALL[np.ix_(rows, columns)]).all()
    assert photo.get_title() == "cat: a window of\n12 x 12 pixels"
    for frame in photo.patches:
        assert (frame.get_x(), frame.get_y()) == (columns[0] - 0.5, rows[0] - 0.5)
        assert frame.get_width() == frame.get_height() == 12
    best, second = sorted(range(6), key=lambda index: -CELLS[tuple(place)][index])[:2]
    assert bars.get_title() == f"best name:\n{NAMES[best]}"
    assert [text.get_text() for text in bars.texts][-2:] == [NAMES[best], NAMES[second]]
    assert [bar.get_width() for bar in bars.patches] == [CELLS[tuple(place)][index] for index in (best, second)]
    assert bars.get_xlim()[1] > CELLS.max()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"photo": "dog"}, "no photo named 'dog'; expected one of cat"),
        ({"place": (0, 3)}, "no cell (0, 3); rows go from 0 to 3, columns to 2"),
        ({"cells": 2}, "has 5x4 windows of 8 pixels, 4 apart; the logits of the answers have shape (4, 3, 6)"),
    ],
)
def test_a_window_that_does_not_fit_is_refused_in_words(change, words):
    given = {"photo": "cat", "place": (0, 0), "cells": 3, "stride": 4, **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        windows.window_answer({"cat": (SMALL, CELLS)}, NAMES, **given)
    assert plt.get_fignums() == []


def test_the_best_classes_hold_the_best_of_both():
    assert windows.best_classes(np.array([5, 4, 3, 0]), np.array([0, 1, 2, 9]), 3) == [0, 3, 1]
    assert windows.best_classes(np.array([5, 4, 3, 0]), np.array([5, 4, 3, 0]), 3) == [0, 1, 2]


def test_each_square_of_the_middles_is_the_middle_of_its_window():
    places = np.arange(24 * 20, dtype=np.uint16).reshape(24, 20, 1) % 251
    image = np.repeat(places.astype(np.uint8), 3, axis=2)
    part = windows.middles(image, CELLS, **PLAN)
    assert part.shape == (16, 12, 3)
    for row, column in np.ndindex(4, 3):
        window = image[4 * row : 4 * row + 12, 4 * column : 4 * column + 12]
        square = part[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        assert (square[1:, 1:] == window[5:8, 5:8]).all() and not square[0].any() and not square[:, 0].any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"photo": "dog"}, "no photo named 'dog'; expected one of cat"),
        ({"cell": (4, 0)}, "no cell (4, 0); rows go from 0 to 3, columns to 2"),
        ({"cell": (0, -1)}, "no cell (0, -1)"),
        ({"stride": 2}, "has 7x5 windows of 12 pixels, 2 apart; the logits of the cells have shape (4, 3, 6)"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(change, words):
    given = {"pictures": WINDOWS, "class_names": NAMES, "photo": "cat", "cell": (0, 0), **PLAN, **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        windows.crop_and_cell(**given)
    assert plt.get_fignums() == []


def test_crops_of_another_number_are_refused():
    with pytest.raises(ValueError, match="logits of the crops have shape"):
        windows.crop_and_cell({"cat": (SMALL, CELLS, CROPS[:2])}, NAMES, "cat", (0, 0), **PLAN)
