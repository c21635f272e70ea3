"""Weight files that remember what they belong to: `.weights.h5` with a card of the network, backbone and classes.

A network whose backbone keeps its ImageNet weights is stored as its head alone, some fifty kilobytes for FCN-32s.
A file may come from anybody: nothing in it is believed before it was checked (`storage` has its form).
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from fcn_tutorial import backbones, files, models
from fcn_tutorial.backbones.features import checksum
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.weights import cards, storage

_OPTIMIZER = "resume/"


def save(network, path, training=None, optimizer=None, half=False):
    """Write `network` to `path` (*.weights.h5), whole or not at all: an earlier file stays until then.

    training: a dict of plain values to remember beside the weights.
    optimizer: its state as a list of arrays, for a run that is to be resumed.
    half: True stores float16, three digits of each weight in half the bytes; they are read as float32 again.
    Raises ValueError for another file ending, a network that isn't one of the course's (a folded one, for instance),
    NaN or infinite weights or weights beyond float16's 65,504, and OSError when the disk refuses (nothing is left
    half-written).
    """
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        raise ValueError(f"Weights are saved as *.weights.h5; got {path.name}.")
    if network.name not in models.NETWORKS:
        raise ValueError(f"A {network.name} can't be saved; expected one of {', '.join(models.NETWORKS)}.")
    whole = network.backbone.imagenet is None or network.backbone.imagenet != checksum(network.backbone.classifier)
    card = {
        "network": network.name,
        "backbone": network.backbone.name,
        **cards.of_classes(network.classes),
        "part": "model" if whole else "head",
        "training": training or {},
    }
    cards.check(card, path)
    variables = _variables(network.model if whole else network.head)
    arrays = {name: ops.convert_to_numpy(variable) for name, variable in variables.items()}
    for name, array in arrays.items():
        _check_finite(array, name, path)
    if half:
        arrays = {name: _halved(array, name) for name, array in arrays.items()}
    arrays |= {f"{_OPTIMIZER}{number}": value for number, value in enumerate(optimizer or [])}
    files.check_place(path)
    with files.replacing(path) as unfinished:
        unfinished.write_bytes(storage.pack(card, arrays))


def read_card(path):
    """What `save` remembered: dict with network, backbone, classes and their colours, part and training.

    Raises FileNotFoundError; ValueError for a damaged file or one that another program wrote.
    """
    return _open(path).card


def read_optimizer(path):
    """The optimiser's state that `save` was given, a list of arrays; empty for a finished run. Raises as `load`."""
    stored = _open(path)
    names = [f"{_OPTIMIZER}{number}" for number in range(len(stored.places))]
    return [stored.array(name) for name in names if name in stored.places]


def load(path, download=False):
    """The `Network` stored at `path`; where only its head is stored, with the backbone's ImageNet weights.

    download: True lets Keras fetch those where they are neither in an installed package nor in its cache.
    Raises as `read_card`, and ValueError when the weights don't fit the network that the file names.
    """
    stored = _open(path)
    card, head = stored.card, stored.card["part"] == "head"
    if head and not download and backbones.downloads(card["backbone"]):
        raise ValueError(
            f"{path} holds the head alone; its backbone is {card['backbone']}, whose ImageNet weights Keras downloads "
            "where it has not kept them. Allow that with download=True, on the command line --download."
        )
    backbone = backbones.load(card["backbone"], weights="imagenet" if head else None)
    network = models.NETWORKS[card["network"]](backbone, cards.classes(card))
    _fill(network, stored)
    size = card["training"].get("size")
    return replace(network, trained_size=tuple(size) if size else None)


def load_into(network, path):
    """Give `network` the weights stored at `path`. Raises as `load`; ValueError when they belong to another network."""
    stored = _open(path)
    wanted = {"network": network.name, "backbone": network.backbone.name, "classes": list(network.class_names)}
    for what, value in wanted.items():
        if stored.card[what] != value:
            raise ValueError(f"{path} belongs to another network: its {what} is {stored.card[what]}, expected {value}.")
    _fill(network, stored)


def _open(path):
    """The file at `path`, looked through: `storage.Stored` with a card that makes sense."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No weights at {path}. Train some (fcn-tutorial train --help), or check the path.")
    stored = storage.read(path)
    if stored.card is None:
        raise ValueError(
            f"{path} doesn't say which network it belongs to; expected a file that fcn-tutorial train wrote."
        )
    cards.check(stored.card, path)
    if stored.card["network"] not in models.NETWORKS:
        raise ValueError(f"{path} holds a {stored.card['network']}; this version knows {', '.join(models.NETWORKS)}.")
    return stored


def _fill(network, stored):
    """Give `network` the arrays of a file, all of them or, with a ValueError, none."""
    model = network.head if stored.card["part"] == "head" else network.model
    wanted = {name: tuple(variable.shape) for name, variable in _variables(model).items()}
    found = {name: place.shape for name, place in stored.places.items() if not name.startswith(_OPTIMIZER)}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        first, more = wrong[0], f" ({len(wrong) - 1} others don't fit either)" if len(wrong) > 1 else ""
        has, needs = (there.get(first, "absent") for there in (found, wanted))
        raise ValueError(
            f"The weights in {stored.path} don't fit a {network.name}: {first[:100]} is {has}, expected {needs}{more}."
        )
    arrays = {name: stored.array(name) for name in wanted}
    for name, array in arrays.items():
        _check_finite(array, name, stored.path)
    for path, layer in _layers(model):
        layer.load_own_variables({name: arrays[f"{path}/vars/{name}"] for name in _own(layer)})


def _layers(model, prefix=""):
    """(place, layer) for the layers of a functional model that have weights, places as Keras names them in a file."""
    places = Counter()
    for layer in model.layers:
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)).lower()
        place = f"{prefix}layers/{kind}" + (f"_{places[kind]}" if places[kind] else "")
        places[kind] += 1
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{place}/")
        elif layer.weights:
            yield place, layer


def _own(layer):
    """{"0": variable, ...}: a layer's variables as it wants to store them."""
    variables = {}
    layer.save_own_variables(variables)
    return variables


def _variables(model):
    """{name in a file: variable} of everything that a file holds of `model`."""
    return {
        f"{place}/vars/{name}": variable for place, layer in _layers(model) for name, variable in _own(layer).items()
    }


def _check_finite(array, name, path):
    if not np.isfinite(array).all():
        raise ValueError(
            f"The weights {name} of {path} hold NaN or infinite values: nothing can be recognised with them. "
            "Train again, at a lower learning rate."
        )


def _halved(values, name):
    """float16 in place of float32."""
    if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
        raise ValueError(f"The weights {name} reach {np.abs(values).max():.3g}, beyond float16; use half=False.")
    return values.astype(np.float16)
