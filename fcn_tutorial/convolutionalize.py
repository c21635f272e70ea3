"""Turn a classifier into a fully convolutional network: every Dense layer becomes the same function as a convolution.

Long, Shelhamer and Darrell 2015, section 3.1; notebook 02 builds each step by hand. Weights *and biases* are carried
over.
"""

import numpy as np

from fcn_tutorial.backbones.features import free_input_size
from fcn_tutorial.backend import keras, ops

layers = keras.layers

# Exactly these classes: one that is made from them may compute anything.
_FUNCTIONS = (layers.Activation, layers.Softmax, layers.ReLU, layers.LeakyReLU, layers.ELU)
_POOLINGS = (layers.GlobalAveragePooling2D, layers.Flatten)
_ADMITTED = (*_POOLINGS, layers.Dense, layers.Dropout, *_FUNCTIONS)
# Whose value on a kernel doesn't depend on its shape.
_SHAPELESS = (type(None), keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


def convolutionalize(classifier, pooling="window", input_size=(None, None)):
    """The function of `classifier` as convolutions: images (N, H, W, C) -> logits (N, rows, columns, classes).

    classifier: functional Keras model that ends in GlobalAveragePooling2D + Dense layers, or Flatten + Dense layers,
        with Dropout and activations, of Keras' own classes. A softmax at the end, one, is split off.
    pooling: what becomes of a global average pooling. "window" slides its window over the map (average pooling with
        stride 1), which is exact for any Dense layers: at the training size the output is 1 x 1 and equals the
        classifier's logits. "none" leaves it out, so that every cell has its own logits, whose mean over the map
        equals the classifier's; that needs a single Dense layer without a non-linearity.
    input_size: (H, W) of the new network's input; None frees it.

    The body's layers are shared with `classifier`; the new convolutions hold copies of the Dense layers' weights, and
    their precision, regularizers and constraints.
    Raises ValueError that names the layer that can't be converted.
    """
    if pooling not in ("window", "none"):
        raise ValueError(f"pooling={pooling!r}; expected 'window' or 'none'.")
    body, tail, bare = _split(classifier)
    if pooling == "none":
        _check_linear(tail, bare)
    network = free_input_size(keras.Model(classifier.input, body), input_size)
    x, window = network.output, body.shape[1:3]
    for layer in tail:
        if type(layer) is layers.GlobalAveragePooling2D:
            if pooling == "window":
                x = _sliding(layer, _known(window, layer))(x)
            window = (1, 1)
        elif type(layer) is layers.Dense:
            x, window = _as_convolution(layer, _known(window, layer), x, linear=layer is bare), (1, 1)
        elif type(layer) is not layers.Flatten:
            _check_function(layer, window)
            x = layer(x)
    return keras.Model(network.input, x, name=f"{classifier.name}_convolutional")


def split_softmax(classifier):
    """`classifier` without the softmax at its end: images -> logits (N, classes), with the same weights.

    A classifier that ends in logits comes back unchanged. Raises ValueError as `convolutionalize`.
    """
    _, tail, bare = _split(classifier)
    output = tail[-1].output
    if bare is not None:
        config = {**bare.get_config(), "activation": "linear", "name": f"{bare.name}_logits"}
        logits = layers.Dense.from_config(config)
        logits.autocast = bare.autocast
        output = logits(bare.input)
        logits.set_weights(bare.get_weights())
    elif output is classifier.outputs[0]:
        return classifier
    return keras.Model(classifier.input, output, name=f"{classifier.name}_logits")


def _sliding(pooling, window):
    """The window of a global pooling as a layer that slides it over the map."""
    return layers.AveragePooling2D(
        window, 1, "valid", "channels_last", dtype=pooling.dtype_policy, name=f"{pooling.name}_window"
    )


def _as_convolution(dense, window, x, linear):
    """`dense` on windows (rows, columns) of the map `x`: its kernel (rows*columns*C, units) is only reshaped."""
    if not linear:
        _check_function(dense, (1, 1))
    options = {
        name: getattr(dense, name)
        for name in ("use_bias", "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint",
                     "trainable", "autocast")
    }  # fmt: skip
    convolution = layers.Conv2D(
        dense.units, window, activation=None if linear else dense.activation, data_format="channels_last",
        dtype=dense.dtype_policy, name=f"{dense.name}_conv", **options,
    )  # fmt: skip
    y = convolution(x)
    kernel, *bias = dense.get_weights()
    convolution.set_weights([kernel.reshape(*window, -1, dense.units), *bias])
    return y


def _check_dense(dense):
    """A Dense layer must be its kernel, its bias and its activation, and nothing that knows the kernel's shape."""
    kernel_alone = len(dense.weights) == 1 + dense.use_bias and not dense.lora_enabled
    constrained = type(dense.kernel_constraint) not in (type(None), keras.constraints.NonNeg)
    shaped = type(dense.kernel_regularizer) not in _SHAPELESS or dense.activity_regularizer is not None
    if not kernel_alone or dense.quantization_mode is not None or constrained or shaped:
        raise ValueError(
            f"Layer {dense.name!r} (Dense) is more than a kernel and a bias: LoRA, quantised, or with a constraint or "
            "regularizer that depends on the kernel's shape. Convert a plain Dense layer with the same weights."
        )


def _check_function(layer, window):
    """What `layer` computes of a vector it must compute of each cell of a map: tried out on numbers of all sizes.

    Behind Flatten the vector is a whole window of the map, so each number must be taken for itself.
    """
    if type(layer) is layers.Dropout:
        if layer.noise_shape is not None:
            raise _refusal(layer, "its noise_shape is that of vectors")
        return
    random = np.random.default_rng(0)
    maps = (random.standard_normal((2, 3, 4, 5)) * 10.0 ** random.uniform(-3, 2, (2, 3, 4, 5))).astype("float32")
    try:
        found = _numbers(layer, maps)
        if tuple(window) == (1, 1):
            wanted = np.stack([_numbers(layer, maps[:, row, column]) for row, column in np.ndindex(3, 4)], axis=1)
        else:
            wanted = _numbers(layer, maps.reshape(-1, 1))
    except Exception as error:  # a function of one's own may raise anything
        raise _refusal(layer, f"it can't be tried out on a map ({type(error).__name__})") from error
    if not np.allclose(found, wanted.reshape(maps.shape), rtol=1e-3, atol=1e-6, equal_nan=True):
        raise _refusal(layer, "what it computes of a vector is not what it computes of each cell of a map")


def _numbers(layer, x):
    """The activation of a layer, or what the layer does, on an array."""
    function = getattr(layer, "activation", layer)
    return ops.convert_to_numpy(ops.cast(function(ops.convert_to_tensor(x)), "float32"))


def _split(classifier):
    """The tensor where the last map ends, the layers behind it (pooling or Flatten first), as `_logits_part`."""
    own = not type(classifier).__module__.startswith("keras.")
    if own or not isinstance(classifier, keras.Model) or not hasattr(classifier, "operations"):
        raise ValueError(
            f"Expected a functional Keras model; got {type(classifier).__name__}. "
            "A subclassed model has no graph of layers to convert: build it with keras.Model(inputs, outputs)."
        )
    if len(classifier.inputs) != 1 or len(classifier.outputs) != 1:
        raise ValueError(
            f"{classifier.name} has several inputs or outputs; expected one image and one vector of scores."
        )
    tensor, tail = _behind_last_map(classifier)
    dense = [layer for layer in tail if type(layer) is layers.Dense]
    if not dense or not isinstance(tail[0], _POOLINGS):
        raise ValueError(
            f"{classifier.name} has the output shape {tuple(classifier.outputs[0].shape)} without a Dense layer behind "
            "a last map; expected GlobalAveragePooling2D or Flatten, then Dense. It may be fully convolutional already."
        )
    for layer in dense:
        _check_dense(layer)
    source = tensor._keras_history.operation
    if len(tensor.shape) != 4 or tail[0].data_format != "channels_last":
        raise _refusal(tail[0])
    if isinstance(source, layers.GlobalAveragePooling2D):  # keepdims=True: its 1 x 1 map has lost the grid
        raise _refusal(source)
    return tensor, *_logits_part(tail)


def _behind_last_map(classifier):
    """The last tensor that is a map, or no vector, and the layers behind it."""
    tensor, tail = classifier.outputs[0], []
    while len(tensor.shape) == 2:
        layer = tensor._keras_history.operation
        if type(layer) not in _ADMITTED:
            raise _refusal(layer)
        if tensor is not layer.output:
            raise ValueError(f"Layer {layer.name!r} is called several times; give each call a layer of its own.")
        tail.insert(0, layer)
        tensor = layer.input
    return tensor, tail


def _logits_part(tail):
    """`tail` without a softmax at its end, Dropout apart, and the Dense layer whose own activation that is, or None."""
    kept = _without_dropout(tail)
    if not _is_softmax(kept[-1]):
        return kept, None
    return (kept, kept[-1]) if type(kept[-1]) is layers.Dense else (_without_dropout(kept[:-1]), None)


def _without_dropout(tail):
    while type(tail[-1]) is layers.Dropout:
        tail = tail[:-1]
    return tail


def _is_softmax(layer):
    """Does `layer` end in a softmax over the classes of vectors (N, classes)? A function is known by what it does."""
    if type(layer) is layers.Softmax:
        return layer.axis in (-1, 1)
    if type(layer) not in (layers.Dense, layers.Activation):
        return False
    vectors = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    try:
        found = _numbers(layer, vectors)
    except Exception:  # a function of one's own may raise anything, and is no softmax then
        return False
    expected = np.exp(vectors) / np.exp(vectors).sum(axis=1, keepdims=True)
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-5)


def _check_linear(tail, bare):
    """Only a linear function commutes with the mean: one Dense layer, no activation."""
    computing = [layer for layer in tail if type(layer) not in (*_POOLINGS, layers.Dropout)]
    linear = len(computing) == 1 and (computing[0] is bare or computing[0].activation is keras.activations.linear)
    if not linear or not isinstance(tail[0], layers.GlobalAveragePooling2D):
        raise ValueError(
            f"pooling='none' needs GlobalAveragePooling2D and one Dense layer without a non-linearity; behind the last "
            f"map stand {', '.join(layer.name for layer in tail)}. Use pooling='window', exact for any of them."
        )


def _known(window, layer):
    if None in window:
        raise ValueError(
            f"The map in front of layer {layer.name!r} has no fixed size; the conversion needs the one it was trained "
            "at. Build the classifier with a fixed input_shape, such as (224, 224, 3)."
        )
    return window


def _refusal(layer, why=""):
    return ValueError(
        f"Can't convert layer {layer.name!r} ({type(layer).__name__}) behind the last map{why and ': '}{why}; expected "
        "GlobalAveragePooling2D or Flatten, then Dense layers with Dropout and activations, channels last, all of "
        "Keras' own classes."
    )
