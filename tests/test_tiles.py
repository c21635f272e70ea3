"""Large photos in tiles: the same answers as from the whole, whatever the shape, and one sentence where it can't be."""

from dataclasses import replace

import numpy as np
import pytest
from small_backbone import shake, small_backbone

from fcn_tutorial import models, segmenting, training
from fcn_tutorial.backend import keras
from fcn_tutorial.segmenting import tiles

RNG = np.random.default_rng(0)


def network_of(build, trained_size=(40, 56), backbone=None):
    network = build(backbone or small_backbone())
    shake(network.scores, seed=2)
    return replace(network, trained_size=trained_size)


@pytest.mark.parametrize("size", [33, 64, 255, 352, 1000, 20008])
@pytest.mark.parametrize(("length", "halo"), [(224, 64), (260, 96), (130, 32)])
def test_tiles_answer_once_for_each_pixel_far_from_their_cuts_and_lie_on_the_grid(size, length, halo):
    length = size if size <= length else length - (length - size) % 32
    found = tiles.cuts(size, length, halo)
    assert [first for _, first, _ in found] == [0, *(end for _, _, end in found[:-1])] and found[-1][2] == size
    for begin, first, end in found:
        assert begin % 32 == 0 and (begin + length - size) % 32 == 0 and 0 <= begin <= size - length
        assert first < end and (begin == 0 or first >= begin + halo)
        assert begin + length == size or end <= begin + length - halo


def whole(network, photo):
    """What the network says when it sees the whole photo, continued by the plain rule of notebook 07."""
    height, width = photo.shape[:2]
    below, right = (
        (n - side) % 32 for n, side in zip(network.trained_size or (height, width), (height, width), strict=True)
    )
    continued = np.pad(photo, ((0, below), (0, right), (0, 0)), mode="symmetric")
    return training.predict(network, continued)[:height, :width]


@pytest.mark.parametrize(
    ("build", "trained_size", "size"),
    [
        (models.fcn8s, (40, 56), (450, 70)),
        (models.fcn32s, None, (2, 700)),
        (models.fcn4s, (360, 480), (270, 250)),
    ],
)
def test_a_photo_in_tiles_is_labelled_as_the_whole_of_it(monkeypatch, build, trained_size, size):
    network = network_of(build, trained_size)
    photo = RNG.integers(0, 256, (*size, 3), dtype=np.uint8)
    expected = whole(network, photo)
    enlarge = 2 if build is models.fcn4s else 1
    monkeypatch.setattr(tiles, "MOST", (224 * enlarge) ** 2)
    monkeypatch.setattr(tiles, "LONGEST", 352 * enlarge)
    seen = []
    predict = training.predict
    monkeypatch.setattr(tiles, "predict", lambda network, image: seen.append(image.shape) or predict(network, image))
    assert segmenting.probabilities(network, photo) == pytest.approx(expected, abs=1e-5)
    assert (segmenting.segment(network, photo, 0) == expected.argmax(axis=-1)).all()
    assert len(seen) >= 4 and len(set(seen)) == 1
    assert seen[0][0] * seen[0][1] <= 224**2 and max(seen[0]) <= 352


def test_how_far_a_network_looks_is_what_moves_its_answers():
    """Noise far away leaves a pixel's answer as it is, noise just inside the reach of some pixel doesn't."""
    network = network_of(models.fcn8s, None)
    far = tiles.reach(network, (32, 512))
    assert far % 32 == 0 and 64 <= far <= 128
    photo = RNG.integers(0, 256, (32, 512, 3), dtype=np.uint8)
    other = photo.copy()
    other[:, 256:] = RNG.integers(0, 256, (32, 256, 3), dtype=np.uint8)
    moved = np.abs(training.predict(network, photo) - training.predict(network, other)).max(axis=(0, 2)) > 1e-6
    assert not moved[: 256 - far].any() and moved[256 - far + 64 : 256].any()


def squeezed():
    """The small backbone with a map of its own that depends on the whole photo, as squeeze-and-excitation makes one."""
    backbone = small_backbone()
    classifier = backbone.classifier
    x = classifier.get_layer("thirtytwo_relu").output
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    x = keras.layers.Multiply(name="excite")([x, gate])
    whole = keras.Model(classifier.input, x, name="squeezed")
    return replace(
        backbone, name="squeezed", classifier=whole, feature_layers={**backbone.feature_layers, 32: "excite"}
    )


def test_a_network_that_looks_at_the_whole_photo_refuses_what_is_too_large(monkeypatch):
    network = network_of(models.fcn8s, None, squeezed())
    photo = RNG.integers(0, 256, (96, 160, 3), dtype=np.uint8)
    assert segmenting.probabilities(network, photo) == pytest.approx(whole(network, photo), abs=1e-5)
    monkeypatch.setattr(tiles, "MOST", 96 * 96)
    with pytest.raises(ValueError, match="squeezed .*96x160 pixels.*'squeeze'.*9,216 pixels.*--short-side"):
        segmenting.segment(network, photo, 0)
    assert segmenting.segment(network, photo, 72).shape == (96, 160)


def test_tiles_too_small_for_how_far_a_network_looks_are_refused(monkeypatch):
    monkeypatch.setattr(tiles, "MOST", 160 * 160)
    with pytest.raises(ValueError, match="small .*300x300 pixels.*looks .* pixels far"):
        segmenting.segment(network_of(models.fcn8s, None), np.zeros((300, 300, 3), np.uint8), 0)
