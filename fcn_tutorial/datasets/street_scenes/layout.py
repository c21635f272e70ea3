"""Where things are in a street scene: camera, ground plan, rows of houses, traffic, people and street furniture."""

from fcn_tutorial.datasets.street_scenes import greenery, houses, people, setting, traffic
from fcn_tutorial.datasets.street_scenes.drawing import UNIT, Camera


def compose(canvas, dice):
    """Draw one scene on the canvas, far things first; returns the start of its noise."""
    camera, weather = _set_camera(dice, canvas.height, canvas.width), setting.draw_weather(dice)
    start = dice.integer(0, 255)
    street = _plan(dice, start)
    setting.paint_sky(canvas, camera, weather, start)
    setting.paint_ground(canvas, camera, street, weather)
    tools = (canvas, camera, weather)
    lots = {side: _lots(dice, street, side) for side in (-1, 1)}
    _house_shadows(*tools, lots, street)
    for _ in range(9):
        x, z = dice.integer(-9000, 9000), setting.FAR + dice.integer(-1500, 1500)
        greenery.paint_tree(*tools, dice, (x, z), dice.integer(600, 1300))
    for side in (-1, 1):
        for near, length, house, free in reversed(lots[side]):
            if house:
                houses.paint_house(*tools, house, free)
            else:
                _garden(*tools, dice, side, street.front[side], near, length)
    things = _traffic(dice, street) + _furniture(dice, street) + _people(dice, street)
    for _, x, z, width, length, *_ in things:
        if width:
            traffic.shadow_under(*tools, x, z, width, length)
    for paint, x, z, _, _, *more in sorted(things, key=lambda thing: (_layer(thing, street), -thing[2])):
        paint(*tools, dice, x, z, *more)
    if dice.chance(45):
        traffic.paint_bonnet(*tools, dice)
    return start


