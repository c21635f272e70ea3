"""``fcn-tutorial segment IMAGE... --out DIR``: a label map and an overlay for each photo (notebook 05)."""

from pathlib import Path

from fcn_tutorial import files
from fcn_tutorial.commands import output, photo_files

DEFAULT_WEIGHTS = "camvid_fcn4s.weights.h5"
IMAGES = "a file, a pattern such as *.jpg, or the name of a photo that comes with the course, such as street"


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "segment",
        help="label every pixel of your photos",
        description="Writes NAME_labels.png (class indices, with a palette of the weights' classes) and "
        "NAME_overlay.png for each photo, both at the photo's own size. Photos of any size and kind; one that can't be "
        "read is left out. No photo is written over; a name that is taken gets a number.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help=IMAGES)
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
    """Segment every image; 1 when some could not be read or written.

    Raises ValueError, FileNotFoundError or OSError for bad weights, a pattern that fits no file, a bad --out.
    """
    from fcn_tutorial import folding, segmenting, weights
    from fcn_tutorial.paths import data_file

    if arguments.short_side < 0 or arguments.short_side == 1:
        raise ValueError(f"--short-side is {arguments.short_side}; expected 0 or at least 2 pixels.")
    file, folder = arguments.weights or data_file(DEFAULT_WEIGHTS), arguments.out
    images = photo_files.expand(arguments.images)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--out {folder} is a file; expected a folder for the results.")
    files.check_place(folder / "labels.png")
    endings = [f"_{picture}.png" for picture in segmenting.PICTURES]
    stems = photo_files.distinct_stems(images, folder, endings, others=[file])
    network = folding.fold_network(weights.load(file, arguments.download))
    done, failed = [], []
    for image, stem in zip(images, stems, strict=True):
        try:
            done.append(segmenting.segment_file(network, image, folder, stem, arguments.short_side))
        except (ValueError, OSError) as error:
            failed.append({"image": image, "error": str(error)})
            output.complain(f"left out: {output.printable(error)}")
    output.report(arguments, {"images": done, "failed": failed}, "\n".join(_line(item) for item in done))
    return 1 if failed else 0


def _line(item):
    image, labels, overlay = (output.printable(item[key]) for key in ("image", "labels", "overlay"))
    return f"{image}: {labels}, {overlay} ({_shares(item['shares'])})"


def _shares(shares):
    largest = sorted(shares.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest)
