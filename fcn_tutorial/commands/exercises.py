"""``fcn-tutorial exercises``: execute the exercises, and write what learners get from them."""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "exercises",
        help="execute the exercises with their solutions, and write the learners' edition and the quizzes",
        description="Executes notebooks/exercises/ in place, with the solutions; takes the solutions out for "
        "notebooks/exercises/student/; writes each lesson's quiz into its notebook.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name starts, such as 03")
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Refresh the exercises; 0, or RuntimeError with the notebook, cell and traceback that failed."""
    course, folder = output.course_parts()
    output.report_executions(arguments, course, course.refresh_exercises(folder, arguments.names))
