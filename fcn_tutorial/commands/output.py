"""How verbs report: a sentence or table for people, or JSON."""

import json


def add_json(parser):
    """Give a verb's parser the option --json."""
    parser.add_argument("--json", action="store_true", help="report as JSON on stdout")


def report(arguments, data, text):
    """Print `data` as JSON when --json was asked for, else `text`."""
    print(json.dumps(data, indent=2, ensure_ascii=False) if arguments.json else text)


def printable(text):
    """`text` with characters that would steer a terminal, or can't be shown, written as \\x1b or \\u202e."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