def _set_camera(dice, height, width):
    """A camera on a car's roof, looking along the street."""
    longer = max(width, height * 4 // 3)
    return Camera(
        UNIT * longer * dice.integer(92, 116) // 100, UNIT * width * dice.integer(38, 62) // 100,
        UNIT * height * dice.integer(40, 50) // 100, dice.integer(140, 175),
    )  # fmt: skip


def _plan(dice, start):
    """Ground plan of a street of two lanes and perhaps a side road on each side."""
    keep = dice.pick((-1, 1))
    kerb = {keep: dice.integer(210, 360), -keep: dice.integer(460, 640)}
    front = {side: kerb[side] + dice.integer(220, 380) for side in (-1, 1)}
    roads = []
    for side in (-1, 1):
        near = dice.integer(1500, 4500)
        if dice.chance(50):
            roads.append((side, near, near + dice.integer(600, 900)))
    zebra = dice.integer(900, 2600) if dice.chance(30) else -9999
    return setting.Street(kerb, front, tuple(roads), zebra, dice.chance(50), keep, start)


def _lots(dice, street, side):
    """Lots along one side, nearest first: (z, length, House or None for a garden, whether its gable is free)."""
    z, lots, free = dice.integer(300, 700), [], True
    roads = [road for road in street.side_roads if road[0] == side]
    while z < setting.FAR - 2000:
        length = dice.integer(700, 1700)
        crossing = next((road for road in roads if z < road[2] and z + length > road[1]), None)
        length = crossing[1] - z if crossing else length
        if length > 400:
            built = crossing or dice.chance(68)
            house = houses.draw_house(dice, side, street.front[side], z, length) if built else None
            lots.append((z, length, house, free))
            free = crossing or not built
        z = crossing[2] if crossing else z + length
    return lots


def _house_shadows(canvas, camera, weather, lots, street):
    """Shadows that houses on the sunny side throw on the street."""
    side = weather.sun
    for z, length, house, _ in lots[side] if weather.contrast > 0.5 else ():
        if house:
            near, edge = street.front[side], street.front[side] - house.height * 7 // 10
            corners = ((near, z), (near, z + length), (edge, z + length - 150), (edge, z - 150))
            canvas.darken(canvas.polygon([camera.point(side * x, 0, ahead) for x, ahead in corners]), 0.62)


def _garden(canvas, camera, weather, dice, side, x, near, length):
    """Trees behind a hedge or a fence."""
    tools = (canvas, camera, weather, dice)
    for _ in range(3):
        spot = (side * (x + dice.integer(150, 900)), near + dice.integer(0, length))
        greenery.paint_tree(*tools, spot, dice.integer(450, 1000))
    if dice.chance(25):
        greenery.paint_hedge(*tools, side, x, (near, near + length), dice.integer(100, 170))
    else:
        greenery.paint_fence(*tools, side, x, (near, near + length), dice.integer(110, 190))


def _layer(thing, street):
    """0 on the pavement, 1 railing at the kerb, 2 on the road: a higher layer hides a lower one, never otherwise."""
    if thing[0] is _guard_rail:
        return 1
    return 2 * (-street.kerb[-1] < thing[1] < street.kerb[1])


def _distance(dice, near, far):
    """A distance (cm), near ones more often than far ones."""
    t = dice.integer(0, 1000)
    return near + (far - near) * t * t // 1000000


def _traffic(dice, street):
    """Cars ahead, oncoming and parked, and bicyclists: (painter, x, z, shadow's width and length, more arguments)."""
    keep, things = street.keep, []
    z = dice.integer(900, 2600)
    while z < 7500:
        things.append((_vehicle(dice), dice.integer(-30, 30), z, 190, 430, 1))
        z += dice.integer(1100, 4500)
    z = dice.integer(500, 2200)
    while z < 7500:
        things.append((_vehicle(dice), -keep * dice.integer(265, 295), z, 190, 430, -1))
        z += dice.integer(1200, 4500)
    parked = set()
    for side, room, facing in ((keep, 310, 1), (-keep, 570, -1)):
        if street.kerb[side] >= room and dice.chance(80):
            parked.add(side)
            z, end = dice.integer(300, 1500), dice.integer(2000, 7000)
            while z < end:
                things.append((traffic.paint_car, side * (street.kerb[side] - 92), z, 190, 430, facing))
                z += dice.integer(520, 900) if dice.chance(75) else 1500
    for _ in range(dice.pick((0, 1, 1, 2))):
        side = dice.pick((-1, 1))
        x = side * (street.kerb[side] - (dice.integer(205, 235) if side in parked else dice.integer(50, 170)))
        things.append((people.paint_bicyclist, x, _distance(dice, 620, 2600), 60, 120))
    return things


def _vehicle(dice):
    """Mostly cars, sometimes a van or a bus."""
    return traffic.paint_van if dice.chance(15) else traffic.paint_car


def _furniture(dice, street):
    """Lamps, signs, traffic lights, bollards, bins and street trees on the pavements."""
    things = []
    for side in (-1, 1):
        kerb, width = street.kerb[side], street.front[side] - street.kerb[side]
        for z in range(dice.integer(900, 2300), 7500, dice.integer(1900, 3000)):
            things.append((people.paint_lamp, side * (kerb + 40), z, 0, 0, -side))
        for _ in range(dice.integer(0, 3)):
            things.append((people.paint_sign, side * (kerb + dice.integer(30, 60)), _distance(dice, 900, 4500), 0, 0))
        if dice.chance(35):
            things.append((people.paint_traffic_light, side * (kerb + 30), _distance(dice, 900, 3000), 0, 0))
        if dice.chance(25):
            first, step = dice.integer(450, 1500), dice.integer(150, 260)
            things += [
                (people.paint_bollard, side * (kerb + 25), first + step * n, 0, 0) for n in range(dice.integer(4, 9))
            ]
        for _ in range(dice.integer(0, 3)):
            things.append((traffic.paint_bin, side * (kerb + width - 45), _distance(dice, 600, 3000), 70, 60))
        if width > 230 and dice.chance(40):
            for z in range(dice.integer(700, 1800), 7000, dice.integer(900, 1600)):
                things.append((_street_tree, side * (kerb + 80), z, 60, 60))
        if dice.chance(35):
            near, height = dice.integer(500, 2500), dice.integer(95, 115)
            things.append((_guard_rail, side * (kerb + 18), near, 0, 0, dice.integer(700, 1800), height))
    return things


def _guard_rail(canvas, camera, weather, dice, x, z, length, height):
    """A railing along the kerb; what it stands before on the pavement is already drawn."""
    greenery.paint_fence(canvas, camera, weather, dice, 1 if x > 0 else -1, abs(x), (z, z + length), height)


def _street_tree(canvas, camera, weather, dice, x, z):
    """A tree on the pavement."""
    greenery.paint_tree(canvas, camera, weather, dice, (x, z), dice.integer(420, 720))


def _people(dice, street):
    """Pedestrians on the pavements, alone and in groups, and now and then one who crosses."""
    things = []
    for _ in range(dice.integer(4, 9)):
        side, z = dice.pick((-1, 1)), _distance(dice, 480, 4200)
        for _ in range(dice.pick((1, 1, 1, 2, 3))):
            x = side * (street.kerb[side] + dice.integer(50, street.front[side] - street.kerb[side] - 50))
            things.append((people.paint_pedestrian, x, z + dice.integer(-60, 60), 60, 40))
    if dice.chance(25):
        things.append((people.paint_pedestrian, dice.integer(-150, 300), _distance(dice, 900, 3000), 60, 40))
    return things
