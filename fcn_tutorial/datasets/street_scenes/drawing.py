"""The drawing board of the street scenes: frozen randomness, an exact camera, and rasterisation by integer comparisons.

World lengths are whole centimetres, screen positions whole sixteenths of a pixel, so which pixel belongs to what is the
same on every platform. Floats come in for ovals, leaves and colours only, by elementwise + - * /, which IEEE 754 fixes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fcn_tutorial.labels import CLASSES, VOID

UNIT = 16  # steps of the screen grid in a pixel
NEAR = 80  # nothing is drawn nearer to the camera than this many centimetres
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(len(CLASSES))


class Dice:
    """Random choices made from RandomState's uniform stream alone, which NumPy promises never to change."""

    def __init__(self, *key):
        self._draw = np.random.RandomState(list(key)).random_sample

    def integer(self, low, high):
        """A whole number from `low` to `high`, both included."""
        return low + int(self._draw() * (high - low + 1))

    def chance(self, percent):
        """True in `percent` of 100 throws."""
        return self._draw() * 100 < percent

    def pick(self, options):
        """One of `options`."""
        return options[self.integer(0, len(options) - 1)]

    def grain(self, height, width):
        """White noise (height, width) float32 from -0.5 to 0.5."""
        return (self._draw((height, width)) - 0.5).astype(np.float32)

    def vary(self, colour, spread=14):
        """An RGB colour near `colour`: brightness and each channel moved by up to `spread` and a third of it."""
        shift = self.integer(-spread, spread)
        return tuple(min(max(c + shift + self.integer(-spread // 3, spread // 3), 6), 250) for c in colour)


@lru_cache(maxsize=1)
def noise_tile():
    """Fractal noise (256, 256) float32 from 0 to 1 that repeats seamlessly, the grain of every surface."""
    draw, tile = np.random.RandomState(20150607).random_sample, np.zeros((256, 256))
    for cells in (8, 16, 32, 64, 128):
        knots, step = draw((cells, cells)), 256 // cells
        for axis in (0, 1):
            following, t = np.roll(knots, -1, axis), (np.arange(256) % step) / step
            t = (t * t * (3 - 2 * t)).reshape((-1, 1) if axis == 0 else (1, -1))
            knots = np.repeat(knots, step, axis) * (1 - t) + np.repeat(following, step, axis) * t
        tile = tile + (knots - 0.5) * (2.0 / (2 + cells / 16))
    low, high = tile.min(), tile.max()
    return ((tile - low) / (high - low)).astype(np.float32)


def noise(down, across, start=0):
    """Noise at whole-number coordinates; `down` and `across` broadcast."""
    return noise_tile().ravel().take((((down + start * 53) & 255) << 8) + ((across + start * 101) & 255))


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera: focal length and vanishing point in sixteenths of a pixel, height above ground in cm."""

    focal: int
    vanish_x: int
    vanish_y: int
    lift: int

    def point(self, x, y, z):
        """Screen position of the world point `x` right, `y` up, `z` ahead (cm)."""
        z = max(z, NEAR)
        return self.vanish_x + self.focal * x // z, self.vanish_y + self.focal * (self.lift - y) // z

    def length(self, size, z):
        """Length on the screen of `size` cm seen frontally at distance `z`."""
        return self.focal * size // max(z, NEAR)

    def pixels(self, size, z):
        """The same in whole pixels."""
        return self.length(size, z) // UNIT


@dataclass
class Region:
    """A window of the canvas: slices, pixel centres y (h, 1), x (1, w) in sixteenths, mask (h, w) of what is meant."""

    rows: slice
    columns: slice
    y: np.ndarray
    x: np.ndarray
    mask: np.ndarray | None = None


class Canvas:
    """Colours, and for every pixel the flat part and the owner (a class, or an instance of one) seen there."""

    def __init__(self, height, width):
        self.height, self.width = height, width
        self._y = (np.arange(height, dtype=np.int64) * UNIT + UNIT // 2)[:, None]
        self._x = (np.arange(width, dtype=np.int64) * UNIT + UNIT // 2)[None, :]
        self.image = np.zeros((height, width, 3), np.float32)
        self.part = np.zeros((height, width), np.uint16)
        self.owner = np.zeros((height, width), np.uint16)
        self.classes = list(range(VOID + 1))
        self._flat = [(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)]

    def instance(self, class_index):
        """A new owner that belongs to `class_index`."""
        self.classes.append(class_index)
        return len(self.classes) - 1

    def window(self, left, top, right, bottom):
        """Region without a mask around the pixel centres within these screen positions, or None outside the canvas."""
        c0, c1 = max(-((UNIT // 2 - left) // UNIT), 0), min((right - UNIT // 2) // UNIT + 1, self.width)
        r0, r1 = max(-((UNIT // 2 - top) // UNIT), 0), min((bottom - UNIT // 2) // UNIT + 1, self.height)
        if c0 >= c1 or r0 >= r1:
            return None
        return Region(slice(r0, r1), slice(c0, c1), self._y[r0:r1], self._x[:, c0:c1])

    def box(self, left, top, right, bottom):
        """Region of all the pixel centres within these screen positions, or None outside the canvas."""
        region = self.window(left, top, right, bottom)
        if region is not None:
            region.mask = np.ones((len(region.y), region.x.size), bool)
        return region

    def polygon(self, points):
        """Region of a convex polygon, edges included, from one span of columns for each row."""
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        turn, region = orientation(points), self.window(min(xs), min(ys), max(xs), max(ys))
        if not turn or region is None:
            return None
        y, least, most = region.y, np.full_like(region.y, min(xs)), max(xs)
        x0, y0 = points[-1]
        for x1, y1 in points:
            if (y1 - y0) * turn > 0:
                most = np.minimum(most, (y - y0) * (x1 - x0) // (y1 - y0) + x0 if x0 != x1 else x0)
            elif y0 != y1:
                least = np.maximum(least, x0 - (y - y0) * (x1 - x0) // (y0 - y1) if x0 != x1 else x0)
            x0, y0 = x1, y1
        region.mask = (region.x >= least) & (region.x <= most)
        return region

    def oval(self, centre, half_width, half_height, hole=0):
        """Region of an upright ellipse; with `hole`, only outside that percentage of its radius."""
        (cx, cy), a, b = centre, max(half_width, 1), max(half_height, 1)
        region = self.window(cx - a, cy - b, cx + a, cy + b)
        if region is not None:
            across, down = (region.x - cx) / a, (region.y - cy) / b
            distance = across * across + down * down
            region.mask = (distance <= 1.0) & (distance * 10000 >= hole * hole) if hole else distance <= 1.0
        return region

    def claim(self, region, owner):
        """Give the region's pixels to `owner` without changing what is seen (the gaps of a railing)."""
        if region is not None:
            self.owner[region.rows, region.columns][region.mask] = owner

    def fill(self, region, owner, colour, grain=0.06, glow=0.0):
        """Paint a region in one colour; `glow` is how much brighter its top is than its bottom."""
        if region is not None:
            self.claim(region, owner)
            self.part[region.rows, region.columns][region.mask] = len(self._flat)
            span = (region.rows.stop - region.rows.start) or 1
            slope = -glow / span
            self._flat.append((*colour, grain, slope, 1.0 - slope * (region.rows.start + region.rows.stop) / 2))

    def cover(self, region, owner, colours):
        """Paint a region with its own colour for each pixel, (h, w, 3)."""
        self.claim(region, owner)
        self.part[region.rows, region.columns][region.mask] = 0
        np.copyto(self.image[region.rows, region.columns], colours, where=region.mask[..., None], casting="same_kind")

    def darken(self, region, factor):
        """A shadow on what `cover` painted."""
        if region is not None:
            self.image[region.rows, region.columns][region.mask] *= np.float32(factor)

    def colours(self, start):
        """The finished picture (H, W, 3) float32: flat parts with grain and glow over the covered surfaces."""
        table = np.array(self._flat, np.float32)
        where = np.nonzero(self.part)
        look, image = table[self.part[where]], self.image.copy()
        light = look[:, 5] + look[:, 4] * where[0] + look[:, 3] * (noise(where[0] * 3, where[1] * 3, start) - 0.5) * 2
        image[where] = look[:, :3] * light[:, None].astype(np.float32)
        return image


def orientation(points):
    """1 where the polygon runs clockwise on the screen, -1 counter-clockwise, 0 if it has no area."""
    area, (x0, y0) = 0, points[-1]
    for x1, y1 in points:
        area += x0 * y1 - x1 * y0
        x0, y0 = x1, y1
    return (area > 0) - (area < 0)


def soften(image):
    """Blur (H, W, 3) slightly, with weights 1/6, 4/6, 1/6 down and across, as a lens does with hard edges."""
    for _ in (0, 1):
        around = np.concatenate([image[:1], image, image[-1:]])
        image = image * np.float32(2 / 3) + (around[:-2] + around[2:]) * np.float32(1 / 6)
        image = image.swapaxes(0, 1)
    return image
