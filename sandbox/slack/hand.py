"""What a person does in Slack: type a command, click, fill a form, open the App Home."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.people import BOT_USER_ID, TEAM_NAME, SandboxPerson, user_object
from sandbox.slack import payloads
from sandbox.slack.delivery import Delivery, Reply
from sandbox.slack.eyes import Eyes
from sandbox.slack.fields import chosen, refused_by_client, sent_back, short_id
from sandbox.slack.markup import typed_to_escaped
from sandbox.slack.modals import close_all, close_top, fill, obey
from sandbox.slack.pressing import Dialog, Press, find_press, keeps_value
from sandbox.slack.refusals import Refusal
from sandbox.slack.response_urls import answer_in_channel
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Channel, Message, View, Workspace, random_id

_MOST_STATUS = 100  # characters


class Hand(Eyes):
    """People act through this; whatever they do goes signed to the bot."""

    def __init__(self, workspace: Workspace, delivery: Delivery, web_api: WebApi) -> None:
        super().__init__(workspace)
        self.delivery = delivery
        self._web_api = web_api

    async def command(
        self, person: SandboxPerson, command: str, text: str = "", channel: str | None = None
    ) -> Reply:
        """Type ``command`` and ``text``, by default in the bot's direct messages.

        Where the Messages tab is read-only nobody can type there; it is played all the same, for
        workspaces whose app came from an older manifest.
        """
        place = self._place(person, channel)
        form = payloads.command_form(
            person, place, command, typed_to_escaped(text, self._mentions())
        )
        if grid := self.workspace.enterprise_id:
            form |= {"enterprise_id": grid, "enterprise_name": TEAM_NAME}
        form["trigger_id"] = self.workspace.new_trigger(person.id)
        form["response_url"] = self._response_url(person, place.id, None)
        reply = await self.delivery.command(form)
        return self._show_answer(person, place, reply)

    def _show_answer(self, person: SandboxPerson, place: Channel, reply: Reply) -> Reply:
        if reply.problem or not reply.text:
            return reply
        answer = reply.body if reply.body is not None else {"text": reply.text}
        try:
            answer_in_channel(self.workspace, person.id, place.id, answer)
        except Refusal as refusal:
            return replace(reply, problem=f"{refusal.error} {refusal.more or ''}".strip())
        return reply

    async def click(
        self,
        person: SandboxPerson,
        shown: Message | View,
        wanted: str,
        value: Any = None,
        index: int | None = None,
        *,
        confirms: bool = True,
    ) -> Reply:
        """Press or choose the element that is called ``wanted``: visible text or any of its ids.

        ``value`` is the choice, or tells equal buttons apart; ``index`` does so by position.
        A dialog that stands before it is answered with yes, unless ``confirms`` is false.
        Raises ``AssertionError`` when the person does not see it, or has nothing to say no to.
        """
        press = self._found(person, shown, wanted, value, index)
        if not confirms:
            _demand(press.dialog is not None, f"nothing is asked before {wanted!r}")
            return Reply()
        if keeps_value(press):
            entry = chosen(press.element, press.value)
            shown.values[press.block["block_id"]][press.element["action_id"]] = entry
        if press.is_silent:
            return Reply()
        action = press.action(self.workspace.new_ts())
        reply = await self._act(person, shown, action)
        return replace(reply, url=press.url)

    def dialog(
        self,
        person: SandboxPerson,
        shown: Message | View,
        wanted: str,
        value: Any = None,
        index: int | None = None,
    ) -> Dialog | None:
        """What is asked before a ``click`` on the same is passed on; None when nothing is."""
        return self._found(person, shown, wanted, value, index).dialog

    def _found(
        self,
        person: SandboxPerson,
        shown: Message | View,
        wanted: str,
        value: Any,
        index: int | None,
    ) -> Press:
        self._must_see(person, shown)
        return find_press(shown.blocks, wanted, value, index, self._id_of)

    async def forge_click(
        self, person: SandboxPerson, shown: Message | View, action_id: str, value: str
    ) -> Reply:
        """Send a button click that no client would offer, as an attacker or a stale screen does."""
        block = {"type": "actions", "block_id": short_id()}
        button = {
            "type": "button",
            "action_id": action_id,
            "value": value,
            "text": {"type": "plain_text", "text": "Forged", "emoji": True},
        }
        action = Press(block, button, value).action(self.workspace.new_ts())
        return await self._act(person, shown, action)

    async def _act(
        self, person: SandboxPerson, shown: Message | View, action: dict[str, Any]
    ) -> Reply:
        payload = self._interaction("block_actions", person)
        if isinstance(shown, View):
            payload |= self._in_view(shown)
        else:
            payload |= self._in_message(person, shown)
        payload["actions"] = [action]
        return await self.delivery.interaction(payload)

    def _in_view(self, view: View) -> dict[str, Any]:
        return {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self.workspace.new_trigger(view.user_id, view.id),
            "view": payloads.view_object(view),
        }

    def _in_message(self, person: SandboxPerson, message: Message) -> dict[str, Any]:
        channel = self.workspace.channels[message.channel]
        place = {
            "container": payloads.message_container(message),
            "trigger_id": self.workspace.new_trigger(person.id),
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": sent_back(message.values)},
            "response_url": self._response_url(person, channel.id, message),
        }
        if not message.ephemeral:
            place["message"] = payloads.message_object(message)
        return place

    async def submit(self, person: SandboxPerson, values: Mapping[str, Any] | None = None) -> Reply:
        """Fill the open modal and press its submit button.

        What the client itself refuses comes back in ``errors`` with status 0, unsent.
        """
        view = self._open_modal(person)
        _demand("submit" in view.definition, f"{view.title!r} has no submit button")
        fill(view, values or {}, self._id_of)
        view.errors = refused_by_client(view.blocks, view.values)
        if view.errors:
            return Reply(errors=view.errors)
        payload = self._interaction("view_submission", person) | {
            "trigger_id": self.workspace.new_trigger(person.id, view.id),
            "view": payloads.view_object(view),
            "response_urls": [],
        }
        return obey(self.workspace, view, await self.delivery.interaction(payload))

    async def close_view(self, person: SandboxPerson, *, everything: bool = False) -> Reply:
        """Press the close button of the open modal, or with ``everything`` the x of the stack."""
        view = self._open_modal(person)
        is_cleared = everything or bool(view.definition.get("clear_on_close"))
        if is_cleared:
            close_all(self.workspace, person.id)
        else:
            close_top(self.workspace, view)
        if not view.definition.get("notify_on_close"):
            return Reply()
        payload = self._interaction("view_closed", person) | {
            "view": payloads.view_object(view, with_values=False),
            "is_cleared": is_cleared,
        }
        return await self.delivery.interaction(payload)

    async def shortcut(self, person: SandboxPerson, callback_id: str) -> Reply:
        """Run a global shortcut."""
        payload = self._interaction("shortcut", person) | {
            "callback_id": callback_id,
            "trigger_id": self.workspace.new_trigger(person.id),
            "action_ts": self.workspace.new_ts(),
        }
        return await self.delivery.interaction(payload)

    async def message_shortcut(
        self, person: SandboxPerson, callback_id: str, message: Message
    ) -> Reply:
        """Run a message shortcut on ``message``."""
        self._must_see(person, message)
        channel = self.workspace.channels[message.channel]
        payload = self._interaction("message_action", person) | {
            "callback_id": callback_id,
            "trigger_id": self.workspace.new_trigger(person.id),
            "response_url": self._response_url(person, channel.id, None),
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": channel.name},
            "message": payloads.message_object(message),
            "action_ts": self.workspace.new_ts(),
        }
        return await self.delivery.interaction(payload)

    async def open_home(self, person: SandboxPerson, tab: str = "home") -> Reply:
        """Open the app's ``home`` or ``messages`` tab."""
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self.workspace.direct_channel(person.id).id,
            "tab": tab,
            "event_ts": self.workspace.new_ts(),
        }
        if home := self.home(person):
            event["view"] = payloads.view_object(home)
        return await self.event(event)

    async def event(
        self, event: dict[str, Any], retry_num: int | None = None, event_id: str | None = None
    ) -> Reply:
        """Send ``event`` in its envelope; ``retry_num`` and ``event_id`` repeat an earlier one."""
        envelope = payloads.event_envelope(
            event,
            event_id or f"Ev{random_id(9).upper()}",
            int(self.workspace.now().timestamp()),
            self.workspace.enterprise_id,
        )
        return await self.delivery.event(envelope, retry_num)

    def change_unheard(self, person: SandboxPerson, **changes: Any) -> SandboxPerson:
        """Change somebody's record; the event that says so is lost, as events can be."""
        changed = replace(self.workspace.people[person.id], **changes)
        self.workspace.people[person.id] = changed
        return changed

    async def change_person(self, person: SandboxPerson, **changes: Any) -> SandboxPerson:
        """Change somebody's record (``deleted=True`` for a leaver) and send ``user_change``."""
        changed = self.change_unheard(person, **changes)
        now = self.workspace.now()
        event = {
            "type": "user_change",
            "user": user_object(changed, now, with_email=True),
            "cache_ts": int(now.timestamp()),
            "event_ts": self.workspace.new_ts(),
        }
        await self.event(event)
        return changed

    async def set_status(
        self,
        person: SandboxPerson,
        text: str = "",
        emoji: str = "",
        until: datetime | None = None,
        *,
        is_heard: bool = True,
    ) -> SandboxPerson:
        """Set somebody's status, or clear it. Without ``until`` it stays; the event that says so is
        lost unless ``is_heard``.

        A text without an emoji gets Slack's own. What no client takes is an AssertionError.
        """
        _demand(len(text) <= _MOST_STATUS, f"a status has at most {_MOST_STATUS} characters")
        _demand(not emoji or _is_emoji(emoji), f"{emoji!r} is no emoji")
        _demand(until is None or until > self.workspace.now(), "a status ends in the future")
        changes = {
            "status_text": text,
            "status_emoji": emoji or (":speech_balloon:" if text else ""),
            "status_expiration": 0 if until is None else int(until.timestamp()),
        }
        if not is_heard:
            return self.change_unheard(person, **changes)
        return await self.change_person(person, **changes)

    async def uninstall(self, *events: str) -> None:
        """Take the app out of the workspace: its token is good for nothing any more, and Slack says
        so, in whichever order."""
        self.workspace.is_installed = False
        said: dict[str, dict[str, Any]] = {
            "app_uninstalled": {},
            "tokens_revoked": {"tokens": {"bot": [BOT_USER_ID]}},
        }
        for kind in events or tuple(said):
            stamp = self.workspace.new_ts()
            await self.event({"type": kind, **said[kind], "event_ts": stamp})

    def say(self, person: SandboxPerson, channel: str, text: str) -> Message:
        """Write an ordinary message into a channel; a read-only Messages tab has no composer."""
        place = self._place(person, channel)
        is_open = place.kind == "channel" or not self.workspace.is_tab_read_only
        _demand(is_open, "Sending messages to this app has been turned off.")
        said = typed_to_escaped(text, self._mentions())
        return self.workspace.add_message(
            Message(place.id, self.workspace.new_ts(), person.id, said, blocks=[])
        )

    def _interaction(self, kind: str, person: SandboxPerson) -> dict[str, Any]:
        return payloads.interaction(kind, person, self.workspace.enterprise_id)

    def _place(self, person: SandboxPerson, channel: str | None) -> Channel:
        is_active = not self.workspace.people[person.id].deleted
        _demand(is_active, f"{person.name} is deactivated")
        if channel is None:
            return self.workspace.direct_channel(person.id)
        return self.workspace.channels[channel]

    def _mentions(self) -> dict[str, str]:
        marks = {f"@{p.handle}": f"<@{p.id}|{p.handle}>" for p in self.workspace.people.values()}
        for group in self.workspace.groups.values():
            marks[f"@{group.handle}"] = f"<!subteam^{group.id}|@{group.handle}>"
        for channel in self.workspace.channels.values():
            marks[f"#{channel.name}"] = f"<#{channel.id}|{channel.name}>"
        return marks | {f"@{word}": f"<!{word}>" for word in ("here", "channel", "everyone")}

    def _response_url(self, person: SandboxPerson, channel: str, message: Message | None) -> str:
        secret = self.workspace.new_response_url(person.id, channel, message)
        return self._web_api.response_url(secret)

    def _open_modal(self, person: SandboxPerson) -> View:
        view = self.view(person)
        if view is None:
            raise AssertionError(f"{person.name} has no modal open\n{self.all_that_is_seen()}")
        return view

    def _must_see(self, person: SandboxPerson, shown: Message | View) -> None:
        if isinstance(shown, View):
            sees = shown in (self.view(person), self.home(person))
        else:
            sees = shown in self.workspace.visible_messages(person.id, shown.channel)
        _demand(sees, f"{person.name} does not see this: {self.read(shown)}")

    def _id_of(self, person: Any) -> str:
        if isinstance(person, SandboxPerson):
            return person.id
        for known in self.workspace.people.values():
            if person in (known.id, known.handle, f"@{known.handle}"):
                return known.id
        return str(person)


def _is_emoji(text: str) -> bool:
    return len(text) > 2 and text[0] == text[-1] == ":" and " " not in text


def _demand(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise ``AssertionError`` for what no client would let a person do."""
    if not is_so:
        raise AssertionError(otherwise)
