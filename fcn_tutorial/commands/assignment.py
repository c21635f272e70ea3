"""``fcn-tutorial assignment``: the exercises with other numbers, to be marked with nbgrader."""

from pathlib import Path

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "assignment",
        help="write the exercises with numbers of their own, for a class that is marked",
        description="Writes a variant of the exercises: its numbers, and with them its solutions, follow from the seed "
        "alone. source/ is the instructor's edition in nbgrader's layout, student/ the one without solutions.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="how an exercise's name starts, such as 03")
    parser.add_argument("--seed", required=True, help="any number or word; keep it to yourself")
    parser.add_argument("--out", required=True, type=Path, help="a new folder outside of the repository")
    parser.set_defaults(call=call)


def call(arguments):
    """Write the assignment."""
    _, folder = output.course_parts()
    from fcn_tutorial.course import assignment

    files = assignment.write(folder, arguments.out, arguments.seed, arguments.names)
    made = f"{len(files) // 2} exercises for seed {arguments.seed} in {arguments.out}."
    steps = "".join(f"\n  nbgrader {verb} NAME" for verb in ("generate_assignment", "autograde", "generate_feedback"))
    output.say(arguments, f"{made} Next, for each NAME in source/:\n  cd {arguments.out}{steps}")
