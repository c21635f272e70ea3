"""Solid things of a street scene, built from blocks in perspective: cars, vans, buses, bins, the filming car."""

from dataclasses import dataclass

from fcn_tutorial.datasets.street_scenes.drawing import CAR, UNIT, Camera, Canvas, orientation
from fcn_tutorial.datasets.street_scenes.setting import Weather
from fcn_tutorial.labels import VOID

PAINT = (
    (168, 26, 32), (34, 52, 112), (186, 190, 194), (36, 38, 42), (226, 226, 224), (112, 118, 124), (42, 92, 74),
    (198, 162, 66), (70, 112, 156), (148, 152, 156),
)  # fmt: skip
BUSES, VANS = ((176, 28, 34), (40, 92, 150), (226, 222, 208)), ((232, 232, 230), (204, 206, 208), (58, 84, 128))
GLASS = (46, 56, 68)


@dataclass
class Block:
    """Draws convex blocks for one owner at (x, z): x across, y up, l along the street, in centimetres."""

    canvas: Canvas
    camera: Camera
    weather: Weather
    owner: int
    x: int
    z: int

    def point(self, x, y, l):  # noqa: E741
        """World coordinates of a point of the block."""
        return self.x + x, y, self.z + l

    def solid(self, base, top, colour, glow=0.12):
        """A block between two level rectangles (x0, x1, l0, l1, y); returns the visible faces by name."""
        corners = []
        for x0, x1, l0, l1, y in (base, top):
            corners.append([self.point(x, y, length) for x, length in ((x0, l0), (x1, l0), (x1, l1), (x0, l1))])
        low, high = corners
        faces = {
            name: [low[i], high[i], high[(i + 1) % 4], low[(i + 1) % 4]]
            for i, name in enumerate(("rear", "right", "front", "left"))
        }
        faces["top"] = [high[0], high[3], high[2], high[1]]
        visible = {}
        for name, face in faces.items():
            screen = [self.camera.point(*p) for p in face]
            if orientation(screen) == 1:
                visible[name] = face
                self.paint(screen, colour, self.light(name), glow)
        return visible

    def light(self, name):
        """Brightness of a face from the way it looks."""
        if name == "top":
            return 1.12
        if name in ("rear", "front"):
            return 0.86
        return 1.0 if (self.x > 0) != (self.weather.sun > 0) else 1.0 - 0.3 * self.weather.contrast

    def paint(self, screen, colour, bright=1.0, glow=0.0):
        """A polygon given by screen positions."""
        self.canvas.fill(
            self.canvas.polygon(screen), self.owner, self.weather.shade(colour, bright, self.z), 0.04, glow
        )

    def patch(self, face, box, colour, bright=1.0, glow=0.0):
        """A part of a face: `box` is (from, to) along it and (from, to) up it, in per cent."""
        along0, along1, up0, up1 = box
        self.paint([self.camera.point(*_within(face, a, u)) for a, u in
                    ((along0, up0), (along0, up1), (along1, up1), (along1, up0))], colour, bright, glow)  # fmt: skip

    def wheel(self, x, l, radius):  # noqa: E741
        """A wheel seen on the side at `x`: tyre, rim and hub."""
        centre = self.camera.point(*self.point(x, radius, l))
        ends = [self.camera.point(*self.point(x, radius, l + d))[0] for d in (-radius, radius)]
        across, up = abs(ends[1] - ends[0]) // 2, self.camera.length(radius, self.z + l)
        for part, colour in ((100, (28, 28, 30)), (62, (150, 152, 156)), (24, (52, 52, 56))):
            region = self.canvas.oval(centre, across * part // 100, up * part // 100)
            self.canvas.fill(region, self.owner, self.weather.shade(colour, 0.9, self.z), 0.05)


def _within(face, along, up):
    """The point of a face at these percentages along its base and up its sides."""
    low, low_top, far_top, far = face
    mix = [
        [(a * (100 - up) + b * up) // 100 for a, b in zip(p, q, strict=True)]
        for p, q in ((low, low_top), (far, far_top))
    ]
    return [(a * (100 - along) + b * along) // 100 for a, b in zip(*mix, strict=True)]


def shadow_under(canvas, camera, weather, x, z, width, length):
    """Darken the ground beneath something; call before anything stands there."""
    corners = ((x - width // 2, z), (x - width // 2, z + length), (x + width // 2, z + length), (x + width // 2, z))
    canvas.darken(canvas.polygon([camera.point(a, 0, b) for a, b in corners]), 0.45)


def paint_car(canvas, camera, weather, dice, x, z, facing):
    """A car whose near end is at z; `facing` -1 shows the front of an oncoming car. Far cars have fewer parts."""
    block, colour = Block(canvas, camera, weather, canvas.instance(CAR), x, z), dice.vary(dice.pick(PAINT), 10)
    half, length = dice.integer(80, 90), dice.integer(370, 450)
    belt, roof = dice.integer(86, 96), dice.integer(138, 156)
    bonnet, boot = dice.integer(85, 115), dice.integer(0, 60)
    ends = (boot, length - bonnet) if facing > 0 else (bonnet, length - boot)
    slope = (18, 62) if facing > 0 else (62, 18)
    fine = camera.pixels(150, z) > 8
    for side in (-1, 1) if fine else ():
        tyre = (side * half * 9 // 10 - 9, side * half * 9 // 10 + 9)
        block.solid((*tyre, 30, 90, 0), (*tyre, 30, 90, 50), (26, 26, 28))
    lower = block.solid((-half, half, 0, length, 20), (-half, half, 0, length, 58), colour)
    block.solid((-half, half, 0, length, 58), (-half + 5, half - 5, 12, length - 12, belt), colour, 0.2)
    top = (-half + 20, half - 20, ends[0] + slope[0], ends[1] - slope[1], roof)
    cabin = block.solid((-half + 5, half - 5, *ends, belt), top, colour)
    _glaze(block, cabin, fine)
    if fine:
        _fit_out(block, lower, half, length, facing)


def _glaze(block, cabin, fine):
    """Windows on the cabin's faces, with pillars between the side windows."""
    for name in ("rear", "front"):
        if name in cabin:
            block.patch(cabin[name], (7, 93, 10, 90), GLASS, 1.0, 0.5)
    for name in ("left", "right"):
        if name in cabin:
            for box in ((8, 47, 12, 88), (53, 92, 12, 88)) if fine else ((8, 92, 12, 88),):
                block.patch(cabin[name], box, GLASS, 0.9, 0.5)


def _fit_out(block, lower, half, length, facing):
    """Wheels, lamps, bumper and number plate."""
    for side, name in ((-1, "left"), (1, "right")):
        if name in lower:
            block.patch(lower[name], (0, 100, 0, 16), (40, 40, 44))
            for axle in (72, length - 76):
                block.wheel(side * half, axle, 31)
    end = lower.get("rear")
    if end:
        lamp = (190, 26, 26) if facing > 0 else (244, 242, 226)
        block.patch(end, (0, 100, 0, 34), (52, 54, 58))
        for box in ((2, 17, 55, 98), (83, 98, 55, 98)):
            block.patch(end, box, lamp, 1.0 if facing > 0 else 1.1)
        if facing < 0:
            block.patch(end, (30, 70, 62, 90), (36, 38, 42))
        block.patch(end, (36, 64, 22, 50), (226, 190, 60) if facing > 0 else (236, 236, 232), 1.05)


def paint_van(canvas, camera, weather, dice, x, z, facing):
    """A delivery van or a bus: a tall block with windows, lamps and wheels."""
    bus = dice.chance(35)
    block = Block(canvas, camera, weather, canvas.instance(CAR), x, z)
    colour = dice.vary(dice.pick(BUSES if bus else VANS))
    half, length, height = (120, 1000, dice.pick((300, 420))) if bus else (95, 520, dice.integer(215, 250))
    for side in (-1, 1):
        tyre = (side * (half - 14) - 12, side * (half - 14) + 12)
        block.solid((*tyre, 40, 120, 0), (*tyre, 40, 120, 60), (26, 26, 28))
    body = block.solid((-half, half, 0, length, 28), (-half + 6, half - 6, 4, length, height), colour, 0.15)
    decks = ((28, 48), (64, 86)) if height > 400 else ((44, 82),)
    if "rear" in body:
        _van_end(block, body["rear"], decks, facing)
    for name, side in (("left", -1), ("right", 1)):
        if name in body:
            panes = range(4, 92, 16) if bus else (4,) if (facing > 0) == (name == "left") else (76,)
            for low, high in decks:
                for pane in panes:
                    block.patch(body[name], (pane, pane + (13 if bus else 20), low, high), GLASS, 0.9, 0.4)
            for axle in (length // 6, length * 4 // 5):
                block.wheel(side * half, axle, 42 if bus else 34)


def _van_end(block, face, decks, facing):
    """Windows, bumper, lamps and number plate of a van or bus."""
    for low, high in decks:
        block.patch(face, (8, 92, low, high), GLASS, 1.0, 0.5)
    block.patch(face, (0, 100, 0, 9), (46, 48, 52))
    for box in ((3, 15, 11, 20), (85, 97, 11, 20)):
        block.patch(face, box, (190, 26, 26) if facing > 0 else (244, 242, 226))
    block.patch(face, (38, 62, 9, 16), (232, 214, 120))
    if facing < 0:
        block.patch(face, (28, 72, 20, 32), (40, 42, 46))


def paint_bin(canvas, camera, weather, dice, x, z):
    """A wheelie bin or a letter box: street furniture without a class of its own, so void."""
    block = Block(canvas, camera, weather, VOID, x, z)
    if dice.chance(70):
        colour = dice.pick(((40, 70, 48), (46, 48, 52), (52, 70, 104)))
        block.solid((-24, 24, 6, 50, 0), (-29, 29, 0, 56, 94), colour)
        block.solid((-31, 31, -2, 60, 94), (-29, 29, 4, 56, 104), colour, 0.3)
    else:
        block.solid((-25, 25, 0, 50, 0), (-25, 25, 0, 50, 150), (186, 26, 30), 0.2)
        block.solid((-28, 28, -3, 53, 150), (-22, 22, 4, 46, 164), (198, 34, 36))


def paint_bonnet(canvas, camera, weather, dice):
    """The filming car's own bonnet along the lower edge of the picture, labelled void."""
    wide, tall = canvas.width * UNIT, canvas.height * UNIT
    centre, rise = (wide * dice.integer(46, 58) // 100, tall), tall * dice.integer(5, 10) // 100
    colour = dice.vary(dice.pick(PAINT), 8)
    canvas.fill(
        canvas.oval(centre, wide * dice.integer(56, 70) // 100, rise), VOID, weather.shade(colour, 0.8), 0.03, 0.5
    )
    gleam = canvas.oval((centre[0], centre[1]), wide * 40 // 100, rise * 7 // 10)
    canvas.fill(gleam, VOID, weather.shade(tuple(min(c + 22, 250) for c in colour), 0.85), 0.03, 0.4)
