"""Backbones: the checkpoint's reader, the ImageNet answers, feature maps at their strides."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from legacy_checkpoint import CLAIMS, checkpoint_bytes, outcome, small_checkpoint, with_description, write_checkpoint
from test_losses import upsampled_by_scipy

from fcn_tutorial import backbones
from fcn_tutorial.backbones import checkpoint, efficientnet_lite
from fcn_tutorial.datasets import photos


@pytest.fixture(scope="module")
def lite():
    return backbones.load("efficientnet_lite0")


def test_strides_of_a_tensor_are_honoured(tmp_path):
    values = np.arange(12, dtype=np.float32)
    views = {"plain": ("7", 0, (3, 4), (4, 1)), "turned": ("7", 0, (4, 3), (1, 4)), "part": ("7", 5, (2,), (1,))}
    write_checkpoint(tmp_path / "a.pth", views, {"7": values})
    read = checkpoint.read_tensors(tmp_path / "a.pth")
    assert (read["plain"] == values.reshape(3, 4)).all()
    assert (read["turned"] == values.reshape(3, 4).T).all()
    assert read["part"].tolist() == [5, 6]


def test_a_tensor_outside_its_storage_is_refused(tmp_path):
    write_checkpoint(tmp_path / "a.pth", {"x": ("7", 10, (3,), (1,))}, {"7": np.arange(12)})
    with pytest.raises(ValueError, match="outside its storage"):
        checkpoint.read_tensors(tmp_path / "a.pth")


def test_a_checkpoint_cut_off_is_refused(tmp_path):
    write_checkpoint(tmp_path / "a.pth", {"x": ("7", 0, (12,), (1,))}, {"7": np.arange(12)})
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:-8])
    with pytest.raises(ValueError, match="cut off"):
        checkpoint.read_tensors(tmp_path / "a.pth")


def test_a_pickle_that_asks_for_another_function_is_refused_and_not_run(tmp_path):
    marker = tmp_path / "was_run"

    class Evil:
        def __reduce__(self):
            return open, (str(marker), "w")

    with (tmp_path / "evil.pth").open("wb") as file:
        for small in (0x1950A86A20F9469CFC6C, 1001, {}, Evil()):
            pickle.dump(small, file, 2)
    with pytest.raises(pickle.UnpicklingError, match="open"):
        checkpoint.read_tensors(tmp_path / "evil.pth")
    assert not marker.exists()


@pytest.mark.parametrize("pickled", CLAIMS.values(), ids=CLAIMS)
def test_what_a_checkpoint_claims_is_not_believed(pickled):
    assert outcome(with_description(pickled)) in ("damaged", "refused")


STRETCHED = {
    "strides of zero": {"x": ("7", 0, (2**30, 2**9), (0, 0))},
    "strides that overlap": {"x": ("7", 0, (6, 6), (1, 1))},
    "an axis that overlaps": {"x": ("7", 0, (2, 3), (2, 1))},
    "too many on one storage": {str(number): ("7", 0, (1000,), (1,)) for number in range(90)},
    "an axis of none": {"x": ("7", 0, (0, 3), (3, 1))},
    "shape and strides of different lengths": {"x": ("7", 0, (3,), (3, 1))},
    "a negative stride": {"x": ("7", 11, (3,), (-1,))},
    "a size that is no number": {"x": ("7", 0, ("3",), (1,))},
}


@pytest.mark.parametrize("tensors", STRETCHED.values(), ids=STRETCHED)
def test_tensors_hold_no_more_than_their_file(tensors):
    assert outcome(checkpoint_bytes(tensors, {"7": np.arange(1000)})) == "damaged"


def test_a_damaged_checkpoint_does_not_change_how_the_next_is_read():
    whole = small_checkpoint()
    before = checkpoint.tensors_of(whole)
    outcome(with_description(CLAIMS["attributes of a class"]))
    after = checkpoint.tensors_of(whole)
    assert list(before) == list(after) and all((before[name] == after[name]).all() for name in before)


def test_mutants_of_a_checkpoint_are_read_or_refused_within_bounded_memory():
    program = Path(__file__).with_name("legacy_checkpoint.py")
    done = subprocess.run([sys.executable, program, "5000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_wrong_hash_stops_before_anything_is_read(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"not even a pickle")
    with pytest.raises(ValueError, match="SHA-256"):
        checkpoint.read_checkpoint(tmp_path / "a.pth", efficientnet_lite.SHA256)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        checkpoint.read_checkpoint(tmp_path / "nowhere.pth", efficientnet_lite.SHA256)


def test_parameters_and_classes(lite):
    assert lite.classifier.count_params() == 4_694_024
    assert len(set(lite.class_names)) == 1000 and lite.input_size == (224, 224)


@pytest.mark.parametrize("photo, label", [("chelsea", "Egyptian cat"), ("coffee", "espresso"), ("rocket", "missile")])
def test_bundled_photos_get_their_imagenet_label(lite, photo, label):
    image = photos.centre_crop(photos.resize_short_side(photos.load(photo), 224), 224)
    logits = lite.classifier.predict_on_batch(lite.preprocess(image[None]))[0]
    assert lite.class_names[logits.argmax()] == label


@pytest.mark.parametrize("size", [(31, 33), (32, 32), (361, 481), (1500, 20)])
def test_feature_maps_of_any_size(lite, size):
    maps = lite.features()(np.zeros((1, *size, 3), "float32"))
    for stride, channels in ((8, 40), (16, 112), (32, 1280)):
        expected = size
        for _ in range(int(np.log2(stride))):
            expected = tuple(-(-n // 2) for n in expected)
        assert tuple(maps[str(stride)].shape) == (1, *expected, channels)


def test_features_share_the_classifiers_weights(lite):
    assert {id(w) for w in lite.features((32,)).weights} <= {id(w) for w in lite.classifier.weights}


def test_enlarged_images_have_the_maps_of_images_enlarged_by_scipy(lite):
    images = np.random.RandomState(0).uniform(-1, 1, (1, 45, 62, 3)).astype("float32")
    enlarged = lite.features((8, 32), enlarge=2)
    found = enlarged.predict_on_batch(images)
    wanted = lite.features((8, 32)).predict_on_batch(upsampled_by_scipy(images, (90, 124), 2).astype("float32"))
    assert found["8"].shape == (1, 12, 16, 40)
    for stride in ("8", "32"):
        np.testing.assert_allclose(found[stride], wanted[stride], atol=1e-4 * np.abs(wanted[stride]).max())
    assert {id(w) for w in enlarged.weights} <= {id(w) for w in lite.classifier.weights}
    for size in ((3, 2), (33, 40), (64, 64)):  # several, for which TensorFlow makes one graph of any size
        assert enlarged.predict_on_batch(np.zeros((1, *size, 3), "float32"))["32"].shape[-1] == 1280


def test_the_finest_maps(lite):
    """The last block before each halving: 24 channels at stride 4."""
    maps = lite.features((4, 32))(np.zeros((1, 61, 83, 3), "float32"))
    assert {stride: tuple(map_.shape[1:]) for stride, map_ in maps.items()} == {"4": (16, 21, 24), "32": (2, 3, 1280)}
    names = [layer.name for layer in lite.classifier.layers]
    order = [names.index(lite.feature_layers[stride]) for stride in (4, 8, 16, 32)]
    assert order == sorted(order)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50_v2"])
def test_keras_applications_have_maps_at_all_strides(name):
    backbone = backbones.load(name, weights=None)
    assert set(backbone.feature_layers) == {4, 8, 16, 32}
    maps = backbone.features((4, 8, 16, 32))(np.zeros((1, 64, 96, 3), "float32"))
    assert {stride: tuple(map_.shape[1:3]) for stride, map_ in maps.items()} == {
        "4": (16, 24),
        "8": (8, 12),
        "16": (4, 6),
        "32": (2, 3),
    }
    assert set(backbone.features().output) == {"8", "16", "32"}


def test_preprocessing_does_not_change_the_learners_array():
    backbone = backbones.load("mobilenet_v2", weights=None)
    image = np.full((1, 8, 8, 3), 255, "float32")
    assert backbone.preprocess(image).max() == 1 and image.max() == 255


def test_names_and_errors(lite):
    assert {"vgg16", "resnet50", "inception_v3", "inception_resnet_v2", "xception", "convnext_tiny"} <= set(
        backbones.names()
    )
    with pytest.raises(ValueError, match="Did you mean resnet50"):
        backbones.load("ResNet-50")
    with pytest.raises(ValueError, match="weights='mine'"):
        backbones.load("vgg16", weights="mine")
    with pytest.raises(ValueError, match="no map at stride 64"):
        lite.features((64,))


def test_a_download_that_fails_is_said_in_one_sentence(monkeypatch):
    """Keras raises `Exception` itself, which nobody can tell from a mistake in the program."""
    from fcn_tutorial.backbones import applications

    def refused(weights):
        raise Exception("URL fetch failure on https://away/net.h5: None -- Connection refused")

    refused.__module__ = "keras.applications.mobilenet_v2"
    monkeypatch.setattr(applications, "functions", lambda: {"mobilenet_v2": refused})
    with pytest.raises(OSError, match="weights of mobilenet_v2 could not be fetched.*Connection refused.*proxy"):
        backbones.load("mobilenet_v2")
