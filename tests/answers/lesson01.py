"""Answers to the exercises of notebook 01 for seed 0, worked out by hand or in another way than the package does."""

import numpy as np
from scipy import ndimage

# 5 halvings of a photo of 133 x 314; bytes as (x - 115) / 50; logit 9.09 of which -0.65 is the bias, on 5 x 9 cells


def by_one_formula(photo):
    return photo / 50 - 2.3


def by_table(photo):
    """Look each of the 256 bytes up."""
    return np.array([(byte - 115) / 50 for byte in range(256)], "float32")[photo]


def by_int16(photo):
    return np.divide(np.int16(photo) - np.int16(115), 50).tolist()


def wrapped(photo):
    photo -= 115
    return photo / 50


def by_own_mean(photo):
    values = photo.astype("float64")
    return (values - np.mean(values)) / np.std(values)


def twice(photo):
    return (photo / 50 - 2.3) / 50 - 2.3


def by_loops(cells, weights, bias, stride, clipped=True, start=None):
    """Centre of mass, cell by cell; a cell's place is the mean of its pixels' places."""
    above, left, total = 0.0, 0.0, 0.0
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            says = sum(float(value) * float(weight) for value, weight in zip(cell, weights, strict=True)) + bias
            says = max(says, 0.0) if clipped else says
            middle = [sum(range(stride * i, stride * (i + 1))) / stride for i in (row, column)]
            if start is not None:
                middle = [stride * row + start * stride, stride * column + start * stride]
            above, left, total = above + says * middle[0], left + says * middle[1], total + says
    return above / total, left / total


def by_scipy(cells, weights, bias, stride):
    """Centre of mass of the map, each cell first blown up to all of its pixels."""
    heat = np.einsum("rcn,n->rc", cells, weights) + bias
    return ndimage.center_of_mass(np.kron(np.where(heat > 0, heat, 0), np.ones((stride, stride))))


def by_scipy_on_cells(cells, weights, bias, stride):
    row, column = ndimage.center_of_mass(np.clip(np.dot(cells, weights) + bias, 0, None))
    return np.float32([row * stride + stride / 2 - 0.5, column * stride + stride / 2 - 0.5])


def strongest(cells, weights, bias, stride):
    row, column = np.unravel_index((cells @ weights).argmax(), cells.shape[:2])
    return stride * row + stride / 2 - 0.5, stride * column + stride / 2 - 0.5


RIGHT = {
    "last_map": [(5, 10), [5, 10], np.array([5.0, 10.0]), (np.int64(5), np.uint8(10))],
    "preprocess": [by_one_formula, by_table, by_int16],
    "logits_after": [
        (9.09, 18.83, 9.09, 5.04),
        [9.09, 9.74 * 2 - 0.65, 9.09, 9.74 * 45 / 77 - 0.65],
        np.array([9.09, 18.83, 9.09, 5.0421], "float32"),
    ],
    "evidence_middle": [by_loops, by_scipy, by_scipy_on_cells],
}
WRONG = {
    "last_map": [
        ((4, 9), "drops what is left over"),
        ((4, 10), "nearest whole number"),
        ((14, 32), "sum of the strides"),
        ((10, 5), "other order"),
        ((9, 20), "before the last one"),
    ],
    "preprocess": [
        (wrapped, "go below 0"),
        (lambda photo: photo.astype("float32") / 255.0, "divided by 255"),
        (by_own_mean, "its own mean"),
        (lambda photo: photo.astype("int16") / 128 - 127 / 128, "lesson's network"),
        (twice, "applied twice"),
        (lambda photo: np.flip(photo, axis=2) / 50 - 2.3, "Red and blue"),
        (lambda photo: photo - 115 / 50, "brackets missing"),
    ],
    "logits_after": [
        ((9.09, 18.18, 9.09, 5.31), "bias has been multiplied"),
        ((9.09, 19.48, 9.09, 5.69), "never put back"),
        ((9.09, 18.83, 18.83, 9.09), "added the cells up"),
        ((9.09, 18.83, 18.83, 5.04), "And how many cells"),
        ((9.09, 18.83, 9.09, 9.09), "full of zeros"),
        ((9.09, 9.09, 9.09, 9.09), "how large the numbers are"),
    ],
    "evidence_middle": [
        (lambda *case: by_loops(*case, clipped=False), "against the class"),
        (lambda cells, weights, bias, stride: by_scipy(cells, weights, 0, stride), "bias is missing"),
        (lambda *case: by_loops(*case, start=0), "upper left pixel"),
        (lambda *case: by_loops(*case, start=0.5), "Half a pixel off"),
        (lambda *case: by_loops(*case)[::-1], "changed places"),
        (strongest, "strongest cell"),
    ],
}
