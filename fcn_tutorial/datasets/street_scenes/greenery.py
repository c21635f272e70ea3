"""Trees, hedges and fences of a street scene."""

import numpy as np

from fcn_tutorial.datasets.street_scenes.drawing import FENCE, TREE, UNIT, noise

LEAVES = ((74, 104, 44), (58, 92, 46), (92, 116, 52), (104, 112, 48), (150, 112, 44), (66, 88, 58))
BARK = (86, 70, 56)


def paint_tree(canvas, camera, weather, dice, spot, height):
    """A trunk and a crown of leafy lumps at `spot` (x, z); height in centimetres."""
    (x, z), leaf, start = spot, dice.vary(dice.pick(LEAVES)), dice.integer(0, 255)
    girth, fork = max(height // 28, 8), height * dice.integer(30, 42) // 100
    trunk = [(x - girth, 0), (x - girth // 2, fork * 2), (x + girth // 2, fork * 2), (x + girth, 0)]
    region = canvas.polygon([camera.point(a, b, z) for a, b in trunk])
    canvas.fill(region, TREE, weather.shade(BARK, 0.95, z), 0.25)
    width, lumps = height * dice.integer(26, 36) // 100, []
    for _ in range(dice.integer(6, 9)):
        radius = height * dice.integer(13, 20) // 100
        lumps.append((x + dice.integer(-width, width), dice.integer(fork + radius // 2, height - radius), radius))
    lumps.append((x, (fork + height) // 2, (height - fork) * 2 // 5))
    lumps = lumps if camera.pixels(height, z) > 24 else lumps[-4:]
    _crown(canvas, camera, weather, lumps, z, leaf, start)


def _crown(canvas, camera, weather, lumps, z, leaf, start):
    """Leaves inside the union of `lumps` (x, y, radius), with ragged edge and holes, lit from the sun's side."""
    left, right = min(x - r * 4 // 3 for x, _, r in lumps), max(x + r * 4 // 3 for x, _, r in lumps)
    low, high = min(y - r * 4 // 3 for _, y, r in lumps), max(y + r * 4 // 3 for _, y, r in lumps)
    region = canvas.window(*camera.point(left, high, z), *camera.point(right, low, z))
    if region is None:
        return
    depth, light = np.full((len(region.y), region.x.size), -9.0), np.zeros((len(region.y), region.x.size), np.float32)
    for x, y, radius in lumps:
        (cx, cy), r = camera.point(x, y, z), max(camera.length(radius, z), 1)
        lump = canvas.window(cx - r * 4 // 3, cy - r * 4 // 3, cx + r * 4 // 3, cy + r * 4 // 3)
        if lump is None:
            continue
        top, left = lump.rows.start - region.rows.start, lump.columns.start - region.columns.start
        part = (slice(max(top, 0), top + len(lump.y)), slice(max(left, 0), left + lump.x.size))
        across, down = (region.x[:, part[1]] - cx) / r, (region.y[part[0]] - cy) / r
        inside = 1.0 - (across * across + down * down)
        above = inside > depth[part]
        np.copyto(light[part], across * (0.35 * weather.sun) - down * 0.5, where=above, casting="same_kind")
        np.copyto(depth[part], inside, where=above)
    v, u = (region.y - camera.vanish_y) * z // camera.focal, (region.x - camera.vanish_x) * z // camera.focal
    leaves, twigs = noise(v // 3, u // 3, start), noise(v * 2, u * 2, start + 7)
    region.mask = depth + (leaves - np.float32(0.5)).astype(np.float64) * 2.2 > 0.0
    glow = 0.92 + 0.42 * light * (0.4 + 0.6 * weather.contrast) + 1.4 * (leaves - 0.5) + 1.1 * (twigs - 0.5)
    colours = np.float32(weather.shade(leaf, 1.0, z)) * np.clip(glow, 0.3, 1.7)[..., None].astype(np.float32)
    canvas.cover(region, TREE, colours)


def paint_hedge(canvas, camera, weather, dice, side, x, span, height):
    """A hedge along the street: a leafy face and a leafy top, from `span[0]` to `span[1]` cm ahead."""
    leaf, start, (near, far) = dice.vary(dice.pick(LEAVES[:3])), dice.integer(0, 255), span
    corners = [(side * x, 0, near), (side * x, height, near), (side * x, height, far), (side * x, 0, far)]
    region = canvas.polygon([camera.point(*corner) for corner in corners])
    if region is None:
        return
    z = np.clip(camera.focal * x // np.maximum(side * (region.x - camera.vanish_x), 1), near, far)
    v = (region.y - camera.vanish_y) * z // camera.focal
    glow = weather.side(side) * (0.55 + 0.9 * noise(v // 2, z // 4, start))
    canvas.cover(
        region, TREE, np.float32(weather.shade(leaf, 1.0, (near + far) // 2)) * glow[..., None].astype(np.float32)
    )


def paint_fence(canvas, camera, weather, dice, side, x, span, height):
    """A fence along the street: boards, or a railing whose gaps show what is behind and count as fence."""
    near, far = span
    boards, colour = dice.chance(55), dice.vary(dice.pick(((134, 98, 66), (112, 84, 62), (150, 124, 92))))
    colour = colour if boards else dice.pick(((44, 48, 50), (40, 62, 48), (150, 154, 156)))
    corners = [(side * x, 0, near), (side * x, height, near), (side * x, height, far), (side * x, 0, far)]
    region = canvas.polygon([camera.point(*corner) for corner in corners])
    if region is None:
        return
    z = np.clip(camera.focal * x // np.maximum(side * (region.x - camera.vanish_x), 1), near, far)
    v = camera.lift - (region.y - camera.vanish_y) * z // camera.focal
    canvas.claim(region, FENCE)
    post, rail = z % 200 < 14, (v > height - 9) | ((v > 16) & (v < 25))
    if boards:
        plank = (
            0.85 + 0.3 * noise(z // 15 * 31, v // 40, 3) - 0.35 * (z % 15 < 3) * np.clip(1200.0 / z, 0, 1) - 0.12 * rail
        )
        glow = (plank * weather.side(side))[..., None].astype(np.float32)
        canvas.cover(region, FENCE, np.float32(weather.shade(colour, 1.0, (near + far) // 2)) * glow)
    else:
        bars = z % 14 < np.maximum(4, z * UNIT * z // camera.focal // x // 2)
        region.mask &= post | rail | bars
        canvas.fill(region, FENCE, weather.shade(colour, weather.side(side), (near + far) // 2))
