"""The houses of a street scene: brick or plaster walls with windows, shops, doors, cornices and pitched roofs."""

from dataclasses import dataclass

import numpy as np

from fcn_tutorial.datasets.street_scenes.drawing import BUILDING, NEAR, UNIT, noise
from fcn_tutorial.datasets.street_scenes.setting import band

WALLS = (
    (150, 84, 62),
    (172, 120, 84),
    (196, 178, 148),
    (214, 206, 190),
    (124, 74, 60),
    (186, 160, 110),
    (160, 152, 142),
)
TRIMS = ((228, 226, 218), (236, 234, 230), (206, 200, 186), (94, 66, 50))
SHOPS = ((142, 30, 34), (24, 66, 104), (26, 84, 58), (38, 36, 40), (190, 132, 34), (96, 44, 96))
ROOFS = ((92, 80, 76), (118, 70, 54), (76, 80, 90))
DEPTH = 900  # from front to back, in centimetres


@dataclass(frozen=True)
class House:
    """A building: side of the street, distance of its front, nearest and farthest z (cm), and its looks."""

    side: int
    x: int
    near: int
    far: int
    storeys: int
    storey: int
    attic: int
    roof: int
    wall: tuple
    trim: tuple
    accent: tuple
    shop: bool
    slate: tuple
    pitch: int
    start: int

    @property
    def height(self):
        """Height of the eaves in centimetres."""
        return self.storeys * self.storey + self.attic


def draw_house(dice, side, x, near, length):
    """A house of two to four storeys, with or without a shop and a pitched roof."""
    return House(
        side, x, near, near + length, dice.pick((2, 2, 2, 3, 3, 4)), dice.integer(270, 330), dice.integer(30, 90),
        dice.integer(250, 420) if dice.chance(55) else 0, dice.vary(dice.pick(WALLS)), dice.pick(TRIMS),
        dice.vary(dice.pick(SHOPS)), dice.chance(45), dice.vary(dice.pick(ROOFS)),
        dice.integer(230, 360), dice.integer(0, 255),
    )  # fmt: skip


