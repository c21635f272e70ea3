"""Answers to the exercises of notebook 06 for seed 0, worked out by hand or in another way than the package does."""

import math

import numpy as np
from scipy import ndimage, special

# maps of 512, 96 and 24 channels at strides 32, 16 and 8; 4 classes
# starts: zero kernel with unequal biases; small weights; zeros; identity; equal columns with equal biases


def doubled(scores):
    """Twice as many rows and columns, by the weights 0.75 and 0.25."""
    for _ in range(2):
        padded = np.concatenate([scores[:1], scores, scores[-1:]])
        upper, lower = 0.25 * padded[:-2] + 0.75 * scores, 0.75 * scores + 0.25 * padded[2:]
        scores = np.stack([upper, lower], axis=1).reshape(-1, *scores.shape[1:]).swapaxes(0, 1)
    return scores


def own_scores(fine, kernel, bias):
    return np.tensordot(fine, kernel, 1) + bias


def stretch_cut_add(coarse, fine, kernel, bias):
    return doubled(coarse)[: fine.shape[0], : fine.shape[1]] + own_scores(fine, kernel, bias)


def by_loops(coarse, fine, kernel, bias):
    """The same cell by cell, as nested lists."""
    wide = doubled(coarse)
    rows, columns, channels = fine.shape
    return [
        [
            [
                wide[y, x, c] + bias[c] + sum(fine[y, x, m] * kernel[m, c] for m in range(channels))
                for c in range(len(bias))
            ]
            for x in range(columns)
        ]
        for y in range(rows)
    ]


def by_scipy(coarse, fine, kernel, bias):
    """Only the wanted cells are read from the coarse map, none is cut off."""
    places = np.meshgrid(*(np.arange(n) / 2 - 0.25 for n in fine.shape[:2]), indexing="ij")
    stretched = [
        ndimage.map_coordinates(coarse[..., c], places, order=1, mode="nearest") for c in range(coarse.shape[-1])
    ]
    return (np.stack(stretched, axis=-1) + np.einsum("yxm,mc->yxc", fine, kernel) + bias).astype("float32")


def changed(join=np.add, cut=slice(None), stretch=doubled, with_bias=1):
    """A way of adding that goes wrong somewhere."""

    def wrong(coarse, fine, kernel, bias):
        rows, columns = fine.shape[:2]
        wide = stretch(coarse)
        wide = wide[-rows:, -columns:] if cut == "before" else wide[:rows, :columns]
        return join(wide, own_scores(fine, kernel, with_bias * bias))

    return wrong


def resized(coarse, fine, kernel, bias):
    """The coarse map squeezed into the finer one's size, whatever that is."""
    for axis in (0, 1):
        cells, size = coarse.shape[axis], fine.shape[axis]
        where = (np.arange(size) + 0.5) / size * cells - 0.5
        coarse = np.apply_along_axis(lambda line, at=where: np.interp(at, range(len(line)), line), axis, coarse)
    return coarse + own_scores(fine, kernel, bias)


def cell_by_cell(fine, scores, labels, mean=True, mask=True, divide_by_all=False, sign=1, blind=False, truth=1):
    """The first gradient by plain loops, right or (by its options) wrong."""
    total, known = np.zeros((fine.shape[-1], scores.shape[-1])), int((labels != 11).sum())
    for place in np.ndindex(labels.shape):
        if labels[place] == 11 and mask:
            continue
        own = [1.0] * scores.shape[-1] if blind else [math.exp(s) for s in scores[place]]
        for c, growth in enumerate(own):
            error = growth / sum(own) - truth * (c == labels[place])
            total[:, c] += sign * fine[place] * error
    return total / ((labels.size if divide_by_all else known) if mean else 1)


def by_matrices(fine, scores, labels):
    known = labels < 11
    error = special.softmax(scores[known], axis=-1)
    error[np.arange(known.sum()), labels[known]] -= 1
    return (fine[known].T @ error / len(error)).astype("float32")


def by_differences(fine, scores, labels):
    """No formula at all: each weight is moved a little both ways, and the loss is looked at."""

    def loss(kernel):
        logits = (scores + fine @ kernel)[labels != 11]
        return -special.log_softmax(logits, axis=-1)[np.arange(len(logits)), labels[labels != 11]].mean()

    gradient = np.zeros((fine.shape[-1], scores.shape[-1]))
    for place in np.ndindex(gradient.shape):
        step = np.zeros_like(gradient)
        step[place] = 1e-4
        gradient[place] = (loss(step) - loss(-step)) / 2e-4
    return gradient.tolist()


def wrongly(**options):
    return lambda fine, scores, labels: cell_by_cell(fine, scores, labels, **options)


