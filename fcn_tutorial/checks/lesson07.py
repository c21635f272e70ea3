"""Exercises on figures that mislead: shares, thin things, what arrived, the most frequent class (notebook 07)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task
from fcn_tutorial.labels import CLASSES

# decimal logarithm of each class's pixels in a few streets
_USUAL = (4.2, 4.6, 3.2, 4.7, 4.0, 4.3, 3.3, 3.7, 3.8, 3.1, 3.5)


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 07; numbers: names, matrix, bars, photo, subtract, divide, arrived, pixels."""
    return Exercises(_draw, (worst_class, thin_iou, fed, most_frequent), seed, sealed)


def _draw(random):
    classes, photo = [int(c) for c in random.permutation(len(CLASSES))], _draw_photo(random)
    rule = ((127, 128), (0, 255), (118, 59), (127.5, 127.5))[random.randint(4)]
    return SimpleNamespace(
        names=[CLASSES[c] for c in classes[:5]],
        matrix=_draw_matrix(random, classes[:5]),
        bars=[(int(random.randint(4, 8)), int(random.randint(2, 5)), 1), (int(random.randint(3, 6)), 1, 2)],
        photo=photo,
        subtract=rule[0],
        divide=rule[1],
        arrived={
            network: _arrived(photo, rule, way) for network, way in zip("ABCD", random.permutation(4), strict=True)
        },
        pixels=_draw_pixels(random, [c for c in classes if CLASSES[c] != "road"][:5]),
    )


def _draw_matrix(random, classes):
    """Mostly one class loses the largest share, a second has the lowest IoU, a third loses most, a fourth is rarest."""
    pixels, found = 10 ** random.normal([_USUAL[c] for c in classes], 0.2), random.uniform(0.75, 0.95, 5)
    rarest, *between, largest = np.argsort(pixels)
    lost, invented, _ = random.permutation(between)
    found[[lost, invented, largest]] = random.uniform((0.45, 0.6, 0.85), (0.55, 0.7, 0.95))
    shares = random.uniform(size=(5, 5)) ** 4
    shares[:, rarest] *= 0.2
    shares[largest, invented], shares[lost, largest], shares[lost, rarest] = 1, 2, 1
    np.fill_diagonal(shares, 0)
    shares *= ((1 - found) / shares.sum(axis=1))[:, None]
    return ((shares + np.diag(found)) * pixels[:, None]).astype(int)


def _draw_pixels(random, classes):
    pixels = {CLASSES[c]: int(10 ** random.normal(_USUAL[c] - 0.6, 0.2)) for c in classes}
    pixels[CLASSES[classes[0]]] = 0
    pixels["road"], pixels["void"] = int(10 ** random.uniform(4.8, 5.2)), int(10 ** random.uniform(4, 4.3))
    return {name: pixels[name] for name in (*CLASSES, "void") if name in pixels}


def _draw_photo(random):
    photo = np.empty((6, 8, 3), "uint8")  # a blue sky, a grey road, a red car
    photo[:3], photo[3:], photo[3:5, 2:5] = (90, 150, 225), (105, 100, 95), (190, 30, 25)
    return photo + random.randint(0, 20, photo.shape).astype("uint8")


def _arrived(photo, rule, way):
    """The photo prepared once (way 0), twice (1), once with blue as its first channel (2), or never (3)."""
    values = photo[..., ::-1].astype("float64") if way == 2 else photo.astype("float64")
    for _ in range((1, 2, 1, 0)[way]):
        values = (values - rule[0]) / rule[1]
    return values


def worst_class(numbers):
    """Read a confusion matrix: which class loses the largest share of its pixels, and to which other."""
    right, rows, columns = np.diag(numbers.matrix), numbers.matrix.sum(axis=1), numbers.matrix.sum(axis=0)
    wrong = numbers.matrix - np.diag(right)
    shares = right / rows, right / columns, right / (rows + columns - right), right - rows, rows
    worst, invented, lowest, most, rarest = (each.argmin() for each in shares)
    answers = {
        "diagonal": (worst, worst),
        "its column": (worst, wrong[:, worst].argmax()),
        "share of columns": (worst, (wrong[worst] / columns).argmax()),
        "iou": (lowest, wrong[lowest].argmax()),
        "counts": (most, wrong[most].argmax()),
        "rarest": (rarest, wrong[rarest].argmax()),
        "columns": (invented, wrong[:, invented].argmax()),
        "order": (wrong[worst].argmax(), worst),
    }
    return Task(
        Numbers((2,), whole=True),
        (worst, wrong[worst].argmax()),
        tuple(Mistake(answer, _MISREAD[name]) for name, answer in answers.items()),
        "The row says where a class's pixels went, and its sum makes rare and frequent classes comparable.",
        "Divide each row by its sum. On the diagonal stands what is found; the rest of the row tells where the others "
        "went. Classes are counted from 0.",
    )


_MISREAD = {
    "diagonal": "The class is right. But the diagonal is what is found: what are its other pixels called?",
    "its column": "The class is right. Then you read its column, which tells what else is called by its name.",
    "share of columns": "The class is right. You divided by the columns' sums. Where did most of its own pixels go?",
    "iou": "That class has the lowest IoU, which also counts what is invented. Asked is the share lost of its own.",
    "counts": "That class loses the most pixels. Asked is the largest *share* of its own pixels.",
    "rarest": "That is the class with the fewest pixels. To be rare and to be badly found are not the same.",
    "columns": "You read the columns: that class is said too often. In which direction do the true classes stand?",
    "order": "Both are there, in the other order: first the class, then what it is taken for.",
}


