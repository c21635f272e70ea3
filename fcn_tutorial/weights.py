"""Weight files that remember what they belong to: `.weights.h5` with the network, backbone and classes in an attribute.

A network whose backbone keeps its ImageNet weights is stored as its head alone, some fifty kilobytes for FCN-32s.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from fcn_tutorial import backbones, models
from fcn_tutorial.backbones.features import checksum

_ATTRIBUTE = "fcn_tutorial"
_OPTIMIZER = "resume"


def save(network, path, training=None, optimizer=None, half=False):
    """Write `network` to `path` (*.weights.h5), whole or not at all: an earlier file stays until then.

    training: a dict of plain values to remember beside the weights.
    optimizer: its state as a list of arrays, for a run that is to be resumed.
    half: True stores float16, three digits of each weight in half the bytes; they are read as float32 again.
    Raises ValueError for another file ending, a network that isn't one of the course's (a folded one, for instance) or
    weights beyond float16's 65,504, and OSError when the disk refuses (nothing is left half-written).
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
        "classes": list(network.class_names),
        "part": "model" if whole else "head",
        "training": training or {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name.removesuffix('.weights.h5')}.unfinished.weights.h5")
    try:
        (network.model if whole else network.head).save_weights(unfinished)
        if half:
            _halve(unfinished)
        with h5py.File(unfinished, "r+") as file:
            file.attrs[_ATTRIBUTE] = json.dumps(card)
            for number, value in enumerate(optimizer or []):
                file[f"{_OPTIMIZER}/{number}"] = value
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        raise OSError(f"Could not write {path}: {error}. Free some space or choose another place.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _halve(path):
    """Rewrite a weights file with float16 in place of float32."""
    whole = path.with_name(f"{path.name}.float32")
    os.replace(path, whole)
    try:
        with h5py.File(whole) as source, h5py.File(path, "w") as target:
            source.visititems(lambda name, item: _copy_halved(name, item, target))
    finally:
        whole.unlink()


def _copy_halved(name, item, target):
    if isinstance(item, h5py.Group):
        copied = target.require_group(name)
    else:
        values = item[()]
        if values.dtype == np.float32:
            if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
                raise ValueError(
                    f"The weights {name} reach {np.abs(values).max():.3g}, beyond float16; use half=False."
                )
            values = values.astype(np.float16)
        copied = target.create_dataset(name, data=values)
    copied.attrs.update(item.attrs)


def read_card(path):
    """What `save` remembered: dict with network, backbone, classes, part and training.

    Raises FileNotFoundError; ValueError for a damaged file or one that another program wrote.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No weights at {path}. Train some (fcn-tutorial train --help), or check the path.")
    try:
        with h5py.File(path) as file:
            card = json.loads(file.attrs.get(_ATTRIBUTE, "null"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} is no readable weights file, cut off or damaged ({error}). Fetch or train it again."
        ) from error
    if card is None:
        raise ValueError(
            f"{path} doesn't say which network it belongs to; expected a file that fcn-tutorial train wrote."
        )
    if card["network"] not in models.NETWORKS:
        raise ValueError(f"{path} holds a {card['network']}; this version knows {', '.join(models.NETWORKS)}.")
    return card


def read_optimizer(path):
    """The optimiser's state that `save` was given, a list of arrays; empty for a finished run."""
    with h5py.File(path) as file:
        group = file.get(_OPTIMIZER, {})
        return [group[str(number)][()] for number in range(len(group))]


def load(path):
    """The `Network` stored at `path`; where only its head is stored, with the backbone's ImageNet weights.

    Raises as `read_card`, and ValueError when the weights don't fit the network that the file names.
    """
    card = read_card(path)
    backbone = backbones.load(card["backbone"], weights="imagenet" if card["part"] == "head" else None)
    network = models.NETWORKS[card["network"]](backbone, tuple(card["classes"]))
    load_into(network, path)
    size = card["training"].get("size")
    return replace(network, trained_size=tuple(size) if size else None)


def load_into(network, path):
    """Give `network` the weights stored at `path`. Raises as `load`; ValueError when they belong to another network."""
    card = read_card(path)
    wanted = {"network": network.name, "backbone": network.backbone.name, "classes": list(network.class_names)}
    for what, value in wanted.items():
        if card[what] != value:
            raise ValueError(f"{path} belongs to another network: its {what} is {card[what]}, expected {value}.")
    try:
        (network.head if card["part"] == "head" else network.model).load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"The weights in {path} don't fit a {card['network']}: {error}") from error
