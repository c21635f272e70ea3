"""Exercises on the loss over pixels, the metrics and masks (notebook 05)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial import metrics
from fcn_tutorial.checks.arithmetic import class_accuracy, class_iou, counts, half_pixel, read_at
from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.lesson05_loss import loss, rate_factor
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task
from fcn_tutorial.datasets.pairs import resize_image
from fcn_tutorial.datasets.street_scenes import StreetScenes
from fcn_tutorial.labels import CLASSES, VOID


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 05; numbers: labels, logits, void, pairs, classes, mask, sizes, and for the values:

    batch, image_size (height, width) and void_percent; names and table, whose last row and column are void.
    """
    return Exercises(_draw, (loss, rate_factor, two_metrics, data_set_iou, resize_mask), seed, sealed)


def _draw(random):
    labels = random.randint(0, 4, (2, 3, 5)).astype(np.uint8)
    for image, void_pixels in zip(labels, (2, 8), strict=True):
        image.flat[random.permutation(15)[:void_pixels]] = 255
    table, absent = random.randint(0, 60, (6, 6)) + np.diag(random.randint(50, 400, 6)), random.randint(5)
    table[absent] = table[:, absent] = table[:, 5] = 0
    return SimpleNamespace(
        labels=labels,
        logits=random.normal(size=(2, 3, 5, 4)).round(1),
        void=255,
        batch=int(random.randint(2, 9)),
        image_size=(int(10 * random.randint(20, 50)), int(10 * random.randint(20, 50))),
        void_percent=int(random.randint(5, 30)),
        names=[*(str(name) for name in random.permutation(CLASSES)[:5]), "void"],
        table=table,
        pairs=[_draw_pair(random, (8, 9), 0.9), _draw_pair(random, (5, 7), 0.6), _draw_pair(random, (9, 4), 0.6)],
        classes=20,
        mask=StreetScenes(1, (35, 47), int(random.randint(1000)))[0][1],
        sizes=[(int(random.randint(50, 60)), int(random.randint(80, 90))), (14, int(random.randint(20, 30)))],
    )


def _draw_pair(random, size, share):
    """Truth and prediction (H, W) uint8 of a few of 20 classes, the first of which has about this share; void 255."""
    values, shares = [2, 7, 13, 16, 19], [share, *[(1 - share) / 3] * 3, 0]
    truth, other = random.choice(values, size, p=shares), random.choice(values, size)
    prediction = np.where(random.uniform(size=size) < 0.75, truth, other)
    return np.where(random.uniform(size=size) < 0.2, 255, truth).astype(np.uint8), prediction.astype(np.uint8)


def two_metrics(numbers):
    """Read mean accuracy and mean IoU off a table of counts that has a void row."""
    known = numbers.table[:5, :5]
    predicted_on_void = known.sum(axis=0) + numbers.table[5, :5]
    accuracy, iou = class_accuracy(known), class_iou(known)
    right = metrics.scores(known).mean_accuracy, metrics.scores(known).mean_iou
    answers = {
        "order": (right[1], right[0]),
        "void": (class_accuracy(numbers.table).mean(), class_iou(numbers.table).mean()),
        "void invented": (right[0], class_iou(known, predicted_on_void).mean()),
        "absent": (accuracy.sum() / 5, iou.sum() / 5),
        "columns": (class_accuracy(known.T).mean(), right[1]),
        "pixel accuracy": (np.trace(known) / known.sum(), right[1]),
        "weighted": (right[0], metrics.scores(known).frequency_weighted_iou),
        "pooled": (right[0], np.trace(known) / (2 * known.sum() - np.trace(known))),
        "dice": (right[0], _mean_dice(known)),
        "union": (right[0], _mean_dice(known) / 2),
        "percent": (100 * right[0], 100 * right[1]),
    }
    return Task(
        Numbers(shape=(2,), decimals=3),
        right,
        tuple(Mistake(answer, _MISCOUNTED[name]) for name, answer in answers.items()),
        "Void and a class that doesn't occur stay outside, and each class that does has the same say.",
        "Take one class: how many true pixels has it, how many predicted ones, and how many are both? Leave void out.",
    )


def _mean_dice(table):
    true, predicted = table.sum(axis=1), table.sum(axis=0)
    return (2 * np.diag(table)[true > 0] / (true + predicted)[true > 0]).mean()


_MISCOUNTED = {
    "order": "Both are there, in the other order: first mean accuracy, then mean IoU.",
    "void": "Void is counted as a class of its own. Nobody knows what is right there.",
    "void invented": "The first is right. In the second, what was predicted on void pixels counts as invented.",
    "absent": "A class that doesn't occur at all counts as a zero in both.",
    "columns": "The second is right. In the first, which way do rows run?",
    "pixel accuracy": "The second is right. The first is pixel accuracy, in which large classes have a larger say.",
    "weighted": "The first is right. In the second, large classes have a larger say: each class has the same.",
    "pooled": "The first is right. In the second, all classes are thrown together. Divide class by class first.",
    "dice": "The first is right. The second is Dice: twice what is shared, by the sum of both. What is an IoU?",
    "union": "The first is right. In the second, the union has what both have in common in it twice.",
    "percent": "Those are percent. Give shares, from 0 to 1.",
}


