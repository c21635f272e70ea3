"""A learner's guesses, kept until the measurement is there to set beside them (every notebook)."""

_guesses = {}


def guess(what, value=None):
    """Keep a guess, any number or word, under the name `what`; None is no guess."""
    _guesses[what] = value


def compare(what, measured):
    """Print what was guessed for `what` beside what was measured."""
    guessed = _guesses.get(what)
    if guessed is None:
        print(f"{what}: measured {measured}. (No guess yet: replace None in the guess line and run both cells again.)")
    else:
        print(f"{what}: you guessed {guessed}, measured {measured}.")
