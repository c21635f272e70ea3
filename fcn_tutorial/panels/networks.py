"""What a trained network answers: its skips mixed anew, and its probabilities at a pixel (notebooks 06 and 07)."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from fcn_tutorial import metrics
from fcn_tutorial.labels import CAMVID, Classes
from fcn_tutorial.plots import show_image, show_labels, show_wrong


@dataclass(frozen=True)
class Mixture:
    """What each map of a summed network adds to its scores, and what is needed to mix and to judge them.

    contributions: {stride: (N, classes, h, w) float32}, the scores of each map, already on the finest grid.
    down (H, h), across (W, w): the matrices that stretch a map of the finest grid to the pixels.
    images: (N, H, W, 3) uint8; labels: (N, H, W) class indices, void left out of the score; classes: their meaning.
    """

    contributions: dict
    down: np.ndarray
    across: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    classes: Classes = CAMVID

    def scores(self, weights):
        """Scores (N, classes, h, w): the contributions times `weights` ({stride: number}), added up.

        Raises ValueError for weights of other strides.
        """
        if weights.keys() != self.contributions.keys():
            raise ValueError(f"Weights of the strides {list(weights)}; expected {list(self.contributions)}.")
        return sum(np.float32(weights[stride]) * part for stride, part in self.contributions.items())

    def predictions(self, weights):
        """Class indices (N, H, W) uint8 at the pixels."""
        best = [best_class(self.down @ scores @ self.across.T) for scores in self.scores(weights)]
        return np.stack(best)


def best_class(scores):
    """Class indices (H, W) uint8 of scores (classes, H, W): their argmax, class by class, which is much quicker."""
    best, highest = np.zeros(scores.shape[1:], np.uint8), scores[0].copy()
    for index, score in enumerate(scores[1:], start=1):
        best[score > highest] = index
        np.maximum(highest, score, out=highest)
    return best


def skip_mixer(mixture, weights, scene=0):
    """Labels and wrong pixels of one scene, and each class's IoU over all of them, with the scores mixed by `weights`.

    mixture: a `Mixture`; weights: {stride: number}, 1 for each is the network as it was trained; scene: 0 to N - 1.
    Raises ValueError for another scene, and as `Mixture.scores`.
    """
    if not 0 <= scene < len(mixture.images):
        raise ValueError(f"There is no scene {scene}; expected 0 to {len(mixture.images) - 1}.")
    predictions, classes = mixture.predictions(weights), mixture.classes
    result = metrics.scores(metrics.confusion_matrix(mixture.labels, predictions, len(classes), classes.void))
    known = mixture.labels != classes.void
    wrong = (mixture.labels != predictions) & known
    share = wrong[scene].sum() / max(known[scene].sum(), 1)
    fig = plt.figure(figsize=(9.8, 3.2), dpi=80)  # wide enough for panels of more than 256 pixels
    mixed = " + ".join(f"{weight:g} x stride {stride}" for stride, weight in weights.items())
    fig.suptitle(f"{mixed}: mean IoU {result.mean_iou:.3f} over {len(predictions)} scenes", fontsize=11)
    for left, title in ((0.01, f"labels of scene {scene}"), (0.36, f"wrong pixels: {share:.0%}")):
        ax = fig.add_axes((left, 0.02, 0.34, 0.8))
        if left < 0.1:
            show_labels(ax, predictions[scene], classes)
        else:
            show_wrong(ax, mixture.images[scene], wrong[scene])
        ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
        ax.set_title(title, fontsize=9)
    ax = fig.add_axes((0.83, 0.05, 0.15, 0.76))
    ax.set_title("IoU of each class", fontsize=9)
    _class_bars(ax, result.per_class_iou, "{:.2f}", classes)
    return fig


def your_own_photo(photo, probabilities, row, column, classes=CAMVID):
    """The photo (H, W, 3) uint8 with a cross on one pixel, and the `probabilities` (H, W, C) there as bars.

    classes: `labels.Classes`, what the C are. Raises ValueError for a pixel outside of the photo.
    """
    height, width = photo.shape[:2]
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"Row {row}, column {column} is outside of the photo, {height} rows x {width} columns.")
    here = probabilities[row, column]
    first, second = np.argsort(here)[::-1][:2]
    fig = plt.figure(figsize=(8, 3.4), dpi=80)
    words = f"{classes.names[first]} {here[first]:.1%}, next {classes.names[second]} {here[second]:.1%}"
    fig.suptitle(f"Row {row}, column {column}: {words}", fontsize=11)
    ax = fig.add_axes((0.07, 0.12, 0.5, 0.76))
    show_image(ax, photo)
    ax.plot(column, row, "+", color="black", markersize=19, markeredgewidth=5)
    ax.plot(column, row, "+", color="white", markersize=17, markeredgewidth=2)
    ax = fig.add_axes((0.73, 0.06, 0.23, 0.8))
    ax.set_title("probability of each class", fontsize=9)
    _class_bars(ax, here, "{:.1%}", classes)
    return fig


def _class_bars(ax, values, fmt, classes):
    """One bar a class in its colour, name on the left, number on the right; texts, for ticks take twice as long.

    A class without a number, NaN, is absent.
    """
    places = np.arange(len(values))
    ax.barh(
        places, np.nan_to_num(values), 0.7, color=classes.palette[: len(values)] / 255, edgecolor="black", linewidth=0.6
    )
    for place, name, value in zip(places, classes.names, values, strict=True):
        ax.text(-0.04, place, name, ha="right", va="center", fontsize=8)
        words = "absent" if np.isnan(value) else fmt.format(value)
        ax.text(np.nan_to_num(value) + 0.03, place, words, va="center", fontsize=8)
    ax.set(xlim=(0, 1.25), ylim=(len(values) - 0.4, -0.6), xticks=[], yticks=[])
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)
