"""The checks of the exercises: right answers in every form, listed mistakes with their own words, and garbage."""

import hashlib
import importlib
import json
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fcn_tutorial.checks import apart, forms, tasks
from fcn_tutorial.checks.running import Unusable

LESSONS = sorted(file.stem for file in (Path(__file__).parent / "answers").glob("lesson*.py"))
MODULES = {name: importlib.import_module(f"fcn_tutorial.checks.{name}") for name in LESSONS}
ANSWERS = {name: importlib.import_module(f"answers.{name}") for name in LESSONS}
TASKS = [(lesson, task) for lesson in LESSONS for task in MODULES[lesson].exercises().tasks]

each_lesson = pytest.mark.parametrize("lesson", LESSONS)
each_task = pytest.mark.parametrize("lesson, task", TASKS)


def said(capsys, lesson, task, answer):
    began = time.perf_counter()
    MODULES[lesson].exercises().check(task, answer)
    assert time.perf_counter() - began < 5
    return capsys.readouterr().out


@each_task
def test_right_answers_are_accepted_in_several_forms(capsys, lesson, task):
    answers = ANSWERS[lesson].RIGHT[task]
    assert len(answers) >= 3
    for answer in answers:
        assert said(capsys, lesson, task, answer).startswith("Right. "), answer
        MODULES[lesson].exercises().mark(task, answer)


@each_task
def test_listed_mistakes_are_each_caught_with_their_own_words(capsys, lesson, task):
    mistakes = ANSWERS[lesson].WRONG[task]
    assert len(mistakes) >= 3
    heard = []
    for answer, words in mistakes:
        heard.append(said(capsys, lesson, task, answer))
        assert heard[-1].startswith("Not yet. ") and words in heard[-1], (words, heard[-1])
        with pytest.raises(AssertionError, match="^Not yet"):
            MODULES[lesson].exercises().mark(task, answer)
    assert len(set(heard)) == len(heard)


@each_lesson
def test_each_task_is_answered_here(lesson):
    names = MODULES[lesson].exercises().tasks.keys()
    assert ANSWERS[lesson].RIGHT.keys() == ANSWERS[lesson].WRONG.keys() == names
    assert 3 <= len(names) <= 5


def test_there_are_as_many_tasks_and_mistakes_as_the_course_promises():
    assert len(TASKS) >= 24
    assert sum(len(ANSWERS[lesson].WRONG[task]) for lesson, task in TASKS) >= 72


class Stranger:
    """An object that refuses everything."""

    def _refuse(self, *_, **__):
        raise RuntimeError("I am a stranger.")

    __array__ = __eq__ = __repr__ = __len__ = __iter__ = __float__ = __bool__ = __hash__ = _refuse


def raises(*_):
    raise KeyError("somewhere in the learner's code")


def loops(*_):
    while True:
        pass


def leaves(*_):
    raise SystemExit


GARBAGE = (
    None,
    ...,
    "",
    "32",
    float("nan"),
    np.inf,
    True,
    [],
    [None],
    [[1], [1, 2]],
    np.zeros((3, 0, 2)),
    np.full((2, 2), np.nan),
    np.array("x"),
    1j,
    {"a": 1},
    Stranger(),
    Stranger,
    len,
    raises,
    leaves,
    lambda: 1,
    lambda *_: np.nan,
    lambda *_: "word",
    lambda *_: Stranger(),
    lambda *_: np.zeros((1, 2, 3, 4)),
)


@each_task
def test_garbage_is_answered_in_plain_words(capsys, lesson, task):
    for garbage in GARBAGE:
        words = said(capsys, lesson, task, garbage)
        assert words.startswith("Not yet. ") and "Traceback" not in words
        assert len(words.split()) >= 6, words


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="this platform has no clock for it")
@each_task
def test_an_endless_answer_is_cut_off_after_two_seconds(capsys, lesson, task):
    if isinstance(MODULES[lesson].exercises().tasks[task].form, forms.Function):
        began = time.perf_counter()
        MODULES[lesson].exercises().check(task, loops)
        assert "2 seconds" in capsys.readouterr().out and 1.9 < time.perf_counter() - began < 4


SEEDS = {
    "lesson01": 40,
    "lesson02": 30,
    "lesson03": 300,
    "lesson04": 40,
    "lesson05": 15,
    "lesson06": 40,
    "lesson07": 40,
}


