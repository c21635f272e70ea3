"""Flat figures of a street scene, drawn upright at one distance: pedestrians, bicyclists, lamps, signs, bollards."""

from dataclasses import dataclass

from fcn_tutorial.datasets.street_scenes.drawing import BICYCLIST, PEDESTRIAN, POLE, SIGN, UNIT, Camera, Canvas
from fcn_tutorial.datasets.street_scenes.setting import Weather

SKIN = ((236, 196, 168), (214, 164, 130), (168, 116, 84), (112, 76, 56), (226, 180, 150))
HAIR = ((40, 30, 24), (84, 58, 36), (168, 130, 76), (24, 22, 22), (150, 146, 142))
CLOTHES = (
    (178, 36, 40), (30, 52, 104), (40, 42, 48), (196, 190, 178), (70, 104, 70), (208, 148, 40), (92, 56, 110),
    (110, 116, 124), (56, 120, 150), (222, 220, 214),
)  # fmt: skip
TROUSERS = ((38, 44, 66), (34, 34, 38), (96, 86, 72), (62, 78, 108), (120, 110, 96))
METAL = ((74, 80, 82), (52, 62, 58), (118, 122, 124), (40, 42, 46))


@dataclass
class Figure:
    """A plane at (x, z): lengths scaled by `scale` per mille, widths also by `turn` per cent (below 0: mirrored)."""

    canvas: Canvas
    camera: Camera
    weather: Weather
    owner: int
    x: int
    z: int
    scale: int = 1000
    turn: int = 100

    def place(self, x, y):
        """Screen position of a point of the figure, in centimetres from its foot."""
        x0, y0 = self.camera.point(self.x, 0, self.z)
        size = self.camera.focal * self.scale
        return x0 + size * self.turn * x // (100000 * self.z), y0 - size * y // (1000 * self.z)

    def shape(self, points, colour, bright=1.0, glow=0.1):
        """A convex polygon in one colour."""
        region = self.canvas.polygon([self.place(*p) for p in points])
        self.canvas.fill(region, self.owner, self.weather.shade(colour, bright, self.z), 0.1, glow)

    def plate(self, left, right, low, high, colour):
        """An upright rectangle."""
        self.shape([(left, low), (left, high), (right, high), (right, low)], colour)

    def disc(self, x, y, across, up, colour, hole=0, glow=0.1):
        """An upright ellipse with these radii; `hole` in per cent of the radius."""
        a = self.camera.focal * self.scale * across // (1000 * self.z)
        b = self.camera.focal * self.scale * up // (1000 * self.z)
        region = self.canvas.oval(self.place(x, y), a, b, hole)
        self.canvas.fill(region, self.owner, self.weather.shade(colour, 1.0, self.z), 0.08, glow)

    def limb(self, start, end, width, colour, bright=1.0):
        """A stroke `width` wide from `start` to `end`, never thinner than a pixel."""
        (x0, y0), (x1, y1) = self.place(*start), self.place(*end)
        half = max(self.camera.focal * self.scale * width // (2000 * self.z), UNIT // 2)
        dx, dy = (half, 0) if abs(y1 - y0) >= abs(x1 - x0) else (0, half)
        region = self.canvas.polygon([(x0 - dx, y0 - dy), (x1 - dx, y1 - dy), (x1 + dx, y1 + dy), (x0 + dx, y0 + dy)])
        self.canvas.fill(region, self.owner, self.weather.shade(colour, bright, self.z), 0.08)

    def pixels(self, size):
        """How many pixels `size` cm of the figure measure."""
        return self.camera.focal * self.scale * size // (1000 * self.z * UNIT)


def paint_pedestrian(canvas, camera, weather, dice, x, z):
    """Someone walking or standing: legs, shoes, coat or jacket, arms, face and hair, sometimes a bag."""
    scale = dice.integer(900, 1080) if dice.chance(88) else dice.integer(620, 760)
    figure = Figure(canvas, camera, weather, canvas.instance(PEDESTRIAN), x, z, scale, dice.pick((-100, 100)))
    stride, coat, trousers = dice.integer(2, 26), dice.vary(dice.pick(CLOTHES)), dice.vary(dice.pick(TROUSERS), 8)
    long, swing, skin, hair = dice.chance(25), dice.integer(4, 20), dice.pick(SKIN), dice.vary(dice.pick(HAIR), 6)
    bag, away, fine = dice.chance(35), dice.chance(45), figure.pixels(172) > 18
    if fine:
        figure.limb((-16, 136), (-20 - swing // 2, 84), 9, coat, 0.7)
    for side, bright in ((-1, 0.75), (1, 1.0)):
        knee, foot = (7 * side + side * stride // 2, 46), (8 * side + side * stride, 5)
        figure.limb((8 * side, 90), knee if fine else foot, 16, trousers, bright)
        if fine:
            figure.limb(knee, foot, 12, trousers, bright * 0.92)
            figure.disc(11 * side + side * stride, 4, 11, 5, (34, 30, 30))
    hem = 58 if long else 82
    figure.shape([(-19, hem), (-17, 100), (17, 100), (19, hem)], coat, 0.92)
    figure.shape([(-17, 98), (-23, 140), (-12, 149), (12, 149), (23, 140), (17, 98)], coat, 1.0, 0.2)
    if bag:
        figure.shape([(6, 96), (4, 134), (22, 136), (25, 98)], dice.vary((80, 62, 50)), 0.9)
    if fine:
        figure.limb((19, 140), (23 + swing // 2, 112), 10, coat, 1.08)
        figure.limb((23 + swing // 2, 114), (20 + swing, 84), 8, coat, 1.02)
        figure.disc(20 + swing, 80, 5, 6, skin)
        figure.limb((0, 152), (0, 146), 10, skin, 0.85)
    figure.disc(0, 163, 11, 13, hair)
    if not away:
        figure.disc(2, 158, 9, 9, skin)


def _wheel(figure, x, fine):
    """A bicycle wheel: tyre and, near by, spokes; the whole disc counts as bicyclist, as in CamVid."""
    size = figure.camera.focal * 34 // figure.z
    across = max(size * abs(figure.turn) // 100, figure.camera.focal * 3 // figure.z)
    region = figure.canvas.oval(figure.place(x, 34), across, size)
    figure.canvas.claim(region, figure.owner)
    if fine and across * 3 > size:
        for tip in ((24, 24), (-24, 24), (0, 33), (33, 0)):
            figure.limb((x - tip[0], 34 - tip[1]), (x + tip[0], 34 + tip[1]), 1, (176, 176, 180))
    colour = figure.weather.shade((36, 36, 38), 1.0, figure.z)
    figure.canvas.fill(
        figure.canvas.oval(figure.place(x, 34), across, size, 80 if across * 3 > size else 0), figure.owner, colour
    )


def _bicycle(figure, colour, fine):
    """Two wheels, a frame, and handlebars where they are seen end on."""
    for axle in (-52, 52):
        _wheel(figure, axle, fine)
    frame = (-52, 34, -18, 88), (-8, 32, -18, 88), (-8, 32, 38, 82), (-16, 78, 38, 82), (38, 96, 52, 34)
    for x0, y0, x1, y1 in frame:
        figure.limb((x0, y0), (x1, y1), 4, colour)
    if abs(figure.turn) < 40:
        figure.limb((-100, 96), (100, 96), 4, (40, 40, 44))


def paint_bicyclist(canvas, camera, weather, dice, x, z):
    """A bicycle with its rider, seen from the side, half turned or from behind."""
    turn = dice.pick((-96, -70, -28, 28, 60, 85, 96)) if dice.chance(60) else dice.pick((-20, 20))
    figure = Figure(canvas, camera, weather, canvas.instance(BICYCLIST), x, z, 1000, turn)
    shirt, trousers = dice.vary(dice.pick(CLOTHES)), dice.vary(dice.pick(TROUSERS), 8)
    broad = min(max(1700 // abs(turn), 17), 90)  # the shoulders keep their width on the screen when the bicycle turns
    figure.limb((-14, 92), (6, 56), 15, trousers, 0.7)
    figure.limb((6, 56), (-8, 20), 11, trousers, 0.65)
    _bicycle(figure, dice.vary(dice.pick(CLOTHES)), figure.pixels(170) > 20)
    figure.limb((-16, 94), (14, 66), 16, trousers)
    figure.limb((14, 66), (-4, 22), 12, trousers, 0.95)
    figure.disc(2, 18, 10 * abs(turn) // 100 + 4, 5, (36, 34, 34))
    if abs(turn) < 40:
        _wheel(figure, -52, False)
    figure.shape([(-17 - broad, 90), (-6 - broad, 134), (4, 146), (14 + broad, 138), (-4 + broad, 90)], shirt, 1.0, 0.2)
    skin = dice.pick(SKIN)
    figure.limb((12 + broad // 2, 136), (28, 112), 10, shirt, 1.06)
    figure.limb((28, 112), (42, 99), 8, skin)
    figure.disc(20, 158, 10, 13, skin)
    figure.disc(18, 164, 12, 9, dice.pick(((230, 230, 226), (190, 40, 40), (40, 44, 50))), glow=0.25)


def paint_lamp(canvas, camera, weather, dice, x, z, inward):
    """A street lamp with an arm over the road; `inward` is the side it reaches to."""
    figure = Figure(canvas, camera, weather, canvas.instance(POLE), x, z, 1000, 100 * inward)
    height, metal = dice.integer(560, 900), dice.pick(METAL)
    figure.limb((0, 0), (0, height), dice.integer(11, 15), metal)
    figure.limb((0, height - 4), (dice.integer(70, 150), height + 22), 9, metal)
    if figure.pixels(100) > 8:
        figure.limb((0, 0), (0, 110), 20, metal, 0.85)
        figure.shape(
            [(80, height + 8), (90, height + 26), (160, height + 36), (160, height + 16)], (196, 198, 196), 0.9
        )


def paint_bollard(canvas, camera, weather, dice, x, z):
    """A short post at the kerb with a pale band."""
    figure = Figure(canvas, camera, weather, canvas.instance(POLE), x, z)
    figure.limb((0, 0), (0, 98), 17, (44, 46, 50))
    figure.limb((0, 76), (0, 86), 17, (216, 214, 206))


def paint_sign(canvas, camera, weather, dice, x, z):
    """A post with a round, triangular or rectangular traffic sign, or a large direction board."""
    post = Figure(canvas, camera, weather, canvas.instance(POLE), x, z)
    height, kind = dice.integer(230, 290), dice.pick(("limit", "round", "warning", "board", "blue"))
    post.limb((0, 0), (0, height), 8, dice.pick(METAL))
    sign, red, white = Figure(canvas, camera, weather, canvas.instance(SIGN), x, z), (196, 24, 30), (240, 240, 236)
    ink = (24, 24, 26)
    if kind in ("limit", "round"):
        limit = kind == "limit"
        sign.disc(0, height, 38, 38, red if limit else (22, 74, 164), glow=0.15)
        sign.disc(0, height, 28, 28, white if limit else (34, 90, 184))
        for centre, half in ((-10, 5), (9, 5)) if limit else ((0, 15),):
            sign.plate(centre - half, centre + half, height - 14, height + 14, ink if limit else white)
    elif kind == "warning":
        sign.shape([(-46, height - 34), (0, height + 46), (46, height - 34)], red, 1.0, 0.15)
        sign.shape([(-30, height - 26), (0, height + 28), (30, height - 26)], white)
        sign.limb((0, height - 18), (0, height + 10), 8, ink)
    else:
        half, low, high = (30, height - 36, height + 36) if kind == "blue" else (70, height - 50, height + 40)
        field = (28, 82, 168) if kind == "blue" else dice.pick(((18, 104, 72), (28, 82, 168), (236, 196, 40)))
        sign.plate(-half, half, low, high, white)
        sign.plate(5 - half, half - 5, low + 5, high - 5, field)
        for line in range(low + 18, high - 10, 24):
            end = half * dice.integer(2, 6) // 10
            sign.limb((-half * 6 // 10, line), (end, line), 8, white if field[0] < 200 else ink)


def paint_traffic_light(canvas, camera, weather, dice, x, z):
    """A post with a traffic light; the lamp box counts as sign, as in CamVid."""
    post = Figure(canvas, camera, weather, canvas.instance(POLE), x, z)
    post.limb((0, 0), (0, 330), 12, (58, 62, 64))
    head, lit = Figure(canvas, camera, weather, canvas.instance(SIGN), x, z), dice.integer(0, 2)
    head.shape([(-24, 222), (-24, 348), (24, 348), (24, 222)], (26, 28, 30))
    for lamp, colour in enumerate(((236, 44, 36), (244, 172, 40), (40, 214, 120))):
        head.disc(0, 324 - 39 * lamp, 13, 13, colour if lamp == lit else tuple(c // 4 for c in colour))
