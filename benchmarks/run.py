"""Run the benchmarks one after another, each as a process of its own, and write RESULTS.md.

usage: python benchmarks/run.py [--all] [NAME ...]

--all adds recipe.py, which trains for about an hour and writes RECIPE.md. NAMEs run those scripts alone, and RESULTS.md
stays as it is; so it does when a script fails. Leave the machine alone meanwhile: other work disturbs the times.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import report

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "conversion",
    "upsampling",
    "grid_offset",
    "loss",
    "classes",
    "folding",
    "train_camvid",
    "three_minutes",
    "skips",
)
LONG = ("recipe",)


def run_script(path, show=print):
    """Run one script from the repository root, `show` each line as it comes; (exit status, the lines as one text)."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-u", str(path)]
    lines = []
    pipe = dict(stdout=subprocess.PIPE, text=True, encoding="utf-8")
    with subprocess.Popen(command, cwd=HERE.parent, env=environment, **pipe) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            show(lines[-1])
    return process.returncode, "\n".join(lines)


def section(name, printed, seconds):
    """What RESULTS.md shows below a script's claim."""
    return f"```\n{printed}\n```\n\n`python benchmarks/{name}.py` took {seconds:.0f} s."


def run_all(names, folder=HERE, show=print):
    """Run the scripts `names` in `folder`: (sections for `report.results`, names of those that failed)."""
    sections, failed = [], []
    for name in names:
        path = folder / f"{name}.py"
        claim, start = report.claim(path), time.perf_counter()
        show(f"\n{path.name}: {claim}")
        status, printed = run_script(path, show)
        seconds = time.perf_counter() - start
        sections.append((path.name, claim, section(name, printed, seconds)))
        if status:
            failed.append(name)
            show(f"{path.name} failed with exit status {status}.")
    return sections, failed


def kept_apart(names, folder):
    """Sections of the long scripts, whose results stand in a file of their own from their last run."""
    for name in names:
        path, kept = folder / f"{name}.py", f"{name.upper()}.md"
        there = f"The table of its last run: [{kept}]({kept})." if (folder / kept).is_file() else "Not run yet."
        yield path.name, report.claim(path), there


def main(arguments=None, folder=HERE, scripts=SCRIPTS, long=LONG, show=print):
    """Run what the command line asks for; exit status 1 when a script failed."""
    parser = argparse.ArgumentParser(description="Run the benchmarks and write RESULTS.md.")
    parser.add_argument("--all", action="store_true", help=f"also the long ones: {', '.join(long)}")
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these alone and write nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*scripts, *long}
    if unknown:
        parser.error(f"no script {', '.join(sorted(unknown))}; there are {', '.join((*scripts, *long))}")
    described = report.machine()
    sections, failed = run_all(options.names or (*scripts, *(long if options.all else ())), folder, show)
    if failed:
        show(f"\nFailed: {', '.join(failed)}. Nothing was written.")
        return 1
    if not options.names:
        results = report.results(described, [*sections[: len(scripts)], *kept_apart(long, folder)])
        report.write_whole(folder / "RESULTS.md", results)
        show(f"\nWritten: {folder / 'RESULTS.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
