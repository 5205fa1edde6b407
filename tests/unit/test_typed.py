"""What somebody typed, out of Slack's escapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import as_typed, storable
from sandbox.slack.markup import escape

TYPED = [
    ("", ""),
    ("plain words", "plain words"),
    ("R&amp;D &lt;now&gt;", "R&D <now>"),
    ("&amp;lt;", "&lt;"),
    ("with <@U0ADA|ada>", "with @ada"),
    ("with <@U0ADA>", "with @U0ADA"),
    ("in <#C0SALES|sales>", "in #sales"),
    ("<!here> and <!subteam^S1|@sales>", "@here and @sales"),
    ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
    ("see <https://example.com|example.com>", "see example.com"),
    ("to <mailto:a@example.com|a@example.com>", "to a@example.com"),
]


@pytest.mark.parametrize(("sent", "typed"), TYPED)
def test_slacks_escapes(sent: str, typed: str) -> None:
    """Entities and markup become what stood on the screen."""
    assert as_typed(sent) == typed


@given(st.text())
def test_what_is_escaped_comes_back(text: str) -> None:
    """Any text survives Slack's escaping unchanged."""
    assert as_typed(escape(text)) == text


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_stored(text: str) -> None:
    """No NUL and no half emoji is left, and what UTF-8 can hold stays."""
    kept = storable(text)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    if "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text):
        assert kept == text
