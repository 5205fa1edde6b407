"""Slack's mrkdwn (slack.md §6): is it well formed, how a person reads it, how typing becomes it."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_TAG = re.compile(r"<([^<>]*)>")
_USER = re.compile(r"^@([UW][A-Z0-9]+)(?:\|(.*))?$", re.DOTALL)
_CHANNEL = re.compile(r"^#([CGD][A-Z0-9]+)(?:\|(.*))?$", re.DOTALL)
_GROUP = re.compile(r"^!subteam\^(S[A-Z0-9]+)(?:\|(.*))?$", re.DOTALL)
_SPECIAL = re.compile(r"^!(here|channel|everyone)(?:\|.*)?$")
_DATE = re.compile(r"^!date\^(-?\d+)\^([^^|]+)(?:\^(https?://[^|]+))?\|(.+)$", re.DOTALL)
_LINK = re.compile(r"^(https?://[^\s|]+|mailto:[^\s|]+)(?:\|(.*))?$", re.DOTALL)
_TOKEN = re.compile(r"\{([^{}]*)\}")
_QUOTE_MARK = re.compile(r"^(?:>>>|>)", re.MULTILINE)
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_DATE_STYLES = ("", "_short", "_long", "_pretty", "_short_pretty", "_long_pretty", "_num")
_DATE_TOKENS = {f"date{style}" for style in _DATE_STYLES} | {"time", "time_secs", "ago"}


def escape(text: str) -> str:
    """The three characters that Slack escapes, ampersand first."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The reverse of ``escape``."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def problems_of_mrkdwn(text: str) -> Iterator[str]:
    """One sentence for each place where markup is malformed or a character is not escaped."""
    for tag in _TAG.findall(text):
        yield from _problems_of_tag(tag)
    rest = _QUOTE_MARK.sub("", _TAG.sub("", text))
    if "<" in rest or ">" in rest:
        yield "must escape < and > outside of markup"
    if _ENTITY.search(rest):
        yield "must escape & as &amp;"


def _problems_of_tag(tag: str) -> Iterator[str]:
    if date := _DATE.match(tag):
        unknown = [token for token in _TOKEN.findall(date[2]) if token not in _DATE_TOKENS]
        if unknown:
            yield f"unknown date token {{{unknown[0]}}}"
        if "{" not in date[2]:
            yield f"a date without any token: <{tag}>"
    elif not any(kind.match(tag) for kind in (_USER, _CHANNEL, _GROUP, _SPECIAL, _LINK)):
        yield f"malformed markup: <{tag}>"


def readable_mrkdwn(
    text: str, names: Mapping[str, str], zone: str = "UTC", now: datetime | None = None
) -> str:
    """``text`` as a person sees it: names for mentions, local times for dates, labels for links.

    ``names`` maps ids of people, groups and channels to what is shown after ``@`` or ``#``.
    """

    def show(tag: re.Match[str]) -> str:
        return _shown_tag(tag[1], names, ZoneInfo(zone), now)

    return unescape(_TAG.sub(show, text))


def _shown_tag(tag: str, names: Mapping[str, str], zone: ZoneInfo, now: datetime | None) -> str:
    if mention := _USER.match(tag) or _GROUP.match(tag):
        return "@" + names.get(mention[1], mention[2] or mention[1]).removeprefix("@")
    if channel := _CHANNEL.match(tag):
        return "#" + names.get(channel[1], channel[2] or channel[1])
    if special := _SPECIAL.match(tag):
        return f"@{special[1]}"
    if date := _DATE.match(tag):
        return _shown_date(int(date[1]), date[2], zone, now)
    if link := _LINK.match(tag):
        return link[2] or link[1].removeprefix("mailto:")
    return f"<{tag}>"


def _shown_date(unix: int, form: str, zone: ZoneInfo, now: datetime | None) -> str:
    moment = datetime.fromtimestamp(unix, zone)
    today = (now or datetime.now(UTC)).astimezone(zone)
    return _TOKEN.sub(lambda token: _shown_token(token[1], moment, today), form)


def _shown_token(token: str, moment: datetime, today: datetime) -> str:
    day = moment.day
    written: dict[str, Callable[[], str]] = {
        "date_num": lambda: f"{moment:%Y-%m-%d}",
        "date": lambda: f"{moment:%B} {day}, {moment.year}",
        "date_short": lambda: f"{moment:%b} {day}, {moment.year}",
        "date_long": lambda: f"{moment:%A}, {moment:%B} {day}, {moment.year}",
        "time": lambda: f"{moment:%H:%M}",
        "time_secs": lambda: f"{moment:%H:%M:%S}",
        "ago": lambda: _ago(moment - today),
    }
    plain = token.removesuffix("_pretty")
    if plain != token and (word := _near_day(moment, today)):
        return word
    return written[plain]() if plain in written else f"{{{token}}}"


def _near_day(moment: datetime, today: datetime) -> str | None:
    words = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return words.get((moment.date() - today.date()).days)


def _ago(distance: timedelta) -> str:
    seconds = int(abs(distance.total_seconds()))
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    name, size = next(((n, s) for n, s in units if seconds >= s), units[-1])
    amount = f"{seconds // size} {name}{'' if seconds // size == 1 else 's'}"
    return f"{amount} ago" if distance <= timedelta() else f"in {amount}"


_TYPED = re.compile(
    r"(?P<link>https?://[^\s<>]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+\.[\w.-]+\w)"
    r"|(?<![\w&])(?P<mark>[@#])(?P<name>[a-z0-9][a-z0-9._-]*)"
)


def typed_to_escaped(typed: str, mentions: Mapping[str, str]) -> str:
    """What Slack sends for text typed after a command with ``should_escape: true``.

    ``mentions`` maps ``@name`` and ``#name`` to markup; an unknown name stays as typed.
    """

    def mark(found: re.Match[str]) -> str:
        if found["link"]:
            return f"<{found[0]}>"
        if found["mail"]:
            return f"<mailto:{found[0]}|{found[0]}>"
        return mentions.get(found[0], found[0])

    return _TYPED.sub(mark, escape(typed))
