"""The forms that answers have. Each reads every spelling of an answer into one value, and compares two such values."""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from numbers import Real

import numpy as np

from fcn_tutorial.checks.running import Unusable, call


@dataclass(frozen=True)
class Numbers:
    """A number or an array of numbers: list, tuple, array or tensor, of any type of real numbers.

    shape: the shape of every answer, None where finding it belongs to the task. whole: whole numbers only.
    tolerance: largest difference that counts as equal, as a share of the largest right number (at least of 1).
    truths: True and False may stand for 1 and 0.
    """

    shape: tuple | None = ()
    whole: bool = False
    tolerance: float = 1e-4
    truths: bool = False

    def read(self, answer):
        """The answer as float64 array. Raises Unusable in words."""
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
        if self.whole and (values != np.round(values)).any():
            raise Unusable(f"You gave {_short(values)}; expected {self._wanted()}.")
        return values.astype(np.float64)

    def same(self, one, other):
        """Whether two values that were read are equal up to the tolerance."""
        if one.shape != other.shape:
            return False
        scale = max(1.0, float(np.abs(other).max(initial=0)))
        return bool((np.abs(one - other) <= (0 if self.whole else self.tolerance * scale)).all())

    def rounded(self, given, right):
        """Whether a wrong answer is the right one, rounded to a decimal or more and to two digits or more."""
        if self.whole or given.shape != right.shape:
            return False
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

    def same(self, one, other):
        """Whether it is the same option."""
        return one == other

    def rounded(self, given, right):
        """Never: an option has no digits."""
        return False

    def remark(self, given, right):
        """Nothing: an option has no outside."""
        return ""


@dataclass(frozen=True)
class Function:
    """A function, known by what it returns for each of `cases`, tuples of arguments; `returns` is that thing's form."""

    cases: tuple
    returns: Numbers = Numbers(shape=None)

    def read(self, answer):
        """What the function returns for each case. Raises Unusable in words."""
        if not callable(answer):
            raise Unusable(
                f"You gave {_short(answer)}; expected your function itself, without brackets behind its name."
            )
        return [self.returns.read(call(answer, case)) for case in self.cases]

    def same(self, one, other):
        """Whether two functions returned the same for every case."""
        return all(map(self.returns.same, one, other))

    def rounded(self, given, right):
        """Whether a wrong function returned the right thing for every case, only rounded for some."""
        return all(self.returns.same(*both) or self.returns.rounded(*both) for both in zip(given, right, strict=True))

    def remark(self, given, right):
        """What is to be said about the outside of what a function returned, for the first case where it differs."""
        for case, remark in zip(self.cases, map(self.returns.remark, given, right), strict=True):
            if remark:
                return f"Look at what your function returns for {_listed(case)}. {remark}"
        return ""


def _as_array(answer, wanted):
    try:
        values = np.asarray(answer)
        if values.dtype == object and all(isinstance(value, Real | Decimal) for value in values.flat):
            values = values.astype(np.float64)  # fractions, and whole numbers beyond every type of NumPy's
    except Exception as error:
        raise Unusable(f"You gave a {type(answer).__name__} that isn't {wanted}.") from error
    if (
        values.dtype != bool
        and not np.issubdtype(values.dtype, np.integer)
        and not np.issubdtype(values.dtype, np.floating)
    ):
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