RIGHT = {
    "fcn16s": [stretch_cut_add, by_loops, by_scipy],
    "new_numbers": [488, 488.0, np.int32(488), [97 * 4 + 25 * 4]],
    "same_labels": [
        [0, 0, 1, 0, 1],
        (0.0, 0.0, 1.0, 0.0, 1.0),
        np.array([0, 0, 1, 0, 1], "uint8"),
        [False, False, True, False, True],
        np.array([0, 0, 1, 0, 1], bool),
    ],
    "first_gradient": [cell_by_cell, by_matrices, by_differences],
}
WRONG = {
    "fcn16s": [
        (changed(join=lambda one, other: np.dstack([one, other])), "side by side"),
        (changed(join=lambda one, other: 0.5 * one + 0.5 * other), "mean of the two"),
        (changed(join=lambda one, other: one * other), "Multiplied"),
        (changed(cut="before"), "cut at its beginning"),
        (changed(stretch=lambda scores: np.kron(scores, np.ones((2, 2, 1)))), "repeated, not stretched"),
        (resized, "squeezed"),
        (changed(with_bias=0), "lack their bias"),
    ],
    "new_numbers": [
        (480, "kernels are there"),
        (484, "side by side"),
        (4328, "3x3"),
        (128, "were added"),
        (2540, "coarsest"),
        (1000, "Stretching is counted"),
    ],
    "same_labels": [
        ([0, 0, 1, 0, 0], "*scores* stay"),
        ([1, 0, 1, 0, 0], "kernel's zeros alone"),
        ([1, 0, 1, 0, 1], "by its bias"),
        ([0, 1, 1, 0, 1], "Small weights"),
        ([0, 0, 1, 1, 1], "identity"),
        ([1, 1, 0, 1, 0], "other way round"),
        (5 * [False], "None at all"),
    ],
    "first_gradient": [
        (wrongly(mean=False), "gradient of a sum"),
        (wrongly(divide_by_all=True), "still counted when you divide"),
        (wrongly(mask=False), "Void cells pull"),
        (wrongly(sign=-1), "sign is turned"),
        (wrongly(blind=True), "new scores alone"),
        (lambda fine, scores, labels: cell_by_cell(fine, scores, np.where(labels == 11, 0, labels)), "bonnet is sky"),
        (lambda fine, scores, labels: np.zeros_like(fine), "of the map's shape"),
        (lambda fine, scores, labels: np.zeros((fine.shape[-1], scores.shape[-1])), "All zeros"),
        (wrongly(truth=0), "probabilities times the map"),
    ],
}


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    classes, channels = numbers.classes, numbers.channels
    same = [not (np.ptp(kernel, axis=1).any() or np.ptp(bias)) for kernel, bias in numbers.starts]
    return {
        "fcn16s": [*RIGHT["fcn16s"], lambda *given: stretch_cut_add(*(np.float16(each) for each in given))],
        "new_numbers": [sum(np.empty((count + 1, classes)).size for count in (channels[8], channels[16]))],
        "same_labels": [same],
        "first_gradient": [*RIGHT["first_gradient"], lambda *given: np.float16(cell_by_cell(*given))],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    classes, both = numbers.classes, numbers.channels[16] + numbers.channels[8]
    kinds = [kind(*start) for start in numbers.starts]
    named = {
        "*scores* stay": ["zeros"],
        "kernel's zeros alone": ["zeros", "bias"],
        "by its bias": ["zeros", "bias", "equal"],
        "Small weights": ["zeros", "small", "equal"],
        "identity": ["zeros", "identity", "equal"],
        "other way round": ["bias", "small", "identity"],
        "None at all": [],
        "": ["zeros", "bias", "small", "equal", "identity"],
    }
    return {
        "fcn16s": [
            *WRONG["fcn16s"],
            (lambda coarse, fine, kernel, bias: stretch_cut_add(coarse, fine, kernel, bias[0]), ""),
            (lambda coarse, fine, kernel, bias: stretch_cut_add(coarse, fine, kernel[:1], bias), ""),
            (lambda *given: np.maximum(stretch_cut_add(*given), 0), ""),
            (lambda coarse, *given: stretch_cut_add(doubled(coarse), *given), ""),
        ],
        "new_numbers": [
            (both * classes, "kernels are there"),
            ((both + 1) * classes, "side by side"),
            ((9 * both + 2) * classes, "3x3"),
            (both + 2 * classes, "were added"),
            ((both + 3 + numbers.channels[32]) * classes, "coarsest"),
            ((both + 2) * classes + 32 * classes**2, "Stretching is counted"),
            ((both + 2) * (classes + 1), ""),
            ((numbers.channels[16] + 1) * classes, ""),
            (both * classes + 2, ""),
        ],
        "same_labels": [([name in names for name in kinds], words) for words, names in named.items()],
        "first_gradient": [
            *WRONG["first_gradient"],
            (lambda *given: cell_by_cell(*given)[:3, :3], ""),
            (lambda fine, scores, labels: cell_by_cell(fine[:1], scores[:1], labels[:1]), ""),
            (lambda fine, scores, labels: cell_by_cell(np.abs(fine), scores, labels), ""),
        ],
    }


def kind(kernel, bias):
    if kernel.max() == 1 and np.count_nonzero(kernel) == 3:
        return "identity"
    if not kernel.any():
        return "bias" if bias.any() else "zeros"
    return "equal" if (kernel == kernel[:, :1]).all() else "small"
