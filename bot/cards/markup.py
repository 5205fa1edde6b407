"""Slack's markup, safely: mentions, times in the reader's zone, and what people typed.

Rules: slack.md §6. Text of people is escaped, and its formatting marks are broken up, wherever it
stands in mrkdwn.
"""

import re
from datetime import UTC, datetime

_MENTION = re.compile(r"<@[A-Z0-9]+>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = "*_~`"
_BREAK = "\u200b"  # zero width: keeps a mark from opening or closing anything


def mention(user_id: str) -> str:
    """A person's name as every reader's Slack shows it."""
    return f"<@{user_id}>"


def moment(when: datetime) -> str:
    """A point in time in the reader's own zone; the fallback names its zone."""
    fallback = when.astimezone(UTC).strftime("%a %d %b %Y, %H:%M UTC")
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def quoted(text: str) -> str:
    """What somebody typed, so that it can neither mention, link nor format."""
    for character, entity in _ESCAPES.items():
        text = text.replace(character, entity)
    for mark in _MARKS:
        text = text.replace(mark, f"{_BREAK}{mark}{_BREAK}")
    return text


def unmarked(text: str) -> str:
    """The same for places that show plain text only, such as the errors in a form."""
    text = _DATE.sub(r"\1", _MENTION.sub("that person", text))
    for character, entity in reversed(_ESCAPES.items()):
        text = text.replace(entity, character)
    return text.replace(_BREAK, "").replace("`", "").replace("*", "")
