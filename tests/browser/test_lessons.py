"""Each lesson with a widget in a real JupyterLab: all cells run, keys move each control, and the picture answers.

Screenshots of each widget, light and dark, at 1280 and 800 pixels, are left in build/widgets. Times are printed (-s);
with FCN_TUTORIAL_TIMES=1, on a machine that does nothing else, they are measured longer and held to their limits.
"""

import os
import re
import statistics
import time
from pathlib import Path

import accessibility
import lab_server
import lesson_page
import pytest
from PIL import Image
from skimage import data

from fcn_tutorial.course import notebooks

# Notebook, its widgets, and for each: (control, keys). The last of the keys changes the picture.
LESSONS = {
    "02_make_the_backbone_fully_convolutional": {
        "class_heat_map": [("photo", "ArrowDown"), ("lowest logit shown", "ArrowRight"), ("strength", "ArrowLeft")],
        "window_answer": [("place of the window", "ArrowRight"), ("The middle of each", "ArrowDown")],
    },
    "further/02_compare_crops_with_one_pass": {
        "crop_and_cell": [("cell of the map", "ArrowRight"), ("The middle of each", "ArrowDown")],
    },
    "03_measure_the_total_stride": {"stride_ruler": [("layer", "ArrowUp")]},
    "04_upsample_by_32": {"upsampling_bench": [("crop", "ArrowRight"), ("filler", "ArrowDown")]},
    "05_train_fcn32s": {
        "metric_playground": [("void pixels are", "ArrowDown"), ("prediction", "Control+Shift+ArrowDown")],
    },
    "06_add_skips_for_fcn16s_and_fcn8s": {"skip_mixer": [("weight of stride 8", "ArrowLeft"), ("scene", "ArrowDown")]},
    "07_segment_real_streets": {"your_own_photo": [("photo under its", "Shift+ArrowDown Enter")]},
}
SHOTS = lab_server.ROOT / "build" / "widgets"
TIMES = os.environ.get("FCN_TUTORIAL_TIMES") == "1"
MOVES, SECONDS, UPLOAD_SECONDS = 50 if TIMES else 10, 0.2, 2


def report(words, seconds, limit):
    """Print how long something took, and hold it to its limit where times count."""
    print(f"{words} {seconds:.3f} s")
    assert not TIMES or seconds <= limit, f"{words} {seconds:.3f} s; expected {limit} s at most"


def page_stem(file):
    """What a lesson or a further page is called here: its path below notebooks/, without .ipynb."""
    return notebooks.page_name(file).removesuffix(".ipynb")


def calls(stem):
    """Source of the cells of a notebook that are tagged "widget"."""
    cells = notebooks.read(lab_server.ROOT / "notebooks" / f"{stem}.ipynb").cells
    return [cell.source for cell in cells if "widget" in cell.metadata.get("tags", [])]


WITH_WIDGETS = [stem for stem in map(page_stem, notebooks.pages(lab_server.ROOT)) if calls(stem)]


def test_each_widget_of_the_lessons_is_tried_here():
    for stem in WITH_WIDGETS:
        assert len(calls(stem)) == len(LESSONS[stem])
        for name in LESSONS[stem]:
            assert any(f"{name}(" in source for source in calls(stem)), name


@pytest.fixture(scope="module", params=WITH_WIDGETS)
def lesson(request, page, server):
    """A lesson in which all cells have run, with `stem` and `widgets`: {name: index of its cell}."""
    opened = lesson_page.LessonPage(page, server, f"{request.param}.ipynb")
    opened.run_all()
    opened.stem = request.param
    opened.widgets = {name: opened.find(f"widgets.{name}(") for name in LESSONS[request.param]}
    yield opened
    opened.close()


def answer(lesson, index, keys):
    """Press all `keys`; the seconds from the last of them to the new picture."""
    *before, last = keys
    for key in before:
        lesson.page.keyboard.press(key)
    return lesson.answer(index, last)


def test_all_cells_run_and_each_control_answers_to_keys(lesson):
    """Once for each control, then many times for each widget's first: one test, since the moves begin with one back."""
    assert lesson.troubles() == []
    for name, index in lesson.widgets.items():
        for control, keys in LESSONS[lesson.stem][name]:
            lesson.tab_to(index, control)
            answer(lesson, index, keys.split())
            assert lesson.picture(index).get_attribute("alt"), f"the picture of {name} says nothing"
    for name, index in lesson.widgets.items():
        control, keys = LESSONS[lesson.stem][name][0]
        lesson.tab_to(index, control)
        seconds = [answer(lesson, index, move) for move in there_and_back(keys.split())]
        report(f"{name} answers after", statistics.median(seconds), SECONDS)
    assert lesson.troubles() == []


def there_and_back(keys):
    """`keys` and, in turn, the same with the opposite arrow, `MOVES` in all: the control never comes to its end."""
    opposite = {"Up": "Down", "Down": "Up", "Left": "Right", "Right": "Left"}
    back = [re.sub("Up|Down|Left|Right", lambda found: opposite[found[0]], key) for key in keys]
    return [back, keys] * (MOVES // 2)


PHOTO = [stem for stem in WITH_WIDGETS if "your_own_photo" in LESSONS.get(stem, ())]


@pytest.mark.parametrize("lesson", PHOTO, indirect=True)
def test_an_uploaded_photo_is_segmented_and_a_click_asks_for_a_pixel(lesson, tmp_path):
    index = lesson.widgets["your_own_photo"]
    Image.fromarray(data.coffee()[:300, :400]).save(tmp_path / "coffee.png")
    report("your_own_photo segments a photo within", upload(lesson, index, tmp_path / "coffee.png"), UPLOAD_SECONDS)
    before = lesson.picture(index).get_attribute("src")
    lesson.cell(index).locator(".fcn-touchable").click(position={"x": 20, "y": 20})
    lesson.wait_for_another(index, before)
    assert lesson.troubles() == []


def upload(lesson, index, file):
    """Choose `file` by keyboard; the seconds until its labels and the new picture are there."""
    touchable, before = lesson.cell(index).locator(".fcn-touchable"), lesson.picture(index).get_attribute("src")
    labels = touchable.get_attribute("aria-label")
    lesson.tab_to(index, "choose a photo")
    with lesson.page.expect_file_chooser() as chooser:
        lesson.page.keyboard.press("Enter")
    began = time.perf_counter()
    chooser.value.set_files(file)
    lesson.wait_for_another(index, before)
    assert touchable.get_attribute("aria-label") != labels
    return time.perf_counter() - began


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_is_cut_off_and_axe_finds_nothing_grave(lesson, theme, width):
    SHOTS.mkdir(parents=True, exist_ok=True)
    for files in (False, True):  # JupyterLab's list of files is put away, or stands beside the notebook: axe sees that
        lesson.wear(theme, width, files)
        for name, index in lesson.widgets.items():
            picture = f"{Path(lesson.stem).name[:2]}_{name}_{theme.lower()}_{width}{'_with_files' if files else ''}.png"
            lesson.show(index)
            lesson.output(index).screenshot(path=SHOTS / picture)
            assert lesson.cut(index) == [], picture
            assert lesson.caption(index).is_visible() == (width == 800 and files), picture
    assert accessibility.grave(lesson.page) == []
