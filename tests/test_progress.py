"""Bars: as ever in a terminal, and a line now and then where nobody watches."""

import io
import sys

import pytest

from fcn_tutorial import progress


class Terminal(io.StringIO):
    """What stderr is where somebody watches."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes one second on with each look."""
    seconds = iter(range(10**9))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("tqdm.std.time", lambda: next(seconds))
    return seconds


@pytest.mark.parametrize("leave", [True, False])
def test_a_log_gets_a_line_every_ten_seconds_and_the_end(clock, monkeypatch, leave):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    for _ in progress.bar(range(200), desc="first", leave=leave):
        pass
    lines = stderr.getvalue().splitlines()
    assert 2 <= len(lines) <= next(clock) / progress.PAUSE + 1
    assert ("200/200" in lines[-1]) == leave
    assert all(line.startswith("first: ") and line.isprintable() and line == line.strip() for line in lines)


def test_a_short_bar_is_its_end_alone_in_a_log(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    for leave in (True, False):
        for _ in progress.bar(range(20), desc="first", leave=leave):
            pass
    (line,) = stderr.getvalue().splitlines()
    assert "20/20" in line


def test_a_terminal_sees_the_bar_move(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    for _ in progress.bar(range(3), desc="first", mininterval=0):
        pass
    assert stderr.getvalue().count("\r") > 2 and "3/3" in stderr.getvalue()


def test_a_bar_that_is_turned_off_says_nothing(monkeypatch):
    for stderr in (io.StringIO(), Terminal()):
        monkeypatch.setattr(sys, "stderr", stderr)
        assert list(progress.bar(range(3), disable=True)) == [0, 1, 2]
        assert stderr.getvalue() == ""
