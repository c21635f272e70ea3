"""How verbs report: a sentence or table for people, or JSON; and what went wrong, in one line."""

import errno
import json
import os
import sys

LINES = "\n\t"  # what a report of several lines consists of


def add_json(parser):
    """Give a verb's parser the option --json."""
    parser.add_argument("--json", action="store_true", help="report as JSON on stdout")


def printable(text, kept=""):
    r"""`text` with what would steer a terminal written out, such as \x1b and \u202e; it may be a stranger's words.

    kept: characters that stay all the same.
    """
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in str(text))


def report(arguments, data, text):
    """Print `data` as JSON when --json was asked for, else `text`."""
    # JSON in ASCII, so that it stays JSON where the terminal's encoding lacks a character.
    say(arguments, json.dumps(data, indent=2) if arguments.json else text)


def say(arguments, text):
    """Print `text` to the stdout that the verb was started with, which is kept for its own words.

    Raises OSError when it can't be written; a reader that has gone (``| head``) is no error.
    """
    try:
        print(printable(text, LINES), file=arguments.stdout, flush=True)
    except OSError as error:
        _lead_nowhere(arguments.stdout)
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # the second is a closed pipe's on Windows
            raise OSError(f"The report could not be written: {error.strerror}.") from error


def complain(text):
    """Print one thing that is wrong to stderr, if somebody reads it."""
    try:
        print(f"fcn-tutorial: {printable(text, LINES)}", file=sys.stderr, flush=True)
    except OSError:
        _lead_nowhere(sys.stderr)


def flush():
    """Write what is left of stdout and stderr, where somebody reads it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _lead_nowhere(stream)


def _lead_nowhere(stream):
    """What is left in the stream's buffer would otherwise fail again when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def report_executions(arguments, course, executions):
    """Report what executing notebooks gave; course: the module that `course_parts` returns."""
    data = {"notebooks": [execution.report() for execution in executions]}
    report(arguments, data, course.table(executions))


def course_parts():
    """The module fcn_tutorial.course.run, and the folder of the course.

    Raises RuntimeError when what executes notebooks is not installed, FileNotFoundError outside a clone.
    """
    try:
        from fcn_tutorial.course import address, run
    except ModuleNotFoundError as error:
        raise RuntimeError(f'{error.name} is not installed. In the clone: pip install -e ".[lab,site]"') from error
    return run, address.course_folder()


def add_download(parser):
    """Give a verb's parser the option --download, for `weights.load`."""
    parser.add_argument(
        "--download",
        action="store_true",
        help="let Keras fetch the backbone's ImageNet weights, where the weights file holds the head alone and its "
        "backbone is one of keras.applications",
    )
