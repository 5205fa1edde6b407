"""Lengths by their words: what each can mean, and which words were meant as one."""

from datetime import timedelta

import pytest

from bot.times.lengths import is_attempt, parse_duration, plain_length, read_lengths
from bot.times.span import NotATime, NotPositive, TooLarge


def said(words: str) -> list[str]:
    """What the words can mean, each as elapsed minutes, ``m`` months and ``w`` working days."""
    found = read_lengths(tuple(words.split()))
    return [
        " ".join(
            (
                f"{each.elapsed / timedelta(minutes=1):g}",
                *([f"{each.months}m"] if each.months else []),
                *([f"{each.workdays}w"] if each.workdays else []),
            )
        )
        for each in found
    ]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("2h", ["120"]),
        ("2 hours", ["120"]),
        ("", []),
        # what leads on
        ("next 2 hours", ["120"]),
        ("next few hours", ["180", "240"]),
        ("next hours", []),
        ("another 2 hours", ["120"]),
        ("another couple hours", ["120"]),
        ("2 full days", ["2880"]),
        ("a whole day", ["1440"]),
        ("2 whole", []),
        ("2h whole", []),
        ("2 more hours", ["120"]),
        ("2 more", []),
        ("2 hours more", ["120"]),
        ("2 hours longer", ["120"]),
        ("more", []),
        # two at once
        ("a few hours", ["180", "240"]),
        ("few hours", ["180", "240"]),
        ("a few of hours", ["180", "240"]),
        ("several days", ["5760", "8640"]),
        ("few", []),
        ("few of", []),
        ("few x", []),
        ("2 - 3 hours", ["120", "180"]),
        ("2 or 3 days", ["2880", "4320"]),
        ("1h - 2h", ["60", "120"]),
        ("1 hour to 2 hours", ["60", "120"]),
        ("from 2 to 3 hours", ["120", "180"]),
        ("2 - 3 hours 5 minutes", []),
        ("x - 3 hours", []),
        ("2 - x", []),
        ("2 -", []),
        ("- 3 hours", []),
        # parts
        ("2 days 3 hours", ["3060"]),
        ("2 days and 3 hours", ["3060"]),
        ("2 days and 3h", ["3060"]),
        ("2 hours and", []),
        ("2h a day", []),
        ("2h an", []),
        ("2 hours x", []),
        ("5 2 hours", []),
        ("2 hours 2 hours", []),
        ("fortnight", ["20160"]),
        ("2 fortnight", ["40320"]),
        ("hour and a half", ["90"]),
        ("hour and a half 5 minutes", ["95"]),
        ("hour and", []),
        ("2 hours and a half", ["150"]),
        ("2 hours and a half 5 minutes", ["155"]),
        ("2 and a half hours", ["150"]),
        # with a colon, and glued
        ("1:30 hours", ["90"]),
        ("1:00 hours", ["60"]),
        ("2 days 1:30 hours", ["2970"]),
        ("1:30 minutes", []),
        ("0:30 x 5 hours", []),
        ("1:30h", ["90"]),
        ("12:59h", ["779"]),
        ("13:00h", []),
        ("2h30", ["150"]),
        ("2h30m", ["150"]),
        ("2h5", []),
        ("2h30x", []),
        ("x2h", []),
        ("2x", []),
        ("h", []),
        ("2.5h", ["150"]),
        ("1½h", ["90"]),
        # by the calendar
        ("2 months", ["0 2m"]),
        ("1.5 months", []),
        ("1 year 2 months", ["0 14m"]),
        ("0.5 years", ["0 6m"]),
        ("1 month 3 days", ["4320 1m"]),
        ("1 month 1 second", ["0.0166667 1m"]),
        ("2 workdays", ["0 2w"]),
        ("2 workdays 3 hours", []),
        ("1.5 workdays", []),
    ],
)
def test_read_lengths(words: str, meant: list[str]) -> None:
    """Everything that the words can mean, and nothing where one of them is left over."""
    assert said(words) == meant


@pytest.mark.parametrize(
    "words",
    [
        *("0 hours", "0 months", "0 workdays", "0.5 seconds", "-2 hours", "-2h30m", "−2h"),
        *("–2h", "-1:30h", "2 hours -1 minutes"),
    ],
)
def test_nothing_or_less(words: str) -> None:
    """A length of nothing, or with a sign, is refused in the words that were said."""
    with pytest.raises(NotPositive) as raised:
        said(words)
    assert raised.value.text == words


def test_too_long() -> None:
    """A length beyond what can be counted is refused in the words that were said."""
    with pytest.raises(TooLarge) as raised:
        said("99999999999d 1 hour")
    assert raised.value.text == "99999999999d 1 hour"


@pytest.mark.parametrize(
    ("words", "are_meant"),
    [
        ("2x 2hh 2h- -2h +2h >2h 5k 2mi 2sx 2dx 2wx 2hx 2h/day 2h+ 2h3x 2.5x ٢x 2h30n", True),
        ("2hors 2our 2minuts 2workdayyy 2fortnighst", True),
        (
            "2fa 2xs 2kb 3rd 1st 2nd 4th x2 2 3d-printing 2workdayyyyy 2people 2who 2seats",
            False,
        ),
    ],
)
def test_is_attempt(words: str, *, are_meant: bool) -> None:
    """One letter behind digits, or nearly a unit, was meant as a length; another word was not."""
    found = {word: is_attempt(word) for word in words.split()}
    assert found == dict.fromkeys(found, are_meant)


def test_the_longest_setting() -> None:
    """Forty characters are a setting, and more are none."""
    text = "000000001w000000001d000000001h000000001m"
    assert parse_duration(text) == timedelta(weeks=1, days=1, hours=1, minutes=1)
    with pytest.raises(NotATime):
        parse_duration(f"{text}1s")


def test_is_of_days() -> None:
    """Whole days are those of the calendar, and elapsed ones without a rest."""
    whole = "2 days|1 week|24h|1 month|2 workdays|1 year 3 hours"
    assert all(read_lengths(tuple(each.split()))[0].is_of_days for each in whole.split("|"))
    assert not any(read_lengths((each,))[0].is_of_days for each in ("2h", "25h", "1d1s"))


@pytest.mark.parametrize("unit", ["m", "h", "d", "w"])
def test_what_is_typed_most_is_read_at_once(unit: str) -> None:
    """It means what the general way makes of it, whatever the number."""
    for number in range(1, 1000):
        [general] = read_lengths((f"{number}{unit}",))
        assert plain_length(f"{number}{unit}") == general.elapsed


@pytest.mark.parametrize("text", ["", "h", "0h", "02h", "1000h", "2", "2s", "2H", "2h ", "2h30m"])
def test_all_else_is_read_in_the_general_way(text: str) -> None:
    """Nothing else is taken for one of these."""
    assert plain_length(text) is None
