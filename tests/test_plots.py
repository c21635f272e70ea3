"""Figures of label maps: what stands at a pixel and in the legend is read back from the drawn picture."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial import plots
from fcn_tutorial.labels import CAMVID, Classes
from fcn_tutorial.panels import networks

LEAVES = Classes(("soil", "leaf", "vein"), ((120, 70, 20), (30, 160, 40), (220, 220, 90)))


def drawn(ax):
    """RGB picture (H, W, 3) of the first thing drawn on `ax`, as the colour map shows it."""
    shown = ax.images[0]
    return np.round(255 * shown.to_rgba(shown.get_array(), bytes=False)[..., :3]).astype(int)


def legend(fig):
    """{name: RGB} of the figure's legend."""
    (found,) = fig.legends
    colours = [tuple(round(255 * part) for part in patch.get_facecolor()[:3]) for patch in found.get_patches()]
    return dict(zip((text.get_text() for text in found.get_texts()), colours, strict=True))


@pytest.mark.parametrize("classes", [CAMVID, LEAVES], ids=["camvid", "own"])
def test_labels_have_the_colours_of_their_classes_and_void_its_own(classes):
    labels = np.array([[0, 1, 2], [classes.void, 2, 1]])
    fig, ax = plt.subplots()
    plots.show_labels(ax, labels, classes)
    wanted = [[(*classes.colours, classes.void_colour)[i] for i in row] for row in ([0, 1, 2], [-1, 2, 1])]
    assert drawn(ax).tolist() == [[list(colour) for colour in row] for row in wanted]
    plt.close(fig)


def test_the_legend_names_own_classes_and_wrong_pixels_leave_void_out():
    truth = np.full((10, 10), 255)
    truth[:5] = 1
    prediction = np.where(np.arange(10)[:, None] < 4, 1, 2) * np.ones((10, 10), int)
    fig = plots.segmentation(np.zeros((10, 10, 3), np.uint8), truth, prediction, classes=LEAVES)
    assert legend(fig) == {"leaf": (30, 160, 40), "vein": (220, 220, 90), "void": LEAVES.void_colour}
    assert fig.axes[-1].get_title() == "wrong pixels: 20%"
    plt.close(fig)


def test_a_value_that_is_no_class_is_refused():
    fig, ax = plt.subplots()
    with pytest.raises(ValueError, match="class indices 0 to 2"):
        plots.show_labels(ax, np.array([[3]]), LEAVES)
    plt.close(fig)


def test_a_photo_of_own_classes_is_asked_pixel_by_pixel():
    probabilities = np.zeros((4, 6, 3))
    probabilities[..., 2], probabilities[..., 1] = 0.75, 0.25
    fig = networks.your_own_photo(np.zeros((4, 6, 3), np.uint8), probabilities, 1, 2, LEAVES)
    assert "vein 75.0%, next leaf 25.0%" in fig.get_suptitle()
    assert [text.get_text() for text in fig.axes[1].texts][::2] == list(LEAVES.names)
    plt.close(fig)


@pytest.mark.parametrize("scores, said", [((0, 1, 2), ("100%", "0.000")), ((0, 2, 1), ("0%", "1.000"))])
def test_scores_of_own_classes_are_mixed_and_void_is_never_wrong(scores, said):
    labels = np.full((1, 4, 4), 255)
    labels[0, :2] = 1
    contributions = {8: np.stack([np.full((2, 2), score, np.float32) for score in scores])[None]}
    twice = np.repeat(np.eye(2, dtype=np.float32), 2, axis=0)
    images = np.zeros((1, 4, 4, 3), np.uint8)
    fig = networks.skip_mixer(networks.Mixture(contributions, twice, twice, images, labels, LEAVES), {8: 1})
    assert fig.axes[1].get_title() == f"wrong pixels: {said[0]}" and f"mean IoU {said[1]}" in fig.get_suptitle()
    plt.close(fig)
