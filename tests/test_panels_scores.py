"""The drawings of notebooks 05 to 07 against plain loops, scikit-learn and hand-made maps of scores."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

from fcn_tutorial import metrics
from fcn_tutorial.labels import CLASSES, PALETTE, VOID
from fcn_tutorial.panels import networks, scores

RNG = np.random.default_rng(3)
COURSE = {"void": "left out", "absent": "left out"}


def pair(classes=9):
    """Truth with void and prediction, both without the last classes; the last of theirs is in the prediction only."""
    truth = RNG.integers(0, classes - 1, (24, 32)).astype(np.uint8)
    prediction = np.where(RNG.random(truth.shape) < 0.5, truth, RNG.integers(0, classes, truth.shape))
    truth[20:] = VOID
    return truth, prediction.astype(np.uint8)


def four(truth, prediction, void="left out", absent="left out"):
    return scores.four_metrics(scores.counted(truth, prediction, void), void, absent)


def by_loops(truth, prediction, void, absent):
    """The four metrics, pixel by pixel and class by class."""
    pixels = [(t, p) for t, p in zip(truth.flat, prediction.flat, strict=True) if t != VOID or void != "left out"]
    classes = range(12 if void == "counted as a class" else 11)
    accuracy, iou, weighted = [], [], 0
    for c in classes:
        right = sum(t == p == c for t, p in pixels)
        true, said = sum(t == c for t, _ in pixels), sum(p == c for _, p in pixels)
        if true or absent == "counted as 0":
            accuracy.append(right / true if true else 0)
        if true or said or absent == "counted as 0":
            iou.append(right / (true + said - right) if true or said else 0)
        weighted += true * right / max(true + said - right, 1)
    right = sum(t == p and t in classes for t, p in pixels)
    return [right / len(pixels), np.mean(accuracy), np.mean(iou), weighted / len(pixels)]


@pytest.mark.parametrize("void", scores.VOID_RULES)
@pytest.mark.parametrize("absent", scores.ABSENT_RULES)
def test_every_way_of_counting_against_loops(void, absent):
    truth, prediction = pair()
    assert list(four(truth, prediction, void, absent).values()) == pytest.approx(
        by_loops(truth, prediction, void, absent)
    )


def test_the_first_rules_are_the_courses_own():
    truth, prediction = pair()
    result = metrics.scores(metrics.confusion_matrix(truth, prediction))
    ours = four(truth, prediction)
    for name in ours:
        assert ours[name] == getattr(result, name.lower().replace(" ", "_").replace("-", "_"))
    assert (scores.VOID_RULES[0], scores.ABSENT_RULES[0]) == ("left out", "left out")


def test_void_as_a_class_is_what_scikit_learn_makes_of_twelve_names():
    truth, prediction = pair(11)
    prediction[21] = VOID
    ours = four(truth, prediction, "counted as a class")
    assert ours["mean IoU"] == pytest.approx(
        jaccard_score(truth.ravel(), prediction.ravel(), labels=range(12), average="macro")
    )
    assert ours["pixel accuracy"] == pytest.approx(accuracy_score(truth.ravel(), prediction.ravel()))


def test_what_goes_wrong_with_void_and_with_absent_classes():
    truth, prediction = pair()
    best = four(truth, np.where(truth == VOID, 3, truth))
    assert set(best.values()) == {1}, "nothing is wrong, whatever is said of void"
    nonsense = np.where(truth == VOID, RNG.integers(0, 9, truth.shape), prediction)
    assert four(truth, nonsense) == four(truth, prediction)
    for void in scores.VOID_RULES[1:]:
        assert four(truth, nonsense, void) != four(truth, prediction, void)
        assert four(truth, np.where(truth == VOID, 3, truth), void)["mean IoU"] < 1
    zero = four(truth, prediction, absent="counted as 0")
    assert zero["mean IoU"] == pytest.approx(four(truth, prediction)["mean IoU"] * 9 / 11)
    assert zero["pixel accuracy"] == four(truth, prediction)["pixel accuracy"]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"void": "ignored"}, "ignored.*left out"),
        ({"absent": 1}, "Absent classes.*left out"),
        ({"prediction": np.full((24, 32), VOID)}, "768 places are painted void"),
        ({"truth": np.full((24, 32), VOID)}, "counts no pixel"),
        ({"truth": np.zeros((3, 3), int)}, "shape"),
    ],
)
def test_what_cannot_be_counted_is_said(change, words):
    truth, prediction = pair()
    with pytest.raises(ValueError, match=words):
        scores.metric_playground(**{"truth": truth, "prediction": prediction, **COURSE, **change})
    assert plt.get_fignums() == []


def test_the_playground_says_its_numbers_in_its_titles():
    truth, prediction = pair()
    fig = scores.metric_playground(truth, prediction, "counted as wrong", "counted as 0", before=truth * 0)
    values = four(truth, prediction, "counted as wrong", "counted as 0")
    assert all(f"{name} {value:.3f}" in fig.get_suptitle() for name, value in values.items())
    table, bars = fig.axes[2:]
    matrix = scores.counted(truth, prediction, "counted as wrong")
    assert sorted(t.get_text() for t in table.texts if t.get_text().isdigit()) == sorted(map(str, matrix[matrix > 0]))
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(list(values.values()))
    before = four(truth, truth * 0, "counted as wrong", "counted as 0")
    assert bars.lines[0].get_xdata() == pytest.approx(list(before.values()))
    assert f"{np.trace(matrix)} of {truth.size} places right" in table.get_title()
    plt.close(fig)


def test_painting_undo_and_start_again():
    truth, start = pair()
    painting = scores.Painting(truth, start)
    painting.paint([(5, 6)], "car")
    assert np.argwhere(painting.strokes[-1] != start).tolist() in ([[5, 6]], [])
    assert CLASSES[painting.strokes[-1][5, 6]] == "car" and painting.words(5, 6).endswith("prediction car.")
    painting.paint([(0, 0), (23, 31)], "void", brush=4)
    void = painting.strokes[-1] == VOID
    assert void[:2, :2].all() and void[21:, 29:].all() and void.sum() == 4 + 9
    painting.start_again()
    assert (painting.strokes[-1] == start).all()
    painting.undo()
    assert (painting.strokes[-1] == VOID).sum() == 13
    for _ in range(5):
        painting.undo()
    assert len(painting.strokes) == 1 and (painting.strokes[-1] == start).all()


def test_a_painting_marks_where_the_metrics_were_before_the_last_stroke():
    truth, start = pair()
    painting = scores.Painting(truth, start)
    marks = []
    for _ in range(3):
        fig = painting.draw(**COURSE)
        marks.append(list(fig.axes[3].lines[0].get_xdata()))
        plt.close(fig)
        painting.paint([(5, 5)], CLASSES[truth[5, 5]], brush=9)
    assert marks[0] == [] and marks[1] == pytest.approx(list(four(truth, start).values()))
    assert marks[2] == pytest.approx(list(four(truth, painting.strokes[1]).values())) != marks[1]


@pytest.mark.parametrize("brush", [1, 2, 3, 8])
def test_the_brush_is_a_square_around_its_place(brush):
    painting = scores.Painting(np.zeros((24, 32), int), np.zeros((24, 32), int))
    painting.paint([(12, 16)], "car", brush)
    places = np.argwhere(painting.strokes[-1])
    assert np.ptp(places, axis=0).tolist() == [brush - 1] * 2 and len(places) == brush**2
    assert np.abs(places.mean(axis=0) - (12, 16)).max() <= 0.5


def test_the_canvas_shows_the_prediction_and_where_the_truth_changes():
    truth, start = np.zeros((4, 6), int), np.full((4, 6), 3)
    truth[:, 3:] = 1
    picture = scores.Painting(truth, start).picture(scale=10)
    assert (
        picture.shape == (40, 60, 3) and (picture[:, :29] == PALETTE[3]).all() and (picture[:, 31:] == PALETTE[3]).all()
    )
    assert {tuple(rgb) for rgb in picture[:, 30]} == {(0, 0, 0), (255, 255, 255)}


def test_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 6\).*\(4, 5\)"):
        scores.Painting(np.zeros((4, 6), int), np.zeros((4, 5), int))


def mixture(images=2, classes=11):
    parts = {stride: RNG.normal(size=(images, classes, 6, 8)).astype("float32") for stride in (32, 16, 8)}
    down, across = (np.kron(np.eye(cells, dtype="float32"), np.ones((8, 1), "float32")) for cells in (6, 8))
    labels = RNG.integers(0, 12, (images, 48, 64)).astype(np.uint8)
    return networks.Mixture(parts, down, across, RNG.integers(0, 256, (images, 48, 64, 3), dtype=np.uint8), labels)


def test_mixed_scores_are_weighted_sums_and_their_best_class_is_the_argmax():
    given = mixture()
    weights = {32: 0.3, 16: 1.7, 8: 0}
    expected = 0.3 * given.contributions[32] + 1.7 * given.contributions[16]
    assert given.scores(weights) == pytest.approx(expected, abs=1e-5)
    by_repeating = expected.argmax(axis=1).repeat(8, axis=1).repeat(8, axis=2)
    assert (given.predictions(weights) == by_repeating).all()
    maps = RNG.integers(0, 3, (11, 20, 30)).astype("float32")  # many ties: the first of the best is taken
    assert (networks.best_class(maps) == maps.argmax(axis=0)).all()


def test_weights_of_other_strides_are_refused():
    with pytest.raises(ValueError, match=r"\[32, 16\].*\[32, 16, 8\]"):
        mixture().scores({32: 1, 16: 1})


def test_the_mixer_says_weights_score_and_wrong_pixels():
    given, weights = mixture(), {32: 0.5, 16: 1.0, 8: 2.0}
    fig = networks.skip_mixer(given, weights, scene=1)
    found = given.predictions(weights)
    known = given.labels != VOID
    iou = jaccard_score(given.labels[known], found[known], average="macro")
    assert fig.get_suptitle() == f"0.5 x stride 32 + 1 x stride 16 + 2 x stride 8: mean IoU {iou:.3f} over 2 scenes"
    wrong = (found[1] != given.labels[1])[known[1]].mean()
    assert fig.axes[1].get_title() == f"wrong pixels: {wrong:.0%}"
    assert (np.asarray(fig.axes[0].images[0].get_array()) == found[1]).all()
    each = jaccard_score(given.labels[known], found[known], average=None)
    assert [bar.get_width() for bar in fig.axes[2].patches] == pytest.approx(each)
    plt.close(fig)


def test_a_class_in_neither_labels_nor_predictions_is_absent():
    given = mixture()
    for part in given.contributions.values():
        part[:, -1] = -99
    given.labels[given.labels == CLASSES.index("bicyclist")] = VOID
    fig = networks.skip_mixer(given, {32: 1, 16: 1, 8: 1})
    words = [text.get_text() for text in fig.axes[2].texts]
    assert words[-2:] == ["bicyclist", "absent"] and words.count("absent") == 1
    plt.close(fig)


def test_a_pixel_of_a_photo_in_words_and_bars():
    photo, probabilities = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8), np.zeros((20, 30, 11), "float32")
    probabilities[7, 11, CLASSES.index("fence")], probabilities[7, 11, CLASSES.index("car")] = 0.25, 0.75
    fig = networks.your_own_photo(photo, probabilities, 7, 11)
    assert fig.get_suptitle() == "Row 7, column 11: car 75.0%, next fence 25.0%"
    assert [bar.get_width() for bar in fig.axes[1].patches] == probabilities[7, 11].tolist()
    assert [t.get_text() for t in fig.axes[1].texts][::2] == list(CLASSES)
    assert {(*line.get_xdata(), *line.get_ydata()) for line in fig.axes[0].lines} == {(11, 7)}
    plt.close(fig)
    for row, column in ((20, 0), (0, 30), (-1, 0)):
        with pytest.raises(ValueError, match="20 rows x 30 columns"):
            networks.your_own_photo(photo, probabilities, row, column)


def test_counting_names_each_place_and_each_count():
    truth, prediction = np.array([[0, 1], [2, VOID]]), np.array([[0, 2], [2, 1]])
    matrix = metrics.confusion_matrix(truth, prediction, classes=3)
    fig = scores.counting(truth, prediction, matrix)
    words = [[text.get_text() for text in ax.texts] for ax in fig.axes]
    assert words == [["0", "1", "2", "void"], ["0", "2", "2", "1"], [str(count) for count in matrix.flat]]
    assert [ax.get_title() for ax in fig.axes] == ["truth", "prediction", "confusion matrix"]
    assert (fig.axes[2].get_ylabel(), fig.axes[2].get_xlabel()) == ("true class", "predicted class")
    plt.close(fig)
