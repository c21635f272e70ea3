"""Claim: each choice of the recipe for fine-tuning is seen alone, by its score on CamVid val, in one table.

usage: python benchmarks/recipe.py [--network fcn8s] [--epochs 3] [--frozen-epochs 6] [--first N]

Every row starts from the same scores, trained on the frozen backbone, and differs from the baseline in one thing.
Prints a table in Markdown and writes it to benchmarks/RECIPE.md; a try on the first N frames only prints it.
"""

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import report
from claims import need_camvid, score

from fcn_tutorial import backbones, models, training, weights
from fcn_tutorial.backend import keras
from fcn_tutorial.datasets.augmentation import Augmented
from fcn_tutorial.datasets.batches import Batches
from fcn_tutorial.datasets.camvid import CamVid
from fcn_tutorial.losses import PixelCrossEntropy, balancing_weights

BATCH = 8
HEADS = ["variant", "mean IoU", "against the baseline", "pixel accuracy", "mean accuracy", "last loss"]


@dataclass(frozen=True)
class Choices:
    """What one row of the table is trained with. scale None: the same frames in every epoch, whole."""

    crop: tuple = (264, 352)
    scale: tuple | None = (0.75, 1.6)
    flip: bool = True
    colour: float = 0.3
    balance: bool = True
    statistics_frozen: bool = True
    rate: float = training.LEARNING_RATE[True]
    schedule: str = "cosine"


BASELINE = Choices()
VARIANTS = {
    "baseline": BASELINE,
    "crops of 256x352, another rest by 32 than 360 rows": replace(BASELINE, crop=(256, 352)),
    "no augmentation: whole frames": replace(BASELINE, scale=None),
    "more scaling, 0.6 to 1.8": replace(BASELINE, scale=(0.6, 1.8)),
    "no scaling: cut out at the frame's own size": replace(BASELINE, scale=(1, 1)),
    "no mirroring": replace(BASELINE, flip=False),
    "no change of colours": replace(BASELINE, colour=0),
    "no class weights": replace(BASELINE, balance=False),
    "batch-norm statistics not frozen": replace(BASELINE, statistics_frozen=False),
    "constant learning rate": replace(BASELINE, schedule="constant"),
    **{f"learning rate {rate}": replace(BASELINE, rate=rate) for rate in (0.0002, 0.001)},
}


def tune(network, dataset, choices, epochs):
    """Fine-tune `network` in place and return the last epoch's mean loss: `training.train` with more to choose from."""
    training.set_trainable(network, fine_tune=True)
    if not choices.statistics_frozen:
        for layer in network.features.layers:
            layer.trainable = True
    class_weights = balancing_weights(dataset, len(network.class_names)) if choices.balance else None
    if choices.scale is not None:
        dataset = Augmented(dataset, choices.crop, choices.scale, choices.flip, choices.colour)
    batches = Batches(dataset, BATCH, network.backbone.preprocess)
    rate = choices.rate
    if choices.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, epochs * len(batches))
    trainer = keras.Model(network.features.input, network.scores(network.features.output))
    trainer.compile(keras.optimizers.AdamW(rate), PixelCrossEntropy(stride=network.stride, class_weights=class_weights))
    return trainer.fit(batches, epochs=epochs, shuffle=False, verbose=0).history["loss"][-1]


def row(name, scores, baseline, loss):
    """A line of the table, and of what is shown meanwhile."""
    figures = (scores.mean_iou, scores.pixel_accuracy, scores.mean_accuracy)
    mean_iou, pixel_accuracy, mean_accuracy = (f"{figure:.3f}" for figure in figures)
    against = f"{scores.mean_iou - baseline:+.3f}" if baseline is not None else ""
    cells = [name, mean_iou, against, pixel_accuracy, mean_accuracy, f"{loss:.3f}"]
    print(report.table(HEADS, [cells]).splitlines()[-1], flush=True)
    return cells


def measure(options, folder):
    """All rows of the table, and the mean IoU of each variant by name."""
    train_set, val_set = (CamVid(folder, split, options.first) for split in ("train", "val"))
    with tempfile.TemporaryDirectory() as place:
        start = Path(place) / "start.weights.h5"
        network = models.NETWORKS[options.network](backbones.load("efficientnet_lite0"))
        common = dict(epochs=options.frozen_epochs, balance=True, out=start, progress=False)
        loss = training.train(network, train_set, **common)[-1]
        rows, found = [row("before fine-tuning", score(network, val_set), None, loss)], {}
        for name, choices in VARIANTS.items():
            keras.utils.clear_session()
            network = weights.load(start)
            loss = tune(network, train_set, choices, options.epochs)
            scores = score(network, val_set)
            found[name] = scores.mean_iou
            rows.append(row(name, scores, found["baseline"], loss))
    return rows, found


def read_arguments():
    """The command line's options."""
    parser = argparse.ArgumentParser(description="Compare choices for fine-tuning on CamVid.")
    parser.add_argument("--network", choices=models.NETWORKS, default="fcn8s", help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=3, metavar="N", help="of each variant, default: %(default)s")
    parser.add_argument("--frozen-epochs", type=int, default=6, metavar="N", help="before, default: %(default)s")
    parser.add_argument("--first", type=int, metavar="N", help="a try on the first N frames; writes nothing")
    return parser.parse_args()


options = read_arguments()
described = report.machine()
rows, found = measure(options, need_camvid())
written = report.table(HEADS, rows)
setting = (
    f"{options.network}, {options.frozen_epochs} epochs on the frozen backbone, then {options.epochs} of fine-tuning; "
    f"batches of {BATCH}. Baseline: {BASELINE}."
)
print(f"\n{setting}\n\n{written}\n\nBest: {max(found, key=found.get)}.")
if options.first is None:
    head = "Written by `python benchmarks/recipe.py` (`make bench ARGS=--all`); scores on CamVid val."
    parts = ["# Choices for fine-tuning", head, setting, written, report.machine_table(described)]
    report.write_whole(Path(__file__).with_name("RECIPE.md"), "\n\n".join(parts) + "\n")
