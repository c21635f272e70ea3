"""Train a network, on the cached maps of a frozen backbone or end to end; predict and evaluate (notebook 05)."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np
from tqdm.auto import tqdm

from fcn_tutorial import weights
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.datasets.augmentation import Augmented
from fcn_tutorial.datasets.batches import Batches
from fcn_tutorial.datasets.pairs import check_image
from fcn_tutorial.features import FeatureBatches, cached_features
from fcn_tutorial.folding import fold_network
from fcn_tutorial.labels import VOID
from fcn_tutorial.losses import PixelCrossEntropy, balancing_weights
from fcn_tutorial.metrics import confusion_matrix

# Adam's step for new scores; fine-tuning moves pretrained weights, so it goes more carefully.
LEARNING_RATE = {False: 3e-3, True: 5e-4}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; a weights file keeps it.

    learning_rate: the first one, falling to zero along a cosine; None is LEARNING_RATE[fine_tune].
    fine_tune: False computes the frozen backbone's maps once and trains the head on them; True trains everything,
        with the backbone's batch-norm layers as they are.
    augment: arguments of `Augmented` for other views in each epoch, when fine-tuning; None: the images as they are.
    balance: True lets the pixels of rare classes count more (`losses.balancing_weights`).
    seed: of the order of the images, and of their views.
    """

    epochs: int = 6
    batch_size: int = 8
    learning_rate: float | None = None
    fine_tune: bool = False
    augment: dict | None = None
    balance: bool = False
    seed: int = 0


def train(network, dataset, *, out=None, resume=False, half=False, features=None, progress=True, **recipe):
    """Train `network` in place on `dataset`, and return the mean loss of each epoch as a list of floats (nats a pixel).

    recipe: the fields of `Recipe`: epochs=6, batch_size=8, learning_rate=None, fine_tune=False, ...
    out: *.weights.h5, written after every epoch, so that an interruption (Ctrl-C) loses one epoch at most.
    resume: go on from the last epoch in `out`, with the same recipe; the result is that of an uninterrupted run.
    half: True stores the finished weights as float16 (`weights.save`).
    features: folder that keeps the frozen backbone's maps for a later call.
    Raises ValueError for a data set that can't be trained on or a recipe that differs from that of the run to resume,
    and FloatingPointError when the loss is no longer a number.
    """
    recipe = Recipe(**recipe)
    if resume and out is None:
        raise ValueError("resume=True goes on from the file `out`, which wasn't named.")
    if recipe.learning_rate is None:
        recipe = replace(recipe, learning_rate=LEARNING_RATE[recipe.fine_tune])
    set_trainable(network, recipe.fine_tune)
    class_weights = balancing_weights(dataset, len(network.class_names)) if recipe.balance else None
    dataset = _augmented(dataset, recipe)
    batches = _batches(network, dataset, recipe, features, progress)
    trainer = _trainer(network, class_weights, recipe.learning_rate, recipe.epochs * len(batches))
    losses = _resume(network, trainer, out, asdict(recipe)) if resume else []
    card = {**asdict(recipe), "size": list(dataset[0][1].shape)}
    batches.start_epoch(len(losses))
    shown = {"initial": len(losses) * len(batches), "unit": "batch", "disable": not progress}
    with tqdm(total=recipe.epochs * len(batches), **shown) as bar:
        for epoch in range(len(losses), recipe.epochs):
            losses.append(_train_epoch(trainer, batches, f"epoch {epoch + 1}/{recipe.epochs}", bar))
            if out is not None:
                finished = epoch + 1 == recipe.epochs
                state = [] if finished else [ops.convert_to_numpy(v) for v in trainer.optimizer.variables]
                weights.save(network, out, {**card, "losses": losses}, state, half=half and finished)
            batches.on_epoch_end()
    return losses


def _augmented(dataset, recipe):
    if recipe.augment is None:
        return dataset
    if not recipe.fine_tune:
        raise ValueError(
            "augment changes the images of every epoch; a frozen backbone's maps are computed once. "
            "Use fine_tune=True with it, or leave it out."
        )
    return Augmented(dataset, seed=recipe.seed, **recipe.augment)


