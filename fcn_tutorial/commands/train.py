"""``fcn-tutorial train NETWORK --data ... --out FILE``: on a frozen backbone or end to end (notebook 05)."""

from pathlib import Path

from fcn_tutorial.commands import data_options, output


def add_parser(verbs):
    """Add the verb to `verbs`, argparse's subparsers."""
    parser = verbs.add_parser(
        "train",
        help="train a network on street scenes or CamVid",
        description="Trains on the data's train split. FILE is written after every epoch; --resume goes on from there.",
    )
    parser.add_argument("network", metavar="NETWORK", choices=("fcn32s",), help="fcn32s")
    data_options.add(parser)
    parser.add_argument("--backbone", default="efficientnet_lite0", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--fine-tune", action="store_true", help="train the backbone too, not the new scores alone")
    parser.add_argument("--epochs", type=int, default=6, metavar="N", help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="images a step, default: %(default)s")
    parser.add_argument(
        "--rate", type=float, metavar="R", help="first learning rate; default 0.003, fine-tuning 0.0003"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="order of the images, default: %(default)s")
    parser.add_argument("--resume", action="store_true", help="go on from the last epoch in FILE")
    parser.add_argument(
        "--features", type=Path, metavar="DIR", help="keep the frozen backbone's maps here for a later call"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the weights go: NAME.weights.h5")
    output.add_json(parser)
    parser.set_defaults(call=call)


def call(arguments):
    """Train, save, report. Raises ValueError and OSError as `training.train` and `weights.save` do."""
    if arguments.epochs < 1 or arguments.batch < 1 or arguments.seed < 0:
        raise ValueError("--epochs and --batch take numbers from 1, --seed from 0.")
    if not arguments.out.name.endswith(".weights.h5"):
        raise ValueError(f"--out takes a name that ends in .weights.h5; got {arguments.out.name}.")
    dataset = data_options.load(arguments, "train")
    from fcn_tutorial import backbones, models, training

    network = models.NETWORKS[arguments.network](backbones.load(arguments.backbone))
    try:
        losses = training.train(
            network,
            dataset,
            epochs=arguments.epochs,
            batch_size=arguments.batch,
            learning_rate=arguments.rate,
            fine_tune=arguments.fine_tune,
            seed=arguments.seed,
            out=arguments.out,
            resume=arguments.resume,
            features=arguments.features,
        )
    except KeyboardInterrupt:
        if arguments.out.is_file():
            raise KeyboardInterrupt(f"{arguments.out} holds the last whole epoch; add --resume to go on.") from None
        raise
    data = {"weights": str(arguments.out), "images": len(dataset), "losses": losses}
    output.report(
        arguments, data, f"{arguments.out}: trained on {len(dataset)} images, loss {losses[0]:.3f} -> {losses[-1]:.3f}"
    )
