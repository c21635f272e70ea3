"""A large photo in overlapping tiles: bounded memory, and at each pixel what the network says when it sees the whole.

A tile's answers count only as far from its cut edges as the network looks (notebook 03 measures how far), and its cells
lie where the whole photo's lie: tiles begin at multiples of 32 pixels and leave the same rest by 32.
"""

import math
from itertools import product

from fcn_tutorial import progress
from fcn_tutorial.datasets.sizes import continued
from fcn_tutorial.geometry import layer_grids
from fcn_tutorial.training import predict
from fcn_tutorial.upsampling import half_pixel_offset

_GRID = 32  # pixels: the coarsest stride
# Of a tile, in pixels as the backbone sees them.
MOST = 2**22  # with EfficientNet-Lite0 they take some 0.8 GB for a while
LONGEST = 8192  # the matrices of an interpolation grow with the square of a side


def predicted(network, image, trained_size):
    """Class probabilities of an image (H, W, 3) uint8, one part after the other: (place, (h, w, classes) float32) each.

    `place` is the part's slices (rows, columns) of the image; together they are all of it. The image is `continued`
    for `trained_size` (H, W).
    Raises ValueError for an image above a tile's size where the network's answers can't be had from tiles.
    """
    axes = continued(image.shape[:2], trained_size)
    lengths, halo = _shape(network, [len(pixels) for pixels in axes])
    parts = product(*(cuts(len(pixels), length, halo) for pixels, length in zip(axes, lengths, strict=True)))
    parts = list(parts)
    for part in progress.bar(parts, desc="tiles", leave=False, disable=len(parts) == 1):
        rows, columns = (
            pixels[begin : begin + length] for pixels, length, (begin, _, _) in zip(axes, lengths, part, strict=True)
        )
        found = predict(network, image[rows[:, None], columns])
        place = [slice(first, min(end, side)) for (_, first, end), side in zip(part, image.shape[:2], strict=True)]
        inner = [slice(p.start - begin, p.stop - begin) for p, (begin, _, _) in zip(place, part, strict=True)]
        yield tuple(place), found[tuple(inner)]


def cuts(size, length, halo):
    """Tiles of `length` pixels that answer for all of `size`: [(begin, first, end), ...], each for first to end - 1.

    No answer lies within `halo` pixels, a multiple of 32, of a cut. One tile where `length` is `size`.
    """
    step = (length - 2 * halo) // _GRID * _GRID
    begins = [*range(0, size - length, step), size - length] if length < size else [0]
    ends = [*(begin + halo + step for begin in begins[:-1]), size]
    return list(zip(begins, [0, *ends[:-1]], ends, strict=True))


def reach(network, size):
    """How far a `Network` looks from any pixel of an image of `size` (H, W), rounded up to a multiple of 32 pixels.

    Raises ValueError where that has no bound, or where a layer's grid isn't known (`geometry.layer_grids`).
    """
    strides = [int(key) for key in network.features.output]
    enlarge = _enlarge(network)
    grids = layer_grids(network.backbone.features(strides), [enlarge * side for side in size])
    far = 0
    for stride in strides:
        grid, middle = grids[network.backbone.feature_layers[stride]], half_pixel_offset(stride)
        if grid.unbounded:
            raise ValueError(f"through layer {grid.rows.unbounded_by!r} each of its cells depends on the whole photo")
        far = max(far, *(max(middle - axis.first, axis.last - middle) for axis in (grid.rows, grid.columns)))
    far += sum(strides) + enlarge  # each upsampling looks at the next cells, too
    return math.ceil(far / enlarge / _GRID) * _GRID


def _enlarge(network):
    """How many times enlarged the backbone sees an image: its maps are named by its own stride."""
    return min(int(key) for key in network.features.output) // network.stride


def _shape(network, size):
    """Sides (H, W) of the tiles for an image of `size` (H, W), and how far from a cut their answers count."""
    enlarge = _enlarge(network)
    most, longest = MOST // enlarge**2, LONGEST // enlarge
    if math.prod(size) <= most and max(size) <= longest:
        return size, 0
    shorter = min(*size, math.isqrt(most))
    sides = (shorter, min(most // shorter, longest))
    limits = sides if size[0] <= size[1] else sides[::-1]
    lengths = [
        side if side <= limit else limit - (limit - side) % _GRID for side, limit in zip(size, limits, strict=True)
    ]
    try:
        halo = reach(network, size)
        if any(length < min(side, 2 * halo + _GRID) for length, side in zip(lengths, size, strict=True)):
            raise ValueError(f"it looks {halo} pixels far")
    except ValueError as error:
        raise ValueError(
            f"{network.backbone.name} would have to see all {size[0]}x{size[1]} pixels at once, too much for the "
            f"memory: {error}. At most {most:,} pixels and {longest:,} a side are possible with it: shrink the photo "
            "(--short-side), or cut a part out of it."
        ) from error
    return lengths, halo
