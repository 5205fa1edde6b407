"""Numbers before a unit: how much each is, and which words are left over for the unit."""

from fractions import Fraction

import pytest

from bot.times.numbers import number_in, take_and_a_half, take_number


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("2", "2"),
        ("1.5", "3/2"),
        ("1,5", "3/2"),
        (".5", "1/2"),
        ("1.234", "1.234"),
        ("1,234", None),
        ("½", "1/2"),
        ("1¼", "5/4"),
        ("¾", "3/4"),
        ("⅓", "1/3"),
        ("2⅔", "8/3"),
        ("-2", "-2"),
        ("−2", "-2"),
        ("–1½", "-3/2"),
        ("123456789", "123456789"),
        ("1234567890", "1e18"),
        ("", None),
        ("-", None),
        ("2h", None),
        ("٢", None),
    ],
)
def test_number_in(digits: str, number: str | None) -> None:
    """A text is one number or none, whole; too many digits are too large for every unit."""
    assert number_in(digits) == (None if number is None else Fraction(number))


@pytest.mark.parametrize(
    ("said", "number", "rest"),
    [
        ("and a half hours", "1/2", "hours"),
        ("and half hours", "1/2", "hours"),
        ("and a quarter hours", "1/4", "hours"),
        ("and three quarters hours", "3/4", "hours"),
        ("and three quarter hours", "3/4", "hours"),
        ("and 3/4 hours", "3/4", "hours"),
        ("and a half", "1/2", ""),
        ("and a quarter", "1/4", ""),
        ("and three quarters", "3/4", ""),
        ("and 3/4", "3/4", ""),
    ],
)
def test_take_and_a_half(said: str, number: str, rest: str) -> None:
    """The part that stands behind a number or its unit, and what follows it."""
    assert take_and_a_half(tuple(said.split())) == (Fraction(number), tuple(rest.split()))


@pytest.mark.parametrize(
    "said",
    ["", "and", "and a", "half", "or a half", "and 2 hours", "and 4/3", "and 2/2", "and b half"],
)
def test_no_part_behind_a_number(said: str) -> None:
    """Without "and", and with a fraction that is no part of one, there is none."""
    assert take_and_a_half(tuple(said.split())) is None


@pytest.mark.parametrize(
    ("said", "number", "rest"),
    [
        ("half an hour", "1/2", "hour"),
        ("half hour", "1/2", "hour"),
        ("a half hour", "1/2", "hour"),
        ("a half of an hour", "1/2", "hour"),
        ("quarter hour", "1/4", "hour"),
        ("quarter of hour", "1/4", "hour"),
        ("a quarter of an hour", "1/4", "hour"),
        ("three quarters of an hour", "3/4", "hour"),
        ("3 quarters of an hour", "3/4", "hour"),
        ("three quarter hour", "3/4", "hour"),
        ("three half hours", "3", "half hours"),
        ("½ of an hour", "1/2", "hour"),
        ("½ hour", "1/2", "hour"),
        ("3/4 of an hour", "3/4", "hour"),
        ("3/4 hour", "3/4", "hour"),
        ("a couple of hours", "2", "hours"),
        ("a couple hours", "2", "hours"),
        ("couple hours", "2", "hours"),
        ("an hour", "1", "hour"),
        ("another hour", "1", "hour"),
        ("two hours", "2", "hours"),
        ("two", "2", ""),
        ("two two hours", "2", "two hours"),
        ("nineteen one hours", "19", "one hours"),
        ("twenty one hours", "21", "hours"),
        ("forty five minutes", "45", "minutes"),
        ("ninety nine minutes", "99", "minutes"),
        ("ninety nine", "99", ""),
        ("twenty ten minutes", "20", "ten minutes"),
        ("twenty minutes", "20", "minutes"),
        ("twenty", "20", ""),
        ("2", "2", ""),
        ("2 hours", "2", "hours"),
        ("2 1/2 hours", "5/2", "hours"),
        ("2 1/2", "5/2", ""),
        ("2 ½ hours", "5/2", "hours"),
        ("2 ½", "5/2", ""),
        ("2 4/3 hours", "2", "4/3 hours"),
        ("2 2/2 hours", "2", "2/2 hours"),
        ("2.5 1/2 hours", "5/2", "1/2 hours"),
        ("2.5 ½ hours", "5/2", "½ hours"),
        ("2 and a half hours", "5/2", "hours"),
        ("2 and a half", "2", "and a half"),
        ("two and three quarters hours", "11/4", "hours"),
    ],
)
def test_take_number(said: str, number: str, rest: str) -> None:
    """The number that the words begin with; what it does not take is left for the unit."""
    assert take_number(tuple(said.split())) == (Fraction(number), tuple(rest.split()))


@pytest.mark.parametrize("said", ["", "hours", "of 2", "4/3 hours", "2/2 hours", "b couple", "x"])
def test_no_number(said: str) -> None:
    """Words that begin with no number are none, and neither is a fraction of more than one."""
    assert take_number(tuple(said.split())) is None
