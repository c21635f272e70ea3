"""A minute of fuzzing: no damaged file ends a process, takes too much memory, or fails without fitting words."""

import sys

import pytest
from campaign import fuzz

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and limits are read as Linux keeps them")


COUNTS = {"photos": 8000, "masks": 6000, "checkpoints": 10000, "weights": 400, "earlier_weights": 20}


@pytest.mark.parametrize(("kind", "count"), COUNTS.items())
def test_damaged_files_are_refused_in_words_whatever_is_wrong_with_them(kind, count):
    report = fuzz(kind, 0, count)
    assert report.findings == []
    assert sum(report.outcomes.values()) == count
    assert min(report.outcomes["read"], report.outcomes["ValueError"]) > count / 50  # both sides were tried
