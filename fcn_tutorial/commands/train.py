"""``fcn-tutorial train NETWORK --data ... --out FILE``: frozen, end to end, in stages (notebooks 05 and 06)."""

from pathlib import Path

from fcn_tutorial import files
from fcn_tutorial.commands import data_options, output

# As models.NETWORKS, which would bring Keras with it.
NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s")


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "train",
        help="train a network on street scenes, CamVid or your own photos and masks",
        description="Trains on the data's train split, to tell its classes apart. FILE is written after every epoch "
        "and remembers the classes; --resume goes on from there.",
    )
    parser.add_argument("network", metavar="NETWORK", choices=NETWORKS, help=", ".join(NETWORKS))
    data_options.add(parser)
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument("--backbone", default="efficientnet_lite0", metavar="NAME", help="default: %(default)s")
    beginning.add_argument(
        "--start", type=Path, metavar="WEIGHTS", help="begin with these weights, of this network or another"
    )
    _add_recipe(parser)
    parser.add_argument("--resume", action="store_true", help="go on from the last epoch in FILE")
    parser.add_argument(
        "--features", type=Path, metavar="DIR", help="keep the frozen backbone's maps here for a later call"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the weights go: NAME.weights.h5")
    parser.add_argument("--half", action="store_true", help="store the finished weights as float16, half the size")
    output.add_download(parser)
    output.add_json(parser)
    parser.set_defaults(call=call)


def _add_recipe(parser):
    """Options that say how to train: fields of `training.Recipe`, and stages."""
    parser.add_argument("--fine-tune", action="store_true", help="train the backbone too, not the new scores alone")
    parser.add_argument(
        "--stages", action="store_true", help="the paper's order: FCN-32s first, then FCN-16s from it, then FCN-8s"
    )
    parser.add_argument(
        "--frozen-epochs", type=int, default=0, metavar="N", help="epochs on the frozen backbone before fine-tuning"
    )
    parser.add_argument(
        "--augment", action="store_true", help="scale, cut, mirror and recolour the images anew in each epoch"
    )
    parser.add_argument(
        "--crop",
        metavar="HxW",
        help="pixels cut out of each image: by --augment another part in each epoch, default 328x448; else one part "
        "for good, default: all of it, or the largest that fits into images of several sizes",
    )
    parser.add_argument("--size", metavar="HxW", help="resize images and masks to these pixels first")
    parser.add_argument("--balance", action="store_true", help="let the pixels of rare classes count more")
    parser.add_argument("--epochs", type=int, default=6, metavar="N", help="of each stage, default: %(default)s")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="images a step, default: %(default)s")
    parser.add_argument(
        "--rate", type=float, metavar="R", help="first learning rate; default 0.003, fine-tuning 0.0005"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="order of the images, default: %(default)s")


def call(arguments):
    """Train, save, report. Raises ValueError and OSError as `training.train` and `weights.save` do."""
    _check(arguments)
    before = _written(arguments.out)
    try:
        with files.claimed(arguments.out):
            dataset, losses, remarks = _train(arguments)
    except KeyboardInterrupt:
        if _written(arguments.out) != before or arguments.resume:
            raise KeyboardInterrupt(f"{arguments.out} holds the last whole epoch; add --resume to go on.") from None
        raise
    data = {"weights": str(arguments.out), "images": len(dataset), "classes": len(dataset.classes), "losses": losses}
    images = f"{len(dataset)} images, {len(dataset.classes)} classes"
    text = f"{arguments.out}: trained on {images}, loss {losses[0]:.3f} -> {losses[-1]:.3f}"
    output.report(arguments, data | {"remarks": remarks}, "\n".join([text, *remarks]))


def _written(path):
    """When `path` was written, None where there is none."""
    return path.stat().st_mtime_ns if path.is_file() else None


def _train(arguments):
    """The data set, the losses of all epochs, and what is worth a remark."""
    given = data_options.load(arguments, "train")
    dataset, remarks = _of_one_size(given, arguments)
    remarks = [*data_options.remarks(given), *remarks]
    from fcn_tutorial import backbones, weights
    from fcn_tutorial.training import stages

    common = {name: getattr(arguments, name) for name in ("out", "resume", "balance", "half", "seed", "features")}
    planned = stages.plan(
        arguments.network,
        arguments.epochs,
        arguments.rate,
        arguments.fine_tune,
        arguments.frozen_epochs,
        arguments.stages,
        _augmentation(arguments),
    )
    start = weights.load(arguments.start, arguments.download) if arguments.start else None
    backbone = start.backbone if start else backbones.load(arguments.backbone)
    _, losses = stages.train_in_stages(backbone, planned, dataset, start, batch_size=arguments.batch, **common)
    return dataset, losses, remarks


def _check(arguments):
    if arguments.epochs < 1 or arguments.batch < 1 or min(arguments.seed, arguments.frozen_epochs) < 0:
        raise ValueError("--epochs and --batch take numbers from 1, --seed and --frozen-epochs from 0.")
    if not arguments.out.name.endswith(".weights.h5"):
        raise ValueError(f"--out takes a name that ends in .weights.h5; got {arguments.out.name}.")


def _of_one_size(dataset, arguments):
    """The data set with images of one size, unless --augment sees to that; and what was done to it, in sentences."""
    from fcn_tutorial.datasets import sizes

    size, crop = (data_options.pixels(getattr(arguments, name), f"--{name}") for name in ("size", "crop"))
    found = {tuple(size)} if size else data_options.sizes(dataset)
    if arguments.data == "street" and (size or crop and not arguments.augment):
        raise ValueError("--crop belongs to --augment, --size to files; street scenes are drawn at one size.")
    remarks = []
    if size:
        dataset = sizes.Resized(dataset, size)
        remarks = [f"Images and masks were resized to {size[0]}x{size[1]} pixels."]
    if arguments.augment:
        if arguments.frozen_epochs and len(found) > 1:
            raise ValueError("--frozen-epochs see whole images, and these have several sizes: give them one by --size.")
        return dataset, remarks
    if crop is None and len(found) > 1:
        crop = sizes.common_crop(found)
        remarks = [f"The images have {len(found)} sizes: crops of {crop[0]}x{crop[1]} pixels were trained on."]
    elif crop:
        remarks.append(f"Crops of {crop[0]}x{crop[1]} pixels were trained on.")
    return sizes.Cropped(dataset, crop) if crop else dataset, remarks


def _augmentation(arguments):
    """Arguments of `Augmented`, or None. Raises ValueError for a crop that is no pair of numbers."""
    if not arguments.augment:
        return None
    crop = data_options.pixels(arguments.crop, "--crop")
    return {} if crop is None else {"crop": crop}
