"""Widgets of notebooks 03 and 04: a ruler for a network's layers, and a bench to try kernels and crops on."""

from functools import partial

import ipywidgets
import numpy as np

from fcn_tutorial import upsampling
from fcn_tutorial.panels import grids as panels
from fcn_tutorial.widgets.explorer import Explorer, labelled

FILLERS = ("bilinear", "ones", "random")
_LARGEST = 32  # factor: that of FCN-32s
# Where the cells of a map stand in the image: in words, and pixel of cell 0, pixels from cell to cell.
_GRIDS = {
    "half-pixel": (
        "half-pixel centres, as far apart as the stamps",
        lambda stride: (upsampling.half_pixel_offset(stride), stride),
    ),
    "lite": ("31 + 32 i: EfficientNet-Lite0, 224 pixels", lambda stride: (31, 32)),
    "released": ("12.5 + 32 i: FCN-32s as released", lambda stride: (12.5, 32)),
}


def stride_ruler(photo, grids, looks=None):
    """Grid, stride, receptive field and centre of a layer to be chosen (`panels.grids.stride_ruler`).

    photo, grids, looks: as that function takes them. At first the last layer is shown.
    """
    layers = {f"{name} (stride {grid.stride[0]})": name for name, grid in grids.items()}
    layer = labelled(ipywidgets.Dropdown, "layer", options=list(layers.items()), value=list(grids)[-1])
    return Explorer(partial(panels.stride_ruler, photo, grids, looks), {"layer": layer})


def upsampling_bench(kernel_size=64, stride=32, filler="bilinear", crop=16, cells="half-pixel"):
    """A kernel, what it makes of a constant map, and where its stamps fall (`panels.grids.upsampling_bench`).

    cells: where they stand at first: "half-pixel", "lite" (EfficientNet-Lite0 in theory) or "released" (FCN-32s).
    Raises ValueError for another word.
    """
    if cells not in _GRIDS:
        raise ValueError(f"cells={cells!r}; expected one of {', '.join(map(repr, _GRIDS))}.")
    grids = [(words, key) for key, (words, _) in _GRIDS.items()]
    size, slider = upsampling.bilinear_size(_LARGEST), partial(labelled, ipywidgets.IntSlider)
    controls = {
        "kernel_size": slider("kernel size", value=kernel_size, min=1, max=size),
        "stride": slider("stride", value=stride, min=1, max=_LARGEST),
        "filler": labelled(ipywidgets.Dropdown, "filler", options=FILLERS, value=filler),
        "crop": slider("crop", value=crop, min=0, max=size),
        "grid": labelled(ipywidgets.Dropdown, "the cells stand on pixels", options=grids, value=cells),
    }
    return Explorer(_on_the_bench, controls)


def _on_the_bench(kernel_size, stride, filler, crop, grid):
    """`panels.upsampling_bench` for what the controls say."""
    kernel, centre = make_kernel(kernel_size, stride, filler), upsampling.crop_before(kernel_size, 0)
    return panels.upsampling_bench(kernel, stride, crop, centre, _GRIDS[grid][1](stride))


def make_kernel(size, stride, filler):
    """Kernel (size, size) float64 of one of `FILLERS`; random: between 0 and 1, the same each time.

    Raises ValueError where the stride has no bilinear kernel of this size.
    """
    if filler == "ones":
        return np.ones((size, size))
    if filler == "random":
        return np.random.default_rng(0).uniform(size=(size, size))
    if size != (fitting := upsampling.bilinear_size(stride)):
        raise ValueError(
            f"There is no bilinear kernel of size {size} for a stride of {stride}: a triangle reaches from cell to "
            f"cell, so its size is {fitting}. Set the kernel size to {fitting}, or take another filler."
        )
    return upsampling.bilinear_kernel_2d(size)
