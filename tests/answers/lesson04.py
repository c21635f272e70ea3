"""Answers to the exercises of notebook 04 for seed 0, worked out by hand or in another way than the package does."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy import signal

# The row 11 0 13 6 7 1 at a factor of 12, pixel 28: cells 1 and 2 stand on the pixels 17.5 and 29.5.
# The layers (3, 1, 47) pool (5, 1, 2) pool (3, 1, 1) pool (7, 1, 0), x8 with a kernel of 16: 344 pixels give 48 cells.
# Cell 0 stands on 1 - 47 + 0.5 * (1 + 2 + 4) + 3 * 8 = -18.5, the middle of its stamp on 7.5.


def by_scipy(factor):
    return signal.windows.triang(2 * factor - factor % 2).astype("float32")


def by_running_means(factor):
    """A triangle as two boxes after each other, with half a pixel to each side where the factor is even."""
    return np.convolve(np.ones(factor) / factor, np.ones(factor) if factor % 2 else [0.5, *np.ones(factor - 1), 0.5])


def by_counting(factor):
    from_middle = range(1 - factor, factor) if factor % 2 else np.arange(-factor, factor) + 0.5
    return [(factor - abs(steps)) / factor for steps in from_middle]


def lopsided(factor):
    return [1 - abs(i - factor + 0.5) / factor for i in range(2 * factor - factor % 2)]


def tip_on_a_pixel(factor):
    up = [(i + 1) / factor for i in range(factor)]
    return up + up[::-1][factor % 2 :]


def stamped(scores, kernel, stride):
    """Transposed convolution, weight by weight."""
    (rows, columns, into), (height, width, out, _) = scores.shape, kernel.shape
    result = np.zeros(((rows - 1) * stride + height, (columns - 1) * stride + width, out))
    for r, c, i, y, x, o in np.ndindex(rows, columns, into, height, width, out):
        result[r * stride + y, c * stride + x, o] += scores[r, c, i] * kernel[y, x, o, i]
    return result


def by_spreading(scores, kernel, stride):
    """Transposed convolution as a convolution of the scores with zeros between them."""
    sparse = np.zeros([(cells - 1) * stride + 1 for cells in scores.shape[:2]] + [scores.shape[2]])
    sparse[::stride, ::stride] = scores
    maps = [
        sum(signal.convolve2d(sparse[..., i], kernel[:, :, o, i]) for i in range(kernel.shape[3]))
        for o in range(kernel.shape[2])
    ]
    return np.stack(maps, axis=-1)


def by_steps_of_the_kernel(scores, kernel, stride):
    rows, columns = scores.shape[:2]
    height, width, out, _ = kernel.shape
    result = np.zeros((rows * stride + height, columns * stride + width, out), "float32")
    for y, x in np.ndindex(height, width):
        result[y : y + rows * stride : stride, x : x + columns * stride : stride] += scores @ kernel[y, x].T
    return result[: rows * stride + height - stride, : columns * stride + width - stride].tolist()


def overwritten(scores, kernel, stride):
    result = np.zeros_like(stamped(scores, kernel, stride))
    for r, c in np.ndindex(scores.shape[:2]):
        stamp = np.einsum("yxoi,i->yxo", kernel, scores[r, c])
        result[r * stride : r * stride + len(stamp), c * stride : c * stride + stamp.shape[1]] = stamp
    return result


def own_channel(scores, kernel, stride):
    alone = kernel.copy()
    for o, i in np.ndindex(kernel.shape[2:]):
        alone[:, :, o, i] *= o == i
    return stamped(scores, alone, stride)


def image_sized(scores, kernel, stride):
    whole, (rows, columns) = stamped(scores, kernel, stride), scores.shape[:2]
    result = np.zeros((rows * stride, columns * stride, whole.shape[2]))
    part = whole[: rows * stride, : columns * stride]
    result[: len(part), : part.shape[1]] = part
    return result


def filled_by_loop(down, across, classes, pairs=None, first=()):
    kernel = np.zeros((len(down), len(across), classes, classes))
    for o, i in np.ndindex(classes, classes):
        if o == i or pairs == "all":
            kernel[:, :, o, i] = [[y * x for x in across] for y in down]
    return kernel.transpose(*first, *({0, 1, 2, 3} - set(first)))


def filled_by_einsum(down, across, classes):
    return np.einsum("y,x,oi->yxoi", down, across, np.eye(classes)).astype("float32")


def filled_by_product(down, across, classes):
    return (down[:, None, None, None] * across[:, None, None] * np.identity(classes)).tolist()


RIGHT = {
    "pixel_value": [11.375, np.float32(11.375), [11.375], 13 * 10.5 / 12, Fraction(13 * 21, 24), Decimal("11.375")],
    "triangle": [by_scipy, by_running_means, by_counting],
    "transposed_convolution": [stamped, by_spreading, by_steps_of_the_kernel],
    "class_kernel": [filled_by_loop, filled_by_einsum, filled_by_product],
    "crop": [26, 26.0, np.array([26]), 7.5 + 18.5],
}
WRONG = {
    "pixel_value": [
        (13, "nearest neighbour"),
        (10.667, "first pixel that they cover"),
        (5.4167, "last pixel that they cover"),
        (10.833, "Half a pixel off"),
        (12.634, "aligned corners"),
        (1.625, "changed places"),
    ],
    "triangle": [
        (lopsided, "lopsided"),
        (tip_on_a_pixel, "falls between two pixels"),
        (lambda factor: signal.windows.triang(2 * factor) if factor % 2 == 0 else six(factor), "one weight more"),
        (lambda factor: by_scipy(factor) / by_scipy(factor).sum(), "add up to 1"),
        (lambda factor: np.bartlett(2 * factor - factor % 2), "outermost weights are zero"),
        (lambda factor: too_steep(2 * factor - factor % 2), "falls too fast"),
    ],
    "transposed_convolution": [
        (lambda scores, kernel, stride: stamped(scores, kernel.transpose(0, 1, 3, 2), stride), "In and out"),
        (overwritten, "replaces the earlier one"),
        (lambda scores, kernel, stride: by_spreading(scores, np.flip(kernel, (0, 1)), stride), "half a turn"),
        (own_channel, "on itself alone"),
        (image_sized, "`stride` pixels a cell"),
    ],
    "class_kernel": [
        (lambda *given: filled_by_loop(*given, pairs="all"), "All pairs are filled"),
        (lambda down, across, classes: filled_by_loop(down / classes, across, classes), "divided by the number"),
        (lambda down, across, classes: filled_by_loop(across, down, classes), "Rows and columns"),
        (lambda *given: filled_by_loop(*given, first=(2, 3)), "pairs of channels stand first"),
    ],
    "crop": [
        (24, "half of the rest"),
        (4, "laid over the image as squares"),
        (7.5, "middle of cell 0's stamp"),
        (81, "Zeros at the end"),
        (-29, "zeros are left out"),
        (22.5, "twice as far"),
        (23, "Halves are lost"),
    ],
}


def six(factor):
    """Six weights for a factor of 3, and so on for each odd one."""
    half = [(step + 0.5) / factor for step in range(factor)]
    return half + half[::-1]


def too_steep(size):
    return [1 - 2 * abs(i - (size - 1) / 2) / size for i in range(size)]


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    value = at(numbers, numbers.pixel)
    return {
        "pixel_value": [value, round(value, 3), np.floor(1000 * value) / 1000, np.float16(value)],
        "crop": [crop_by_following(numbers.layers, numbers.x_kernel)],
        **{task: RIGHT[task] for task in ("triangle", "transposed_convolution", "class_kernel")},
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    row, factor, pixel, kernel = numbers.row, numbers.factor, numbers.pixel, numbers.x_kernel
    left = int((pixel - (factor - 1) / 2) // factor)
    rest = (numbers.cells - 1) * numbers.x_stride + kernel - numbers.image_size
    aligned = np.interp(pixel, np.linspace(0, 6 * factor - 1, 6), row)
    layers, follow = numbers.layers, crop_by_following
    return {
        "pixel_value": [
            (row[pixel // factor], "nearest neighbour"),
            (at(numbers, pixel + (factor - 1) / 2), "first pixel that they cover"),
            (at(numbers, pixel - (factor - 1) / 2), "last pixel that they cover"),
            (at(numbers, pixel - 0.5), "Half a pixel off"),
            (aligned, "aligned corners"),
            (row[left] + row[left + 1] - at(numbers, pixel), "changed places"),
            ((row[left] + row[left + 1]) / 2, ""),
        ],
        "triangle": [*WRONG["triangle"], (lambda factor: by_scipy(numbers.factor), ""), (by_halves, "")],
        "transposed_convolution": [
            *WRONG["transposed_convolution"],
            (out_from_the_wrong_axis, "Which axis of the kernel says how many go out"),
            (lambda scores, kernel, stride: stamped(scores, kernel, 2), "where `stride` should stand"),
            (lambda scores, kernel, stride: stamped(scores, kernel.swapaxes(0, 1), stride), ""),
            (lambda scores, kernel, stride: stamped(scores.swapaxes(0, 1), kernel, stride), ""),
            (as_large_as_keras_makes_it, ""),
            (lambda *given: stamped(*given).astype(int), ""),
        ],
        "class_kernel": [
            *WRONG["class_kernel"],
            (lambda down, across, classes: filled_by_loop(down, down, classes), ""),
            (lambda down, across, classes: filled_by_loop(down, across, numbers.classes), ""),
            (lambda down, across, classes: filled_by_loop(down, across, 2), ""),
        ],
        "crop": [
            (rest / 2, "half of the rest"),
            ((kernel - numbers.x_stride) / 2, "laid over the image as squares"),
            ((kernel - 1) / 2, "middle of cell 0's stamp"),
            (follow(layers, kernel, zeros=2), "Zeros at the end"),
            (follow(layers, kernel, zeros=0), "zeros are left out"),
            (follow(layers, kernel, own=True), "twice as far"),
            (follow(layers, kernel, middle=lambda size: (size - 1) // 2), "Halves are lost"),
            (follow(layers, kernel, middle=lambda size: size // 2), "Halves are lost"),
            (follow(layers, kernel, middle=lambda size: size / 2), ""),
            (
                follow([layers[0], *((size, step, 0) for size, step, _ in layers[1:])], kernel),
                "zeros alone are counted",
            ),
            (-follow(layers, kernel), ""),
        ],
    }


def at(numbers, pixel):
    """The score at a pixel, from the places on which the cells stand."""
    stand = [np.mean(range(numbers.factor * cell, numbers.factor * (cell + 1))) for cell in range(6)]
    return float(np.interp(pixel, stand, numbers.row))


def crop_by_following(layers, x_kernel, zeros=1, own=False, middle=lambda size: (size - 1) / 2):
    """Walk from cell 0 of the last map back to the pixel that it stands on."""
    place = 0
    for size, step, padding in reversed(layers):
        place = (
            step * (place + middle(size) - zeros * padding) if own else step * place + middle(size) - zeros * padding
        )
    return middle(x_kernel) - place


def by_halves(factor):
    """Whole factors, halved."""
    return np.bartlett(2 * factor + 1 - factor % 2)[: 2 * factor - factor % 2]


def out_from_the_wrong_axis(scores, kernel, stride):
    (rows, columns), (height, width) = scores.shape[:2], kernel.shape[:2]
    result = np.zeros(((rows - 1) * stride + height, (columns - 1) * stride + width, kernel.shape[3]))
    for r, c in np.ndindex(rows, columns):
        stamp = kernel @ scores[r, c]
        result[r * stride : r * stride + height, c * stride : c * stride + width] += stamp
    return result


def as_large_as_keras_makes_it(scores, kernel, stride):
    """Zeros behind the last stamp where the stride is larger than the kernel."""
    more = [(0, max(stride - size, 0)) for size in kernel.shape[:2]]
    return np.pad(stamped(scores, kernel, stride), [*more, (0, 0)])
