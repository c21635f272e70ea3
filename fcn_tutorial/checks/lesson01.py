"""Exercises on what the last map of a classifier knows and its answer doesn't (notebook 01)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 01; numbers: halvings, photo, middle, spread, photos, logit, bias, grid, evidence."""
    return Exercises(_draw, (last_map, preprocess, logits_after, evidence_middle), seed, sealed)


def _draw(random):
    halvings = int(random.randint(3, 7))
    total = 2**halvings  # one side a little over whole cells, the other a little under, so that "nearest" is neither
    over, under = random.randint(1, total // 2), random.randint(total // 2 + 1, total)
    photo = tuple(
        int(cells * total + rest) for cells, rest in zip(random.randint(4, 13, 2), (over, under), strict=True)
    )
    photo = photo[:: int(random.choice([1, -1]))]
    grids = [(3, 4), (4, 2)]
    logit, bias = random.randint(400, 1200) / 100, random.randint(60, 200) / 100 * random.choice([1, -1])
    return SimpleNamespace(
        halvings=halvings,
        photo=photo,
        middle=int(random.randint(96, 160)),
        spread=int(random.choice([32, 50, 64, 100])),
        photos=[_photo(random, *grid) for grid in grids],
        logit=float(logit),
        bias=float(bias),
        grid=(int(random.randint(4, 7)), int(random.randint(7, 10))),
        evidence=[_evidence(random, *grid, stride) for grid, stride in zip(grids, (32, 16), strict=True)],
    )


def _photo(random, rows, columns):
    photo = random.randint(0, 256, (rows, columns, 3)).astype(np.uint8)
    photo[-1, -1] = 0, random.randint(1, 255), 255  # the ends, where a narrow type wraps round
    return photo


def _evidence(random, rows, columns, stride):
    cells, weights = random.uniform(0, 4, (rows, columns, 3)).round(1), random.uniform(0.5, 1.5, 3).round(1)
    bias = round(-0.8 * float(np.median(cells @ weights)), 1)  # some cells speak against the class, none before it
    return cells, weights, bias, stride


def last_map(numbers):
    """Rows and columns of the last map when the photo's sides don't halve without a rest."""
    total, (rows, columns) = 2**numbers.halvings, numbers.photo

    def up(divisor):
        return -(-rows // divisor), -(-columns // divisor)

    return Task(
        Numbers(shape=(2,), whole=True),
        up(total),
        (
            Mistake(
                (rows // total, columns // total),
                "That drops what is left over. These layers lose no row: what do they make of 5 rows?",
            ),
            Mistake(
                (round(rows / total), round(columns / total)),
                "That is the nearest whole number, once up and once down. Round at each layer, as the text says.",
            ),
            Mistake(
                up(2 * numbers.halvings),
                "That divides by the sum of the strides. Halve a side twice: by how much was it divided?",
            ),
            Mistake(up(total)[::-1], "Both are there, in the other order: first the rows, then the columns."),
            Mistake(up(total // 2), "That is the map before the last one. Count the halvings again."),
            Mistake(
                _halved(numbers, lambda side: side // 2 + 1),
                "You add one more at each layer. And where a side is even, so that nothing is left over?",
            ),
        ),
        "A side is halved again and again, and what is left over still gets a cell.",
        "Write down the rows after each layer, one below the other, and round as the text says. Then the columns.",
    )


def _halved(numbers, halve):
    sides = list(numbers.photo)
    for _ in range(numbers.halvings):
        sides = [halve(side) for side in sides]
    return sides


def preprocess(numbers):
    """Write the function that makes a network's input of a photo's bytes."""
    middle, spread = numbers.middle, numbers.spread

    def rule(values):
        return (values.astype(float) - middle) / spread

    return Task(
        Function(tuple((photo,) for photo in numbers.photos), Numbers(shape=None)),
        rule,
        (
            Mistake(
                lambda photo: (photo - np.uint8(middle)) / spread,
                "Dark pixels come out bright: a byte can't go below 0. What is np.uint8([3]) - np.uint8([5])?",
            ),
            Mistake(lambda photo: photo / 255, "Bytes divided by 255: other networks want this. Look at the rule."),
            Mistake(
                lambda photo: (photo - 127.0) / 128, "That is the rule of the lesson's network. This is another one."
            ),
            Mistake(
                lambda photo: (photo - photo.mean()) / photo.std(),
                "Each photo is measured by its own mean. Then a dark photo and a bright one look the same.",
            ),
            Mistake(lambda photo: rule(rule(photo)), "The rule was applied twice: all values lie close together."),
            Mistake(
                lambda photo: rule(photo[..., ::-1]),
                "Red and blue have changed places. Which order of the channels does the text ask for?",
            ),
            Mistake(lambda photo: photo - middle / spread, "Python divides before it subtracts: are brackets missing?"),
        ),
        "Fixed numbers, the same for each photo, and no byte wrapped round.",
        "Work out the pixel above on paper, and compare: all three channels of it.",
    )


def logits_after(numbers):
    """Predict a logit after four changes of the last map."""
    (rows, columns), logit, bias = numbers.grid, numbers.logit, numbers.bias
    share = rows * columns / ((rows + 2) * (columns + 2))
    of_mean = logit - bias
    doubled, bordered = 2 * of_mean + bias, share * of_mean + bias
    answers = {
        "bias too": (logit, 2 * logit, logit, share * logit),
        "bias lost": (logit, 2 * of_mean, logit, share * of_mean),
        "sum": (logit, doubled, doubled, logit),
        "copy": (logit, doubled, doubled, bordered),
        "border": (logit, doubled, logit, logit),
        "none": (logit,) * 4,
    }
    return Task(
        Numbers(shape=(4,), decimals=2),
        (logit, doubled, logit, bordered),
        tuple(Mistake(answer, _FORESEEN[name]) for name, answer in answers.items()),
        "The mean forgets where the cells lie, not how many they are, and the bias comes after it.",
        "One part of a logit comes from the mean, the rest is the bias. What does each change do to the mean?",
    )


_FORESEEN = {
    "bias too": "The bias has been multiplied too. Is it in the map, or does it come after the mean?",
    "bias lost": "The bias is taken off and never put back. What does a logit consist of?",
    "sum": "That would be so if the pooling added the cells up. What does it do with their number?",
    "copy": "The third is off. Two maps side by side have twice the sum. And how many cells?",
    "border": "Only the last one is off. Does a cell full of zeros count when the mean is taken?",
    "none": "The mean forgets the places. It doesn't forget how large the numbers are.",
}


def evidence_middle(numbers):
    """Write the function that finds the pixel on which the evidence for a class is centred."""
    return Task(
        Function(tuple(numbers.evidence), Numbers(shape=(2,))),
        lambda *case: _middle(_heat(*case), case[-1]),
        _MISPLACED,
        "You asked every cell before the mean could mix them, and the place was still there.",
        "Draw a map in which one cell alone speaks for the class, and compare with the middle of its pixels. Then let "
        "two cells speak, one of them louder: the answer is between their middles, nearer to the louder one.",
    )


_FIXED = tuple(
    (fixed, "That fits cells of one size only. Is there a number in your function where `stride` should stand?")
    for fixed in ((32, 15.5), (None, 15.5), (32, None))
)
_WHOLE = "That is rounded to whole pixels. A middle may lie between two pixels: give it as it is."


def _with_stride(fixed, shift):
    return lambda cells, weights, bias, stride: _middle(
        _heat(cells, weights, bias), fixed or stride, (stride - 1) / 2 if shift is None else shift
    )


def _in_whole_pixels(whole):
    return lambda *case: whole(np.round(_middle(_heat(*case), case[-1]), 9))


def _heat(cells, weights, bias, *_):
    return np.maximum(cells @ weights + bias, 0)


def _strongest(heat):
    return np.arange(heat.size).reshape(heat.shape) == heat.argmax()


def _middle(heat, stride, shift=None):
    shift = (stride - 1) / 2 if shift is None else shift
    return [stride * np.average(places, weights=heat) + shift for places in np.indices(heat.shape)]


_MISPLACED = (
    Mistake(
        lambda cells, weights, bias, stride: _middle(cells @ weights + bias, stride),
        "Cells that speak against the class push the middle away. What are they to count as?",
    ),
    Mistake(
        lambda cells, weights, bias, stride: _middle(_heat(cells, weights, 0), stride),
        "The bias is missing, so more cells speak for the class than really do.",
    ),
    Mistake(
        lambda *case: _middle(_heat(*case), case[-1], 0),
        "Each cell is taken for its upper left pixel. Where is the middle of all its pixels?",
    ),
    Mistake(
        lambda *case: _middle(_heat(*case), case[-1], case[-1] / 2),
        "Half a pixel off. Take the pixels 0, 1, 2 and 3: which place is their middle?",
    ),
    Mistake(
        lambda *case: _middle(_heat(*case), case[-1], (case[-1] - 1) // 2),
        "Half a pixel off: `//` cuts halves away. Take the pixels 0, 1, 2 and 3: which place is their middle?",
    ),
    *(Mistake(_with_stride(*fixed), words) for fixed, words in _FIXED),
    *(Mistake(_in_whole_pixels(whole), _WHOLE) for whole in (np.rint, np.floor)),
    Mistake(lambda *case: _middle(_heat(*case), case[-1])[::-1], "Row and column have changed places."),
    Mistake(
        lambda *case: _middle(_strongest(_heat(*case)), case[-1]),
        "That is the middle of the strongest cell. The others have a say too, each with its weight.",
    ),
)
