"""The quizzes: their data, their page and their widget."""

import re
from pathlib import Path

import pytest

from fcn_tutorial.checks import quiz
from fcn_tutorial.widgets.quiz import Quiz

LESSONS = sorted(file.stem for file in Path(quiz.__file__).with_name("quizzes").glob("*.toml"))

each_lesson = pytest.mark.parametrize("name", LESSONS)


@each_lesson
def test_a_quiz_has_three_to_five_questions_whose_options_are_told_apart(name):
    asked = quiz.questions(name)
    assert 3 <= len(asked) <= 5
    for question in asked:
        assert 3 <= len(question.options) <= 4
        for attribute in ("text", "reason"):
            assert len({getattr(option, attribute) for option in question.options}) == len(question.options)
        assert all(len(option.reason.split()) >= 5 for option in question.options)


def test_the_right_option_has_no_place_of_its_own():
    places = [[o.right for o in question.options].index(True) for name in LESSONS for question in quiz.questions(name)]
    assert all(places.count(place) <= 0.5 * len(places) for place in set(places)) and len(set(places)) >= 3


@each_lesson
def test_the_page_has_every_word_and_hides_the_reasons(name):
    page = quiz.markdown(name)
    folded = "".join(re.findall(r"<details>.*?</details>", page, re.DOTALL))
    shown = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    for question in quiz.questions(name):
        assert question.text in shown
        for option in question.options:
            assert option.text in shown and option.verdict() in folded and option.reason not in shown


def test_the_widget_says_why_and_counts():
    asked = (
        quiz.Question(
            "One?", (quiz.Option("a <b>", True, "Because <i>."), quiz.Option("b", False, "No, for it isn't."))
        ),
        quiz.Question("Two?", (quiz.Option("c", False, "Not c."), quiz.Option("d", True, "It is d."))),
    )
    widget = Quiz(asked)
    (_, first, why), (_, second, other) = widget.asked
    assert first.value is None and why.value == "" and "0 of 2 right" in widget.result.value
    first.value = 1
    assert "Not this one. No, for it isn&#x27;t." in why.value and other.value == ""
    first.value, second.value = 0, 1
    assert "Right. Because &lt;i&gt;." in why.value and "2 of 2 right" in widget.result.value
    second.value = 0
    assert "Not this one. Not c." in other.value and "1 of 2 right" in widget.result.value


def test_an_unknown_quiz_is_named():
    with pytest.raises(ValueError, match="'99'.*03"):
        quiz.questions("99")


@pytest.mark.parametrize(
    "rights, reason", [(("true", "true"), "x"), (("false", "false"), "x"), (("true", "false"), "")]
)
def test_a_question_without_one_right_option_or_a_reason_is_refused(tmp_path, monkeypatch, rights, reason):
    monkeypatch.setattr(quiz, "_FOLDER", tmp_path)
    options = [f'[[question.option]]\ntext = "o"\nright = {right}\nreason = "{reason}"\n' for right in rights]
    (tmp_path / "01.toml").write_text('[[question]]\ntext = "What?"\n' + "".join(options))
    with pytest.raises(ValueError, match="'What\\?' needs one right option"):
        quiz.questions("01")
