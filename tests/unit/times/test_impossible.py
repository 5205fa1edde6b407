"""What there is not on a clock or in a calendar is named, and what there is goes through."""

import pytest

from bot.times.impossible import refuse_impossible
from bot.times.span import SHOWN_TEXT, DurationError, Impossible


@pytest.mark.parametrize(
    "said",
    [
        # The first and the last of each.
        *("1am", "12pm", "12:59pm", "12.00am", "0:00", "00:00:00", "23:59", "23:00:59", "24:00"),
        *("24:00:00", "2026-12-31", "2028-02-29", "9999/01/01", "0001-01-01", "31.12.2026"),
        *("1/31/2026", "31/1/2026", "by 23.59", "by 1.31", "by 0.12", "by 31.12", "by 12/31"),
        *("31 december", "december 31", "29 of february", "by february 29", "29 february 2028"),
        *("29 feb 2024 10:00", "feb 29 17:00", "1st march", "by 30. april"),
        # Not behind a word that leads to a day: a version, a share, a count.
        *("2.13", "31/12", "13/40", "32 march", "40 may", "may 99", "32 march by", "at x 32 may"),
        *("friday", "from 9 to 5", ""),
    ],
)
def test_there_is_such_a_time(said: str) -> None:
    """Nothing is refused that could be meant."""
    refuse_impossible(tuple(said.split()), said)


CLOCK, CALENDAR = "there is no {} on the clock", "there is no {} in the calendar"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        *((each, CLOCK.format(each)) for each in ("0am", "13pm", "1:60pm", "12.60am", "24:01")),
        *((each, CLOCK.format(each)) for each in ("23:60", "25:00", "10:00:60", "24:00:01")),
        ("until 24:30", CLOCK.format("24:30")),
        *((each, CALENDAR.format(each)) for each in ("2026-13-01", "2026-00-10", "2026-01-32")),
        *((each, CALENDAR.format(each)) for each in ("2027-02-29", "2026/01/00", "0000-01-01")),
        *((each, CALENDAR.format(each)) for each in ("29.02.2027", "13/13/2026", "31.13.2026")),
        *((each, CALENDAR.format(each)) for each in ("1.31.2026", "23.59.2026", "0/1/2026")),
        ("by 24.13", CALENDAR.format("24.13")),
        ("by 23.60", CALENDAR.format("23.60")),
        ("friday 13/32", CALENDAR.format("13/32")),
        ("30 february", "there is no 30 February"),
        ("31 of april", "there is no 31 April"),
        ("by 32 march", "there is no 32 March"),
        ("at 99 december", "there is no 99 December"),
        ("x by 32 march", "there is no 32 March"),
        ("0 may", "there is no 0 May"),
        ("february 30th 10:00", "there is no 30 February"),
        ("29 february 2027", "there is no 29 February 2027"),
        ("feb 29 2027 17:00", "there is no 29 February 2027"),
        ("29 february x 2027", None),
        ("30 february 2028", "there is no 30 February"),
    ],
)
def test_there_is_no_such_time(said: str, why: str | None) -> None:
    """Whoever typed it is told what there is not, in their own words."""
    if why is None:
        refuse_impossible(tuple(said.split()), said)
        return
    with pytest.raises(Impossible) as caught:
        refuse_impossible(tuple(said.split()), said)
    assert (caught.value.why, caught.value.text) == (why, said)


@pytest.mark.parametrize("more", [0, 1, 50])
def test_what_was_typed_is_shown_in_short(more: int) -> None:
    """As much as fits, with a mark for the rest."""
    typed = "x" * (SHOWN_TEXT + more)
    error = DurationError(typed)
    assert error.text == str(error) == (typed if not more else "x" * (SHOWN_TEXT - 1) + "…")
