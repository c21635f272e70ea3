"""An answer in a process of its own: ended whatever it does, and unable to change the process that checks it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from fcn_tutorial.checks import apart, forms, lesson03, lesson05, running, tasks
from fcn_tutorial.checks.running import Unusable

forked = pytest.mark.skipif(not apart.FORKS, reason="this platform makes no copies")
here_too = pytest.mark.parametrize("forks", [pytest.param(True, marks=forked), False])
DOUBLE = tasks.Task(forms.Function(((1,), (2,)), forms.Numbers()), lambda x: 2 * x, (), "", "Look.")


@pytest.fixture(autouse=True)
def no_framework(monkeypatch):
    """As in a kernel that has loaded none; the process of the tests may have."""
    monkeypatch.setattr(apart, "_THREADED", set())


@pytest.fixture
def hurried(monkeypatch):
    """Half a second in place of two."""
    for module in (running, apart):
        monkeypatch.setattr(module, "SECONDS", 0.5)


def catches_everything(*_):
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


def counts_inside_of_c(*_):
    return sum(range(10**13))


def waits(*_):
    time.sleep(100)


def deaf(*_):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    catches_everything()


@forked
@pytest.mark.parametrize("answer", [catches_everything, counts_inside_of_c, waits])
def test_whatever_does_not_end_is_ended(hurried, answer):
    before = children()
    accepted, words = DOUBLE.judge(answer)
    assert not accepted and "2 seconds" in words and children() == before


@forked
def test_who_computes_beside_a_framework_on_a_busy_machine_is_not_tried_again_here(hurried, monkeypatch):
    """It gets a quarter of a processor, and is told from who waits for a thread that a copy lacks."""
    monkeypatch.setattr(apart, "_THREADED", {"sys"})
    ran_here, cores = [], os.sched_getaffinity(0)

    def computes(*_):
        ran_here.append(True)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            pass

    os.sched_setaffinity(0, {min(cores)})
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        assert "2 seconds" in DOUBLE.judge(computes)[1]
    finally:
        os.sched_setaffinity(0, cores)
        for other in others:
            other.kill()
            other.wait()
    assert ran_here == []


@forked
def test_who_ignores_the_clock_is_ended_too(hurried, monkeypatch):
    monkeypatch.setattr(apart, "_patience", lambda: 1)
    assert "2 seconds" in DOUBLE.judge(deaf)[1] and children() == []


def children():
    with open(f"/proc/self/task/{threading.get_native_id()}/children") as file:
        return file.read().split()


@here_too
def test_interrupts_and_exits_are_answers_in_words(monkeypatch, forks):
    monkeypatch.setattr(apart, "FORKS", forks)
    for error in (
        KeyboardInterrupt,
        SystemExit,
        GeneratorExit,
        BaseException,
        type("Mute", (Exception,), {"__str__": 1}),
    ):

        def stops(*_, error=error):
            raise error

        assert f"stopped with {error.__name__}" in DOUBLE.judge(stops)[1]
        assert DOUBLE.judge(error)[1].startswith("Not yet. ")


class Interrupting:
    """No function, and reading it interrupts."""

    def __array__(self, *_, **__):
        raise KeyboardInterrupt


@here_too
def test_an_answer_that_interrupts_when_it_is_read_is_told_in_words(monkeypatch, forks):
    monkeypatch.setattr(apart, "FORKS", forks)
    words = tasks.Task(forms.Numbers(), 1, (), "", "Look.").judge(Interrupting())[1]
    assert words == "Not yet. Your answer could not be read: KeyboardInterrupt."


@forked
@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda *_: os._exit(0), "ended Python itself"),
        (lambda *_: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (lambda *_: np.zeros(2_000_000), "2,000,000 numbers, far more"),
    ],
)
def test_who_ends_python_or_fills_the_memory_is_told_so(answer, words):
    form = forms.Function(((),), forms.Numbers(shape=None))
    assert words in tasks.Task(form, lambda: [0], (), "", "Look.").judge(answer)[1]


@forked
def test_an_answer_cannot_change_the_judge():
    def patches(*_):
        np.abs = lambda values: 0 * np.asarray(values)
        forms.Numbers.distance = lambda *_: 0.0
        tasks.Task.judge = lambda *_: (True, "Right.")
        sys.modules["json"].dumps = lambda *_, **__: '{"value": true}'
        return 1.0

    class Patching:
        def __array__(self, *_, **__):
            return np.array(patches())

    before = np.abs, forms.Numbers.distance, tasks.Task.judge
    numbers = lesson05.exercises()
    for task, answer in (("loss", patches), ("two_metrics", Patching()), ("rate_factor", Patching())):
        assert not numbers.tasks[task].judge(answer)[0]
        with pytest.raises(AssertionError, match="^Not yet"):
            numbers.mark(task, answer)
    assert (np.abs, forms.Numbers.distance, tasks.Task.judge) == before


@forked
def test_lists_and_modules_of_the_learner_stay_as_they_were():
    seen = []

    def keeps(x):
        import this  # noqa: F401

        seen.append(x)
        return 2 * x

    assert DOUBLE.judge(keeps)[0] and seen == [] and "this" not in sys.modules


@here_too
def test_what_a_function_prints_is_shown(monkeypatch, capsys, forks):
    monkeypatch.setattr(apart, "FORKS", forks)

    def prints(x):
        print("x is", x)
        print("not this", file=sys.stderr)
        return 2 * x

    assert DOUBLE.judge(prints)[0] and capsys.readouterr() == ("x is 1\nx is 2\n", "")


@forked
def test_endless_printing_is_shown_in_part(hurried, capsys):
    def prints(*_):
        while True:
            print("again")

    assert "2 seconds" in DOUBLE.judge(prints)[1]
    printed = capsys.readouterr().out
    assert printed.startswith("again\nagain\n") and len(printed) < 11_000 and printed.endswith("... and more\n")


@here_too
def test_imports_inside_of_a_function_take_no_time_from_it(hurried, monkeypatch, tmp_path, forks):
    monkeypatch.setattr(apart, "FORKS", forks)
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(1)\nfactor = 2\n")
    monkeypatch.syspath_prepend(tmp_path)

    def imports(x):
        from slow_to_import import factor

        return factor * x

    assert DOUBLE.judge(imports)[0] and ("slow_to_import" in sys.modules) is not forks
    sys.modules.pop("slow_to_import", None)
    assert __import__ is sys.modules["builtins"].__import__ and "patiently" not in __import__.__qualname__


def test_what_a_copy_cannot_do_is_done_here_where_a_framework_has_threads(monkeypatch):
    tried, told = [], []

    def in_a_copy(work):
        tried.append(work)
        return "", *told

    monkeypatch.setattr(apart, "FORKS", True)
    monkeypatch.setattr(apart, "_in_a_copy", in_a_copy)
    for answer, waited, framework, expected in (
        ({"value": 1.0}, True, True, 1.0),
        ({"words": "It waited."}, True, True, 2.0),
        ({"value": [1.0, "It failed."]}, True, True, 2.0),
        ({"value": [1.0, "It failed."]}, True, False, [1.0, "It failed."]),
        ({"words": "It computed."}, False, True, None),
        ({"words": "It waited."}, True, False, None),
    ):
        told[:] = [answer, waited]
        monkeypatch.setattr(apart, "_THREADED", {"sys" if framework else "no such module"})
        if expected is None:
            with pytest.raises(Unusable, match="It "):
                apart.run(lambda: 2.0)
        else:
            assert apart.run(lambda: 2.0) == expected
    assert len(tried) == 6


def test_the_clock_leaves_the_signal_as_it_was():
    if hasattr(signal, "SIGALRM"):
        before = signal.getsignal(signal.SIGALRM)
        with running.clock(signal.SIG_IGN):
            assert signal.getsignal(signal.SIGALRM) == signal.SIG_IGN and signal.getitimer(signal.ITIMER_REAL)[0] > 0
        assert signal.getsignal(signal.SIGALRM) == before and signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@forked
def test_it_works_in_a_thread(hurried):
    words = []
    thread = threading.Thread(target=lambda: words.append(DOUBLE.judge(counts_inside_of_c)[1]))
    thread.start()
    thread.join()
    assert "2 seconds" in words[0]


KERAS = """
import sys
import numpy as np
from fcn_tutorial.checks import lesson05
exercises = lesson05.exercises()

def with_keras(labels, logits, void):
    import keras
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=int(void))
    return keras.ops.convert_to_numpy(loss(labels, logits))

exercises.mark("loss", with_keras)
assert "keras" not in sys.modules
import keras
big = np.ones((1, 300, 300, 8), "float32")
layer = keras.layers.Conv2D(8, 3)
layer(big)  # its threads are running now

def with_threads(labels, logits, void):
    layer(big)
    return with_keras(labels, logits, void)

exercises.mark("loss", with_threads)
exercises.mark("loss", with_keras)
exercises.mark("two_metrics", keras.ops.convert_to_tensor([0.7225, 0.588]))
print("done")
"""


@forked
def test_keras_may_be_imported_and_used_in_a_function():
    done = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True, timeout=300)
    assert done.stdout.endswith("done\n"), done.stderr


def test_a_sealed_check_tells_a_failing_function(capsys):
    lesson03.exercises(sealed=True).check("receptive_field", lambda layers: layers[3])
    assert capsys.readouterr().out.startswith("Not yet. Your function stopped with IndexError")
