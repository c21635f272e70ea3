"""The widgets of notebooks 05 to 07 without a browser: values are set, touches are made, pictures are read."""

import datetime
import io
import re

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from small_backbone import shake, small_backbone

from fcn_tutorial import models, segmenting, training
from fcn_tutorial.backend import ops
from fcn_tutorial.labels import CLASSES, VOID
from fcn_tutorial.widgets import networks, scores
from fcn_tutorial.widgets.touchable import Touchable

RNG = np.random.default_rng(0)
TRUTH = np.repeat(np.array([0, 3, 8, VOID], np.uint8), 6)[:, None] * np.ones((1, 32), np.uint8)
START = np.full((24, 32), 3, np.uint8)


def inside(widget, kind):
    """All widgets of a kind in a box, in order."""
    found = [widget] if isinstance(widget, kind) else []
    return found + [part for child in getattr(widget, "children", ()) for part in inside(child, kind)]


def words(explorer):
    """What the picture is to those who can't see it, or the message in its place."""
    return re.search(r'alt="(.*?)"|role="alert".*?>(.*?)</p>', explorer.picture.value, re.DOTALL).group(0)


def control(explorer, description):
    return next(part for part in inside(explorer, ipywidgets.Widget) if getattr(part, "description", "") == description)


@pytest.fixture
def playground():
    return scores.metric_playground(TRUTH, START)


def test_painting_moves_the_metrics_and_undo_takes_it_back(playground):
    (canvas,) = inside(playground, Touchable)
    first, picture = words(playground), canvas.source
    assert "pixel accuracy 0.333" in first and (canvas.rows, canvas.columns, canvas.paint) == (24, 32, True)
    control(playground, "paint with").value = "sky"
    control(playground, "brush size (places)").value = 8
    canvas.touch((2, 4), (2, 12))
    assert "pixel accuracy 0.500" in words(playground) and canvas.source != picture  # 96 of 576 places more
    control(playground, "undo").click()
    assert words(playground) == first and canvas.source == picture
    canvas.touch((2, 4))
    control(playground, "start again").click()
    assert "pixel accuracy 0.333" in words(playground) and canvas.source == picture


def test_the_switches_change_what_is_counted(playground):
    assert "mean IoU 0.111" in words(playground)  # road 1/3, sky and car 0
    playground.controls["absent"].value = "counted as 0"
    assert "mean IoU 0.030" in words(playground)
    playground.controls["absent"].value, playground.controls["void"].value = "left out", "counted as wrong"
    assert "pixel accuracy 0.250" in words(playground) and "void counted as wrong" in words(playground)
    playground.controls["void"].value = "counted as a class"
    assert "mean IoU 0.062" in words(playground)


def test_void_as_an_answer_is_refused_in_words_until_it_is_a_class(playground):
    (canvas,) = inside(playground, Touchable)
    control(playground, "paint with").value = "void"
    canvas.touch((20, 3), (21, 3))
    assert "alert" in words(playground) and "2 places are painted void" in words(playground)
    playground.controls["void"].value = "counted as a class"
    assert "mean IoU 0.0" in words(playground)
    playground.controls["void"].value = "left out"
    control(playground, "undo").click()
    assert "pixel accuracy 0.333" in words(playground)


def test_the_frame_is_told_in_words(playground):
    (canvas,) = inside(playground, Touchable)
    canvas.frame = [14, 5]
    assert inside(playground, ipywidgets.HTML)[0].value == "Row 14, column 5: truth car, prediction road."


def test_maps_that_do_not_fit_are_refused_at_once():
    with pytest.raises(ValueError, match="expected the same"):
        scores.metric_playground(TRUTH, START[1:])


def test_sixty_strokes_leave_no_figure_open(playground):
    (canvas,) = inside(playground, Touchable)
    for step in range(60):
        canvas.touch((step % 24, step % 32))
    assert plt.get_fignums() == []


@pytest.fixture(scope="module", params=["fcn32s", "fcn16s", "fcn8s", "fcn4s"])
def network(request):
    network = models.NETWORKS[request.param](small_backbone())
    shake(network.scores, seed=1)
    return network


IMAGES = RNG.integers(0, 256, (2, 77, 101, 3), dtype=np.uint8)  # a size that no stride divides
LABELS = RNG.integers(0, 12, (2, 77, 101)).astype(np.uint8)


def test_the_contributions_add_up_to_the_networks_own_scores(network):
    mixture = networks.mixture(network, IMAGES, LABELS)
    ones = dict.fromkeys(mixture.contributions, 1)
    seen = network.backbone.preprocess(IMAGES)
    own = ops.convert_to_numpy(network.scores(network.features(seen)))
    assert np.abs(np.moveaxis(mixture.scores(ones), 1, -1) - own).max() < 1e-4 * np.ptp(own)
    logits = ops.convert_to_numpy(network.model(seen))
    best = np.sort(logits, axis=-1)
    clear = best[..., -1] - best[..., -2] > 1e-4 * np.ptp(logits)
    assert clear.mean() > 0.99 and (mixture.predictions(ones) == logits.argmax(axis=-1))[clear].all()
    assert [str(stride) for stride in mixture.contributions] == sorted(network.features.output, key=int, reverse=True)


