"""``fcn-tutorial stride NAME``: a backbone's total stride, computed and measured (notebook 03)."""

from fcn_tutorial.commands import output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "stride",
        help="a backbone's total stride, computed and measured",
        description="Computes total stride and receptive field of a backbone's last map from its layers, and measures "
        "the stride on the running network in three ways. Random weights: nothing is downloaded.",
    )
    parser.add_argument("name", metavar="NAME", help="efficientnet_lite0, vgg16, resnet50, ...")
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Print the report; 1 when the ways disagree. Raises ValueError for an unknown name."""
    report = measure(arguments.name)
    field = report["receptive_field"] or "no bound (each cell depends on the whole image)"
    lines = [
        f"total stride: {report['total_stride']} (the strides multiplied; their sum is {report['sum_of_strides']})",
        *(f"  measured by {way}: {stride}" for way, stride in report["measured"].items()),
        f"receptive field: {field}" + (" pixels" if report["receptive_field"] else ""),
    ]
    output.report(arguments, report, "\n".join([f"{arguments.name}, last map", *lines]))
    return 0 if set(report["measured"].values()) == {report["total_stride"]} else 1


def measure(name):
    """dict: total_stride, sum_of_strides, measured (an entry a way), receptive_field (pixels, None if unbounded)."""
    from fcn_tutorial import backbones, geometry, measuring
    from fcn_tutorial.backbones.features import last_map
    from fcn_tutorial.backend import keras

    keras.utils.set_random_seed(0)  # so that it reports the same each time
    backbone = backbones.load(name, weights=None)
    layer = backbone.feature_layers[max(backbone.feature_layers)]
    grid = geometry.layer_grids(backbone.classifier, backbone.input_size)[layer]
    strides = [stride for _, stride in geometry.strided_layers(backbone.classifier, backbone.input_size, layer)]
    return {
        "name": name,
        "total_stride": grid.rows.stride,
        "sum_of_strides": sum(strides),
        "measured": measuring.measure_stride(last_map(backbone.classifier, layer)),
        "receptive_field": None if grid.rows.unbounded else grid.rows.receptive_field,
    }
