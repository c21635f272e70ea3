"""The forms that answers have. Each reads every spelling of an answer into one value, and compares two such values."""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import inf, prod
from numbers import Real

import numpy as np

from fcn_tutorial.checks.running import Unusable, call

_WHOLE = 1e-6  # how far from a whole number rounding errors may lead, as a share of it
_HALF = 2 * float(np.finfo(np.float16).eps)  # how far they may lead in half precision


@dataclass(frozen=True)
class Numbers:
    """A number or an array of numbers: list, tuple, array or tensor, of any type of real numbers.

    shape: the shape of every answer, None where finding it belongs to the task. whole: whole numbers only.
    tolerance: largest difference that counts as equal, as a share of the largest right number (at least of 1).
    decimals: in its place, of a number to be given to so many decimals; rounded and cut off are both equal to it.
    truths: True and False may stand for 1 and 0.
    """

    shape: tuple | None = ()
    whole: bool = False
    tolerance: float = 1e-4
    decimals: int | None = None
    truths: bool = False

    def read(self, answer):
        """The answer as float64 array, or as float16 array where it is one. Raises Unusable in words."""
        if isinstance(answer, str):
            raise Unusable(f"You gave the text {answer!r}; expected {self._wanted()}, without quotation marks.")
        if callable(answer):
            raise Unusable(f"You gave a function or class; expected {self._wanted()}. Call it, and give its result.")
        values = _as_array(answer, self._wanted())
        if values.dtype == bool and not self.truths:
            raise Unusable(f"You gave True or False; expected {self._wanted()}.")
        if self.shape == () and values.size == 1:
            values = values.reshape(())
        if self.shape is not None and values.shape != self.shape:
            raise Unusable(f"You gave {_count_in_words(values.shape)}; expected {self._wanted()}.")
        if not np.isfinite(values).all():
            raise Unusable("There is a NaN or an infinity in it. Was something divided by zero?")
        if self.whole:
            return self._as_whole(values.astype(np.float64))
        return values if values.dtype == np.float16 else values.astype(np.float64)

    def holds(self, value):
        """Whether it is something that `read` returns."""
        return isinstance(value, np.ndarray)

    def distance(self, one, other):
        """Largest difference of two values that were read, in units of the largest that counts as equal."""
        if one.shape != other.shape:
            return inf
        difference = float(np.abs(one.astype(np.float64) - other).max(initial=0))
        if self.whole or not np.isfinite(difference):
            return inf if difference else 0.0
        scale = max(1.0, float(np.abs(other).max(initial=0)))
        equal = self.tolerance * scale if self.decimals is None else 1.000001 * 10.0**-self.decimals
        return difference / (max(equal, _HALF * scale) if one.dtype == np.float16 else equal)

    def rounded(self, given, right):
        """Whether a wrong answer is the right one, rounded to a decimal or more and to two digits or more."""
        if self.whole or given.shape != right.shape:
            return False
        given = given.astype(np.float64)
        for decimals in range(1, 5):
            if np.allclose(given, np.round(given, decimals), rtol=1e-6, atol=1e-7):
                near = np.abs(given - right) <= 0.5001 * 10.0**-decimals
                return bool(near.all() and np.abs(given).max(initial=0) >= 10.0 ** (1 - decimals))
        return False

    def remark(self, given, right):
        """What is to be said about the outside of a wrong answer, which may be nothing."""
        if given.shape == right.shape:
            return ""
        return f"It is {_shape_in_words(given.shape)}, and that isn't the shape that is asked for. "

    def failed(self, given):
        """Nothing: what was read is there."""
        return ""

    def _as_whole(self, values):
        nearest = np.asarray(np.round(values))
        if (np.abs(values - nearest) > _WHOLE * np.maximum(1, np.abs(nearest))).any():
            raise Unusable(f"You gave {_short(values)}; expected {self._wanted()}.")
        return nearest

    def _wanted(self):
        kind = "whole number" if self.whole else "number"
        if self.shape is None:
            return f"an array of {kind}s"
        return _count_in_words(self.shape, kind)