def paint_house(canvas, camera, weather, house, windows):
    """Roof, the gable that looks towards the camera (plain without `windows`) and the front along the street."""
    s, x, near, far, top = house.side, house.x, max(house.near, NEAR), house.far, house.height
    middle, back, ridge = s * (x + DEPTH // 2), s * (x + DEPTH), top + house.roof

    def region(*corners):
        return canvas.polygon([camera.point(*corner) for corner in corners])

    flat = weather.shade(tuple(c * 0.84 for c in house.wall), 1.0, near)
    if house.roof:
        slope = region((s * x, top, near), (s * x, top, far), (middle, ridge, far), (middle, ridge, near))
        canvas.fill(slope, BUILDING, weather.shade(house.slate, weather.side(s), (near + far) // 2), 0.12)
    end = region((s * x, 0, near), (s * x, top, near), (back, top, near), (back, 0, near))
    gable = region((s * x, top, near), (middle, ridge, near), (back, top, near)) if house.roof else None
    for wall in () if windows else (end, gable):
        canvas.fill(wall, BUILDING, flat, 0.12)
    for wall in filter(None, (end, gable)) if windows else ():
        u = s * (wall.x - camera.vanish_x) * near // camera.focal - x
        z = np.full_like(u, near)
        _wall(canvas, wall, house, weather, (u, z, z * UNIT / camera.focal, z * UNIT / camera.focal), camera, 0.84)
    front = region((s * x, 0, near), (s * x, top, near), (s * x, top, far), (s * x, 0, far))
    if front is not None:
        gap = np.maximum(s * (front.x - camera.vanish_x), 1)
        z = np.clip(camera.focal * x // gap, near, far)
        pixel = z * UNIT / camera.focal
        _wall(canvas, front, house, weather, (z - near, z, pixel * z / x, pixel), camera, weather.side(s))


def _wall(canvas, region, house, weather, columns, camera, bright):
    """Cover a wall; `columns` holds, for each column, position along it, z, a pixel's size along and up (in cm)."""
    u, z, along, up = columns
    v = camera.lift - (region.y - camera.vanish_y) * z // camera.focal
    along, up = along.astype(np.float32), up.astype(np.float32)
    near = np.clip(1.3 - up / 8, 0, 1)
    course = v // 9
    bricks = noise(course * 5, (u + (course & 1) * 13) // 26 * 7, house.start) - 0.5
    grain = 1 + 0.3 * (noise(v // 11, u // 11, house.start) - 0.5) + near * (0.4 * bricks - 0.12 * (v - course * 9 < 2))
    grain = grain * (0.8 + 0.2 * np.clip(v / 150, 0, 1)) * (1 - 0.25 * band(v, house.height - 12, house.height - 4, up))
    colours = np.float32(house.wall) * grain[..., None].astype(np.float32)
    colours = _cover(colours, band(v, house.height - 34, house.height - 12, up), house.trim)
    colours = _windows(colours, house, u, v, along, up)
    colours = _shop_front(colours, house, u, v, along, up) if house.shop else _doors(colours, house, u, v, along, up)
    mist = (z / (z + weather.haze))[..., None]
    lit = colours * (np.float32(weather.tint) * np.float32(bright))
    canvas.cover(region, BUILDING, lit + (np.float32(weather.horizon) - lit) * mist.astype(np.float32))


def _cover(colours, amount, paint):
    """Lay `paint` over the colours, as much as `amount` (h, w) says."""
    amount = np.asarray(amount, np.float32)[..., None]
    return colours + (np.float32(paint) - colours) * amount


def _windows(colours, house, u, v, along, up):
    """Sash windows with a pale frame in every storey; reflections and curtains differ from pane to pane."""
    cell, level = u // house.pitch, v // house.storey
    across, above = (u - cell * house.pitch).astype(np.float32), (v - level * house.storey).astype(np.float32)
    middle, half = house.pitch // 2, house.pitch * 21 // 100
    low, high = house.storey * 30 // 100, house.storey * 82 // 100
    there = (level >= (1 if house.shop else 0)) & (level < house.storeys)
    frame = band(across, middle - half - 8, middle + half + 8, along) * band(above, low - 12, high + 9, up) * there
    pane = band(across, middle - half, middle + half, along) * band(above, low, high, up) * there
    bar = np.maximum(
        band(across, middle - 3, middle + 3, along), band(above, (low + high) // 2 - 3, (low + high) // 2 + 3, up)
    )
    mood = noise(cell * 37, level * 91, house.start)
    sheen = (40 + 90 * np.clip((above - low) / (high - low), 0, 1) * mood + 40 * (mood > 0.6))[..., None].astype(
        np.float32
    )
    colours = _cover(colours, frame, house.trim)
    colours = colours + (sheen * np.float32((0.86, 0.96, 1.08)) - colours) * (pane * (1 - bar))[..., None].astype(
        np.float32
    )
    return colours * (1 - 0.3 * band(above, low - 20, low - 12, up) * (frame > 0.5))[..., None].astype(np.float32)


def _shop_front(colours, house, u, v, along, up):
    """A fascia in the shop's colour above a wide window with pillars."""
    cell = u // house.pitch
    across = u - cell * house.pitch
    glass = band(v, 45, 215, up) * band(across, 16, house.pitch - 16, along)
    goods = (44 + 130 * noise(v // 6, u // 5, house.start) * (v < 150) + 30 * (v > 185))[..., None].astype(np.float32)
    colours = _cover(colours, band(v, -500, 268, up), tuple(c * 0.8 for c in house.accent))
    colours = _cover(colours, band(v, 222, 262, up), house.accent)
    letters = band(v, 233, 251, up) * (noise(v * 0, u // 9, house.start) > 0.52)
    colours = _cover(colours, letters * 0.8, (236, 230, 206))
    return colours + (goods * np.float32((1.0, 0.96, 0.88)) - colours) * glass[..., None].astype(np.float32)


def _doors(colours, house, u, v, along, up):
    """A door under every third window, with a pale surround."""
    cell = u // house.pitch
    across, chosen = u - cell * house.pitch, (cell + house.start) % 3 == 0
    middle = house.pitch // 2
    colours = _cover(
        colours, band(across, middle - 64, middle + 64, along) * band(v, -500, 236, up) * chosen, house.trim
    )
    return _cover(
        colours, band(across, middle - 46, middle + 46, along) * band(v, -500, 214, up) * chosen, house.accent
    )
