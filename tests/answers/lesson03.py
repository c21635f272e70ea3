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


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    strides = np.array([stride for _, stride in numbers.layers])
    (first, last), (following, _) = numbers.footprints.values()
    return {
        "total_stride": [int(np.prod(strides)), float(np.exp(np.log(strides).sum()))],
        "receptive_field": RIGHT["receptive_field"],
        "centre": [by_halving(numbers)],
        "footprints": [(len(range(first, following)), len(range(first, last + 1)))],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    strides = [stride for _, stride in numbers.layers]
    above, stride, cell = [stride for stride in strides if stride > 1], 2**numbers.halvings, numbers.cell
    (first, last), (following, end) = numbers.footprints.values()
    step, field = following - first, last - first + 1
    return {
        "total_stride": [
            (sum(strides), "sum of all strides"),
            (sum(above), "strides above 1"),
            (2 ** len(above), "for a stride of 2"),
            (max(strides), "largest"),
            (np.prod([kernel for kernel, _ in numbers.layers]), "kernels"),
            (np.prod(strides[:-1]), "before the last layer"),
        ],
        "receptive_field": [
            *WRONG["receptive_field"],
            (stepping(lambda before: sum(before) or 1), "All strides are added up"),
            (stepping(lambda before: sum(stride for stride in before if stride > 1) or 1), "strides above 1"),
            (stepping(lambda before: 1 + sum(stride - 1 for stride in before)), "starting from 1"),
            (stepping(lambda before: max(before, default=1)), "largest stride so far"),
            (stepping(lambda before: before[-1] if before else 1), "layer before counts"),
            (stepping(lambda before: 2 ** sum(stride > 1 for stride in before)), "taken for a stride of 2"),
            (stepping(np.prod, lambda kernel: 2 * (kernel // 2)), "all kernels are odd"),
            (lambda layers: by_tracing(layers) + 1, ""),
            (lambda layers: by_tracing(layers[::-1]), ""),
            (lambda layers: by_tracing(layers[:-1]), ""),
            (lambda layers: np.prod([stride for _, stride in layers]), ""),
        ],
        "centre": [
            (stride * cell, "centred on pixel 0"),
            (stride * cell + stride / 2 - 0.5, "half-pixel"),
            (stride * cell + stride, "One pixel off"),
            (stride * cell - 1, "cell before"),
            (stride * cell + stride / 2, ""),
            (stride * cell + stride - 0.5, ""),
        ],
        "footprints": [
            ((step, field - 1), "how many pixels are that"),
            ((field, step), "other order"),
            ((last - following + 1, field), "what the two cells share"),
            ((end - first + 1, field), "cover together"),
            ((step + 1, field), "how many steps"),
            ((step - 1, field), ""),
        ],
    }


def by_halving(numbers):
    """Follow the middle one of the three cells that a cell reads, down to the photo."""
    place = numbers.cell
    for _ in range(numbers.halvings):
        place = 2 * place + 1
    return place


def stepping(step, of_kernel=lambda kernel: kernel - 1):
    """Receptive field with another step in place of the product of the strides so far."""

    def field(layers):
        strides = [stride for _, stride in layers]
        return 1 + sum(of_kernel(kernel) * step(strides[:n]) for n, (kernel, _) in enumerate(layers))

    return field
