"""Pretrained classifiers: logits, named feature maps at strides 4 to 32, and the preprocessing they expect."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fcn_tutorial.paths import data_file


@dataclass(frozen=True)
class Backbone:
    """A classifier and what is needed to use it (notebooks 01 to 03).

    classifier: functional Keras model, preprocessed images (N, H, W, 3) -> (N, 1000) logits or probabilities.
    input_size: (rows, columns) in pixels that it was trained at.
    preprocess: RGB images (..., H, W, 3), values 0 to 255 -> float32 as the classifier expects them.
    class_names: its 1,000 class names in order.
    feature_layers: names of the layers whose outputs are the maps at strides 4, 8, 16 and 32.
    imagenet: `features.checksum` of its ImageNet weights, which tells whether they were changed; None for fresh ones.
    """

    name: str
    classifier: Any
    input_size: tuple
    preprocess: Callable
    class_names: tuple
    feature_layers: dict
    imagenet: int | None = None

    def features(self, strides=(8, 16, 32), enlarge=1):
        """Model of any input size: preprocessed images (N, H, W, 3) -> {"8": map, "16": map, "32": map}.

        enlarge: a whole number; with 2 the backbone sees each image at twice its size, so that its map "8" has a cell
        for every 4 pixels of the image itself (further/06_show_a_larger_picture).
        The model shares its layers, so its weights too, with `classifier`. Raises ValueError for a stride that isn't
        there.
        """
        from fcn_tutorial.backbones.features import feature_model

        missing = [stride for stride in strides if stride not in self.feature_layers]
        if missing:
            raise ValueError(f"{self.name} has no map at stride {missing[0]}; it has {sorted(self.feature_layers)}.")
        return feature_model(self.classifier, {str(stride): self.feature_layers[stride] for stride in strides}, enlarge)


def names():
    """Names that `load` knows: efficientnet_lite0 and the classifiers of keras.applications."""
    from fcn_tutorial.backbones import applications

    return ["efficientnet_lite0", *applications.functions()]


def downloads(name):
    """Whether Keras fetches the ImageNet weights of `name` over the network, unless its cache has them."""
    from fcn_tutorial.backbones import applications

    return name in applications.functions()


def load(name, weights="imagenet"):
    """The classifier `name` as a Backbone, with its ImageNet weights or, with weights=None, fresh ones.

    efficientnet_lite0's weights come from an installed package; those of keras.applications are downloaded on first
    use.
    Raises ValueError for an unknown name or kind of weights, FileNotFoundError where the weights aren't installed.
    """
    from fcn_tutorial.backbones import applications, efficientnet_lite

    if weights not in ("imagenet", None):
        raise ValueError(f"weights={weights!r}; expected 'imagenet' or None (fresh random weights).")
    if name not in names():
        near = difflib.get_close_matches(re.sub(r"[^a-z0-9]+", "_", str(name).lower()), names(), n=3)
        raise ValueError(
            f"No backbone is called {name!r}. "
            + (f"Did you mean {' or '.join(near)}?" if near else f"The known ones: {', '.join(names())}.")
        )
    class_names = tuple(data_file("imagenet_class_names.txt").read_text(encoding="utf-8").splitlines())
    if name == "efficientnet_lite0":
        classifier, preprocess = efficientnet_lite.build(), efficientnet_lite.preprocess
        if weights:
            efficientnet_lite.load_weights(classifier)
        feature_layers = efficientnet_lite.FEATURES
    else:
        classifier, preprocess = applications.build(name, weights)
        feature_layers = applications.feature_layers(classifier)
    from fcn_tutorial.backbones.features import checksum

    size, imagenet = tuple(classifier.input_shape[1:3]), checksum(classifier) if weights else None
    return Backbone(name, classifier, size, preprocess, class_names, feature_layers, imagenet)
