"""Claim: a frozen FCN-32s has a mean IoU of 0.45 on CamVid val after 90 s of training at most, features included.

usage: python benchmarks/train_camvid.py [CAMVID_FOLDER]    (or set FCN_TUTORIAL_CAMVID)
"""

import sys
import time

from fcn_tutorial import backbones, metrics, models, training
from fcn_tutorial.datasets.camvid import CamVid

folder = sys.argv[1] if len(sys.argv) > 1 else None
network = models.fcn32s(backbones.load("efficientnet_lite0"))
start = time.perf_counter()
losses = training.train(network, CamVid(folder, "train"), progress=False)
seconds = time.perf_counter() - start
scores = metrics.scores(training.evaluate(network, CamVid(folder, "val"), progress=False))
print(f"{seconds:.0f} s for features and {len(losses)} epochs")
print(f"CamVid val: mean IoU {scores.mean_iou:.3f}, pixel accuracy {scores.pixel_accuracy:.3f}")
