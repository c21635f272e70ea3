"""Progress bars: a widget in a notebook, a moving line in a terminal, and anywhere else a line now and then."""

import sys
import time

PAUSE = 10.0  # seconds at least between two lines of a bar where nobody watches


def bar(*iterable, **options):
    """A bar of `tqdm` that suits the place: arguments as `tqdm.tqdm` takes them."""
    from tqdm.auto import tqdm

    return tqdm(*iterable, **manners(), **options)


def note(text):
    """Write a line beside the bars, at once."""
    from tqdm.auto import tqdm

    if sys.stderr is not None:
        tqdm.write(text, file=sys.stderr)


def manners():
    """Arguments for `tqdm.auto.tqdm`, and for what makes one: none where somebody watches, in a log few lines."""
    from tqdm.auto import tqdm

    in_notebook = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    if in_notebook or (sys.stderr is not None and sys.stderr.isatty()):
        return {}
    return {"file": _Log(), "mininterval": PAUSE}


class _Log:
    """A file for one bar of `tqdm` that passes whole lines on to stderr: one every `PAUSE`, and the bar's last."""

    def __init__(self):
        self.written, self.held = time.monotonic(), ""

    def write(self, text):
        self.held = text.replace("\x1b[A", "").strip() or self.held  # without the moves that overwrite a line
        ends = text == "\n"
        if self.held and sys.stderr is not None and (ends or time.monotonic() - self.written >= PAUSE):
            sys.stderr.write(f"{self.held}\n")
            self.written, self.held = time.monotonic(), ""

    def flush(self):
        if sys.stderr is not None:
            sys.stderr.flush()
