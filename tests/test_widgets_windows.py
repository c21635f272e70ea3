"""The widgets of notebook 02 without a browser: a control gets a value, the picture's description follows."""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fcn_tutorial.widgets import windows

NAMES = ("tabby", "tiger cat", "catamaran", "espresso")
RNG = np.random.default_rng(5)
IMAGES = [RNG.integers(0, 256, (384, 384, 3), dtype=np.uint8) for _ in range(2)]
HEAT = {name: (image, RNG.normal(3, 3, (12, 12, 4))) for name, image in zip(("cat", "cup"), IMAGES, strict=True)}
PAIRS = {name: (image, *RNG.normal(3, 3, (2, 6, 6, 4))) for name, image in zip(("cat", "cup"), IMAGES, strict=True)}


def words(explorer):
    """The description of the explorer's picture."""
    return html.unescape(re.search(r'alt="([^"]*)"', explorer.picture.value).group(1))


@pytest.fixture
def heat():
    return windows.class_heat_map(HEAT, NAMES, "tabby")


@pytest.fixture
def pairs():
    return windows.crop_and_cell(PAIRS, NAMES)


def test_the_heat_map_follows_each_control(heat):
    assert words(heat).startswith("tabby on cat: highest logit")
    seen = [heat.picture.value]
    for name, value in (("photo", "cup"), ("class_name", "espresso"), ("threshold", 5.0), ("strength", 0.9)):
        heat.controls[name].value = value
        seen.append(heat.picture.value)
    above = int((HEAT["cup"][1][..., 3] >= 5).sum())
    assert words(heat).startswith("espresso on cup:") and words(heat).endswith(f"{above} of 144 cells at or above 5")
    assert len(set(seen)) == 5


def test_an_unknown_class_is_answered_in_words_and_a_known_one_draws_again(heat):
    heat.controls["class_name"].value = "<cat>"
    assert 'role="alert"' in heat.picture.value and "&lt;cat&gt;" in heat.picture.value
    heat.controls["class_name"].value = "cat"
    assert "Did you mean tiger cat or catamaran?" in heat.picture.value
    heat.controls["class_name"].value = "tiger cat"
    assert words(heat).startswith("tiger cat on cat")


def test_every_class_is_offered_and_every_threshold_can_be_reached(heat):
    assert tuple(heat.controls["class_name"].options) == NAMES
    assert heat.controls["threshold"].max >= max(logits.max() for _, logits in HEAT.values())


def test_the_cell_follows_slider_and_arrow_keys(pairs):
    hint, middles = pairs.children[1:3]
    assert "row 0, column 0" in words(pairs) and "arrow keys" in hint.value and middles.description
    pairs.controls["cell"].value = (2, 5)
    assert list(middles.frame) == [2, 5] and "row 2, column 5: pixels 64 to 287 down, 160 to 383 across" in words(pairs)
    middles.frame = [4, 1]  # as the browser says it
    assert pairs.controls["cell"].value == (4, 1) and "row 4, column 1: pixels 128 to 351 down" in words(pairs)


def test_one_touch_draws_once(pairs, monkeypatch):
    drawn = []
    draw = pairs.draw
    monkeypatch.setattr(pairs, "draw", lambda **values: drawn.append(values) or draw(**values))
    pairs.children[2].frame = [3, 4]
    assert drawn == [{"photo": "cat", "cell": (3, 4)}]


def test_another_photo_is_shown_in_the_place_to_touch_too(pairs):
    before = pairs.children[2].source
    pairs.controls["photo"].value = "cup"
    same = (PAIRS["cup"][1].argmax(-1) == PAIRS["cup"][2].argmax(-1)).sum()
    assert words(pairs).startswith(f"cup: same name in {same} of 36 windows") and pairs.children[2].source != before


def test_the_window_follows_slider_arrow_keys_and_photo():
    answers = {name: (image, cells) for name, (image, cells, _) in PAIRS.items()}
    explorer = windows.window_answer(answers, NAMES)
    _, middles = explorer.children[1:3]
    explorer.controls["place"].value = (2, 5)
    assert list(middles.frame) == [2, 5] and "row 2, column 5: pixels 64 to 287 down" in words(explorer)
    middles.frame = [4, 1]  # as the browser says it
    best = NAMES[PAIRS["cat"][1][4, 1].argmax()]
    assert words(explorer).startswith("cat: a window of 224 x 224") and words(explorer).endswith(f"best name: {best}")
    before = middles.source
    explorer.controls["photo"].value = "cup"
    assert words(explorer).startswith("cup: a window") and middles.source != before


def test_sixty_moves_leave_no_figure_open(heat, pairs):
    for move in range(30):
        heat.controls["threshold"].value = float(move % 7)
        pairs.controls["cell"].value = (move % 6, move % 5)
    heat.controls["class_name"].value = "nothing of the kind"
    assert plt.get_fignums() == []
