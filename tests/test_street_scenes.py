"""Street scenes: the same everywhere, exact at every pixel, and hard for a coarse grid."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from scipy import ndimage
from skimage.transform import resize

from fcn_tutorial.datasets.street_scenes import LEAST, Instance, StreetScenes, drawing
from fcn_tutorial.labels import CLASSES, VOID

# The promise across platforms and NumPy versions: these are never computed anew unless the drawings change on purpose.
DIGESTS = {
    ((192, 256), 0, 0): "9fc754c2ceaad484",
    ((192, 256), 0, 7): "e18248489bffe994",
    ((192, 256), 2024, 3): "9aeb52c92a20a9b0",
    ((360, 480), 0, 0): "58e94c7ee81fb9ce",
    ((360, 480), 1, 11): "47b4b49da7b62164",
    ((33, 61), 5, 2): "9b1a6ab27afc6e5f",
}
COLOURS = [  # every 40th row and 60th column of the first scene, RGB
    [[162, 143, 99], [179, 207, 232], [133, 177, 220], [99, 95, 82]],
    [[180, 173, 157], [142, 156, 160], [71, 85, 52], [96, 91, 79]],
    [[176, 167, 153], [53, 53, 53], [64, 69, 54], [75, 71, 62]],
    [[104, 103, 104], [95, 94, 95], [88, 87, 87], [63, 62, 63]],
    [[112, 111, 112], [107, 106, 107], [104, 103, 104], [107, 106, 107]],
]


def digest(scene):
    """Short SHA-256 of labels, instance map and instance list."""
    listed = repr([(i.class_index, tuple(i.box), i.mask_id) for i in scene.instances])
    data = scene.labels.tobytes() + scene.instance_map.astype("<i4").tobytes() + listed.encode()
    return hashlib.sha256(data).hexdigest()[:16]


@pytest.fixture(scope="module")
def scenes():
    data = StreetScenes(20, seed=5)
    return [data.scene(i) for i in range(len(data))]


@pytest.mark.parametrize("size, seed, index", DIGESTS)
def test_labels_and_instances_are_the_same_everywhere(size, seed, index):
    assert digest(StreetScenes(index + 1, size, seed).scene(index)) == DIGESTS[size, seed, index]


def test_colours_are_the_same_everywhere_within_one_step():
    image, _ = StreetScenes(1, (192, 256), 0)[0]
    assert np.abs(image[16::40, 20::60].astype(int) - np.array(COLOURS)).max() <= 1


def test_a_scene_is_repeatable_and_independent_of_the_others():
    one, many = StreetScenes(3, seed=9), StreetScenes(50, seed=9)
    for _ in range(2):
        for image_or_labels, again in zip(one[2], many[2], strict=True):
            np.testing.assert_array_equal(image_or_labels, again)
    assert one.instances(2) == many.instances(2)
    assert (one[0][1] != one[1][1]).any()
    assert (one[0][1] != StreetScenes(1, seed=10)[0][1]).any()


def test_drawing_ignores_and_keeps_the_global_random_state():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = StreetScenes(1)[0][0]
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    np.random.seed(2)
    np.testing.assert_array_equal(first, StreetScenes(1)[0][0])


@pytest.mark.parametrize("size", [(32, 32), (33, 61), (361, 481), (192, 256), (400, 32)])
def test_any_size(size):
    data = StreetScenes(2, size, seed=3)
    for image, labels in (data[0], data[1]):
        assert image.shape == (*size, 3) and image.dtype == np.uint8
        assert labels.shape == size and labels.dtype == np.uint8 and labels.max() <= VOID
    assert data.instance_map(1).shape == size


def test_is_a_sequence():
    data = StreetScenes(2, (48, 64), 1)
    assert len(data) == 2 and data.name == "street" and len(list(data)) == 2
    np.testing.assert_array_equal(data[-1][0], data[1][0])
    for index in (2, -3):
        with pytest.raises(IndexError, match="2 scenes"):
            data[index]
    with pytest.raises(TypeError, match="whole numbers"):
        data["first"]


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"count": 0}, "count is 0"),
        ({"count": 2.0}, "count is 2.0"),
        ({"count": True}, "count is True"),
        ({"count": 1, "size": (LEAST - 1, 64)}, "size is 31"),
        ({"count": 1, "size": (64.5, 64)}, "size is 64.5"),
        ({"count": 1, "size": 64}, "size is 64"),
        ({"count": 1, "size": (64, 64, 3)}, r"size is \(64, 64, 3\)"),
        ({"count": 1, "seed": -1}, "seed is -1"),
        ({"count": 1, "seed": 2**32}, "seed is 4294967296"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        StreetScenes(**arguments)


def test_instances_agree_with_map_and_labels(scenes):
    """Boxes against scipy.ndimage.find_objects, classes against every visible pixel, ids without gaps."""
    for scene in scenes:
        slices = ndimage.find_objects(scene.instance_map)
        assert [i.mask_id for i in scene.instances] == list(range(1, len(slices) + 1))
        for instance, (rows, columns) in zip(scene.instances, slices, strict=True):
            assert isinstance(instance, Instance)
            assert tuple(instance.box) == (rows.start, columns.start, rows.stop, columns.stop)
            inside = scene.labels[scene.instance_map == instance.mask_id]
            assert set(inside.tolist()) == {instance.class_index} == {CLASSES.index(instance.class_name)}


def test_every_pixel_of_a_countable_class_has_an_instance(scenes):
    countable = [CLASSES.index(name) for name in ("pole", "sign", "car", "pedestrian", "bicyclist")]
    for scene in scenes:
        np.testing.assert_array_equal(np.isin(scene.labels, countable), scene.instance_map > 0)


def test_every_class_occurs_about_as_often_as_in_camvid(scenes):
    """Percent of pixels over twenty scenes; CamVid's training frames have 32 road, 23 building, 17 sky, 1 pole."""
    bounds = {
        "sky": (8, 26), "building": (14, 32), "pole": (0.5, 2.5), "road": (24, 42), "pavement": (2, 9), "tree": (4, 18),
        "sign": (0.2, 1.8), "fence": (0.5, 4), "car": (3, 14), "pedestrian": (0.4, 2.5), "bicyclist": (0.2, 2.5),
        "void": (1, 6),
    }  # fmt: skip
    share = np.bincount(np.concatenate([s.labels.ravel() for s in scenes]), minlength=VOID + 1)
    share = 100 * share / share.sum()
    for name, percent in zip((*CLASSES, "void"), share, strict=True):
        assert bounds[name][0] < percent < bounds[name][1], (name, percent)


