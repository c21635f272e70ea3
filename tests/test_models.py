"""The networks: sizes, the sum of scores by SciPy, where new scores start, what a network is made of."""

import numpy as np
import pytest
from small_backbone import shake, small_backbone, weights_of
from test_losses import upsampled_by_scipy

from fcn_tutorial import backbones, labels, models
from fcn_tutorial.backend import keras, ops
from fcn_tutorial.commands import train
from fcn_tutorial.training.stages import carry

RNG = np.random.RandomState(0)
# The backbone's maps that each network uses, and pixels of the image from one of its scores to the next.
STRIDES = {"fcn32s": (32,), "fcn16s": (32, 16), "fcn8s": (32, 16, 8), "fcn4s": (32, 16, 8)}
FINEST = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8, "fcn4s": 4}
each_network = pytest.mark.parametrize("name", STRIDES)


@pytest.fixture(scope="module")
def lite():
    return backbones.load("efficientnet_lite0", weights=None)


def images_of(*size):
    return RNG.uniform(-1, 1, (1, *size, 3)).astype("float32")


def numpy(x):
    return {key: ops.convert_to_numpy(value) for key, value in x.items()} if isinstance(x, dict) else np.array(x)


def one_by_one(layer, maps):
    """A 1x1 convolution as what it is: a matrix for each cell."""
    kernel, bias = layer.get_weights()
    return maps.astype(float) @ kernel[0, 0] + bias


def test_the_command_line_knows_the_same_networks():
    assert tuple(models.NETWORKS) == train.NETWORKS == tuple(STRIDES)
    assert all(models.NETWORKS[name] is getattr(models, name) for name in STRIDES)


@each_network
def test_a_network_says_what_it_is(name):
    backbone = small_backbone()
    network = models.NETWORKS[name](backbone)
    assert (network.name, network.backbone, network.class_names) == (name, backbone, labels.CLASSES)
    assert network.stride == FINEST[name]
    assert set(network.features.output) == {str(stride) for stride in STRIDES[name]}
    assert models.NETWORKS[name](backbone, ("a", "b")).scores.output.shape == (None, None, None, 2)


