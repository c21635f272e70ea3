"""What a verb finds around it, made such that it can work: streams, a home, and signals that end it in order."""

import errno
import math
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, redirect_stdout

_ONCE = 1.0  # seconds in which a key pressed twice is one wish: what ends in order is not disturbed
_ENDS = ("SIGINT", "SIGTERM", "SIGHUP")
# Where libraries keep things in a home that can be read and not written.
_IN_HOME = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")


@contextmanager
def streams():
    """Standard streams that exist and take every text; yields the stdout for reports.

    Until the block ends, what libraries print to stdout goes to stderr, so that a report is nothing but the report.
    """
    for descriptor in (0, 1, 2):  # a closed one's number would be given to the next file, and native words go there
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        if hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")
    stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        yield stdout


@contextmanager
def home():
    """A home for libraries that keep files there: the user's, or a temporary one where there is none to write to."""
    place = os.path.expanduser("~")
    if _can_be_written(place):
        yield
        return
    from fcn_tutorial import files

    with files.TemporaryFolder("fcn_home_") as folder, _restored():
        if not os.path.isdir(place):
            os.environ["USERPROFILE" if os.name == "nt" else "HOME"] = str(folder)
        for name in _IN_HOME:
            os.environ.setdefault(name, str(folder / name.lower()))
        yield


def _can_be_written(folder):
    import tempfile

    try:
        tempfile.TemporaryFile(dir=folder).close()
        return True
    except OSError:
        return False


@contextmanager
def _restored():
    before = os.environ.copy()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Stop:
    """Hears the signals that end a program: `.number` is the one that came, None before.

    last: whether the program ends with the block; from there on Ctrl-C ends it at once and without a word.
    """

    def __init__(self, last):
        self.last = last
        self.number = None
        self._deaf_until = 0.0
        self._later = None
        self._before = {}
        self._unraisable = sys.unraisablehook

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            numbers = [getattr(signal, name) for name in _ENDS if hasattr(signal, name)]
            # One that is ignored (nohup, a background job) stays so.
            for number in numbers:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._hear)
            sys.unraisablehook = self._not_lost
        return self

    def __exit__(self, *_):
        sys.unraisablehook = self._unraisable
        if self._later is not None:  # the program ends as it is: said again now, the signal would be another one
            self._deaf_until = math.inf
            self._later.cancel()
            self._later.join()
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if self.last else handler)

    def _hear(self, number, _):
        if time.monotonic() < self._deaf_until:
            return
        self.number, self._deaf_until = number, time.monotonic() + _ONCE
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(self.status)

    def _not_lost(self, unraisable):
        """A destructor or callback that was interrupted can't pass it on: say it again a little later."""
        if self.number is None or not issubclass(unraisable.exc_type, KeyboardInterrupt | SystemExit):
            self._unraisable(unraisable)
            return
        self._deaf_until = 0.0
        self._later = threading.Timer(0.05, self._again)
        self._later.start()

    def _again(self):
        if hasattr(signal, "pthread_kill"):  # one that this thread raises for itself does not end another's waiting
            signal.pthread_kill(threading.main_thread().ident, self.number)
        else:
            signal.raise_signal(self.number)

    @property
    def status(self):
        """Exit status as a shell gives it."""
        return 128 + (self.number or signal.SIGINT)


def describe(error):
    """One line for an error that a user can do something about, the traceback of a fault of the program's own."""
    import pickle
    import traceback

    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's, on a GPU
        return f"Not enough memory. Close other programs, or do less at a time (--batch, smaller images). {error}"
    if isinstance(error, ImportError):
        if error.name is None:  # the course's own words
            return str(error)
        if error.name.split(".")[0] != "fcn_tutorial":
            return f"{error}. `fcn-tutorial check` says what is missing and how to get it."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error}. Free some space there, or choose another place (TMPDIR for temporary files)."
    if isinstance(error, ValueError | OSError | RuntimeError | FloatingPointError | pickle.UnpicklingError):
        return str(error) or type(error).__name__
    return "".join(traceback.format_exception(error)).rstrip()
