"""Claim: a frozen FCN-32s is better on CamVid val with half-pixel centres than with the theoretical ones (notebook 03).

usage: python benchmarks/grid_offset.py [CAMVID_FOLDER]    (or set FCN_TUTORIAL_CAMVID)
"""

import dataclasses
import sys
import tempfile

from fcn_tutorial import backbones, metrics, models, training
from fcn_tutorial.backend import keras
from fcn_tutorial.datasets.camvid import CamVid
from fcn_tutorial.geometry import layer_grids
from fcn_tutorial.upsampling import BilinearUpsampling


def placed(backbone, offset):
    """FCN-32s whose cell 0 is centred on the pixel `offset` (row, column); None for the half-pixel centres."""
    network = models.fcn32s(backbone)
    score, inputs = network.head.get_layer("score32"), network.head.input
    logits = BilinearUpsampling(32, offset)([score(inputs["32"]), inputs["like"]])
    head, images = keras.Model(inputs, logits), network.features.input
    model = keras.Model(images, head({**network.features.output, "like": images}))
    return dataclasses.replace(network, head=head, model=model)


folder = sys.argv[1] if len(sys.argv) > 1 else None
train_set, val_set = CamVid(folder, "train"), CamVid(folder, "val")
backbone = backbones.load("efficientnet_lite0")
grids = layer_grids(backbone.features((32,)), train_set[0][1].shape)
theory = grids[backbone.feature_layers[32]].offset
with tempfile.TemporaryDirectory() as features:
    for name, offset in (("half-pixel centres", None), (f"theoretical centres {theory}", theory)):
        network = placed(backbone, offset)
        training.train(network, train_set, features=features, progress=False)
        mean_iou = metrics.scores(training.evaluate(network, val_set, progress=False)).mean_iou
        print(f"{name}: mean IoU {mean_iou:.3f}")
