"""Class probabilities of a photo, as the labels of `segment` come from them."""

from dataclasses import replace

import numpy as np
import pytest
from small_backbone import shake, small_backbone

from fcn_tutorial import models, pictures, segmenting, training
from fcn_tutorial.datasets import photos

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network():
    network = models.fcn8s(small_backbone())
    shake(network.scores, seed=2)
    return replace(network, trained_size=(40, 56))


@pytest.mark.parametrize("size", [(40, 56), (77, 101), (2, 3)])
def test_probabilities_lie_on_the_photos_own_pixels_and_segment_takes_their_best(network, size):
    photo = RNG.integers(0, 256, (*size, 3), dtype=np.uint8)
    found = segmenting.probabilities(network, photo)
    assert found.shape == (*size, 11) and found.sum(axis=-1) == pytest.approx(1, abs=1e-5)
    assert (found.argmax(axis=-1) == segmenting.segment(network, photo)).all()
    below, right = ((wanted - side) % 32 for wanted, side in zip((40, 56), size, strict=True))
    continued = np.pad(photo, ((0, below), (0, right), (0, 0)), mode="symmetric")
    assert found == pytest.approx(training.predict(network, continued)[: size[0], : size[1]], abs=1e-5)


def test_a_large_photo_is_seen_small_and_labelled_large(network):
    photo = RNG.integers(0, 256, (90, 150, 3), dtype=np.uint8)
    seen = segmenting.as_seen(photo, 45)
    assert seen.shape == (45, 75, 3) and (seen == photos.resize_short_side(photo, 45)).all()
    labels = segmenting.segment(network, photo, 45)
    assert labels.shape == (90, 150)
    assert (labels[::2, ::2] == segmenting.probabilities(network, seen).argmax(axis=-1)).all()
    for short_side in (0, 90):
        assert (segmenting.as_seen(photo, short_side) == photo).all()


def test_shares_are_of_the_classes_that_occur():
    labels = np.zeros((4, 5), np.uint8)
    labels[0] = 3
    assert pictures.shares(labels, ("sky", "building", "pole", "road")) == {"sky": 0.75, "road": 0.25}


def test_what_is_no_photo_is_refused(network):
    for bad in (np.zeros((40, 50), np.uint8), np.zeros((40, 50, 3)), np.zeros((1, 50, 3), np.uint8)):
        with pytest.raises(ValueError, match="expected"):
            segmenting.as_seen(bad)
        with pytest.raises(ValueError, match="expected"):
            segmenting.probabilities(network, bad)


def test_a_blend_is_half_photo_half_colours_with_dark_borders():
    photo, labels = np.full((6, 8, 3), 100, np.uint8), np.zeros((6, 8), np.uint8)
    labels[:, 4:] = 3
    blended = pictures.blend(photo, labels)
    assert blended[2, 1].tolist() == [135, 146, 177] and blended[2, 4].tolist() == [0, 0, 0]
