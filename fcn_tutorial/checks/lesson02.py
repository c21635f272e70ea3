"""Exercises on Dense layers read as convolutions (notebook 02)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial.checks.arithmetic import softmax, windows
from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 02; numbers: kernels, maps, heads, trained_on, photo, stride, crop."""
    return Exercises(_draw, (as_window, dense_everywhere, head_everywhere, score_map, crop), seed, sealed)


def _draw(random):
    stride, cells = int(random.choice([8, 16, 32])), random.choice(range(4, 9), 2, replace=False)
    photo = stride * (cells + random.randint(3, 10, 2)) + random.randint(1, stride, 2)
    size, cell = 10 * random.choice(range(3, 9), 2, replace=False), random.choice(range(1, 9), 2, replace=False)
    return SimpleNamespace(
        kernels=[(1.0 * random.permutation(36).reshape(36 // units, units), 5 - units, units) for units in (3, 2)],
        maps=[_map(random, (4, 6, 2), 2, 3), _map(random, (5, 4, 1), 3, 2)],
        heads=[
            (_normal(random, 4, 5, 3), 2, 3, _layers(random, 3, 4, 2)),
            (_normal(random, 6, 4, 2), 3, 2, _layers(random, 2, 5, 4, 3)),
        ],
        stride=stride,
        trained_on=_ints(stride * cells),
        photo=_ints(photo),
        crop=SimpleNamespace(stride=int(random.choice([4, 8, 16])), trained_on=_ints(size), score=_ints(cell)),
    )


def _ints(values):
    return tuple(int(value) for value in values)


def _normal(random, *shape):
    return random.normal(size=shape).round(1)


def _map(random, shape, rows, columns):
    return _normal(random, *shape), *_layers(random, rows * columns * shape[-1], 3)[0], rows, columns


def _layers(random, *widths):
    pairs = zip(widths[:-1], widths[1:], strict=True)
    return [(_normal(random, *pair), random.uniform(0.5, 1.5, pair[1]).round(1)) for pair in pairs]


def as_window(numbers):
    """Write the reshape of a Dense kernel behind Flatten."""
    return Task(
        Function(tuple(numbers.kernels)),
        lambda kernel, rows, columns: kernel.reshape(rows, columns, -1, kernel.shape[1]),
        (
            Mistake(
                lambda kernel, rows, columns: kernel.reshape(-1, rows, columns, kernel.shape[1]).transpose(1, 2, 0, 3),
                "That takes all cells of channel 0 first. What changes fastest in a flattened map?",
            ),
            Mistake(
                lambda kernel, rows, columns: kernel.reshape(columns, rows, -1, kernel.shape[1]).swapaxes(0, 1),
                "The shape is right, but the map is read down each column. Does Flatten go down, or along a row?",
            ),
            Mistake(
                lambda kernel, rows, columns: kernel.reshape(columns, rows, -1, kernel.shape[1]),
                "Rows and columns of the window have changed places. Compare your result's shape with the map's.",
            ),
            Mistake(
                lambda kernel, rows, columns: kernel.reshape(rows, columns, -1, kernel.shape[1], order="F"),
                'In the order "F" the first axis changes fastest, the row. Which one does in a flattened map?',
            ),
            Mistake(
                lambda kernel, rows, columns: kernel.T.reshape(rows, columns, -1, kernel.shape[1]),
                "The shape is right, but the kernel was transposed first. Which of its two axes are the units?",
            ),
        ),
        "Flatten and `reshape` count in the same order, so each weight meets the number that it always met.",
        "Flatten a map whose numbers tell their places, as in the lesson: which place meets which weights?",
        outside="Does it have the four axes that the text asks for?",
    )


def dense_everywhere(numbers):
    """Write the function that applies a Dense layer behind Flatten at each place of a larger map."""
    return Task(
        Function((*numbers.maps, _smaller(*numbers.maps[0]))),
        _slide,
        _SLID_WRONGLY,
        "The same Dense layer, asked at each place of the window, and its bias added once.",
        "Try a map as large as the window: there your function must give the Dense layer's own answer.",
        outside="How many places are there, down and across, and how many units?",
    )


def _smaller(cells, kernel, bias, rows, columns):
    """The same with a window of four cells, and with a unit less."""
    return cells, kernel[: 4 * cells.shape[-1], 1:], bias[1:], 2, 2


def _slide(cells, kernel, bias, rows, columns):
    return windows(cells, rows, columns) @ kernel + bias


def _turned(kernel, rows, columns):
    return kernel.reshape(rows, columns, -1, kernel.shape[1])[::-1, ::-1].reshape(kernel.shape)


def _padded(cells, rows, columns):
    return np.pad(cells, [((side - 1) // 2, side // 2) for side in (rows, columns)] + [(0, 0)])


_SLID_WRONGLY = (
    Mistake(
        lambda cells, kernel, bias, *size: _slide(cells, kernel, 0, *size),
        "All scores of a unit are off by the same. What does a Dense layer do behind the matrix product?",
    ),
    Mistake(
        lambda cells, kernel, bias, *size: _slide(cells, kernel, np.prod(size) * bias, *size),
        "The bias is added for each cell under the window. How often does a Dense layer add it?",
    ),
    Mistake(
        lambda cells, kernel, bias, *size: _slide(cells, _turned(kernel, *size), bias, *size),
        "The window is turned round, as a convolution in mathematics turns it. Does the Dense layer?",
    ),
    Mistake(
        lambda cells, kernel, bias, *size: _slide(_padded(cells, *size), kernel, bias, *size),
        "There is a score for every cell, so zeros were padded. May the window leave the map here?",
    ),
    Mistake(
        lambda *given: _slide(*given)[:: given[-2], :: given[-1]],
        "The window jumps by its own size. How far does a convolution of stride 1 move it?",
    ),
    Mistake(lambda *given: np.maximum(_slide(*given), 0), "No score is below 0. Does this Dense layer have a ReLU?"),
)


def head_everywhere(numbers):
    """Write the function that slides a head with a mean and hidden layers over a larger map."""
    return Task(
        Function((*numbers.heads, (numbers.heads[0][0], 2, 2, numbers.heads[0][3]))),
        _head,
        _HEADS,
        "The mean keeps its place before the ReLU and becomes a window, so the head answers as it did in training.",
        "Do one place on paper: the mean of the cells under the window, then layer by layer.",
        outside="How many places are there, down and across, and how many classes?",
    )


def _head(cells, rows, columns, layers, linear=False):
    return _stack(_mean(cells, rows, columns), layers, linear)


def _mean(cells, rows, columns):
    under = windows(cells, rows, columns)
    return under.reshape(*under.shape[:2], rows * columns, -1).mean(axis=2)


def _stack(x, layers, linear=False):
    for number, (kernel, bias) in enumerate(layers):
        x = x @ kernel + bias
        x = x if linear or number == len(layers) - 1 else np.maximum(x, 0)
    return x


_HEADS = (
    Mistake(
        lambda cells, rows, columns, layers: _mean(_stack(cells, layers), rows, columns),
        "The layers answer cell by cell, and the mean comes last. Can all of them change places with a mean?",
    ),
    Mistake(
        lambda cells, rows, columns, layers: _stack(rows * columns * _mean(cells, rows, columns), layers),
        "The cells under the window are added up. What more does a mean do?",
    ),
    Mistake(
        lambda cells, rows, columns, layers: _stack(_mean(cells, *cells.shape[:2]), layers),
        "That is one mean over the whole map. How many cells did the mean take in training?",
    ),
    Mistake(lambda *given: _head(*given, linear=True), "There is no ReLU between the layers: they are one matrix."),
    Mistake(lambda *given: np.maximum(_head(*given), 0), "No score is below 0. Is there a ReLU behind the last layer?"),
    Mistake(
        lambda *given: softmax(_head(*given)), "Each place adds up to 1: you end in a softmax. Asked are the logits."
    ),
    Mistake(
        lambda *given: _head(*given[:-1], [(kernel, 0) for kernel, _ in given[-1]]),
        "The biases are left out. Each layer of the list is a pair: what is the second one for?",
    ),
)


def score_map(numbers):
    """Predict rows and columns of the scores for a larger photo."""
    cells = np.floor_divide(numbers.photo, numbers.stride)
    window = np.floor_divide(numbers.trained_on, numbers.stride)
    places = cells - window + 1
    return Task(
        Numbers(shape=(2,), whole=True),
        places,
        (
            Mistake(cells - window, "Too few. How many places has a window on a map that is as large as itself?"),
            Mistake(places + 1, "Too many. What do these halvings do with pixels that are left over?"),
            Mistake(cells, "That is the last map. Behind it comes a window: how large was the map in training?"),
            Mistake(places[::-1], "Both are there, in the other order: first the rows, then the columns."),
            Mistake(
                np.floor_divide(numbers.photo, numbers.trained_on),
                "So many training photos fit side by side. Windows overlap: how far does the next one begin?",
            ),
            Mistake(cells - window[0] + 1, "The rows are right. The photos of training weren't square."),
            Mistake(cells - window[::-1] + 1, "You took the training photo's columns off the rows."),
        ),
        "The last map first, then the places that a window of the training's size has on it.",
        "How many cells has the last map of each of the two photos? And how many places has the one on the other?",
    )


def crop(numbers):
    """Find the crop of the photo that a score stands for."""
    stride, size, score = numbers.crop.stride, np.array(numbers.crop.trained_on), np.array(numbers.crop.score)
    start = stride * score
    centred = start + stride // 2 - size // 2
    return Task(
        Numbers(shape=(4,), whole=True),
        (*start, *(start + size)),
        (
            Mistake(
                (*(size * score), *(size * (score + 1))),
                "These crops lie side by side. Two neighbouring windows overlap: how far apart do they begin?",
            ),
            Mistake(
                (*centred, *(centred + size)),
                "The square of one cell is its middle. But where does the window of score (0, 0) begin?",
            ),
            Mistake(
                (*start, *(start + size - 1)),
                "Top and left are right. A slice stops before its end: how many rows does yours cut out?",
            ),
            Mistake(np.ravel((start, start + size), "F"), "All four are there. Which order does the text ask for?"),
            Mistake((*start[::-1], *(start + size)[::-1]), "Rows and columns have changed places: the top is a row."),
            Mistake((*start, *size), "Top and left are right. The other two are the crop's size: where does it end?"),
            Mistake((*start, *(start + stride)), "Top and left are right. How much of the photo does a score look at?"),
        ),
        "Neighbouring scores look at windows one total stride apart, each as large as a photo of training.",
        "Score (0, 0) looks at the upper left corner. One column further right: which of the four numbers change? And "
        "do they stand in the order that the text asks for?",
    )
