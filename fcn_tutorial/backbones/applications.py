"""The classifiers of keras.applications by their function's name: VGG16 -> vgg16, MobileNetV2 -> mobilenet_v2, ..."""

import importlib
import inspect
import re
from http.client import HTTPException

import numpy as np

from fcn_tutorial.backend import keras
from fcn_tutorial.geometry import layer_grids


def functions():
    """{name: function of keras.applications}, for every classifier that it offers."""
    found = {key: value for key, value in vars(keras.applications).items() if inspect.isfunction(value)}
    return {_snake_case(key): found[key] for key in sorted(found)}


def build(name, weights):
    """Classifier (softmax kept, its family's own input size) and preprocessing of keras.applications' `name`.

    weights="imagenet" downloads them on first use, into Keras' own cache, with a progress bar. Raises OSError where
    that fails.
    """
    function = functions()[name]
    preprocess_input = importlib.import_module(function.__module__).preprocess_input

    def preprocess(images):
        # A copy: some of Keras' functions change a float array in place.
        return preprocess_input(np.array(images, "float32"))

    # The one family that is built without a size; its weights were trained at this one.
    size = {"input_shape": (224, 224, 3)} if name.startswith("mobilenet_v3") else {}
    try:
        return function(weights=weights, **size), preprocess
    except Exception as error:
        if type(error) is not Exception and not isinstance(error, HTTPException):
            raise
        # Keras says no more than `Exception` of a download that fails.
        raise OSError(
            f"The ImageNet weights of {name} could not be fetched: {error}. "
            "See to network, proxy and disk space, then try again."
        ) from error


def feature_layers(classifier):
    """{4: name, 8: name, 16: name, 32: name}: the last layer or operation at each stride, paddings apart."""
    last, operations = {}, {operation.name: operation for operation in classifier.operations}
    for name, grid in layer_grids(classifier, classifier.input_shape[1:3]).items():
        padding = isinstance(operations.get(name), keras.layers.ZeroPadding2D)
        if name in operations and grid.rows.stride and grid.rows.size > 1 and not padding:
            last[grid.rows.stride] = name
    return {stride: last[stride] for stride in (4, 8, 16, 32) if stride in last}


def _snake_case(name):
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    # Families are one word: resnet50, convnext_tiny.
    return name.replace("_net", "net").replace("_ne_xt", "next")
