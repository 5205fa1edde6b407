"""What precedes a time or follows it: a separator, a part of the time, or the reason."""

import pytest

from bot.times.leftovers import (
    refuse_left_over,
    time_at_the_end,
    time_behind_courtesy,
    without_separator,
)
from bot.times.span import DurationError, LeftOver, NotATime, NotEnglish
from bot.times.tokens import tokens_of
from tests.unit.times.typed import BERLIN, NOW


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        *((f"{sign} x", "x") for sign in "-–—−,;:|•→"),
        *((f"{sign}2h", f"{sign}2h") for sign in "-−–"),
        *((text, "2h") for text in ("- 2h", "--2h", "—2h", ":2h", "—–- 2h", "  - 2h  ")),
        *((text, text) for text in ("2h x", ":tada: x", "5-", "X", "")),
        ("-x", "x"),
        ("-", ""),
    ],
)
def test_without_separator(text: str, rest: str) -> None:
    """What separates is gone; the sign of a number and an emoji stay."""
    assert without_separator(text) == rest


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("Covering until friday", "until friday"),
        ("Covering leads until friday", "until friday"),
        ("Covering until the end of next week", "until the end of next week"),
        ("Covering for 2 weeks", "for 2 weeks"),
        ("Covering for the 2h", "for the 2h"),
        ("Covering 2 hours", "2 hours"),
        ("Covering 2h", "2h"),
        ("Covering from monday to friday", "from monday to friday"),
        ("a b c d e f g h i until friday", "until friday"),
        ("a until 9 in the morning on friday 27 november", ""),
        ("for 2 weeks", "2 weeks"),
        ("until friday", ""),
        ("Covering for friday", ""),
        ("Covering for 2", ""),
        ("Covering for", ""),
        ("Covering for 0h", ""),
        ("Covering -2h", ""),
        ("Covering two hours", ""),
        ("Covering until", ""),
        ("Covering until blursday", ""),
        ("", ""),
    ],
)
def test_time_at_the_end(text: str, late: str) -> None:
    """Only what is clearly meant as the time, and not the whole of a text."""
    assert time_at_the_end(text, NOW, BERLIN) == late


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("I need 2h for the demo", "2h"),
        ("hi, until friday please", "until friday"),
        ("please 2h", "2h"),
        ("I need 2h and about", "2h"),
        ("please until", "until"),
        ("please until the demo", "until"),
        ("2h", ""),
        ("please", ""),
        ("I need access", ""),
        ("can I have 2 customers", ""),
        ("", ""),
    ],
)
def test_time_behind_courtesy(text: str, late: str) -> None:
    """The time of a sentence that asks for one, without the words that lead on."""
    assert time_behind_courtesy(text, tokens_of(text)) == late


@pytest.mark.parametrize(
    ("start", "end", "added"),
    [
        ("2h", " tomorrow", "tomorrow"),
        ("2h", " - tomorrow", "tomorrow"),
        ("2h", " tomorrow demo", "tomorrow"),
        ("2h,", " friday demo", "friday"),
        ("2h", " for friday", "for friday"),
        ("2h", " on friday demo", "on friday"),
        ("2h", " by friday demo", "by friday"),
        ("2h", " in 2h demo", "in 2h"),
        ("2h", " and friday demo", "and friday"),
        ("2h", " or tomorrow about demo", "or tomorrow"),
        ("2h", " friday about max demo", "friday"),
        ("2h", " until friday", "until friday"),
        ("2h", " until friday demo", "until friday"),
        ("2h", " until friday and demo", "until friday"),
        ("2h", " once", "once"),
        ("2h", " sat", "sat"),
        ("2h", " sat in", "sat in"),
        ("2h", " sat 3pm demo", "sat 3pm"),
        ("until friday", " 5 leads", "5"),
        ("until friday", " at 5 leads", "at 5"),
        ("until 5pm", " her time", "her time"),
        ("until 5pm", " her time demo", "her time"),
        ("until 5pm", " Ada's time please", "Ada's time"),
        ("until 5pm", " Ada’s time please", "Ada’s time"),
        ("until 5pm", " ada's time please", "ada's time"),
        ("until 5pm", " ada’s time please", "ada’s time"),
        ("until 5pm", " Narnia time demo", "Narnia time"),
        ("until 5pm", " office time demo", "office time"),
        ("until 5pm", " London", "London"),
        ("until 5pm", " in London", "in London"),
        ("until 5pm", " new york time zone", "new york time"),
        ("until 5pm", " york time", "york time"),
        ("until 5pm", " york CET", "york CET"),
        ("until 5pm", " ET/PT", "ET/PT"),
        ("until 5pm", " ET/x demo", "ET/x"),
        ("until 5pm", " / PT", "/ PT"),
        ("until 5pm", " /–PT", "/"),
        ("until 5pm", " PQT demo", "PQT"),
        ("until 5pm CET", " PQT demo", "PQT"),
        ("until friday 5pm", " PQT demo", "PQT"),
    ],
)
def test_left_over(start: str, end: str, added: str) -> None:
    """A part of the time is named, with all that stands there as the reason."""
    with pytest.raises(LeftOver) as raised:
        refuse_left_over(start, end, NOW, BERLIN)
    assert (raised.value.understood, raised.value.added) == (start, added)
    assert raised.value.rest == without_separator(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        *(("2h", end) for end in ("", " :tada:", " Once more", " Once", " once more", " Later")),
        *(("2h", end) for end in (" - tomorrow demo", " for friday demo", " the friday demo")),
        *(("2h", end) for end in (" on the friday demo", " 5 leads", " 3D printing", " PQT demo")),
        *(("2h", end) for end in (" - bis Freitag", " Sat calls", " sat down with Ada")),
        *((f"2h{sign}", " friday demo") for sign in "-–—;:|•→"),
        *(("until 5pm", end) for end in (" pqt demo", " x/y", " Full time demo", " x time demo")),
        *(("until 5pm", end) for end in (" new york minute", " Ada wants some time")),
        ("until friday", " PQT demo"),
        ("2h", " London"),
    ],
)
def test_nothing_left_over(start: str, end: str) -> None:
    """A reason may have words of a time, behind what begins a sentence or sets it apart."""
    refuse_left_over(start, end, NOW, BERLIN)


@pytest.mark.parametrize(
    ("end", "problem", "text", "rest"),
    [
        (" until blursday demo", NotATime, "until blursday", "demo"),
        (" until blursday", NotATime, "until blursday", ""),
        (" until", NotATime, "until", ""),
        (" bis Freitag", NotEnglish, "bis Freitag", "bis Freitag"),
    ],
)
def test_unreadable(end: str, problem: type[DurationError], text: str, rest: str) -> None:
    """What must be a time, and cannot be read, is refused by name."""
    with pytest.raises(problem) as raised:
        refuse_left_over("2h", end, NOW, BERLIN)
    assert type(raised.value) is problem
    assert (raised.value.text, raised.value.rest) == (text, rest)
