"""Progress bars: a widget in a notebook, a moving line in a terminal, and anywhere else a line now and then."""

import sys
import time

PAUSE = 10.0  # seconds at least between two lines where nobody watches


def bar(*iterable, **options):
    """A bar of `tqdm` that suits the place: arguments as `tqdm.tqdm` takes them."""
    from tqdm.auto import tqdm

    return tqdm(*iterable, **manners(), **options)


def manners():
    """Arguments for `tqdm.auto.tqdm`, and for what makes one: none where somebody watches, in a log few lines."""
    from tqdm.auto import tqdm

    in_notebook = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    if in_notebook or (sys.stderr is not None and sys.stderr.isatty()):
        return {}
    return {"file": _Log(), "mininterval": PAUSE}


class _Log:
    """A file for `tqdm` that passes whole lines on to stderr, and of all bars together only one every `PAUSE`."""

    written = float("-inf")

    def write(self, text):
        line = text.replace("\x1b[A", "").strip()  # without the moves that overwrite a line
        if line and sys.stderr is not None and time.monotonic() - _Log.written >= PAUSE:
            _Log.written = time.monotonic()
            sys.stderr.write(f"{line}\n")

    def flush(self):
        if sys.stderr is not None:
            sys.stderr.flush()
