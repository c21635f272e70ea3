"""Weather, sky and ground of a street scene."""

from dataclasses import dataclass

import numpy as np

from fcn_tutorial.datasets.street_scenes.drawing import (
    PAVEMENT,
    ROAD,
    SKY,
    TREE,
    UNIT,
    noise,
)

FAR = 11000  # where the street ends, in centimetres


@dataclass(frozen=True)
class Weather:
    """Light of a scene: sky colours, tint, haze distance (cm), side of the sun, depth of shadows, share of clouds."""

    zenith: tuple
    horizon: tuple
    tint: tuple
    haze: int
    sun: int
    contrast: float
    clouds: float

    def shade(self, colour, bright=1.0, z=0):
        """`colour` under this light, times `bright`, seen through the haze of `z` centimetres."""
        mist = z / (z + self.haze)
        return tuple(
            c * t * bright * (1 - mist) + h * mist for c, t, h in zip(colour, self.tint, self.horizon, strict=True)
        )

    def side(self, side):
        """Brightness of a surface that looks towards the street from `side` (-1 left, 1 right)."""
        return 1.0 + 0.1 * self.contrast if side != self.sun else 1.0 - 0.42 * self.contrast


_SKIES = (  # zenith, horizon, tint, haze (cm), contrast, clouds
    ((92, 144, 212), (206, 222, 236), (1.04, 1.01, 0.95), 60000, 1.0, 0.5),
    ((128, 168, 214), (226, 230, 232), (1.0, 0.99, 0.96), 45000, 0.8, 0.9),
    ((188, 194, 202), (228, 230, 232), (0.86, 0.88, 0.91), 26000, 0.25, 0.7),
    ((150, 158, 170), (206, 208, 210), (0.72, 0.75, 0.79), 20000, 0.15, 1.0),
    ((124, 150, 198), (250, 220, 178), (1.08, 0.94, 0.78), 38000, 1.0, 0.6),
    ((112, 122, 160), (236, 184, 158), (0.78, 0.70, 0.72), 30000, 0.4, 0.8),
)


def draw_weather(dice):
    """One of six kinds of light."""
    zenith, horizon, tint, haze, contrast, clouds = dice.pick(_SKIES)
    return Weather(dice.vary(zenith, 10), dice.vary(horizon, 5), tint, haze, dice.pick((-1, 1)), contrast, clouds)


