"""The log on the page: what people did, and what the bot then sent to Slack and to Close."""

import itertools
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sandbox.close.state import RecordedCall
from sandbox.people import PEOPLE, SandboxPerson
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import ApiCall, Workspace

KEPT = 200  # entries
_LONG = 14  # characters of an id that nobody reads to the end
_CLOSE_NAMES = {each.close_user_id: each.name for each in PEOPLE if each.close_user_id}

Side = Literal["person", "slack", "close"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: ``side`` is a person's act towards the bot, or whom the bot called."""

    number: int
    when: datetime
    side: Side
    title: str
    detail: str
    outcome: str
    is_good: bool


class Journal:
    """Keeps the last entries."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._numbers = itertools.count(1)
        self.entries: deque[Entry] = deque(maxlen=KEPT)

    def acts(self, person: SandboxPerson, what: str) -> Entry:
        """Somebody does something in Slack; ``answered`` completes the entry."""
        return self._add(self._workspace.now(), "person", what, person.name, "…", is_good=True)

    def answered(self, entry: Entry, reply: Reply) -> None:
        """The bot answered, or it did not."""
        good = reply.problem is None
        outcome = f"{reply.status} · {reply.seconds * 1000:.0f} ms" if good else str(reply.problem)
        if reply.status == 0 and good:
            outcome = "not sent"
        if entry in self.entries:
            place = self.entries.index(entry)
            self.entries[place] = replace(entry, outcome=outcome, is_good=good)

    def slack_called(self, call: ApiCall) -> None:
        """The bot called Slack's Web API or answered through a response_url."""
        detail = self._slack_detail(call.arguments)
        good = call.outcome == "ok"
        self._add(call.when, "slack", call.method, detail, call.outcome, is_good=good)

    def close_called(self, call: RecordedCall) -> None:
        """The bot called Close."""
        outcome = "no answer" if call.status is None else str(call.status)
        good = call.status is not None and call.status < 400
        who = _CLOSE_NAMES.get(call.caller or "", "")
        detail = f"as {who}" if who else ""
        title = f"{call.method} {_shortened(call.path)}"
        self._add(call.when, "close", title, detail, outcome, is_good=good)

    def _add(
        self, when: datetime, side: Side, title: str, detail: str, outcome: str, *, is_good: bool
    ) -> Entry:
        entry = Entry(next(self._numbers), when, side, title, detail, outcome, is_good)
        self.entries.append(entry)
        return entry

    def _slack_detail(self, arguments: dict[str, Any]) -> str:
        place = str(arguments.get("channel") or arguments.get("user_id") or arguments.get("user"))
        to = self._named(place)
        text = str(arguments.get("text", "")).partition("\n")[0]
        for key, name in self._workspace.names().items():
            text = text.replace(f"<@{key}>", f"@{name}")
        return ": ".join(part for part in (to, text) if part)

    def _named(self, place: str) -> str:
        names = self._workspace.names()
        person = names.get("U" + place[1:]) if place.startswith("D") else names.get(place)
        return f"to {person}" if person else ""


def _shortened(path: str) -> str:
    """A path with ids short enough to read."""
    parts = path.removeprefix("/api/v1").split("/")
    return "/".join(part if len(part) <= _LONG else f"{part[: _LONG - 4]}…" for part in parts)
