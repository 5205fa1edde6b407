"""What the templates need to know of one reader: names, local times, values and choices."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from sandbox.page.mrkdwn import Mrkdwn
from sandbox.people import SandboxPerson
from sandbox.slack.fields import options_of, value_of
from sandbox.slack.workspace import Message, View, Workspace

_SHADES = 7


class Looks:
    """Everything as ``reader`` sees it now."""

    def __init__(self, workspace: Workspace, reader: SandboxPerson) -> None:
        self._workspace = workspace
        self._zone = ZoneInfo(reader.tz)
        self._mrkdwn = Mrkdwn(workspace.names(), reader.tz, workspace.now())
        self.reader = reader

    def text(self, text: dict[str, Any]) -> Markup:
        """A text object as HTML."""
        if text["type"] == "mrkdwn":
            return self.mrkdwn(text["text"])
        return Markup('<span class="plain">{}</span>').format(text["text"])

    def mrkdwn(self, text: str) -> Markup:
        """Slack's markup as HTML."""
        return self._mrkdwn.render(text)

    def value(self, shown: Message | View, block: dict[str, Any], element: dict[str, Any]) -> Any:
        """What is chosen or typed now: options by their value, moments in the reader's time."""
        value = value_of(shown.values[block["block_id"]][element["action_id"]])
        if isinstance(value, list):
            return [_plain(each) for each in value]
        if element["type"] == "datetimepicker" and value:
            return datetime.fromtimestamp(value, self._zone).strftime("%Y-%m-%dT%H:%M")
        return _plain(value) if value is not None else ""

    def chosen(
        self, shown: Message | View, block: dict[str, Any], element: dict[str, Any]
    ) -> list[tuple[str, str]]:
        """The ids and names of the people who are chosen now."""
        value = self.value(shown, block, element)
        ids = value if isinstance(value, list) else [value] if value else []
        names = self._workspace.names()
        return [(str(each), names.get(str(each), str(each))) for each in ids]

    def choices(self, element: dict[str, Any]) -> list[tuple[str, str]]:
        """The values and labels that an element offers."""
        if element["type"] in ("conversations_select", "channels_select"):
            channels = self._workspace.channels.values()
            return [(c.id, f"#{c.name}") for c in channels if c.kind == "channel"]
        return [(each["value"], each["text"]["text"]) for each in options_of(element)]

    def person(self, user_id: str) -> SandboxPerson:
        """Whose message it is."""
        return self._workspace.people[user_id]

    def clock(self, ts: str) -> str:
        """A message's time of day."""
        return f"{self._moment(ts):%H:%M}"

    def day(self, ts: str) -> str:
        """A message's day, as one heads a group of messages with it."""
        moment, today = self._moment(ts), self._workspace.now().astimezone(self._zone)
        near = {0: "Today", -1: "Yesterday"}.get((moment.date() - today.date()).days)
        return near or f"{moment:%A}, {moment.day} {moment:%B}"

    def _moment(self, ts: str) -> datetime:
        return datetime.fromtimestamp(float(ts), UTC).astimezone(self._zone)


def initials(name: str) -> str:
    """At most two letters."""
    return "".join(word[0] for word in name.split()[:2]).upper()


def shade(user_id: str) -> int:
    """The colour of a person's avatar, always the same."""
    return sum(user_id.encode()) % _SHADES


def _plain(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) else value
