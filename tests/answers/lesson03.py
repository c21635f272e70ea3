"""Answers to the exercises of notebook 03 for seed 0, worked out by hand or in another way than the package does."""

import numpy as np

# layers (3, 5) (3, 2) (7, 1) (5, 2) (1, 1) (7, 1); 4 halvings, cell 3; cell 3 sees 42 to 286, cell 4 sees 66 to 310


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
    "total_stride": [20, 20.0, np.int64(20), np.array([20]), 5 * 2 * 2],
    "receptive_field": [by_tracing, by_marks, lambda layers: [by_tracing(layers)]],
    "centre": [63, 63.0, np.uint8(63), [63]],
    "footprints": [(24, 245), [24, 245], np.array([24.0, 245.0])],
}
WRONG = {
    "total_stride": [
        (12, "sum of all strides"),
        (9, "strides above 1"),
        (8, "for a stride of 2"),
        (5, "largest"),
        (2205, "kernels"),
    ],
    "receptive_field": [
        (own_stride, "own stride"),
        (lambda layers: 1 + sum(kernel for kernel, _ in layers) - len(layers), "strides are left out"),
        (whole_kernels, "taken whole"),
        (lambda layers: by_tracing(layers) - 1, "short by the same"),
    ],
    "centre": [(48, "centred on pixel 0"), (55.5, "half-pixel"), (64, "One pixel off"), (47, "cell before")],
    "footprints": [
        ((24, 244), "how many pixels are that"),
        ((245, 24), "other order"),
        ((221, 245), "what the two cells share"),
        ((269, 245), "cover together"),
        ((25, 245), "how many steps"),
    ],
}
