"""The command line: ``fcn-tutorial VERB``, or ``python -m fcn_tutorial VERB``.

Each verb is a module of fcn_tutorial.commands with `add_parser(verbs)`; what it needs is imported when it is called.
"""

import argparse
import importlib
import sys
from contextlib import redirect_stdout

from fcn_tutorial import __version__
from fcn_tutorial.commands import output, surroundings

VERBS = (
    "run",
    "lab",
    "notebooks",
    "exercises",
    "assignment",
    "address",
    "check",
    "stride",
    "look",
    "train",
    "evaluate",
    "segment",
)


class _Parser(argparse.ArgumentParser):
    def exit(self, status=0, message=None):
        """End as argparse does; its message may repeat what was typed."""
        super().exit(status, message and output.printable(message, output.LINES))


def build_parser():
    """The argparse parser with every verb; a verb's parser sets `call`, a function of the parsed arguments."""
    parser = _Parser(
        prog="fcn-tutorial", description="From a pretrained classifier to a network that labels every pixel."
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f"fcn_tutorial.commands.{verb}").add_parser(verbs)
    return parser


def main(arguments=None):
    """Run one verb and return its exit status: 0, or 1 when something is wrong, which is then said on stderr.

    A verb finds `stdout`, the stream for its report, in its arguments. 128 + the signal's number when one ended it.
    """
    with surroundings.Stop(last=arguments is None) as stop:
        try:
            with surroundings.streams() as stdout:
                return _run(arguments, stdout)
        except BaseException as error:
            if stop.number or isinstance(error, KeyboardInterrupt):
                output.complain(f"stopped. {error if isinstance(error, KeyboardInterrupt) else ''}".rstrip())
                return stop.status
            if not isinstance(error, Exception):
                raise
            output.complain(surroundings.describe(error))
            return 1
        finally:
            output.flush()


def _run(arguments, stdout):
    parser = build_parser()
    with redirect_stdout(stdout):
        parsed, rest = parser.parse_known_args(arguments)
    if rest and not getattr(parsed, "passes_on", False):
        parser.error(f"unknown arguments: {' '.join(rest)}")
    parsed.rest, parsed.stdout = rest, stdout
    with surroundings.home():
        return parsed.call(parsed) or 0


if __name__ == "__main__":
    sys.exit(main())
