"""Classes as one value that is handed on: their names, their colours, and the index of void. CamVid's eleven are one.

A label map (H, W) holds a class index at each pixel, or void where nobody labelled it.
"""

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from fcn_tutorial import palettes


@dataclass(frozen=True)
class Classes:
    """The classes of a data set or network; class i is called names[i].

    names: one or more different words. colours: an RGB colour for each, 0 to 255; None has some chosen that can be
        told apart (`palettes.distinct`).
    void: the index of pixels nobody labelled, which are never counted, neither in the loss nor in a metric.
    void_colour: RGB; None is grey, or the next grey that no class has.
    Raises ValueError for a name that occurs twice, is empty or can't be printed, for colours that don't fit, and for a
    void that is a class's index.
    """

    names: tuple
    colours: tuple | None = None
    void: int = 255
    void_colour: tuple | None = None

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.names))
        _check_names(self.names)
        colours = palettes.distinct(len(self.names)) if self.colours is None else self.colours
        object.__setattr__(self, "colours", tuple(_rgb(colour) for colour in colours))
        void_colour = _free_grey(self.colours) if self.void_colour is None else self.void_colour
        object.__setattr__(self, "void_colour", _rgb(void_colour))
        if len(self.colours) != len(self.names):
            raise ValueError(f"{len(self.colours)} colours for {len(self.names)} classes; expected one for each.")
        taken = {}
        for name, colour in zip((*self.names, "void"), (*self.colours, self.void_colour), strict=True):
            if colour in taken:
                raise ValueError(f"{taken[colour]!r} and {name!r} have one colour, {colour}; give each its own.")
            taken[colour] = name
        if int(self.void) != self.void or not len(self.names) <= self.void <= 255:
            raise ValueError(
                f"void is {self.void}; expected a whole number from {len(self.names)}, the number of classes, to 255."
            )

    def __len__(self):
        return len(self.names)

    @property
    def palette(self):
        """Colours (256, 3) uint8 by index, void's included; indices that are nobody's are black."""
        table = np.zeros((256, 3), np.uint8)
        table[: len(self)] = self.colours
        table[self.void] = self.void_colour
        return table

    def name(self, index):
        """The name of a class index, or "void"."""
        return "void" if index == self.void else self.names[index]


def _check_names(names):
    if not 1 <= len(names) <= 255:
        raise ValueError(f"{len(names)} classes were given; expected 1 to 255, as many as a label map can hold.")
    for name in names:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ValueError(f"A class is called {name!r}; expected a word that can be printed.")
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(f"Two classes are called {twice!r}; give each a name of its own.")


def _free_grey(taken):
    greys = (palettes.VOID_GREY, *((value,) * 3 for value in range(255, -1, -1)))
    return next(grey for grey in greys if grey not in taken)


def _rgb(colour):
    values = np.asarray(colour)
    if values.shape != (3,) or not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() > 255:
        raise ValueError(f"{colour!r} is no colour; expected three whole numbers from 0 to 255: red, green, blue.")
    return tuple(int(value) for value in values)


# The names and their order as SegNet and later papers report them (notebook 05). Twelve colours (the last is void's),
# searched so that the least CIEDE2000 distance between two of them stays above 12 for normal, protanope, deuteranope
# and tritanope eyes (tests/test_labels.py).
CAMVID = Classes(
    names=(
        "sky", "building", "pole", "road", "pavement", "tree",
        "sign", "fence", "car", "pedestrian", "bicyclist",
    ),
    colours=(
        (171, 192, 255), (140, 126, 83), (255, 255, 251), (71, 52, 73), (186, 203, 167), (73, 93, 77),
        (237, 238, 63), (177, 165, 30), (0, 6, 171), (160, 15, 0), (161, 93, 173),
    ),
    void=11,
)  # fmt: skip
CLASSES = CAMVID.names
NAMES = (*CLASSES, "void")
VOID = CAMVID.void
PALETTE = CAMVID.palette[: VOID + 1]


def as_classes(given):
    """`Classes` from `Classes` or from names alone; names that are CamVid's mean CamVid's. Raises as `Classes`."""
    if isinstance(given, Classes):
        return given
    return CAMVID if tuple(given) == CLASSES else Classes(tuple(given))


def check_same(one, owner, other, other_owner):
    """Refuse two `Classes` whose names differ: ValueError with the owners, in words, and the first difference."""
    if one.names == other.names:
        return
    index = next(i for i, (a, b) in enumerate(zip_longest(one.names, other.names)) if a != b)
    here, there = (repr(each.names[index]) if index < len(each) else "absent" for each in (one, other))
    raise ValueError(
        f"{owner} has {len(one)} classes and {other_owner} {len(other)}, which aren't the same: class {index} is "
        f"{here} in the first and {there} in the second. Expected equal names in one order."
    )


def colour(labels, classes=CAMVID):
    """RGB picture (H, W, 3) uint8 of a label map (H, W) of class indices, or void.

    Raises ValueError for any other value or shape.
    """
    return classes.palette[check_labels(labels, classes=classes)]


def borders(labels):
    """Boolean map (H, W): the pixels whose class differs from that of the pixel above or to the left."""
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    return edge


def check_labels(labels, source="the label map", classes=CAMVID):
    """Return `labels` (H, W) as uint8 after checking shape, dtype and that every value is a class index or void.

    Raises ValueError that names `source`, what was found (the most frequent strangers) and what to do.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise ValueError(
            f"{source} has shape {labels.shape}; expected (H, W), one class index for each pixel. "
            "A mask stored as colours must be turned into class indices first."
        )
    last = len(classes) - 1
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{source} holds {labels.dtype} values; expected integers, class indices 0 to {last}.")
    wrong = labels[((labels < 0) | (labels > last)) & (labels != classes.void)]
    if wrong.size:
        raise ValueError(
            f"{source} holds the values {most_frequent(wrong, labels.size)}; expected class indices 0 to {last} and "
            f"{classes.void} for void. Map the file's own numbering to these classes first."
        )
    return labels.astype(np.uint8)


def most_frequent(values, total, spell=int):
    """The five most frequent of `values`, as "[255, 30] (12.0%, 0.1% of the pixels)"; `total` is all pixels.

    spell: what is shown for a value.
    """
    found, times = np.unique(values, return_counts=True)
    order = np.argsort(-times, kind="stable")[:5]
    shares = ", ".join(f"{times[place] / total:.1%}" for place in order)
    return f"{[spell(found[place]) for place in order]} ({shares} of the pixels)"
