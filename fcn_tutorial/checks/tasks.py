"""A task with its right answer and the wrong ones that learners give; the exercises of a lesson for one seed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fcn_tutorial.checks import apart
from fcn_tutorial.checks.running import Unusable, quietly

_SEALED = "This has the form of an answer. Whether it is right you learn when it is marked."
_CLEAR = 2  # as far two answers must lie apart: then either of them, rounded, is still nearer to itself


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that has a reason.

    answer: what a learner who makes it gives, in the form of the right answer.
    words: what was probably done, and what to look at; never the right answer.
    """

    answer: object
    words: str


@dataclass(frozen=True)
class Task:
    """form: from `forms`; right: the right answer; mistakes: of which each gives something else.

    well_done: what a right answer shows, said to who found it. otherwise: where to look, for any other answer.
    outside: where to look in its place when the shape is wrong already.
    """

    form: object
    right: object
    mistakes: tuple
    well_done: str
    otherwise: str
    outside: str = ""

    def judge(self, answer):
        """(whether `answer` is right, what to say about it)."""
        try:
            given = self.read(answer)
        except Unusable as error:
            return False, f"Not yet. {error}"
        known = self._known
        distances = [self.form.distance(given, value) for value in known]
        nearest = distances.index(min(distances))  # in half precision there may be more than one within reach
        if distances[nearest] <= 1:
            if nearest == 0:
                return True, f"Right. {self.well_done}"
            return False, f"Not yet. {self.mistakes[nearest - 1].words}"
        if failed := self.form.failed(given):
            return False, f"Not yet. {failed}"
        if self.form.rounded(given, known[0]):
            return False, "Not yet. Nearly: that is right, but rounded too far. Give more digits."
        for mistake, value in zip(self.mistakes, known[1:], strict=True):
            if self.form.rounded(given, value):
                return False, f"Not yet. {mistake.words}"
        remark = self.form.remark(given, known[0])
        return False, f"Not yet. {remark}{(remark and self.outside) or self.otherwise}"

    def read(self, answer):
        """The answer as its form reads it: apart, within two seconds, quietly. Raises Unusable in words."""
        with quietly():
            given = apart.run(lambda: self.form.read(answer))
        if not self.form.holds(given):
            raise Unusable("Your answer has meddled with its own check.")
        return given

    def is_clear(self):
        """Whether the right answer and all mistakes lie far enough from each other with these numbers."""
        values = self._known
        return all(
            min(self.form.distance(one, other), self.form.distance(other, one)) > _CLEAR
            for place, one in enumerate(values)
            for other in values[:place]
        )

    @cached_property
    def _known(self):
        with quietly():
            return [self.form.read(answer) for answer in (self.right, *(mistake.answer for mistake in self.mistakes))]


class Exercises:
    """The exercises of a lesson with the numbers that follow from `seed`, any number or text.

    numbers: what the tasks are about, by name. tasks: {name: Task}. A sealed one looks at an answer's form only, for an
    assignment in which trying until it fits would be no achievement.
    """

    def __init__(self, draw, tasks, seed=0, sealed=False):
        """draw(random) -> numbers; tasks: functions of the numbers, each named as its Task."""
        self.sealed = sealed
        for attempt in range(1000):  # until no mistake happens to give the right answer
            self.numbers = draw(random_of(f"{seed}/{attempt}"))
            self.tasks = {task.__name__: task(self.numbers) for task in tasks}
            if all(task.is_clear() for task in self.tasks.values()):
                return
        raise RuntimeError(f"No numbers of seed {seed!r} tell the right answers from the mistakes.")

    def check(self, name, answer):
        """Print in plain words what is right or wrong about an `answer` to the task `name`."""
        if not self.sealed:
            print(self._task(name).judge(answer)[1])
            return
        try:
            task = self._task(name)
            failed = task.form.failed(task.read(answer))
        except Unusable as error:
            failed = str(error)
        print(f"Not yet. {failed}" if failed else _SEALED)

    def mark(self, name, answer):
        """Return when the `answer` to the task `name` is right. Raises AssertionError in plain words when not."""
        right, words = self._task(name).judge(answer)
        assert right, words

    def _task(self, name):
        if name not in self.tasks:
            raise ValueError(f"There is no task {name!r} in this lesson; its tasks are: {', '.join(self.tasks)}.")
        return self.tasks[name]


def random_of(seed):
    """A generator that gives the same numbers for the same text everywhere: NumPy has frozen what RandomState draws."""
    return np.random.RandomState(np.frombuffer(hashlib.sha256(seed.encode()).digest(), "<u4"))
