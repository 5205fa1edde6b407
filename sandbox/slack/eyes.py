"""What people see in the sandbox Slack, and waiting until they see it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from sandbox.people import SandboxPerson
from sandbox.slack.changes import Change
from sandbox.slack.reading import Reader
from sandbox.slack.workspace import ApiCall, Message, View, Workspace

Seen = TypeVar("Seen")

# A predicate may also look at what this Slack does not know, such as Close or a database.
_LOOK_AGAIN_SECONDS = 0.05


class Eyes:
    """Reading access for tests, the story and the page."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @property
    def calls(self) -> list[ApiCall]:
        """Every Web API and response_url call of the bot, oldest first."""
        return self.workspace.calls

    def messages(self, person: SandboxPerson) -> list[Message]:
        """What ``person`` sees in the bot's direct messages, with ephemerals from anywhere."""
        direct = self.workspace.direct_channel(person.id)
        return [
            message
            for message in self.workspace.messages
            if message.ephemeral_for == person.id
            or (message.channel == direct.id and not message.ephemeral)
        ]

    def channel_messages(self, channel: str) -> list[Message]:
        """The lasting messages of a channel, oldest first."""
        return [m for m in self.workspace.messages if m.channel == channel and not m.ephemeral]

    def view(self, person: SandboxPerson) -> View | None:
        """The top open modal of ``person``."""
        stack = self.workspace.modals.get(person.id)
        return stack[-1] if stack else None

    def home(self, person: SandboxPerson) -> View | None:
        """The App Home that was last published for ``person``."""
        return self.workspace.homes.get(person.id)

    def read(self, shown: Message | View, viewer: SandboxPerson | None = None) -> str:
        """A message or view as plain text, with the names and local times that ``viewer`` sees."""
        zone = viewer.tz if viewer else "UTC"
        return Reader(self.workspace, zone, self.workspace.now()).read(shown)

    def subscribe(self) -> AbstractContextManager[asyncio.Queue[Change]]:
        """A queue of all changes from now on, for the length of a ``with`` block."""
        return self.workspace.changes.subscribe()

    async def wait_for(
        self,
        predicate: Callable[[], Seen | None],
        timeout: float = 30.0,
        what: str = "something to happen",
    ) -> Seen:
        """The first true value of ``predicate``, looked at after each change.

        Raises ``AssertionError`` after ``timeout`` seconds, telling what was waited for and what
        everybody sees.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        with self.subscribe() as changes:
            while not (value := predicate()):
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    raise AssertionError(
                        f"waited {timeout:g} s for {what}\n{self.all_that_is_seen()}"
                    )
                await _next_change(changes, min(left, _LOOK_AGAIN_SECONDS))
        return value

    def all_that_is_seen(self) -> str:
        """Every person's messages and modal, for an error message."""
        return "\n".join(
            part
            for person in self.workspace.people.values()
            if (part := self._seen_by(person)) and not person.is_bot
        )

    def _seen_by(self, person: SandboxPerson) -> str:
        shown: list[Message | View] = list(self.messages(person))
        modal = self.view(person)
        texts = [self.read(part, person) for part in ([*shown, modal] if modal else shown)]
        return f"--- {person.name} sees:\n" + "\n".join(texts) if texts else ""


async def _next_change(changes: asyncio.Queue[Change], seconds: float) -> None:
    try:
        await asyncio.wait_for(changes.get(), seconds)
    except TimeoutError:
        return
