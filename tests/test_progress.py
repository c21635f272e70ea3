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
    """A clock that goes one second on with each look; nothing was written yet."""
    seconds = iter(range(10**9))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("tqdm.std.time", lambda: next(seconds))
    monkeypatch.setattr(progress._Log, "written", float("-inf"))
    return seconds


def test_a_log_gets_a_line_every_ten_seconds_at_most_of_all_bars_together(clock, monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    for name in ("first", "second"):
        for _ in progress.bar(range(200), desc=name, leave=name == "first"):
            pass
    lines = stderr.getvalue().splitlines()
    assert 2 <= len(lines) <= next(clock) / progress.PAUSE + 1
    assert any(line.startswith("first: ") for line in lines) and any(line.startswith("second: ") for line in lines)
    assert all(line.isprintable() and line == line.strip() for line in lines)


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
