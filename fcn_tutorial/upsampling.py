"""From a coarse grid of scores back to pixels: bilinear kernels, transposed and separable.

Long, Shelhamer and Darrell 2015, section 3.3; notebook 04 builds each by hand and measures that they agree.
"""

import numpy as np

from fcn_tutorial.backend import keras, ops


def bilinear_kernel(size):
    """Weights (size,) float64 of 1-D bilinear interpolation as a transposed convolution: a triangle.

    The factor it belongs to is (size + 1) // 2. Raises ValueError for a size below 1.
    """
    if int(size) != size or size < 1:
        raise ValueError(f"A kernel of size {size!r} was asked for; expected a whole number of at least 1.")
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    return 1 - np.abs(np.arange(size) - centre) / factor


def bilinear_kernel_2d(size):
    """Weights (size, size) float64: the outer product of `bilinear_kernel` with itself."""
    return np.outer(bilinear_kernel(size), bilinear_kernel(size))


def bilinear_filler(size, channels):
    """Kernel (size, size, out, in) float32 for Conv2DTranspose: bilinear on the pairs (c, c), zero between classes."""
    return (bilinear_kernel_2d(size)[:, :, None, None] * np.eye(channels)).astype("float32")


def bilinear_size(factor):
    """Size of the bilinear kernel for `factor` times the resolution: 64 for 32, 5 for 3."""
    return 2 * factor - factor % 2


def transposed_upsampling(channels, factor=32, kernel_size=None, start="bilinear", trainable=False, name=None):
    """Conv2DTranspose layer for `factor` times the resolution: (N, h, w, C) -> (N, (h-1)*factor + kernel, ..., C).

    kernel_size: `bilinear_size(factor)` by default (64 for 32). Nothing is cropped: see
        `crop_before`.
    start: "bilinear" (the paper's filler) or "random" (Keras' own).
    trainable: False keeps the kernel fixed, as the last layer of the paper; True learns it from its start.
    Raises ValueError for an unknown start, or a bilinear kernel that doesn't fit the factor.
    """
    fitting = bilinear_size(factor)
    kernel_size = kernel_size or fitting
    if start not in ("bilinear", "random"):
        raise ValueError(f"start={start!r}; expected 'bilinear' or 'random'.")
    if start == "bilinear" and kernel_size != fitting:
        raise ValueError(
            f"A bilinear kernel for the factor {factor} has size {fitting}; got {kernel_size}. "
            "Leave kernel_size out, or use start='random'."
        )
    layer = keras.layers.Conv2DTranspose(channels, kernel_size, factor, "valid", use_bias=False, name=name)
    layer.build((None, None, None, channels))
    if start == "bilinear":
        layer.set_weights([bilinear_filler(kernel_size, channels)])
    layer.trainable = trainable
    return layer


def crop_before(kernel_size, offset):
    """Rows (or columns) to cut off a transposed convolution's start so that cell 0 is centred on pixel `offset`.

    The kernel's own centre stands on (kernel_size - 1) / 2. FCN-32s of the paper's release: 31.5 - 12.5 = 19.
    """
    return (kernel_size - 1) / 2 - offset


def half_pixel_offset(factor):
    """Pixel on which cell 0 is centred when each cell covers `factor` pixels: (factor - 1) / 2, so 15.5 for 32."""
    return (factor - 1) / 2


def interpolation_matrix(cells, pixels, factor, offset=None, edge="extend", dtype="float32"):
    """Matrix (pixels, cells) of 1-D bilinear interpolation: row p holds the cells' weights at pixel p.

    offset: pixel on which cell 0 is centred (cell i then on offset + factor * i); by default `half_pixel_offset`.
    edge: beyond the outermost centres, "extend" repeats the outermost cell, "zero" fades to zero as a transposed
        convolution does, which adds up what lies inside the map only.
    dtype: "float32" or "float64"; half precision can't tell pixels beyond 2,048 apart.
    `cells` and `pixels` may be symbolic. Raises ValueError for an unknown edge.
    """
    if edge not in ("extend", "zero"):
        raise ValueError(f"edge={edge!r}; expected 'extend' or 'zero'.")
    offset = half_pixel_offset(factor) if offset is None else offset
    position = (ops.cast(ops.arange(pixels), dtype) - offset) / factor
    if edge == "extend":
        position = ops.clip(position, 0.0, ops.cast(cells - 1, dtype))
    distance = ops.abs(position[:, None] - ops.cast(ops.arange(cells), dtype)[None, :])
    return ops.maximum(1.0 - distance, 0.0)


@keras.saving.register_keras_serializable("fcn_tutorial")
class BilinearUpsampling(keras.layers.Layer):
    """Bilinear upsampling of scores to the size of an image: `layer([scores, image])`.

    scores (N, h, w, C) and any (N, H, W, ...) -> (N, H, W, C); `layer(scores)` alone -> `factor` times their size. The
    same map as the fixed transposed convolution, as one small matrix for the rows and one for the columns, so for any
    output size, and on a grid moved by any offset.

    factor: pixels from one cell's centre to the next; a number, or (rows, columns).
    offset: pixel on which cell 0 is centred; a number, (rows, columns), or None for `half_pixel_offset`.
    edge: "extend" or "zero", see `interpolation_matrix`.
    """

    def __init__(self, factor=32, offset=None, edge="extend", **kwargs):
        super().__init__(**kwargs)
        self.factor, self.offset, self.edge = factor, offset, edge

    def call(self, inputs):
        scores, *like = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        rows, columns = ops.shape(scores)[1:3]
        factors, offsets = np.broadcast_to(self.factor, 2), np.broadcast_to(np.array(self.offset, dtype=object), 2)
        enlarged = rows * int(factors[0]), columns * int(factors[1])
        height, width = ops.shape(like[0])[1:3] if like else enlarged
        dtype = "float64" if self.compute_dtype == "float64" else "float32"  # half precision is for the result only
        down = interpolation_matrix(rows, height, float(factors[0]), offsets[0], self.edge, dtype)
        across = interpolation_matrix(columns, width, float(factors[1]), offsets[1], self.edge, dtype)
        classes = scores.shape[-1]
        # Columns first, that product is the small one; the large one then needs no transposition.
        wide = ops.reshape(ops.matmul(across, ops.cast(scores, dtype)), (-1, rows, width * classes))
        return ops.cast(ops.reshape(ops.matmul(down, wide), (-1, height, width, classes)), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape[0], (list, tuple)):
            (count, _, _, channels), sides = input_shape[0], input_shape[1][1:3]
        else:
            count, *cells, channels = input_shape
            sides = [n and n * int(factor) for n, factor in zip(cells, np.broadcast_to(self.factor, 2), strict=True)]
        return (count, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "offset": self.offset, "edge": self.edge}
