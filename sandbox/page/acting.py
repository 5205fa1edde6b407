"""What people do on the page: each request becomes an act of the sandbox Slack."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.page.journal import Journal
from sandbox.page.screen import HOME, MESSAGES
from sandbox.page.statuses import STATUSES
from sandbox.people import SandboxPerson
from sandbox.slack import SandboxSlack
from sandbox.slack.blockkit import elements_of
from sandbox.slack.delivery import Reply
from sandbox.slack.fields import stateful_elements
from sandbox.slack.modals import fill
from sandbox.slack.workspace import Message, View

Order = dict[str, Any]


class NotPossible(Exception):
    """No Slack client would offer that; the message says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What the person is told on top of what they see; empty when all went well."""

    problem: str = ""


class Acting:
    """One method for each thing a person can do; ``order`` is what the browser sent."""

    def __init__(self, slack: SandboxSlack, journal: Journal) -> None:
        self._slack = slack
        self._journal = journal
        self.acts: dict[str, Callable[[SandboxPerson, Order], Awaitable[Done]]] = {
            "send": self._send,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "message-shortcut": self._message_shortcut,
            "open": self._open,
            "status": self._status,
        }

    async def act(self, person: SandboxPerson, what: str, order: Order) -> Done:
        """Do it; raises :class:`NotPossible`."""
        try:
            return await self.acts[what](person, order)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise NotPossible(str(error).partition("\n")[0]) from error

    async def _send(self, person: SandboxPerson, order: Order) -> Done:
        text, tab = str(order["text"]).strip(), str(order["tab"])
        if tab in (HOME, MESSAGES) and self._slack.workspace.is_tab_read_only:
            raise NotPossible("Sending messages to this app has been turned off.")
        channel = self._channel(person, tab)
        if not text.startswith("/"):
            self._slack.say(person, channel, text)
            return Done()
        command, _, rest = text.partition(" ")
        deed = self._slack.command(person, command, rest, channel)
        return await self._noted(person, text, deed, f"{command} failed")

    async def _click(self, person: SandboxPerson, order: Order) -> Done:
        shown = self._shown(person, order)
        if isinstance(shown, View):
            self._fill(shown, order.get("values") or {})
        wanted, value = str(order["action"]), order.get("value")
        index = _position(shown.blocks, str(order["block"]), wanted, value)
        deed = self._slack.click(person, shown, wanted, value, index)
        return await self._noted(person, f"click {wanted}", deed, "That did not work")

    async def _submit(self, person: SandboxPerson, order: Order) -> Done:
        view = self._modal(person)
        self._fill(view, order.get("values") or {})
        deed = self._slack.submit(person)
        return await self._noted(
            person, f"submit “{view.title}”", deed, "The form was not accepted"
        )

    async def _close(self, person: SandboxPerson, order: Order) -> Done:
        title = self._modal(person).title
        deed = self._slack.close_view(person, everything=bool(order.get("everything")))
        return await self._noted(person, f"close “{title}”", deed, "Closing was not noticed")

    async def _shortcut(self, person: SandboxPerson, order: Order) -> Done:
        name = str(order["shortcut"])
        deed = self._slack.shortcut(person, name)
        return await self._noted(person, f"shortcut {name}", deed, "The shortcut failed")

    async def _message_shortcut(self, person: SandboxPerson, order: Order) -> Done:
        name, message = str(order["shortcut"]), self._message(person, order)
        deed = self._slack.message_shortcut(person, name, message)
        return await self._noted(person, f"shortcut {name}", deed, "The shortcut failed")

    async def _open(self, person: SandboxPerson, order: Order) -> Done:
        if order["tab"] not in (HOME, MESSAGES):
            return Done()
        deed = self._slack.open_home(person, str(order["tab"]))
        await self._noted(person, f"open {order['tab']} tab", deed, "")
        return Done()  # an event that fails is nothing that Slack tells anybody

    async def _status(self, person: SandboxPerson, order: Order) -> Done:
        """Slack tells the bot, as it does of each change of a person."""
        wanted = STATUSES[str(order["status"])]
        until = wanted.until(self._slack.workspace.now(), person.tz)
        self._journal.acts(person, f"status “{wanted.label}”")
        await self._slack.set_status(person, wanted.text, wanted.emoji, until)
        return Done()

    async def _noted(
        self, person: SandboxPerson, what: str, deed: Awaitable[Reply], failed: str
    ) -> Done:
        """Do it with an entry in the journal; ``failed`` begins what the person is told then."""
        entry = self._journal.acts(person, what)
        reply = Reply(problem="not possible")
        try:
            reply = await deed
        finally:
            self._journal.answered(entry, reply)
        return Done(f"{failed}: {reply.problem}" if reply.problem else "")

    def _channel(self, person: SandboxPerson, tab: str) -> str:
        if tab in (HOME, MESSAGES):
            return self._slack.workspace.direct_channel(person.id).id
        return tab

    def _shown(self, person: SandboxPerson, order: Order) -> Message | View:
        if order["place"] == "modal":
            return self._modal(person)
        if order["place"] == "home":
            home = self._slack.home(person)
            if home is None:
                raise NotPossible("There is nothing in this person's App Home.")
            return home
        return self._message(person, order)

    def _message(self, person: SandboxPerson, order: Order) -> Message:
        channel = self._channel(person, str(order["tab"]))
        for message in self._slack.workspace.visible_messages(person.id, channel):
            if message.ts == order["ts"]:
                return message
        raise NotPossible("This message is gone.")

    def _modal(self, person: SandboxPerson) -> View:
        view = self._slack.view(person)
        if view is None:
            raise NotPossible("This form is closed.")
        return view

    def _fill(self, view: View, values: dict[str, dict[str, Any]]) -> None:
        """``values`` by block and action; what the view does not have is left out."""
        zone = ZoneInfo(self._slack.workspace.people[view.user_id].tz)
        for block, element in stateful_elements(view.blocks):
            typed = values.get(block["block_id"], {})
            if element["action_id"] in typed:
                value = _typed(element, typed[element["action_id"]], zone)
                fill(view, {_name(block, element): value}, str)


def _name(block: dict[str, Any], element: dict[str, Any]) -> str:
    return str(block["block_id"] if block["type"] != "actions" else element["action_id"])


def _typed(element: dict[str, Any], value: Any, zone: ZoneInfo) -> Any:
    """A browser's value as Slack's."""
    if isinstance(value, list):
        return value
    if value in (None, ""):
        return None
    if element["type"] == "datetimepicker":
        return int(datetime.fromisoformat(str(value)).replace(tzinfo=zone).timestamp())
    return value


def _position(blocks: list[dict[str, Any]], block_id: str, action_id: str, value: Any) -> int:
    """Which of the elements with this action id is meant, among those with this value."""
    same = [
        block["block_id"]
        for block in blocks
        for element in elements_of(block)
        if element.get("action_id") == action_id
        and (element["type"] != "button" or value is None or element.get("value") == value)
    ]
    return same.index(block_id)
