"""Which photos a command line means, and names for their results that replace nothing."""

import os
import sys
import unicodedata

import pytest

from fcn_tutorial.commands import photo_files

ENDINGS = ("_labels.png", "_overlay.png")
links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stems(photos, folder=".", **options):
    from pathlib import Path

    return photo_files.distinct_stems(photos, Path(folder), ENDINGS, **options)


def touch(*names):
    for name in names:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        open(name, "w").close()


def test_a_pattern_that_nothing_expanded_gives_the_files_that_fit_sorted():
    touch("b.jpg", "a.jpg", "c.png", ".hidden.jpg", "sub/d.jpg", "dir.jpg/x")
    assert photo_files.expand(["*.jpg"]) == ["a.jpg", "b.jpg"]
    assert photo_files.expand(["c.png", "?.jpg", "sub/[a-d].jpg"]) == ["c.png", "a.jpg", "b.jpg", "sub/d.jpg"]
    assert photo_files.expand(["chelsea", "away.png"]) == ["chelsea", "away.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file():
    touch("photo[1].jpg", "photo1.jpg")
    assert photo_files.expand(["photo[1].jpg"]) == ["photo[1].jpg"]


def test_a_pattern_that_fits_nothing_is_named():
    with pytest.raises(FileNotFoundError, match=r"pattern \*\.gif"):
        photo_files.expand(["*.gif"])


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        (["a.jpg", "b/a.jpg", "c/a.png"], ["a", "a_2", "a_3"]),
        (["a.jpg", "b/a.jpg", "a_2.jpg"], ["a", "a_2", "a_2_2"]),
        (["a_2.jpg", "a.jpg", "b/a.jpg"], ["a_2", "a", "a_3"]),
        (["IMG.jpg", "img.jpg"], ["IMG", "img_2"]),
        (["stra\u00dfe.jpg", "STRASSE.jpg"], ["stra\u00dfe", "STRASSE_2"]),
        (["house.jpg", "house_labels.png"], ["house_2", "house_labels"]),
        (["house_labels.png", "./sub/../house.jpg"], ["house_labels", "house_2"]),
        (["house.jpg", "HOUSE_OVERLAY.PNG"], ["house_2", "HOUSE_OVERLAY"]),
    ],
)
def test_no_result_has_the_name_of_a_photo_or_of_another_result(photos, expected):
    touch(*photos)
    assert stems(photos) == expected


def test_composed_and_decomposed_letters_are_the_same_name():
    composed, apart = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    assert stems([f"{composed}.jpg", f"{apart}.jpg"]) == [composed, f"{apart}_2"]


@links
def test_photos_reached_by_links_are_not_replaced(here):
    touch("out/p_labels.png", "q.jpg", "elsewhere/r.jpg")
    os.symlink("out/p_labels.png", "holiday.png")
    os.symlink("out", "same")
    os.symlink("../elsewhere/r.jpg", "out/r_overlay.png")  # the link itself stands where a result would
    assert stems(["holiday.png", "p.jpg"], "same") == ["holiday", "p_2"]
    assert stems(["out/r_overlay.png", "r.jpg"], "same") == ["r_overlay", "r_2"]
    os.link("q.jpg", "out/q_labels.png")
    assert stems(["q.jpg"], here / "out") == ["q_2"]


def test_the_weights_are_not_replaced_either():
    touch("net_labels.png")
    assert stems(["net.jpg"], others=["net_labels.png"]) == ["net_2"]


def test_a_very_long_name_is_cut_so_that_its_results_can_be_written():
    long = "\u5c71" * 83
    first, second = stems([f"a/{long}.jpg", f"b/{long}.jpg"])
    assert long.startswith(first) and second == f"{first}_2" and 180 < len(os.fsencode(first)) <= 200


def test_many_photos_of_one_name_are_numbered_in_order():
    assert stems([f"{number}/x.jpg" for number in range(200)])[-1] == "x_200"
