"""Answers to the exercises of notebook 05 for seed 0, worked out by hand or in another way than the package does."""

import math

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates
from scipy.special import log_softmax, logsumexp

from fcn_tutorial import metrics

# A batch of 5 images of 350 x 340 pixels, 21 % of them void: 470,050 pixels count.
# The table's four classes that occur, void left out (true, predicted, both):
# pavement 465, 460, 350; road 499, 521, 446; building 152, 148, 70; sign 373, 360, 292.
ACCURACIES = (350 / 465, 446 / 499, 70 / 152, 292 / 373)
IOUS = (350 / 575, 446 / 574, 70 / 230, 292 / 441)


def loss_by_loop(labels, logits, void):
    costs = []
    for place, label in np.ndenumerate(labels):
        if label != void:
            scores = [math.exp(logit) for logit in logits[place]]
            costs.append(-math.log(scores[label] / sum(scores)))
    return sum(costs) / len(costs)


def loss_by_selecting(labels, logits, void):
    known = labels != void
    log_p = log_softmax(logits[known].astype("float32"), axis=-1)
    return -log_p[np.arange(len(log_p)), labels[known]].mean()


def loss_by_one_hot(labels, logits, void):
    one_hot = np.eye(256)[labels] * (labels != void)[..., None]
    costs = -np.einsum("nyxc,nyxc", one_hot[..., : logits.shape[-1]], log_softmax(logits, axis=-1))
    return [costs / one_hot.sum()]


def loss_with_void_as(label):
    def loss(labels, logits, void):
        taken = np.where(labels == void, label % logits.shape[-1], labels)
        truth = np.eye(logits.shape[-1])[taken].astype(bool)
        return np.mean(logsumexp(logits, axis=-1).ravel() - logits[truth])

    return loss


def iou_by_sets(pairs, classes, void):
    """Mean IoU from the sets of places that are a class in truth, and in prediction."""
    places = [
        (number, place, label, pair[1][place])
        for number, pair in enumerate(pairs)
        for place, label in np.ndenumerate(pair[0])
        if label != void
    ]
    shares = []
    for c in range(classes):
        true, predicted = ({p[:2] for p in places if p[which] == c} for which in (2, 3))
        if true | predicted:
            shares.append(len(true & predicted) / len(true | predicted))
    return sum(shares) / len(shares)


def iou_by_masks(pairs, classes, void, mean=np.nanmean):
    truth, prediction = (np.concatenate([each.ravel() for each in side]) for side in zip(*pairs, strict=True))
    prediction, truth = prediction[truth != void], truth[truth != void]
    both = np.array([((truth == c) & (prediction == c)).sum() for c in range(classes)], "float32")
    union = np.array([((truth == c) | (prediction == c)).sum() for c in range(classes)])
    with np.errstate(invalid="ignore"):
        return mean(both / union)


def iou_by_package(pairs, classes, void):
    return metrics.scores(sum(metrics.confusion_matrix(*pair, classes=classes, void=void) for pair in pairs)).mean_iou


def iou_of_true_classes(pairs, classes, void):
    """A class that is nowhere in the truth is left out, also where it was predicted."""
    ious = []
    for c in {label for truth, _ in pairs for label in truth.ravel().tolist()} - {void}:
        both = sum(((truth == c) & (prediction == c)).sum() for truth, prediction in pairs)
        either = sum((((truth == c) | (prediction == c)) & (truth != void)).sum() for truth, prediction in pairs)
        ious.append(both / either)
    return np.mean(ious)


def iou_with_void(pairs, classes, void):
    """Predictions on void pixels count as wrong ones of their class."""
    ious = []
    for c in range(classes):
        both = sum(((truth == c) & (prediction == c)).sum() for truth, prediction in pairs)
        either = sum(((truth == c) | (prediction == c)).sum() for truth, prediction in pairs)
        ious += [both / either] if either else []
    return np.mean(ious)


