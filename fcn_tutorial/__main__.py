"""The command line: ``fcn-tutorial VERB``, or ``python -m fcn_tutorial VERB``.

Each verb is a module of fcn_tutorial.commands with `add_parser(verbs)`; what it needs is imported when it is called.
"""

import argparse
import importlib
import pickle
import sys

from fcn_tutorial import __version__

VERBS = (
    "run",
    "lab",
    "notebooks",
    "exercises",
    "assignment",
    "address",
    "check",
    "stride",
    "train",
    "evaluate",
    "segment",
)


def build_parser():
    """The argparse parser with every verb; a verb's parser sets `call`, a function of the parsed arguments."""
    parser = argparse.ArgumentParser(
        prog="fcn-tutorial", description="From a pretrained classifier to a network that labels every pixel."
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f"fcn_tutorial.commands.{verb}").add_parser(verbs)
    return parser


def main(arguments=None):
    """Run one verb and return its exit status: 0, or 1 when something is wrong, which is then said on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) == "strict":
            stream.reconfigure(errors="backslashreplace")  # a path may hold what the terminal can't show
    parser = build_parser()
    parsed, rest = parser.parse_known_args(arguments)
    if rest and not getattr(parsed, "passes_on", False):
        parser.error(f"unknown arguments: {' '.join(rest)}")
    parsed.rest = rest
    try:
        return parsed.call(parsed) or 0
    except (ValueError, OSError, RuntimeError, FloatingPointError, pickle.UnpicklingError) as error:
        print(f"fcn-tutorial: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"fcn-tutorial: stopped. {stop}".rstrip(), file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
