"""``fcn-tutorial lab``: the learner's own copies in JupyterLab."""

import importlib.util

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "lab",
        help="copy the notebooks without outputs to work/ and open JupyterLab there",
        description="Copies the notebooks without their outputs to work/, where an existing copy is never overwritten, "
        "and opens JupyterLab there, the first time on the first lesson. Further arguments, such as --no-browser, go "
        "to JupyterLab.",
    )
    parser.add_argument("--copy-only", action="store_true", help="copy, don't open JupyterLab")
    parser.set_defaults(call=call, passes_on=True)


def call(arguments):
    """Copy and open; the exit status is JupyterLab's."""
    _, folder = output.course_parts()
    from fcn_tutorial.course import lab

    new = lab.copy(folder)
    output.say(arguments, f"work/: {len(new)} new notebooks copied; those that were there stay as they are.")
    if arguments.copy_only:
        return 0
    if importlib.util.find_spec("jupyterlab") is None:
        raise RuntimeError('jupyterlab is not installed. In the clone: pip install -e ".[lab,site]"')
    return lab.start(folder, arguments.rest, lab.first_page(folder, new))
