"""Claim: a frozen FCN-32s has a mean IoU of 0.45 on CamVid val after 90 s of training at most, features included."""

import time

from claims import need_camvid, score, verdict

from fcn_tutorial import backbones, models, training
from fcn_tutorial.datasets.camvid import CamVid

folder = need_camvid()
network = models.fcn32s(backbones.load("efficientnet_lite0"))
start = time.perf_counter()
losses = training.train(network, CamVid(folder, "train"), progress=False)
seconds = time.perf_counter() - start
scores = score(network, CamVid(folder, "val"))
print(f"{seconds:.0f} s for features and {len(losses)} epochs")
print(f"CamVid val: mean IoU {scores.mean_iou:.3f}, pixel accuracy {scores.pixel_accuracy:.3f}")
verdict(scores.mean_iou >= 0.45 and seconds <= 90)
