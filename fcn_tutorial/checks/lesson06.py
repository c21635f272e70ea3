"""Exercises on skips: adding scores, what they cost, where they start, what they learn (notebook 06)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial.checks.arithmetic import half_pixel, read_at, softmax
from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task
from fcn_tutorial.labels import VOID


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 06; numbers: fusions, channels, classes, starts, first_steps."""
    return Exercises(_draw, (fcn16s, new_numbers, same_labels, first_gradient), seed, sealed)


def _draw(random):
    fusions, sizes = [], (((3, 4), (5, 7)), ((2, 3), (4, 5)), ((3, 2), (6, 4)))
    for coarse, fine in sizes:
        shapes = ((*coarse, 3), (*fine, 2), (2, 3), (3,))
        fusions.append(tuple(random.normal(size=shape).round(2).astype("float32") for shape in shapes))
    channels = {32: 64 * random.randint(6, 21), 16: 8 * random.randint(9, 25), 8: 8 * random.randint(3, 8)}
    small, column = random.normal(0, 0.05, (3, 4)).round(2), random.uniform(0.5, 2, (3, 1)).round(1)
    starts = {
        "zeros": (np.zeros((3, 4)), np.zeros(4)),
        "bias": (np.zeros((3, 4)), random.permutation([-0.8, -0.2, 0.3, 0.9])),
        "small": (small, np.zeros(4)),
        "equal": (np.repeat(column, 4, axis=1), np.full(4, 0.5)),
        "identity": (np.eye(3, 4), np.zeros(4)),
    }
    return SimpleNamespace(
        fusions=fusions,
        first_steps=[_draw_first_step(random, size) for size in ((2, 3), (4, 3))],
        channels={stride: int(count) for stride, count in channels.items()},
        classes=int(random.randint(4, 9)),
        starts=[starts[name] for name in random.permutation(sorted(starts))],
    )


def _draw_first_step(random, size):
    labels = random.randint(0, 4, size).astype("uint8")
    labels.flat[random.permutation(labels.size)[:2]] = VOID
    return random.normal(1, 1, (*size, 3)).round(1), random.normal(0, 2, (*size, 4)).round(1), labels


def fcn16s(numbers):
    """Write the sum of two score maps: the coarse one stretched and cut, the finer one's own scores."""
    return Task(
        Function((*numbers.fusions, _fewer(*numbers.fusions[0]))),
        lambda coarse, fine, kernel, bias: _stretched(coarse, fine) + fine @ kernel + bias,
        (
            *(Mistake(_fused(*rule), words) for rule, words in _FUSIONS),
            Mistake(
                lambda coarse, fine, kernel, bias: _stretched(coarse, fine) + fine @ kernel,
                "The finer map's scores lack their bias. A 1x1 convolution adds one number for each class.",
            ),
        ),
        "Two opinions on one grid, added class by class: all that a 16s has beyond a 32s.",
        "Each cell of the finer map needs one score for each class. Try a finer map and a bias of zeros: the stretched "
        "and cut coarse scores must come out. Then coarse scores of zero: the finer map's own scores must come out.",
    )


def _fewer(coarse, fine, kernel, bias):
    """The same with two classes, one channel, and an even number of columns."""
    return coarse[:, :3, :2], fine[:, :6, 1:], kernel[1:, :2], bias[:2]


def _stretched(coarse, fine):
    return read_at(coarse, [np.arange(cells) / 2 - 0.25 for cells in fine.shape[:2]])


def _cut_before(coarse, fine):
    return read_at(
        coarse, [np.arange(-n, 0) / 2 + cells - 0.25 for n, cells in zip(fine.shape[:2], coarse.shape[:2], strict=True)]
    )


def _nearest(coarse, fine):
    return coarse.repeat(2, axis=0).repeat(2, axis=1)[: len(fine), : fine.shape[1]]


def _resized(coarse, fine):
    return read_at(coarse, map(half_pixel, coarse.shape[:2], fine.shape[:2]))


def _fused(stretch, join):
    return lambda coarse, fine, kernel, bias: join(stretch(coarse, fine), fine @ kernel + bias)


_FUSIONS = (
    (
        (_stretched, lambda *both: np.concatenate(both, axis=-1)),
        "The two maps stand side by side. A skip has a say in the same classes: how many scores does a cell need?",
    ),
    ((_stretched, lambda one, other: (one + other) / 2), "That is the mean of the two. Is that what a skip does?"),
    ((_stretched, np.multiply), "Multiplied. A skip that starts at zero would wipe out what the coarse map knows."),
    (
        (_cut_before, np.add),
        "The doubled map was cut at its beginning, so everything has moved. On which pixel does cell 0 of each stand?",
    ),
    (
        (_nearest, np.add),
        "The coarse scores were repeated, not stretched: neighbours don't mix. Use `doubled`, as given.",
    ),
    (
        (_resized, np.add),
        "The doubled rows were squeezed into the finer map's, so that they slip. On which pixel is each row now?",
    ),
)


