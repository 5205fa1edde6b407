"""What the sandbox Slack remembers: people, conversations, messages, views, triggers, calls."""

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sandbox.people import BOT_USER_ID, SandboxPerson
from sandbox.slack.blockkit import elements_of
from sandbox.slack.changes import Changes
from sandbox.slack.fields import StateValues

RESPONSE_URL_LIFE = timedelta(minutes=30)
RESPONSE_URL_USES = 5
GENERAL = "C0GENERAL01"
SALES = "C0SALES0002"
AUDIT = "C0AUDIT0003"
SALES_TEAM = "S0SALES0001"


@dataclass(slots=True)
class Channel:
    """A conversation: ``im`` between the bot and one person, or a public ``channel``."""

    id: str
    name: str
    kind: Literal["im", "channel"]
    members: set[str]


@dataclass(slots=True)
class UserGroup:
    """A user group such as ``@sales-team``."""

    id: str
    handle: str
    name: str
    members: list[str]


@dataclass(slots=True, eq=False)
class Message:
    """One message as it stands now; ``ephemeral_for`` is the only person who sees it, if set."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    ephemeral_for: str | None = None
    updated: int = 0
    values: StateValues = field(default_factory=dict)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.ephemeral_for is not None

    def buttons(self) -> list[str]:
        """The visible labels of its buttons, in order."""
        return button_labels(self.blocks)


@dataclass(slots=True, eq=False)
class View:
    """One open modal, or the App Home of one person, as it stands now."""

    id: str
    user_id: str
    definition: dict[str, Any]
    hash: str
    values: StateValues
    root_view_id: str
    previous_view_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The blocks, complete with their ids."""
        blocks: list[dict[str, Any]] = self.definition["blocks"]
        return blocks

    @property
    def kind(self) -> str:
        """``modal`` or ``home``."""
        return str(self.definition["type"])

    @property
    def title(self) -> str:
        """The title of a modal; a home has none."""
        return str(self.definition.get("title", {}).get("text", ""))

    def buttons(self) -> list[str]:
        """The visible labels of its buttons, in order, without submit and close."""
        return button_labels(self.blocks)


@dataclass(slots=True)
class Trigger:
    """The right to open one view within three seconds of what a person did."""

    user_id: str
    expires: datetime
    view_id: str | None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer an interaction five times within thirty minutes (slack.md §2)."""

    user_id: str
    channel: str
    expires: datetime
    message: Message | None
    uses: int = 0


@dataclass(slots=True)
class ApiCall:
    """One call of the bot, and what it was answered: ``ok`` or the error."""

    method: str
    arguments: dict[str, Any]
    when: datetime
    outcome: str = ""


def button_labels(blocks: Iterable[dict[str, Any]]) -> list[str]:
    """The texts of all buttons in ``blocks``."""
    return [
        element["text"]["text"]
        for block in blocks
        for element in elements_of(block)
        if element["type"] == "button"
    ]


class Workspace:
    """The state of one fake Slack workspace; changing it tells ``changes``."""

    def __init__(
        self,
        people: Iterable[SandboxPerson],
        now: Callable[[], datetime],
        trigger_life: timedelta,
    ) -> None:
        self.now = now
        self._trigger_life = trigger_life
        self.enterprise_id: str | None = None  # the Enterprise Grid that this workspace is in
        self.changes = Changes()
        self.people = {person.id: person for person in people}
        self.messages: list[Message] = []
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.calls: list[ApiCall] = []
        self.unwritable: dict[str, str] = {}  # people and channels, and Slack's word for why
        self.undeletable = (
            ""  # Slack's word for why the bot may delete nothing, as long as it is so
        )
        self.is_installed = True  # whether the bot's token is good for anything
        self.is_tab_read_only = False  # whether people cannot write in the bot's Messages tab
        self._last_ts = 0
        members = {
            person.id
            for person in self.people.values()
            if not (person.is_bot or person.is_stranger or person.deleted)
        }
        self.channels = {
            GENERAL: Channel(GENERAL, "general", "channel", set(members)),
            SALES: Channel(SALES, "sales", "channel", members | {BOT_USER_ID}),
            AUDIT: Channel(AUDIT, "send-as-audit", "channel", members | {BOT_USER_ID}),
        }
        sellers = [p.id for p in self.people.values() if p.close_user_id and p.id in members]
        self.groups = {SALES_TEAM: UserGroup(SALES_TEAM, "sales-team", "Sales team", sellers)}

    def new_ts(self) -> str:
        """A message timestamp: seconds with microseconds, never the same twice."""
        self._last_ts = max(int(self.now().timestamp() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def direct_channel(self, user_id: str) -> Channel:
        """The conversation between the bot and this person, opened when it is new."""
        channel_id = "D" + user_id[1:]
        if channel_id not in self.channels:
            members = {user_id, BOT_USER_ID}
            self.channels[channel_id] = Channel(channel_id, "directmessage", "im", members)
        return self.channels[channel_id]

    def add_message(self, message: Message) -> Message:
        """Keep and announce a new message."""
        self.messages.append(message)
        self.changes.publish("message", message)
        return message

    def remove_message(self, message: Message) -> None:
        """Take a message away from everybody's screen."""
        if message in self.messages:
            self.messages.remove(message)
        self.changes.publish("message_deleted", message)

    def message(self, channel: str, ts: str) -> Message | None:
        """The lasting message at this place; ephemerals cannot be found this way."""
        for message in reversed(self.messages):
            if (message.channel, message.ts) == (channel, ts) and not message.ephemeral:
                return message
        return None

    def visible_messages(self, user_id: str, channel: str) -> list[Message]:
        """What this person sees in a conversation, in order."""
        if user_id not in self.channels[channel].members:
            return [m for m in self.messages if (m.channel, m.ephemeral_for) == (channel, user_id)]
        return [
            m for m in self.messages if m.channel == channel and m.ephemeral_for in (None, user_id)
        ]

    def new_trigger(self, user_id: str, view_id: str | None = None) -> str:
        """A trigger id for something that this person just did, inside a view or not."""
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**11)}.{random_id(32)}"
        expires = self.now() + self._trigger_life
        self.triggers[trigger_id] = Trigger(user_id, expires, view_id)
        return trigger_id

    def new_response_url(self, user_id: str, channel: str, message: Message | None) -> str:
        """The secret part of a response_url for an interaction in ``channel``."""
        secret = random_id(24)
        expires = self.now() + RESPONSE_URL_LIFE
        self.response_urls[secret] = ResponseUrl(user_id, channel, expires, message)
        return secret

    def new_hash(self) -> str:
        """A view hash like Slack's."""
        return f"{int(self.now().timestamp())}.{random_id(8)}"

    def open_view(self, view_id: str) -> View | None:
        """The modal or home with this id, if it is still shown."""
        shown = [view for stack in self.modals.values() for view in stack]
        return next((v for v in shown + list(self.homes.values()) if v.id == view_id), None)

    def view_by_external_id(self, external_id: str) -> View | None:
        """The shown view that was given this external id."""
        shown = [view for stack in self.modals.values() for view in stack]
        for view in shown + list(self.homes.values()):
            if view.definition.get("external_id") == external_id:
                return view
        return None

    def names(self) -> dict[str, str]:
        """What is shown for an id: people by name, groups by handle, channels by name."""
        names = {person.id: person.name for person in self.people.values()}
        names |= {group.id: group.handle for group in self.groups.values()}
        return names | {channel.id: channel.name for channel in self.channels.values()}


def random_id(length: int) -> str:
    """Letters and digits that nobody can guess."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(length))
