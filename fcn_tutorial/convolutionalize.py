"""Turn a classifier into a fully convolutional network: every Dense layer becomes the same function as a convolution.

Long, Shelhamer and Darrell 2015, section 3.1; notebook 02 builds each step by hand. Weights *and biases* are carried
over.
"""

from fcn_tutorial.backbones.features import free_input_size
from fcn_tutorial.backend import keras

layers = keras.layers

# Applied to every position alone, so the same on a vector and on a map.
_ELEMENTWISE = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Dropout)
_POOLINGS = (layers.GlobalAveragePooling2D, layers.Flatten)


def convolutionalize(classifier, pooling="window", input_size=(None, None)):
    """The function of `classifier` as convolutions: images (N, H, W, C) -> logits (N, rows, columns, classes).

    classifier: functional Keras model that ends in GlobalAveragePooling2D + Dense layers, or Flatten + Dense layers,
        with Dropout and activations. A softmax at the end is split off.
    pooling: what becomes of a global average pooling. "window" slides its window over the map (average pooling with
        stride 1), which is exact for any Dense layers: at the training size the output is 1 x 1 and equals the
        classifier's logits. "none" leaves it out, so that every cell has its own logits, whose mean over the map
        equals the classifier's; that needs a single Dense layer without a non-linearity.
    input_size: (H, W) of the new network's input; None frees it.

    The body's layers are shared with `classifier`; the new convolutions hold copies of the Dense layers' weights.
    Raises ValueError that names the layer that can't be converted.
    """
    if pooling not in ("window", "none"):
        raise ValueError(f"pooling={pooling!r}; expected 'window' or 'none'.")
    body, tail = _split(classifier)
    if pooling == "none":
        _check_linear(tail)
    network = free_input_size(keras.Model(classifier.input, body), input_size)
    x, window = network.output, body.shape[1:3]
    for layer in tail:
        if isinstance(layer, layers.GlobalAveragePooling2D):
            if pooling == "window":
                x = layers.AveragePooling2D(_known(window, layer), 1, "valid", name=f"{layer.name}_window")(x)
            window = (1, 1)
        elif isinstance(layer, layers.Dense):
            x, window = _as_convolution(layer, _known(window, layer), x, is_last=layer is tail[-1]), (1, 1)
        elif isinstance(layer, _ELEMENTWISE):
            x = layer(x)
    return keras.Model(network.input, x, name=f"{classifier.name}_convolutional")


def split_softmax(classifier):
    """`classifier` without the softmax at its end: images -> logits (N, classes), with the same weights.

    A classifier that ends in logits comes back unchanged. Raises ValueError as `convolutionalize`.
    """
    _, tail = _split(classifier)
    last, output = tail[-1], tail[-1].output
    if output is classifier.outputs[0] and not _is_softmax(last):
        return classifier
    if _is_softmax(last):
        logits = layers.Dense(last.units, use_bias=last.use_bias, name=f"{last.name}_logits")
        output = logits(last.input)
        logits.set_weights(last.get_weights())
    return keras.Model(classifier.input, output, name=f"{classifier.name}_logits")


def _as_convolution(dense, window, x, is_last):
    """`dense` on windows (rows, columns) of the map `x`: its kernel (rows*columns*C, units) is only reshaped."""
    activation = None if is_last and _is_softmax(dense) else dense.activation
    convolution = layers.Conv2D(
        dense.units, window, activation=activation, use_bias=dense.use_bias, name=f"{dense.name}_conv"
    )
    y = convolution(x)
    kernel, *bias = dense.get_weights()
    convolution.set_weights([kernel.reshape(*window, -1, dense.units), *bias])
    return y


def _split(classifier):
    """The tensor where the last map ends, and the layers behind it: pooling or Flatten first."""
    if not isinstance(classifier, keras.Model) or not hasattr(classifier, "operations"):
        raise ValueError(
            f"Expected a functional Keras model; got {type(classifier).__name__}. "
            "A subclassed model has no graph of layers to convert: build it with keras.Model(inputs, outputs)."
        )
    if len(classifier.inputs) != 1 or len(classifier.outputs) != 1:
        raise ValueError(
            f"{classifier.name} has several inputs or outputs; expected one image and one vector of scores."
        )
    tensor, tail = classifier.outputs[0], []
    while len(tensor.shape) == 2:
        layer = tensor._keras_history.operation
        if not isinstance(layer, (*_POOLINGS, layers.Dense, layers.Softmax, *_ELEMENTWISE)):
            raise _refusal(layer)
        if tensor is not layer.output:
            raise ValueError(f"Layer {layer.name!r} is called several times; give each call a layer of its own.")
        tail.insert(0, layer)
        tensor = layer.input
    if not any(isinstance(layer, layers.Dense) for layer in tail) or not isinstance(tail[0], _POOLINGS):
        raise ValueError(
            f"{classifier.name} has the output shape {tuple(classifier.outputs[0].shape)} without a Dense layer behind "
            "a last map; expected GlobalAveragePooling2D or Flatten, then Dense. It may be fully convolutional already."
        )
    source = tensor._keras_history.operation
    if len(tensor.shape) != 4 or tail[0].data_format != "channels_last":
        raise _refusal(tail[0])
    if isinstance(source, layers.GlobalAveragePooling2D):  # keepdims=True: its 1 x 1 map has lost the grid
        raise _refusal(source)
    return tensor, _logits_part(tail)


def _logits_part(tail):
    """`tail` without what follows the logits: a softmax layer, Dropout."""
    while _is_softmax(tail[-1]) and not isinstance(tail[-1], layers.Dense) or isinstance(tail[-1], layers.Dropout):
        tail = tail[:-1]
    for layer in tail:
        if isinstance(layer, layers.Softmax):
            raise _refusal(layer)
    return tail


def _check_linear(tail):
    """Only a linear function commutes with the mean: one Dense layer, no activation."""
    computing = [layer for layer in tail if not isinstance(layer, (*_POOLINGS, layers.Dropout))]
    linear = len(computing) == 1 and (_is_softmax(computing[0]) or computing[0].activation is keras.activations.linear)
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


def _is_softmax(layer):
    return isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) is keras.activations.softmax


def _refusal(layer):
    return ValueError(
        f"Can't convert layer {layer.name!r} ({type(layer).__name__}) behind the last map; expected "
        "GlobalAveragePooling2D or Flatten, then Dense layers with Dropout and activations, channels last."
    )
