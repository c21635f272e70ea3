"""A learner's code in a process of its own: it can be ended whatever it does, and can change nothing here.

On Linux the process that checks is copied (a fork), and the copy runs the answer. Elsewhere, and where a copy
can't run it, the answer runs in the process that checks, as long as it lets itself be interrupted.
"""

import io
import json
import os
import signal
import sys
import time
from multiprocessing import Pipe

import numpy as np

from fcn_tutorial.checks.running import IMPORTING, SECONDS, TooLong, Unusable, clock, described

FORKS = sys.platform == "linux"  # Windows can't; on macOS the system's own libraries don't bear it
_THREADED = {"tensorflow", "jax", "torch"}  # a copy lacks their threads, and what they have on a graphics card
_LOOK = 0.02  # seconds between two looks at a copy
_CHARACTERS, _NUMBERS, _BYTES = 10_000, 1_000_000, 2**26  # at most: printed, in an answer, in a message


def run(work):
    """What `work` returns, called without arguments: an array of numbers, a text, or a list of these.

    What it prints is printed. Raises Unusable in words when it fails or takes longer than `running.SECONDS`.
    """
    if not FORKS:
        return _here(work)
    printed, outcome, waited = _in_a_copy(work)
    if waited and _THREADED & sys.modules.keys() and not _is_whole(outcome):
        return _here(work)
    print(printed, end="" if len(printed) < _CHARACTERS else " ... and more\n")
    if "value" not in outcome:
        raise Unusable(outcome["words"])
    return outcome["value"]


def _patience():
    """Seconds for an import in a copy; few beside a framework's threads, since it may wait for one of them forever."""
    return SECONDS if _THREADED & sys.modules.keys() else IMPORTING


def _is_whole(outcome):
    """Whether a copy came to an answer, and in no part of it to words about an error."""
    value = outcome.get("value", "")
    return not any(isinstance(part, str) for part in (value if isinstance(value, list) else [value]))


def _here(work):
    def stop(number, frame):
        raise TooLong

    try:
        with clock(stop):
            return work()
    except Unusable:
        raise
    except TooLong:
        raise Unusable(TooLong.words) from None
    except BaseException as error:
        raise Unusable(_stopped(error)) from error


def _stopped(error):
    return f"Your answer could not be read: {described(error)}."


def _in_a_copy(work):
    """(what was printed, {"value": ...} or {"words": ...}, whether it may be for want of a framework's threads).

    It may, where an error or words came back or the copy waited; who computed without end or ended Python itself would
    do the same here.
    """
    ours, theirs = Pipe(duplex=False)
    child = os.fork()
    if not child:
        _answer(work, theirs)
    theirs.close()
    try:
        printed, outcome, in_time, states = _listen(ours, child)
    finally:
        os.kill(child, signal.SIGKILL)  # it may have ended long ago
        _, status = os.waitpid(child, 0)
        ours.close()
    if outcome is not None:
        return printed, outcome, True
    if not in_time or os.WTERMSIG(status) == signal.SIGALRM:
        return printed, {"words": TooLong.words}, 2 * states.count("R") < len(states)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return printed, {"words": f"The system ended it ({name}). Does it need more memory than there is?"}, False
    return printed, {"words": "It ended Python itself, without an answer. Call it yourself to find the line."}, False


def _answer(work, theirs):
    """Be the copy: send what `work` prints, then what it returns, and end."""
    try:
        sys.stdout = _Sent(theirs)
        with clock(signal.SIG_DFL, _patience()):  # the system ends this process, in whatever it is
            message = json.dumps({"value": work()}, default=_packed)
    except Unusable as error:
        message = json.dumps({"words": str(error)})
    except BaseException as error:
        message = json.dumps({"words": _stopped(error)})
    try:
        theirs.send_bytes(b"=" + message.encode())
    finally:
        os._exit(0)  # nothing of the copied process is to be tidied up twice


class _Sent(io.TextIOBase):
    """Where the copy prints to."""

    def __init__(self, theirs):
        self.theirs = theirs

    def write(self, text):
        self.theirs.send_bytes(b">" + text[:_CHARACTERS].encode(errors="replace"))
        return len(text)


def _listen(ours, child):
    """(what the copy printed, its outcome or None, whether it ended in time, its states at each look).

    A state is Linux's letter: R while it computes, even where others have the processor; another while it waits.
    """
    printed, states, end = "", "", time.monotonic() + SECONDS + _patience()
    try:
        while time.monotonic() < end:
            if not ours.poll(_LOOK):
                states += _state(child)
                continue
            message = ours.recv_bytes(_BYTES)
            if message[:1] == b"=":
                return printed, _outcome(message[1:]), True, states
            printed = (printed + message[1:].decode())[:_CHARACTERS]
    except (OSError, EOFError, ValueError, TypeError, KeyError):  # it ended, or sent what is no message
        return printed, None, True, states
    return printed, None, False, states


def _outcome(message):
    outcome = json.loads(message, object_hook=_unpacked)
    return {"value": outcome["value"]} if "value" in outcome else {"words": str(outcome["words"])}


def _state(child):
    """The letter of a process's state, nothing for one that has ended."""
    with open(f"/proc/{child}/stat", encoding="utf-8", errors="replace") as file:
        letter = file.read().rpartition(")")[2].split()[0]
    return "" if letter in "ZX" else letter


def _packed(values):
    if values.size > _NUMBERS:
        raise Unusable(f"It gives {values.size:,} numbers, far more than are asked for.")
    return {"half": values.dtype == np.float16, "shape": values.shape, "numbers": values.ravel().tolist()}


def _unpacked(entry):
    if "numbers" not in entry:
        return entry
    return np.array(entry["numbers"], np.float16 if entry["half"] else np.float64).reshape(entry["shape"])