@each_lesson
def test_for_every_seed_right_answers_are_accepted_and_wrong_ones_told_apart(monkeypatch, lesson):
    monkeypatch.setattr(apart, "FORKS", False)  # these answers are known to end and to change nothing
    for seed in range(SEEDS[lesson]):
        drawn = MODULES[lesson].exercises(seed)
        right, wrong = (answers(drawn.numbers) for answers in (ANSWERS[lesson].right_for, ANSWERS[lesson].wrong_for))
        assert right.keys() == wrong.keys() == drawn.tasks.keys()
        for name, task in drawn.tasks.items():
            for number, answer in enumerate(right[name]):
                assert task.judge(answer)[0], (seed, name, number)
            own = {f"Not yet. {mistake.words}" for mistake in task.mistakes}
            for number, (answer, words) in enumerate(wrong[name]):
                accepted, said = task.judge(answer)
                assert not accepted and words in said and (said in own or not words), (seed, name, number, said)


@each_lesson
def test_every_seed_has_numbers_of_its_own_and_always_the_same(lesson):
    draws = [MODULES[lesson].exercises(seed) for seed in (0, "0", 1, "anna", "anna")]
    values = [repr(vars(drawn.numbers)) for drawn in draws]
    assert values[0] == values[1] and values[3] == values[4] and len(set(values)) == 3
    for seed in range(30):
        assert all(task.is_clear() for task in MODULES[lesson].exercises(seed).tasks.values())


