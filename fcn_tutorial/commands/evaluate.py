"""``fcn-tutorial evaluate FILE --data ... --split val``: the four metrics of trained weights (notebook 05)."""

from pathlib import Path

from fcn_tutorial.commands import data_options, output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "evaluate",
        help="the four metrics of trained weights",
        description="Scores a weights file on one split: one confusion matrix over all its images, void left out. The "
        "data's classes must be those of the weights. Each image is seen at its own size, as by `segment`.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a NAME.weights.h5 that `fcn-tutorial train` wrote")
    data_options.add(parser)
    parser.add_argument("--split", choices=data_options.SPLITS, default="val", help="default: %(default)s")
    parser.add_argument(
        "--batch",
        type=int,
        default=2,
        metavar="N",
        help="images at a time, default: %(default)s; images of several sizes one by one",
    )
    output.add_download(parser)
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Evaluate and report. Raises ValueError and FileNotFoundError for a bad file or bad data."""
    dataset = data_options.load(arguments, arguments.split)
    from fcn_tutorial import metrics, training, weights
    from fcn_tutorial.datasets.sizes import Continued

    remarks, batch = data_options.remarks(dataset), arguments.batch
    several = len(data_options.sizes(dataset))
    if several > 1:
        batch, remarks = 1, [*remarks, f"The images have {several} sizes; each was seen at its own."]
    network = weights.load(arguments.file, arguments.download)
    if network.trained_size:
        dataset = Continued(dataset, network.trained_size)
    result = metrics.scores(training.evaluate(network, dataset, batch)).as_dict(network.class_names)
    result["images"] = len(dataset)
    figures = [(key.replace("_", " "), value) for key, value in result.items() if isinstance(value, float)]
    rows = [*figures, *((f"  {name}", value) for name, value in result["per_class_iou"].items())]
    width = max(26, *(len(name) + 4 for name in network.class_names))
    lines = [f"{name:{width}}{'absent' if value is None else format(value, '.3f')}" for name, value in rows]
    data = result | ({"remarks": remarks} if remarks else {})
    output.report(arguments, data, "\n".join([*lines, f"{'images':{width}}{len(dataset)}", *remarks]))