def iou_in_bytes(pairs, classes, void):
    matrix = np.zeros((classes, classes))
    for truth, prediction in pairs:
        for true, predicted in zip(truth[truth != void].tolist(), prediction[truth != void].tolist(), strict=True):
            entry = (true * classes + predicted) % 256
            matrix[entry // classes, entry % classes] += 1
    return metrics.scores(matrix).mean_iou


def mean_accuracy(pairs, classes, void):
    return metrics.scores(sum(metrics.confusion_matrix(*pair, classes, void) for pair in pairs)).mean_accuracy


def resized_by_loop(mask, size):
    height, width = size
    old_height, old_width = mask.shape
    return [
        [mask[(2 * r + 1) * old_height // (2 * height), (2 * c + 1) * old_width // (2 * width)] for c in range(width)]
        for r in range(height)
    ]


def centres(mask, size):
    return [(np.indices(size)[axis] + 0.5) * mask.shape[axis] / size[axis] - 0.5 for axis in (0, 1)]


def resized_by_scipy(mask, size):
    return map_coordinates(mask, centres(mask, size), order=0, mode="nearest").astype(float)


def resized_by_pillow(mask, size, way=Image.Resampling.NEAREST):
    return np.asarray(Image.fromarray(mask).resize(size[::-1], way))


def resized_like_scores(mask, size):
    return np.rint(map_coordinates(mask.astype(float), centres(mask, size), order=1, mode="nearest").round(9))


def resized_by_corners(mask, size):
    return mask[[r * mask.shape[0] // size[0] for r in range(size[0])]][
        :, [c * mask.shape[1] // size[1] for c in range(size[1])]
    ]


def resized_aligned(mask, size):
    rows, columns = (np.arange(new) * (old - 1) / (new - 1) for old, new in zip(mask.shape, size, strict=True))
    return mask[np.ix_(*(np.rint(np.round(each, 9)).astype(int) for each in (rows, columns)))]


def known(labels, void):
    return np.count_nonzero(labels != void)


RIGHT = {
    "loss": [loss_by_loop, loss_by_selecting, loss_by_one_hot],
    "rate_factor": [470050, 470050.0, 5 * 350 * 340 * 0.79, np.array(5 * 119000 - 124950)],
    "two_metrics": [
        (sum(ACCURACIES) / 4, sum(IOUS) / 4),
        [0.7225, 0.588],
        np.array([np.mean(ACCURACIES), np.mean(IOUS)], "float32"),
    ],
    "data_set_iou": [iou_by_sets, iou_by_masks, iou_by_package],
    "resize_mask": [resized_by_loop, resized_by_scipy, resized_by_pillow],
}
WRONG = {
    "loss": [
        (loss_with_void_as(0), "as class 0"),
        (loss_with_void_as(-1), "as the last class"),
        (
            lambda labels, *rest: loss_by_loop(labels, *rest) * known(labels, *rest[1:]) / labels.size,
            "counted in the mean",
        ),
        (lambda labels, *rest: loss_by_loop(labels, *rest) * known(labels, *rest[1:]), "the sum"),
        (
            lambda labels, logits, void: np.mean(
                [loss_by_loop(*each, void) for each in zip(labels, logits, strict=True)]
            ),
            "images' means",
        ),
        (lambda *given: loss_by_selecting(*given) * math.log2(math.e), "in bits"),
    ],
    "rate_factor": [
        (1, "more than a name"),
        (1 / 470050, "wrong way round"),
        (595000, "Void pixels are counted"),
        (94010, "for one image"),
        (124950, "Those are the void pixels"),
        (5, "number of images"),
    ],
    "two_metrics": [
        ((0.588, 0.7225), "other order"),
        ((0.578, 0.4447), "class of its own"),
        ((0.7225, 0.5559), "counts as invented"),
        ((0.578, 0.4704), "doesn't occur at all"),
        (((350 / 460 + 446 / 521 + 70 / 148 + 292 / 360) / 4, 0.588), "which way do rows run"),
        (((350 + 446 + 70 + 292) / (465 + 499 + 152 + 373), 0.588), "pixel accuracy"),
        ((72.246, 58.804), "percent"),
    ],
    "data_set_iou": [
        (lambda pairs, *rest: np.mean([iou_by_sets([pair], *rest) for pair in pairs]), "mean of the images'"),
        (lambda *given: iou_by_masks(*given, mean=lambda ious: np.nan_to_num(ious).mean()), "count as zeros"),
        (iou_of_true_classes, "in the prediction alone"),
        (mean_accuracy, "mean accuracy"),
        (iou_with_void, "on void pixels"),
        (iou_in_bytes, "uint8"),
    ],
    "resize_mask": [
        (resized_like_scores, "interpolated and rounded"),
        (lambda mask, size: resized_by_pillow(mask, size, Image.Resampling.BILINEAR), "how a photo is resized"),
        (resized_by_corners, "corners were compared"),
        (resized_aligned, "aligned corners"),
        (lambda mask, size: resized_by_pillow(mask, size[::-1]), "changed places"),
    ],
}


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    ious, accuracies = per_class(numbers)
    pixels = numbers.batch * numbers.image_size[0] * numbers.image_size[1] * (100 - numbers.void_percent) // 100
    two = np.array([np.mean(accuracies), np.mean(ious)])
    return {
        "loss": [
            *RIGHT["loss"],
            lambda *given: np.float16(loss_by_loop(*given)),
        ],
        "rate_factor": [pixels, pixels - 1],
        "two_metrics": [two, two.round(3), np.floor(1000 * two) / 1000, two.astype("float16")],
        "data_set_iou": [*RIGHT["data_set_iou"], lambda *given: np.float16(iou_by_masks(*given))],
        "resize_mask": RIGHT["resize_mask"],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    (pixels, _), (height, width), batch = right_for(numbers)["rate_factor"], numbers.image_size, numbers.batch
    return {
        "loss": [
            *WRONG["loss"],
            (lambda labels, logits, void: loss_by_selecting(labels, logits, 255), "marks void: use `void`"),
            (loss_of_possible_classes, "Void can be any label"),
            (lambda labels, logits, void: loss_by_selecting(labels, -logits, void), ""),
            (lambda *given: -loss_by_loop(*given), ""),
            (lambda labels, logits, void: loss_by_selecting(labels[:1], logits[:1], void), ""),
        ],
        "rate_factor": [
            (1, "more than a name"),
            (1 / pixels, "wrong way round"),
            (batch * height * width, "Void pixels are counted"),
            (pixels / batch, "for one image"),
            (batch * height * width - pixels, "Those are the void pixels"),
            (batch, "number of images"),
            (height * width, ""),
            (pixels + 100, ""),
        ],
        "two_metrics": two_metrics_wrong_for(numbers),
        "data_set_iou": [
            *WRONG["data_set_iou"],
            (lambda pairs, classes, void: iou_by_masks(pairs, classes, 255), "marks void: use `void`"),
            (
                lambda pairs, classes, void: (
                    metrics.scores(sum(metrics.confusion_matrix(*pair, classes, 255) for pair in pairs)).mean_iou
                ),
                "`classes` or `void` should stand",
            ),
            (lambda pairs, classes, void: iou_by_masks(pairs, 20, void), "stops after 20 classes"),
            (iou_in_20_classes, "`classes` or `void` should stand"),
            (lambda pairs, classes, void: iou_by_masks(pairs, 20, 255), "and a void of 255"),
            (lambda pairs, *given: iou_by_masks(pairs[:1], *given), ""),
            (lambda *given: iou_by_masks(*given, mean=np.nanmedian), ""),
        ],
        "resize_mask": [
            *WRONG["resize_mask"],
            (lambda mask, size: resized_by_pillow(mask, numbers.sizes[0]), ""),
            (lambda mask, size: resized_by_pillow(mask.T, size), ""),
            (lambda mask, size: resized_by_pillow(np.where(mask == 11, 0, mask), size), ""),
        ],
    }


def two_metrics_wrong_for(numbers):
    ious, accuracies = per_class(numbers)
    iou, accuracy, known = np.mean(ious), np.mean(accuracies), numbers.table[:5, :5]
    true, found, both = known.sum(axis=1), known.sum(axis=0), np.diag(known)
    occur = true > 0
    weights = true[occur] / true.sum()
    with_void = per_class(numbers, void=True)
    return [
        ((iou, accuracy), "other order"),
        ((np.sum(with_void[1]) / 5, np.sum(with_void[0]) / 5), "class of its own"),
        ((accuracy, np.mean(with_void[0])), "counts as invented"),
        ((sum(accuracies) / 5, sum(ious) / 5), "doesn't occur at all"),
        ((np.mean(both[occur] / found[occur]), iou), "which way do rows run"),
        ((both.sum() / true.sum(), iou), "pixel accuracy"),
        ((accuracy, weights @ ious), "each class has the same"),
        ((accuracy, both.sum() / (2 * true.sum() - both.sum())), "thrown together"),
        ((accuracy, np.mean([2 * share / (1 + share) for share in ious])), "Dice"),
        ((accuracy, np.mean([share / (1 + share) for share in ious])), "in it twice"),
        ((round(100 * accuracy, 2), round(100 * iou, 2)), "percent"),
        ((accuracy, sum(ious) / 5), ""),
        ((both.sum() / true.sum(), weights @ ious), ""),
    ]


def per_class(numbers, void=False):
    """(intersections over unions, shares found) of the classes that occur; with what was predicted on void pixels."""
    found = numbers.table[: 6 if void else 5, :5].sum(axis=0)
    true, both = numbers.table[:5, :5].sum(axis=1), np.diag(numbers.table)[:5]
    occur = [c for c in range(5) if true[c]]
    return [both[c] / (true[c] + found[c] - both[c]) for c in occur], [both[c] / true[c] for c in occur]


def loss_of_possible_classes(labels, logits, void):
    possible = labels < logits.shape[-1]
    log_p = log_softmax(logits[possible], axis=-1)
    return -np.mean([each[label] for each, label in zip(log_p, labels[possible], strict=True)])


def iou_in_20_classes(pairs, classes, void):
    return metrics.scores(sum(metrics.confusion_matrix(*pair, classes=20, void=void) for pair in pairs)).mean_iou
