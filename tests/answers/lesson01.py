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


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    middle, spread, (rows, columns) = numbers.middle, numbers.spread, numbers.grid
    of_mean = numbers.logit - numbers.bias
    bordered = of_mean * rows * columns / ((rows + 2) * (columns + 2)) + numbers.bias
    logits = np.array([numbers.logit, numbers.logit + of_mean, numbers.logit, bordered])
    return {
        "last_map": [halved(numbers, lambda side: (side + 1) // 2)],
        "preprocess": [
            lambda photo: np.array([(byte - middle) / spread for byte in range(256)], "float32")[photo],
            lambda photo: (photo.astype("float16") - middle) / spread,
        ],
        "logits_after": [logits, logits.round(2), np.floor(100 * logits) / 100],
        "evidence_middle": RIGHT["evidence_middle"],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    middle, spread, total = numbers.middle, numbers.spread, 2**numbers.halvings
    (rows, columns), logit = numbers.grid, numbers.logit
    of_mean, up = logit - numbers.bias, halved(numbers, lambda side: (side + 1) // 2)
    border = of_mean * rows * columns / ((rows + 2) * (columns + 2)) + numbers.bias
    return {
        "last_map": [
            ([side // total for side in numbers.photo], "drops what is left over"),
            ([round(side / total) for side in numbers.photo], "nearest whole number"),
            ([-(-side // (2 * numbers.halvings)) for side in numbers.photo], "sum of the strides"),
            (up[::-1], "other order"),
            ([-(-2 * side // total) for side in numbers.photo], "before the last one"),
            (halved(numbers, lambda side: side // 2 + 1), "one more at each layer"),
        ],
        "preprocess": [
            (lambda photo: (photo - np.uint8(middle)) / spread, "go below 0"),
            (lambda photo: photo / 255, "divided by 255"),
            (by_own_mean, "its own mean"),
            (lambda photo: (photo - 127.0) / 128, "lesson's network"),
            (lambda photo: ((photo - float(middle)) / spread - middle) / spread, "applied twice"),
            (lambda photo: (photo[..., ::-1] - float(middle)) / spread, "Red and blue"),
            (lambda photo: photo - middle / spread, "brackets missing"),
            (lambda photo: (photo.astype(int) - middle) // spread, ""),
            (lambda photo: np.maximum(photo - float(middle), 0) / spread, ""),
            (lambda photo: (photo.astype("int8") - float(middle)) / spread, ""),
            (lambda photo: (photo[:1, :1] - float(middle)) / spread + 0 * photo, ""),
        ],
        "logits_after": [
            ((logit, 2 * logit, logit, logit * (border - numbers.bias) / of_mean), "bias has been multiplied"),
            ((logit, 2 * of_mean, logit, border - numbers.bias), "never put back"),
            ((logit, logit + of_mean, logit + of_mean, logit), "added the cells up"),
            ((logit, logit + of_mean, logit + of_mean, border), "And how many cells"),
            ((logit, logit + of_mean, logit, logit), "full of zeros"),
            (4 * [logit], "how large the numbers are"),
            ((logit, 2 * logit, logit, border), ""),
            ((-logit, logit + of_mean, logit, border), ""),
        ],
        "evidence_middle": [
            *WRONG["evidence_middle"],
            (lambda cells, weights, bias, stride: by_loops(cells, weights, bias, 32), "cells of one size only"),
            (lambda cells, weights, bias, stride: by_loops(cells, weights, bias, 16), ""),
            (lambda *case: np.round(np.round(by_loops(*case), 9)), "whole pixels"),
            (lambda *case: [int(round(place, 9)) for place in by_loops(*case)], "whole pixels"),
            (lambda *case: np.subtract(by_loops(*case), 0.5), "`//` cuts"),
            (lambda *case: np.add(by_loops(*case, start=0), 15.5), "cells of one size only"),
            (speaking_cells_alike, ""),
        ],
    }


def halved(numbers, halve):
    sides = list(numbers.photo)
    for _ in range(numbers.halvings):
        sides = [halve(side) for side in sides]
    return sides


def speaking_cells_alike(cells, weights, bias, stride):
    places = np.argwhere(cells @ weights + bias > 0)
    return places.mean(axis=0) * stride + (stride - 1) / 2
