"""A user's list of classes: classes.txt (a name a line, or ``name R G B``) or an annotation tool's labelmap.txt."""

import re
from dataclasses import dataclass
from pathlib import Path

from fcn_tutorial.labels import CAMVID, Classes

CLASS_FILES = ("classes.txt", "labelmap.txt")
_VOID_NAMES = {"void", "ignore", "ignored", "unlabelled", "unlabeled"}
_NAMED_COLOUR = re.compile(r"(?P<name>.*\S)\s+(?P<r>\d+)\s+(?P<g>\d+)\s+(?P<b>\d+)")
_LABEL_MAP = re.compile(r"(?P<name>[^:]+):(?P<r>\d+),\s*(?P<g>\d+),\s*(?P<b>\d+)(:.*)?")


@dataclass(frozen=True)
class ClassList:
    """The `classes` of a data set, and what colours mean in its masks: {(r, g, b): index}, None where none are listed.

    Several colours may mean void.
    """

    classes: Classes
    colours: dict | None = None


CAMVID_INDICES = ClassList(CAMVID)


def find(folder):
    """The file that lists the classes of the data set in `folder`. Raises FileNotFoundError where there is none."""
    there = [Path(folder) / name for name in CLASS_FILES if (Path(folder) / name).is_file()]
    if not there:
        raise FileNotFoundError(
            f"{folder} has no list of classes; expected {' or '.join(CLASS_FILES)} in it: a class a line, `name` where "
            "masks hold class indices, `name R G B` where they hold colours."
        )
    if len(there) > 1:
        raise ValueError(f"{folder} has both {' and '.join(CLASS_FILES)}. Which one holds? Take the other one away.")
    return there[0]


def read(file, void=255):
    """The `ClassList` in `file`, in its order; lines that start with # and empty ones are passed over.

    A line called void (or ignore, unlabelled) with a colour is no class: its colour marks pixels that nobody labelled.
    void: index of such pixels in masks that hold class indices.
    Raises ValueError that names file and line for a name or colour that occurs twice, a colour beyond 255, lines of
    which only some have colours, bytes that are no UTF-8, and a list without classes.
    """
    file = Path(file)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} isn't text in UTF-8 ({error.reason}). Save it as UTF-8.") from error
    pattern = _LABEL_MAP if file.name == "labelmap.txt" else _NAMED_COLOUR
    entries = [
        _entry(line.strip(), pattern, f"{file}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    try:
        return _class_list(entries, void)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _class_list(entries, void):
    """`ClassList` from [(name, RGB colour or None), ...]."""
    is_void = [colour is not None and name.lower() in _VOID_NAMES for name, colour in entries]
    named = [entry for entry, apart in zip(entries, is_void, strict=True) if not apart]
    unlabelled = [colour for (_, colour), apart in zip(entries, is_void, strict=True) if apart]
    names, colours = [name for name, _ in named], [colour for _, colour in named]
    lacking = next((name for name, colour in named if colour is None), None)
    if lacking is not None:
        if any(colours) or unlabelled:
            raise ValueError(f"{lacking!r} has no colour and others have; give each class one, or none.")
        return ClassList(Classes(names, void=void))
    grey = {"void_colour": unlabelled[0]} if unlabelled else {}
    classes = Classes(names, colours, void, **grey)
    twice = set(unlabelled) & set(colours)
    if twice:
        raise ValueError(f"The colour {min(twice)} means void and a class; give each its own.")
    return ClassList(classes, dict(zip(colours, range(len(names)), strict=True)) | dict.fromkeys(unlabelled, void))


def _entry(line, pattern, source):
    """(name, RGB colour or None) of a line."""
    found = pattern.fullmatch(line)
    if not found:
        if pattern is _LABEL_MAP:
            raise ValueError(f"{source} is {line!r}; expected `name:R,G,B::` as annotation tools write it.")
        return line, None
    colour = tuple(int(found[part]) for part in "rgb")
    if max(colour) > 255:
        raise ValueError(f"{source} gives the colour {colour}; expected three numbers from 0 to 255.")
    return found["name"].strip(), colour