def test_a_grid_of_stride_32_loses_poles_and_people(scenes):
    """Averaged-label yardstick: one-hot labels pooled over 32x32 cells, upsampled bilinearly, argmax, scored."""
    hits, union = np.zeros(VOID), np.zeros(VOID)
    for scene in scenes:
        height, width = scene.labels.shape
        shares = (
            (scene.labels[..., None] == np.arange(VOID)).reshape(height // 32, 32, width // 32, 32, VOID).mean((1, 3))
        )
        guess = resize(shares, (height, width, VOID), order=1, mode="edge", anti_aliasing=False).argmax(-1)
        guess[scene.labels == VOID] = VOID
        for c in range(VOID):
            hits[c] += ((guess == c) & (scene.labels == c)).sum()
            union[c] += ((guess == c) | (scene.labels == c)).sum()
    iou = dict(zip(CLASSES, hits / union, strict=True))
    assert iou["road"] > 0.8
    assert iou["pole"] < 0.15 and iou["pedestrian"] < 0.45
    assert max(iou["pole"], iou["pedestrian"], iou["sign"]) < iou["road"] / 2


def random_convex(draw):
    """A triangle or parallelogram with corners off the pixel grid, in either direction of turning."""
    a, b, c = (tuple(int(v) for v in draw.randint(-100, 500, 2)) for _ in range(3))
    return [a, b, c] if draw.rand() < 0.5 else [a, b, c, (a[0] + c[0] - b[0], a[1] + c[1] - b[1])]


def test_polygons_against_exact_half_planes_in_a_plain_loop():
    draw, canvas = np.random.RandomState(0), drawing.Canvas(20, 24)
    for _ in range(60):
        points, mask = random_convex(draw), np.zeros((20, 24), bool)
        region = canvas.polygon(points)
        if region is not None:
            mask[region.rows, region.columns] = region.mask
        for row in range(20):
            for column in range(24):
                x, y = column * 16 + 8, row * 16 + 8
                signs = [
                    (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
                    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True)
                ]
                flat = drawing.orientation(points) == 0
                inside = not flat and (min(signs) >= 0 or max(signs) <= 0)
                assert mask[row, column] == inside, (points, row, column)


def test_ovals_against_exact_fractions():
    canvas, mask = drawing.Canvas(16, 16), np.zeros((16, 16), bool)
    region = canvas.oval((121, 133), 71, 40)
    mask[region.rows, region.columns] = region.mask
    for row in range(16):
        for column in range(16):
            across, down = Fraction(column * 16 + 8 - 121, 71), Fraction(row * 16 + 8 - 133, 40)
            assert mask[row, column] == (across**2 + down**2 <= 1)


def test_nearer_things_are_lower_larger_and_in_front():
    camera = drawing.Camera(16 * 256, 16 * 128, 16 * 96, 150)
    feet = [camera.point(0, 0, z)[1] for z in (4000, 2000, 1000)]
    heights = [camera.length(170, z) for z in (4000, 2000, 1000)]
    assert (
        feet == sorted(feet) and feet[0] > camera.vanish_y and heights[2] in range(4 * heights[0], 4 * heights[0] + 4)
    )
    canvas = drawing.Canvas(32, 32)
    for owner in (3, 5):
        canvas.fill(canvas.box(0, 0, 200 + owner * 20, 200), owner, (10.0 * owner, 0, 0), grain=0)
    assert canvas.owner[5, 5] == 5 and canvas.colours(0)[5, 5, 0] == 50
