"""Claim: classifier and converted form differ by at most 1e-4 of the logits' range: EfficientNet-Lite0, full VGG-16.

VGG-16 has random weights and biases. It needs 4 GB of memory.
"""

import numpy as np
from claims import verdict

from fcn_tutorial import backbones
from fcn_tutorial.backend import ops
from fcn_tutorial.convolutionalize import convolutionalize, split_softmax

rng = np.random.default_rng(0)
images = rng.standard_normal((1, 224, 224, 3), "float32")
differences = []
for name, weights in (("efficientnet_lite0", "imagenet"), ("vgg16", None)):
    classifier = backbones.load(name, weights=weights).classifier
    for layer in classifier.layers:
        if weights is None and layer.weights:
            layer.bias.assign(rng.standard_normal(layer.bias.shape, "float32"))
    logits = ops.convert_to_numpy(split_softmax(classifier)(images))[0]
    converted = ops.convert_to_numpy(convolutionalize(classifier)(images))[0, 0, 0]
    differences.append(np.abs(converted - logits).max() / np.ptp(logits))
    print(f"{name}: largest difference {differences[-1]:.1e} of the logits' range")
verdict(max(differences) <= 1e-4)
