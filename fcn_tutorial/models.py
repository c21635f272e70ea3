"""Fully convolutional networks: scores on coarse maps, upsampled to the image (Long, Shelhamer and Darrell 2015)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fcn_tutorial.backbones import Backbone
from fcn_tutorial.backend import keras
from fcn_tutorial.labels import CAMVID, Classes, as_classes
from fcn_tutorial.upsampling import BilinearUpsampling

layers = keras.layers


@dataclass(frozen=True)
class Network:
    """A segmentation network, in parts that can run apart, so that a frozen backbone's maps are computed once.

    classes: what it tells apart, `labels.Classes`; `class_names` are their names.
    stride: pixels from one cell of the finest scores to the next.
    features: preprocessed images (N, H, W, 3) -> {"32": map (N, h, w, C), ...}, named by the backbone's own stride.
    scores: {"32": map, ...} -> scores (N, h, w, classes), before the last upsampling.
    head: {"32": map, ..., "like": any (N, H, W, ...)} -> logits (N, H, W, classes); only the size of "like" counts.
    model: all in one: preprocessed images (N, H, W, 3) -> logits (N, H, W, classes) at the image's own size.
    trained_size: (H, W) in pixels of the images that its weights were trained on, None where that isn't known.
    """

    name: str
    backbone: Backbone
    classes: Classes
    stride: int
    features: Any
    scores: Any
    head: Any
    model: Any
    trained_size: tuple | None = None

    @property
    def class_names(self):
        """The names of its classes in order, a tuple."""
        return self.classes.names


def fcn32s(backbone, classes=CAMVID):
    """FCN-32s (section 4.2): 1x1 scores on the stride-32 map, then one bilinear upsampling by 32. Any input size.

    backbone: a `Backbone`. classes: `labels.Classes`, or names alone. The scores start at zero, so that the loss starts
    at ln(number of classes).
    """
    return _summed("fcn32s", backbone, classes, (32,))


def fcn16s(backbone, classes=CAMVID):
    """FCN-16s (section 4.2): FCN-32s' scores upsampled by 2, plus 1x1 scores on the stride-16 map; then by 16."""
    return _summed("fcn16s", backbone, classes, (32, 16))


def fcn8s(backbone, classes=CAMVID):
    """FCN-8s (section 4.2): FCN-16s' scores upsampled by 2, plus 1x1 scores on the stride-8 map; then by 8."""
    return _summed("fcn8s", backbone, classes, (32, 16, 8))


def fcn4s(backbone, classes=CAMVID):
    """FCN-8s that sees each image at twice its size, so its scores stand 4 pixels apart.

    It isn't in the paper; notebooks/further/06_show_a_larger_picture measures it. It has FCN-8s' layers and no number
    more: `training.stages.carry` hands FCN-8s' weights over.
    """
    return _summed("fcn4s", backbone, classes, (32, 16, 8), enlarge=2)


def score_layer(classes, stride):
    """1x1 convolution from the features at `stride` to one score a class, starting at zero."""
    return layers.Conv2D(classes, 1, kernel_initializer="zeros", name=f"score{stride}")


def _summed(name, backbone, classes, strides, enlarge=1):
    """Scores on each map, coarse to fine, each sum upsampled by 2 onto the next; strides in enlarged pixels."""
    classes = as_classes(classes)
    features = backbone.features(strides, enlarge)
    maps = {key: keras.Input((None, None, x.shape[-1]), name=key) for key, x in features.output.items()}
    scores = score_layer(len(classes), strides[0])(maps[str(strides[0])])
    for coarse, fine in pairwise(strides):
        finer = score_layer(len(classes), fine)(maps[str(fine)])
        coarser = BilinearUpsampling(coarse // fine, name=f"upsample{coarse}to{fine}")([scores, finer])
        scores = layers.Add(name=f"sum{fine}")([coarser, finer])
    scores = keras.Model(maps, scores, name=f"{name}_scores")
    stride = strides[-1] // enlarge
    head, model = assemble(name, stride, features, scores)
    return Network(name, backbone, classes, stride, features, scores, head, model)


def assemble(name, stride, features, scores):
    """The `head` and the `model` of a `Network` from its `features` and `scores`."""
    maps = {key: keras.Input(x.shape[1:], name=key) for key, x in features.output.items()}
    like = keras.Input((None, None, None), name="like")
    logits = BilinearUpsampling(stride, name=f"upsample{stride}")([scores(maps), like])
    head = keras.Model({**maps, "like": like}, logits, name=f"{name}_head")
    images = features.input
    return head, keras.Model(images, head({**features.output, "like": images}), name=name)


NETWORKS = {"fcn32s": fcn32s, "fcn16s": fcn16s, "fcn8s": fcn8s, "fcn4s": fcn4s}
