"""Reads the mutants of one kind, FIRST to LAST, in this process; the caller sees to it when the process dies or hangs.

python tests/fuzz/worker.py KIND FIRST LAST FOLDER: writes the number at work to FOLDER/at, what was found to
FOLDER/found as lines of JSON, {"number", "sample", "what"}, and at the end how often each outcome occurred.
"""

import json
import os
import resource
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # tests/, for small_backbone

import kinds

_NOISE = 16 * 2**20  # bytes that an allocator may take in one go
_CEILING = 3 * 2**30  # bytes of address space beyond what the process has before the first file


def main(name, first, last, folder):
    """Read every mutant, noting what is none of the documented outcomes."""
    kind = kinds.KINDS[name](folder)
    needed = [_memory_of(kind, sample, suffix) for sample, suffix in zip(kind.samples, kind.suffixes, strict=True)]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _CEILING, used + _CEILING))
    outcomes, found = Counter(), (folder / "found").open("a", encoding="utf-8")
    at = os.open(folder / "at", os.O_CREAT | os.O_WRONLY)
    for number in range(first, last):
        os.pwrite(at, b"%12d" % number, 0)
        place, damaged = kind.damaged(number)
        outcome, memory = _read(kind, damaged, kind.suffixes[place])
        outcomes[outcome] += 1
        # A picture may really be as large as its head says, up to the limit that its reader keeps.
        allowed = 3 * max(needed[place], kind.claimed(folder / f"mutant{kind.suffixes[place]}")) + _NOISE
        if outcome not in kind.documented or memory > allowed:
            what = outcome if outcome not in kind.documented else f"{memory} bytes, at most {allowed}"
            print(json.dumps({"number": number, "sample": place, "what": what}), file=found, flush=True)
    print(json.dumps(outcomes), file=found, flush=True)


def _read(kind, content, suffix):
    """(how reading ended, the most memory that it took beyond what was there)."""
    file = kind.folder / f"mutant{suffix}"
    file.write_bytes(content)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _peak()
    try:
        kind.read(file)
        outcome = "read"
    except BaseException as error:
        outcome = f"{type(error).__name__}"
        if outcome not in kind.documented:
            outcome = f"{outcome}: {str(error)[:200]}"
        elif not str(error).strip():
            outcome = f"{outcome} without a word"
    return outcome, _peak() - before


def _memory_of(kind, sample, suffix):
    outcome, memory = _read(kind, sample, suffix)
    if outcome != "read":
        raise SystemExit(f"A right sample of {suffix} can't be read: {outcome}")
    return memory


def _peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
