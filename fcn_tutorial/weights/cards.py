"""The card of a weights file: is everything in it that belongs there, and of the right kind?"""

from fcn_tutorial.labels import Classes, as_classes

_COLOURING = ("colours", "void", "void_colour")
MOST_CLASSES = 255  # a label map keeps a class in a byte, and one value is void's


def check(card, path):
    """Raise ValueError, which names the file at `path`, for a card that can't be right; unknown entries are left alone.

    card: {"network", "backbone": names, "part": "head" or "model", "training": dict}, and `of_classes`; the colours and
    void of the classes came later, and are there all or not at all.
    """
    if not isinstance(card, dict):
        _refuse(path, "it is no table of names and values")
    for key in ("network", "backbone"):
        if not _is_name(card.get(key)):
            _refuse(path, f"its {key} is {_short(card.get(key))}, expected a name")
    if card.get("part") not in ("head", "model"):
        _refuse(path, f"its part is {_short(card.get('part'))}, expected head or model")
    _check_classes(card.get("classes"), path)
    _check_colours(card, path)
    _check_training(card.get("training"), path)


def _check_classes(classes, path):
    if not isinstance(classes, list) or not 1 <= len(classes) <= MOST_CLASSES:
        _refuse(path, f"its classes are {_short(classes)}, expected 1 to {MOST_CLASSES} names")
    for place, name in enumerate(classes):
        if not _is_name(name):
            _refuse(path, f"a class is called {_short(name)}, expected a word that can be printed")
        if name in classes[:place]:
            _refuse(path, f"two classes are called {name}, expected a name of its own for each")


def _check_colours(card, path):
    there = [key for key in _COLOURING if key in card]
    if not there:
        return
    if len(there) < len(_COLOURING):
        _refuse(path, f"of {', '.join(_COLOURING)} it has {', '.join(there)} alone, expected all or none")
    colours, void, void_colour = (card[key] for key in _COLOURING)
    for colour in [*colours, void_colour] if isinstance(colours, list) else [None]:
        if not isinstance(colour, list) or len(colour) != 3 or not all(_is_byte(value) for value in colour):
            _refuse(path, "its colours aren't lists of three numbers from 0 to 255")
    if not _is_byte(void):
        _refuse(path, f"its void is {_short(void)}, expected a number from 0 to 255")
    try:
        classes(card)
    except ValueError as error:
        _refuse(path, str(error).removesuffix("."))


def of_classes(classes):
    """What a card says of `labels.Classes`: {"classes": names, "colours", "void", "void_colour"}."""
    colours = [list(colour) for colour in classes.colours]
    colouring = dict(zip(_COLOURING, (colours, classes.void, list(classes.void_colour)), strict=True))
    return {"classes": list(classes.names), **colouring}


def classes(card):
    """The `labels.Classes` that a checked card speaks of; of an earlier version, it has their names alone."""
    if "colours" not in card:
        return as_classes(card["classes"])
    return Classes(card["classes"], *(card[key] for key in _COLOURING))


def _check_training(training, path):
    """Those entries that the course reads itself; whoever saves may add others."""
    if not isinstance(training, dict):
        _refuse(path, f"its training is {_short(training)}, expected a table of names and values")
    size, losses, data = (training.get(key) for key in ("size", "losses", "data"))
    if size is not None and not _is_size(size):
        _refuse(path, f"its size is {_short(size)}, expected (rows, columns) in pixels")
    if losses is not None and not (isinstance(losses, list) and all(_is_number(loss) for loss in losses)):
        _refuse(path, f"its losses are {_short(losses)}, expected numbers")
    if data is not None and not isinstance(data, str):
        _refuse(path, f"its data are {_short(data)}, expected a description")


def _is_name(value):
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= 100 and value.isprintable()


def _is_byte(value):
    return type(value) is int and 0 <= value <= 255


def _is_size(value):
    pair = isinstance(value, list | tuple) and len(value) == 2
    return pair and all(type(side) is int and 1 <= side <= 2**15 for side in value)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300  # no NaN is


def _short(value):
    """A value of any kind and size in a few words that can be printed."""
    words = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return words if len(words) <= 60 else f"{words[:60]}..."


def _refuse(path, what):
    raise ValueError(f"The card in {path} can't be right: {what}. Fetch or train the file again.")
