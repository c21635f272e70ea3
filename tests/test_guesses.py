"""A guess is kept and set beside the measurement; no guess is no error."""

from fcn_tutorial.guesses import compare, guess


def test_a_guess_meets_its_measurement(capsys):
    guess("total stride", 10)
    compare("total stride", 32)
    guess("cells")
    compare("cells", 49)
    compare("never asked", 1)
    first, second, third = capsys.readouterr().out.splitlines()
    assert "guessed 10, measured 32" in first
    assert "measured 49" in second and "No guess" in second and "No guess" in third
