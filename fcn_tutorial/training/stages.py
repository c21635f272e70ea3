"""Training in stages: a frozen backbone before fine-tuning, FCN-32s before FCN-16s before FCN-8s (section 4.2)."""

from contextlib import nullcontext
from pathlib import Path

from fcn_tutorial import files, models, weights
from fcn_tutorial.datasets.augmentation import Augmented
from fcn_tutorial.datasets.pairs import classes_of
from fcn_tutorial.training import train

# The paper's order: each network starts from the one before it, and its new scores at zero.
ORDER = {"fcn16s": ("fcn32s", "fcn16s"), "fcn8s": ("fcn32s", "fcn16s", "fcn8s")}


def plan(name, epochs, learning_rate=None, fine_tune=False, frozen_epochs=0, stages=False, augment=None):
    """The stages of a training as a list of (network's name, arguments of `train`).

    learning_rate: that of the stages proper; frozen epochs before them take the default.
    frozen_epochs: so many on the maps of the frozen backbone first, when fine-tuning; 0 for none.
    stages: True trains the coarser networks of `ORDER` first, `epochs` each, and hands their weights on.
    Raises ValueError for stages of a network that has none, for frozen epochs without fine-tuning, and as `Augmented`.
    """
    if stages and name not in ORDER:
        raise ValueError(f"{name} has no stages; those of {' and '.join(ORDER)} are {', '.join(ORDER['fcn8s'])}.")
    if frozen_epochs and not fine_tune:
        raise ValueError(f"{frozen_epochs} frozen epochs come before fine-tuning, which wasn't asked for.")
    if augment is not None:
        Augmented((), **augment)  # refuses a bad crop now, not after the frozen epochs
    names = ORDER[name] if stages else (name,)
    first = [(names[0], {"epochs": frozen_epochs, "fine_tune": False})] if frozen_epochs else []
    arguments = dict(epochs=epochs, learning_rate=learning_rate, fine_tune=fine_tune, augment=augment)
    return [*first, *((each, arguments) for each in names)]


def train_in_stages(backbone, stages, dataset, start=None, out=None, resume=False, half=False, features=None, **common):
    """Train stage after stage, as `plan` made them, and return (the last network, the losses of all epochs).

    start: a `Network` on `backbone` to begin with, by default a fresh one; of another network than the first stage's
        its scores are taken over where both have them (`carry`).
    resume: the file `out` tells which stage it was written in; the losses are then those from that stage on.
    half: as in `train`, for the last stage; those before hand on what they learned, not its rounding.
    features: as in `train`; where the stages are of several networks, each has a folder of its own in it.
    common: arguments of `train` that hold for every stage. Raises as `train`, and ValueError for a file to resume that
    belongs to none of the stages.
    """
    several = len({name for name, _ in stages}) > 1
    network, losses = start, []
    with nullcontext() if out is None else files.claimed(out):  # for all stages at once
        first = _stage_of(out, stages) if resume else 0
        for number, (name, arguments) in enumerate(stages[first:], first):
            network = _following(network, name, backbone, classes_of(dataset))
            losses += train(
                network,
                dataset,
                out=out,
                resume=resume and number == first,
                half=half and number + 1 == len(stages),
                features=Path(features, name) if features and several else features,
                **arguments,
                **common,
            )
    return network, losses


def carry(source, target):
    """Give `target` the weights of the score layers that `source` has too; the others stay as they are."""
    for layer in source.scores.layers:
        if layer.weights and layer.name in {other.name for other in target.scores.layers}:
            target.scores.get_layer(layer.name).set_weights(layer.get_weights())


def _following(network, name, backbone, classes):
    """The network of the next stage, on the same backbone, so that its weights are handed on too.

    Its classes are those of the one before; a first one has `classes`.
    """
    if network is not None and network.name == name:
        return network
    following = models.NETWORKS[name](backbone, classes if network is None else network.classes)
    if network is not None:
        carry(network, following)
    return following


def _stage_of(path, stages):
    card = weights.read_card(path)
    found = card["network"], card["training"].get("fine_tune")
    known = [(name, arguments["fine_tune"]) for name, arguments in stages]
    if found not in known:
        raise ValueError(
            f"{path} was written while training {found[0]}, {'fine-tuned' if found[1] else 'frozen'}: no stage of this "
            "run. Resume with the arguments it was started with."
        )
    return known.index(found)
