"""The metric playground: a painted prediction against the truth, and what wrong ways of counting do (notebook 05)."""

import matplotlib.pyplot as plt
import numpy as np

from fcn_tutorial import metrics
from fcn_tutorial.labels import NAMES, PALETTE, VOID, borders, check_labels, colour
from fcn_tutorial.plots import numbers_map, show_labels

# The first of each is the course's rule, the others are what goes wrong elsewhere.
VOID_RULES = LEFT_OUT, AS_WRONG, AS_A_CLASS = ("left out", "counted as wrong", "counted as a class")
ABSENT_RULES = LEFT_OUT, AS_ZERO = ("left out", "counted as 0")


class Painting:
    """A prediction (H, W) that is painted over, stroke by stroke, beside its truth (H, W); both class indices.

    strokes: the prediction after each stroke, the start first. Raises ValueError for maps of other values or two sizes.
    """

    def __init__(self, truth, start):
        self.truth, start = check_labels(truth, "the truth"), check_labels(start, "the start")
        if self.truth.shape != start.shape:
            raise ValueError(f"The truth has shape {self.truth.shape}, the start {start.shape}; expected the same.")
        self.strokes = [start]

    def paint(self, places, class_name, brush=1):
        """Squares of `brush` x `brush` places in one class of `labels.NAMES`, around each of `places` (N, 2)."""
        painted = self.strokes[-1].copy()
        for row, column in np.asarray(places) - brush // 2:
            painted[max(row, 0) : row + brush, max(column, 0) : column + brush] = NAMES.index(class_name)
        self.strokes.append(painted)

    def undo(self):
        """Take back the last stroke, if there is one."""
        del self.strokes[max(len(self.strokes) - 1, 1) :]

    def start_again(self):
        """Return to the start; this can be undone like a stroke."""
        self.strokes.append(self.strokes[0])

    def picture(self, scale=12):
        """(scale * H, scale * W, 3) uint8 to paint on: the prediction's colours, dots along the truth's outlines."""
        squares = np.ones((scale, scale), np.uint8)
        picture, outline = colour(np.kron(self.strokes[-1], squares)), borders(np.kron(self.truth, squares))
        dots = np.indices(outline.shape).sum(axis=0) % 4 < 2
        picture[outline] = np.where(dots, 0, 255)[outline][:, None]
        return picture

    def words(self, row, column):
        """What truth and prediction say at one place."""
        truth, said = (NAMES[labels[row, column]] for labels in (self.truth, self.strokes[-1]))
        return f"Row {row}, column {column}: truth {truth}, prediction {said}."

    def draw(self, **rules):
        """`metric_playground` of the last stroke, beside the one before."""
        return metric_playground(self.truth, self.strokes[-1], **rules, before=(self.strokes[:-1] or [None])[-1])


def counted(truth, prediction, void=LEFT_OUT):
    """The confusion matrix under a rule of `VOID_RULES`: (11, 11), or (12, 12) with void's row and column last.

    Raises ValueError for another rule, and where the prediction is void although void is no class.
    """
    if void not in VOID_RULES:
        raise ValueError(f"Void is to be {void!r}; expected one of {', '.join(VOID_RULES)}.")
    answered = (np.asarray(prediction) == VOID).sum()
    if answered and void != AS_A_CLASS:
        raise ValueError(
            f"{answered} places are painted void, which is no answer of a network with eleven classes. "
            "Undo it or paint them over, or let void be counted as a class."
        )
    if void == LEFT_OUT:
        return metrics.confusion_matrix(truth, prediction)
    return metrics.confusion_matrix(truth, prediction, classes=VOID + 1, void=None)


def four_metrics(matrix, void=LEFT_OUT, absent=LEFT_OUT):
    """The four metrics by name, 0 to 1, of a matrix from `counted` under the same rule.

    Where void is counted as wrong, its pixels are part of the sums, but it is no class that a mean is taken over.
    absent: whether classes that occur neither in truth nor in prediction (for the mean accuracy: not in the truth) are
        left out of the means, as in the course, or pull them down as zeros.
    Raises ValueError for another rule or a matrix that counts nothing.
    """
    if absent not in ABSENT_RULES:
        raise ValueError(f"Absent classes are to be {absent!r}; expected one of {', '.join(ABSENT_RULES)}.")
    classes, result = VOID + (void == AS_A_CLASS), metrics.scores(matrix)
    in_truth, iou = matrix.sum(axis=1) > 0, result.per_class_iou[:classes]
    accuracies = result.mean_accuracy * in_truth.sum()  # their sum: void, where it is wrong, has added a zero
    means = (in_truth[:classes].sum(), (~np.isnan(iou)).sum()) if absent == LEFT_OUT else (classes, classes)
    return {
        "pixel accuracy": result.pixel_accuracy,
        "mean accuracy": float(accuracies / means[0]),
        "mean IoU": float(np.nansum(iou) / means[1]),
        "frequency-weighted IoU": result.frequency_weighted_iou,
    }


