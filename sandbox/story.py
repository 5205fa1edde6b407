"""The product in a few seconds, played by the real bot against the sandbox.

Nothing here is scripted output. Each step does what a person would do, waits until the sandbox
Slack and the sandbox Close hold what should have come of it, and tells what they hold.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx

from sandbox.browser import Browser
from sandbox.narrator import Narrator
from sandbox.people import ADA, BEN, CLEO, SandboxPerson
from sandbox.running import BotTrouble, House, open_house
from sandbox.slack.workspace import SALES, Message

STORY_SECONDS = 60.0
STEP_SECONDS = 10.0
LENGTH_SECONDS = 4  # long enough to see that the right is there, short enough to wait for
LEADS = 8  # that Ben puts into a sequence

Seen = TypeVar("Seen")


class StoryBroke(Exception):
    """Something did not happen; the message says what."""


async def tell(narrator: Narrator) -> bool:
    """Play the whole story; returns whether everything happened as it should."""
    narrator.title(
        "Send-As: the real bot against a local Slack and a local Close",
        "Starting both, migrating a fresh database, starting python -m bot serve …",
    )
    try:
        async with asyncio.timeout(STORY_SECONDS), open_house() as house:
            return await Story(house, narrator).tell()
    except BotTrouble as trouble:
        narrator.failure("starting the bot", *str(trouble).split("\n", 1))
    except TimeoutError:
        narrator.failure("starting and stopping", f"It took over {STORY_SECONDS:g} s.", "")
    return False


class Story:
    """Four chapters. ``step`` is what is going on now, for the message when it breaks."""

    def __init__(self, house: House, narrator: Narrator, patience: float = STEP_SECONDS) -> None:
        self.house = house
        self.narrator = narrator
        self._patience = patience  # seconds for each thing to happen
        self.step = "the beginning"
        self._since = ""
        self._calls_told = 0

    async def tell(self) -> bool:
        """Play it; a step that does not happen is told with the end of the bot's log."""
        try:
            await self.play()
        except (AssertionError, StoryBroke, LookupError, TimeoutError, httpx.HTTPError) as problem:
            said = str(problem) or type(problem).__name__
            self.narrator.failure(self.step, said, self.house.bot.log_tail())
            return False
        return True

    async def play(self) -> None:
        """All of it; raises at the first step that does not happen."""
        ready = f"{self.narrator.seconds:.1f} s"
        self.narrator.fact(f"Ready after {ready}: the bot is process {self.house.bot.process_id}")
        await self._asked_connected_and_over()
        await self._denied()
        await self._revoked_early()
        await self._covered()
        self._the_end()

    async def _asked_connected_and_over(self) -> None:
        self._chapter("1  Asked, approved, connected, active, over")
        await self._asks(BEN, f"@ada {LENGTH_SECONDS}s Covering the spring pipeline")
        await self._sees(BEN, "You asked to send email as")
        await self._clicks(ADA, "asks to send email as you", "Approve")
        await self._sees(BEN, "has not connected a Close account yet")
        await self._connects()
        await self._active(BEN)
        await self._sends_in_the_name_of_ada()
        await self._time_is_up()
        await self._goes_on()

    async def _denied(self) -> None:
        self._chapter("2  Denied")
        before = self._changes_in_close()
        await self._asks(CLEO, "@ada 2h Chasing the last invoices")
        await self._clicks(ADA, "asks to send email as you", "Deny")
        await self._sees(ADA, "You denied")
        await self._sees(CLEO, "denied your request")
        self._demand(self._changes_in_close() == before, "a denied request changed Close")
        self.narrator.fact("Close was asked to change nothing")

    async def _revoked_early(self) -> None:
        self._chapter("3  Revoked early")
        await self._asks(CLEO, "@ada 2h Only the invoices that are due today")
        await self._clicks(ADA, "asks to send email as you", "Approve")
        await self._active(CLEO)
        await self._clicks(ADA, "can send email as you until", "Revoke")
        await self._gone(CLEO)
        await self._over(CLEO, "revoked it")

    async def _covered(self) -> None:
        self._chapter("4  Cover while somebody is away")
        self._begin(ADA, "types /sendas away 2h @ben The renewals are in Close")
        text = "away 2h @ben The renewals are in Close"
        reply = await self.house.slack.command(ADA, "/sendas", text, SALES)
        self._demand(reply.ok, f"Slack tells {ADA.name}: {reply.problem}")
        await self._wait(lambda: self.house.close.find(ADA, BEN), "the association to be in Close")
        self._tell_calls()
        await self._sees(BEN, "You can send email as")
        await self._clicks(ADA, "covers for you", "End it")
        await self._gone(BEN)
        await self._sees(ADA, "no longer covers for you")
        await self._sees(BEN, "You can no longer send email as")

    def _the_end(self) -> None:
        left = self.house.close.associations
        self._demand(not left, f"Close still holds {left}")
        slack_calls = len(self.house.slack.calls)
        self.narrator.end(
            "Everything happened as told, and Close holds no association any more.",
            f"{len(self.house.close.calls)} calls to Close, {slack_calls} to Slack, "
            f"{self.narrator.seconds:.1f} s.",
        )

    async def _asks(self, person: SandboxPerson, text: str) -> None:
        self._begin(person, f"types /sendas {text}")
        reply = await self.house.slack.command(person, "/sendas", text, SALES)
        self._demand(reply.ok, f"Slack tells {person.name}: {reply.problem}")
        whisper = await self._message(person, "Asked", is_ephemeral=True)
        self._tell_message(person, whisper, "only they see this")

    async def _sees(self, person: SandboxPerson, words: str) -> Message:
        message = await self._message(person, words)
        self._tell_message(person, message, "the card changed" if message.updated else "a message")
        return message

    async def _clicks(self, person: SandboxPerson, words: str, button: str) -> str | None:
        """Press a button on the card with these words; returns where a link button leads."""
        card = await self._card(person, words)
        if not card.updated:
            self._tell_message(person, card, "a message")
        self._begin(person, f"clicks {button}")
        reply = await self.house.slack.click(person, card, button)
        self._demand(reply.ok, f"Slack tells {person.name}: {reply.problem}")
        return reply.url

    async def _connects(self) -> None:
        await self._sees(ADA, "One step is left")
        link = await self._clicks(ADA, "One step is left", "Connect Close")
        async with Browser() as browser:
            await browser.open(link or "")
            self.narrator.browser_shows(browser.title)
            self._begin(ADA, "presses Continue: it is her own name")
            await browser.press("Continue")
            self.narrator.browser_shows(browser.title)
            self._demand("/oauth2/authorize/" in browser.address, f"landed at {browser.address}")
            self._begin(ADA, "presses Allow on Close's page")
            await browser.decide(ADA)
            self.narrator.browser_shows(browser.title)
            self._demand(browser.title == "Close is connected", f"status {browser.status}")

    async def _active(self, grantee: SandboxPerson) -> None:
        await self._wait(
            lambda: self.house.close.find(ADA, grantee), "the association to be in Close"
        )
        await self._message(grantee, "You can send email as")
        self._tell_calls()
        await self._sees(ADA, "can send email as you until")
        await self._sees(grantee, "You can send email as")

    async def _sends_in_the_name_of_ada(self) -> None:
        self._begin(BEN, "writes to a customer in Close, with Ada's address as the sender")
        email = self.house.close.send_email(BEN, in_name_of=ADA, subject="Your spring order")
        self._demand(email.send_as_id is not None, "the email was not sent in Ada's name")
        self.narrator.fact(f"Close sent “{email.subject}” in the name of {ADA.name}")

        enrolled = self.house.close.enrol(BEN, LEADS, in_name_of=ADA)
        self.house.close.send_email(BEN, in_name_of=ADA, subject="Spring", subscription=enrolled[0])
        self.narrator.fact(f"{BEN.name} puts {LEADS} leads into “Spring” in the name of {ADA.name}")

    async def _goes_on(self) -> None:
        self._demand(self.house.close.active() == LEADS, "the sequence did not go on by itself")
        await self._sees(ADA, f"put {LEADS} leads into")
        button = f"Pause what Ben started ({LEADS})"
        await self._clicks(ADA, "but this goes on in your name", button)
        await self._wait(lambda: self.house.close.active() == 0, "the sequence to be paused")
        await self._sees(ADA, "The sequences are paused")
        self._tell_calls()

    async def _time_is_up(self) -> None:
        self._begin(None, f"the {LENGTH_SECONDS} seconds run out")
        await self._gone(BEN)
        active = self._call_to("POST", "/api/v1/send_as/")
        gone = self._call_to("DELETE", "/api/v1/send_as/")
        held = (gone - active).total_seconds()
        self.narrator.fact(f"Close held the association for {held:.2f} s of {LENGTH_SECONDS} s")
        self._demand(held < LENGTH_SECONDS + 1, "the right was taken back too late")
        await self._over(BEN, "The time was up")
        self._cannot_send(BEN)

    async def _gone(self, grantee: SandboxPerson) -> None:
        await self._wait(
            lambda: self.house.close.find(ADA, grantee) is None, "the association to be gone"
        )
        await self._message(grantee, "You can no longer send email as")
        self._tell_calls()

    async def _over(self, grantee: SandboxPerson, why: str) -> None:
        for person, words in (
            (ADA, "can no longer send email as you"),
            (grantee, "You can no longer send email as"),
        ):
            message = await self._sees(person, words)
            said = self.house.slack.read(message, person)
            self._demand(why in said, f"{person.name} does not read {why!r}")

    def _cannot_send(self, grantee: SandboxPerson) -> None:
        self._begin(grantee, "tries once more to write in Ada's name")
        try:
            self.house.close.send_email(grantee, in_name_of=ADA)
        except LookupError as refused:
            self.narrator.fact(f"Close refuses: {refused}")
        else:
            raise StoryBroke("Close still sent an email in Ada's name")

    def _chapter(self, title: str) -> None:
        self._since = self.house.slack.workspace.new_ts()
        self.narrator.chapter(title)

    def _begin(self, person: SandboxPerson | None, what: str) -> None:
        who = person.name if person else "The clock:"
        self.step = f"{who} {what}"
        self.narrator.step(who, what)

    def _tell_message(self, person: SandboxPerson, message: Message, kind: str) -> None:
        self.narrator.slack_shows(person, self.house.slack.read(message, person), kind)

    def _tell_calls(self) -> None:
        calls = self.house.close.calls
        self.narrator.close_received(calls[self._calls_told :])
        self._calls_told = len(calls)

    def _changes_in_close(self) -> int:
        """How many calls so far were to create or remove an association."""
        return sum(
            call.method != "GET" and call.path.startswith("/api/v1/send_as/")
            for call in self.house.close.calls
        )

    def _call_to(self, method: str, path: str) -> datetime:
        """When Close last received such a call."""
        for call in reversed(self.house.close.calls):
            if call.method == method and call.path.startswith(path):
                return call.when.astimezone(UTC)
        raise StoryBroke(f"Close never received {method} {path}")

    async def _card(self, person: SandboxPerson, words: str) -> Message:
        return await self._message(person, words, has_buttons=True)

    async def _message(
        self,
        person: SandboxPerson,
        words: str,
        *,
        is_ephemeral: bool = False,
        has_buttons: bool = False,
    ) -> Message:
        """The newest message of this chapter that shows ``words`` to ``person``."""

        def find() -> Message | None:
            for message in reversed(self.house.slack.messages(person)):
                is_wanted = message.ts > self._since and message.ephemeral == is_ephemeral
                if has_buttons and not message.buttons():
                    continue
                if is_wanted and words in self.house.slack.read(message, person):
                    return message
            return None

        return await self._wait(find, f"{person.name} to read {words!r}")

    async def _wait(self, predicate: Callable[[], Seen | None], what: str) -> Seen:
        return await self.house.slack.wait_for(predicate, self._patience, what)

    def _demand(self, is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like assert
        if not is_so:
            raise StoryBroke(otherwise)
