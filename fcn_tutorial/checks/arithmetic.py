"""The arithmetic behind the tasks, in NumPy alone: windows, softmax, reading between cells, stamps, counts."""

import numpy as np


def windows(cells, rows, columns):
    """What is under a window: (places down, places across, numbers in the order of Flatten)."""
    views = np.lib.stride_tricks.sliding_window_view(cells, (rows, columns), axis=(0, 1))
    return np.moveaxis(views, 2, -1).reshape(*views.shape[:2], -1)


def softmax(scores):
    """The probabilities that scores of classes, along the last axis, stand for."""
    growth = np.exp(scores)
    return growth / growth.sum(axis=-1, keepdims=True)


def half_pixel(old, new):
    """Where `new` pixels in a row stand, in pixels of `old` ones over the same place."""
    return (np.arange(new) + 0.5) * old / new - 0.5


def read_at(scores, positions):
    """Scores read at fractional cells, rows then columns; beyond the outermost cell, that cell is repeated."""
    for axis, position in enumerate(positions):
        cells = scores.shape[axis]
        weights = np.maximum(1 - np.abs(np.clip(position, 0, cells - 1)[:, None] - np.arange(cells)), 0)
        scores = np.moveaxis(np.tensordot(weights, scores, (1, axis)), 0, axis)
    return scores


def stamp(scores, kernel, stride, add=True, axis=2):
    """Transposed convolution; wrongly, if stamps replace each other or another axis says how many channels go out."""
    (rows, columns), size = scores.shape[:2], kernel.shape[:2]
    out = np.zeros(((rows - 1) * stride + size[0], (columns - 1) * stride + size[1], kernel.shape[axis]))
    for row, column in np.ndindex(rows, columns):
        here = out[row * stride : row * stride + size[0], column * stride : column * stride + size[1]]
        here[:] = kernel @ scores[row, column] + add * here
    return out


def stamp_of_cells(scores, kernel, stride):
    """The same cut, or filled with zeros, to `stride` pixels a cell."""
    rows, columns = (stride * cells for cells in scores.shape[:2])
    return np.pad(stamp(scores, kernel, stride), [(0, stride), (0, stride), (0, 0)])[:rows, :columns]


def counts(pairs, classes, void, number=int):
    """Table of pixels (true class, predicted class) of a list of (truth, prediction), computed in the type `number`."""
    table = np.zeros(classes**2, int)
    for truth, prediction in pairs:
        entries = (truth.astype(number) * number(classes) + prediction.astype(number))[truth != void]
        table += np.bincount(entries, minlength=classes**2)
    return table.reshape(classes, classes)


def class_accuracy(table):
    """Share found of each class that has true pixels."""
    right, true = np.diag(table), table.sum(axis=1)
    return right[true > 0] / true[true > 0]


def class_iou(table, predicted=None):
    """Intersection over union of each class in truth or prediction; `predicted` replaces the sums of the columns."""
    union = table.sum(axis=1) + (table.sum(axis=0) if predicted is None else predicted) - np.diag(table)
    return np.diag(table)[union > 0] / union[union > 0]
