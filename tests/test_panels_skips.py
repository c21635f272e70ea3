"""Figures of networks side by side: no panel below its image's own pixels, one scale for maps that are added."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial.labels import Classes
from fcn_tutorial.panels import skips

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (96, 128, 3), dtype="uint8")
LABELS = np.kron(RNG.integers(0, 11, (6, 8)), np.ones((16, 16), int)).astype("uint8")


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


@pytest.mark.parametrize("scale, part", [(1, None), (1.5, None), (3, (10, 20, 60, 90))])
@pytest.mark.parametrize("count, columns", [(3, 2), (4, 2), (2, 2), (3, 1)])
def test_each_panel_has_at_least_the_pixels_of_what_it_shows(scale, part, count, columns):
    pictures = {"photo": PHOTO, "truth": LABELS, "a": LABELS, "b": LABELS}
    fig = skips.large(dict(list(pictures.items())[:count]), columns, scale, part)
    fig.canvas.draw()
    rows, across = (part[2] - part[0], part[3] - part[1]) if part else LABELS.shape
    assert [ax.get_title() for ax in fig.axes] == list(pictures)[:count]
    for ax in fig.axes:
        box = ax.get_window_extent()
        assert box.width >= across and box.height >= rows, "a panel has fewer pixels than its image"
        assert box.width > 0.9 * scale * across, "a panel is smaller than it should be"
        assert min(label.get_fontsize() for label in ax.get_xticklabels() + ax.get_yticklabels()) >= 8


def test_a_part_is_shown_in_the_images_own_pixels():
    fig = skips.large({"photo": PHOTO}, part=(10, 20, 60, 90))
    assert fig.axes[0].get_xlim() == (19.5, 89.5) and fig.axes[0].get_ylim() == (59.5, 9.5)


def test_the_legend_names_own_classes_and_void():
    classes = Classes(("leaf", "stem"))
    labels = np.kron(np.array([[0, 1], [classes.void, 1]]), np.ones((40, 40), int))
    fig = skips.large({"labels": labels}, classes=classes)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["leaf", "stem", "void"]


def test_the_legend_lies_inside_of_a_narrow_figure():
    fig = skips.large({"labels": LABELS}, columns=1, scale=1)
    fig.canvas.draw()
    box = fig.legends[0].get_window_extent()
    assert len(fig.legends[0].get_texts()) == 11 and box.x0 >= 0 and box.x1 <= fig.bbox.width


def test_a_scale_at_which_things_vanish_is_refused():
    with pytest.raises(ValueError, match=r"scale=0.5: a panel would have fewer pixels than its image"):
        skips.large({"photo": PHOTO}, scale=0.5)


def test_equal_numbers_have_equal_colours_in_all_maps():
    maps = {"low": np.array([[0.0, 4.0]]), "high": np.array([[4.0, 8.0], [8.0, -2.0]]), "flat": np.full((2, 2), 4.0)}
    fig = skips.score_maps(maps)
    colours = {}
    for ax, values in zip(fig.axes, maps.values(), strict=True):
        drawn = ax.images[0]
        for value in np.unique(values):
            colours.setdefault(value, []).append(drawn.cmap(drawn.norm(value)))
    assert len(colours[4]) == 3 and np.allclose(colours[4], colours[4][0], atol=0.02)
    assert np.allclose(colours[-2], plt.get_cmap("cividis")(0.0)) and np.allclose(
        colours[8], plt.get_cmap("cividis")(1.0)
    )


def test_bars_stand_side_by_side_at_the_height_of_their_numbers():
    rows = {name: RNG.random(11) for name in ("a", "b", "c", "d")}
    ax = skips.class_bars(rows, "title").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(rows)
    heights = np.reshape([bar.get_height() for bar in ax.patches], (4, 11))
    assert np.allclose(heights, list(rows.values()))
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(left >= right - 1e-9 for (_, right), (left, _) in zip(edges, edges[1:], strict=False))
