"""Training, resuming, evaluating: the same whether interrupted or not, and every bad input named."""

import errno
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from small_backbone import shake, small_backbone, weights_of

from fcn_tutorial import backbones, models, training, weights
from fcn_tutorial.backend import ops
from fcn_tutorial.labels import PALETTE
from fcn_tutorial.losses import balancing_weights, pixel_cross_entropy
from fcn_tutorial.metrics import confusion_matrix, scores
from fcn_tutorial.training import feature_cache

RNG = np.random.RandomState(0)


class Halves:
    """Sky over road: what a 1x1 score on pretrained features learns in a moment."""

    name = "halves"

    def __init__(self, count=6, size=(64, 96)):
        self.count, self.size = count, size

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = np.random.RandomState(index)
        labels = np.zeros(self.size, np.uint8)
        labels[self.size[0] // 2 :] = 3
        labels[0, 0] = 11
        colours = np.where(labels[..., None] == 0, [150, 190, 250], [90, 90, 90])
        return (colours + rng.randint(0, 5, (*self.size, 3))).astype(np.uint8), labels


@pytest.fixture
def backbone(monkeypatch):
    """The small backbone, which `weights.load` finds too: its own numbers in place of ImageNet's."""
    load = backbones.load

    def load_small(name, weights="imagenet"):
        return small_backbone(0 if weights else 1) if name == "small" else load(name, weights)

    monkeypatch.setattr(backbones, "load", load_small)
    return small_backbone()


@pytest.fixture(autouse=True)
def untouched(backbone):
    """Every test finds the backbone with ImageNet's weights."""
    before = backbone.classifier.get_weights()
    yield
    backbone.classifier.set_weights(before)


@pytest.fixture
def network(backbone):
    return models.fcn32s(backbone)


def test_the_loss_starts_at_ln_11_and_falls():
    network = models.fcn32s(backbones.load("efficientnet_lite0"))
    image, labels = Halves()[0]
    logits = network.model.predict_on_batch(network.backbone.preprocess(image[None]))
    assert logits.shape == (1, 64, 96, 11)
    assert float(pixel_cross_entropy(labels[None].astype(int), logits)) == pytest.approx(np.log(11), rel=1e-5)
    losses = training.train(network, Halves(), epochs=8, batch_size=4, learning_rate=0.03, progress=False)
    assert len(losses) == 8 and losses[-1] < 0.5 < losses[0]
    assert scores(training.evaluate(network, Halves(), progress=False)).pixel_accuracy > 0.9


@pytest.mark.parametrize("balance", [False, True])
def test_training_takes_the_loss_of_the_logits_that_the_network_gives(backbone, balance):
    """The fast form that is trained on, against the plain form on what `model` answers, before anything moved."""
    network = models.fcn8s(backbone)
    shake(network.scores)
    images, labels = (np.stack(arrays) for arrays in zip(*Halves(3, (45, 61)), strict=True))
    logits = network.model.predict_on_batch(backbone.preprocess(images))
    class_weights = balancing_weights(Halves(3, (45, 61)), 11) if balance else None
    expected = float(pixel_cross_entropy(labels, logits, class_weights=class_weights))
    for fine_tune, tolerance in ((False, 1e-2), (True, 1e-4)):  # the maps are kept in half precision
        settings = dict(epochs=1, batch_size=3, learning_rate=1e-12, balance=balance, fine_tune=fine_tune)
        (loss,) = training.train(network, Halves(3, (45, 61)), progress=False, **settings)
        assert loss == pytest.approx(expected, rel=tolerance)


def test_a_frozen_backbone_does_not_move_and_a_fine_tuned_one_does_but_for_its_norms(backbone):
    network = models.fcn4s(backbone)

    def moved(model, before):
        return {w.path for w, a, b in zip(model.weights, before, weights_of(model), strict=True) if (a != b).any()}

    start = weights_of(network.features)
    training.train(network, Halves(2), epochs=1, batch_size=2, progress=False)
    assert not moved(network.features, start)
    scores = weights_of(network.scores)
    training.train(network, Halves(2), epochs=2, batch_size=2, fine_tune=True, progress=False)
    convolutions = {weight.path for weight in network.features.weights if "_bn/" not in weight.path}
    assert moved(network.features, start) == convolutions  # the norms keep statistics, scale and shift
    assert moved(network.scores, scores) == {weight.path for weight in network.scores.weights}


def test_two_halves_are_the_whole_network(network):
    shake(network.head)
    images = RNG.randn(2, 61, 83, 3).astype("float32")
    whole = ops.convert_to_numpy(network.model(images))
    halves = network.head({**network.features(images), "like": ops.convert_to_tensor(images)})
    assert ops.convert_to_numpy(halves) == pytest.approx(whole, abs=1e-5)


def test_interrupted_and_resumed_is_the_uninterrupted_run(backbone, tmp_path):
    whole, parts = models.fcn32s(backbone), models.fcn32s(backbone)
    settings = dict(epochs=4, batch_size=2, seed=3, progress=False)
    losses = training.train(whole, Halves(), out=tmp_path / "whole.weights.h5", **settings)

    save, calls = weights.save, []

    def save_then_interrupt(*arguments, **options):
        save(*arguments, **options)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    out = tmp_path / "parts.weights.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "save", save_then_interrupt)
        with pytest.raises(KeyboardInterrupt):
            training.train(parts, Halves(), out=out, **settings)
    assert len(weights.read_card(out)["training"]["losses"]) == 2
    resumed = models.fcn32s(backbone)
    assert training.train(resumed, Halves(), out=out, resume=True, **settings) == pytest.approx(losses, rel=1e-5)
    for a, b in zip(weights_of(resumed.head), weights_of(whole.head), strict=True):
        assert a == pytest.approx(b, abs=1e-6)
    assert not weights.read_optimizer(out)
    with pytest.raises(ValueError, match="same settings"):
        training.train(resumed, Halves(), out=out, resume=True, **{**settings, "seed": 4})


def test_cached_features_are_found_again_and_not_mixed_up(network, tmp_path):
    cached = feature_cache.cached_features(network, Halves(), tmp_path / "maps", progress=False)
    maps, labels = cached[2]
    image, expected = Halves()[2]
    direct = network.features.predict_on_batch(network.backbone.preprocess(image[None]))["32"][0]
    assert maps["32"] == pytest.approx(direct, abs=1e-2) and (labels == expected).all()
    before = (tmp_path / "maps" / "map32.npy").stat().st_mtime_ns
    feature_cache.cached_features(network, Halves(), tmp_path / "maps", progress=False)
    assert (tmp_path / "maps" / "map32.npy").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="Name another folder"):
        feature_cache.cached_features(network, Halves(5), tmp_path / "maps", progress=False)
    with pytest.raises(ValueError, match="Name another folder"):
        darker = Changed(lambda image, labels: (image // 2, labels), count=6, at=0)
        feature_cache.cached_features(network, darker, tmp_path / "maps", progress=False)


def test_weights_remember_what_they_belong_to(network, tmp_path):
    training.set_trainable(network, False)
    shake(network.head)
    weights.save(network, tmp_path / "a.weights.h5", {"data": "halves"})
    assert weights.read_card(tmp_path / "a.weights.h5") == {
        "network": "fcn32s",
        "backbone": "small",
        "classes": list(network.class_names),
        "colours": PALETTE[:11].tolist(),
        "void": 11,
        "void_colour": PALETTE[11].tolist(),
        "part": "head",
        "training": {"data": "halves"},
    }
    again = weights.load(tmp_path / "a.weights.h5")
    assert (again.name, again.backbone.name, again.class_names) == ("fcn32s", "small", network.class_names)
    image = RNG.randint(0, 256, (40, 50, 3)).astype(np.uint8)
    assert training.predict(again, image) == pytest.approx(training.predict(network, image), abs=1e-6)
    with h5py.File(tmp_path / "a.weights.h5") as file:
        assert not any("features" in name or "_bn" in name for name in names_in(file))  # the head alone
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]


def test_a_fine_tuned_network_is_stored_whole(network, tmp_path):
    training.set_trainable(network, True)
    shake(network.model, 5)
    weights.save(network, tmp_path / "a.weights.h5")
    assert weights.read_card(tmp_path / "a.weights.h5")["part"] == "model"
    for a, b in zip(weights_of(weights.load(tmp_path / "a.weights.h5").model), weights_of(network.model), strict=True):
        assert (a == b).all()


def names_in(file):
    names = []
    file.visit(names.append)
    return names


def types_in(path):
    """Types of the arrays in a weights file, the optimiser's state apart."""
    types = set()

    def add(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("resume"):
            types.add(str(item.dtype))

    with h5py.File(path) as file:
        file.visititems(add)
    return types


@pytest.mark.parametrize("whole", [False, True], ids=["head", "whole"])
def test_half_precision_is_half_the_bytes_and_the_same_labels(whole, backbone, tmp_path):
    network = models.fcn8s(backbone)
    shake(network.model if whole else network.scores, 3)
    training.set_trainable(network, whole)
    full, half = tmp_path / "full.weights.h5", tmp_path / "half.weights.h5"
    weights.save(network, full, {"epochs": 3})
    weights.save(network, half, {"epochs": 3}, half=True)
    assert weights.read_card(half) == weights.read_card(full) and weights.read_card(half)["training"] == {"epochs": 3}
    assert types_in(full) == {"float32"} and types_in(half) == {"float16"}
    again = weights.load(half)
    for a, b in zip(weights_of(again.model), weights_of(network.model), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    image = RNG.randint(0, 256, (80, 120, 3)).astype(np.uint8)
    labels = [training.predict(one, image).argmax(-1) for one in (network, again)]
    assert (labels[0] == labels[1]).mean() > 0.99 and len(np.unique(labels[0])) > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full.weights.h5", "half.weights.h5"]


def test_a_whole_network_in_half_precision_takes_two_bytes_a_weight(tmp_path):
    network = models.fcn8s(backbones.load("efficientnet_lite0", weights=None))
    weights.save(network, tmp_path / "a.weights.h5", half=True)
    size, count = (tmp_path / "a.weights.h5").stat().st_size, network.model.count_params()
    assert 2 * count < size < 2 * count + 600_000 < 8_000_000


def test_weights_beyond_half_precision_are_named_and_leave_nothing_behind(network, tmp_path):
    path = tmp_path / "a.weights.h5"
    weights.save(network, path, {"first": True}, half=True)
    network.scores.get_layer("score32").bias.assign(np.full(11, 7e4, "float32"))
    with pytest.raises(ValueError, match=r"conv2d/vars/1 reach 7e\+04, beyond float16; use half=False"):
        weights.save(network, path, half=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]
    assert weights.read_card(path)["training"] == {"first": True}
    weights.save(network, path)
    assert weights_of(weights.load(path).scores)[1] == pytest.approx(np.full(11, 7e4))


def test_a_full_disk_leaves_nothing_behind(network, tmp_path, monkeypatch):
    def refuse(path, _):
        path.open("wb").write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    with pytest.raises(OSError, match="Could not write .*a.weights.h5: No space left"):
        weights.save(network, tmp_path / "a.weights.h5", half=True)
    assert not list(tmp_path.iterdir())


def test_training_halves_the_finished_weights_only(network, tmp_path, monkeypatch):
    save, seen = weights.save, []

    def watched(network, path, *arguments, **options):
        save(network, path, *arguments, **options)
        seen.append((types_in(path), len(weights.read_optimizer(path)) > 0))

    monkeypatch.setattr(weights, "save", watched)
    settings = dict(epochs=2, batch_size=2, progress=False)
    training.train(network, Halves(2), out=tmp_path / "a.weights.h5", half=True, **settings)
    assert seen == [({"float32"}, True), ({"float16"}, False)]
    card = weights.read_card(tmp_path / "a.weights.h5")["training"]
    losses = card.pop("losses")
    assert len(losses) == 2 and card == {
        "epochs": 2,
        "batch_size": 2,
        "learning_rate": training.LEARNING_RATE[False],
        "fine_tune": False,
        "seed": 0,
        "augment": None,
        "balance": False,
        "size": [64, 96],
        "data": feature_cache.describe(Halves(2)),
    }


def test_views_are_for_fine_tuning(network):
    with pytest.raises(ValueError, match="fine_tune=True"):
        training.train(network, Halves(2), augment={}, progress=False)


def test_a_run_with_views_is_resumed_with_the_same_arguments(network, tmp_path):
    settings = dict(epochs=1, batch_size=2, fine_tune=True, augment={"crop": (24, 40)}, progress=False)
    losses = training.train(network, Halves(2), out=tmp_path / "a.weights.h5", **settings)
    assert training.train(network, Halves(2), out=tmp_path / "a.weights.h5", resume=True, **settings) == losses


def test_a_tuned_backbone_that_is_frozen_again_is_still_stored(network, tmp_path):
    shake(network.model, 5)
    training.train(network, Halves(2), epochs=1, batch_size=2, out=tmp_path / "a.weights.h5", progress=False)
    image, _ = Halves()[0]
    expected = training.predict(network, image)
    assert training.predict(weights.load(tmp_path / "a.weights.h5"), image) == pytest.approx(expected, abs=1e-5)


def test_labels_beyond_the_networks_classes_are_refused(backbone):
    network = models.fcn32s(backbone, ("sky", "building"))
    with pytest.raises(ValueError, match="2 classes and the data set halves 11.* class 2 is absent in .* 'pole'"):
        training.train(network, Halves(2), epochs=1, batch_size=2, progress=False)


@pytest.mark.parametrize("size", [(31, 33), (32, 32), (361, 481), (5000, 20)])
def test_predict_any_size(network, size):
    result = training.predict(network, RNG.randint(0, 256, (*size, 3)).astype(np.uint8))
    assert result.shape == (*size, 11) and result.sum(-1) == pytest.approx(np.ones(size), abs=1e-4)


def test_evaluate_is_the_sum_over_images(network):
    shake(network.head)
    expected = sum(confusion_matrix(labels, training.predict(network, image).argmax(-1)) for image, labels in Halves(3))
    assert (training.evaluate(network, Halves(3), batch_size=2, progress=False) == expected).all()


class Changed(Halves):
    """One pair of a data set is not as it should be."""

    def __init__(self, change, count=4, at=3):
        super().__init__(count)
        self.change, self.at = change, at

    def __getitem__(self, index):
        image, labels = super().__getitem__(index)
        return self.change(image, labels) if index == self.at else (image, labels)


@pytest.mark.parametrize("fine_tune", [False, True])
@pytest.mark.parametrize(
    "change, words",
    [
        (lambda image, labels: (image, labels[:-1]), "63x96"),
        (lambda image, labels: (image, labels + 12), "12"),
        (lambda image, labels: (image, np.stack([labels] * 3, -1)), "colours"),
        (lambda image, labels: (np.where(image > 0, np.nan, 0), labels), "NaN"),
        (lambda image, labels: (image[:32], labels[:32]), "32x96"),
        (lambda image, labels: (image[:1, :1], labels[:1, :1]), "1x1"),
    ],
)
def test_a_bad_pair_stops_training_with_its_name(network, change, words, fine_tune):
    with pytest.raises(ValueError, match=words):
        training.train(network, Changed(change), epochs=1, batch_size=4, fine_tune=fine_tune, progress=False)


def test_only_void_and_nothing_at_all_are_refused(network):
    void = [(np.zeros((32, 32, 3), np.uint8), np.full((32, 32), 11, np.uint8))]
    with pytest.raises(ValueError, match="void"):
        training.train(network, void, epochs=1, progress=False)
    with pytest.raises(ValueError, match="empty"):
        training.train(network, [], epochs=1, progress=False)


def test_a_loss_that_is_no_number_stops_the_run(network):
    with pytest.raises(FloatingPointError, match="learning rate"):
        training.train(network, Halves(2), epochs=20, batch_size=2, learning_rate=1e38, progress=False)


def test_files_that_are_no_weights_are_named(network, tmp_path):
    with pytest.raises(FileNotFoundError, match="train"):
        weights.load(tmp_path / "none.weights.h5")
    (tmp_path / "text.weights.h5").write_text("no weights")
    with pytest.raises(ValueError, match="damaged"):
        weights.load(tmp_path / "text.weights.h5")
    network.head.save_weights(tmp_path / "stranger.weights.h5")
    with pytest.raises(ValueError, match="which network"):
        weights.load(tmp_path / "stranger.weights.h5")
    with pytest.raises(ValueError, match=r"\.weights\.h5"):
        weights.save(network, tmp_path / "model.h5")
    weights.save(network, tmp_path / "right.weights.h5")
    whole = (tmp_path / "right.weights.h5").read_bytes()
    (tmp_path / "right.weights.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut off"):
        weights.load(tmp_path / "right.weights.h5")


def test_an_empty_data_set_and_bad_masks_are_refused_when_balancing_too(network):
    with pytest.raises(ValueError, match="no pixel"):
        training.train(network, [], epochs=1, balance=True, progress=False)
    bad = Changed(lambda image, labels: (image, labels + 12))
    with pytest.raises(ValueError, match="12"):
        training.train(network, bad, epochs=1, balance=True, progress=False)


def test_weights_of_another_model_are_refused(network, backbone, tmp_path):
    other = models.fcn32s(backbone, ("thing", "other thing"))
    weights.save(other, tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="thing"):
        weights.load_into(network, tmp_path / "other.weights.h5")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes to set there")
def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(tmp_path):
    """The process may write 20 KB a file, less than the head needs: what a full disk looks like to a program."""
    code = f"""
import resource
from fcn_tutorial import backbones, models, weights
network = models.fcn32s(backbones.load("efficientnet_lite0"))
weights.save(network, {str(tmp_path / "a.weights.h5")!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    weights.save(network, {str(tmp_path / "a.weights.h5")!r}, {{"new": True}})
except OSError as error:
    print("refused:", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "refused: Could not write" in done.stdout, done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]
    assert weights.read_card(tmp_path / "a.weights.h5")["training"] == {}
