"""Claim: from 21 classes to 150 the time per class doesn't grow, in the fast loss and for a photo; equal to 1e-5.

Two frames of 360x480 pixels, FCN-8s, with 2, 21 and 150 classes and void; the loss with its gradient, compiled.
"""

import statistics
import time

import numpy as np
from claims import verdict
from loss_forms import forms

from fcn_tutorial import backbones, models, segmenting
from fcn_tutorial.backend import keras, ops

HEIGHT, WIDTH, STRIDE, VOID, ROUNDS = 360, 480, 8, 255, 7


def milliseconds(function):
    """The median time of a call, the first apart."""
    function()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def measure(classes):
    """(milliseconds of the fast loss, of the plain one, of labelling a photo, largest difference of the losses)."""
    shape = (2, -(-HEIGHT // STRIDE), -(-WIDTH // STRIDE), classes)
    scores = ops.convert_to_tensor(3 * rng.standard_normal(shape, "float32"))
    labels = rng.integers(0, classes + 1, (2, HEIGHT, WIDTH))
    labels = ops.convert_to_tensor(np.where(labels == classes, VOID, labels), "int32")
    plain, fast = forms(STRIDE, VOID)
    (value, gradient), (fast_value, fast_gradient) = plain(scores, labels), fast(scores, labels)
    difference = max(abs(value - fast_value), np.abs(gradient - fast_gradient).max() / np.abs(gradient).max())
    network = models.fcn8s(backbone, [f"class {number}" for number in range(classes)])
    times = [milliseconds(lambda form=form: form(scores, labels)) for form in (fast, plain)]
    times.append(milliseconds(lambda: segmenting.segment(network, photo)))
    print(f"{classes:3} classes: loss {times[0]:.0f} ms (plain form {times[1]:.0f}), a photo {times[2]:.0f} ms")
    print(f"            {times[0] / classes:.2f} ms a class; the two forms differ by {difference:.1e}")
    return *times, difference


rng = np.random.default_rng(0)
print(f"on {keras.backend.backend()}")
backbone, photo = backbones.load("efficientnet_lite0"), rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype="uint8")
few, some, many = (measure(classes) for classes in (2, 21, 150))
growth = [many[each] / some[each] / (150 / 21) for each in (0, 2)]
print(f"from 21 classes to 150, time per class grows by {growth[0]:.2f} (loss) and {growth[1]:.2f} (photo)")
verdict(max(growth) <= 1 and max(few[3], some[3], many[3]) <= 1e-5)