def metric_playground(truth, prediction, void=LEFT_OUT, absent=LEFT_OUT, before=None):
    """Truth and prediction (H, W), their confusion matrix, and the four metrics as bars, with those of `before` marked.

    truth, prediction, before: class indices; void, absent: see `counted` and `four_metrics`, whose errors are raised.
    The squares along the matrix are the classes' colours, so that it is the legend too.
    """
    matrix = counted(truth, prediction, void)
    values = four_metrics(matrix, void, absent)
    fig = plt.figure(figsize=(8, 3.6), dpi=80)
    fig.suptitle(", ".join(f"{name} {value:.3f}" for name, value in values.items()), fontsize=10)
    for bottom, title, labels in ((0.46, "truth", truth), (0.01, "prediction", prediction)):
        ax = fig.add_axes((0.01, bottom, 0.25, 0.39))
        show_labels(ax, np.kron(labels, np.ones((8, 8), int)))  # or its borders would darken whole places
        ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
        ax.set_title(title, fontsize=9, pad=3)
    _draw_matrix(fig.add_axes((0.38, 0.21, 0.34, 0.57)), matrix)
    ax = fig.add_axes((0.745, 0.21, 0.235, 0.56))
    _draw_bars(ax, values, four_metrics(counted(truth, before, void), void, absent) if before is not None else {})
    orange = "" if before is None else "\n(orange: before)"
    ax.set_title(f"void {void},\nabsent classes {absent}{orange}", fontsize=9)
    return fig


def counting(truth, prediction, matrix):
    """A small truth and prediction (h, w), each place with its number or "void", and the `matrix` of their counts."""
    fig, axes = plt.subplots(1, 3, figsize=(8, 2.9), dpi=80)
    for ax, title, labels in zip(axes, ("truth", "prediction"), (truth, prediction), strict=False):
        show_labels(ax, np.kron(labels, np.ones((40, 40), int)))
        for (row, column), label in np.ndenumerate(labels):
            word = "void" if label == VOID else label
            ax.text(40 * column + 20, 40 * row + 20, word, ha="center", va="center", bbox={"color": "white", "pad": 2})
        ax.set(title=title, xlabel="", ylabel="", xticks=[], yticks=[])
    numbers_map(matrix, "confusion matrix", axes[2], "{:.0f}", "Blues")
    axes[2].set(xlabel="predicted class", ylabel="true class")
    fig.tight_layout()
    return fig


def _draw_matrix(ax, matrix):
    """Numbers of pixels, blue where most of a true class went; zeros stay empty.

    Quicker than `numbers_map`, and its names are texts, for ticks take matplotlib twice as long.
    """
    size, shares = len(matrix), matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for row, column in np.argwhere(matrix):
        shade = "white" if shares[row, column] > 0.5 else "black"
        ax.text(column, row, matrix[row, column], ha="center", va="center", fontsize=7, color=shade)
    for place, name in enumerate(NAMES[:size]):
        ax.text(-1.5, place, name, ha="right", va="center", fontsize=7)
        ax.text(place, size + 0.5, name, ha="center", va="top", fontsize=7, rotation=90)
    places, edge = np.arange(size), np.full(size, -1)
    sides = (np.concatenate([edge, places]), np.concatenate([places, edge + size + 1]))
    colours = np.tile(PALETTE[:size] / 255, (2, 1))
    ax.scatter(*sides, 36, colours, marker="s", edgecolors="black", linewidths=0.5, clip_on=False)
    ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[])
    ax.set_title(
        "row: true class, column: predicted,\nblue: share of the row\n"
        f"{np.trace(matrix)} of {matrix.sum()} places right",
        fontsize=9,
    )


def _draw_bars(ax, values, before):
    """One bar a metric under its name and number, a line across where it was `before`."""
    ax.barh(range(4), values.values(), 0.4, color="#1f4e79")
    ax.plot(list(before.values()), range(len(before)), "|", color="#d55e00", markersize=20, markeredgewidth=3)
    for place, (name, value) in enumerate(values.items()):
        ax.text(0.015, place - 0.3, f"{name} {value:.3f}", va="bottom", fontsize=8)
    ax.set(xlim=(0, 1), ylim=(3.4, -0.7), xticks=[0, 0.5, 1], yticks=[])
    ax.tick_params(labelsize=8)
