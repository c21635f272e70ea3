"""``fcn-tutorial notebooks``: execute notebooks in place."""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "notebooks",
        help="execute the notebooks in place and normalise them",
        description="Refreshes the stored outputs: executes each notebook in place, in a fresh kernel, and brings it "
        "into the stored form (head, metadata, execution order, no stderr, no widget state).",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name starts, such as 03")
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Refresh the notebooks; 0, or RuntimeError with the notebook, cell and traceback that failed."""
    course, folder = output.course_parts()
    output.report_executions(arguments, course, course.refresh(folder, arguments.names))
