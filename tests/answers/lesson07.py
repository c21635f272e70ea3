"""Answers to the exercises of notebook 07 for seed 0, worked out by hand or in another way than the package does."""

from fractions import Fraction

import numpy as np

# sign         3122    85     8    303       0   found 0.89, the rarest
# car             6  4661    64    938      51         0.81
# tree         2995   510 12862   1572    5990         0.54
# bicyclist      18   245   822   2664     214         0.67, and right when said 0.16, an IoU of 0.15
# road          235   560    35  11520  114215         0.90, the most lost: 12350
# arrived by (x - 127) / 128: A its first channel large in the sky, B 25 to 244, C nearly constant, D its last one
# pixels: building 17562, road 83567, tree 3627, sign 0, car 2802, bicyclist 592; void 11728; all but void 108150


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
    return Fraction(shared, 2 * width + 2 * extra - shared)


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
    "worst_class": [(2, 4), [2.0, 4.0], np.array([2, 4], "uint8")],
    "thin_iou": [by_sets, by_painting, by_cases],
    "fed": [[2, 3, 1, 0], (2, 3, 1, 0), np.array([2.0, 3.0, 1.0, 0.0])],
    "most_frequent": [
        (83567 / 108150, 83567 / 108150 / 5),
        [0.773, 0.155],
        np.array([0.7727, 0.1545], "float32"),
        [Fraction(83567, 108150), Fraction(83567, 540750)],
    ],
}
WRONG = {
    "worst_class": [
        ((2, 2), "the diagonal is what is found"),
        ((2, 3), "read its column"),
        ((2, 0), "by the columns' sums"),
        ((3, 2), "lowest IoU"),
        ((4, 3), "loses the most pixels"),
        ((0, 3), "fewest pixels"),
        ((3, 4), "said too often"),
        ((4, 2), "other order"),
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
        ([0, 3, 1, 2], "0 and 2"),
        ([2, 1, 3, 0], "1 and 3"),
        ([2, 3, 0, 1], "0 and 1"),
        ([2, 0, 1, 3], "0 and 3"),
        ([1, 3, 2, 0], "1 and 2"),
        ([3, 2, 0, 1], "network of each way"),
    ],
    "most_frequent": [
        ((0.7727, 0.7727), "IoU of one class"),
        ((0.7727, 0.7727 / 6), "neither truth nor answer"),
        ((0.7727, 1 / 5), "mean *accuracy*"),
        ((83567 / 119878, 83567 / 119878 / 5), "count void pixels"),
        ((83567 / 119878, 83567 / 119878 / 6), "void as a class"),
        ((1 / 5, 0.1545), "share of the classes"),
        ((0.1545, 0.7727), "other order"),
        ((77.27, 15.45), "percent"),
    ],
}


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    labelled = [count for name, count in numbers.pixels.items() if name != "void"]
    two = np.array([max(labelled) / sum(labelled), max(labelled) / sum(labelled) / np.count_nonzero(labelled)])
    return {
        "worst_class": [worst_by_sorting(numbers.matrix)],
        "thin_iou": [*RIGHT["thin_iou"], lambda *bar: np.float16(by_sets(*bar))],
        "fed": [ways(numbers)],
        "most_frequent": [two, two.round(3), np.floor(1000 * two) / 1000],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    ((share, mean),) = right_for(numbers)["most_frequent"][:1]
    counts, fed = [count for name, count in numbers.pixels.items() if name != "void"], ways(numbers)
    occurring, with_void = np.count_nonzero(counts), max(counts) / sum(numbers.pixels.values())
    return {
        "worst_class": worst_class_wrong_for(numbers.matrix.astype(float)),
        "thin_iou": [
            *WRONG["thin_iou"],
            (lambda width, shift, extra: 0 if shift >= width else by_sets(width, shift, extra), "lie `width` apart"),
            (lambda width, shift, extra: by_sets(width, shift - extra, extra), ""),
            (lambda width, shift, extra: by_sets(width, shift, 1), ""),
            (lambda width, shift, extra: by_sets(width, 1, extra), ""),
            (lambda width, shift, extra: 0 if shift > width else by_sets(width, shift, extra), ""),
            (lambda *bar: counted(*bar)[0] // counted(*bar)[1], ""),
        ],
        "fed": [
            *(([{one: other, other: one}.get(way, way) for way in fed], f"{one} and {other}") for one, other in PAIRS),
            ([fed.index(way) for way in range(4)], "network of each way"),
            (4 * [0], ""),
        ],
        "most_frequent": [
            ((share, share), "IoU of one class"),
            ((share, share / len(counts)), "neither truth nor answer"),
            ((share, 1 / occurring), "mean *accuracy*"),
            ((with_void, with_void / occurring), "count void pixels"),
            ((with_void, with_void / (occurring + 1)), "void as a class"),
            ((1 / occurring, mean), "share of the classes"),
            ((mean, share), "other order"),
            ((round(100 * share, 2), round(100 * mean, 2)), "percent"),
            ((share, share / (occurring + 1) / 2), ""),
            ((share, 0), ""),
        ],
    }


PAIRS = ((0, 2), (1, 3), (0, 1), (0, 3), (1, 2))


def ways(numbers):
    """Which way each network was fed, from the ranges of what arrived."""
    found = []
    for values in numbers.arrived.values():
        if np.array_equal(values, numbers.photo):
            found.append(3)
        elif np.allclose(values * numbers.divide + numbers.subtract, numbers.photo):
            found.append(0)
        else:
            found.append(2 if np.allclose(values[..., ::-1] * numbers.divide + numbers.subtract, numbers.photo) else 1)
    return found


def worst_by_sorting(matrix):
    lost = [1 - Fraction(int(row[c]), int(row.sum())) for c, row in enumerate(matrix)]
    worst = lost.index(max(lost))
    return worst, max((other for other in range(5) if other != worst), key=lambda other: matrix[worst, other])


def worst_class_wrong_for(matrix):
    worst, taken_for = worst_by_sorting(matrix)
    off, true, said = matrix - np.diag(np.diag(matrix)), matrix.sum(axis=1), matrix.sum(axis=0)
    found = np.diag(matrix)
    lowest, most, rarest, invented = (
        int(np.argmin(each)) for each in (found / (true + said - found), found - true, true, found / said)
    )
    return [
        ((worst, worst), "the diagonal is what is found"),
        ((worst, off[:, worst].argmax()), "read its column"),
        ((worst, (off[worst] / said).argmax()), "by the columns' sums"),
        ((lowest, off[lowest].argmax()), "lowest IoU"),
        ((most, off[most].argmax()), "loses the most pixels"),
        ((rarest, off[rarest].argmax()), "fewest pixels"),
        ((invented, off[:, invented].argmax()), "said too often"),
        ((taken_for, worst), "other order"),
        ((worst + 1, taken_for + 1), ""),
    ]
