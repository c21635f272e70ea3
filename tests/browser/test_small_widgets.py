"""The widgets' shell in a real JupyterLab: a key moves a control, the picture answers, errors are words."""

import statistics

import accessibility
import lesson_page
import pytest
import small_lesson
from PIL import Image

EXPLORER, CANVAS, UPLOAD = 1, 2, 3


@pytest.fixture(scope="module")
def lesson(page, server):
    opened = lesson_page.LessonPage(page, server, small_lesson.write(server.folder / "work"))
    opened.run_all()
    yield opened
    assert opened.troubles() == []


def wait_for_alt(lesson, index, words):
    lesson.cell(index).locator(f'.widget-html-content img[alt="{words}"]').wait_for(timeout=10_000)


def test_every_cell_runs_without_a_red_line(lesson):
    assert lesson.troubles() == []
    assert [cell["count"] for cell in lesson.cells()] == [1, 2, 3, 4]


def test_arrow_keys_move_a_slider_and_a_choice_and_the_picture_says_so(lesson):
    assert lesson.picture(EXPLORER).get_attribute("alt") == "sum 3"
    lesson.tab_to(EXPLORER, "number")
    lesson.answer(EXPLORER, "ArrowRight")
    wait_for_alt(lesson, EXPLORER, "sum 4")
    lesson.tab_to(EXPLORER, "kind")
    lesson.answer(EXPLORER, "ArrowDown")
    wait_for_alt(lesson, EXPLORER, "product 4")
    assert lesson.state() == [EXPLORER, "command", len(small_lesson.CELLS)]


def test_an_error_is_shown_in_words_and_the_next_move_shows_a_picture_again(lesson):
    lesson.tab_to(EXPLORER, "number")
    lesson.page.keyboard.press("ArrowRight")
    alert = lesson.cell(EXPLORER).get_by_role("alert")
    alert.wait_for()
    assert alert.text_content() == "5 was given; expected <another> number."
    assert accessibility.grave(lesson.page) == []
    lesson.page.keyboard.press("ArrowRight")
    lesson.picture(EXPLORER).wait_for()
    assert lesson.troubles() == []


def test_keys_that_jupyterlab_knows_stay_with_the_control(lesson):
    lesson.tab_to(EXPLORER, "kind")
    for key in ("d", "d", "x", "b", "ArrowUp", "Enter"):  # delete, cut, add a cell; leave it; edit it
        lesson.page.keyboard.press(key)
    assert lesson.state() == [EXPLORER, "command", len(small_lesson.CELLS)]
    lesson.page.keyboard.press("Escape")


def test_each_of_many_moves_is_answered(lesson):
    lesson.tab_to(EXPLORER, "kind")
    lesson.page.keyboard.press("Home")
    lesson.cell(EXPLORER).locator('img[alt^="sum"]').wait_for()
    seconds = [lesson.answer(EXPLORER, key) for key in ["ArrowDown", "ArrowUp"] * 10]
    print(f"an empty figure answers after {statistics.median(seconds):.3f} s")


def test_a_picture_that_does_not_fit_is_told_in_words_and_moved_by_keys(lesson):
    lesson.wear("Light", 600, True)
    lesson.tab_to(EXPLORER, "kind")
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("ArrowRight")
    place = lesson.cell(EXPLORER).locator(".widget-html-content:has(figure)")
    lesson.page.wait_for_function("(place) => place.scrollLeft > 0", arg=place.element_handle())
    caption = lesson.caption(EXPLORER)
    assert caption.is_visible() and caption.text_content() == lesson.picture(EXPLORER).get_attribute("alt")
    assert accessibility.grave(lesson.page) == []
    lesson.wear("Light", 1280, True)
    assert not caption.is_visible()


def test_a_click_a_drag_and_keys_paint(lesson):
    canvas = lesson.cell(CANVAS).locator(".fcn-touchable")
    canvas.scroll_into_view_if_needed()
    box, mouse, keyboard = canvas.locator("img").bounding_box(), lesson.page.mouse, lesson.page.keyboard

    def centre(row, column):
        return box["x"] + (column + 0.5) * box["width"] / 8, box["y"] + (row + 0.5) * box["height"] / 6

    mouse.click(*centre(0, 0))
    wait_for_alt(lesson, CANVAS, "1 places painted after 1 touches")
    mouse.move(*centre(2, 0))
    mouse.down()
    mouse.move(*centre(2, 7))  # in one jump, as a fast hand does
    assert canvas.locator(".dab").count() == 8
    mouse.up()
    wait_for_alt(lesson, CANVAS, "9 places painted after 2 touches")
    assert canvas.locator(".dab").count() == 0
    lesson.tab_to(CANVAS, "a mask to paint on")
    for key in ("ArrowDown", "Control+ArrowDown", "Space", "Shift+ArrowLeft", "Enter"):
        keyboard.press(key)
    wait_for_alt(lesson, CANVAS, "11 places painted after 5 touches")
    assert accessibility.grave(lesson.page) == []
    assert canvas.locator(".said").text_content() == "row 4, column 0"
    assert lesson.state() == [CANVAS, "command", len(small_lesson.CELLS)]


def test_a_photo_is_uploaded_by_keyboard(lesson, tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.png")
    assert lesson.cell(UPLOAD).get_by_role("alert").text_content() == "Choose a photo."
    lesson.tab_to(UPLOAD, "your photo")
    with lesson.page.expect_file_chooser() as chooser:
        lesson.page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "photo.png")
    wait_for_alt(lesson, UPLOAD, "40 x 30 pixels")
    assert accessibility.grave(lesson.page) == []
