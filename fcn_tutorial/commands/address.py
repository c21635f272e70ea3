"""``fcn-tutorial address``: where the course lives; a teacher forks it with one command."""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "address",
        help="print the repository's address, or give the course another",
        description="Prints the address that pyproject.toml gives. With URL: writes it there and makes the badges, the "
        "Colab install cells and the links of all pages from it.",
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="https://github.com/OWNER/NAME")
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Print or rewrite; ValueError for anything but https://github.com/OWNER/NAME."""
    from fcn_tutorial.course import address

    folder = address.course_folder()
    if arguments.url is None:
        url = address.read_address(folder)
        output.report(arguments, {"address": url}, url)
        return
    from fcn_tutorial.course import fork  # needs nbformat, which an installation without extras lacks

    changed = [str(file.relative_to(folder)) for file in fork.rewrite(folder, arguments.url)]
    url = address.read_address(folder)
    text = "\n".join([*changed, f"{len(changed)} files changed; the course now lives at {url}."])
    tag = f"Badges and Colab cells point at {address.TAG}: commit, then git tag -f {address.TAG}, and push both."
    output.report(arguments, {"address": url, "changed": changed, "tag": address.TAG}, f"{text}\n{tag}")
