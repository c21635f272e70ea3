"""One confusion matrix, and the four metrics of Long, Shelhamer and Darrell 2015 (section 4) from it (notebook 05)."""

from dataclasses import asdict, dataclass

import numpy as np

from fcn_tutorial.labels import CLASSES, VOID


def confusion_matrix(truth, prediction, classes=VOID, void=VOID):
    """Count pixels: (classes, classes) int64, rows are the true class, columns the predicted one.

    truth, prediction: integer arrays of one shape. Pixels whose true class is `void` are never counted. The metrics
    of a data set come from the sum of its images' matrices.
    Raises ValueError for different shapes, non-integers, or values that are no class; a prediction of void is refused
    too.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(f"The truth has shape {truth.shape}, the prediction {prediction.shape}; expected the same.")
    for name, values in (("truth", truth), ("prediction", prediction)):
        if not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"The {name} holds {values.dtype} values; expected class indices. Take the argmax first.")
    counted = truth != void
    truth, prediction = truth[counted].astype(np.int64), prediction[counted].astype(np.int64)
    for name, values in (("truth", truth), ("prediction", prediction)):
        if values.size and (values.min() < 0 or values.max() >= classes):
            wrong = values.min() if values.min() < 0 else values.max()
            raise ValueError(
                f"The {name} holds the value {wrong}; expected 0 to {classes - 1}, or {void} for void in the truth."
            )
    return np.bincount(truth * classes + prediction, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True)
class Scores:
    """The four metrics, 0 to 1, and each class's intersection over union (NaN: in neither truth nor prediction)."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    per_class_iou: np.ndarray

    def as_dict(self, class_names=CLASSES):
        """The metrics as plain numbers, per_class_iou by class name, None where a class is absent."""
        named = {n: None if np.isnan(v) else float(v) for n, v in zip(class_names, self.per_class_iou, strict=True)}
        return {**asdict(self), "per_class_iou": named}


def scores(matrix):
    """Metrics of a confusion matrix (C, C) as `Scores`.

    A class in neither truth nor prediction is left out of the means, as in the paper's released code.
    Raises ValueError for entries that count nothing (below 0, no whole number, NaN), and without a counted pixel.
    """
    matrix = _counts(matrix)
    if not matrix.sum() > 0:
        raise ValueError("The confusion matrix counts no pixel: every pixel is void, or nothing was evaluated.")
    right, truth, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    union = truth + predicted - right
    accuracy = np.divide(right, truth, out=np.full_like(right, np.nan), where=truth > 0)
    iou = np.divide(right, union, out=np.full_like(right, np.nan), where=union > 0)
    return Scores(
        pixel_accuracy=float(right.sum() / matrix.sum()),
        mean_accuracy=float(np.nanmean(accuracy)),
        mean_iou=float(np.nanmean(iou)),
        frequency_weighted_iou=float(np.nansum(truth * iou) / matrix.sum()),
        per_class_iou=iou,
    )


def _counts(matrix):
    """`matrix` as float64 once it is square and each entry a count."""
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"A confusion matrix has shape (C, C); got {matrix.shape}.")
    if matrix.dtype.kind not in "iuf":
        raise ValueError(f"The confusion matrix holds {matrix.dtype} values; expected counts of pixels.")
    counts = matrix.astype(np.float64)
    wrong = ~np.isfinite(counts) | (counts < 0) | (counts != np.floor(counts))
    if wrong.any():
        raise ValueError(
            f"The confusion matrix holds {matrix[wrong][0]}; expected counts of pixels, whole numbers from 0 on."
        )
    return counts
