"""What is written down of a run: the machine, the claims, what the scripts printed; a file whole or not at all."""

import ast
import os
import platform
import subprocess
from datetime import date
from importlib import metadata
from pathlib import Path

import psutil

PACKAGES = ("tensorflow", "keras", "numpy", "fcn-tutorial")
PREFIX = "Claim: "


def claim(script):
    """The claim of a script: the first line of its docstring. Raises ValueError for one that makes none."""
    docstring = ast.get_docstring(ast.parse(Path(script).read_text(encoding="utf-8"))) or ""
    first = docstring.partition("\n")[0]
    if not first.startswith(PREFIX):
        raise ValueError(f"The docstring of {script} starts with {first!r}; expected '{PREFIX}...' in one line.")
    return first


def machine():
    """What ran: {"date": ..., "processor": ..., ...}, all text."""
    used = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = (f"{name} {metadata.version(name)}" for name in PACKAGES)
    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": f"{used} used, {psutil.cpu_count(logical=False) or 'unknown'} physical",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "load before": f"{psutil.getloadavg()[0]:.1f} processes",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": ", ".join(versions),
        "Keras backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
    }


def _processor():
    """The processor's model name, where the system tells it."""
    if platform.system() == "Linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    return platform.processor() or "unknown"


def table(heads, rows):
    """A table in Markdown of texts."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine_table(described):
    """What `machine` described, as a table in Markdown."""
    return table(["what", "where this was measured"], list(described.items()))


def results(described, sections):
    """RESULTS.md: `described` as `machine` does, sections of (file name, claim, what it printed)."""
    parts = ["# Results", "Written by `make bench`. What is compared in speed was run alternately, in one run."]
    parts.append(machine_table(described))
    for name, claimed, printed in sections:
        parts += [f"## {name}", claimed, printed]
    return "\n\n".join(parts) + "\n"


def write_whole(path, text):
    """Write `text` to `path`, whole or not at all: an earlier file stays until then."""
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
