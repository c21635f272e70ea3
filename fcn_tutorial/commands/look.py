"""``fcn-tutorial look --data folder --data-dir DIR``: what is in a data set, before anything is trained."""

from functools import partial
from pathlib import Path

from fcn_tutorial import files
from fcn_tutorial.commands import data_options, output

SHOWN = 12  # images on a sheet


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "look",
        help="see what is in a data set before you train on it",
        description="Reads every image of every split that is there, and tells sizes, how often each class occurs, and "
        "what looks wrong: files that can't be read, classes that never occur, masks all of one class, a photo that is "
        "there twice.",
    )
    data_options.add(parser)
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help=f"also write a picture, FILE.png: {SHOWN} photos of the first split under their masks' colours",
    )
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Survey every split and report. Raises ValueError and OSError for options or files that make no data set."""
    if arguments.sheet and arguments.sheet.suffix.lower() != ".png":
        raise ValueError(f"--sheet takes a name that ends in .png; got {arguments.sheet.name}.")
    # The first split is loaded where none is there, too: it says best what is lacking.
    datasets = {split: data_options.load(arguments, split) for split in data_options.there(arguments) or ["train"]}
    if arguments.sheet:
        files.check_place(arguments.sheet)
    from fcn_tutorial import progress
    from fcn_tutorial.datasets import survey

    found = [
        survey.survey(dataset, split, partial(progress.bar, desc=split, unit="image", leave=False))
        for split, dataset in datasets.items()
    ]
    first = next(iter(datasets.values()))
    remarks = data_options.remarks(first)
    data = {"splits": [one.as_dict() for one in found], "suspicions": survey.shared(found), "remarks": remarks}
    lines = [survey.as_text(found), *remarks]
    if arguments.sheet:
        from fcn_tutorial import pictures

        pictures.write_png(pictures.sheet(first, SHOWN), arguments.sheet)
        data["sheet"] = str(arguments.sheet)
        lines.append(f"{arguments.sheet}: {min(SHOWN, len(first))} of the photos of {found[0].split} and their masks")
    output.report(arguments, data, "\n".join(lines))
