"""`fcn-tutorial segment` on what people have: photos beside their results, patterns, odd names, photos of any size."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_backbone import shake, small_backbone

from fcn_tutorial import folding, labels, models, weights
from fcn_tutorial.__main__ import main

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and such names need a POSIX file system")


@pytest.fixture(scope="module")
def small_network():
    network = models.fcn8s(small_backbone())
    shake(network.scores, seed=2)
    return network


@pytest.fixture
def loaded(small_network, monkeypatch, tmp_path):
    """The small network stands for the course's weights; how often it was loaded."""
    calls = []
    monkeypatch.setattr(weights, "load", lambda path, download: calls.append(path) or small_network)
    monkeypatch.setattr(folding, "fold_network", lambda network: network)
    monkeypatch.chdir(tmp_path)
    return calls


def photo(path, shape=(40, 60)):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)).save(path)
    return Path(path).read_bytes()


def test_results_replace_neither_photos_nor_each_other(loaded, capsys):
    names = ["house.jpg", "house_labels.png", "a.jpg", "b/a.jpg", "a_2.jpg", "IMG.jpg", "img.jpg"]
    before = {name: photo(name) for name in names}
    assert main(["segment", *names, "--out", ".", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {name: Path(name).read_bytes() for name in names} == before
    written = [item[key] for item in report["images"] for key in ("labels", "overlay")]
    assert len({name.casefold() for name in written}) == 14 and not {*written} & {*names}
    assert [item["image"] for item in report["images"]] == names
    again = {name: Path(name).read_bytes() for name in written}
    assert main(["segment", *names, "--out", "."]) == 0
    assert {name: Path(name).read_bytes() for name in written} == again


def test_patterns_and_photos_known_by_name(loaded, capsys):
    for name in ("b.png", "a.png", "c.bmp"):
        photo(name)
    assert main(["segment", "*.png", "chelsea", "--out", "out", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [item["image"] for item in report["images"]] == ["a.png", "b.png", "chelsea"]
    assert Image.open("out/chelsea_overlay.png").width == 451
    assert main(["segment", "a.png", "*.gif", "--out", "out"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "fcn-tutorial: No file fits the pattern *.gif. Check the folder and the ending.\n"
    assert len(loaded) == 1


# A point (row, column) in the middle of each thing, which the course's weights label rightly.
SEEN = {
    "street": {
        "sky": (60, 450), "building": (195, 480), "tree": (180, 325), "sign": (207, 551), "road": (420, 450),
        "car": (222, 358),
    },
    "crossing": {
        "sky": (50, 720), "building": (220, 300), "tree": (180, 550), "road": (470, 200), "pedestrian": (310, 679),
        "car": (304, 772),
    },
}  # fmt: skip


def test_the_courses_own_streets_are_known_by_name_and_what_is_in_them_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["segment", *SEEN, "--out", "out", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    for item in report["images"]:
        found = np.asarray(Image.open(item["labels"]))
        expected = SEEN[item["image"]]
        at_points = {name: labels.NAMES[found[point]] for name, point in expected.items()}
        assert at_points == {name: name for name in expected}


@posix
def test_one_bad_photo_never_ends_the_others(loaded, capsys):
    photo("good.png")
    os.mkfifo("pipe.jpg")
    photo("long/" + "\u5c71" * 80 + ".png")
    names = ["pipe.jpg", "n" * 300 + ".jpg", "away.png", ".", "long/" + "\u5c71" * 80 + ".png", "good.png"]
    assert main(["segment", *names, "--out", "out", "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [item["image"] for item in report["images"]] == names[4:]
    assert [item["image"] for item in report["failed"]] == names[:4]
    assert [line.startswith("fcn-tutorial: left out: ") for line in captured.err.splitlines()] == [True] * 4


@posix
def test_a_planted_link_is_not_written_through(loaded, tmp_path):
    photo("p.png")
    Path("precious").write_text("mine")
    Path("o").mkdir()
    for name in (".p_labels.png.unfinished", "p_overlay.png"):
        Path("o", name).symlink_to(tmp_path / "precious")
    assert main(["segment", "p.png", "--out", "o"]) == 0
    assert Path("precious").read_text() == "mine"
    assert not Path("o/p_overlay.png").is_symlink() and Image.open("o/p_overlay.png").width == 60


@posix
def test_names_cannot_steer_the_terminal(loaded, capsys):
    photo("red\x1b[31m\u202e.png")
    assert main(["segment", "red\x1b[31m\u202e.png", "gone\x1b]0;title\x07.png", "--out", "out"]) == 1
    captured = capsys.readouterr()
    assert "red\\x1b[31m\\u202e.png: out" in captured.out and "gone\\x1b]0;title\\x07.png" in captured.err
    assert (captured.out + captured.err).replace("\n", "").isprintable()


def test_an_out_that_is_no_folder_is_said_before_anything_is_loaded(loaded, capsys):
    photo("p.png")
    Path("file").write_text("")
    for out, words in (("file", "--out file is a file"), ("file/below", "Could not write")):
        assert main(["segment", "p.png", "--out", out]) == 1
        assert words in capsys.readouterr().err
    assert loaded == []


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="the administrator may write everywhere")
def test_an_out_that_may_not_be_written_is_said_before_anything_is_loaded(loaded, capsys):
    photo("p.png")
    Path("closed").mkdir(mode=0o500)
    assert main(["segment", "p.png", "--out", "closed"]) == 1
    assert "Could not write closed" in capsys.readouterr().err and loaded == []


def test_the_overlay_of_a_photo_in_bands_is_that_of_the_whole(monkeypatch):
    from fcn_tutorial import pictures
    from fcn_tutorial.labels import CLASSES

    random = np.random.default_rng(0)
    image = random.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    labels = random.integers(0, 3, (10, 14), dtype=np.uint8).repeat(5, 0).repeat(5, 1)
    monkeypatch.setattr(pictures, "bands", lambda array: [slice(0, 5), slice(5, 6), slice(6, 50)])
    picture = np.asarray(pictures.overlay(image, labels))
    np.testing.assert_array_equal(picture[:50], pictures.blend(image, labels))
    counts = np.bincount(labels.ravel(), minlength=11) / labels.size
    assert pictures.shares(labels, CLASSES) == {name: n for name, n in zip(CLASSES, counts, strict=True) if n}


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the memory of a process is told there on Linux")
def test_photos_of_any_shape_are_segmented_in_two_gigabytes(tmp_path):
    """40 megapixels, and a strip: a PNG of some hundred bytes that once took 8 GB."""
    Image.new("RGB", (7752, 5168), (90, 120, 150)).save(tmp_path / "large.jpg")
    Image.new("RGB", (20000, 2), (90, 120, 150)).save(tmp_path / "strip.png")
    code = (
        "import sys, fcn_tutorial.__main__ as m; status = m.main(sys.argv[1:]); "
        "print(*(line for line in open('/proc/self/status') if line.startswith('VmHWM'))); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, "segment", "large.jpg", "strip.png", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    kilobytes = int(done.stdout.split("VmHWM:")[1].split()[0])
    assert kilobytes * 1024 <= 2e9
    for name, size in (("large", (7752, 5168)), ("strip", (20000, 2))):
        with Image.open(tmp_path / "out" / f"{name}_labels.png") as picture:
            assert picture.size == size
    shutil.rmtree(tmp_path / "out")
