"""Claim: from no weights to a mean IoU of 0.60 on CamVid val in 3 minutes: FCN-8s on the frozen backbone, 6 epochs."""

import time

import psutil
from claims import need_camvid, score, verdict

from fcn_tutorial import backbones, models, training
from fcn_tutorial.datasets.camvid import CamVid

folder = need_camvid()
network = models.fcn8s(backbones.load("efficientnet_lite0"))
losses = training.train(network, CamVid(folder, "train"), epochs=6, balance=True, progress=False)
seconds = time.time() - psutil.Process().create_time()
scores = score(network, CamVid(folder, "val"))
print(f"{seconds:.0f} s from the start of Python to trained: imports, class weights, features, {len(losses)} epochs")
print(f"CamVid val: mean IoU {scores.mean_iou:.3f}, mean accuracy {scores.mean_accuracy:.3f}")
print(f"pixel accuracy {scores.pixel_accuracy:.3f}, frequency-weighted IoU {scores.frequency_weighted_iou:.3f}")
verdict(scores.mean_iou >= 0.60 and seconds <= 180)
