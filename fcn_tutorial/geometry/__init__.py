"""Stride, receptive field and centre offset of a network's grid, computed from its layers (no Keras import).

Notebook 03 builds the chain arithmetic by hand; `layer_grids` carries it through branches and merges.
"""

import math
from dataclasses import replace

from fcn_tutorial.geometry.grids import Axis, Grid
from fcn_tutorial.geometry.model_graph import kind_of, read_steps

# Kinds of `model_graph.Step`. What stands here does what is said below, and nothing else is taken for it.
_WINDOWS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D")
_MERGES = (
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate",
    "ops.Add", "ops.Subtract", "ops.Multiply", "ops.Divide", "ops.TrueDivide", "ops.Maximum", "ops.Minimum",
    "ops.Concatenate", "keras.src.applications.inception_resnet_v2.CustomScaleLayer",
)  # fmt: skip
_POINTWISE = (
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Dropout", "SpatialDropout2D", "GaussianNoise",
    "GaussianDropout", "ActivityRegularization", "Rescaling", "Normalization", "BatchNormalization", "Identity",
    "Dense", "keras.src.applications.convnext.LayerScale", "keras.src.applications.convnext.StochasticDepth",
    "ops.Cast", "ops.Relu", "ops.Relu6", "ops.LeakyRelu", "ops.Sigmoid", "ops.HardSigmoid", "ops.Silu", "ops.HardSilu",
    "ops.Gelu", "ops.Elu", "ops.Selu", "ops.Tanh", "ops.Softplus", "ops.Clip", "ops.Negative", "ops.Absolute",
    "ops.Square", "ops.Sqrt", "ops.Exp", "ops.Log",
)  # fmt: skip
_OVER_CHANNELS = ("LayerNormalization", "UnitNormalization", "Softmax", "ops.Softmax")
_GLOBAL = ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten")


def total_stride(strides):
    """Product of the layers' strides: how many input pixels lie between the centres of neighbouring cells."""
    return math.prod(strides)


def receptive_field(kernels, strides):
    """Receptive field in pixels of a chain of layers: 1 + sum of (kernel - 1) times the strides before that layer.

    A dilated kernel counts as (kernel - 1) * dilation + 1. Raises ValueError when the lists differ in length.
    """
    if len(kernels) != len(strides):
        raise ValueError(
            f"{len(kernels)} kernels and {len(strides)} strides given; expected one of each for every layer."
        )
    return 1 + sum((kernel - 1) * math.prod(strides[:layer]) for layer, kernel in enumerate(kernels))


