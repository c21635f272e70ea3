"""Metrics against a hand-computed 3x3 picture, plain loops and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, jaccard_score
from sklearn.metrics import confusion_matrix as sklearn_matrix

from fcn_tutorial.metrics import confusion_matrix, scores

# By hand: three classes, one void pixel (9). Class 0: 2 of 3 right; class 1: 1 of 3; class 2: 2 of 2.
TRUTH = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 9]])
PREDICTION = np.array([[0, 0, 1], [1, 0, 2], [2, 2, 0]])


def test_hand_computed_picture():
    matrix = confusion_matrix(TRUTH, PREDICTION, classes=3, void=9)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 1], [0, 0, 2]]
    result = scores(matrix)
    assert result.pixel_accuracy == pytest.approx(5 / 8)
    assert result.mean_accuracy == pytest.approx((2 / 3 + 1 / 3 + 1) / 3)
    assert result.per_class_iou.tolist() == pytest.approx([2 / 4, 1 / 4, 2 / 3])
    assert result.mean_iou == pytest.approx((2 / 4 + 1 / 4 + 2 / 3) / 3)
    assert result.frequency_weighted_iou == pytest.approx((3 * 2 / 4 + 3 * 1 / 4 + 2 * 2 / 3) / 8)


def test_against_scikit_learn_on_random_labels():
    rng = np.random.RandomState(0)
    truth, prediction = rng.randint(0, 12, (5, 31, 33)), rng.randint(0, 11, (5, 31, 33))
    known = truth != 11
    matrix = confusion_matrix(truth, prediction)
    assert (matrix == sklearn_matrix(truth[known], prediction[known], labels=np.arange(11))).all()
    result = scores(matrix)
    assert result.per_class_iou == pytest.approx(jaccard_score(truth[known], prediction[known], average=None))
    assert result.mean_accuracy == pytest.approx(balanced_accuracy_score(truth[known], prediction[known]))


def test_an_absent_class_is_left_out_and_a_wrongly_predicted_one_is_not():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 0, 0]), classes=4)
    result = scores(matrix)
    assert np.isnan(result.per_class_iou[2:]).all()
    assert result.mean_iou == pytest.approx((2 / 3 + 0) / 2)
    only_predicted = scores(confusion_matrix(np.array([0, 0, 0]), np.array([0, 0, 3]), classes=4))
    assert only_predicted.per_class_iou[3] == 0
    assert only_predicted.mean_iou == pytest.approx((2 / 3 + 0) / 2)


def test_void_never_counts():
    truth = np.array([[0, 1], [11, 11]])
    first, second = np.array([[0, 1], [0, 0]]), np.array([[0, 1], [5, 7]])
    assert (confusion_matrix(truth, first) == confusion_matrix(truth, second)).all()
    assert confusion_matrix(truth, first).sum() == 2


def test_mean_of_images_is_not_the_data_set():
    a = confusion_matrix(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), classes=2)
    b = confusion_matrix(np.array([1, 1]), np.array([1, 1]), classes=2)
    assert scores(a + b).mean_iou != pytest.approx((scores(a).mean_iou + scores(b).mean_iou) / 2)


@pytest.mark.parametrize(
    "truth, prediction, words",
    [
        (np.zeros((2, 2), int), np.zeros((2, 3), int), "shape"),
        (np.array([0, 12]), np.array([0, 0]), "12"),
        (np.array([0, 0]), np.array([0, 11]), "prediction holds the value 11"),
        (np.array([0, 0]), np.array([0.0, 1.0]), "argmax"),
    ],
)
def test_bad_input_is_named(truth, prediction, words):
    with pytest.raises(ValueError, match=words):
        confusion_matrix(truth, prediction)


def test_nothing_counted_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match="void"):
        scores(confusion_matrix(np.full((3, 3), 11), np.zeros((3, 3), int)))


@pytest.mark.parametrize(
    "matrix, words",
    [
        ([[3, -1], [0, 2]], "holds -1"),
        ([[3.0, np.nan], [0, 2]], "holds nan"),
        ([[3, np.inf], [0, 2]], "holds inf"),
        ([[0.5, 0], [0, 0.5]], "holds 0.5"),
        ([["a", "b"], ["c", "d"]], "counts of pixels"),
        ([[3, 1j], [0, 2]], "counts of pixels"),
        ([[1, 2, 3]], "shape"),
    ],
)
def test_a_matrix_that_counts_nothing_is_refused(matrix, words):
    with pytest.raises(ValueError, match=words):
        scores(matrix)


def test_whole_numbers_of_any_kind_are_counts():
    matrix = np.array([[2, 1], [1, 4]])
    for kind in (np.uint8, np.int32, np.uint64, np.float32):
        assert scores(matrix.astype(kind)).pixel_accuracy == 6 / 8