def test_a_weight_of_zero_is_a_network_without_that_score():
    network = models.fcn8s(small_backbone())
    shake(network.scores, seed=1)
    mixture = networks.mixture(network, IMAGES, LABELS)
    layer = network.scores.get_layer("score16")
    layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    own = ops.convert_to_numpy(network.scores(network.features(network.backbone.preprocess(IMAGES))))
    assert np.abs(np.moveaxis(mixture.scores({32: 1, 16: 0, 8: 1}), 1, -1) - own).max() < 1e-4 * np.ptp(own)


def test_the_mixer_follows_its_sliders(network):
    explorer = networks.skip_mixer(networks.mixture(network, IMAGES, LABELS))
    first = words(explorer)
    assert "1 x stride 32" in first and "over 2 scenes" in first and "labels of scene 0" in first
    explorer.controls["scene"].value = 1
    assert "labels of scene 1" in words(explorer)
    for step in range(60):
        explorer.controls["32"].value = step % 21 / 10
    assert "1.7 x stride 32" in words(explorer) and plt.get_fignums() == []
    assert all(getattr(slider, "continuous_update", False) is False for slider in explorer.controls.values())


def test_a_scene_that_is_not_there_is_said_in_words(network):
    explorer = networks.skip_mixer(networks.mixture(network, IMAGES, LABELS))
    explorer.controls["scene"].options = range(4)
    explorer.controls["scene"].value = 3
    assert "There is no scene 3" in words(explorer) and plt.get_fignums() == []


def file(picture, kind="PNG"):
    """An image as the bytes of a file."""
    written = io.BytesIO()
    Image.fromarray(picture).save(written, format=kind)
    return written.getvalue()


def as_in_7(name, content):
    return {name: {"metadata": {"name": name, "type": "", "size": len(content), "lastModified": 0}, "content": content}}


def as_in_8(name, content):
    return ({"name": name, "type": "", "size": len(content), "last_modified": NOON, "content": memoryview(content)},)


NOON = datetime.datetime(2026, 1, 1, 12)
PHOTO = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
TINY_BOMB = b"P5 20000 20000 255\n" + bytes(100)  # a PGM whose head promises 400 million pixels


@pytest.mark.parametrize("upload", [as_in_7, as_in_8])
def test_what_an_upload_holds_in_both_versions_of_ipywidgets(upload):
    assert (networks.uploaded_photo(upload("my street.png", file(PHOTO))) == PHOTO).all()
    for name, content, said in (
        ("none.jpg", b"", r"none.jpg is empty \(0 bytes\)"),
        ("letter.txt", b"Dear all", r"^letter.txt can't be read as an image"),
        ("cut.png", file(PHOTO)[:900], r"^cut.png can't be read.*cut off"),
        ("large.pgm", TINY_BOMB, r"^large.pgm has more than 89,478,485 pixels"),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            networks.uploaded_photo(upload(name, content))
        assert "/tmp" not in str(caught.value)


@pytest.fixture(scope="module")
def labeller():
    network = models.fcn8s(small_backbone())
    shake(network.scores, seed=2)
    return network


def give(explorer, name, content):
    """Upload a file as the browser does, in the installed version of ipywidgets."""
    upload = as_in_8 if ipywidgets.__version__.startswith("8") else as_in_7
    explorer.controls["upload"].set_trait("value", upload(name, content))


def test_the_sample_then_an_upload_then_a_click(labeller):
    explorer = networks.your_own_photo(labeller, PHOTO)
    (picture,) = inside(explorer, Touchable)
    assert (picture.rows, picture.columns, picture.frame) == (40, 50, [20, 25])
    assert "Row 20, column 25" in words(explorer)
    other = RNG.integers(0, 256, (64, 48, 3), dtype=np.uint8)
    before = picture.source
    give(explorer, "other.png", file(other))
    assert (picture.rows, picture.columns) == (64, 48) and picture.source != before
    picture.touch((60, 3), (61, 4))
    here = training.predict(labeller, other)[61, 4]
    assert f"Row 61, column 4: {CLASSES[here.argmax()]} {here.max():.1%}" in words(explorer)
    shares = np.bincount(segmenting.segment(labeller, other).ravel(), minlength=11) / other[..., 0].size
    assert f"{CLASSES[shares.argmax()]} {shares.max():.0%}" in picture.description


def test_a_bad_file_is_said_in_words_and_the_photo_before_still_answers(labeller):
    explorer = networks.your_own_photo(labeller, PHOTO)
    (picture,) = inside(explorer, Touchable)
    shown = picture.source
    give(explorer, "letter.txt", b"Dear all")
    assert "alert" in words(explorer) and "letter.txt can" in words(explorer) and picture.source == shown
    give(explorer, "strip.png", file(np.zeros((200, 4000, 3), np.uint8)))
    assert "200x4000 pixels: too long a strip" in words(explorer)
    picture.touch((1, 2))
    assert "Row 1, column 2" in words(explorer) and plt.get_fignums() == []


def test_a_touch_outside_of_the_photo_changes_nothing(labeller):
    explorer = networks.your_own_photo(labeller, PHOTO)
    (picture,) = inside(explorer, Touchable)
    before = words(explorer)
    picture.touch((40, 2))
    assert words(explorer) == before