def same_padding(size, kernel, stride, dilation=1):
    """Zeros (begin, end) that "same" padding adds to `size` pixels in TensorFlow; begin is the smaller half."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def output_size(size, kernel, stride, padding="same", dilation=1):
    """Number of cells of a convolution or pooling over `size` pixels; 0 or less when a "valid" window does not fit.

    `padding` is "same", "valid" or the zeros (begin, end). Raises ValueError for any other.
    """
    begin, end = _padding(size, kernel, stride, padding, dilation)
    return (size + begin + end - (kernel - 1) * dilation - 1) // stride + 1


def _padding(size, kernel, stride, padding, dilation):
    if isinstance(padding, str) and padding in ("same", "valid"):
        return same_padding(size, kernel, stride, dilation) if padding == "same" else (0, 0)
    if isinstance(padding, (tuple, list)) and len(padding) == 2:
        return tuple(padding)
    raise ValueError(f'padding is {padding!r}; expected "same", "valid" or two numbers (begin, end).')


def layer_grids(model, input_size):
    """Grid of every layer of a functional Keras `model` for images of `input_size` (H, W): {layer name: Grid}.

    Branches are merged by the union of what they look at. Layers of a nested model are named "outer/inner".
    Raises ValueError, naming the layer, for a layer whose grid is not known (Conv2DTranspose, UpSampling2D, Lambda, a
    class or activation of one's own...), for merged branches of unequal strides or sizes, for a size other than the
    model's own, and for images too small for the model. Taught in notebook 03.
    """
    steps, _ = read_steps(model)
    return {step.name: grid for step, grid in zip(steps, _grids(steps, input_size), strict=True)}


def strided_layers(model, input_size, layer=None, axis=0):
    """Layers with a stride above 1 on the longest path to `layer` (or to the coarsest output): [(name, stride), ...].

    `axis` is 0 for rows, 1 for columns. The product of the strides is the total stride; their sum is not.
    Raises ValueError as `layer_grids` does, and for a layer that the model lacks.
    """
    steps, outputs = read_steps(model)
    grids = _grids(steps, input_size)
    names = [step.name for step in steps]
    if layer is not None and layer not in names:
        raise ValueError(f"The model has no layer {layer!r}; its layers are {', '.join(names[:8])}, ...")
    here = max(outputs, key=lambda i: grids[i].stride[axis] or 0) if layer is None else names.index(layer)
    lengths, path = [], []
    for step in steps:
        lengths.append(1 + max((lengths[p] for p in step.parents), default=0))
    while steps[here].parents:
        path.append((steps[here].name, _stride(steps[here])[axis]))
        on_the_grid = [p for p in steps[here].parents if grids[p].stride[axis]] or steps[here].parents
        here = max(on_the_grid, key=lambda p: lengths[p])
    return [(name, stride) for name, stride in reversed(path) if stride > 1]


def _grids(steps, input_size):
    """Grid of every step, in order."""
    grids = []
    for step in steps:
        if step.config.get("data_format") == "channels_first":
            raise ValueError(f"{_title(step)} is channels_first; expected channels_last, maps of shape (N, H, W, C).")
        pairs = [[(grid.rows, grid.columns)[axis] for grid in (grids[p] for p in step.parents)] for axis in (0, 1)]
        grids.append(Grid(*(_axis(step, pairs[axis], axis, input_size) for axis in (0, 1))))
    return grids


def _axis(step, parents, axis, input_size):
    """Rows (0) or columns (1) of a step's grid from those of its parents."""
    if not parents:
        return _input(step, input_size, axis)
    if len(parents) > 1 and step.kind not in _MERGES:
        raise ValueError(
            f"{_title(step)} has {len(parents)} inputs; its grid is not known. Ask about the model up to it."
        )
    found = _merge(step, parents) if step.kind in _MERGES else _single(step, parents[0], axis)
    known = _known_size(step, axis)
    if known not in (None, found.size):
        raise ValueError(
            f"{_title(step)} has {known} cells in the model, and {found.size} as far as its grid is known. "
            "Ask about the model up to this layer."
        )
    return found


def _known_size(step, axis):
    """Cells of a step's output as Keras knows them, 1 for a vector; None where it doesn't."""
    if step.shape is None:
        return None
    if len(step.shape) not in (2, 4):
        raise ValueError(f"{_title(step)} gives neither a map nor a vector. Ask about the model up to this layer.")
    return step.shape[1 + axis] if len(step.shape) == 4 else 1


def _single(step, before, axis):
    """The same for a layer with one input."""
    activation = step.config.get("activation")
    if isinstance(activation, dict) and kind_of({"class_name": "function", **activation}) not in _POINTWISE:
        raise ValueError(f"{_title(step)} has an activation of its own; its grid is not known.")
    if step.kind in _WINDOWS:
        return _window(step, before, axis)
    if step.kind in ("ZeroPadding2D", "Cropping2D"):
        sign = 1 if step.kind == "ZeroPadding2D" else -1
        begin, end = (sign * amount for amount in step.config["padding" if sign == 1 else "cropping"][axis])
        return _shifted(step, before, before.size + begin + end, begin)
    if step.kind in _GLOBAL:
        return Axis(1, None, None, None, before.unbounded_by or step.name)
    if step.kind == "Reshape" and before.stride is None:
        return _reshaped(step, before, axis)
    over_images = step.kind == "BatchNormalization" and step.trains
    if step.kind == "GroupNormalization" or over_images:
        return replace(before, unbounded_by=before.unbounded_by or step.name)
    over_channels = step.kind in _OVER_CHANNELS and step.config.get("axis", -1) in (-1, 3, [-1], [3], (-1,), (3,))
    if step.kind in _POINTWISE or over_channels or (step.kind in _OVER_CHANNELS and before.stride is None):
        return before
    raise ValueError(f"{_title(step)} is of a kind whose grid is not known. Ask about the model up to this layer.")


def _reshaped(step, before, axis):
    """What was pooled over the whole image, in another shape: each number still comes from everywhere."""
    size = _known_size(step._replace(shape=step.shape or (None, *step.config["target_shape"])), axis)
    if size is None or size < 1:
        raise ValueError(f"{_title(step)} gives a map whose size is not known. Ask about the model up to this layer.")
    return replace(before, size=size)


def _input(step, input_size, axis):
    size = input_size[axis]
    fixed = (step.config.get("batch_shape") or (None,) * 4)[1:-1]
    if len(fixed) != 2 or fixed[axis] not in (None, size):
        raise ValueError(
            f"{_title(step)} takes images of (H, W) = {fixed}, not {tuple(input_size)}; ask for the size it takes."
        )
    return Axis(size, 1, 0, 0)


def _stride(step):
    """Strides (rows, columns) of a step."""
    if step.kind not in _WINDOWS:
        return 1, 1
    return _pair(step.config.get("strides") or step.config["pool_size"])


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _window(step, before, axis):
    """A convolution or pooling: a window of `kernel` cells, `dilation` apart, moved by `stride`."""
    kernel = _pair(step.config.get("kernel_size") or step.config["pool_size"])[axis]
    dilation = _pair(step.config.get("dilation_rate", 1))[axis]
    stride, padding = _stride(step)[axis], step.config["padding"]
    size = output_size(before.size, kernel, stride, padding, dilation)
    begin, _ = _padding(before.size, kernel, stride, padding, dilation)
    return _shifted(step, before, size, begin, (kernel - 1) * dilation, stride)


def _shifted(step, before, size, begin, extent=0, stride=1):
    """Axis whose cell 0 looks at the cells -begin to -begin + extent of the axis before it."""
    if size < 1:
        raise ValueError(
            f"{_title(step)} gets only {before.size} cells and gives none; the image is too small for this model."
        )
    if before.stride is None:
        return replace(before, size=size)
    first, last = before.first - begin * before.stride, before.last + (extent - begin) * before.stride
    return Axis(size, before.stride * stride, first, last, before.unbounded_by)


def _merge(step, parents):
    """Union of branches. What a global pooling gives spreads over the whole map and leaves its grid as it is."""
    maps = [parent for parent in parents if parent.stride is not None]
    # A single cell without a grid is repeated for all cells of a map.
    strides, sizes = {a.stride for a in maps}, {a.size for a in parents if a in maps or a.size > 1} or {1}
    if len(strides) > 1 or len(sizes) > 1:
        raise ValueError(
            f"{_title(step)} merges branches of strides {[a.stride for a in parents]} and sizes "
            f"{[a.size for a in parents]}; expected equal ones. The model does not fit this image size, or was built "
            "for another."
        )
    vectors = not maps and step.shape is not None and len(step.shape) == 2
    channels = (-1, 1) if vectors else (-1, 3)
    if step.kind in ("Concatenate", "ops.Concatenate") and step.config.get("axis", -1) not in channels:
        raise ValueError(
            f"{_title(step)} joins maps along axis {step.config['axis']}; expected the channels, axis -1 or 3."
        )
    unbounded_by = next((parent.unbounded_by for parent in parents if parent.unbounded), None)
    if not maps:
        return Axis(sizes.pop(), None, None, None, unbounded_by)
    return Axis(sizes.pop(), strides.pop(), min(a.first for a in maps), max(a.last for a in maps), unbounded_by)


def _title(step):
    return f"Layer {step.name!r} ({step.kind})"
