"""Which words can be parts of a time, and which words together can hardly be anything else."""

import pytest

from bot.times.vocabulary import is_number, is_time_word, says_a_time


@pytest.mark.parametrize(
    ("words", "are_of_a_time"),
    [
        ("friday mondays q1 q4 week dec two noon cet et utc+2", True),
        ("2 1.5 ½ 2½ -2h +2 2h30m 5pm 3rd 9:30 17:30z 3/4 24.12. 24.12.2026 2026-12-01", True),
        ("2026-12-01t10:00z 2026-12-01t10:00:00+01:00", True),
        ("q5 q0 covering 2x 2fa 5pmz2 2hh x2", False),
    ],
)
def test_is_time_word(words: str, *, are_of_a_time: bool) -> None:
    """Names, numbers, and numbers glued to what ends a time; any other letters make none."""
    assert {word: is_time_word(word) for word in words.split()} == dict.fromkeys(
        words.split(), are_of_a_time
    )


@pytest.mark.parametrize(
    ("said", "is_clear"),
    [
        ("friday", True),
        ("2 friday", True),
        ("until", True),
        ("noon", True),
        ("5pm", True),
        ("17:30", True),
        ("2026-12-01", True),
        ("24.12.2026", True),
        ("2h", True),
        ("2 hours", True),
        ("two hours", True),
        ("half hour", True),
        ("few hours", True),
        ("couple hours", True),
        ("sat hours", False),
        ("sat", False),
        ("2", False),
        ("2 3", False),
        ("1 december", True),
        ("1st december", True),
        ("31st december", True),
        ("december 31st", True),
        ("december 3", True),
        ("december", False),
        ("december two", False),
        ("12345 december", False),
        ("5 may", False),
        ("may 5", False),
        ("5 may friday", False),
        ("5 cet", True),
        ("5 et", False),
        ("cet", False),
        ("cet 5", False),
        ("", False),
    ],
)
def test_says_a_time(said: str, *, is_clear: bool) -> None:
    """A counted unit, a date, a strong word; a place only behind another word, and "may" never."""
    assert says_a_time(tuple(said.split())) is is_clear


def test_a_place_where_a_time_goes_on() -> None:
    """Behind a time the name of a place alone says whose clock it is, unless it is a short one."""
    assert says_a_time(("cet",), goes_on=True)
    assert not says_a_time(("et",), goes_on=True)


def test_is_number() -> None:
    """Digits, fractions and number words count units."""
    words = "2 1.5 1,5 .5 ½ 2½ 3/4 two"
    assert [word for word in words.split() if not is_number(word)] == []
    assert [word for word in ("2h", "x", "1/", "-2") if is_number(word)] == []
