"""Slack's markup, safely: mentions, times in the reader's zone, and what people typed.

Rules: slack.md §6. Text of people is made into shown text, escaped, and its formatting marks and
codes of emoji are broken up, wherever it stands in mrkdwn.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.cards import foreign
from models.particulars import ERASED

_MENTION = re.compile(r"<@([A-Z0-9]+)>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# An underscore inside a word formats nothing, and addresses have to stay copyable.
_MARKS = re.compile(r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9@.])")
# ``:name:`` becomes a picture, which could be taken for one of ours. Names of emoji have no blanks.
_EMOJI_CODE = re.compile(r":(?=[^\s:]+:)")
_BREAK = "\u200b"  # zero width: keeps a mark from opening or closing anything
_SEEN_MARKS = re.compile(f"(?<!{_BREAK})[*`]|[*`](?!{_BREAK})")
_DAY = timedelta(days=1)


def mention(user_id: str) -> str:
    """A person's name as every reader's Slack shows it; of whoever was forgotten there is none."""
    return "somebody who was forgotten" if user_id.startswith(ERASED) else f"<@{user_id}>"


def moment(when: datetime) -> str:
    """A point in time in the reader's own zone; the fallback names its zone."""
    return _token(when, "{date_short_pretty} at {time}", "%a %d %b %Y, %H:%M UTC")


def day(when: datetime) -> str:
    """The date alone, in the reader's own zone."""
    return _token(when, "{date_short}", "%d %b %Y")


def stretch(began: datetime, over: datetime) -> str:
    """From one point in time to another; where no more than a day lies between them, the date is
    said once: ``28 Nov 2026 18:50–18:52``."""
    if over - began >= _DAY:
        return f"{_short(began)}–{_short(over)}"
    return f"{_short(began)}–{clock(over)}"


def clock(when: datetime) -> str:
    """The time of day alone."""
    return _token(when, "{time}", "%H:%M UTC")


def quoted(text: str) -> str:
    """What somebody typed, on one line, so that it can neither mention, link nor format."""
    return _escaped(foreign.plain(text))


def quoted_name(text: str) -> str:
    """The same for what somebody is called outside Slack."""
    return _escaped(foreign.name(text))


def quoted_address(text: str) -> str:
    """The same for an email address; it has a line, or a place in a list, of its own."""
    return _escaped(foreign.address(text))


def mentioned(text: str) -> Sequence[str]:
    """The Slack ids of everybody who is mentioned."""
    return _MENTION.findall(text)


def unmarked(text: str, names: Mapping[str, str] | None = None) -> str:
    """The same for places that show plain text only, such as the errors in a form: ``names`` are
    those of the people who are mentioned, by their Slack ids."""
    called = names or {}
    parts = _MENTION.split(text)  # every second one is an id
    parts[1::2] = [foreign.name(called.get(each, "")) or "that person" for each in parts[1::2]]
    text = _DATE.sub(r"\1", "".join(parts))
    for character, entity in reversed(_ESCAPES.items()):
        text = text.replace(entity, character)
    return text.replace(_BREAK, "").replace("`", "").replace("*", "")


def heard(text: str) -> str:
    """A text without our marks, which a screen reader and a phone would show; what people typed
    keeps its own."""
    return _SEEN_MARKS.sub("", text)


def _short(when: datetime) -> str:
    return _token(when, "{date_short} {time}", "%d %b %Y %H:%M UTC")


def _token(when: datetime, form: str, fallback: str) -> str:
    spoken = when.astimezone(UTC).strftime(fallback)
    return f"<!date^{int(when.timestamp())}^{form}|{spoken}>"


def _escaped(text: str) -> str:
    for character, entity in _ESCAPES.items():
        text = text.replace(character, entity)
    text = _MARKS.sub(rf"{_BREAK}\g<0>{_BREAK}", text)
    return _EMOJI_CODE.sub(f":{_BREAK}", text)
