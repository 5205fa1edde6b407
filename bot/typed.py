"""What somebody typed: out of Slack's escapes, and without what a database cannot hold."""

import re

# With should_escape Slack sends <@U123|name>, <#C123|name>, <!here>, <https://…|label> in place of
# what was typed, and & < > as entities (slack.md §3).
_TAG = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def as_typed(text: str) -> str:
    """The text of a slash command as its writer saw it."""
    text = _TAG.sub(_label, text)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def storable(text: str) -> str:
    """The text without NUL characters, which PostgreSQL refuses, and without half emoji."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _label(tag: re.Match[str]) -> str:
    kind, target, label = tag.groups()
    if kind in ("@", "#"):
        return f"{kind}{label or target}"
    if kind == "!":
        return label or f"@{target}"
    return label or target
