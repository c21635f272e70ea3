"""``fcn-tutorial check``: is everything here that the course needs?"""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "check",
        help="look at versions, kernel, backend, weights and memory",
        description="Looks at versions, kernel, backend, weights and free memory, and says what to do about each thing "
        "that is off. The exit status is 1 when something is.",
    )
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Print the findings; 0 when all are in order, else 1."""
    from fcn_tutorial.course import check

    findings = check.look()
    output.report(arguments, check.as_dict(findings), check.as_text(findings))
    return 0 if all(finding.ok for finding in findings) else 1
