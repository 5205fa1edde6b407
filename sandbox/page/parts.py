"""The parts of the page as HTML: each is rendered whole, and sent again when it looks different."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from sandbox.page.guide import EXAMPLE, guide
from sandbox.page.journal import Journal
from sandbox.page.looks import Looks, initials, shade
from sandbox.page.manifest import Manifest
from sandbox.page.screen import HOME, MESSAGES, NOBODY, SEATED, TABS, Screen, Seat
from sandbox.page.statuses import STATUSES
from sandbox.page.switches import SWITCHES, Switchboard
from sandbox.page.threads import kin, latest, threads
from sandbox.people import PEOPLE, TEAM_NAME, SandboxPerson
from sandbox.running import House
from sandbox.slack.workspace import SALES, Message

TEMPLATES = Path(__file__).parent / "templates"
_FIRST_STEPS = (EXAMPLE, "/sendas", "/sendas list", "/sendas help")
_EVERYBODY = (("here", "Everybody who is online"), ("channel", "Everybody in a channel"))


@dataclass(frozen=True, slots=True)
class Right:
    """One association, with people instead of ids."""

    id: str
    grantor: SandboxPerson
    grantee: SandboxPerson


class Painter:
    """Renders the page and its parts."""

    def __init__(
        self, house: House, manifest: Manifest, journal: Journal, switchboard: Switchboard
    ) -> None:
        self._house = house
        self._manifest = manifest
        self._journal = journal
        self._switchboard = switchboard
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"initials": initials, "shade": shade, "kin": kin}

    def page(self, screen: Screen) -> str:
        """The whole page."""
        return self._render(
            "page.html",
            screen=screen,
            people=SEATED,
            nobody=NOBODY,
            team=TEAM_NAME,
            parts=self.parts(screen),
            tabs=[(tab, self._tab_name(tab)) for tab in TABS],
            completions=self.completions(),
            everybody=self._everybody(),
            is_read_only=self._house.slack.workspace.is_tab_read_only,
            channel=SALES,
            channel_name=self._tab_name(SALES),
            shortcuts=self._manifest.global_shortcuts,
            statuses=STATUSES,
        )

    def parts(self, screen: Screen) -> dict[str, str]:
        """Everything that changes, by the id of the element that holds it."""
        parts = {
            "guide": self._render("guide.html", guide=guide(self._house, screen)),
            "clock": self._clock(),
            "close": self._close(),
            "trouble": self._trouble(),
            "journal": self._render("journal.html", entries=self._journal.entries),
        }
        for seat in screen.seats:
            parts[f"{seat.side}-stream"] = self._stream(seat)
            parts[f"{seat.side}-modal"] = self._modal(seat)
            parts[f"{seat.side}-news"] = self._news(seat)
        return parts

    def completions(self) -> list[dict[str, str]]:
        """What the message box offers after ``/`` and ``@``."""
        commands = [
            {"insert": each.name, "name": each.name, "note": f"{each.usage} · {each.description}"}
            for each in self._manifest.commands
        ]
        workspace = self._house.slack.workspace
        people = [
            {"insert": f"@{p.handle}", "name": p.name, "note": f"@{p.handle} · {_kind(p)}"}
            for p in workspace.people.values()
            if not p.deleted
        ]
        groups = [
            {"insert": f"@{g.handle}", "name": g.name, "note": f"@{g.handle} · user group"}
            for g in workspace.groups.values()
        ]
        everybody = [
            {"insert": f"@{word}", "name": f"@{word}", "note": note} for word, note in _EVERYBODY
        ]
        return commands + people + groups + everybody

    def _everybody(self) -> list[dict[str, str]]:
        """Whom a form's search field finds."""
        people = self._house.slack.workspace.people.values()
        return [
            {"id": p.id, "name": p.name, "note": f"@{p.handle} · {_kind(p)}"}
            for p in people
            if not p.deleted
        ]

    def _stream(self, seat: Seat) -> str:
        looks = self._looks(seat.person)
        if seat.tab == HOME:
            home = self._house.slack.home(seat.person)
            return self._render("home.html", seat=seat, looks=looks, shown=home)
        return self._render(
            "stream.html",
            seat=seat,
            looks=looks,
            threads=threads(self._messages(seat.person, seat.tab)),
            types_into=SALES if self._house.slack.workspace.is_tab_read_only else MESSAGES,
            is_direct=seat.tab == MESSAGES,
            first_steps=_FIRST_STEPS if seat.side == "left" else (),
            shortcuts=self._manifest.message_shortcuts,
        )

    def _messages(self, person: SandboxPerson, tab: str) -> list[Message]:
        workspace = self._house.slack.workspace
        direct = workspace.direct_channel(person.id).id
        return workspace.visible_messages(person.id, direct if tab == MESSAGES else tab)

    def _news(self, seat: Seat) -> str:
        """When something last arrived at each tab, as JSON: the browser knows what was seen."""
        tabs = [tab for tab in TABS if tab != HOME]
        return json.dumps({tab: latest(self._messages(seat.person, tab)) for tab in tabs})

    def _modal(self, seat: Seat) -> str:
        view = self._house.slack.view(seat.person)
        if view is None:
            return ""
        return self._render(
            "modal.html", seat=seat, looks=self._looks(seat.person), shown=view
        ).strip()

    def _looks(self, reader: SandboxPerson) -> Looks:
        return Looks(self._house.slack.workspace, reader)

    def _clock(self) -> str:
        ahead = self._house.clock.ahead
        return self._render(
            "clock.html", ahead_seconds=int(ahead.total_seconds()), ahead=_said(ahead)
        )

    def _close(self) -> str:
        close = self._house.close
        members = close.state.members
        rights = [
            Right(each.id, members[each.allowing_user_id], members[each.allowed_user_id])
            for each in close.associations
        ]
        connected = {grant.user_id for grant in close.state.grants if not grant.is_dead}
        return self._render(
            "close.html",
            rights=rights,
            people=[p for p in PEOPLE if not (p.is_bot or p.deleted or p.is_stranger)],
            connected=connected,
            close_calls=len(close.calls),
            slack_calls=len(self._house.slack.calls),
        )

    def _trouble(self) -> str:
        return self._render("trouble.html", switches=SWITCHES, board=self._switchboard)

    def _tab_name(self, tab: str) -> str:
        names = {MESSAGES: "Messages", HOME: "Home"}
        return names.get(tab) or f"# {self._house.slack.workspace.channels[tab].name}"

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(**values)


def _kind(person: SandboxPerson) -> str:
    if person.is_stranger:
        return "another workspace"
    if person.is_restricted:
        return "guest"
    return "app" if person.is_bot else person.title


def _said(ahead: timedelta) -> str:
    """How far the clock is ahead, in words; empty when it is not."""
    hours = int(ahead.total_seconds()) // 3600
    parts = ((hours // 24, "day"), (hours % 24, "hour"))
    words = [f"{amount} {unit}{'s' if amount > 1 else ''}" for amount, unit in parts if amount]
    return f"{' and '.join(words)} ahead" if words else ""
