"""The palette and the checks of label maps."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from fcn_tutorial import labels

# Machado, Oliveira and Fernandes 2009: linear RGB as seen with a severity of 1.0.
EYES = {
    "usual": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("eye", EYES)
def test_no_two_palette_colours_look_alike(eye):
    rgb = labels.PALETTE / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.asarray(EYES[eye]).T, 0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen[None])[0]
    apart = deltaE_ciede2000(lab[:, None], lab[None])[np.triu_indices(12, 1)]
    assert apart.min() > 12


def test_colour_gives_each_class_its_own():
    image = labels.colour(np.array([[0, 11], [3, 8]]))
    assert image.shape == (2, 2, 3) and image.dtype == np.uint8
    assert image[0, 1].tolist() == labels.PALETTE[labels.VOID].tolist()


@pytest.mark.parametrize(
    "bad, words",
    [
        (np.zeros((4, 4, 3), np.uint8), "shape"),
        (np.full((4, 4), 12), "12"),
        (np.full((4, 4), -1), "-1"),
        (np.zeros((4, 4)), "float64"),
    ],
)
def test_what_is_no_label_map_is_refused_by_what_it_is(bad, words):
    with pytest.raises(ValueError, match=words):
        labels.check_labels(bad)


def test_borders_by_hand():
    found = labels.borders(np.array([[0, 0, 3], [0, 3, 3]]))
    assert found.tolist() == [[False, False, True], [False, True, False]]
