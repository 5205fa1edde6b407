"""What people do about one delegation, from asking to its end, and how patient they are."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.cards.answers import SOMETHING_BROKE, STILL_AT_IT
from sandbox.people import SandboxPerson
from sandbox.slack.delivery import Reply, Sent
from sandbox.slack.workspace import Message, View
from tests.chaos.ledger import Deed, Entry, Ledger
from tests.chaos.seen import Screens
from tests.chaos.stage import Stage
from tests.scenarios.moves import carried

TYPED_AT_MOST = 5  # so often somebody types the same again when it was not taken
CLICKED_AT_MOST = 4
PUZZLED = 3.0  # seconds, at most, until somebody who read an error tries again
HURRY = 4.0  # seconds until somebody clicks once more on what has not changed
WAITS = 25.0  # seconds until somebody gives up
BUTTONS = {
    Deed.APPROVE: "Approve",
    Deed.DENY: "Deny",
    Deed.CANCEL: "Cancel",
    Deed.REVOKE: "Revoke",
    Deed.RELEASE: "I'm done",
    Deed.EXTEND: "Extend…",
    Deed.WISH: "Ask to extend",
    Deed.APPROVE_EXTENSION: "approve_extension",
    Deed.DECLINE_EXTENSION: "Leave as it is",
}


@dataclass(slots=True)
class Life:
    """One delegation as it is meant to go, its dice, and what was typed for it."""

    number: int
    grantor: SandboxPerson
    grantee: SandboxPerson
    seconds: int
    dice: random.Random
    is_calm: bool = False  # nothing is done twice
    sent: list[tuple[Deed, SandboxPerson, Sent, str]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """By which everything about it is recognised."""
        return f"life-{self.number}"

    @property
    def terms(self) -> str:
        """What is typed after the person."""
        return f"{self.seconds}s {self.reason}"

    def chance(self, share: float) -> bool:
        """Whether what happens this often happens now."""
        return not self.is_calm and self.dice.random() < share


class People:
    """Acts through Slack and Close's own screens, and notes everything in the ledger."""

    def __init__(self, stage: Stage, screens: Screens, ledger: Ledger) -> None:
        self._stage = stage
        self._slack = stage.slack
        self._screens = screens
        self._ledger = ledger
        self._forms: dict[str, asyncio.Lock] = {}

    async def live(self, life: Life, plan: str) -> None:
        """Act it out as far as it goes."""
        await self._served(life)
        self._ledger.lives += 1
        await PLANS[plan](self, life)
        if life.sent and life.chance(0.1):
            await self._once_more(life)

    async def asked(self, life: Life) -> bool:
        """The grantee asks; True when it was promised that it is stored."""
        text = f"@{life.grantor.handle} {life.terms}"
        return await self._typed(life, Deed.ASK, life.grantee, text)

    async def granted(self, life: Life) -> bool:
        """The grantor gives it unasked."""
        text = f"grant @{life.grantee.handle} {life.terms}"
        return await self._typed(life, Deed.GRANT, life.grantor, text)

    async def _typed(self, life: Life, deed: Deed, person: SandboxPerson, text: str) -> bool:
        hands = 2 if life.chance(0.1) else 1
        for _ in range(TYPED_AT_MOST):
            await self._served(life)
            each = [self._command(life, deed, person, text) for _ in range(hands)]
            entries = await asyncio.gather(*each)
            if any(entry.is_promise for entry in entries):
                return True
            if any(STILL_AT_IT in entry.answer for entry in entries):
                return await self.shows(life, person, "") is not None
            if all(_is_refused(entry) for entry in entries):
                break
            await asyncio.sleep(life.dice.uniform(0.5, PUZZLED))
        return await self.shows(life, person, "", within=1.0) is not None

    async def _served(self, life: Life) -> None:
        """Wait, as most people do, until the bot can be reached again."""
        if life.chance(0.1):
            return
        while not self._stage.fleet.running():  # noqa: ASYNC110 - nobody tells people either
            await asyncio.sleep(0.2)

    async def _command(self, life: Life, deed: Deed, person: SandboxPerson, text: str) -> Entry:
        began = self._now()
        reply = await self._slack.command(person, "/sendas", text)
        self._remember(life, deed, person, life.reason.encode(), "")
        return self._note(life, deed, person, began, reply, "")

    async def does(
        self, life: Life, deed: Deed, person: SandboxPerson, *, within: float = WAITS
    ) -> bool:
        """Click until the card says something else; False when there never was such a button."""
        button = BUTTONS[deed]
        hands = 2 if life.chance(0.15) else 1
        for _ in range(CLICKED_AT_MOST):
            message = await self.shows(life, person, button, within=within)
            if message is None:
                return False
            await self._served(life)
            await asyncio.gather(*(self._click(life, deed, person, message) for _ in range(hands)))
            if await self._changes(life, person, button):
                return True
        return True

    async def _click(
        self, life: Life, deed: Deed, person: SandboxPerson, message: Message
    ) -> Reply:
        button, began = BUTTONS[deed], self._now()
        try:
            value = carried(message, button)
            reply = await self._slack.click(person, message, button)
        except (AssertionError, StopIteration):  # it went while the hand moved
            return Reply(problem="nothing to click on")
        if deed in (Deed.EXTEND, Deed.WISH):
            return reply  # opens a form; that counts
        self._remember(life, deed, person, value.partition(":")[0].encode(), value)
        self._note(life, deed, person, began, reply, value)
        return reply

    async def fills(
        self,
        life: Life,
        deed: Deed,
        person: SandboxPerson,
        duration: str,
        *,
        within: float = WAITS,
    ) -> bool:
        """Open the form for more time, and send it off, perhaps twice."""
        message = await self.shows(life, person, BUTTONS[deed], within)
        if message is None:
            return False
        async with self._one_form(person):
            await self._served(life)
            await self._click(life, deed, person, message)
            view = await self._form(life, person)
            if view is None:
                return False
            await self._submit(life, deed, person, view, duration)
            if life.chance(0.3):
                await self._again(life)
            self._slack.workspace.modals.pop(person.id, None)
        return True

    async def _submit(
        self, life: Life, deed: Deed, person: SandboxPerson, view: View, duration: str
    ) -> None:
        began, value = self._now(), str(view.definition["private_metadata"])
        reply = await self._slack.submit(person, {"duration": duration})
        self._remember(life, deed, person, value.partition(":")[0].encode(), value)
        self._note(life, deed, person, began, reply, value)

    async def _form(self, life: Life, person: SandboxPerson) -> View | None:
        row = self._screens.row_of(life.number)
        deadline = asyncio.get_running_loop().time() + HURRY
        while asyncio.get_running_loop().time() < deadline:
            view = self._slack.view(person)
            if view is not None and row and row in str(view.definition.get("private_metadata")):
                return view
            await self._screens.change(life.number, 0.1)
        return None

    @contextlib.asynccontextmanager
    async def _one_form(self, person: SandboxPerson) -> AsyncIterator[None]:
        async with self._forms.setdefault(person.id, asyncio.Lock()):
            self._slack.workspace.modals.pop(person.id, None)
            yield

    async def _again(self, life: Life) -> None:
        """The last request once more, to the byte."""
        deed, person, sent, value = life.sent[-1]
        began = self._now()
        reply = await self._slack.post_raw(sent.body, sent.headers)
        self._note(life, deed, person, began, reply, value, is_copy=True)

    async def _once_more(self, life: Life) -> None:
        """An earlier click again, from a screen that was never renewed, or to the byte."""
        deed, person, sent, value = life.dice.choice(life.sent)
        if deed in (Deed.ASK, Deed.GRANT) or life.chance(0.5):
            headers = sent.headers
        else:
            headers = {**sent.headers, **self._slack.sign(sent.body)}
        began = self._now()
        reply = await self._slack.post_raw(sent.body, headers)
        self._note(life, deed, person, began, reply, value, is_copy=True)

    def _remember(
        self, life: Life, deed: Deed, person: SandboxPerson, words: bytes, value: str
    ) -> None:
        """Find it among what went out last; others act at the same time."""
        latest = self._slack.delivery.sent[-60:]
        mine = [each for each in latest if words in each.body and person.id.encode() in each.body]
        if mine:
            life.sent.append((deed, person, mine[-1], value))

    async def types(self, life: Life, verb: str, deed: Deed) -> None:
        """Take it away, or give it back, with a command; noted once it is known which it was."""
        is_back = deed is Deed.RELEASE
        person = life.grantee if is_back else life.grantor
        other = life.grantor if is_back else life.grantee
        began = self._now()
        reply = await self._slack.command(person, "/sendas", f"{verb} @{other.handle}")
        row = self._screens.row_of(life.number)
        if row is not None and "can no longer" in reply.text:
            self._note(life, deed, person, began, reply, row)

    def hand_makes(self, life: Life) -> None:
        """The grantor makes it in Close's own settings."""
        made = self._stage.close.allow(life.grantor, life.grantee)
        self._ledger.by_hand.add(made.id)

    def hand_removes(self, life: Life) -> bool:
        """The grantor takes away there whatever there is for the two; whether there was any."""
        state = self._stage.close.state
        pair = (life.grantor.close_user_id, life.grantee.close_user_id)
        there = [
            e.id for e in state.associations if (e.allowing_user_id, e.allowed_user_id) == pair
        ]
        self._stage.close.remove(life.grantor, life.grantee)
        self._ledger.removed_by_hand.update(dict.fromkeys(there, self._now()))
        return bool(there)

    async def until_over(self, life: Life, within: float = WAITS) -> None:
        """Wait for the end to be shown to the grantee."""
        deadline = asyncio.get_running_loop().time() + within + life.seconds
        while asyncio.get_running_loop().time() < deadline:
            message = self._screens.of(life.number, life.grantee.id)
            if message is not None and _OVER & set(str(message.text).split()):
                return
            await self._screens.change(life.number, 0.5)

    async def shows(
        self, life: Life, person: SandboxPerson, button: str, within: float = WAITS
    ) -> Message | None:
        """The person's card once it has this button; None when it never gets it."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            message = self._screens.of(life.number, person.id)
            if message is not None and (not button or _has(message, button)):
                return message
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return None
            await self._screens.change(life.number, min(left, 1.0))

    async def _changes(self, life: Life, person: SandboxPerson, button: str) -> bool:
        deadline = asyncio.get_running_loop().time() + HURRY
        while asyncio.get_running_loop().time() < deadline:
            message = self._screens.of(life.number, person.id)
            if message is None or not _has(message, button):
                return True
            await self._screens.change(life.number, 0.5)
        return False

    def _note(
        self,
        life: Life,
        deed: Deed,
        person: SandboxPerson,
        began: datetime,
        reply: Reply,
        value: str,
        *,
        is_copy: bool = False,
    ) -> Entry:
        entry = Entry(
            life=life.number,
            deed=deed,
            person_id=person.id,
            sent_at=began,
            answered_at=self._now(),
            is_acknowledged=reply.ok and reply.status == 200,
            answer=reply.text,
            carried=value,
            is_copy=is_copy,
        )
        self._ledger.entries.append(entry)
        return entry

    def _now(self) -> datetime:
        return self._stage.clock()


def _is_refused(entry: Entry) -> bool:
    """Whether the answer is one that typing it again would not change."""
    return entry.is_acknowledged and SOMETHING_BROKE not in entry.answer


_OVER = {"longer", "over", "over.", "lapsed", "denied", "cancelled", "withdrew", "not"}


def _has(message: Message, button: str) -> bool:
    if button in message.buttons():
        return True
    return f"'action_id': '{button}'" in str(message.blocks)


Plan = Callable[[People, Life], Awaitable[None]]


async def runs_out(people: People, life: Life) -> None:
    """Asked, approved, and left to its end."""
    if await people.asked(life) and await people.does(life, Deed.APPROVE, life.grantor):
        await people.until_over(life)


async def is_granted(people: People, life: Life) -> None:
    """Given unasked, and left to its end."""
    if await people.granted(life):
        await people.until_over(life)


async def is_denied(people: People, life: Life) -> None:
    """Asked and denied."""
    if await people.asked(life):
        await people.does(life, Deed.DENY, life.grantor)


async def is_cancelled(people: People, life: Life) -> None:
    """Asked, and thought better of."""
    if await people.asked(life):
        await people.does(life, Deed.CANCEL, life.grantee)


async def is_left(people: People, life: Life) -> None:
    """Asked, and nobody answers."""
    await people.asked(life)


async def is_revoked(people: People, life: Life) -> None:
    """Given, and taken back before its end."""
    life.seconds += 20
    if await people.asked(life) and await people.does(life, Deed.APPROVE, life.grantor):
        if life.chance(0.3):
            await people.types(life, "revoke", Deed.REVOKE)
        await people.does(life, Deed.REVOKE, life.grantor)
        await people.until_over(life)


async def is_released(people: People, life: Life) -> None:
    """Given back before its end."""
    life.seconds += 20
    if await people.granted(life):
        if life.chance(0.3):
            await people.types(life, "release", Deed.RELEASE)
        await people.does(life, Deed.RELEASE, life.grantee)
        await people.until_over(life)


async def is_extended(people: People, life: Life) -> None:
    """The grantor gives more time."""
    life.seconds += 5
    if await people.granted(life):
        await people.fills(life, Deed.EXTEND, life.grantor, "3s")
        await people.until_over(life)


async def is_wished(people: People, life: Life) -> None:
    """The grantee asks for more time, and gets it, or not."""
    life.seconds += 8
    if await people.granted(life) and await people.fills(life, Deed.WISH, life.grantee, "2s"):
        answer = Deed.APPROVE_EXTENSION if life.chance(0.7) else Deed.DECLINE_EXTENSION
        await people.does(life, answer, life.grantor, within=5.0)
        await people.until_over(life)


async def is_raced_for(people: People, life: Life) -> None:
    """Two people decide in the same moment, before it begins and before it ends."""
    life.seconds += 10
    if not await people.asked(life):
        return
    await asyncio.gather(
        people.does(life, Deed.APPROVE, life.grantor),
        people.does(life, Deed.CANCEL, life.grantee),
    )
    await asyncio.gather(
        people.does(life, Deed.REVOKE, life.grantor, within=5.0),
        people.does(life, Deed.RELEASE, life.grantee, within=5.0),
    )
    await people.until_over(life, within=5.0)


async def was_there(people: People, life: Life) -> None:
    """The two have one already, made by hand: it stays, whatever is asked here."""
    people.hand_makes(life)
    if await people.asked(life):
        await people.does(life, Deed.APPROVE, life.grantor)


async def is_removed_by_hand(people: People, life: Life) -> None:
    """The grantor takes it away in Close itself, and perhaps makes another one there."""
    life.seconds += 3
    if await people.granted(life):
        await people.shows(life, life.grantee, BUTTONS[Deed.RELEASE])
        people.hand_removes(life)
        if life.chance(0.5):
            people.hand_makes(life)
        await people.until_over(life)


PLANS: dict[str, Plan] = {
    "runs out": runs_out,
    "granted": is_granted,
    "denied": is_denied,
    "cancelled": is_cancelled,
    "left": is_left,
    "revoked": is_revoked,
    "released": is_released,
    "extended": is_extended,
    "wished": is_wished,
    "raced for": is_raced_for,
    "was there": was_there,
    "removed by hand": is_removed_by_hand,
}
WEIGHTS = (28, 14, 7, 7, 4, 10, 10, 6, 5, 5, 2, 2)


def born(number: int, people: list[SandboxPerson], seed: int) -> tuple[Life, str]:
    """Life number so-and-so of this seed, and how it is meant to go."""
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 - plays, keeps no secret
    grantor, grantee = dice.sample(people, 2)
    life = Life(number, grantor, grantee, dice.randint(1, 4), dice)
    (plan,) = dice.choices(list(PLANS), WEIGHTS)
    return life, plan
