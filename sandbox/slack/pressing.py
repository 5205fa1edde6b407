"""Which element a person means, and the action that pressing it reports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sandbox.people import SandboxPerson
from sandbox.slack.blockkit import elements_of
from sandbox.slack.fields import chosen, is_stateful, option, options_of, sent_back

_PEOPLE_SELECTS = ("users_select", "multi_users_select")
Resolve = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Dialog:
    """What Slack asks before it passes a press on; the bot never hears of a "no"."""

    title: str
    text: str
    confirm: str
    deny: str
    style: str


@dataclass(frozen=True, slots=True)
class Press:
    """One element and, for those that offer a choice, what was chosen."""

    block: dict[str, Any]
    element: dict[str, Any]
    value: Any

    @property
    def is_silent(self) -> bool:
        """Whether the client keeps it to itself until the form is submitted."""
        return self.block["type"] == "input" and not self.block.get("dispatch_action")

    @property
    def dialog(self) -> Dialog | None:
        """The question that stands before it, if any."""
        asked = self.element.get("confirm")
        if asked is None:
            return None
        words = {key: asked[key]["text"] for key in ("title", "text", "confirm", "deny")}
        return Dialog(**words, style=asked.get("style", "primary"))

    @property
    def url(self) -> str | None:
        """Where a link button, or a link in an overflow menu, leads."""
        if self.element["type"] == "overflow":
            return option(self.element, self.value).get("url")
        return self.element.get("url")

    def action(self, action_ts: str) -> dict[str, Any]:
        """The entry of ``actions[]`` (slack.md §4)."""
        entry = {
            "type": self.element["type"],
            "action_id": self.element["action_id"],
            "block_id": self.block["block_id"],
            "action_ts": action_ts,
        }
        reported: dict[str, Any] = sent_back(entry | self._reported())
        return reported

    def _reported(self) -> dict[str, Any]:
        if self.element["type"] == "button":
            keys = ("text", "value", "style")
            return {key: self.element[key] for key in keys if key in self.element}
        if self.element["type"] == "overflow":
            return {"selected_option": option(self.element, self.value)}
        return chosen(self.element, self.value)


def find_press(
    blocks: list[dict[str, Any]], wanted: str, value: Any, index: int | None, resolve: Resolve
) -> Press:
    """The element that is called ``wanted``: visible text, label, action id or block id.

    ``value`` tells equal buttons apart and is the choice in everything else; ``resolve`` makes
    people into ids. Raises ``AssertionError`` when there is none, or several and no ``index``.
    """
    found = [
        (block, element)
        for block in blocks
        for element in elements_of(block)
        if wanted in _names(block, element) and _has_value(element, value)
    ]
    if not found:
        raise AssertionError(f"nothing here is called {wanted!r}; there is {all_names(blocks)}")
    if len(found) > 1 and index is None:
        raise AssertionError(f"{len(found)} elements are called {wanted!r}: name value or index")
    block, element = found[index or 0]
    if element["type"] == "overflow" and value is None:
        value = wanted
    return Press(block, element, element_value(element, value, resolve))


def all_names(blocks: list[dict[str, Any]]) -> list[str]:
    """What a person could press, by its most visible name."""
    return [
        element.get("text", {}).get("text") or element.get("action_id", "")
        for block in blocks
        for element in elements_of(block)
        if element["type"] != "image"
    ]


def _names(block: dict[str, Any], element: dict[str, Any]) -> set[str]:
    names = {element.get("action_id"), block.get("block_id")}
    names.add(element.get("text", {}).get("text"))
    names.add(block.get("label", {}).get("text"))
    if element["type"] == "overflow":
        names |= {choice["text"]["text"] for choice in options_of(element)}
    return {name for name in names if name}


def _has_value(element: dict[str, Any], value: Any) -> bool:
    return value is None or element["type"] != "button" or element.get("value") == value


def element_value(element: dict[str, Any], value: Any, resolve: Resolve) -> Any:
    """``value`` as Slack has it: people as ids, moments as text or Unix seconds."""
    if isinstance(value, date | time):
        return _moment(element, value)
    if element["type"] not in _PEOPLE_SELECTS or value is None:
        return value
    if isinstance(value, (str, SandboxPerson)):
        person = resolve(value)
        return [person] if element["type"].startswith("multi_") else person
    return [resolve(person) for person in value]


def _moment(element: dict[str, Any], value: date | time) -> str | int:
    if element["type"] == "datetimepicker" and isinstance(value, datetime):
        return int(value.timestamp())
    if element["type"] == "datepicker" and isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if element["type"] == "timepicker" and isinstance(value, time):
        return f"{value:%H:%M}"
    raise AssertionError(f"a {element['type']} does not take {value!r}")


def keeps_value(press: Press) -> bool:
    """Whether the press changes ``state.values``."""
    return is_stateful(press.element)
