"""Exercises on upsampling and transposed convolution (notebook 04)."""

from types import SimpleNamespace

import numpy as np

from fcn_tutorial.checks.arithmetic import stamp, stamp_of_cells
from fcn_tutorial.checks.forms import Function, Numbers
from fcn_tutorial.checks.tasks import Exercises, Mistake, Task


def exercises(seed=0, sealed=False):
    """The `Exercises` of notebook 04; numbers: row, factor, pixel, scores, kernel, stride, classes and what crop needs.

    These are layers of (kernel, stride, zeros), x_kernel, x_stride, image_size and cells.
    """
    return Exercises(_draw, (pixel_value, triangle, transposed_convolution, class_kernel, crop), seed, sealed)


def _draw(random):
    factor, cell = int(random.choice([6, 8, 10, 12])), int(random.randint(1, 4))
    return SimpleNamespace(
        row=[int(score) for score in random.randint(0, 20, 6)],
        factor=factor,
        pixel=factor * cell + factor // 2 + int(random.randint(factor)),
        scores=random.randint(-3, 5, (2, int(random.randint(3, 5)), 3)),
        kernel=random.randint(-4, 6, (3, int(random.randint(4, 6)), 3, 3)),
        stride=2,
        classes=int(random.randint(3, 9)),
        **_draw_release(random),
    )


def _draw_release(random):
    """Layers whose first zeros make the crop a whole number of pixels, and an image that the poolings can't use up."""
    halvings, first, last = (int(random.choice(options)) for options in ([2, 3, 4], [3, 5, 7], [3, 5, 7]))
    between = [[(3, 1, 1), (5, 1, 2), (3, 1, 0)][random.randint(3)] for _ in range(halvings - 1)]
    behind = [layer for convolution in (*between, (last, 1, 0)) for layer in ((2, 2, 0), convolution)]
    stride, cells = 2**halvings, int(random.randint(10, 16)) * 2 ** (5 - halvings)
    zeros = int(random.randint(3, 30) - _crop([(first, 1, 0), *behind], 2 * stride))
    layers, pixels = [(first, 1, zeros), *behind], cells
    for kernel, step, padding in reversed(layers):
        pixels = (pixels - 1) * step + kernel - 2 * padding
    pixels += int(random.randint(1, stride))
    return {"layers": layers, "x_kernel": 2 * stride, "x_stride": stride, "image_size": pixels, "cells": cells}