def data_set_iou(numbers):
    """Write the mean IoU of a data set."""
    pairs, classes, void = numbers.pairs, numbers.classes, numbers.void
    return Task(
        Function(((pairs, classes, void), (pairs[1:], classes, void), (_doubled(pairs), 2 * classes, 200)), Numbers()),
        lambda pairs, *rest: metrics.scores(sum(metrics.confusion_matrix(*pair, *rest) for pair in pairs)).mean_iou,
        _DATA_SET_IOUS,
        "One table for the whole data set, then the metric, once.",
        "Try two images of one row each, and count by hand: for each class the pixels that are it in both, and in any.",
    )


def _doubled(pairs):
    """The same with other numbers: each class has twice its own, void is 200."""
    return [(np.where(truth == 255, 100, truth) * np.uint8(2), prediction * np.uint8(2)) for truth, prediction in pairs]


def _some_ious(table, classes):
    """As `class_iou`, but the first classes alone have a say."""
    union = (table.sum(axis=1) + table.sum(axis=0) - np.diag(table))[:classes]
    return np.diag(table)[:classes][union > 0] / union[union > 0]


_DATA_SET_IOUS = (
    Mistake(
        lambda pairs, classes, void: class_iou(counts(pairs, 20, void)).mean(),
        "Your function stops with an error where a data set has more classes and marks void with another label. Is "
        "there a number in it where `classes` or `void` should stand?",
    ),
    Mistake(
        lambda pairs, classes, void: _some_ious(counts(pairs, 256, 255), classes).mean(),
        "Your function leaves out 255, whatever it is told. In another data set another label marks void: use `void`.",
    ),
    Mistake(
        lambda pairs, classes, void: _some_ious(counts(pairs, 256, void), 20).mean(),
        "Your function stops after 20 classes, whatever it is told. Another data set has more of them: use `classes`.",
    ),
    Mistake(
        lambda pairs, classes, void: _some_ious(counts(pairs, 256, 255), 20).mean(),
        "Your function knows 20 classes and a void of 255, whatever it is told: use `classes` and `void`.",
    ),
    Mistake(
        lambda pairs, *given: np.mean([class_iou(counts([pair], *given)).mean() for pair in pairs]),
        "That is the mean of the images' mean IoUs. What does one lost pixel cost where a class is rare?",
    ),
    Mistake(
        lambda *given: class_iou(counts(*given)).sum() / given[1],
        "Classes in neither truth nor prediction of the whole data set count as zeros. Leave them out.",
    ),
    Mistake(
        lambda *given: class_iou(counts(*given)).sum() / counts(*given).any(axis=1).sum(),
        "Only the classes of the truth have a say. What of a class that is in the prediction alone?",
    ),
    Mistake(lambda *given: class_accuracy(counts(*given)).mean(), "That is mean accuracy: it forgives inventions."),
    Mistake(
        lambda pairs, classes, void: class_iou(counts(pairs, 256, 256))[:-1].mean(),
        "What is predicted on void pixels counts as invented. Leave void out before you count anything.",
    ),
    Mistake(
        lambda *given: class_iou(counts(*given, number=np.uint8)).mean(),
        "Numbers of type uint8 begin again at 0 after 255. Give the labels a larger type before you multiply.",
    ),
)


def resize_mask(numbers):
    """Write the function that changes a mask's size."""
    mask, part = numbers.mask, numbers.mask[9:26, 12:35].copy()
    part[4:10, 5:16] = VOID
    return Task(
        Function((*((mask, size) for size in numbers.sizes), (part, (8, 45)))),
        _nearest,
        (
            Mistake(
                lambda mask, size: np.rint(read_at(mask, map(half_pixel, mask.shape, size)).round(9)),  # exact halves
                "Labels were interpolated and rounded: half-way between two classes lies a third one.",
            ),
            Mistake(
                lambda mask, size: resize_image(np.stack(3 * [mask], axis=-1), size)[..., 0],
                "That is how a photo is resized, by weighted means. A mean of two labels means nothing.",
            ),
            Mistake(
                lambda *given: _nearest(*given, lambda old, new: np.arange(new) * old // new),
                "Outlines are moved a little: the pixels' corners were compared, not their centres.",
            ),
            Mistake(
                lambda *given: _nearest(*given, lambda old, new: np.linspace(0, old - 1, new)),
                "You laid the first and last pixels on each other (aligned corners). Where do the centres fall here?",
            ),
            Mistake(lambda mask, size: _nearest(mask, size[::-1]), "The new height and width have changed places."),
        ),
        "Each new pixel takes over one old label, so no class appears from nowhere, and void stays void.",
        "Are there labels in your result that the mask doesn't have? Do the outlines move?",
    )


def _nearest(mask, size, position=half_pixel):
    rows, columns = (np.rint(np.round(places, 9)).astype(int) for places in map(position, mask.shape, size))
    return mask[rows][:, columns]
