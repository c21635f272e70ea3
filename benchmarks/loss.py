"""Claim: the full-resolution loss, value and gradient, is 2.5 times faster from scores at stride 8, equal to 1e-5.

Eight frames of 360x480 pixels, 11 classes and void; both forms compiled. Also runs with KERAS_BACKEND=jax.
"""

import numpy as np
from claims import verdict
from loss_forms import forms
from timing import compare

from fcn_tutorial.backend import keras, ops
from fcn_tutorial.labels import VOID

IMAGES, HEIGHT, WIDTH, CLASSES = 8, 360, 480, VOID


def measure(stride):
    """How many times faster the fast form is, and the differences of value and gradient (share of its largest)."""
    shape = (IMAGES, -(-HEIGHT // stride), -(-WIDTH // stride), CLASSES)
    arrays = ops.convert_to_tensor(3 * rng.standard_normal(shape, "float32")), labels
    plain, fast = forms(stride, VOID)
    (value, gradient), (fast_value, fast_gradient) = plain(*arrays), fast(*arrays)
    differences = abs(value - fast_value), np.abs(gradient - fast_gradient).max() / np.abs(gradient).max()
    print(f"stride {stride}: loss {value:.6f}, difference {differences[0]:.1e}; of the gradient {differences[1]:.1e}")
    names = (f"  plain, stride {stride}", f"  fast, stride {stride}")
    return compare(lambda: plain(*arrays), lambda: fast(*arrays), names, rounds=25), *differences


rng = np.random.default_rng(0)
labels = ops.convert_to_tensor(rng.integers(0, VOID + 1, (IMAGES, HEIGHT, WIDTH)), "int32")
print(f"on {keras.backend.backend()}")
found = {stride: measure(stride) for stride in (32, 16, 8, 4)}
verdict(found[8][0] >= 2.5 and max(difference for _, *each in found.values() for difference in each) <= 1e-5)
