"""Answers to the exercises of notebook 07 for seed 0, worked out by hand or in another way than the package does."""

from fractions import Fraction

import numpy as np

# pedestrian    602    11   101     0   127   found 0.72
# pole            0   276     0     0   301         0.48, and right when said 0.07
# sign            7     0  1128     0    58         0.95
# sky            66  2437     0 10521     1         0.81, the most lost: 2504
# car             0  1057  1077   351  2115         0.46
# arrived by (x - 127) / 128: A nearly constant, B 27 to 244, C its last channel large in the sky, D its first one
# pixels: sky 3218, pole 186, road 65158, sign 591, car 1877, pedestrian 0; void 12685; all but void 71030


def by_sets(width, shift, extra):
    """The bar's columns as two sets."""
    truth, found = set(range(width)), set(range(shift - extra, shift + width + extra))
    return len(truth & found) / len(truth | found)


def by_painting(width, shift, extra):
    """Two rows of pixels, painted."""
    truth, found = np.zeros((2, 60), bool)
    truth[20 : 20 + width] = True
    found[20 + shift - extra : 20 + shift + width + extra] = True
    return np.float32(np.logical_and(truth, found).sum() / np.logical_or(truth, found).sum())


def by_cases(width, shift, extra):
    """What sticks out on the left of the prediction is missed; the rest is shared, if the two meet at all."""
    missed = max(shift - extra, 0)
    shared = 0 if missed >= width else width - missed
    return [float(Fraction(shared, 2 * width + 2 * extra - shared))]


def counted(width, shift, extra, left=True):
    truth = range(width)
    found = range(shift - extra * left, shift + width + extra)
    return len(set(truth) & set(found)), len(truth), len(found)


def recall(*bar):
    both, truth, _ = counted(*bar)
    return both / truth


def precision(*bar):
    both, _, found = counted(*bar)
    return both / found


def dice(*bar):
    both, truth, found = counted(*bar)
    return 2 * both / (truth + found)


def sum_of_both(*bar):
    both, truth, found = counted(*bar)
    return both / (truth + found)


def unclipped(width, shift, extra):
    both = min(width, width + shift + extra) - max(0, shift - extra)
    return both / (2 * (width + extra) - both)


def one_sided(*bar):
    both, truth, found = counted(*bar, left=False)
    return both / (truth + found - both)


RIGHT = {
    "worst_class": [(4, 2), [4.0, 2.0], np.array([4, 2], "uint8")],
    "thin_iou": [by_sets, by_painting, by_cases],
    "fed": [[1, 3, 0, 2], (1, 3, 0, 2), np.array([1.0, 3.0, 0.0, 2.0])],
    "most_frequent": [
        (65158 / 71030, 65158 / 71030 / 5),
        [0.917, 0.183],
        np.array([0.9173, 0.1835], "float32"),
    ],
}
WRONG = {
    "worst_class": [
        ((4, 4), "the diagonal is what is found"),
        ((4, 1), "read its column"),
        ((3, 1), "loses the most pixels"),
        ((1, 4), "fewest pixels"),
        ((1, 3), "said too often"),
        ((2, 4), "other order"),
    ],
    "thin_iou": [
        (recall, "share of the true pixels"),
        (precision, "share of the predicted pixels"),
        (dice, "Dice"),
        (sum_of_both, "in it twice"),
        (unclipped, "fewer than no pixels"),
        (one_sided, "right only"),
        (lambda width, shift, extra: max(width - shift, 0) / (width + min(shift, width)), "only moved"),
    ],
    "fed": [
        ([1, 3, 2, 0], "0 and 2"),
        ([3, 1, 0, 2], "1 and 3"),
        ([0, 3, 1, 2], "0 and 1"),
        ([1, 0, 3, 2], "0 and 3"),
        ([2, 3, 0, 1], "1 and 2"),
        ([2, 0, 3, 1], "network of each way"),
    ],
    "most_frequent": [
        ((0.9173, 0.9173), "IoU of one class"),
        ((0.9173, 0.9173 / 6), "neither truth nor answer"),
        ((0.9173, 1 / 5), "mean *accuracy*"),
        ((65158 / 83715, 65158 / 83715 / 5), "count void pixels"),
        ((65158 / 83715, 65158 / 83715 / 6), "void as a class"),
        ((1 / 5, 0.1835), "share of the classes"),
        ((0.1835, 0.9173), "other order"),
        ((91.73, 18.35), "percent"),
    ],
}
