"""A learner's code, called safely: copies go in, errors come back in words, and what takes too long is cut off."""

import builtins
import contextlib
import copy
import io
import signal
import threading
import warnings

import numpy as np

SECONDS = 2  # for all the calls of one check
IMPORTING = 120  # for each import in them


class Unusable(ValueError):
    """What is the matter with an answer that can't be compared at all, in plain words."""


class TooLong(BaseException):  # no Exception, so that a learner's own `except Exception` lets it pass
    """The seconds of the clock are over."""

    words = (
        f"It was still computing after {SECONDS} seconds and was stopped. Does a loop never end, or walk over far more "
        "than it needs?"
    )


@contextlib.contextmanager
def clock(action, importing=IMPORTING):
    """Let the signal SIGALRM, and so `action`, come after SECONDS, in which imports of up to `importing` don't count.

    Windows, and threads other than the main one, have no such clock.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def patiently(*args, **kwargs):  # Keras alone takes longer to import than an answer may take
        left, _ = signal.setitimer(signal.ITIMER_REAL, importing)
        try:
            return imports(*args, **kwargs)
        finally:
            signal.setitimer(signal.ITIMER_REAL, left)

    imports, before = builtins.__import__, signal.signal(signal.SIGALRM, action)
    builtins.__import__ = patiently
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        builtins.__import__ = imports
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
    except TooLong:
        raise
    except BaseException as error:
        raise Unusable(
            f"Your function stopped with {described(error)}. Call it yourself on a small example to find the line."
        ) from error
    if returned is None:
        raise Unusable("Your function returned None. Does its last line say `return`?")
    return returned


def described(error):
    """The error of a stranger's code in words, without a full stop."""
    try:
        return f"{type(error).__name__}: {error}".rstrip(": .")
    except Exception:  # its text is the stranger's, too
        return type(error).__name__
