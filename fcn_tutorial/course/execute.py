"""Executes notebooks, each in a fresh kernel and an empty folder, with a progress bar."""

import atexit
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field

from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, CellTimeoutError, DeadKernelError

from fcn_tutorial import files
from fcn_tutorial.course import kernels
from fcn_tutorial.progress import bar

MEASURED_TAG = "measured"  # the tag of a notebook's last code cell, which prints lines "name: value"
CELL_TIMEOUT = 900  # seconds
_COLOURS = re.compile(r"\x1b\[[\d;]*m")  # in which the kernel writes tracebacks
_BAR = "{desc} |{bar:20}| cell {n_fmt}/{total_fmt} {elapsed}"


class CellFailed(RuntimeError):
    """A cell of a notebook raised; the message holds the notebook, the cell and the traceback."""


@dataclass
class Execution:
    """An executed notebook, what it printed as measured, how long it took and its kernel's peak memory."""

    name: str
    notebook: object = field(repr=False)
    seconds: float
    peak_bytes: int
    measured: dict

    def report(self):
        """The same as a dict for JSON, without the notebook."""
        peak = round(self.peak_bytes / 2**20)
        return {"name": self.name, "minutes": round(self.seconds / 60, 2), "peak_mib": peak, "measured": self.measured}


class _Progress:
    """One notebook's bar: the running cell of how many, the time, and the watch over the kernel's memory."""

    def __init__(self, name, cells, quiet):
        self.name = name
        self.bar = bar(total=cells, desc=name, bar_format=_BAR, disable=quiet)
        self.watch = None

    def start(self, client):
        if self.watch is None:
            tick = self.bar.refresh if sys.stderr.isatty() else lambda: None
            self.watch = kernels.Watch(client.km.provisioner.pid, tick)
            self.watch.start()
        self.bar.update()

    def close(self):
        if self.watch:
            self.watch.close()
        self.bar.close()


def execute(notebook, name, quiet=False, timeout=CELL_TIMEOUT):
    """Run every cell of `notebook` (nbformat 4 object, changed in place) and return its Execution.

    The kernel starts in an empty temporary folder, as on Colab: a notebook that needs a file beside it fails.
    Raises CellFailed when a cell raises, takes more than `timeout` seconds or loses its kernel.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    progress, began = _Progress(name, len(code), quiet), time.perf_counter()
    running = []
    client = NotebookClient(notebook, timeout=timeout)
    client.on_cell_execute = lambda cell, cell_index: (running.append(cell), progress.start(client))
    client.on_cell_executed = lambda **_: progress.watch.look()
    try:
        _run(client)
    except (CellControlSignal, RuntimeError) as error:
        raise CellFailed(_describe(name, code, running, error)) from error
    finally:
        progress.close()
    peak = progress.watch.peak if progress.watch else 0
    return Execution(name, notebook, time.perf_counter() - began, peak, measured(notebook, name))


def _run(client):
    with files.TemporaryFolder("fcn_kernel_") as folder, tempfile.TemporaryFile() as words:
        (here := folder / "here").mkdir()
        client.km = kernels.manager(folder)
        # What the kernel itself says while it starts is no learner's concern.
        more = {"cwd": str(here), "env": kernels.isolated(folder), "stderr": words, "cleanup_kc": True}
        try:
            kernels.interruptible(lambda: client.execute(**more), client.km)
        except DeadKernelError:
            raise
        except RuntimeError as error:  # it did not start, and may have said why
            words.seek(0)
            raise RuntimeError(f"{error}\n{words.read().decode(errors='replace')}".rstrip()) from error
        finally:
            atexit.unregister(client._cleanup_kernel)  # left there by the client where its kernel did not start


def _describe(name, code, running, error):
    cell = running[-1] if running else None
    where = f"cell {code.index(cell) + 1} of {len(code)}" if cell else "before the first cell"
    source = f"\n\n{cell.source}" if cell else ""
    if isinstance(error, CellExecutionError):
        return f"{name}, {where} failed.\n\n{_COLOURS.sub('', error.traceback)}"  # which holds the source
    if isinstance(error, CellTimeoutError):
        reason = "It took too long and was stopped."
    elif not isinstance(error, DeadKernelError):
        reason = f"{error}\n`fcn-tutorial check` says what is missing."
    else:
        reason = "Its kernel died; most often the memory ran out. Close other programs and try again."
    return f"{name}, {where} failed:{source}\n\n{reason}"


def measured(notebook, name):
    """The "name: value" lines that the cell tagged "measured" printed, as a dict; empty where there is no such cell.

    Raises ValueError for a line of another form.
    """
    values = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or MEASURED_TAG not in cell.metadata.get("tags", []):
            continue
        printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        for line in printed.splitlines():
            what, colon, value = line.rpartition(": ")
            if not colon:
                raise ValueError(f'{name}: the cell tagged "{MEASURED_TAG}" printed {line!r}; expected "name: value".')
            values[what.strip()] = value.strip()
    return values
