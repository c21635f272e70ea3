"""Claim: a frozen FCN-32s is better on CamVid val with half-pixel centres than with the theoretical ones (notebook 03).

Trained as `training.train` does, but through the plain loss: the fast one knows half-pixel centres only.
"""

import numpy as np
from claims import need_camvid, verdict

from fcn_tutorial import backbones, metrics, models, training
from fcn_tutorial.backend import keras
from fcn_tutorial.datasets.camvid import CamVid
from fcn_tutorial.geometry import layer_grids
from fcn_tutorial.losses import PixelCrossEntropy
from fcn_tutorial.training import feature_cache
from fcn_tutorial.upsampling import BilinearUpsampling

EPOCHS = 6


class SizedBatches(feature_cache.FeatureBatches):
    """Maps, and the size that their scores are upsampled to."""

    def __getitem__(self, index):
        maps, labels = super().__getitem__(index)
        return {**maps, "like": labels[..., None].astype("float32")}, labels


def placed(network, offset):
    """Maps and "like" -> logits, cell 0 centred on the pixel `offset` (row, column); None for half-pixel centres."""
    maps, like = network.scores.input, keras.Input((None, None, 1), name="like")
    return keras.Model({**maps, "like": like}, BilinearUpsampling(32, offset)([network.scores(maps), like]))


def mean_iou(head, cached):
    """Mean IoU of `head` over the frames whose maps are `cached`."""
    batches = SizedBatches(cached, 8, shuffle=False)
    pairs = (batches[index] for index in range(len(batches)))
    found = ((labels, head.predict_on_batch(inputs).argmax(-1)) for inputs, labels in pairs)
    return metrics.scores(sum(metrics.confusion_matrix(*pair) for pair in found)).mean_iou


folder = need_camvid()
backbone = backbones.load("efficientnet_lite0")
network = models.fcn32s(backbone)
frames = CamVid(folder, "train")
train_set, val_set = (
    feature_cache.cached_features(network, dataset, progress=False) for dataset in (frames, CamVid(folder, "val"))
)
theory = layer_grids(network.features, frames[0][1].shape)[backbone.feature_layers[32]].offset
found = []
for name, offset in (("half-pixel centres", None), (f"theoretical centres {theory}", theory)):
    head, batches = placed(models.fcn32s(backbone), offset), SizedBatches(train_set, 8)
    schedule = keras.optimizers.schedules.CosineDecay(training.LEARNING_RATE[False], EPOCHS * len(batches))
    head.compile(keras.optimizers.AdamW(schedule), PixelCrossEntropy())
    head.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0)
    found.append(mean_iou(head, val_set))
    print(f"{name}: mean IoU {found[-1]:.3f}")
verdict(np.greater(*found))