def paint_sky(canvas, camera, weather, start):
    """Sky down to the horizon: a gradient with clouds that flatten towards it."""
    region = canvas.box(0, 0, canvas.width * UNIT, camera.vanish_y + UNIT)
    top = max(camera.vanish_y, UNIT)
    height = np.maximum(top - region.y, 0) / np.float32(top)
    depth = 40 * camera.focal // (np.maximum(camera.vanish_y - region.y, 0) + camera.focal // 5)
    texel = noise(depth * 2, (region.x - camera.vanish_x) * depth // camera.focal, start)
    cloud = np.clip((texel - 0.46) * 3.2, 0, 1)[..., None] * weather.clouds * 0.75
    low, high = np.float32(weather.horizon), np.float32(weather.zenith)
    blue = low + (high - low) * np.float32(height * (2 - height))[..., None]
    canvas.cover(region, SKY, blue + (low * 0.45 + 138 - blue) * cloud)


@dataclass(frozen=True)
class Street:
    """Ground plan in cm: distance of kerb and front on each side of the camera (keys -1, 1), side roads, markings."""

    kerb: dict
    front: dict
    side_roads: tuple  # (side, nearest z, farthest z)
    zebra: int
    double_line: bool
    keep: int  # the side on which the traffic keeps
    start: int


def band(values, low, high, width):
    """How much of a pixel of `width` around each value lies from `low` to `high`: 0 to 1."""
    inside = np.minimum(values - low, high - values) / width + 0.5
    return np.minimum(np.maximum(inside, 0.0), 1.0)


def paint_ground(canvas, camera, street, weather):
    """Road, pavements and grass from the horizon down; returns nothing."""
    region = canvas.box(0, camera.vanish_y, canvas.width * UNIT, canvas.height * UNIT)
    if region is None:
        return
    down, across = np.maximum(region.y - camera.vanish_y, 1), (region.x - camera.vanish_x) * camera.lift
    road = (across <= street.kerb[1] * down) & (across >= -street.kerb[-1] * down)
    paved = (across <= street.front[1] * down) & (across >= -street.front[-1] * down) & ~road
    for side, near, far in street.side_roads:
        mouth = (side * across > street.kerb[side] * down) & (down * near <= camera.focal * camera.lift)
        road |= mouth & (down * far >= camera.focal * camera.lift)
    for owner, mask, colour, rough in (
        (TREE, ~road & ~paved, (94, 116, 58), 0.5),
        (PAVEMENT, paved & ~road, (168, 160, 150), 0.22),
        (ROAD, road, (104, 104, 108), 0.3),
    ):
        rows, columns = np.nonzero(mask)
        depth = (camera.focal * camera.lift // down)[:, 0]
        z, x = depth[rows], across[0, columns] // down[rows, 0]
        texel, fine = noise(z // 24, x // 12, street.start), noise(z // 3, x // 2, street.start)
        closeness = np.minimum(np.float32(1500) / depth.astype(np.float32), np.float32(1))[rows]
        grain = (
            1 + np.float32(rough) * (texel - np.float32(0.5)) + np.float32(0.25) * (fine - np.float32(0.5)) * closeness
        )
        surface = np.float32(weather.shade(colour)) * grain[:, None]
        surface = _slabs(surface, x, z, street) if owner == PAVEMENT else surface
        surface = _markings(surface, x, z, street, camera) if owner == ROAD else surface
        mist = (depth / (depth + weather.haze)).astype(np.float32)[rows, None]
        surface += (np.float32(weather.horizon) - surface) * mist
        canvas.owner[region.rows][rows, columns] = owner
        canvas.image[region.rows][rows, columns] = surface


def _slabs(surface, x, z, street):
    """Joints between paving slabs and a pale kerb stone."""
    near = np.clip(900.0 / z - 0.25, 0, 1)
    joint = np.maximum((z % 60 < 5) * near, (x % 60 < 4) * near)
    kerb = (np.where(x > 0, x - street.kerb[1], -x - street.kerb[-1]) < 16) * np.float32(1)
    return surface * (1 - 0.22 * joint + 0.16 * kerb)[..., None].astype(np.float32)


def _markings(surface, x, z, street, camera):
    """Centre dashes, edge lines and a zebra crossing in worn white or yellow, and darker wheel tracks."""
    pixel = (z * UNIT / camera.focal).astype(np.float32)
    right, ahead = x.astype(np.float32), z.astype(np.float32)
    middle = (street.kerb[1] - street.kerb[-1]) // 2
    dash = band(right, middle - 6, middle + 6, pixel) * (z % 600 < 330)
    paint = np.maximum(dash, band(ahead, street.zebra, street.zebra + 260, pixel * 2) * ((x - middle) % 100 < 50))
    edge = np.zeros_like(paint)
    for side in (-1, 1) if street.double_line else ():
        edge += band(side * right, street.kerb[side] - 34, street.kerb[side] - 24, pixel)
        edge += band(side * right, street.kerb[side] - 54, street.kerb[side] - 44, pixel)
    wear = 0.9 - 0.5 * noise(z // 7, x // 5, street.start)
    tracks = np.zeros_like(paint)
    for centre in (-85, 85, 2 * middle - 85, 2 * middle + 85):
        tracks += band(right, centre - 25, centre + 25, 40 + pixel)
    surface = surface * (1 - 0.09 * tracks)[..., None].astype(np.float32)
    for cover, colour in ((paint, (232, 232, 226)), (edge, (214, 178, 62))):
        surface = surface + (np.float32(colour) - surface) * np.minimum(cover * wear, 1)[..., None].astype(np.float32)
    return surface
