"""Every name that `backbones.names()` lists loads, has its maps, and has the stride that is computed and measured.

With FCN_EVERY_BACKBONE=1 in the environment all are tried, which takes more than half an hour of one core; without it
one of each family that no other test measures. The three ways of measuring run on networks of up to 30 million weights;
on the larger ones only that which computes shapes.
"""

import gc
import os

import numpy as np
import pytest

from fcn_tutorial import backbones, geometry, measuring
from fcn_tutorial.backend import keras
from fcn_tutorial.commands import stride

SOME = ["convnext_tiny", "efficientnet_v2_b0", "mobilenet_v3_small"]
NAMES = backbones.names() if os.environ.get("FCN_EVERY_BACKBONE") else SOME
# What these families expect is done by their first layers.
PREPROCESS_THEMSELVES = ("convnext", "efficientnet_b", "efficientnet_v2", "mobilenet_v3")


@pytest.fixture(autouse=True)
def one_after_the_other():
    yield
    keras.utils.clear_session()
    gc.collect()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends compile for minutes")
def test_a_backbone_loads_and_has_maps_and_a_stride(name, monkeypatch):
    loaded = backbones.load(name, weights=None)
    monkeypatch.setattr(backbones, "load", lambda *arguments, **options: loaded)  # for `stride.measure`, built once
    if loaded.classifier.count_params() > 30e6:
        monkeypatch.setattr(measuring, "measure_stride", lambda model: {"slope": measuring.stride_by_slope(model)})
    report = stride.measure(name)
    print(report)
    assert set(report["measured"].values()) == {report["total_stride"]} == {32}
    assert set(loaded.feature_layers) == {4, 8, 16, 32} and None not in loaded.input_size
    features = loaded.features((4, 8, 16, 32))
    size = tuple(side + 64 for side in loaded.input_size)
    grids = geometry.layer_grids(features, size)
    for key, shape in features.compute_output_shape((1, *size, 3)).items():
        grid = grids[loaded.feature_layers[int(key)]]
        assert grid.stride == (int(key),) * 2 and grid.size == tuple(shape[1:3]), key
    image = np.full((1, 2, 2, 3), 200, "float32")
    unchanged = (loaded.preprocess(image) == image).all()
    assert unchanged == name.startswith(PREPROCESS_THEMSELVES)
    assert name == "efficientnet_lite0" or loaded.classifier.output_shape == (None, len(loaded.class_names))
