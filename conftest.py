"""For unit tests and notebooks alike: whose kernel runs, and what is not compared."""

import os

import pytest

from fcn_tutorial.course import kernels

_environment = kernels.environment()
for _name in os.environ.keys() - _environment.keys():
    del os.environ[_name]
os.environ.update(_environment)


def pytest_ignore_collect(collection_path):
    """Leave out what a Mac lays beside each file on a foreign disk: ._01_one.ipynb is no notebook."""
    return True if collection_path.name.startswith("._") else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Leave stderr out of nbval's comparison: libraries write there what differs from machine to machine."""
    collected = yield
    for collector in collected:
        if hasattr(collector, "skip_compare"):
            collector.skip_compare += ("stderr",)
    return collected
