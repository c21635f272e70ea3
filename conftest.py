"""For unit tests and notebooks alike: whose kernel runs, and what is not compared."""

import os

import pytest

from fcn_tutorial.course import kernels

_environment = kernels.environment()
for _name in os.environ.keys() - _environment.keys():
    del os.environ[_name]
os.environ.update(_environment)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Leave stderr out of nbval's comparison: libraries write there what differs from machine to machine."""
    collected = yield
    for collector in collected:
        if hasattr(collector, "skip_compare"):
            collector.skip_compare += ("stderr",)
    return collected
