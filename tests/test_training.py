"""Training, resuming, evaluating: the same whether interrupted or not, and every bad input named."""

import subprocess
import sys

import numpy as np
import pytest

from fcn_tutorial import backbones, features, models, training, weights
from fcn_tutorial.backend import ops
from fcn_tutorial.losses import pixel_cross_entropy
from fcn_tutorial.metrics import confusion_matrix, scores

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


@pytest.fixture(scope="module")
def backbone():
    return backbones.load("efficientnet_lite0")


@pytest.fixture
def network(backbone):
    return models.fcn32s(backbone)


def head_weights(network):
    return [ops.convert_to_numpy(w) for w in network.head.weights]


def test_the_loss_starts_at_ln_11_and_falls(network):
    image, labels = Halves()[0]
    logits = network.model.predict_on_batch(network.backbone.preprocess(image[None]))
    assert logits.shape == (1, 64, 96, 11)
    assert float(pixel_cross_entropy(labels[None].astype(int), logits)) == pytest.approx(np.log(11), rel=1e-5)
    losses = training.train(network, Halves(), epochs=8, batch_size=4, learning_rate=0.03, progress=False)
    assert len(losses) == 8 and losses[-1] < 0.5 < losses[0]
    assert scores(training.evaluate(network, Halves(), progress=False)).pixel_accuracy > 0.9


def test_a_frozen_backbone_does_not_move_and_a_fine_tuned_one_does(network):
    def snapshot():
        return [ops.convert_to_numpy(w) for w in network.features.weights]

    def moved(before):
        return [
            not np.array_equal(a, ops.convert_to_numpy(b))
            for a, b in zip(before, network.features.weights, strict=True)
        ]

    start = snapshot()
    training.train(network, Halves(2), epochs=1, batch_size=2, progress=False)
    assert not any(moved(start))
    training.train(network, Halves(2), epochs=1, batch_size=2, fine_tune=True, progress=False)
    kinds = {
        w.path.split("/")[-1] for w, changed in zip(network.features.weights, moved(start), strict=True) if changed
    }
    assert kinds == {"kernel"}  # the batch-norms keep statistics, scale and shift
    network.features.set_weights(start)


def test_two_halves_are_the_whole_network(network):
    network.head.set_weights([RNG.randn(*w.shape) for w in network.head.weights])
    images = RNG.randn(2, 61, 83, 3).astype("float32")
    whole = ops.convert_to_numpy(network.model(images))
    halves = network.head({**network.features(images), "like": ops.convert_to_tensor(images)})
    assert ops.convert_to_numpy(halves) == pytest.approx(whole, abs=1e-5)


def test_interrupted_and_resumed_is_the_uninterrupted_run(backbone, tmp_path):
    whole, parts = models.fcn32s(backbone), models.fcn32s(backbone)
    settings = dict(epochs=4, batch_size=2, seed=3, progress=False)
    losses = training.train(whole, Halves(), out=tmp_path / "whole.weights.h5", **settings)

    save, calls = weights.save, []

    def save_then_interrupt(*arguments):
        save(*arguments)
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
    for a, b in zip(head_weights(resumed), head_weights(whole), strict=True):
        assert a == pytest.approx(b, abs=1e-6)
    assert not weights.read_optimizer(out)
    with pytest.raises(ValueError, match="same settings"):
        training.train(resumed, Halves(), out=out, resume=True, **{**settings, "seed": 4})


def test_cached_features_are_found_again_and_not_mixed_up(network, tmp_path):
    cached = features.cached_features(network, Halves(), tmp_path / "maps", progress=False)
    maps, labels = cached[2]
    image, expected = Halves()[2]
    direct = network.features.predict_on_batch(network.backbone.preprocess(image[None]))["32"][0]
    assert maps["32"] == pytest.approx(direct, abs=1e-2) and (labels == expected).all()
    before = (tmp_path / "maps" / "map32.npy").stat().st_mtime_ns
    features.cached_features(network, Halves(), tmp_path / "maps", progress=False)
    assert (tmp_path / "maps" / "map32.npy").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="Name another folder"):
        features.cached_features(network, Halves(5), tmp_path / "maps", progress=False)
    with pytest.raises(ValueError, match="Name another folder"):
        darker = Changed(lambda image, labels: (image // 2, labels), count=6, at=0)
        features.cached_features(network, darker, tmp_path / "maps", progress=False)


def test_weights_remember_what_they_belong_to(network, tmp_path):
    network.head.set_weights([RNG.randn(*w.shape) for w in network.head.weights])
    weights.save(network, tmp_path / "a.weights.h5", {"data": "halves"})
    again = weights.load(tmp_path / "a.weights.h5")
    assert (again.name, again.backbone.name, again.class_names) == ("fcn32s", "efficientnet_lite0", network.class_names)
    image = RNG.randint(0, 256, (40, 50, 3)).astype(np.uint8)
    assert training.predict(again, image) == pytest.approx(training.predict(network, image), abs=1e-6)
    assert (tmp_path / "a.weights.h5").stat().st_size < 100_000
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]


def test_a_fine_tuned_network_is_stored_whole(network, tmp_path):
    training.set_trainable(network, True)
    start = network.features.get_weights()
    network.features.set_weights([w + 0.01 for w in start])
    weights.save(network, tmp_path / "a.weights.h5")
    changed = network.features.get_weights()
    network.features.set_weights(start)
    for a, b in zip(weights.load(tmp_path / "a.weights.h5").features.get_weights(), changed, strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("size", [(31, 33), (32, 32), (361, 481), (5000, 20)])
def test_predict_any_size(network, size):
    result = training.predict(network, RNG.randint(0, 256, (*size, 3)).astype(np.uint8))
    assert result.shape == (*size, 11) and result.sum(-1) == pytest.approx(np.ones(size), abs=1e-4)


def test_evaluate_is_the_sum_over_images(network):
    network.head.set_weights([RNG.randn(*w.shape) for w in network.head.weights])
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
