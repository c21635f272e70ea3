"""Fuzzing: damaged files of each kind are read by worker processes; what isn't a documented error is listed.

python tests/fuzz/campaign.py --count 25000: so many files of each kind; without a count it goes on for an hour.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_WORKER = Path(__file__).with_name("worker.py")
STALLED = 20  # seconds on one file
KINDS = ("photos", "masks", "weights", "earlier_weights", "checkpoints")


@dataclass
class Report:
    """outcomes: how often each; findings: [{"number", "sample", "what"}], what should not have happened."""

    outcomes: Counter = field(default_factory=Counter)
    findings: list = field(default_factory=list)


def fuzz(kind, first, last):
    """Read the mutants `first` to `last` of `kind`, going on behind each that kills or stalls its process: a Report."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="fcn_fuzz_", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        while first < last:
            for name in ("found", "at"):
                (folder / name).unlink(missing_ok=True)
            end = _watched(kind, first, last, folder)
            lines = [json.loads(line) for line in _lines(folder / "found")]
            report.findings += [line for line in lines if "number" in line]
            if end is None:
                report.outcomes.update(lines[-1])
                return report
            at = "".join(_lines(folder / "at"))
            if not at:
                raise RuntimeError(f"The worker for {kind} didn't start: {end}")
            report.findings.append({"number": int(at), "sample": None, "what": end})
            first = int(at) + 1
    return report


def _watched(kind, first, last, folder):
    """Run one worker; None when it came to its end, else how it ended."""
    command = [sys.executable, str(_WORKER), kind, str(first), str(last), str(folder)]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, stdout=words, stderr=words)
        seen, since = None, time.monotonic()
        while process.poll() is None:
            time.sleep(0.05)
            at = "".join(_lines(folder / "at"))
            if at != seen:
                seen, since = at, time.monotonic()
            elif time.monotonic() - since > (STALLED if at else 120):
                process.kill()
                process.wait()
                return f"no answer within {STALLED} seconds"
        words.seek(max(0, words.seek(0, os.SEEK_END) - 300))
        said = words.read().decode(errors="replace").strip()
        return None if process.returncode == 0 else f"exit status {process.returncode}: {said}"


def _lines(file):
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def main():
    """Fuzz the kinds named, in turns, until time or count is used up; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--count", type=int, help="so many files of each kind, in place of minutes")
    parser.add_argument("--start", type=int, default=0, help="number of the first file")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="folder for the files that were too much")
    arguments = parser.parse_args()
    ends, step, first = time.monotonic() + 60 * arguments.minutes, 1000, arguments.start
    reports = {kind: Report() for kind in arguments.kinds}
    while first - arguments.start < (arguments.count or float("inf")) and (arguments.count or time.monotonic() < ends):
        last = min(first + step, arguments.start + (arguments.count or first + step))
        for kind, report in reports.items():
            part = fuzz(kind, first, last)
            report.outcomes.update(part.outcomes)
            report.findings += part.findings
            for finding in part.findings:
                print(f"{kind} {finding['number']}: {finding['what']}", flush=True)
        first = last
    for kind, report in reports.items():
        print(f"{kind}: {first - arguments.start} files; {dict(report.outcomes)}; {len(report.findings)} findings")
        _keep(kind, report.findings, arguments.out)
    return 1 if any(report.findings for report in reports.values()) else 0


def _keep(kind, findings, folder):
    """Write the files that were too much, so that they can be read again."""
    if not findings:
        return
    sys.path.insert(0, str(_WORKER.parent.parent))
    import kinds

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        samples = kinds.KINDS[kind](Path(scratch))
        for number in {finding["number"] for finding in findings}:
            place, damaged = samples.damaged(number)
            (folder / f"{kind}_{number}{samples.suffixes[place]}").write_bytes(damaged)


if __name__ == "__main__":
    sys.exit(main())
