"""Train a network, on the cached maps of a frozen backbone or end to end; predict and evaluate (notebook 05)."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace

import numpy as np

from fcn_tutorial import files, weights
from fcn_tutorial import progress as bars
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.datasets.augmentation import Augmented
from fcn_tutorial.datasets.batches import Batches, check_learnable
from fcn_tutorial.datasets.pairs import check_image, classes_of, name_of
from fcn_tutorial.folding import fold_network
from fcn_tutorial.labels import check_same
from fcn_tutorial.losses import PixelCrossEntropy, balancing_weights
from fcn_tutorial.metrics import confusion_matrix
from fcn_tutorial.training.feature_cache import FeatureBatches, cached_features, describe

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
    out: *.weights.h5, written after every epoch, so that an interruption (Ctrl-C) loses one epoch at most. Its place is
        tried before anything is computed, and no other training can write there meanwhile.
    resume: go on from the last epoch in `out`, with the same recipe and data; the result is that of an uninterrupted
        run. A file that doesn't say what it was trained on, of an earlier version, is taken at its word.
    half: True stores the finished weights as float16 (`weights.save`).
    features: folder that keeps the frozen backbone's maps for a later call.
    Raises ValueError for a data set that can't be trained on or has other classes than the network, and for a recipe or
    data that differ from those of the run to resume; OSError where `out` can't be written or another program writes it;
    FloatingPointError when the loss is no longer a number.
    """
    recipe = Recipe(**recipe)
    if resume and out is None:
        raise ValueError("resume=True goes on from the file `out`, which wasn't named.")
    if recipe.learning_rate is None:
        recipe = replace(recipe, learning_rate=LEARNING_RATE[recipe.fine_tune])
    with nullcontext() if out is None else files.claimed(out):
        _check_classes_agree(network, dataset)
        class_weights = balancing_weights(dataset, len(network.class_names)) if recipe.balance else None
        check_learnable(dataset)
        card = {**asdict(recipe), "data": describe(dataset.dataset if isinstance(dataset, Augmented) else dataset)}
        before = _card_to_resume(out, card) if resume else None
        set_trainable(network, recipe.fine_tune)
        dataset = _augmented(dataset, recipe)
        batches = _batches(network, dataset, recipe, features, progress)
        loss = PixelCrossEntropy(classes_of(dataset).void, network.stride, class_weights)
        trainer = _trainer(network, loss, recipe.learning_rate, recipe.epochs * len(batches))
        losses = _resume(network, trainer, out, before) if resume else []
        card["size"] = list(dataset[0][1].shape)
        return _train_epochs(network, trainer, batches, card, losses, out, half, progress)


def _train_epochs(network, trainer, batches, card, losses, out, half, progress):
    """The epochs that are still to do, each written to `out`; `losses` with theirs.

    card: the recipe and what else the file is to remember.
    """
    batches.start_epoch(len(losses))
    shown = {"initial": len(losses) * len(batches), "unit": "batch", "disable": not progress}
    with bars.bar(total=card["epochs"] * len(batches), **shown) as bar:
        for epoch in range(len(losses), card["epochs"]):
            losses.append(_train_epoch(trainer, batches, f"epoch {epoch + 1}/{card['epochs']}", bar))
            if out is not None:
                finished = epoch + 1 == card["epochs"]
                state = [] if finished else [ops.convert_to_numpy(v) for v in trainer.optimizer.variables]
                weights.save(network, out, {**card, "losses": losses}, state, half=half and finished)
            batches.on_epoch_end()
    return losses


def _check_classes_agree(network, dataset):
    check_same(network.classes, f"The {network.name}", classes_of(dataset), f"the data set {name_of(dataset)}")


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


def _trainer(network, loss, rate, steps):
    """A compiled model of its own around the network's layers, up to the coarse scores, for the fast form of the loss.

    On maps where the backbone is frozen, on images where it isn't.
    """
    frozen = not any(layer.trainable for layer in network.features.layers if layer.weights)
    inputs = network.scores.input if frozen else network.features.input
    maps = inputs if frozen else network.features.output
    trainer = keras.Model(inputs, network.scores(maps))
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
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
        _check_classes(labels, trainer.output.shape[-1], trainer.loss.void)
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


def _check_classes(labels, classes, void):
    largest = labels[labels != void].max(initial=0)
    if largest >= classes:
        raise ValueError(
            f"A mask holds class {largest}; expected 0 to {classes - 1}, as the network has, or void ({void})."
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


def _card_to_resume(out, wanted):
    """What `out` says of its training. Raises ValueError unless it is the same training as the one `wanted`."""
    done = weights.read_card(out)["training"]
    recipe = json.loads(json.dumps(wanted))  # as a file keeps it, a crop's tuple as a list
    data = recipe.pop("data")
    same = {key: done.get(key) for key in recipe}
    if same != recipe:
        raise ValueError(f"{out} was trained with {same}; resuming needs the same settings, got {recipe}.")
    if done.get("data", data) != data:
        raise ValueError(
            f"{out} was trained on {done['data']}; got {data}. Resume with the same data, or train into another file."
        )
    if not 1 <= len(done.get("losses") or []) <= recipe["epochs"]:
        raise ValueError(f"{out} doesn't hold the losses of 1 to {recipe['epochs']} epochs: it can't be resumed.")
    return done


def _resume(network, trainer, out, done):
    """Put weights and optimiser where the run that wrote `out` stopped, and return its losses."""
    weights.load_into(network, out)
    if len(done["losses"]) < done["epochs"]:
        trainer.optimizer.build(trainer.trainable_variables)
        variables, state = trainer.optimizer.variables, weights.read_optimizer(out)
        if [tuple(variable.shape) for variable in variables] != [value.shape for value in state]:
            raise ValueError(f"{out} doesn't hold the optimiser's state that belongs to its weights: train anew.")
        if not all(np.isfinite(value).all() for value in state):
            raise ValueError(f"The optimiser's state in {out} holds NaN or infinite values: train anew.")
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
    return list(done["losses"])


def predict(network, image):
    """Probabilities (H, W, classes) float32 of one RGB image (H, W, 3) uint8 of any size.

    Raises as `check_image`, and FloatingPointError for a network that answers with no numbers.
    """
    images = network.backbone.preprocess(check_image(image)[None])
    return ops.convert_to_numpy(ops.softmax(_logits(network, images)))[0]


def _logits(network, images):
    # Compiled: layer by layer, Python would keep every map in memory until the next one is there.
    logits = network.model.predict_on_batch(images)
    if not np.isfinite(logits).all():
        raise FloatingPointError(f"The {network.name} answers with NaN or infinite values: use other weights.")
    return logits


def evaluate(network, dataset, batch_size=2, progress=True):
    """Confusion matrix (C, C) of `network` over `dataset`, void left out; `metrics.scores` makes figures of it.

    Bounded memory: one batch at a time. Raises ValueError as `Batches`, and for a data set of other classes; use
    batch_size=1 for images of different sizes; FloatingPointError as `predict`.
    """
    _check_classes_agree(network, dataset)
    batches, void = Batches(dataset, batch_size, network.backbone.preprocess, shuffle=False), classes_of(dataset).void
    network = fold_network(network)
    classes = len(network.class_names)
    matrix = np.zeros((classes, classes), np.int64)
    for index in bars.bar(range(len(batches)), desc="evaluate", unit="batch", disable=not progress, leave=False):
        images, labels = batches[index]
        matrix += confusion_matrix(labels, _logits(network, images).argmax(-1), classes, void=void)
    return matrix
