"""Kernels of this very Python, and what they use at most."""

import os
import sys
import threading
from pathlib import Path

import psutil

KERNEL = "python3"


def prefer_own_kernel():
    """Make Jupyter take the kernel of the environment that runs now before one that the user has elsewhere."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def kernel_command():
    """The command that the kernel "python3" starts with, as a list of str.

    Raises FileNotFoundError when Jupyter's parts are not installed or know no such kernel.
    """
    prefer_own_kernel()
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        return KernelSpecManager().get_kernel_spec(KERNEL).argv
    except ImportError as error:
        raise FileNotFoundError(f"{error.name} is not installed; pip install ipykernel nbclient") from error
    except NoSuchKernel as error:
        raise FileNotFoundError(f"Jupyter knows no kernel {KERNEL!r}; pip install ipykernel") from error


def is_own(command):
    """Whether a kernel's command starts the Python that runs now; Jupyter replaces a bare "python" by it."""
    return command[0] in {"python", "python3"} or Path(command[0]).absolute() == Path(sys.executable).absolute()


class Watch(threading.Thread):
    """Looks at a process every `interval` seconds, then calls `tick`; `.peak` is the most memory it held, in bytes."""

    def __init__(self, pid, tick=lambda: None, interval=0.2):
        super().__init__(daemon=True)
        self.process, self.tick, self.interval = psutil.Process(pid), tick, interval
        self.peak = 0
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(self.interval):
            self.look()
            self.tick()

    def look(self):
        """Take the peak that the system keeps, where it keeps one (Linux, Windows), else what is held now."""
        try:
            memory = self.process.memory_info()
            self.peak = max(self.peak, getattr(memory, "peak_wset", memory.rss), _high_water(self.process.pid))
        except (psutil.Error, OSError):
            pass  # the process has just ended

    def close(self):
        """Stop looking."""
        self._over.set()
        self.join()


def _high_water(pid):
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    lines = status.read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