def thin_iou(numbers):
    """Write the IoU of an upright bar that is predicted in the wrong place and too wide."""
    cases = ((3, 1, 0), (2, 0, 1), (3, 4, 0), (2, 7, 2), (5, 1, 3), (2, 3, 2), (3, 3, 0), *numbers.bars)
    return Task(
        Function(cases, Numbers()),
        _scored(_of_union),
        (
            *(Mistake(_scored(score), words) for score, words in _DIVIDED),
            Mistake(
                _scored(_of_union, least=-99),
                "Right where the bars meet. And where they don't? Nobody can share fewer than no pixels.",
            ),
            Mistake(
                lambda width, shift, extra: 0 if shift >= width else _scored(_of_union)(width, shift, extra),
                "Your bars don't meet once they lie `width` apart. But how far to the left does a wider one reach?",
            ),
            Mistake(
                _scored(_of_union, sides=1),
                "The prediction has grown on its right only. It is `extra` pixels wider on *each* side.",
            ),
            Mistake(
                _scored(_of_union, sides=0),
                "Your prediction has only moved. It is `extra` pixels wider on each side, too.",
            ),
        ),
        "What a wide thing doesn't notice can cost a thin one half of its score.",
        "Draw both bars on squared paper. Count the squares in both, and those in at least one. Don't round.",
    )


def _of_union(both, truth, found):
    return both / (truth + found - both)


_DIVIDED = (
    (
        lambda both, truth, found: both / truth,
        "That is the share of the true pixels that are found: a far too wide prediction would lose nothing.",
    ),
    (
        lambda both, truth, found: both / found,
        "That is the share of the predicted pixels that are right. Which other pixels belong to the union?",
    ),
    (
        lambda both, truth, found: 2 * both / (truth + found),
        "That is twice what is shared, by the sum of both (Dice). By what does an IoU divide?",
    ),
    (
        lambda both, truth, found: both / (truth + found),
        "Your union is too large: what both have in common is in it twice.",
    ),
)


def _scored(score, least=0, sides=2):
    def of_bars(width, shift, extra):
        start, end = shift - (sides == 2) * extra, shift + width + (sides > 0) * extra
        return score(max(least, min(width, end) - max(0, start)), width, end - start)

    return of_bars


def fed(numbers):
    """Tell from what arrived at four networks in which way their images were prepared."""
    once, *others = (_arrived(numbers.photo, (numbers.subtract, numbers.divide), way) for way in range(4))
    ways = [
        next(way for way, known in enumerate((once, *others)) if np.array_equal(known, values))
        for values in numbers.arrived.values()
    ]
    exchanged = {pair: [{pair[0]: pair[1], pair[1]: pair[0]}.get(way, way) for way in ways] for pair in _EXCHANGED}
    return Task(
        Numbers((4,), whole=True),
        ways,
        (
            *(Mistake(exchanged[pair], words) for pair, words in _EXCHANGED.items()),
            Mistake(np.argsort(ways), "You give the network of each way. Asked is the way of each network, A first."),
        ),
        "A look at what arrives tells them apart, and none of them would have raised an error.",
        "Take one pixel, and work out on paper what it becomes in each of the four ways. Ways are counted from 0.",
    )


_EXCHANGED = {
    (0, 2): "0 and 2 are exchanged. Take a pixel whose colour you know: which of its channels must be the largest?",
    (1, 3): "1 and 3 are exchanged. What does a division do to the spread of the values, and what a second one?",
    (0, 1): "0 and 1 are exchanged. A photo with a blue sky and a red car can't arrive as nearly one number.",
    (0, 3): "0 and 3 are exchanged. Prepare one pixel of the photo by hand, by the rule.",
    (1, 2): "1 and 2 are exchanged. Which of them changes the spread of the values, and which one only their order?",
}


def most_frequent(numbers):
    """Score a network that answers the most frequent class everywhere."""
    counts = [count for name, count in numbers.pixels.items() if name != "void"]
    share, occurring = max(counts) / sum(counts), sum(count > 0 for count in counts)
    with_void = max(counts) / (sum(counts) + numbers.pixels["void"])
    answers = {
        "one class": (share, share),
        "absent": (share, share / len(counts)),
        "mean accuracy": (share, 1 / occurring),
        "void": (with_void, with_void / occurring),
        "void class": (with_void, with_void / (occurring + 1)),
        "classes": (1 / occurring, share / occurring),
        "order": (share / occurring, share),
        "percent": (100 * share, 100 * share / occurring),
    }
    return Task(
        Numbers((2,), decimals=3),
        (share, share / occurring),
        tuple(Mistake(answer, _MISCOUNTED[name]) for name, answer in answers.items()),
        "A network that never looks can have most pixels right. The second figure tells.",
        "Write down the confusion matrix: only one column is filled. Read each class's IoU off it, then take the mean. "
        "Give at least three decimals.",
    )


_MISCOUNTED = {
    "one class": "The accuracy is right. But your mean is the IoU of one class: the others are in the truth, too.",
    "absent": "The accuracy is right. In your mean a class has a say that is in neither truth nor answer.",
    "mean accuracy": "The accuracy is right. The other is the mean *accuracy*. What else does an IoU divide by?",
    "void": "You count void pixels. Nobody knows what is right there.",
    "void class": "You count void as a class. Nobody knows what is right there.",
    "classes": "The mean IoU is right. The other is no share of the classes, but one of the *pixels*.",
    "order": "Both are there, in the other order: first the pixel accuracy.",
    "percent": "Those are percent. Give shares, from 0 to 1.",
}
