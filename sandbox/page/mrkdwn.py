"""Slack's mrkdwn as safe HTML (slack.md §6), with the names and local times of one reader."""

import html
import re
from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from sandbox.slack.markup import readable_mrkdwn, unescape

_PART = re.compile(r"```(?P<fence>.+?)```|`(?P<code>[^`\n]+)`|<(?P<tag>[^<>]*)>", re.DOTALL)
_KEPT = re.compile("\x00(\\d+)\x00")
# A mark opens after a space or punctuation only; the bot breaks up people's own marks with a
# zero-width space, which is neither.
_STYLES = tuple(
    (
        re.compile(
            rf"(?<![\w\u200b{mark}]){mark}(?![\s\u200b{mark}])([^\n]*?[^\s\u200b]){mark}(?![\w{mark}])"
        ),
        name,
    )
    for mark, name in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
)
_EMOJI = re.compile(
    "[\u231a\u231b\u23e9-\u23f3\u26a0\u26aa\u26ab\u2705\u274c\u2b1b\u2b1c\u2b50"
    "\U0001f300-\U0001faff]\ufe0f?"
)
_QUOTE = re.compile(r"^(?:&gt;)\s?", re.MULTILINE)
_BULLET = re.compile(r"^(?:•|\d+\.)\s+")


class Mrkdwn:
    """Renders for a reader in ``zone``; ``names`` maps ids to what is shown for them."""

    def __init__(self, names: Mapping[str, str], zone: str, now: datetime) -> None:
        self._names = names
        self._zone = zone
        self._now = now

    def render(self, text: str) -> Markup:
        """``text`` as HTML."""
        kept: list[str] = []

        def keep(found: re.Match[str]) -> str:
            kept.append(self._part(found))
            return f"\x00{len(kept) - 1}\x00"

        plain = html.escape(unescape(_PART.sub(keep, text.replace("\x00", ""))), quote=False)
        for pattern, name in _STYLES:
            plain = pattern.sub(rf"<{name}>\1</{name}>", plain)
        plain = _EMOJI.sub(lambda sign: f'<span class="emoji">{sign[0]}</span>', plain)
        lines = "".join(_line(line) for line in plain.split("\n"))
        return Markup(_KEPT.sub(lambda place: kept[int(place[1])], lines))  # noqa: S704 - escaped

    def _part(self, found: re.Match[str]) -> str:
        if found["fence"] is not None:
            return f"<pre>{_escaped(found['fence'].strip())}</pre>"
        if found["code"] is not None:
            return f"<code>{_escaped(found['code'])}</code>"
        return self._tag(found["tag"])

    def _tag(self, tag: str) -> str:
        words = html.escape(readable_mrkdwn(f"<{tag}>", self._names, self._zone, self._now))
        if tag.startswith(("http://", "https://", "mailto:")):
            address = html.escape(unescape(tag.partition("|")[0]))
            return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{words}</a>'
        if tag.startswith("!date"):
            return f"<time>{words}</time>"
        return f'<span class="mention">{words}</span>'


def _escaped(text: str) -> str:
    return html.escape(unescape(text), quote=False)


def _line(line: str) -> str:
    """One line; quotes and bullets hang."""
    if _QUOTE.match(line):
        return f'<span class="line quote">{_QUOTE.sub("", line)}</span>'
    if _BULLET.match(line):
        return f'<span class="line bullet">{line}</span>'
    return f'<span class="line">{line}</span>' if line else '<span class="line gap"></span>'
