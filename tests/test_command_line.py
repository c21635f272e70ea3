"""The verbs as a learner types them, in a process of their own where it matters."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_tutorial import backbones, models, weights
from fcn_tutorial.__main__ import VERBS, main
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


@pytest.mark.parametrize(
    "options, words",
    [
        (["--data", "camvid", "--data-dir", "nowhere"], "nowhere"),
        (["--data", "street", "--data-dir", "."], "--data-dir belongs"),
        (["--data", "street", "--epochs", "0"], "--epochs"),
    ],
)
def test_what_train_cannot_do_is_said_before_anything_is_computed(tmp_path, capsys, options, words):
    assert main(["train", "fcn32s", *options, "--out", str(tmp_path / "a.weights.h5")]) == 1
    assert words in capsys.readouterr().err
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
        [sys.executable, "-m", "fcn_tutorial", *train, "--epochs", "100000"], stderr=subprocess.PIPE, text=True
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


def test_shipped_weights_belong_to_fcn32s_on_efficientnet_lite0():
    from fcn_tutorial.commands.segment import DEFAULT_WEIGHTS
    from fcn_tutorial.paths import data_file

    card = weights.read_card(data_file(DEFAULT_WEIGHTS))
    assert (card["network"], card["backbone"], card["part"]) == ("fcn32s", "efficientnet_lite0", "head")
    network = weights.load(data_file(DEFAULT_WEIGHTS))
    assert network.head.count_params() == 14_091


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


def test_models_know_their_networks():
    assert set(models.NETWORKS) == {"fcn32s"} and backbones.names()[0] == "efficientnet_lite0"
