"""Slack's markup: what people typed is only text, times have a fallback, plain is plain."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted, unmarked
from sandbox.slack.markup import problems_of_mrkdwn, readable_mrkdwn

NAMES = {"U0ADA": "Ada", "C0SALES": "sales"}
NASTY = st.text(st.sampled_from("<>&|!@#*_~`^{}\n\u202e\u200bUA0") | st.characters(codec="utf-8"))


@given(NASTY)
def test_quoted_text_is_only_text(text: str) -> None:
    """Whatever was typed is valid mrkdwn, mentions and links nothing, and reads as its letters."""
    shown = quoted(text)
    assert not list(problems_of_mrkdwn(shown))
    assert "<" not in shown
    assert ">" not in shown
    read = readable_mrkdwn(shown, NAMES)
    assert read.replace("\u200b", "") == plain(text)


def test_quoted_text_stays_on_its_line() -> None:
    """Line ends of what was typed do not begin lines of the bot's own words."""
    assert quoted("one\r\n• two\u2028three") == "one • two three"


def test_addresses_can_be_copied() -> None:
    """An underscore inside an address is left alone, and one that could format is not."""
    assert quoted("ben_o_kafor@example.com") == "ben_o_kafor@example.com"
    assert quoted("_slanted_") != "_slanted_"


@pytest.mark.parametrize("text", ["*bold*", "_it_", "~no~", "`code`", "```block```", "**"])
def test_quoted_marks_do_not_format(text: str) -> None:
    """A formatting mark never stands directly beside a letter or another mark."""
    shown = quoted(text)
    for mark in "*_~`":
        for place, character in enumerate(shown):
            if character == mark:
                assert shown[place - 1] == "\u200b"
                assert shown[place + 1] == "\u200b"


@pytest.mark.parametrize("text", [":white_check_mark:", "Ben:+1:", ":a:b:", "::x::", ":é-1:"])
def test_quoted_codes_are_no_emoji(text: str) -> None:
    """What would become a picture of ours is shown as it was typed."""
    shown = quoted(text)
    assert not re.search(r":[^\s:\u200b]+:", shown)
    assert shown.replace("\u200b", "") == text


def test_moments_are_local_with_a_fallback() -> None:
    """A time is Slack's date markup; its fallback is UTC and says so, whatever zone came in."""
    tokyo = timezone(timedelta(hours=9))
    when = datetime(2026, 11, 27, 17, tzinfo=UTC)
    assert moment(when) == moment(when.astimezone(tokyo))
    assert not list(problems_of_mrkdwn(moment(when)))
    assert "Fri 27 Nov 2026, 17:00 UTC" in moment(when)
    assert "18:00" in readable_mrkdwn(moment(when), NAMES, "Europe/Berlin")


def test_mentions_are_mentions() -> None:
    """A person is shown by the name that every reader's Slack knows."""
    assert readable_mrkdwn(mention("U0ADA"), NAMES) == "@Ada"


def test_plain_text_has_no_markup() -> None:
    """Where Slack shows no markup, none is left: names, times, entities and marks are words."""
    when = moment(datetime(2026, 11, 27, 17, tzinfo=UTC))
    text = f"*{mention('U0ADA')}* until {when}, `/sendas list` {quoted('R&D <b>')}"
    assert unmarked(text) == ("that person until Fri 27 Nov 2026, 17:00 UTC, /sendas list R&D <b>")


def test_plain_text_has_names() -> None:
    """Whose name is known is called by it; the names of others do not matter."""
    text = f"{mention('U0ADA')} and {mention('U0BEN')}: {mention('U0ADA')}"
    names = {"U0ADA": "Ada \u202eLindqvist", "U0CLEO": "Cleo"}
    assert unmarked(text, names) == "Ada Lindqvist and that person: Ada Lindqvist"


@given(NASTY)
def test_plain_text_of_what_was_typed_is_what_was_typed(text: str) -> None:
    """Quoting and unmarking gives the letters back, without the formatting marks between them."""
    letters = plain(text)
    for mark in "*`":
        letters = letters.replace(mark, "")
    assert unmarked(quoted(text)) == letters
