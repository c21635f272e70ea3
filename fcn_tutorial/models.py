"""Fully convolutional networks: scores on coarse maps, upsampled to the image (Long, Shelhamer and Darrell 2015)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fcn_tutorial.backbones import Backbone
from fcn_tutorial.backend import keras
from fcn_tutorial.labels import CLASSES
from fcn_tutorial.upsampling import BilinearUpsampling

layers = keras.layers


@dataclass(frozen=True)
class Network:
    """A segmentation network, in parts that can run apart, so that a frozen backbone's maps are computed once.

    stride: pixels from one cell of the finest scores to the next.
    features: preprocessed images (N, H, W, 3) -> {"32": map (N, h, w, C), ...}.
    scores: {"32": map, ...} -> scores (N, h, w, classes), before the last upsampling.
    head: {"32": map, ..., "like": any (N, H, W, ...)} -> logits (N, H, W, classes); only the size of "like" counts.
    model: all in one: preprocessed images (N, H, W, 3) -> logits (N, H, W, classes) at the image's own size.
    trained_size: (H, W) in pixels of the images that its weights were trained on, None where that isn't known.
    """

    name: str
    backbone: Backbone
    class_names: tuple
    stride: int
    features: Any
    scores: Any
    head: Any
    model: Any
    trained_size: tuple | None = None


def fcn32s(backbone, class_names=CLASSES):
    """FCN-32s (section 4.2): 1x1 scores on the stride-32 map, then one bilinear upsampling by 32. Any input size.

    backbone: a `Backbone`. The scores start at zero, so that the loss starts at ln(number of classes).
    """
    return _summed("fcn32s", backbone, class_names, (32,))


def fcn16s(backbone, class_names=CLASSES):
    """FCN-16s (section 4.2): FCN-32s' scores upsampled by 2, plus 1x1 scores on the stride-16 map; then by 16."""
    return _summed("fcn16s", backbone, class_names, (32, 16))


def fcn8s(backbone, class_names=CLASSES):
    """FCN-8s (section 4.2): FCN-16s' scores upsampled by 2, plus 1x1 scores on the stride-8 map; then by 8."""
    return _summed("fcn8s", backbone, class_names, (32, 16, 8))


def fcn4s(backbone, class_names=CLASSES):
    """One step past the paper, down to stride 4: maps, not scores, are upsampled and joined (notebook 06).

    The stride-32 map and its mean over the image (so that every cell knows the whole scene) are narrowed to 160
    channels. At each finer stride the map so far is upsampled by 2, laid on the backbone's map, and two separable
    convolutions look at both. The last map gets 1x1 scores.
    """
    features, maps = _maps(backbone, (32, 16, 8, 4))
    scene = layers.GlobalAveragePooling2D(keepdims=True, name="scene")(maps["32"])
    scene = layers.Conv2D(160, 1, activation="relu", name="scene_narrow")(scene)
    x = _convolve(layers.Conv2D(160, 1, use_bias=False, name="narrow32"), maps["32"])
    x = layers.Add(name="with_scene")([x, scene])
    x = _convolve(layers.SeparableConv2D(160, 5, padding="same", use_bias=False, name="look32"), x)
    for coarse, fine, width in ((32, 16, 160), (16, 8, 96), (8, 4, 64)):
        x = BilinearUpsampling(coarse // fine, name=f"upsample{coarse}to{fine}")([x, maps[str(fine)]])
        x = layers.Concatenate(name=f"join{fine}")([x, maps[str(fine)]])
        x = _convolve(layers.SeparableConv2D(width, 5, padding="same", use_bias=False, name=f"look{fine}"), x)
        x = _convolve(layers.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"look{fine}again"), x)
    return _network("fcn4s", backbone, class_names, 4, features, maps, score_layer(len(class_names), 4)(x))


def score_layer(classes, stride):
    """1x1 convolution from the features at `stride` to one score a class, starting at zero."""
    return layers.Conv2D(classes, 1, kernel_initializer="zeros", name=f"score{stride}")


def _summed(name, backbone, class_names, strides):
    """Scores on each map, coarse to fine, each sum upsampled by 2 onto the next."""
    features, maps = _maps(backbone, strides)
    scores = score_layer(len(class_names), strides[0])(maps[str(strides[0])])
    for coarse, fine in pairwise(strides):
        finer = score_layer(len(class_names), fine)(maps[str(fine)])
        coarser = BilinearUpsampling(coarse // fine, name=f"upsample{coarse}to{fine}")([scores, finer])
        scores = layers.Add(name=f"sum{fine}")([coarser, finer])
    return _network(name, backbone, class_names, strides[-1], features, maps, scores)


def _maps(backbone, strides):
    """The backbone's maps at `strides`, and a Keras input for each."""
    features = backbone.features(strides)
    return features, {key: keras.Input((None, None, x.shape[-1]), name=key) for key, x in features.output.items()}


def _convolve(layer, x):
    # Keras' own momentum, 0.99, takes longer to forget where the statistics started than a short training lasts.
    x = layers.BatchNormalization(momentum=0.9, name=f"{layer.name}_bn")(layer(x))
    return layers.ReLU(name=f"{layer.name}_relu")(x)


def _network(name, backbone, class_names, stride, features, maps, scores):
    scores = keras.Model(maps, scores, name=f"{name}_scores")
    head, model = assemble(name, stride, features, scores)
    return Network(name, backbone, tuple(class_names), stride, features, scores, head, model)


def assemble(name, stride, features, scores):
    """The `head` and the `model` of a `Network` from its `features` and `scores`."""
    maps = {key: keras.Input(x.shape[1:], name=key) for key, x in features.output.items()}
    like = keras.Input((None, None, None), name="like")
    logits = BilinearUpsampling(stride, name=f"upsample{stride}")([scores(maps), like])
    head = keras.Model({**maps, "like": like}, logits, name=f"{name}_head")
    images = features.input
    return head, keras.Model(images, head({**features.output, "like": images}), name=name)


NETWORKS = {"fcn32s": fcn32s, "fcn16s": fcn16s, "fcn8s": fcn8s, "fcn4s": fcn4s}