def new_numbers(numbers):
    """Count what two skips have to learn."""
    classes, both = numbers.classes, numbers.channels[16] + numbers.channels[8]
    return Task(
        Numbers(whole=True),
        (both + 2) * classes,
        (
            Mistake(
                both * classes, "The kernels are there. What else does a convolution learn for each of its filters?"
            ),
            Mistake(
                (both + 1) * classes,
                "That is one layer on both maps side by side. In an FCN each map has a score layer of its own.",
            ),
            Mistake((9 * both + 2) * classes, "Those are kernels of 3x3. How many cells does a score layer read?"),
            Mistake(both + 2 * classes, "Channels and classes were added. From how many numbers to how many?"),
            Mistake(
                (both + 2 + numbers.channels[32] + 1) * classes,
                "That counts the scores of the coarsest map, too. FCN-32s has those already.",
            ),
            Mistake(
                (both + 2) * classes + 2 * 16 * classes**2,
                "Stretching is counted, too: two 4x4 kernels from classes to classes. Here its weights are fixed.",
            ),
        ),
        "A kernel and a bias for each map, and nothing else: skips are cheap.",
        "Two layers are new, both 1x1 convolutions with a filter for each class. Write down their weights' shapes.",
    )


def same_labels(numbers):
    """Tell which starts of a new score layer leave every label as it was."""

    def called_safe(names):
        return [int(_kind(*start) in names) for start in numbers.starts]

    return Task(
        Numbers((5,), whole=True, truths=True),
        called_safe(("zeros", "equal")),
        tuple(Mistake(called_safe(names), words) for names, words in _CALLED_SAFE),
        "What counts is whether one class gets more than another. A start at zero adds nothing at all.",
        "For each start take one cell, any values of the finer map, and write down what each of the four classes gets.",
    )


_CALLED_SAFE = (
    (("zeros",), "You ask whether the *scores* stay. Asked is which class wins: what does each class of a cell get?"),
    (
        ("zeros", "bias"),
        "You went by the kernel's zeros alone. What does each start add to a cell, kernel and bias together?",
    ),
    (
        ("zeros", "bias", "equal"),
        "One of your starts lifts some classes above others in each cell, by its bias. What if two were close?",
    ),
    (
        ("zeros", "small", "equal"),
        "Small weights can meet large values, and two classes that are nearly equal. Is it *surely* the same?",
    ),
    (
        ("zeros", "identity", "equal"),
        "An identity kernel hands its map on, and what is handed on is *added*. To which classes?",
    ),
    (("bias", "small", "identity"), "That is the other way round: 1 stands for the same labels."),
    ((), "None at all? Take a finer map of ones, and add what each start gives to a cell's scores, on paper."),
)


def _kind(kernel, bias):
    if np.ptp(kernel, axis=1).any():
        return "identity" if kernel.max() == 1 else "small"
    return "bias" if np.ptp(bias) else "equal" if kernel.any() else "zeros"


def first_gradient(numbers):
    """Write the gradient of a new score layer's kernel at its start of zero."""
    return Task(
        Function((*numbers.first_steps, _without_void(*numbers.first_steps[1]))),
        _gradient_of(lambda error, known: error * known / known.sum()),
        (
            *(Mistake(_gradient_of(weighed), words) for weighed, words in _WEIGHED),
            Mistake(
                _gradient_of(lambda error, known: error * known / known.sum(), 0),
                "Those are the probabilities of the new scores alone, all equal. The loss sees the *sum* of both maps.",
            ),
            Mistake(
                _gradient_of(lambda error, known: error / known.size, void=0),
                "Void counts as class 0: the layer is taught that the bonnet is sky. Replace void, but then mask it.",
            ),
            Mistake(
                lambda fine, scores, labels: fine * 0,
                "Zeros, of the map's shape: the error times the kernel, which is what the layers *below* get.",
            ),
            Mistake(
                _gradient_of(lambda error, known: error * known / known.sum(), true=0),
                "Those are the probabilities times the map. What is taken off them at the true class?",
            ),
        ),
        "It isn't zero: a layer at zero learns from the first step, for neither its map nor the error is zero.",
        "Begin with one labelled cell: each channel's value times each class's error. Sum these tables over all cells.",
    )


def _without_void(fine, scores, labels):
    """The same with two channels and three classes, and each cell labelled."""
    return fine[..., :2], scores[..., :3], labels % 3


_WEIGHED = (
    (lambda error, known: error * known, "That is the gradient of a sum. The loss is a mean: over which cells?"),
    (
        lambda error, known: error * known / known.size,
        "Void is masked, but still counted when you divide. The mean is taken over the labelled cells.",
    ),
    (
        lambda error, known: error / known.sum(),
        "Void cells pull, too. A void cell's one-hot row is all zeros, but its error isn't: mask it.",
    ),
    (lambda error, known: -error * known / known.sum(), "The sign is turned: a gradient says how the loss *grows*."),
    (lambda error, known: error * 0, "All zeros. Does the layer's own kernel occur in its gradient?"),
)


def _gradient_of(weighed, factor=1, void=VOID, true=1):
    def gradient(fine, scores, labels):
        one_hot = np.eye(VOID + 1)[np.where(labels == VOID, void, labels)][..., : scores.shape[-1]]
        error = softmax(factor * scores) - true * one_hot
        return np.einsum("yxm,yxc->mc", fine, weighed(error, (labels != VOID)[..., None]))

    return gradient