def plain(value):
    """A drawn number, table or record as text, floats to five digits: their last bits are the platform's."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    return f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)


DIGESTS = {
    "lesson01": "bb6d610a",
    "lesson02": "2f0b98ca",
    "lesson03": "5a4aaa56",
    "lesson04": "65f5c37a",
    "lesson05": "a85d100e",
    "lesson06": "5387a3df",
    "lesson07": "12889551",
}


@each_lesson
def test_a_seed_gives_these_numbers_on_every_platform(lesson):
    text = json.dumps(plain(vars(MODULES[lesson].exercises("anna").numbers)))
    assert hashlib.sha256(text.encode()).hexdigest()[:8] == DIGESTS[lesson], "handed-out assignments change with this"


@each_task
def test_no_word_gives_the_right_answer_away(lesson, task):
    drawn = MODULES[lesson].exercises().tasks[task]
    if isinstance(drawn.form, forms.Numbers) and np.ndim(drawn.right) == 0:
        for mistake in drawn.mistakes:
            assert f"{drawn.right:g}" not in mistake.words.replace(".", " ").split()


def test_a_sealed_exercise_judges_the_form_alone(capsys):
    sealed = MODULES["lesson03"].exercises(seed=5, sealed=True)
    for answer in (0, sealed.tasks["total_stride"].right):
        sealed.check("total_stride", answer)
        assert capsys.readouterr().out.startswith("This has the form of an answer.")
    sealed.check("total_stride", None)
    assert capsys.readouterr().out.startswith("Not yet. ")
    with pytest.raises(AssertionError):
        sealed.mark("total_stride", 0)


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match="'stride'.*total_stride"):
        MODULES["lesson03"].exercises().check("stride", 1)


def test_numbers_that_cannot_be_told_apart_are_refused():
    def ambiguous(numbers):
        return tasks.Task(forms.Numbers(), 4, (tasks.Mistake(4, "a sum"),), "", "")

    with pytest.raises(RuntimeError, match="tell the right answers"):
        tasks.Exercises(lambda random: None, [ambiguous])


def test_a_function_gets_copies():
    def greedy(values):
        return [values.pop(), values.pop()]

    form = forms.Function((([1, 2],),), forms.Numbers(shape=(2,)))
    assert form.distance(form.read(greedy), form.read(lambda values: values[::-1])) == 0
    assert form.cases == (([1, 2],),)


def test_another_shape_is_said_and_for_which_example_before_where_to_look():
    form = forms.Function((([[1, 2]], 5), (np.zeros((2, 3)), 5)))
    task = tasks.Task(form, lambda rows, _: rows, (), "", "Turn it round.")
    said_twice = (
        "Not yet. Look at what your function returns for [[1, 2]] and 5. It is an array of shape (2, 1), and that "
        "isn't the shape that is asked for. "
    )
    assert task.judge(lambda rows, _: np.transpose(rows))[1] == said_twice + "Turn it round."
    assert task.judge(lambda rows, _: 0 * np.array(rows)) == (False, "Not yet. Turn it round.")
    only_later = task.judge(lambda rows, _: np.array(rows)[:, :2])[1]
    assert "for an array of shape (2, 3) and 5. It is an array of shape (2, 2)" in only_later
    task = tasks.Task(form, lambda rows, _: rows, (), "", "Turn it round.", outside="How many rows?")
    assert task.judge(lambda rows, _: np.transpose(rows))[1] == said_twice + "How many rows?"
    assert task.judge(lambda rows, _: 0 * np.array(rows)) == (False, "Not yet. Turn it round.")


@pytest.mark.parametrize(
    "answer, words",
    [
        ((5, 10, 1280), "You gave 3 numbers; expected 2 whole numbers."),
        ([5], "You gave one number; expected 2 whole numbers."),
        (5, "You gave one number; expected 2 whole numbers."),
        ([[5, 10], [1, 2]], "You gave 2 x 2 numbers; expected 2 whole numbers."),
        ((), "You gave no numbers; expected 2 whole numbers."),
        ([True, False], "You gave True or False; expected 2 whole numbers."),
        ((Fraction(1, 2), 1), "expected 2 whole numbers."),
    ],
)
def test_what_was_given_is_counted_in_numbers(answer, words):
    with pytest.raises(Unusable) as refused:
        forms.Numbers((2,), whole=True).read(answer)
    assert str(refused.value).endswith(words)


@pytest.mark.parametrize(
    "answer, value",
    [
        (Fraction(1, 4), 0.25),
        (Decimal("0.25"), 0.25),
        ([Fraction(1, 4)], 0.25),
        (np.float16(0.25), 0.25),
        (2**70, 2.0**70),
    ],
)
def test_every_real_number_is_read(answer, value):
    read = forms.Numbers().read(answer)
    own = np.float16 if isinstance(answer, np.float16) else np.float64  # half precision is remembered
    assert read == value and read.dtype == own and read.shape == ()


@pytest.mark.parametrize(
    "answer", [10**400, Fraction(10**400), [Fraction(1, 2), "1/2"], [Fraction(1, 2), None], 1 + 2j]
)
def test_what_is_no_real_number_or_too_large_is_refused(answer):
    with pytest.raises(Unusable):
        forms.Numbers(None).read(answer)


def test_truths_stand_for_1_and_0_only_where_they_may():
    answer = [True, np.bool_(False), True]
    assert forms.Numbers((3,), whole=True, truths=True).read(answer).tolist() == [1, 0, 1]
    with pytest.raises(Unusable, match="True or False"):
        forms.Numbers((3,), whole=True).read(answer)


class Units:
    """Differences of times are whole numbers to NumPy, and yet no numbers."""

    def __array__(self, *_, **__):
        return np.array([1, 2], "m8[s]")


@pytest.mark.parametrize("answer", [np.timedelta64(3), np.array([1, 2], "m8[s]"), np.datetime64("2026-01-01"), Units()])
def test_times_are_no_numbers(answer):
    with pytest.raises(Unusable, match="expected"):
        forms.Numbers(None).read(answer)


def test_what_only_rounding_keeps_from_a_whole_number_is_one():
    form = forms.Numbers(whole=True)
    assert form.read(np.exp(np.log([2, 4, 4]).sum())) == 32 != np.exp(np.log([2, 4, 4]).sum())
    assert form.read(np.float32(32.000004)) == 32 and form.read(np.float16(32)).dtype == np.float64
    for answer in (32.001, 31.99, 0.5):
        with pytest.raises(Unusable, match="whole number"):
            form.read(answer)


def test_decimals_are_absolute_and_may_be_rounded_or_cut_off():
    task = tasks.Task(forms.Numbers(decimals=3), 11.3758, (), "", "Look.")
    assert all(task.judge(answer)[0] for answer in (11.3758, 11.376, 11.375))
    assert task.judge(11.38) == (False, NEARLY) and task.judge(11.374) == (False, "Not yet. Look.")


def test_half_precision_is_forgiven_its_rounding_but_no_mistake():
    task = tasks.Task(forms.Numbers(None), [100.0, 3.0], (tasks.Mistake([100.1, 3.0], "a tenth"),), "", "Look.")
    half = np.array([100.04, 3.0], "float16")  # the next one to 100 is 100.0625
    assert task.judge(half)[0] and not task.judge(half.astype("float64"))[0]
    assert task.judge(np.float16([100.125, 3.0])) == (False, "Not yet. a tenth")
    assert task.judge(np.float16([101, 3.0])) == (False, "Not yet. Look.")


def test_a_mistake_that_is_rounded_too_far_is_known_all_the_same():
    task = tasks.Task(forms.Numbers(None, decimals=3), [0.25], (tasks.Mistake([77.2688], "percent"),), "", "Look.")
    assert task.judge([77.27]) == (False, "Not yet. percent")


def test_numbers_are_drawn_again_where_a_rounded_mistake_would_do():
    def close(numbers):
        return tasks.Task(forms.Numbers(decimals=3), 0.5, (tasks.Mistake(0.5 + numbers / 1000, "near"),), "", "")

    assert tasks.Exercises(lambda random: random.randint(0, 4), [close]).numbers == 3


def test_a_function_that_fails_for_one_example_is_told_so_unless_that_is_a_known_mistake():
    def picky(x):
        return 2 * x if x < 3 else {}[x]

    form = forms.Function(((1,), (2,), (3,)), forms.Numbers())
    task = tasks.Task(form, lambda x: 2 * x, (), "", "Look.")
    assert task.judge(picky)[1].startswith("Not yet. Your function stopped with KeyError: 3. ")
    task = tasks.Task(form, lambda x: 2 * x, (tasks.Mistake(picky, "no 3"),), "", "Look.")
    assert task.judge(lambda x: 2 * x if x < 3 else [][x]) == (False, "Not yet. no 3")
    assert task.judge(lambda x: 3 * x if x < 3 else [][x])[1].startswith("Not yet. Your function stopped with Index")


NEARLY = "Not yet. Nearly: that is right, but rounded too far. Give more digits."


@pytest.mark.parametrize(
    "lesson, task, answer",
    [
        ("lesson01", "logits_after", [9.1, 18.8, 9.1, 5.0]),
        ("lesson01", "logits_after", np.array([9.1, 18.8, 9.1, 5.0], "float32")),
        ("lesson04", "pixel_value", 11.4),
        ("lesson05", "two_metrics", (0.72, 0.59)),
        ("lesson05", "data_set_iou", lambda *given: round(ANSWERS["lesson05"].iou_by_sets(*given), 2)),
        ("lesson07", "thin_iou", lambda *bar: round(ANSWERS["lesson07"].by_sets(*bar), 2)),
        ("lesson07", "most_frequent", (0.77, 0.15)),
    ],
)
def test_a_right_answer_with_too_few_digits_is_called_so(capsys, lesson, task, answer):
    assert said(capsys, lesson, task, answer).strip() == NEARLY


@pytest.mark.parametrize(
    "right, answer",
    [
        (11.375, 11),  # no decimal
        (11.375, 11.3),  # cut off, not rounded
        (11.375, 11.42),  # near, but nothing's rounding
        (0.4604, 0.5),  # one digit could be a guess
        (0.004, 0.0),
        ((0.7225, 0.588), (0.72, 0.58)),
        ((0.7225, 0.588), (0.72, 0.588, 0.0)),
    ],
)
def test_nothing_else_is_called_nearly_right(right, answer):
    task = tasks.Task(forms.Numbers(None), right, (), "", "Look.")
    assert not task.judge(answer)[0] and "Nearly" not in task.judge(answer)[1]
    function = tasks.Task(forms.Function(((1,),), forms.Numbers(None)), lambda _: right, (), "", "Look.")
    assert not function.judge(lambda _: answer)[0] and "Nearly" not in function.judge(lambda _: answer)[1]


def test_a_function_that_rounds_only_once_is_nearly_right_and_one_wrong_case_is_enough_for_wrong():
    task = tasks.Task(forms.Function(((1,), (3,)), forms.Numbers()), lambda x: x / 3, (), "", "Look.")
    assert task.judge(lambda x: round(x / 3, 2)) == (False, NEARLY)
    assert task.judge(lambda x: 0.33) == (False, "Not yet. Look.")


def test_an_option_is_never_nearly_right():
    task = tasks.Task(forms.Choice(("same", "valid")), "same", (), "", "Look.")
    assert task.judge("valid") == (False, "Not yet. Look.")


def test_an_error_is_told_with_one_full_stop():
    def stops():
        raise ValueError("Something is missing.")

    with pytest.raises(Unusable, match=r"ValueError: Something is missing\. Call it"):
        forms.Function(((),)).read(stops)
