"""A message or view as lines of plain text, the way a person reads it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.slack.blockkit import elements_of
from sandbox.slack.fields import is_stateful, value_of
from sandbox.slack.markup import readable_mrkdwn
from sandbox.slack.workspace import Message, View, Workspace


class Reader:
    """Reads for somebody in a time zone; ``now`` decides what is called today."""

    def __init__(self, workspace: Workspace, zone: str, now: datetime) -> None:
        self._names = workspace.names()
        self._zone = zone
        self._now = now

    def read(self, shown: Message | View) -> str:
        """All that is visible, one line a part; buttons stand in square brackets."""
        lines = [line for block in shown.blocks for line in self._block(block, shown) if line]
        if isinstance(shown, View):
            return "\n".join([shown.title, *lines, *self._errors(shown)]).strip()
        return "\n".join(lines) if lines else self._mrkdwn(shown.text)

    def _errors(self, view: View) -> list[str]:
        return [f"! {sentence}" for sentence in view.errors.values()]

    def _block(self, block: dict[str, Any], shown: Message | View) -> list[str]:
        readers: dict[str, Callable[[], list[str]]] = {
            "divider": lambda: ["—"],
            "image": lambda: [f"({block['alt_text']})"],
            "context": lambda: [" ".join(self._item(item) for item in block["elements"])],
            "actions": lambda: [
                " ".join(self._element(e, block, shown) for e in elements_of(block))
            ],
            "input": lambda: [self._input(block, shown)],
            "markdown": lambda: [str(block["text"])],
            "rich_text": lambda: ["".join(_leaves(block))],
        }
        if reader := readers.get(block["type"]):
            return reader()
        return self._section(block, shown)

    def _section(self, block: dict[str, Any], shown: Message | View) -> list[str]:
        texts = [block["text"]] if "text" in block else []
        lines = [self._text(text) for text in texts + list(block.get("fields", []))]
        return lines + [self._element(e, block, shown) for e in elements_of(block)]

    def _item(self, item: dict[str, Any]) -> str:
        return f"({item['alt_text']})" if item["type"] == "image" else self._text(item)

    def _input(self, block: dict[str, Any], shown: Message | View) -> str:
        field = self._element(block["element"], block, shown)
        return f"{self._text(block['label'])}: {field}"

    def _element(
        self, element: dict[str, Any], block: dict[str, Any], shown: Message | View
    ) -> str:
        if element["type"] == "button":
            return f"[{element['text']['text']}]"
        if element["type"] == "image":
            return f"({element['alt_text']})"
        if is_stateful(element):
            entry = shown.values[block["block_id"]][element["action_id"]]
            return self._value(value_of(entry)) or "____"
        return "[…]"

    def _value(self, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(self._value(inner) for inner in value)
        if isinstance(value, dict):
            return self._text(value["text"])
        return "" if value is None else self._names.get(str(value), str(value))

    def _text(self, text: dict[str, Any]) -> str:
        return str(text["text"]) if text["type"] == "plain_text" else self._mrkdwn(text["text"])

    def _mrkdwn(self, text: str) -> str:
        return readable_mrkdwn(text, self._names, self._zone, self._now)


def _leaves(value: Any) -> list[str]:
    """Every ``text`` inside a rich text block, in order."""
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + _leaves(value.get("elements", []))
