"""The verbs as a learner types them, in a process of their own where it matters."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hearing import hear
from PIL import Image

from fcn_tutorial import backbones, models, weights
from fcn_tutorial.__main__ import VERBS, build_parser, main
from fcn_tutorial.labels import PALETTE

ROOT = Path(__file__).parent.parent


def test_every_verb_has_help(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as stop:
            main([verb, "--help"])
        assert stop.value.code == 0 and "usage" in capsys.readouterr().out


def test_stride_reports_every_way(capsys):
    assert main(["stride", "mobilenet_v2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["total_stride"] == 32 and report["sum_of_strides"] == 10
    assert set(report["measured"].values()) == {32} and len(report["measured"]) == 3
    assert report["receptive_field"] == 491


def test_an_unknown_backbone_is_named(capsys):
    assert main(["stride", "vgg61"]) == 1
    assert "vgg16" in capsys.readouterr().err


def test_train_evaluate_resume(tmp_path, capsys):
    out = str(tmp_path / "net.weights.h5")
    train = [
        "train",
        "fcn32s",
        "--data",
        "street",
        "--first",
        "4",
        "--epochs",
        "1",
        "--batch",
        "2",
        "--out",
        out,
        "--json",
    ]
    assert main(train) == 0
    assert len(json.loads(capsys.readouterr().out)["losses"]) == 1
    assert main([*train, "--resume"]) == 0
    assert len(json.loads(capsys.readouterr().out)["losses"]) == 1
    assert main(["evaluate", out, "--data", "street", "--first", "3", "--split", "val", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["images"] == 3 and 0 <= result["mean_iou"] <= result["pixel_accuracy"] <= 1
    assert set(result) == {
        "pixel_accuracy", "mean_accuracy", "mean_iou", "frequency_weighted_iou", "per_class_iou", "images",
    }  # fmt: skip
    assert list(result["per_class_iou"])[:2] == ["sky", "building"]


@pytest.fixture
def small(monkeypatch):
    """Every backbone is the small one: what the command line does with it is the same."""
    from small_backbone import small_backbone

    monkeypatch.setattr(backbones, "load", lambda name, weights="imagenet": small_backbone(0 if weights else 1))


def test_train_in_the_papers_order_and_evaluate(small, tmp_path, capsys):
    out, maps = tmp_path / "net.weights.h5", tmp_path / "maps"
    options = ["--stages", "--epochs", "1", "--batch", "2", "--rate", "0.01", "--balance", "--half", "--seed", "5"]
    data = ["--data", "street", "--first", "2"]
    assert main(["train", "fcn8s", *data, *options, "--features", str(maps), "--out", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["losses"]) == 3
    card = weights.read_card(out)
    given = {"epochs": 1, "batch_size": 2, "learning_rate": 0.01, "balance": True, "seed": 5, "fine_tune": False}
    assert card["network"] == "fcn8s" and given.items() <= card["training"].items()
    assert main(["evaluate", str(out), "--data", "street", "--first", "2", "--split", "train", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 2


def test_train_frozen_then_fine_tuned_with_views(small, tmp_path, capsys):
    out = tmp_path / "net.weights.h5"
    options = ["--frozen-epochs", "1", "--fine-tune", "--augment", "--crop", "48x64", "--epochs", "1", "--batch", "2"]
    command = ["train", "fcn32s", "--data", "street", "--first", "2", *options, "--out", str(out), "--json"]
    assert main(command) == 0
    assert len(json.loads(capsys.readouterr().out)["losses"]) == 2
    card = weights.read_card(out)
    assert card["part"] == "model" and card["training"]["augment"]["crop"] == [48, 64]
    assert card["training"]["learning_rate"] == 0.0005
    assert main([*command, "--resume"]) == 0


def test_train_from_weights_that_exist(small, tmp_path, capsys):
    """At a rate of nearly nothing, so that what it ends with is what it started with."""
    first, second = tmp_path / "first.weights.h5", tmp_path / "second.weights.h5"
    data = ["--data", "street", "--first", "2", "--batch", "2", "--epochs", "1", "--json"]
    assert main(["train", "fcn16s", *data, "--fine-tune", "--out", str(first)]) == 0
    assert main(["train", "fcn8s", *data, "--start", str(first), "--rate", "1e-12", "--out", str(second)]) == 0
    a, b = weights.load(first), weights.load(second)
    assert (b.name, b.backbone.name) == ("fcn8s", "small")
    for name in ("score32", "score16"):
        assert np.abs(a.scores.get_layer(name).kernel).max() > 0
        np.testing.assert_allclose(b.scores.get_layer(name).kernel, a.scores.get_layer(name).kernel, atol=1e-9)
    capsys.readouterr()
    assert main(["train", "fcn8s", *data, "--start", "nowhere.weights.h5", "--out", str(second)]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    "network, options, words",
    [
        ("fcn32s", ["--data", "camvid", "--data-dir", "nowhere"], "nowhere"),
        ("fcn32s", ["--data", "street", "--data-dir", "."], "--data-dir belongs"),
        ("fcn32s", ["--data", "street", "--epochs", "0"], "--epochs"),
        ("fcn32s", ["--data", "street", "--first", "0"], "--first is 0; expected 1 or more"),
        ("fcn32s", ["--data", "street", "--frozen-epochs", "-1"], "--frozen-epochs"),
        ("fcn32s", ["--data", "street", "--stages"], "fcn32s has no stages"),
        ("fcn4s", ["--data", "street", "--stages"], "fcn4s has no stages"),
        ("fcn8s", ["--data", "street", "--frozen-epochs", "2"], "2 frozen epochs come before fine-tuning"),
        ("fcn8s", ["--data", "street", "--first", "2", "--augment"], "fine"),
        ("fcn8s", ["--data", "street", "--crop", "32x32"], "--crop belongs to --augment"),
        ("fcn8s", ["--data", "street", "--fine-tune", "--augment", "--crop", "320"], "such as 328x448; got 320"),
        ("fcn8s", ["--data", "street", "--fine-tune", "--augment", "--crop=-3x40"], "got -3x40"),
        ("fcn8s", ["--data", "street", "--fine-tune", "--augment", "--crop", "32x40x3"], "got 32x40x3"),
    ],
)
def test_what_train_cannot_do_is_said_before_anything_is_computed(small, tmp_path, capsys, network, options, words):
    assert main(["train", network, *options, "--out", str(tmp_path / "a.weights.h5")]) == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_crop_that_is_too_small_is_said_before_the_frozen_epochs(small, tmp_path, capsys):
    options = ["--frozen-epochs", "1", "--fine-tune", "--augment", "--crop", "1x40", "--first", "2"]
    assert main(["train", "fcn32s", "--data", "street", *options, "--out", str(tmp_path / "a.weights.h5")]) == 1
    assert "crop" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_segment_photos_of_many_kinds_and_name_the_unreadable_one(tmp_path, capsys):
    rng = np.random.RandomState(0)
    rgb = rng.randint(0, 256, (31, 33, 3)).astype(np.uint8)
    for mode, ending in (("L", "png"), ("RGBA", "png"), ("P", "png"), ("CMYK", "jpg")):
        Image.fromarray(rgb).convert(mode).save(tmp_path / f"{mode}.{ending}")
    Image.fromarray(np.full((500, 20, 3), 90, np.uint8)).save(tmp_path / "thin.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "L.png").read_bytes()[:60])
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "more").mkdir()
    Image.fromarray(rgb).save(tmp_path / "more" / "L.png")
    images = [*sorted(path for path in tmp_path.iterdir() if path.is_file()), tmp_path / "more" / "L.png"]
    status = main(["segment", *map(str, images), "--out", str(tmp_path / "out"), "--json"])
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert status == 1 and len(report["images"]) == 6 and len(report["failed"]) == 2
    assert "broken.png" in captured.err and "text.jpg" in captured.err
    for item in report["images"]:
        with (
            Image.open(item["image"]) as photo,
            Image.open(item["labels"]) as labels,
            Image.open(item["overlay"]) as overlay,
        ):
            assert labels.mode == "P" and labels.size == photo.size and np.asarray(labels).max() <= 10
            assert (np.array(labels.getpalette()[:36]).reshape(12, 3) == PALETTE).all()
            assert overlay.width == photo.width
        assert sum(item["shares"].values()) == pytest.approx(1)
    assert len({item["labels"] for item in report["images"]}) == 6
    assert not list((tmp_path / "out").glob("*unfinished*"))


def test_a_large_photo_keeps_its_size_and_a_wrong_weights_file_is_refused(tmp_path, capsys):
    Image.fromarray(np.full((900, 1200, 3), 120, np.uint8)).save(tmp_path / "large.png")
    assert main(["segment", str(tmp_path / "large.png"), "--out", str(tmp_path / "out")]) == 0
    assert Image.open(tmp_path / "out" / "large_labels.png").size == (1200, 900)
    (tmp_path / "bad.weights.h5").write_bytes(b"nothing")
    arguments = [
        "segment",
        str(tmp_path / "large.png"),
        "--weights",
        str(tmp_path / "bad.weights.h5"),
        "--out",
        str(tmp_path),
    ]
    assert main(arguments) == 1
    assert "bad.weights.h5" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send there")
def test_control_c_leaves_the_last_epoch(tmp_path):
    """A real interrupt of a real process: the file is there, can be read, and training goes on from it."""
    out = tmp_path / "net.weights.h5"
    train = ["train", "fcn32s", "--data", "street", "--first", "2", "--batch", "2", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "fcn_tutorial", *train, "--epochs", "100000"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,
    )
    deadline = time.monotonic() + 120
    while not out.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in said
    done = len(weights.read_card(out)["training"]["losses"])
    assert done >= 1 and weights.read_optimizer(out)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_download_that_fails_is_one_line_and_leaves_stdout_alone(tmp_path):
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    train = ["train", "fcn32s", "--backbone", "mobilenet_v2", "--data", "street", "--first", "2", "--json", "--out"]
    done = subprocess.run(
        [sys.executable, "-m", "fcn_tutorial", *train, str(tmp_path / "a.weights.h5")],
        env=os.environ | nowhere | {"KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout == "" and "Traceback" not in done.stderr
    assert "\nfcn-tutorial: The ImageNet weights of mobilenet_v2 could not be fetched" in done.stderr


SHIPPED = sorted((ROOT / "data").glob("*.weights.h5"))
each_file = pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)


@pytest.fixture(scope="module")
def fresh_backbone():
    return backbones.load("efficientnet_lite0", weights=None)


def test_shipped_weights_are_small_together_and_the_default_is_among_them():
    from fcn_tutorial.commands.segment import DEFAULT_WEIGHTS
    from fcn_tutorial.paths import data_file

    assert data_file(DEFAULT_WEIGHTS) in SHIPPED
    assert sum(file.stat().st_size for file in SHIPPED) <= 40_000_000
    assert all(weights.read_card(file)["backbone"] == "efficientnet_lite0" for file in SHIPPED)


@each_file
def test_shipped_weights_can_be_loaded_and_are_no_longer_at_their_start(file, fresh_backbone):
    card = weights.read_card(file)
    network = models.NETWORKS[card["network"]](fresh_backbone, tuple(card["classes"]))
    weights.load_into(network, file)
    scores = [layer for layer in network.scores.layers if layer.name.startswith("score")]
    assert scores and all(np.abs(layer.get_weights()[0]).max() > 0 for layer in scores)
    assert all(np.isfinite(weight).all() for weight in network.model.get_weights())


def section(name):
    """What data/README.md says below the heading that names a file."""
    parts = (ROOT / "data" / "README.md").read_text(encoding="utf-8").split("\n## ")[1:]
    found = [part for part in parts if name in part.split("\n")[0]]
    assert len(found) == 1, f"data/README.md has {len(found)} headings with {name}"
    return found[0]


@each_file
def test_the_card_of_shipped_weights_tells_network_data_recipe_and_score(file):
    """The command in its section is one that makes this file, and trains as the file says it was trained."""
    card, said = weights.read_card(file), section(file.name)
    (command,) = [line for line in re.findall(r"`fcn-tutorial (train [^`]*)`", said) if file.name in line]
    arguments = build_parser().parse_args(command.split())
    assert arguments.network == card["network"] and arguments.out.name == file.name
    assert file.name.startswith(arguments.data) and arguments.half and arguments.backbone == card["backbone"]
    assert len(card["training"]["losses"]) == arguments.epochs == card["training"]["epochs"]
    recipe = {
        "batch_size": arguments.batch,
        "learning_rate": arguments.rate or (0.0005 if arguments.fine_tune else 0.003),
        "fine_tune": arguments.fine_tune,
        "balance": arguments.balance,
        "seed": arguments.seed,
    }
    assert recipe == {key: card["training"][key] for key in recipe}
    crop = [int(side) for side in arguments.crop.split("x")] if arguments.crop else None
    assert (card["training"]["augment"] is not None) == arguments.augment
    assert (card["training"]["augment"] or {}).get("crop") == crop
    assert card["part"] == ("model" if arguments.fine_tune else "head")
    measured = re.findall(r"`fcn-tutorial (evaluate [^`]*)`", said)
    assert any(build_parser().parse_args(line.split()).file.name == file.name for line in measured)
    assert (
        re.search(r"val\b", said) and re.search(r"mean IoU \**0\.\d{3}", said) and re.search(r"\d{4}-\d\d-\d\d", said)
    )


@each_file
def test_shipped_weights_are_half_precision(file):
    import h5py

    types = set()
    with h5py.File(file) as opened:
        opened.visititems(lambda name, item: types.add(str(item.dtype)) if isinstance(item, h5py.Dataset) else None)
    assert types == {"float16"}


def test_the_wheel_alone_segments_in_an_empty_folder(tmp_path):
    """Installed from the wheel and started elsewhere, the package finds its weights, and nothing of this clone."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(wheel, check=True, capture_output=True)
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    install = [*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(next(tmp_path.glob("*.whl")))]
    subprocess.run(install, check=True, capture_output=True)
    Image.fromarray(np.full((64, 96, 3), 120, np.uint8)).save(empty / "photo.png")
    code = "import sys, fcn_tutorial, fcn_tutorial.__main__ as m; print(fcn_tutorial.__file__); sys.exit(m.main())"
    command = [sys.executable, "-c", code, "segment", "photo.png", "--out", "out"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=True)
    assert str(site) in done.stdout.splitlines()[0]
    assert sorted(path.name for path in (empty / "out").iterdir()) == ["photo_labels.png", "photo_overlay.png"]


def test_what_the_command_line_offers():
    from fcn_tutorial.commands import train

    assert train.NETWORKS == tuple(models.NETWORKS) and backbones.names()[0] == "efficientnet_lite0"


def test_true_labels_with_void_can_be_laid_over_their_photo():
    from fcn_tutorial.labels import VOID
    from fcn_tutorial.pictures import overlay

    image, labels = np.full((40, 60, 3), 120, np.uint8), np.full((40, 60), VOID, np.uint8)
    labels[:20] = 1
    picture = np.asarray(overlay(image, labels))
    assert picture.shape[0] > 40 and not (picture[5, 5] == picture[30, 5]).all()
