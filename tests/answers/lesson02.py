"""Answers to the exercises of notebook 02 for seed 0, worked out by hand or in another way than the package does."""

import numpy as np
from scipy import signal, special

# total stride 16, trained on 112 x 80, photo 214 x 175; crop: stride 16, trained on 30 x 50, score (4, 6)


def place_by_place(kernel, rows, columns, number=None):
    """Put each weight where the number that it belongs to stands; number(row, column, channel) of a flattened map."""
    channels, units = len(kernel) // (rows * columns), len(kernel[0])
    number = number or (lambda row, column, channel: (row * columns + column) * channels + channel)
    window = np.zeros((rows, columns, channels, units))
    for row, column, channel in np.ndindex(rows, columns, channels):
        window[row, column, channel] = kernel[number(row, column, channel)]
    return window


def by_cutting(kernel, rows, columns):
    return [[part.tolist() for part in np.split(line, columns)] for line in np.split(kernel, rows)]


def by_impulses(kernel, rows, columns):
    """Ask the layer itself: a map with a single 1 in it brings out one row of the kernel."""
    channels = kernel.shape[0] // rows // columns
    impulses = np.eye(len(kernel)).reshape(len(kernel), rows, columns, channels)
    return np.einsum("nrci,nu->rciu", impulses, kernel).astype("float32")


def channels_first(kernel, rows, columns):
    return place_by_place(kernel, rows, columns, lambda row, column, channel: (channel * rows + row) * columns + column)


def down_each_column(kernel, rows, columns):
    channels = len(kernel) // (rows * columns)
    return place_by_place(
        kernel, rows, columns, lambda row, column, channel: (column * rows + row) * channels + channel
    )


def row_fastest(kernel, rows, columns):
    channels, units = len(kernel) // (rows * columns), len(kernel[0])
    flat = iter(kernel.T.ravel())  # down the first column of the kernel, then down the second
    window = np.zeros((rows, columns, channels, units))
    for unit, channel, column, row in np.ndindex(units, channels, columns, rows):
        window[row, column, channel, unit] = next(flat)
    return window


def transposed(kernel, rows, columns):
    return np.array([weight for unit in kernel.T for weight in unit]).reshape(rows, columns, -1, kernel.shape[1])


def by_loops(cells, kernel, bias, rows, columns, step=(1, 1)):
    scores = []
    for top in range(0, len(cells) - rows + 1, step[0]):
        starts = range(0, len(cells[0]) - columns + 1, step[1])
        scores.append(
            [(cells[top : top + rows, left : left + columns].ravel() @ kernel + bias).tolist() for left in starts]
        )
    return scores


def by_scipy(cells, kernel, bias, rows, columns, mode="valid", how=signal.correlate2d):
    window = kernel.reshape(rows, columns, cells.shape[2], len(bias))
    maps = [
        sum(how(cells[..., i], window[:, :, i, unit], mode) for i in range(cells.shape[2])) + bias[unit]
        for unit in range(len(bias))
    ]
    return np.stack(maps, axis=-1)


def by_taps(cells, kernel, bias, rows, columns, biases=1):
    """Add up one product for each place in the window, over all places of the window at once."""
    height, width = len(cells) - rows + 1, len(cells[0]) - columns + 1
    total = np.zeros((height, width, len(bias)), "float32") + biases * bias
    for (row, column), tap in zip(np.ndindex(rows, columns), np.split(kernel, rows * columns), strict=True):
        total += cells[row : row + height, column : column + width] @ tap
    return total


def padded(cells, kernel, bias, rows, columns):
    """As TensorFlow pads for "same": the larger half of the zeros at the end."""
    above, left = (rows - 1) // 2, (columns - 1) // 2
    larger = np.zeros((len(cells) + rows - 1, len(cells[0]) + columns - 1, cells.shape[2]))
    larger[above : above + len(cells), left : left + len(cells[0])] = cells
    return by_loops(larger, kernel, bias, rows, columns)


def head(mean, layers, between=lambda x: np.maximum(x, 0)):
    for kernel, bias in layers[:-1]:
        mean = between(np.dot(mean, kernel) + bias)
    return np.dot(mean, layers[-1][0]) + layers[-1][1]


def head_by_loops(cells, rows, columns, layers, pool=np.mean, **kind):
    places = len(cells) - rows + 1, len(cells[0]) - columns + 1
    return [
        [head(pool(cells[y : y + rows, x : x + columns], axis=(0, 1)), layers, **kind) for x in range(places[1])]
        for y in range(places[0])
    ]


def head_by_scipy(cells, rows, columns, layers):
    mean = [
        signal.correlate2d(cells[..., i], np.full((rows, columns), 1 / rows / columns), "valid")
        for i in range(cells.shape[2])
    ]
    return head(np.moveaxis(mean, 0, -1), layers).astype("float32")


def head_first_layer_before_the_mean(cells, rows, columns, layers):
    """The first layer, without its ReLU, is linear: cell by cell, then the mean, is the same."""
    kernel, bias = layers[0]
    return head_by_loops(cells @ kernel + bias, rows, columns, [(np.eye(len(bias)), 0 * bias), *layers[1:]])


def head_cell_by_cell(cells, rows, columns, layers):
    return np.array([[head(cell, layers) for cell in line] for line in cells])


