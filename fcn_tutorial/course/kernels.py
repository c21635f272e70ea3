"""Kernels of this very Python, and what they use at most."""

import asyncio
import importlib.util
import os
import sys
import threading
from concurrent import futures
from pathlib import Path

import psutil

KERNEL = "python3"
# What a user has set for other programs, and what a kernel takes for its own: its pictures would not be shown.
_NOT_FOR_KERNELS = ("MPLBACKEND", "PYTHONSTARTUP")


def environment():
    """Environment for programs that start kernels: they take this Python's kernel and show a notebook's pictures.

    A kernel of the same name that the user has elsewhere stands behind.
    """
    own = str(Path(sys.prefix) / "share" / "jupyter")
    paths = [own, *filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep))]
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_KERNELS}
    return kept | {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PATH": os.pathsep.join(dict.fromkeys(paths))}


def kernel_command():
    """The command that the kernel "python3" starts with in JupyterLab, as a list of str.

    Raises FileNotFoundError when Jupyter's parts are not installed or know no such kernel.
    """
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from jupyter_core.paths import ENV_JUPYTER_PATH, jupyter_path

        places = [str(Path(folder) / "kernels") for folder in (*ENV_JUPYTER_PATH, *jupyter_path())]
        return KernelSpecManager(kernel_dirs=places).get_kernel_spec(KERNEL).argv
    except ImportError as error:
        raise FileNotFoundError(f"{error.name} is not installed; pip install ipykernel nbclient") from error
    except NoSuchKernel as error:
        raise FileNotFoundError(f"Jupyter knows no kernel {KERNEL!r}; pip install ipykernel") from error


def is_own(command):
    """Whether a kernel's command starts the Python that runs now; Jupyter replaces a bare "python" by it."""
    return command[0] in {"python", "python3"} or Path(command[0]).absolute() == Path(sys.executable).absolute()


def manager(folder):
    """A manager for one kernel that is this Python, whatever kernels are installed; its files go to `folder`."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager(kernel_dirs=[])  # leaves the one that starts sys.executable
    return AsyncKernelManager(
        kernel_name=KERNEL, kernel_spec_manager=specs, connection_file=str(Path(folder) / "kernel.json")
    )


def isolated(folder):
    """Environment for one kernel in which nothing of the user's settings for IPython and Matplotlib is seen."""
    matplotlib = importlib.util.find_spec("matplotlib")
    style = {"MATPLOTLIBRC": str(Path(matplotlib.origin).parent / "mpl-data" / "matplotlibrc")} if matplotlib else {}
    return environment() | style | {"IPYTHONDIR": str(Path(folder) / "ipython")}


def interruptible(work, manager):
    """Return work(), which uses the kernel of `manager`; where this program is interrupted, that kernel is killed.

    The work has a thread of its own, for Jupyter's client would take the signals that end a program for itself.
    """
    with futures.ThreadPoolExecutor(1) as thread:
        result = thread.submit(work)
        try:
            while futures.wait([result], 0.5).not_done:  # Windows hears Ctrl-C only between two waits
                pass
        except BaseException:
            while futures.wait([result], 0.1).not_done:
                if manager.has_kernel:
                    asyncio.run(manager.provisioner.kill())
            raise
        return result.result()


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
