"""Augmented views: where they come from, that image and mask stay together, what lies beyond the edge."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter

from fcn_tutorial.datasets import augmentation
from fcn_tutorial.datasets.augmentation import GREY, Augmented
from fcn_tutorial.datasets.batches import Batches
from fcn_tutorial.labels import VOID

STEADY = dict(scale=(1, 1), flip=False, colour=0)


def colour_of(labels):
    """A colour for each class, so that an image tells its own labels."""
    return np.stack([20 * labels + 5, 250 - 20 * labels, 7 * labels], -1).astype(np.uint8)


def blocks(seed=0, size=(60, 80), block=10):
    """Blocks of random classes, among them void, and their picture."""
    rng = np.random.RandomState(seed)
    labels = rng.choice([0, 2, 3, 7, 10, VOID], [side // block for side in size]).astype(np.uint8)
    labels = labels.repeat(block, axis=0).repeat(block, axis=1)
    return colour_of(labels), labels


DATA = [blocks(seed) for seed in range(4)]


def same(a, b):
    return all((x == y).all() for x, y in zip(a, b, strict=True))


def test_types_shapes_and_length():
    views = Augmented(DATA, crop=(48, 72))
    assert len(views) == 4
    for image, labels in views:
        assert image.shape == (48, 72, 3) and labels.shape == (48, 72)
        assert image.dtype == labels.dtype == np.uint8


def test_a_view_follows_from_seed_epoch_and_item_alone():
    first, second = Augmented(DATA, crop=(32, 40), seed=1), Augmented(DATA, crop=(32, 40), seed=1, keep=False)
    second[0], second[3]  # other views read before change nothing
    assert same(first[2], second[2]) and same(first[2], first[2])
    second.start_epoch(5)
    later = second[2]
    assert not same(first[2], later)
    first.start_epoch(5)
    assert same(first[2], later)
    second.start_epoch(0)
    first.start_epoch(0)
    assert same(first[2], second[2])
    assert not same(first[2], Augmented(DATA, crop=(32, 40), seed=2)[2])
    twins = Augmented([DATA[0], DATA[0]], crop=(32, 40))
    assert not same(twins[0], twins[1])


def test_nothing_changes_where_nothing_is_to_change():
    assert same(Augmented(DATA, crop=(60, 80), **STEADY)[1], DATA[1])


def windows(view, whole):
    """Corners at which `view` lies in `whole` exactly."""
    rows, columns = (w - v for w, v in zip(whole[1].shape, view[1].shape, strict=True))
    corners = ((y, x) for y in range(rows + 1) for x in range(columns + 1))
    here = [(slice(y, y + view[1].shape[0]), slice(x, x + view[1].shape[1])) for y, x in corners]
    return [(c[0].start, c[1].start) for c in here if same(view, (whole[0][c], whole[1][c]))]


def test_a_crop_is_a_window_anywhere_in_the_picture():
    size = (50, 76)
    views, found = Augmented(DATA, crop=size, **STEADY), set()
    for epoch in range(60):
        views.start_epoch(epoch)
        corners = windows(views[0], DATA[0])
        assert len(corners) == 1
        found |= set(corners)
    rows, columns = ({corner[axis] for corner in found} for axis in (0, 1))
    assert rows == set(range(11)) and columns == set(range(5))  # the first and the last place too


def test_a_flip_mirrors_both_and_half_of_the_views():
    views = Augmented(DATA, crop=(60, 80), scale=(1, 1), flip=True, colour=0)
    mirrored = tuple(array[:, ::-1] for array in DATA[0])
    count = 0
    for epoch in range(100):
        views.start_epoch(epoch)
        view = views[0]
        assert same(view, DATA[0]) or same(view, mirrored)
        count += same(view, mirrored)
    assert 30 < count < 70


def test_beyond_the_picture_is_void_and_grey():
    """A small picture lies whole somewhere inside the crop."""
    views, corners = Augmented(DATA, crop=(70, 100), **STEADY), set()
    for epoch in range(40):
        views.start_epoch(epoch)
        image, labels = views[1]
        inside = windows(DATA[1], (image, labels))
        assert len(inside) == 1
        (y, x) = inside[0]
        outside = np.ones((70, 100), bool)
        outside[y : y + 60, x : x + 80] = False
        assert (labels[outside] == VOID).all() and (image[outside] == GREY).all()
        corners.add((y, x))
    assert min(y for y, _ in corners) <= 1 and max(y for y, _ in corners) >= 9 and len(corners) > 20


def test_the_light_changes_the_picture_and_not_what_is_beyond_it():
    dark = [(np.full((20, 30, 3), 40, np.uint8), np.zeros((20, 30), np.uint8))]
    views = Augmented(dark, crop=(40, 50), scale=(1, 1), flip=True, colour=0.5)
    for epoch in range(10):
        views.start_epoch(epoch)
        image, labels = views[0]
        assert (image[labels == VOID] == GREY).all() and (labels == 0).sum() == 600
        assert (image[labels == 0] != 40).any()


@pytest.mark.parametrize("crop", [(70, 40), (30, 100)])
def test_too_small_one_way_and_too_large_the_other(crop):
    image, labels = Augmented(DATA, crop=crop, **STEADY)[2]
    assert labels.shape == crop and set(np.unique(labels)) <= {0, 2, 3, 7, 10, VOID}
    known = labels != VOID
    assert (image[known] == colour_of(labels)[known]).all()
    assert known.sum() > 500


@pytest.mark.parametrize("scale", [(0.6, 0.6), (1.7, 1.7), (0.5, 2)])
def test_image_and_mask_move_together_and_no_class_is_invented(scale):
    """Away from the borders between classes every pixel still has the colour of its label."""
    views = Augmented(DATA, crop=(64, 90), scale=scale, colour=0)
    seen = 0
    for epoch in range(10):
        views.start_epoch(epoch)
        for image, labels in views:
            assert set(np.unique(labels)) <= {0, 2, 3, 7, 10, VOID}
            least, largest = (rank(labels, 5, mode="constant", cval=255) for rank in (minimum_filter, maximum_filter))
            inside = (least == largest) & (labels != VOID)
            assert (image[inside] == colour_of(labels)[inside]).all()
            seen += inside.sum()
    assert seen > 5_000


def test_the_scale_is_spread_evenly_in_its_logarithm():
    """Widths of an 80-pixel picture between half and double: as many below as above its own."""
    known = [(DATA[0][0], np.zeros((60, 80), np.uint8))]
    views, widths = Augmented(known, crop=(130, 170), scale=(0.5, 2), flip=False, colour=0), []
    for epoch in range(200):
        views.start_epoch(epoch)
        there = views[0][1] == 0
        widths.append(there.any(axis=0).sum())
        assert there.any(axis=1).sum() == pytest.approx(widths[-1] * 0.75, abs=1)
    assert 40 <= min(widths) < 44 and 148 < max(widths) <= 160
    assert 75 < sum(width < 80 for width in widths) < 125


def test_colours_change_in_the_image_only_and_within_bounds():
    grey = np.full((20, 30, 3), 100, np.uint8)
    labels = np.zeros((20, 30), np.uint8)
    options = dict(crop=(20, 30), scale=(1, 1), flip=False)
    views, shades = Augmented([(grey, labels)], colour=0.3, **options), []
    for epoch in range(60):
        views.start_epoch(epoch)
        image, mask = views[0]
        assert (mask == labels).all() and (image == image[0, 0, 0]).all()
        shades.append(int(image[0, 0, 0]))
    assert 69 <= min(shades) < 80 and 120 < max(shades) <= 131  # brightness alone moves an even grey


def test_brightness_contrast_and_saturation_each_change():
    """Two greys and a red: brightness keeps all ratios, contrast those of differences, saturation the greys."""
    tones = np.array([[60] * 3, [140] * 3, [160, 60, 60]], np.uint8)
    image = tones.repeat(10, axis=0)[:, None].repeat(20, axis=1)
    views = Augmented([(image, np.zeros((30, 20), np.uint8))], crop=(30, 20), scale=(1, 1), flip=False, colour=0.3)
    steps, reds = [], []
    for epoch in range(60):
        views.start_epoch(epoch)
        dark, light, red = views[0][0][[5, 15, 25], 0].astype(float)
        steps.append((light - dark)[0] / (light + dark)[0])
        reds.append((red[0] - red[1]) / (light - dark)[0])
    assert np.ptp(steps) > 0.1 and min(steps) < 80 / 200 < max(steps)
    assert 0.6 < min(reds) / 1.25 < 0.8 and 1.2 < max(reds) / 1.25 < 1.4


def test_originals_are_kept_or_read_again_and_never_changed():
    class Counting(list):
        reads = 0

        def __getitem__(self, index):
            self.reads += 1
            return super().__getitem__(index)

    before = [tuple(array.copy() for array in pair) for pair in DATA]
    for keep, reads in ((True, 1), (False, 3)):
        data = Counting(DATA)
        views = Augmented(data, crop=(30, 30), keep=keep)
        for epoch in range(3):
            views.start_epoch(epoch)
            views[2]
        assert data.reads == reads
    assert all(same(a, b) for a, b in zip(before, DATA, strict=True))


def test_its_name_and_files_are_those_of_the_data():
    class Files(list):
        name, file_names = "camvid", ["a.png", "b.png", "c.png", "d.png"]

    views = Augmented(Files(DATA))
    assert (views.name, views.file_names) == ("camvid", Files.file_names)
    assert Augmented(DATA).name == "list"


def test_batches_hand_the_epoch_on():
    """Another view in each epoch; a run that is resumed at epoch 2 sees what the first one saw."""

    def read(batches):
        return [batches[index] for index in range(len(batches))]

    def equal(first, second):
        return all(same(a, b) for a, b in zip(first, second, strict=True))

    straight = Batches(Augmented(DATA, crop=(32, 40)), 3, shuffle=False)
    epochs = []
    for _ in range(3):
        epochs.append(read(straight))
        straight.on_epoch_end()
    assert not equal(epochs[0], epochs[1]) and not equal(epochs[1], epochs[2])
    resumed = Batches(Augmented(DATA, crop=(32, 40)), 3, shuffle=False)
    resumed.start_epoch(2)
    assert equal(read(resumed), epochs[2])
    assert epochs[0][0][0].shape == (3, 32, 40, 3) and epochs[0][0][1].shape == (3, 32, 40)


@pytest.mark.parametrize(
    "options",
    [
        {"crop": (1, 40)},
        {"crop": (0, 0)},
        {"crop": (32,)},
        {"crop": (32, 40, 3)},
        {"crop": (32.5, 40)},
        {"scale": (0, 1)},
        {"scale": (-1, 1)},
        {"scale": (2, 1)},
        {"scale": (1,)},
        {"scale": (1, float("inf"))},
        {"scale": (float("nan"), 1)},
        {"colour": -0.1},
        {"colour": 1},
        {"colour": float("nan")},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_its_name(options):
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match="expected a crop") as refused:
        Augmented(DATA, **options)
    assert f"{name}={value}" in str(refused.value)


def test_a_bad_pair_is_refused_upon_reading():
    image, labels = DATA[0]
    with pytest.raises(ValueError, match=r"list\[0\].*colours"):
        Augmented([(image, image)])[0]
    with pytest.raises(ValueError, match="expected"):
        Augmented([(image.astype(float), labels)])[0]
    with pytest.raises(ValueError, match="60x80 pixels and the mask 30x80"):
        Augmented([(image, labels[:30])])[0]


def test_originals_are_kept_while_there_is_room_and_read_again_beyond(monkeypatch):
    reads = []

    class Counted:
        def __len__(self):
            return 3

        def __getitem__(self, index):
            reads.append(index)
            return np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30), np.uint8)

    monkeypatch.setattr(augmentation, "MOST_KEPT", 2 * 20 * 30 * 4)
    views = Augmented(Counted(), crop=(16, 16))
    for index in (0, 1, 2, 0, 1, 2, 2):
        views[index]
    assert reads == [0, 1, 2, 2, 2]
