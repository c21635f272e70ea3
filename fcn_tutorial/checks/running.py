"""A learner's code, called safely: copies go in, errors come back in words, and what takes too long is cut off."""

import contextlib
import copy
import io
import signal
import threading
import warnings

import numpy as np

SECONDS = 2


class Unusable(ValueError):
    """What is the matter with an answer that can't be compared at all, in plain words."""


class _TooLong(BaseException):  # no Exception, so that a learner's own `except Exception` lets it pass
    pass


@contextlib.contextmanager
def at_most(seconds=SECONDS):
    """Cut off what takes longer, with Unusable. Windows and threads other than the main one have no clock for it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TooLong:
        raise Unusable(
            f"It was still computing after {seconds} seconds and was stopped. Does a loop never end, or walk over far "
            "more than it needs?"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def quietly():
    """Keep warnings and red lines of a learner's code away: what counts is what it returns."""
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def call(function, arguments):
    """What a learner's `function` returns for copies of `arguments`. Raises Unusable in words when it fails."""
    try:
        returned = function(*copy.deepcopy(arguments))
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}".rstrip(": .")
        raise Unusable(
            f"Your function stopped with {what}. Call it yourself on a small example to find the line."
        ) from error
    if returned is None:
        raise Unusable("Your function returned None. Does its last line say `return`?")
    return returned