def pixel_value(numbers):
    """Find the value of a pixel between two cells."""
    row, factor, pixel = numbers.row, numbers.factor, numbers.pixel
    right = (pixel - (factor - 1) / 2) / factor

    def at(position):
        return float(np.interp(position, np.arange(len(row)), row))

    return Task(
        Numbers(decimals=3),
        at(right),
        (
            Mistake(row[pixel // factor], "That is the score of the cell that covers the pixel: nearest neighbour."),
            Mistake(at(pixel / factor), "Your cells stand on the first pixel that they cover, not in the middle."),
            Mistake(at((pixel - factor + 1) / factor), "Your cells stand on the last pixel that they cover."),
            Mistake(
                at((pixel - factor / 2) / factor),
                "Half a pixel off. The middle of the pixels 0 and 1 isn't pixel 1: take the mean of their numbers.",
            ),
            Mistake(
                at(pixel * (len(row) - 1) / (len(row) * factor - 1)),
                "That stretches the row until its end cells stand on the first and the last pixel (aligned corners).",
            ),
            Mistake(at(2 * np.floor(right) + 1 - right), "Your two weights changed places: the nearer counts more."),
        ),
        "A pixel gets a weighted mean of two cells, and each cell stands in the middle of its pixels.",
        "Write down the pixels on which the cells stand. Which two are on either side of your pixel, and how far off?",
    )


def triangle(numbers):
    """Write the function that gives the triangle for a factor, odd or even."""
    return Task(
        Function(((2,), (3,), (numbers.factor,), (numbers.factor + 1,))),
        lambda f: _triangle(_size(f), f),
        (
            Mistake(
                lambda f: _triangle(_size(f), f, f - 0.5), "For an odd factor it is lopsided. Where is the middle?"
            ),
            Mistake(
                lambda f: np.minimum(np.arange(_size(f)) + 1, _size(f) - np.arange(_size(f))) / f,
                "For an even factor the tip falls between two pixels: none of the weights reaches 1.",
            ),
            Mistake(lambda f: _triangle(2 * f, f), "For an odd factor that is one weight more than was asked for."),
            Mistake(
                lambda f: _triangle(_size(f), f) / f,
                "The weights of your stamp add up to 1. It is on each pixel that neighbouring stamps should do that.",
            ),
            Mistake(
                lambda f: _triangle(_size(f), (_size(f) - 1) / 2),
                "Your outermost weights are zero: the triangle ends too early. How far away is the next cell's tip?",
            ),
            Mistake(
                lambda f: _triangle(_size(f), _size(f) / 2),
                "For an odd factor it falls too fast: half of its size isn't the way to the next cell's tip.",
            ),
        ),
        "The tip falls on a pixel or between two, and the reach is the factor in both cases.",
        "Lay two of your triangles `factor` pixels apart, and add up. What should each pixel between the tips get?",
        outside="How many weights does the text ask for, and how many when the factor is odd?",
    )


def _size(factor):
    return 2 * factor - factor % 2


def _triangle(size, reach, centre=None):
    return 1 - np.abs(np.arange(size) - ((size - 1) / 2 if centre is None else centre)) / reach


def transposed_convolution(numbers):
    """Write the transposed convolution with all its channels."""
    scores, kernel = numbers.scores, numbers.kernel
    return Task(
        Function(
            (
                (scores, kernel, numbers.stride),
                (scores[:, :2] / 2, kernel[:2, :1] / 4, 3),
                (scores[:, :, :2], kernel[:, :2, :2, :2], 1),
                (scores, kernel[:2, :, :2], 2),
            )
        ),
        stamp,
        _STAMPED_WRONGLY,
        "Every cell stamps each of its channels on all that go out, and what overlaps adds up.",
        "Try one cell with a 1 in its first channel alone: which weights must show, where?",
        outside="Where does the last stamp begin, and where does it end?",
    )


_STAMPED_WRONGLY = (
    Mistake(
        lambda scores, kernel, stride: stamp(scores, kernel.swapaxes(2, 3), stride),
        "In and out have changed places in the kernel. Which of its last two axes belongs to the scores?",
    ),
    Mistake(
        lambda *given: stamp(*given, add=False),
        "Where two stamps overlap, your later one replaces the earlier one. What should happen there?",
    ),
    Mistake(
        lambda scores, kernel, stride: stamp(scores, kernel[::-1, ::-1], stride),
        "Your stamps are turned by half a turn. The kernel's first row is the first row of the stamp.",
    ),
    Mistake(
        lambda scores, kernel, stride: stamp(scores, kernel * np.eye(*kernel.shape[2:]), stride),
        "Each channel stamps on itself alone. This kernel has weights for every pair of channels.",
    ),
    Mistake(
        lambda scores, kernel, stride: stamp(scores, kernel, stride, axis=3),
        "Right while as many channels go out as come in. Which axis of the kernel says how many go out?",
    ),
    Mistake(
        lambda scores, kernel, stride: stamp(scores, kernel, 2),
        "That steps equally far in every example. Is there a number where `stride` should stand?",
    ),
    Mistake(stamp_of_cells, "Your map has `stride` pixels a cell. How far does the last stamp reach?"),
)


def class_kernel(numbers):
    """Write the function that fills the kernel of an upsampling of all classes."""
    two, four = _triangle(4, 2), _triangle(8, 4)
    return Task(
        Function(((two, four, numbers.classes), (four, two, 2))),
        _on_the_diagonal,
        (
            Mistake(
                lambda down, across, classes: np.multiply.outer(np.outer(down, across), np.ones((classes, classes))),
                "All pairs are filled, so each class gets the sum of all. Which pairs keep a class to itself?",
            ),
            Mistake(
                lambda *given: _on_the_diagonal(*given) / given[2],
                "The weights are divided by the number of classes. Does a class share its stamp with others?",
            ),
            Mistake(
                lambda down, across, classes: _on_the_diagonal(across, down, classes),
                "Rows and columns have changed places. The first axis goes down.",
            ),
            Mistake(
                lambda *given: np.moveaxis(_on_the_diagonal(*given), (2, 3), (0, 1)),
                "The pairs of channels stand first. In which order does Keras keep the four axes?",
            ),
        ),
        "One square on the diagonal pairs and zeros elsewhere: no class stamps on another.",
        "Look at the square of a class with itself, and of two that differ.",
        outside="How long is each of the four axes?",
    )


def _on_the_diagonal(down, across, classes):
    return np.multiply.outer(np.outer(down, across), np.eye(classes))


def crop(numbers):
    """Find the crop that aligns the grids of an FCN with layers of its own."""
    layers, kernel, stride = numbers.layers, numbers.x_kernel, numbers.x_stride
    rest = (numbers.cells - 1) * stride + kernel - numbers.image_size
    return Task(
        Numbers(),
        _crop(layers, kernel),
        (
            Mistake(
                rest / 2, "That is half of the rest for one image size. What would it be for a row of pixels more?"
            ),
            Mistake(
                (kernel - stride) / 2,
                "That is for cells laid over the image as squares. Here the layers say where cell 0 stands.",
            ),
            Mistake((kernel - 1) / 2, "That is the middle of cell 0's stamp. Bring it to where cell 0 stands."),
            Mistake(_crop(layers, kernel, zeros=2), "Zeros at the end of a row are counted too. Do they move cell 0?"),
            Mistake(
                _crop([layers[0], *((size, step, 0) for size, step, _ in layers[1:])], kernel),
                "The first layer's zeros alone are counted. Do those of the layers behind it move cell 0, and how far?",
            ),
            Mistake(_crop(layers, kernel, zeros=0), "The zeros are left out. Which way do they move cell 0?"),
            Mistake(
                _crop(layers, kernel, twice=True),
                "Your poolings move cell 0 twice as far as they do. Whose steps count, and where is the middle of two?",
            ),
            *(Mistake(_crop(layers, kernel, half=half), _HALVES) for half in (0, 1)),
        ),
        "The crop follows from kernels, strides and zeros; the size of the image has no part in it.",
        "Follow cell 0 through the layers: which pixel is it centred on? Then compare with the middle of its stamp.",
    )


_HALVES = "Halves are lost. The middle of an even number is between two."


def _crop(layers, x_kernel, zeros=1, twice=False, half=0.5):
    def centre(size):
        return (size - 1) // 2 if size % 2 else size // 2 - half

    offset, before = 0, 1
    for size, step, padding in layers:
        offset, before = offset + (centre(size) - zeros * padding) * before * (step if twice else 1), before * step
    return centre(x_kernel) - offset
