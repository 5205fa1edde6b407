"""Each way in which Close says no has one sentence for people."""

from dataclasses import replace

import pytest

from bot.cards import words
from bot.close.errors import CloseProblem
from bot.delegations.steps.moves import TROUBLES
from models.delegation import Trouble
from tests.unit.strays.test_differences import DELEGATION

UNEXPECTED = {CloseProblem.UNEXPECTED, CloseProblem.UNAUTHORIZED}


@pytest.mark.parametrize("problem", CloseProblem)
def test_every_problem_has_its_word(problem: CloseProblem) -> None:
    """Only what nobody could foresee is told as "did not understand".

    A 401 never arrives here: it becomes a refresh, and then a lost connection.
    """
    assert (problem in TROUBLES) is not (problem in UNEXPECTED)


@pytest.mark.parametrize(
    "trouble", [each for each in Trouble if each not in (Trouble.UNKNOWN, Trouble.CLOSE_UNEXPECTED)]
)
def test_every_trouble_has_its_sentence(trouble: Trouble) -> None:
    """Each is a whole sentence of its own, in the words of the people concerned."""
    said = words.trouble(replace(DELEGATION, trouble=trouble), None)
    assert said[0].isupper() or said.startswith("<@")
    assert said.endswith(".")
    assert said != words.trouble(replace(DELEGATION, trouble=Trouble.UNKNOWN), None)


def test_no_two_say_the_same() -> None:
    """Whoever reads a sentence knows which trouble it is."""
    said = [words.trouble(replace(DELEGATION, trouble=each), None) for each in Trouble]
    assert len(set(said)) >= len(said) - 1  # the two that nobody foresaw share one
