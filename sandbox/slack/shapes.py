"""Small rules from which the Block Kit checks are put together; each finding names its place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.markup import problems_of_mrkdwn

Rule = Callable[["Findings", Any, str], None]


class Findings:
    """The problems found so far, worded like Slack's ``response_metadata.messages``."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, pointer: str, problem: str) -> None:
        """Note ``problem`` at the JSON pointer."""
        self.problems.append(f"[ERROR] {problem} [json-pointer:{pointer}]")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which keys an object may have, what each must be, and which must be there."""

    rules: Mapping[str, Rule]
    required: tuple[str, ...] = ()
    more: tuple[Rule, ...] = field(default=())

    def __call__(self, found: Findings, value: Any, pointer: str) -> None:
        """Check one object against this shape; a null value is an error, not an absence."""
        if not isinstance(value, dict):
            found.add(pointer, "must provide an object")
            return
        for key in self.required:
            if key not in value:
                found.add(pointer, f"missing required field: {key}")
        for key, inner in value.items():
            self._check_key(found, key, inner, f"{pointer}/{key}")
        for rule in self.more:
            rule(found, value, pointer)

    def _check_key(self, found: Findings, key: str, inner: Any, pointer: str) -> None:
        if key == "type":
            return
        rule = self.rules.get(key)
        if rule is None:
            found.add(pointer, f"invalid additional property: {key}")
        elif inner is None:
            found.add(pointer, "must not be null")
        else:
            rule(found, inner, pointer)


def string(limit: int, minimum: int = 0, pattern: str | None = None) -> Rule:
    """A string of ``minimum`` to ``limit`` characters that matches ``pattern`` as a whole."""

    def check(found: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            found.add(pointer, "must be a string")
        else:
            check_length(found, value, pointer, limit, minimum)
            if pattern and not re.fullmatch(pattern, value):
                found.add(pointer, f"failed to match pattern {pattern}")

    return check


def check_length(found: Findings, value: str, pointer: str, limit: int, minimum: int = 0) -> None:
    """Lengths are counted in code points; what Slack counts is unknown (slack.md §5)."""
    if len(value) > limit:
        found.add(pointer, f"must be less than {limit + 1} characters")
    if len(value) < minimum:
        found.add(pointer, f"must be more than {minimum - 1} characters")


def boolean(found: Findings, value: Any, pointer: str) -> None:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        found.add(pointer, "must be a boolean")


def integer(low: int, high: int) -> Rule:
    """A whole number between ``low`` and ``high``."""

    def check(found: Findings, value: Any, pointer: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            found.add(pointer, "must be an integer")
        elif not low <= value <= high:
            found.add(pointer, f"must be between {low} and {high}")

    return check


def one_of(*words: str) -> Rule:
    """One of a few fixed words."""

    def check(found: Findings, value: Any, pointer: str) -> None:
        if value not in words:
            found.add(pointer, f"must be one of: {', '.join(words)}")

    return check


def items(rule: Rule, low: int, high: int) -> Rule:
    """A list of ``low`` to ``high`` items that each obey ``rule``."""

    def check(found: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            found.add(pointer, "must be an array")
            return
        if len(value) > high:
            found.add(pointer, f"no more than {high} items allowed")
        if len(value) < low:
            found.add(pointer, f"no fewer than {low} items allowed")
        for index, item in enumerate(value):
            rule(found, item, f"{pointer}/{index}")

    return check


def anything(found: Findings, value: Any, pointer: str) -> None:
    """No rule; for parts whose inside is not documented."""


def text(limit: int, *kinds: str) -> Rule:
    """A text object (slack.md §5): 1 to ``limit`` characters, of one of ``kinds``."""
    allowed = kinds or ("plain_text", "mrkdwn")

    def check(found: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            found.add(pointer, "must provide an object")
        elif value.get("type") not in allowed:
            found.add(f"{pointer}/type", f"must be one of: {', '.join(allowed)}")
        else:
            _check_text(found, value, pointer, limit)

    return check


def plain(limit: int) -> Rule:
    """A ``plain_text`` object of 1 to ``limit`` characters."""
    return text(limit, "plain_text")


def _check_text(found: Findings, value: dict[str, Any], pointer: str, limit: int) -> None:
    is_plain = value["type"] == "plain_text"
    extra = "emoji" if is_plain else "verbatim"
    Shape({"text": string(limit, 1), extra: boolean}, ("text",))(found, value, pointer)
    if not is_plain and isinstance(value.get("text"), str):
        for problem in problems_of_mrkdwn(value["text"]):
            found.add(f"{pointer}/text", problem)
