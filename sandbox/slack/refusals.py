"""How a Web API method says no, and what every method is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.slack.workspace import Channel, Workspace

Arguments = dict[str, Any]
Answer = dict[str, Any]


class Refusal(Exception):
    """An ``ok: false`` answer with its error and further keys."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


def with_messages(error: str, problems: list[str]) -> Refusal:
    """A refusal that lists its reasons the way Slack does (slack.md §5)."""
    return Refusal(error, errors=problems, response_metadata={"messages": problems})


@dataclass(frozen=True, slots=True)
class Caller:
    """The bot that calls: the workspace it sees and the scopes it was granted."""

    workspace: Workspace
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Raise ``Refusal("missing_scope")`` unless ``scope`` was granted."""
        if scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise Refusal("missing_scope", needed=scope, provided=provided)

    def channel(self, channel_id: Any) -> Channel:
        """The conversation, raising ``channel_not_found``; a user id is not one."""
        if channel := self.workspace.channels.get(str(channel_id)):
            return channel
        raise Refusal("channel_not_found")


Method = Callable[[Caller, Arguments], Answer]


def required(arguments: Arguments, key: str) -> str:
    """A textual argument that must be there; Slack answers ``invalid_arguments`` otherwise."""
    value = arguments.get(key)
    if not isinstance(value, str) or not value:
        problem = f"[ERROR] missing required field: {key}"
        raise with_messages("invalid_arguments", [problem])
    return value


def is_true(value: Any) -> bool:
    """A boolean argument as JSON or as form text."""
    return value is True or str(value).lower() in {"1", "true"}


def number(arguments: Arguments, key: str, default: int) -> int:
    """A whole number as JSON or as form text, raising ``invalid_arguments``."""
    try:
        return int(arguments.get(key, default))
    except (TypeError, ValueError):
        problem = f"[ERROR] must be an integer [json-pointer:/{key}]"
        raise with_messages("invalid_arguments", [problem]) from None
