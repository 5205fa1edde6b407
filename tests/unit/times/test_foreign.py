"""Which texts begin with a time in another language, and which are English all the same."""

import pytest

from bot.times.foreign import is_foreign_time


@pytest.mark.parametrize(
    "text",
    [
        "bis Freitag",
        "jusqu’à demain",
        "jusqu'alors",
        "until mañana",
        "till Freitag",
        "for zwei Tage",
        "from lundi",
        "by Freitag",
        "do 5",
        "tot 5u",
        "do piątku",
        "a lunes",
        "fino a domani",
        "fino al mattino",
        "fino alle otto",
        "zwei Stunden",
        "2 Stunden",
        "1,5 Stunden",
        "2½ Stunden",
        "2Stunden",
        "1.5std",
        "für die nächsten zwei Tage",
        "für noch etwa zwei Tage weg",
        "für immer",
        "„morgen“",
        "(Freitag)",
        "*heute*",
        "un media hora",
        "2 ay",
        "2日",
        "明天",
        "до пятницы",
        "ДО пятницы",
    ],
)
def test_foreign(text: str) -> None:
    """A day, a counted unit, or a word for "until" that is in no English text."""
    assert is_foreign_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "until",
        "2 hours",
        "a 5 pm call",
        "a",
        "do it",
        "fino bianco",
        "fino",
        "Mardi Gras",
        "immer",
        "Stunden",
        "2 Tester",
        "2an",
        "2timer",
        "a timer",
        "the media timer",
        "a six timer",
        "für die nächsten noch zwei Tage",
        "für",
        "zwei",
        "2",
        "call morgen",
        "Until Stunden",
    ],
)
def test_english(text: str) -> None:
    """English words that mean a time elsewhere, and what is only half a time there."""
    assert not is_foreign_time(text)