@each_network
@pytest.mark.parametrize("size", [(31, 33), (97, 63), (64, 96), (2, 2)])
def test_logits_have_the_size_of_the_image(name, size):
    network = models.NETWORKS[name](small_backbone())
    shake(network.scores)
    images = images_of(*size)
    maps = network.features(images)
    assert tuple(network.scores(maps).shape) == (1, *(-(-side // network.stride) for side in size), 11)
    logits = ops.convert_to_numpy(network.model(images))
    assert logits.shape == (1, *size, 11) and np.abs(logits).max() > 0.1
    # Only the size of "like" counts.
    parts = network.head({**maps, "like": ops.full((1, *size, 5), np.nan)})
    np.testing.assert_allclose(ops.convert_to_numpy(parts), logits, atol=1e-5)


@each_network
def test_a_street_of_camvids_size_through_the_real_backbone(lite, name):
    network = models.NETWORKS[name](lite)
    assert network.model.predict_on_batch(images_of(360, 480)).shape == (1, 360, 480, 11)


@each_network
def test_scores_upsampled_by_scipy_are_the_logits(name):
    network = models.NETWORKS[name](small_backbone())
    shake(network.scores)
    images = images_of(97, 63)
    scores = ops.convert_to_numpy(network.scores(network.features(images)))
    expected = upsampled_by_scipy(scores, (97, 63), network.stride)
    np.testing.assert_allclose(ops.convert_to_numpy(network.model(images)), expected, atol=1e-4)


@each_network
def test_sum_fusion_by_hand(name):
    """Scores of each map, the coarser sum twice as fine by SciPy, added."""
    network = models.NETWORKS[name](small_backbone())
    shake(network.scores)
    maps = numpy(network.features(images_of(97, 63)))
    expected = None
    for stride in STRIDES[name]:
        finer = one_by_one(network.scores.get_layer(f"score{stride}"), maps[str(stride)])
        expected = finer if expected is None else finer + upsampled_by_scipy(expected, finer.shape[1:3], 2)
    np.testing.assert_allclose(ops.convert_to_numpy(network.scores(maps)), expected, atol=1e-4)


@each_network
def test_scores_start_at_zero(name):
    network = models.NETWORKS[name](small_backbone())
    assert (network.model.predict_on_batch(images_of(40, 50)) == 0).all()
    scores = [layer for layer in network.scores.layers if layer.name.startswith("score")]
    assert [layer.name for layer in scores] == [f"score{s}" for s in STRIDES[name]]
    assert all((weight == 0).all() for layer in scores for weight in layer.get_weights())


@pytest.mark.parametrize("name, coarser", [("fcn16s", "fcn32s"), ("fcn8s", "fcn16s")])
def test_new_scores_change_nothing_at_first(name, coarser):
    """With the coarser network's weights, the finer one's scores are the coarser ones twice as fine, to the bit."""
    backbone = small_backbone()
    before, after = models.NETWORKS[coarser](backbone), models.NETWORKS[name](backbone)
    shake(before.scores)
    for layer in before.scores.layers:
        if layer.weights:
            after.scores.get_layer(layer.name).set_weights(layer.get_weights())
    maps = numpy(after.features(images_of(97, 63)))
    scores = before.scores({key: maps[key] for key in before.features.output})
    finer = numpy(after.scores(maps))
    twice = upsampled_by_scipy(np.array(scores), finer.shape[1:3], 2)
    np.testing.assert_allclose(finer, twice, atol=1e-5)
    assert np.abs(twice).max() > 0.5


def test_fcn4s_is_fcn8s_on_an_image_of_twice_the_size():
    """The same weights; the image enlarged by SciPy, and its scores 4 pixels of the image apart."""
    backbone, images = small_backbone(), images_of(49, 62)
    fcn8s, fcn4s = models.fcn8s(backbone), models.fcn4s(backbone)
    shake(fcn8s.scores)
    carry(fcn8s, fcn4s)
    enlarged = upsampled_by_scipy(images, (98, 124), 2).astype("float32")
    scores = numpy(fcn8s.scores(fcn8s.features(enlarged)))
    np.testing.assert_allclose(numpy(fcn4s.scores(fcn4s.features(images))), scores, atol=1e-4)
    expected = upsampled_by_scipy(scores, (49, 62), 4)
    np.testing.assert_allclose(ops.convert_to_numpy(fcn4s.model(images)), expected, atol=1e-4)


def test_finer_maps_count_in_every_network():
    for name, strides in STRIDES.items():
        network = models.NETWORKS[name](small_backbone())
        shake(network.scores)
        maps = numpy(network.features(images_of(64, 64)))
        start = numpy(network.scores(maps))
        for stride in strides:
            without = {**maps, str(stride): 0 * maps[str(stride)]}
            assert np.abs(numpy(network.scores(without)) - start).max() > 1e-3, (name, stride)


def test_numbers_of_parameters(lite):
    """1x1 scores of 1,280, 112 and 40 channels; FCN-4s has no number more than FCN-8s."""
    counts = {name: network(lite).head.count_params() for name, network in models.NETWORKS.items()}
    assert counts["fcn32s"] == 14_091 == 1281 * 11
    assert counts["fcn16s"] == 15_334 == (1281 + 113) * 11
    assert counts["fcn8s"] == counts["fcn4s"] == 15_785 == (1281 + 113 + 41) * 11
    features = lite.features((32,)).count_params()
    assert models.fcn32s(lite).model.count_params() == features + 14_091


def test_layers_are_shared_with_the_backbone_and_between_the_parts():
    backbone = small_backbone()
    network = models.fcn8s(backbone)
    names = {layer.name for layer in network.features.layers if layer.weights}
    assert all(network.features.get_layer(name) is backbone.classifier.get_layer(name) for name in names)
    whole = {id(weight) for weight in network.model.weights}
    assert whole == {id(weight) for model in (network.features, network.scores) for weight in model.weights}
    assert {id(weight) for weight in network.head.weights} == {id(weight) for weight in network.scores.weights}
    before = weights_of(backbone.classifier)
    models.fcn4s(backbone)
    assert all((a == b).all() for a, b in zip(before, weights_of(backbone.classifier), strict=True))


def test_a_backbone_of_keras_applications():
    backbone = backbones.load("mobilenet_v2", weights=None)
    for name, network in models.NETWORKS.items():
        made = network(backbone)
        shake(made.scores)
        # Its maps are smaller than size / stride, rounded up: it pads by hand.
        logits = made.model(images_of(33, 65))
        assert tuple(logits.shape) == (1, 33, 65, 11) and np.isfinite(numpy(logits)).all(), name


def test_a_backbone_without_a_map_is_told():
    backbone = small_backbone()
    del backbone.feature_layers[8]
    with pytest.raises(ValueError, match="no map at stride 8"):
        models.fcn4s(backbone)


def test_a_network_of_two_numbers_by_hand():
    """One class, two cells of 3 and 5 in a row: half a cell beyond its centre 3 turns into 5 along a line."""
    images = keras.Input((None, None, 1), name="images")
    maps = keras.Input((None, None, 1), name="32")
    scores = keras.Model({"32": maps}, keras.layers.Rescaling(1.0)(maps))
    pooled = keras.Model(images, {"32": keras.layers.AveragePooling2D(2)(images)})
    _, model = models.assemble("two", 2, pooled, scores)
    row = np.array([3, 3, 5, 5], "float32").reshape(1, 1, 4, 1).repeat(2, axis=1)
    assert numpy(model(row))[0, 0, :, 0] == pytest.approx([3, 3.5, 4.5, 5])
