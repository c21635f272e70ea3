"""Exercises on stride, receptive field and centre (notebook 03)."""

from math import prod
from types import SimpleNamespace

from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 03; numbers: layers, cases, halvings, size, cell, footprints."""
    return Exercises(_draw, (total_stride, receptive_field, centre, footprints), seed, sealed)


def _draw(random):
    strides = [*random.choice([2, 2, 3, 4, 5], random.randint(3, 5)), *[1] * random.randint(2, 4)]
    layers = [(int(random.choice([1, 3, 5, 7])), int(stride)) for stride in random.permutation(strides)]
    halvings, cell = int(random.randint(3, 6)), int(random.randint(3, 9))
    stride, field, first = 8 * random.randint(2, 8), 2 * random.randint(70, 160) + 1, random.randint(20, 90)
    marks = {cell + i: (int(first + i * stride), int(first + i * stride + field - 1)) for i in range(2)}
    return SimpleNamespace(layers=layers, halvings=halvings, size=12 * 2**halvings, cell=cell, footprints=marks)


def total_stride(numbers):
    """Predict the total stride of a list of layers."""
    strides = [stride for _, stride in numbers.layers]
    answers = (
        sum(strides),
        sum(stride for stride in strides if stride > 1),
        2 ** sum(stride > 1 for stride in strides),
        max(strides),
        prod(kernel for kernel, _ in numbers.layers),
        prod(strides[:-1]),
    )
    return Task(
        Numbers(whole=True),
        prod(strides),
        tuple(Mistake(answer, words) for answer, words in zip(answers, _MULTIPLIED, strict=True)),
        "Each layer multiplies the distance that the layers before it have made.",
        "Start at the photo with a distance of 1 pixel, and write down what each layer of the list makes of it.",
    )


_MULTIPLIED = (
    "That is the sum of all strides. Two layers of stride 2: how far apart are their cells?",
    "That is the sum of the strides above 1. Take two layers of stride 2 and count the pixels on paper.",
    "That takes every strided layer for a stride of 2. Read the list again.",
    "That is the largest stride alone. The layers before it have made the map coarser already.",
    "Those are the kernels, the first number of each pair.",
    "Your list ends before the last layer. Its stride moves the cells of the last map apart as well.",
)


def receptive_field(numbers):
    """Write the function that gives the receptive field of a list of layers."""
    return Task(
        Function((([(3, 1)],), ([(3, 2), (3, 2)],), (numbers.layers,), (_EVEN,)), Numbers(whole=True)),
        lambda layers: 1 + _weighted(layers, lambda k, s, before: (k - 1) * before),
        (
            Mistake(
                lambda layers: 1 + _weighted(layers, lambda k, s, before: (k - 1) * before * s),
                "A layer's own stride is counted in its own window. How far apart are the cells that its kernel reads?",
            ),
            Mistake(
                lambda layers: 1 + sum(k - 1 for k, _ in layers),
                "The strides are left out. Behind a stride of 2, how many pixels lie between two neighbouring cells?",
            ),
            Mistake(
                lambda layers: 1 + _weighted(layers, lambda k, s, before: k * before),
                "Each kernel is taken whole. A kernel of 1 would make the field larger: does it?",
            ),
            Mistake(
                lambda layers: _weighted(layers, lambda k, s, before: (k - 1) * before),
                "That is short by the same amount every time. How many pixels does a cell see before the first layer?",
            ),
            Mistake(
                lambda layers: 1 + _weighted(layers, lambda k, s, before: k // 2 * 2 * before),
                "Right as long as all kernels are odd. How many cells does a kernel of 2 read beside the first?",
            ),
            *(Mistake(_stepping(step), words) for step, words in _STEPS),
        ),
        "A kernel of k adds k - 1 steps, each as long as the stride so far.",
        "Try one layer of kernel 3, then two layers with kernel 3 and stride 2, and count the pixels on paper.",
    )


_EVEN = [(4, 3), (2, 2), (5, 1), (6, 2), (3, 1)]  # strides that no sum, no maximum and no power of 2 can stand for
_STEPS = (
    (
        lambda before: 1 + sum(stride - 1 for stride in before),
        "The strides are added up, starting from 1. Two layers of stride 2: how many pixels apart are their cells?",
    ),
    (
        lambda before: sum(stride for stride in before if stride > 1) or 1,
        "The strides above 1 are added up. Behind strides of 2 and 3, how many pixels apart are the cells?",
    ),
    (
        lambda before: sum(before) or 1,
        "All strides are added up. Does a layer of stride 1 move the cells further apart?",
    ),
    (lambda before: max(before, default=1), "Only the largest stride so far counts. What of those before it?"),
    (lambda before: (before or [1])[-1], "Only the stride of the layer before counts. What of those before it?"),
    (
        lambda before: 2 ** sum(stride > 1 for stride in before),
        "Every strided layer is taken for a stride of 2. The second number of each pair says how large it is.",
    ),
)


def _stepping(step):
    return lambda layers: (
        1 + sum((k - 1) * step([stride for _, stride in layers[:n]]) for n, (k, _) in enumerate(layers))
    )


def _weighted(layers, term):
    total, before = 0, 1
    for kernel, stride in layers:
        total, before = total + term(kernel, stride, before), before * stride
    return total


def centre(numbers):
    """Find the pixel on which a cell is centred, in theory."""
    stride, cell = 2**numbers.halvings, numbers.cell
    return Task(
        Numbers(),
        stride * cell + stride - 1,
        (
            Mistake(
                stride * cell,
                'Cell 0 would then be centred on pixel 0. Where does "same" put its zeros when the size is even?',
            ),
            Mistake(
                stride * cell + (stride - 1) / 2,
                "That is where a resize with half-pixel centres would put it. Follow the layers' windows instead.",
            ),
            Mistake(
                stride * (cell + 1),
                "One pixel off. Pixels are counted from 0: on which one does cell 0 of the first layer stand?",
            ),
            Mistake(stride * (cell - 1) + stride - 1, "That is the cell before it. Cells are counted from 0."),
        ),
        "On even sizes each halving looks one step to the right, and the steps double.",
        "Do one layer first: which three pixels does its cell 0 read, and which is in the middle? Then the next layer.",
    )


def footprints(numbers):
    """Read stride and receptive field off the footprints of two neighbouring cells."""
    (first, last), (following, end) = numbers.footprints.values()
    stride, field = following - first, last - first + 1
    return Task(
        Numbers(shape=(2,), whole=True),
        (stride, field),
        (
            Mistake((stride, field - 1), "The stride is right. From pixel 3 to pixel 5: how many pixels are that?"),
            Mistake((field, stride), "Both are there, in the other order: first the stride, then the receptive field."),
            Mistake(
                (last - following + 1, field),
                "The field is right. What you give as stride is what the two cells share. How far do they lie apart?",
            ),
            Mistake((end - first + 1, field), "The field is right. The stride isn't what both cells cover together."),
            Mistake(
                (following - first + 1, field), "The field is right. From pixel 3 to pixel 5: how many steps are that?"
            ),
        ),
        "Two neighbouring cells give both, and nothing about the layers was needed.",
        "Draw both footprints as lines over a ruler. How long is one of them, and how far is the other moved?",
    )
