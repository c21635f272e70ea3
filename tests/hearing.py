"""For programs that tests start and stop: they hear signals, even where the tests run in the background."""

import signal


def hear():
    """To be Popen's preexec_fn: a signal that the tests' own process ignores would be ignored by its child, too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
