"""Colours chosen for classes, against a plain loop over pairs and eyes."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from fcn_tutorial import labels, palettes


def least_distance(colours):
    """The same by a plain loop, with its own gamma curves, colour by colour."""
    least = np.inf
    for eye in palettes.EYES:
        seen = []
        for colour in colours:
            linear = [v / 255 / 12.92 if v / 255 <= 0.04045 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
            mixed = [min(1, max(0, float(np.dot(row, linear)))) for row in eye]
            seen.append([m * 12.92 if m <= 0.0031308 else 1.055 * m ** (1 / 2.4) - 0.055 for m in mixed])
        lab = [rgb2lab(np.array(rgb)[None, None])[0, 0] for rgb in seen]
        for i in range(len(lab)):
            for j in range(i):
                least = min(least, float(deltaE_ciede2000(lab[i], lab[j])))
    return least


@pytest.mark.parametrize(("count", "apart"), [(1, 30), (2, 30), (5, 25), (12, 12), (30, 8)])
def test_colours_differ_for_every_kind_of_eye_and_from_void(count, apart):
    colours = palettes.distinct(count)
    assert len(colours) == count
    assert least_distance([*colours, palettes.VOID_GREY]) >= apart


def test_the_distances_are_those_of_a_plain_loop():
    assert palettes.distances(labels.PALETTE)[np.triu_indices(12, 1)].min() == pytest.approx(
        least_distance(labels.PALETTE), abs=1e-9
    )


def test_many_colours_are_different_ones_and_always_the_same():
    assert len({palettes.VOID_GREY, *palettes.distinct(254)}) == 255
    assert palettes.distinct.__wrapped__(7) == palettes.distinct(7)


@pytest.mark.parametrize("count", [0, 256])
def test_more_colours_than_a_label_map_can_hold_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} colours"):
        palettes.distinct(count)
