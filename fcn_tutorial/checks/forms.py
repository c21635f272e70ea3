"""The forms that answers have. Each reads every spelling of an answer into one value, and compares two such values."""

import re
from dataclasses import dataclass

import numpy as np

from fcn_tutorial.checks.running import Unusable, call


@dataclass(frozen=True)
class Numbers:
    """A number or an array of numbers: list, tuple, array or tensor, of any number type.

    shape: the shape of every answer, None where finding it belongs to the task. whole: whole numbers only.
    tolerance: largest difference that counts as equal, as a share of the largest right number (at least of 1).
    """

    shape: tuple | None = ()
    whole: bool = False
    tolerance: float = 1e-4

    def read(self, answer):
        """The answer as float64 array. Raises Unusable in words."""
        if isinstance(answer, str):
            raise Unusable(f"You gave the text {answer!r}; expected {self._wanted()}, without quotation marks.")
        if callable(answer):
            raise Unusable(f"You gave a function or class; expected {self._wanted()}. Call it, and give its result.")
        values = _as_array(answer, self._wanted())
        if values.dtype == bool:
            raise Unusable(f"You gave True or False; expected {self._wanted()}.")
        if self.shape == () and values.size == 1:
            values = values.reshape(())
        if self.shape is not None and values.shape != self.shape:
            raise Unusable(f"You gave {_shape_in_words(values.shape)}; expected {self._wanted()}.")
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

    def remark(self, given, right):
        """What is to be said about the outside of a wrong answer, which may be nothing."""
        if given.shape == right.shape:
            return ""
        return f"It is {_shape_in_words(given.shape)}, and that isn't the shape that is asked for. "

    def _wanted(self):
        kind = "whole number" if self.whole else "number"
        if self.shape is None:
            return f"an array of {kind}s"
        return f"one {kind}" if self.shape == () else f"{' x '.join(map(str, self.shape))} {kind}s"


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

    def remark(self, given, right):
        """What is to be said about the outside of what a function returned, for the first case where it differs."""
        remarks = filter(None, map(self.returns.remark, given, right))
        return next((f"Look at what your function returns. {remark}" for remark in remarks), "")


def _as_array(answer, wanted):
    try:
        values = np.asarray(answer)
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