def _batches(network, dataset, recipe, features, progress):
    """What is trained on: images, or maps that are computed once."""
    if recipe.fine_tune:
        return Batches(dataset, recipe.batch_size, network.backbone.preprocess, seed=recipe.seed)
    cached = cached_features(network, dataset, features, recipe.batch_size, progress)
    return FeatureBatches(cached, recipe.batch_size, seed=recipe.seed)


def _trainer(network, class_weights, rate, steps):
    """A compiled model of its own around the network's layers, up to the coarse scores, for the fast form of the loss.

    On maps where the backbone is frozen, on images where it isn't.
    """
    frozen = not any(layer.trainable for layer in network.features.layers if layer.weights)
    inputs = network.scores.input if frozen else network.features.input
    maps = inputs if frozen else network.features.output
    trainer = keras.Model(inputs, network.scores(maps))
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    loss = PixelCrossEntropy(stride=network.stride, class_weights=class_weights)
    trainer.compile(keras.optimizers.AdamW(schedule), loss)
    return trainer


def set_trainable(network, fine_tune):
    """Freeze the backbone, or free all of it but its batch-norm layers, whose statistics a small batch would spoil."""
    for layer in network.features.layers:
        layer.trainable = bool(fine_tune) and not isinstance(layer, keras.layers.BatchNormalization)


def _train_epoch(trainer, batches, title, bar):
    """One pass over `batches`, read one by one so that a bad image is reported as what it is; the mean loss."""
    total = 0.0
    for inputs, labels in _prefetched(batches):
        _check_classes(labels, trainer.output.shape[-1])
        trainer.reset_metrics()  # some versions of Keras would report the mean of all batches so far
        loss = float(trainer.train_on_batch(inputs, labels))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss is {loss} in {title}: training can't go on. Lower the learning rate, and check the images "
                "and masks. The last whole epoch, if any, is in the output file."
            )
        total += loss * len(labels)
        bar.set_description(f"{title}, loss {loss:.3f}", refresh=False)
        bar.update()
    return total / len(batches.dataset)


def _check_classes(labels, classes):
    largest = labels[labels != VOID].max(initial=0)
    if largest >= classes:
        raise ValueError(
            f"A mask holds class {largest}; expected 0 to {classes - 1}, as the network has, or void ({VOID})."
        )


def _prefetched(batches):
    """All batches in order; the next one is made in a thread while this one is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(batches.__getitem__, 0)
        for index in range(len(batches)):
            batch = following.result()
            if index + 1 < len(batches):
                following = pool.submit(batches.__getitem__, index + 1)
            yield batch


def _resume(network, trainer, out, recipe):
    """Put weights and optimiser where the run that wrote `out` stopped, and return its losses."""
    card = weights.read_card(out)
    recipe = json.loads(json.dumps(recipe))  # as a file keeps it, a crop's tuple as a list
    done = {key: card["training"].get(key) for key in recipe}
    if done != recipe:
        raise ValueError(f"{out} was trained with {done}; resuming needs the same settings, got {recipe}.")
    weights.load_into(network, out)
    if len(card["training"]["losses"]) < recipe["epochs"]:
        trainer.optimizer.build(trainer.trainable_variables)
        for variable, value in zip(trainer.optimizer.variables, weights.read_optimizer(out), strict=True):
            variable.assign(value)
    return list(card["training"]["losses"])


def predict(network, image):
    """Probabilities (H, W, classes) float32 of one RGB image (H, W, 3) uint8 of any size. Errors as `check_image`."""
    images = network.backbone.preprocess(check_image(image)[None])
    # Compiled: layer by layer, Python would keep every map in memory until the next one is there.
    return ops.convert_to_numpy(ops.softmax(network.model.predict_on_batch(images)))[0]


def evaluate(network, dataset, batch_size=2, progress=True):
    """Confusion matrix (C, C) of `network` over `dataset`, void left out; `metrics.scores` makes figures of it.

    Bounded memory: one batch at a time. Raises ValueError as `Batches`; use batch_size=1 for images of different sizes.
    """
    batches = Batches(dataset, batch_size, network.backbone.preprocess, shuffle=False)
    network = fold_network(network)
    classes = len(network.class_names)
    matrix = np.zeros((classes, classes), np.int64)
    for index in tqdm(range(len(batches)), "evaluate", unit="batch", disable=not progress, leave=False):
        images, labels = batches[index]
        matrix += confusion_matrix(labels, network.model.predict_on_batch(images).argmax(-1), classes, void=VOID)
    return matrix
