"""Where the arrays of an HDF5 file lie. Run as a program of its own, for a damaged file can end or stop the library.

Prints one line of JSON: the card that earlier versions kept in an attribute, and the arrays as `storage` has them.
"""

import json
import sys
from contextlib import suppress

MEMORY, SECONDS = 2**30, 5  # an outline takes some megabytes and a fraction of a second
MOST = 2**22  # bytes of what is printed
_ATTRIBUTE = "fcn_tutorial"


def outline(path):
    """{"card": text or None, "arrays": [[name, offset in the file, dtype, shape], ...]}; ValueError for an odd file."""
    import h5py

    with h5py.File(path, "r") as file:
        card = file.attrs.get(_ATTRIBUTE)
        if card is not None and not isinstance(card, str):
            raise ValueError("its card is no text")
        return {"card": card, "arrays": list(_arrays(file, ""))}


def _arrays(group, prefix):
    import h5py

    if prefix.count("/") > 20:
        raise ValueError("its groups are nested without end")
    for name in group:
        if group.get(name, getlink=True, getclass=True) is not h5py.HardLink:
            raise ValueError(f"{prefix}{name} is a link")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _arrays(item, f"{prefix}{name}/")
        else:
            yield [f"{prefix}{name}", _offset(item), item.dtype.str, list(item.shape)]


def _offset(item):
    import h5py

    layout = item.id.get_create_plist().get_layout()
    if item.external or layout != h5py.h5d.CONTIGUOUS or item.shape is None:
        raise ValueError(f"{item.name} is not stored in one piece in the file")
    offset = item.id.get_offset()
    if offset is None and item.size:
        raise ValueError(f"{item.name} has no values")
    return offset or 0


def _limit():
    """Bound memory and time of this program, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # some systems know the name of a limit and no more
            resource.setrlimit(what, (most, most))


def main(path):
    """Print the outline of the file at `path`; 1, with the reason on stderr, where there is none."""
    _limit()
    try:
        text = json.dumps(outline(path))
    except Exception as error:  # a damaged file raises almost anything
        print(str(error).splitlines()[0] if str(error) else type(error).__name__, file=sys.stderr)
        return 1
    if len(text) > MOST:
        print("it holds too many arrays", file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