@dataclass(frozen=True)
class Choice:
    """One of a few words; capitals, spaces, hyphens and underscores don't matter."""

    options: tuple

    def read(self, answer):
        """The option as it stands in `options`. Raises Unusable in words."""
        words = {_plain(option): option for option in self.options}
        if not isinstance(answer, str | int | np.integer) or _plain(answer) not in words:
            raise Unusable(f"You gave {_short(answer)}; expected one of: {', '.join(map(repr, self.options))}.")
        return words[_plain(answer)]

    def holds(self, value):
        """Whether it is something that `read` returns."""
        return isinstance(value, str)

    def distance(self, one, other):
        """Nothing for the same option; no other one is near it."""
        return 0.0 if one == other else inf

    def rounded(self, given, right):
        """Never: an option has no digits."""
        return False

    def remark(self, given, right):
        """Nothing: an option has no outside."""
        return ""

    def failed(self, given):
        """Nothing: what was read is there."""
        return ""


@dataclass(frozen=True)
class Function:
    """A function, known by what it returns for each of `cases`, tuples of arguments; `returns` is that thing's form."""

    cases: tuple
    returns: Numbers = Numbers(shape=None)

    def read(self, answer):
        """What the function returns for each case, or in words why it fails. Raises Unusable when it always fails."""
        if not callable(answer):
            raise Unusable(
                f"You gave {_short(answer)}; expected your function itself, without brackets behind its name."
            )
        results = [self._returned(answer, case) for case in self.cases]
        if all(isinstance(result, str) for result in results):
            raise Unusable(results[0])
        return results

    def holds(self, value):
        """Whether it is something that `read` returns."""
        return (
            isinstance(value, list)
            and len(value) == len(self.cases)
            and all(isinstance(result, str) or self.returns.holds(result) for result in value)
        )

    def distance(self, one, other):
        """The largest distance of what two functions returned for a case; to have failed in a case is alike."""
        return max(map(self._apart, one, other))

    def rounded(self, given, right):
        """Whether a wrong function returned the right thing for every case, only rounded for some."""
        return not self.failed(given + right) and all(
            self.returns.distance(*both) <= 1 or self.returns.rounded(*both) for both in zip(given, right, strict=True)
        )

    def remark(self, given, right):
        """What is to be said about the outside of what a function returned, for the first case where it differs."""
        for case, remark in zip(self.cases, map(self.returns.remark, given, right), strict=True):
            if remark:
                return f"Look at what your function returns for {_listed(case)}. {remark}"
        return ""

    def failed(self, given):
        """Why it returned nothing for a case, which may be nothing."""
        return next((result for result in given if isinstance(result, str)), "")

    def _returned(self, answer, case):
        try:
            return self.returns.read(call(answer, case))
        except Unusable as error:
            return str(error)

    def _apart(self, one, other):
        if isinstance(one, str) or isinstance(other, str):
            return 0.0 if isinstance(one, str) and isinstance(other, str) else inf
        return self.returns.distance(one, other)


def _as_array(answer, wanted):
    try:
        values = np.asarray(answer)
        if values.dtype == object and all(isinstance(value, Real | Decimal) for value in values.flat):
            values = values.astype(np.float64)  # fractions, and whole numbers beyond every type of NumPy's
    except Exception as error:
        raise Unusable(f"You gave a {type(answer).__name__} that isn't {wanted}.") from error
    if values.dtype.kind not in "biuf":
        raise Unusable(f"You gave {_short(answer)}; expected {wanted}.")
    return values


def _shape_in_words(shape):
    return "one number" if shape == () else f"an array of shape {shape}"


def _count_in_words(shape, kind="number"):
    if prod(shape) == 1:
        return f"one {kind}"
    return f"{' x '.join(map(str, shape)) if prod(shape) else 'no'} {kind}s"


def _listed(arguments):
    words = [f"an array of shape {each.shape}" if isinstance(each, np.ndarray) else _short(each) for each in arguments]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _plain(word):
    return re.sub(r"[\s_-]+", "", str(word)).lower()


def _short(answer):
    if answer is None:
        return "nothing yet (None)"
    try:
        words = repr(answer.tolist() if isinstance(answer, np.ndarray) else answer)
    except Exception:  # a stranger's object need not be able to say what it is
        return f"a {type(answer).__name__}"
    return words if len(words) <= 60 else f"a {type(answer).__name__}"
