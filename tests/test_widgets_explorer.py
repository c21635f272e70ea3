"""Controls around a drawing function: what is shown and said, and that nothing is left behind."""

import gc
import html
import re
import weakref

import ipywidgets
import matplotlib.pyplot as plt
import pytest

from fcn_tutorial.widgets.explorer import Explorer, labelled


@pytest.fixture
def drawn():
    """Weak references to the figures that were drawn."""
    return []


@pytest.fixture
def explorer(drawn):
    def draw(number):
        figure, ax = plt.subplots(figsize=(4, 2), dpi=80)
        drawn.append(weakref.ref(figure))
        if number == 5:
            raise ValueError("5 was given; expected <another> number.")
        ax.set_title(f"the number\n<{number}>")
        return figure

    return Explorer(draw, {"number": labelled(ipywidgets.IntSlider, "number", value=3, max=9)})


def test_a_picture_has_its_titles_as_description_and_as_caption(explorer):
    (said,) = re.findall('alt="(.*?)"', explorer.picture.value)
    assert html.unescape(said) == "the number <3>" and f">{said}</figcaption>" in explorer.picture.value
    assert "min-width: 288px" in explorer.picture.value  # nine tenths of 4 inches of 80 pixels


def test_an_error_in_the_middle_of_a_drawing_is_said_in_words_and_leaves_no_figure(explorer):
    mine = plt.figure()
    explorer.controls["number"].value = 5
    assert "5 was given; expected &lt;another&gt; number." in explorer.picture.value
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)
    explorer.controls["number"].value = 6
    assert "&lt;6&gt;" in explorer.picture.value


@pytest.mark.parametrize("interactive", [False, True])
def test_figures_do_not_wait_for_the_collector(explorer, drawn, interactive):
    gc.disable()
    try:
        with plt.ion() if interactive else plt.ioff():
            for explorer.controls["number"].value in (4, 5, 6):
                assert drawn[-1]() is None and not gc.isenabled()
            assert plt.isinteractive() == interactive
    finally:
        gc.enable()
    assert len(drawn) == 4
