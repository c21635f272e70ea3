"""The ruler and the bench, moved without a browser."""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial import upsampling
from fcn_tutorial.geometry.grids import Axis, Grid
from fcn_tutorial.widgets import grids as widgets

PHOTO = np.zeros((64, 64, 3), "uint8")
GRIDS = {"fine": Grid(*[Axis(32, 2, 0, 2)] * 2), "coarse": Grid(*[Axis(4, 16, -40, 70)] * 2)}


def said(explorer):
    """The words that describe the picture, or those of the alert."""
    return html.unescape(re.search(r'alt="([^"]*)"|>([^<]+)</p>', explorer.picture.value)[0])


def test_the_ruler_starts_with_the_last_layer_and_follows_the_choice():
    ruler = widgets.stride_ruler(PHOTO, GRIDS, {"coarse": (20, 21)})
    assert "coarse: receptive field 111x111" in said(ruler) and "measured (20, 21)" in said(ruler)
    layer = ruler.controls["layer"]
    assert [name for name, _ in layer.options] == ["fine (stride 2)", "coarse (stride 16)"]
    layer.value = "fine"
    assert "fine: receptive field 3x3" in said(ruler) and "not measured" in said(ruler)


def test_a_layer_without_bound_is_said_in_words():
    unbounded = {"all": Grid(*[Axis(4, 16, -40, 70, "squeeze")] * 2)}
    assert 'role="alert"' in (ruler := widgets.stride_ruler(PHOTO, unbounded, {})).picture.value
    assert "through layer 'squeeze' each cell depends on the whole" in said(ruler)


def test_a_learner_finds_19_on_the_bench():
    bench = widgets.upsampling_bench(cells="released")
    crop = bench.controls["crop"]
    assert "stamps fall 3 pixels too far down and right" in said(bench) and "1 everywhere" in said(bench)
    found = []
    for crop.value in range(14, 24):
        if "each stamp falls where its cell stands" in said(bench):
            found.append(crop.value)
    assert found == [19]


def test_each_grid_has_its_crop_or_none():
    bench = widgets.upsampling_bench(crop=16)
    assert "cell 0 stands on pixel 15.5" in said(bench) and "each stamp falls" in said(bench)
    bench.controls["grid"].value = "lite"
    bench.controls["crop"].value = 0
    assert "0.5 pixels too far down" in said(bench)
    bench.controls["crop"].value = 1
    assert "0.5 pixels too far up" in said(bench)


def test_a_pair_without_bilinear_kernel_is_said_in_words():
    bench = widgets.upsampling_bench()
    bench.controls["kernel_size"].value = 63
    assert 'role="alert"' in bench.picture.value
    assert "no bilinear kernel of size 63 for a stride of 32" in said(bench) and "kernel size to 64" in said(bench)
    bench.controls["filler"].value = "ones"
    assert "kernel 63x63, sum 3969" in said(bench) and 'role="alert"' not in bench.picture.value


def test_ones_on_5_by_2_give_a_checkerboard_and_triangles_on_5_by_3_do_not():
    bench = widgets.upsampling_bench(5, 2, "ones", 1)
    assert "from 4 (dark) to 9 (bright)" in said(bench)
    bench.controls["stride"].value = 3
    bench.controls["filler"].value = "bilinear"
    assert "kernel 5, stride 3: 1 everywhere" in said(bench)


@pytest.mark.parametrize("stride", range(1, 33))
def test_the_bench_takes_the_pairs_that_the_layer_takes(stride):
    sizes = []
    for size in range(1, 65):
        try:
            widgets.make_kernel(size, stride, "bilinear")
            sizes.append(size)
        except ValueError:
            pass
    (size,) = sizes
    layer = upsampling.transposed_upsampling(1, stride)
    assert np.allclose(layer.get_weights()[0][..., 0, 0], widgets.make_kernel(size, stride, "bilinear"))


def test_a_random_kernel_stays_the_same_from_move_to_move():
    assert np.array_equal(widgets.make_kernel(4, 2, "random"), widgets.make_kernel(4, 3, "random"))


def test_sixty_moves_leave_no_figure():
    ruler, bench = widgets.stride_ruler(PHOTO, GRIDS, {}), widgets.upsampling_bench(filler="random")
    for move in range(30):
        ruler.controls["layer"].value = list(GRIDS)[move % 2]
        bench.controls["kernel_size"].value = 1 + move
    assert plt.get_fignums() == []
    assert not any(getattr(control, "continuous_update", False) for control in bench.controls.values())
