"""Answers to the exercises of notebook 03 for seed 0, worked out by hand or in another way than the package does."""

import numpy as np

# layers (3, 2) (5, 1) (5, 4) (5, 4) (7, 1) (3, 5); 4 halvings, cell 8; cell 8 sees 82 to 342, cell 9 sees 130 to 390


def by_tracing(layers):
    """Receptive field by walking back from one cell to its first and last pixel."""
    first = last = 0
    for kernel, stride in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def by_marks(layers):
    """Receptive field by marking, in a long row of pixels, which of them move cell 0."""
    marked = {0}
    for kernel, stride in layers[::-1]:
        marked = {stride * cell + step for cell in marked for step in range(kernel)}
    return np.float32(max(marked) - min(marked) + 1)


def own_stride(layers):
    field, distance = 1, 1
    for kernel, stride in layers:
        distance *= stride
        field += (kernel - 1) * distance
    return field


def whole_kernels(layers):
    field, distance = 1, 1
    for kernel, stride in layers:
        field += kernel * distance
        distance *= stride
    return field


RIGHT = {
    "total_stride": [160, 160.0, np.int64(160), np.array([160]), 2 * 4 * 4 * 5],
    "receptive_field": [by_tracing, by_marks, lambda layers: [by_tracing(layers)]],
    "centre": [143, 143.0, np.uint8(143), [143]],
    "footprints": [(48, 261), [48, 261], np.array([48.0, 261.0])],
}
WRONG = {
    "total_stride": [
        (17, "sum of all strides"),
        (15, "strides above 1"),
        (16, "for a stride of 2"),
        (5, "largest"),
        (7875, "kernels"),
        (32, "before the last layer"),
    ],
    "receptive_field": [
        (own_stride, "own stride"),
        (lambda layers: 1 + sum(kernel for kernel, _ in layers) - len(layers), "strides are left out"),
        (whole_kernels, "taken whole"),
        (lambda layers: by_tracing(layers) - 1, "short by the same"),
    ],
    "centre": [(128, "centred on pixel 0"), (135.5, "half-pixel"), (144, "One pixel off"), (127, "cell before")],
    "footprints": [
        ((48, 260), "how many pixels are that"),
        ((261, 48), "other order"),
        ((213, 261), "what the two cells share"),
        ((309, 261), "cover together"),
        ((49, 261), "how many steps"),
    ],
}
