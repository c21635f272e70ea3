"""Fully convolutional networks: scores on the coarse map, upsampled to the image (Long, Shelhamer and Darrell 2015)."""

from dataclasses import dataclass
from typing import Any

from fcn_tutorial.backbones import Backbone
from fcn_tutorial.backend import keras
from fcn_tutorial.labels import CLASSES
from fcn_tutorial.upsampling import BilinearUpsampling


@dataclass(frozen=True)
class Network:
    """A segmentation network, in two halves that can run apart, so that a frozen backbone's maps are computed once.

    features: preprocessed images (N, H, W, 3) -> {"32": map (N, h, w, C), ...}.
    head: {"32": map, ..., "like": any (N, H, W, ...)} -> logits (N, H, W, classes); only the size of "like" counts.
    model: both in one: preprocessed images (N, H, W, 3) -> logits (N, H, W, classes) at the image's own size.
    """

    name: str
    backbone: Backbone
    class_names: tuple
    features: Any
    head: Any
    model: Any


def fcn32s(backbone, class_names=CLASSES):
    """FCN-32s (section 4.2): 1x1 scores on the stride-32 map, then one bilinear upsampling by 32. Any input size.

    backbone: a `Backbone`. The scores start at zero, so that the loss starts at ln(number of classes).
    """
    features = backbone.features((32,))
    channels = features.output["32"].shape[-1]
    coarse, like = keras.Input((None, None, channels), name="32"), keras.Input((None, None, None), name="like")
    scores = score_layer(len(class_names), 32)(coarse)
    return _assemble("fcn32s", backbone, class_names, features, {"32": coarse, "like": like}, [scores, like])


def score_layer(classes, stride):
    """1x1 convolution from the features at `stride` to one score a class, starting at zero."""
    return keras.layers.Conv2D(classes, 1, kernel_initializer="zeros", name=f"score{stride}")


def _assemble(name, backbone, class_names, features, inputs, scores_and_like):
    logits = BilinearUpsampling(32, name="upsample32")(scores_and_like)
    head = keras.Model(inputs, logits, name=f"{name}_head")
    images = features.input
    model = keras.Model(images, head({**features.output, "like": images}), name=name)
    return Network(name, backbone, tuple(class_names), features, head, model)


NETWORKS = {"fcn32s": fcn32s}
