"""``fcn-tutorial run``: execute the course and make the site."""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "run",
        help="execute all notebooks, make the site",
        description="Executes the notebooks in order, each in a fresh kernel, into build/notebooks; renders them to "
        "build/site; prints what was measured. The notebooks in the working tree stay as they are.",
    )
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Run the course; 0, or RuntimeError with the notebook, cell and traceback that failed."""
    course, folder = output.course_parts()
    executions = course.run(folder)
    page = folder / "build" / "site" / "index.html"
    data = {"notebooks": [execution.report() for execution in executions], "site": str(page)}
    output.report(arguments, data, f"{course.table(executions)}\n\nOpen {page} in a browser.")