RIGHT = {
    "as_window": [place_by_place, by_cutting, by_impulses],
    "dense_everywhere": [by_loops, by_scipy, by_taps],
    "head_everywhere": [head_by_loops, head_by_scipy, head_first_layer_before_the_mean],
    "score_map": [(7, 6), [7.0, 6.0], np.array([7, 6], "uint8")],
    "crop": [(64, 96, 94, 146), [64, 96, 94.0, 146], np.array([64, 96, 94, 146], "int16")],
}
WRONG = {
    "as_window": [
        (channels_first, "channel 0 first"),
        (down_each_column, "down each column"),
        (lambda kernel, rows, columns: place_by_place(kernel, columns, rows), "have changed places"),
        (row_fastest, 'order "F"'),
        (transposed, "transposed first"),
    ],
    "dense_everywhere": [
        (lambda cells, kernel, bias, *size: by_loops(cells, kernel, 0 * bias, *size), "off by the same"),
        (lambda *case: by_taps(*case, biases=case[-2] * case[-1]), "for each cell under the window"),
        (lambda *case: by_scipy(*case, how=signal.convolve2d), "turned round"),
        (padded, "zeros were padded"),
        (lambda *case: by_loops(*case, step=case[-2:]), "by its own size"),
        (lambda *case: np.clip(by_scipy(*case), 0, None), "No score is below 0"),
    ],
    "head_everywhere": [
        (
            lambda cells, rows, columns, layers: by_taps(
                head_cell_by_cell(cells, rows, columns, layers),
                np.tile(np.eye(layers[-1][1].size), (rows * columns, 1)) / rows / columns,
                0 * layers[-1][1],
                rows,
                columns,
            ),
            "cell by cell",
        ),
        (lambda *case: head_by_loops(*case, pool=np.sum), "added up"),
        (lambda cells, rows, columns, layers: [[head(cells.mean(axis=(0, 1)), layers)]], "whole map"),
        (lambda *case: head_by_loops(*case, between=lambda x: x), "no ReLU between"),
        (lambda *case: np.clip(head_by_loops(*case), 0, None), "No score is below 0"),
        (lambda *case: special.softmax(head_by_loops(*case), axis=-1), "a softmax"),
        (
            lambda *case: head_by_loops(*case[:3], [(kernel, np.zeros_like(bias)) for kernel, bias in case[3]]),
            "biases are left out",
        ),
    ],
    "score_map": [
        ((6, 5), "Too few"),
        ((8, 7), "Too many"),
        ((13, 10), "Behind it comes a window"),
        ((6, 7), "other order"),
        ((1, 2), "side by side"),
        ((7, 4), "rows are right"),
        ((9, 4), "columns off the rows"),
    ],
    "crop": [
        ((120, 300, 150, 350), "side by side"),
        ((57, 79, 87, 129), "square of one cell"),
        ((64, 96, 93, 145), "stops before its end"),
        ((96, 64, 146, 94), "changed places"),
        ((64, 96, 30, 50), "crop's size"),
        ((64, 96, 80, 112), "How much of the photo"),
    ],
}


def right_for(numbers):
    """Right answers for the numbers of any seed."""
    stride, crop = numbers.stride, numbers.crop
    photo, window = (
        [len(range(stride, side + 1, stride)) for side in size] for size in (numbers.photo, numbers.trained_on)
    )
    places = [len(range(side - part + 1)) for side, part in zip(photo, window, strict=True)]
    top, left = (crop.stride * place for place in crop.score)
    return {
        **{task: RIGHT[task] for task in ("as_window", "dense_everywhere", "head_everywhere")},
        "score_map": [places, np.array(places, "uint8")],
        "crop": [(top, left, top + crop.trained_on[0], left + crop.trained_on[1])],
    }


def wrong_for(numbers):
    """Wrong answers for the numbers of any seed, each with what is said to it; "" where that is said to many."""
    (places,), ((top, left, bottom, right),) = right_for(numbers)["score_map"][:1], right_for(numbers)["crop"]
    window = np.array(numbers.trained_on) // numbers.stride
    cells, crop = places + window - 1, numbers.crop
    size, score = np.array(crop.trained_on), np.array(crop.score)
    middle = crop.stride * score + crop.stride // 2 - size // 2
    return {
        "as_window": WRONG["as_window"],
        "dense_everywhere": [
            *WRONG["dense_everywhere"],
            (lambda cells, kernel, bias, *size: by_loops(cells, kernel[:, :2], bias[:2], *size), ""),
            (lambda cells, kernel, bias, *size: np.swapaxes(by_loops(cells, kernel, bias, *size), 0, 1), ""),
            (lambda cells, kernel, bias, *size: by_loops(cells, kernel, bias, *size[::-1]), ""),
        ],
        "head_everywhere": [
            *WRONG["head_everywhere"],
            (lambda *case: head_by_loops(*case, pool=lambda part, axis: part.sum(axis) / 6), ""),
            (lambda *case: head_by_loops(*case[:3], case[3][:1] + case[3][-1:]), ""),
        ],
        "score_map": [
            (np.subtract(places, 1), "Too few"),
            (np.add(places, 1), "Too many"),
            (cells, "Behind it comes a window"),
            (places[::-1], "other order"),
            (np.array(numbers.photo) // numbers.trained_on, "side by side"),
            (cells - window[0] + 1, "rows are right"),
            (cells - window[::-1] + 1, "columns off the rows"),
            (cells - window[1] + 1, ""),
        ],
        "crop": [
            ((*(size * score), *(size * (score + 1))), "side by side"),
            ((*middle, *(middle + size)), "square of one cell"),
            ((top, left, bottom - 1, right - 1), "stops before its end"),
            ((left, top, right, bottom), "changed places"),
            ((top, left, *size), "crop's size"),
            ((top, left, top + crop.stride, left + crop.stride), "How much of the photo"),
            ((top, bottom, left, right), "All four are there"),
        ],
    }
