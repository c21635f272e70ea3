"""``fcn-tutorial segment IMAGE... --out DIR``: a label map and an overlay for each photo (notebook 05)."""

import sys
from pathlib import Path

from fcn_tutorial.commands import output

DEFAULT_WEIGHTS = "camvid_fcn4s.weights.h5"


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "segment",
        help="label every pixel of your photos",
        description="Writes NAME_labels.png (class indices with the course's palette) and NAME_overlay.png for "
        "each photo, both at the photo's own size. Photos of any size and kind; one that can't be read is left out.",
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="default: the ones that come with the course")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results, made where missing"
    )
    parser.add_argument(
        "--short-side",
        type=int,
        default=360,
        metavar="N",
        help="larger photos are shown to the network with a shorter side of N pixels, the scale of the frames it was "
        "trained on, and its labels stretched back; 0: never. Default: %(default)s",
    )
    output.add_download(parser)
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Segment every image; 1 when some could not be read. Raises ValueError, FileNotFoundError for bad weights."""
    from fcn_tutorial import folding, segmenting, weights
    from fcn_tutorial.paths import data_file

    if arguments.short_side < 0 or arguments.short_side == 1:
        raise ValueError(f"--short-side is {arguments.short_side}; expected 0 or at least 2 pixels.")
    file = arguments.weights or data_file(DEFAULT_WEIGHTS)
    network = folding.fold_network(weights.load(file, arguments.download))
    arguments.out.mkdir(parents=True, exist_ok=True)
    done, failed = [], []
    for path, stem in zip(arguments.images, segmenting.distinct_stems(arguments.images), strict=True):
        try:
            done.append(segmenting.segment_file(network, path, arguments.out, stem, arguments.short_side))
        except (ValueError, FileNotFoundError) as error:
            failed.append({"image": str(path), "error": str(error)})
            print(f"fcn-tutorial: left out: {error}", file=sys.stderr)
    lines = [f"{item['image']}: {item['labels']}, {item['overlay']} ({_shares(item['shares'])})" for item in done]
    output.report(arguments, {"images": done, "failed": failed}, "\n".join(lines))
    return 1 if failed else 0


def _shares(shares):
    largest = sorted(shares.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest)
