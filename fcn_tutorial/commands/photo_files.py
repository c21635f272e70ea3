"""Which photos a command line means, and which names their results get, so that none replaces a photo or another."""

import glob
import os
import unicodedata
from collections import Counter
from itertools import count
from pathlib import Path

_LONGEST = 200  # bytes of a stem: file systems take 255 for the whole name, with what is put before and behind it


def expand(names):
    """`names` with each pattern (*, ?, [...]) that is no file itself replaced by the files that fit it, sorted.

    Windows' command prompt leaves this to programs. Raises FileNotFoundError for a pattern that fits none.
    """
    found = []
    for name in names:
        pattern = os.path.expanduser(name)
        fitting = [name]
        if any(sign in name for sign in "*?[") and not os.path.lexists(pattern):
            fitting = sorted(path for path in glob.glob(pattern) if not os.path.isdir(path))
        if not fitting:
            raise FileNotFoundError(f"No file fits the pattern {name}. Check the folder and the ending.")
        found += fitting
    return found


def distinct_stems(photos, folder, endings, others=()):
    """A stem for each of `photos`, a path or name each: its own, or with a number where that would replace something.

    No file `folder`/STEM + one of `endings` is one of `photos` or of the paths `others`, whatever way they are
    written, nor another photo's; names that differ by upper and lower case or Unicode's normal forms count as the same,
    as some file systems take them.
    """
    taken = {key for path in (*photos, *others) for key in _keys(path)}
    stems, numbers = [], Counter()
    for photo in photos:
        own = Path(photo).stem
        while len(os.fsencode(own)) > _LONGEST:
            own = own[:-1]
        for number in count(numbers[own] + 1):
            stem = own if number == 1 else f"{own}_{number}"
            keys = {key for ending in endings for key in _keys(folder / f"{stem}{ending}")}
            if not keys & taken:
                break
        numbers[own] = number
        taken |= keys
        stems.append(stem)
    return stems


def _keys(path):
    """By what a file is recognised: the path's own place, the place that it leads to, and the file there."""
    path = os.path.abspath(os.path.expanduser(path))
    own_place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    keys = {_caseless(own_place), _caseless(os.path.realpath(path))}
    if os.path.exists(path):
        status = os.stat(path)
        keys.add((status.st_dev, status.st_ino))
    return keys


def _caseless(text):
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
