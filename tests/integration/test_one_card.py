"""One living message, whatever goes wrong in between: lives, faults and kills in random order."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.projections import showing
from bot.projections.cards import CardStep
from bot.projections.showing import Showing
from bot.slack.chat import Envelope, Messages, Place
from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.store import Database
from bot.store.cards import StaleCard
from models.card import Audience
from models.delegation import Delegation, Event, ExtensionWish, State, Trouble, is_possible
from sandbox.people import ADA, BEN
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import AUDIT
from tests.integration.rows import NOON, add, delegation, get
from tests.patience import PATIENCE

DAY = timedelta(days=1)
LEASE = timedelta(seconds=6)
LIVES = 24
STEPS = 25
METHODS = ("chat.postMessage", "chat.update", "chat.delete", "conversations.history")
FAULTS: tuple[Callable[[SandboxSlack, str], None], ...] = (
    lambda slack, method: slack.trouble.drop(method, error="fatal_error", status=200),
    lambda slack, method: slack.trouble.drop(method),
    lambda slack, method: slack.trouble.fail(method, "internal_error"),
    lambda slack, method: slack.trouble.rate_limit(method),
    lambda slack, method: slack.trouble.garble(method, is_taken=True),
)
MOVES: dict[Event, dict[str, Any]] = {
    Event.REMIND: {"reminders": 1},
    Event.APPROVE: {"decided_at": NOON - timedelta(minutes=1)},
    Event.DENY: {"closed_by": ADA.id},
    Event.CANCEL: {"closed_by": BEN.id},
    Event.ACTIVATE: {"active_at": NOON, "ends_at": NOON + DAY},
    Event.FAIL: {"trouble": Trouble.CLOSE_FORBIDDEN},
    Event.WARN: {"is_warned": True},
    Event.ASK_EXTENSION: {"extension": ExtensionWish(NOON, timedelta(hours=1))},
    Event.EXTEND: {"extension": None, "ends_at": NOON + 2 * DAY},
    Event.EXPIRE: {"end_event": Event.EXPIRE},
    Event.REVOKE: {"end_event": Event.REVOKE, "closed_by": ADA.id},
    Event.CONFIRM: {"ended_at": NOON},
    Event.REAPPEAR: {"trouble": Trouble.STILL_THERE},
}


async def work(database: Database, step: CardStep, *, dies: bool = False) -> bool:
    """Take what is due, once; whether anything was. ``dies``: killed while it calls Slack."""
    found: list[StaleCard] = [
        card
        for card in await database.run(
            lambda store: store.cards.due.claim(now=NOON + DAY, lease=-LEASE, limit=9)
        )
        if card.audience in (Audience.GRANTOR, Audience.GRANTEE)
    ]
    for card in found:
        task = asyncio.create_task(step.take(card))
        if dies:
            await asyncio.sleep(random.random() * 0.02)  # noqa: S311 - a moment to be killed in
            task.cancel()
        try:
            await task
        except SlackError as error:
            await step.put_off(card, error)
        except asyncio.CancelledError:
            pass
    return bool(found)


async def until_rest(database: Database, step: CardStep) -> None:
    """Whoever is not paused shows all that is due."""
    while await work(database, step):
        pass


def assert_posted_once(slack: SandboxSlack) -> None:
    """Ada and Ben were sent a card each, and have it."""
    posted = [call for call in slack.calls if call.method == "chat.postMessage"]
    assert len(posted) == len(slack.messages(ADA) + slack.messages(BEN)) == 2


async def live(database: Database, row: Delegation, dice: random.Random) -> None:
    """Something happens in its life."""
    present = await get(database, row)
    possible = [event for event in MOVES if is_possible(present.state, event)]
    if possible:
        event = dice.choice(possible)
        await database.run(
            lambda store: store.delegations.apply(present, event, now=NOON, **MOVES[event])
        )


@pytest.mark.parametrize("seed", range(LIVES))
async def test_one_card_whatever_happens(
    slack: SandboxSlack, database: Database, step: CardStep, seed: int
) -> None:
    """After every life each reader has one card, which shows how it is; no older one stays."""
    dice = random.Random(seed)  # noqa: S311 - plays, keeps no secret
    row = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    await add(database, row)
    for _ in range(STEPS):
        match dice.choice(("live", "work", "work", "die", "fault", "delete")):
            case "live":
                await live(database, row, dice)
            case "work":
                await work(database, step)
            case "die":
                await work(database, step, dies=True)
            case "fault":
                dice.choice(FAULTS)(slack, dice.choice(METHODS))
            case "delete" if messages := slack.messages(ADA):
                slack.workspace.remove_message(dice.choice(messages))
    slack.trouble.clear()
    # Slack does not tell of a message that somebody deletes: the next look finds it.
    await database.run(lambda store: store.cards.show_anew(row.id, now=NOON))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while await work(database, step):
                pass
    ended = await get(database, row)
    for person in (ADA, BEN):
        cards = slack.messages(person)
        assert len(cards) <= 1
        assert cards or ended.state is State.CANCELLED
        live_ones = [each for each in cards if set(each.buttons()) - {"What was sent", "Ask again"}]
        assert ended.is_open or not live_ones


async def test_what_was_posted_before_a_card_waits(
    slack: SandboxSlack, database: Database, step: CardStep
) -> None:
    """Killed after the first post and approved meanwhile: the card that waits for the right to run
    is still looked for when the approval is withdrawn, and keeps no button."""
    row = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    await add(database, row)
    slack.trouble.drop("chat.postMessage", times=2)
    for card in await database.run(
        lambda store: store.cards.due.claim(now=NOON, lease=-LEASE, limit=9)
    ):
        with contextlib.suppress(SlackError):  # killed before this came back
            await step.take(card)
    assert "Cancel" in slack.messages(BEN)[0].buttons()
    approved = await database.run(
        lambda store: store.delegations.apply(row, Event.APPROVE, now=NOON, decided_at=NOON)
    )
    await work(database, step)
    await database.run(
        lambda store: store.delegations.apply(approved, Event.CANCEL, now=NOON, closed_by=ADA.id)
    )
    await until_rest(database, step)
    assert not [each for each in slack.messages(BEN) if "Cancel" in each.buttons()]


async def test_a_paused_process_posts_nothing_late(
    slack: SandboxSlack, database: Database, step: CardStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was paused before it could post, for longer than its lease, posts nothing when
    it goes on: another one has shown the card, and its reader was notified once."""
    row = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    await add(database, row)
    monkeypatch.setattr(showing, "SURE_FOR", 0.0)
    asleep, awake = asyncio.Event(), asyncio.Event()
    compose = CardStep._message

    async def pausing(self: CardStep, card: StaleCard, subject: Delegation) -> Message:
        message = await compose(self, card, subject)
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return message

    monkeypatch.setattr(CardStep, "_message", pausing)
    paused = asyncio.create_task(work(database, step))
    await asleep.wait()
    await until_rest(database, step)
    awake.set()
    await paused
    await until_rest(database, step)
    assert_posted_once(slack)


