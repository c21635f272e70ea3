"""For unit tests and notebooks alike: whose kernel runs, and what is not compared."""

import os

import pytest

os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one that the user has elsewhere


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Leave stderr out of nbval's comparison: libraries write there what differs from machine to machine."""
    collected = yield
    for collector in collected:
        if hasattr(collector, "skip_compare"):
            collector.skip_compare += ("stderr",)
    return collected