async def test_a_process_paused_after_its_last_look_posts_nothing(
    slack: SandboxSlack, database: Database, step: CardStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where the pause begins once it has seen that the card is still its own: what it was
    about to post is too late then, and is looked for before it is posted again."""
    row = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    await add(database, row)
    asleep, awake = asyncio.Event(), asyncio.Event()
    check = Showing.check_mine

    async def pausing(self: Showing, claimed: Any, row: Any, began: float) -> float:
        until = await check(self, claimed, row, began)
        if asleep.is_set():
            return until
        asleep.set()
        await awake.wait()
        return until - LEASE.total_seconds()  # as long as it has slept

    monkeypatch.setattr(Showing, "check_mine", pausing)
    paused = asyncio.create_task(work(database, step))
    await asleep.wait()
    await until_rest(database, step)
    monkeypatch.setattr(showing, "SURE_FOR", 0.0)  # the time was long
    awake.set()
    await paused
    await until_rest(database, step)
    assert_posted_once(slack)


async def test_a_line_is_not_written_by_who_was_paused_while_looking_for_it(
    slack: SandboxSlack, database: Database, step: CardStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is paused while it looks for a line of the audit channel, and finds none, does
    not write it when it goes on: another one has."""
    row = delegation(
        grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id, state=State.APPROVED
    )
    await database.run(
        lambda store: store.delegations.add(
            row, event=Event.GRANT, actor=ADA.id, audit_channel=AUDIT
        )
    )
    monkeypatch.setattr(showing, "SURE_FOR", 0.0)
    look = Messages.lost
    pauses = iter([True])

    async def pausing(self: Messages, to: Envelope) -> Place | None:
        found = await look(self, to)
        if next(pauses, False):
            await step.take(await line(database))
        return found

    await line(database)  # by somebody who died
    paused = await line(database)
    monkeypatch.setattr(Messages, "lost", pausing)
    await step.take(paused)
    assert len(slack.channel_messages(AUDIT)) == 1


async def line(database: Database) -> StaleCard:
    """The card of the audit channel, claimed."""
    found: list[StaleCard] = [
        card
        for card in await database.run(
            lambda store: store.cards.due.claim(now=NOON + DAY, lease=-LEASE, limit=9)
        )
        if card.audience is Audience.AUDIT
    ]
    return found[0]
