"""K4: a worker was paused for longer than its lease; what it writes late does not stay."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.connections.admission import show_waiting
from bot.projections.cards import CardStep
from bot.slack.errors import SlackRetryLater
from bot.store import Database, Store
from bot.store.cards import StaleCard
from models.base import new_id
from models.card import Audience
from models.delegation import Delegation, Event, State, Trouble
from models.pairing import Pairing, Verdict
from sandbox.people import ADA, BEN, CLEO
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import AUDIT
from tests.integration.rows import NOON, TEAM, account, add, delegation, get
from tests.patience import PATIENCE

DAY = timedelta(days=1)
LEASE = timedelta(seconds=6)
SLOW = 0.6  # seconds until Slack acts on the call of the one that is overtaken


@pytest.fixture
async def row(database: Database) -> Delegation:
    """Ben has asked Ada, and the account is known."""
    asked = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    await add(database, asked)
    return asked


async def due(database: Database) -> list[StaleCard]:
    """Ada's card, leased, unless it rests; a lease of before has run out."""
    found: Sequence[StaleCard] = await database.run(
        lambda store: store.cards.due.claim(now=NOON + DAY, lease=-LEASE, limit=9)
    )
    return [card for card in found if card.audience is Audience.GRANTOR]


async def claimed(database: Database) -> StaleCard:
    """Ada's card, leased."""
    (card,) = await due(database)
    return card


async def settle(database: Database, step: CardStep) -> None:
    """Work on Ada's card until it rests."""
    while cards := await due(database):
        await step.take(cards[0])


async def deny(database: Database, row: Delegation) -> None:
    """Ada denies."""
    present = await get(database, row)
    await database.run(
        lambda store: store.delegations.apply(present, Event.DENY, now=NOON, actor=ADA.id)
    )


async def called(slack: SandboxSlack, method: str, before: int) -> None:
    """Slack has the call, and has not acted on it."""
    async with asyncio.timeout(PATIENCE):
        while not any(call.method == method for call in slack.calls[before:]):  # noqa: ASYNC110 - the sandbox tells of a call once it has acted
            await asyncio.sleep(0.01)


async def test_a_late_update(
    slack: SandboxSlack, database: Database, step: CardStep, row: Delegation
) -> None:
    """The old text arrives after another worker has shown the end: the end is shown again."""
    await step.take(await claimed(database))
    await database.run(
        lambda store: store.delegations.note_grantee(
            row, account="Ben", close_id="user_ben", is_proven=True, trouble=None, now=NOON
        )
    )
    before = len(slack.calls)
    slack.trouble.stall("chat.update", SLOW)
    late = asyncio.create_task(step.take(await claimed(database)))
    await called(slack, "chat.update", before)
    await deny(database, row)
    await step.take(await claimed(database))
    await late
    await settle(database, step)
    (card,) = slack.messages(ADA)
    assert "You denied" in slack.read(card, ADA)


async def test_a_late_post(
    slack: SandboxSlack, database: Database, step: CardStep, row: Delegation
) -> None:
    """Two have posted the card: one of the two is left, and shows the end."""
    before = len(slack.calls)
    slack.trouble.stall("chat.postMessage", SLOW)
    late = asyncio.create_task(step.take(await claimed(database)))
    await called(slack, "chat.postMessage", before)
    await step.take(await claimed(database))
    await late
    await deny(database, row)
    await settle(database, step)
    (card,) = slack.messages(ADA)
    assert "You denied" in slack.read(card, ADA)


async def test_overtaken_before_it_wrote(
    slack: SandboxSlack, database: Database, step: CardStep, row: Delegation
) -> None:
    """A worker that finds its card shown by somebody else since writes nothing of its own."""
    overtaken = await claimed(database)
    await step.take(await claimed(database))
    await step.take(overtaken)
    await settle(database, step)
    (card,) = slack.messages(ADA)
    assert "Approve" in card.buttons()


async def test_what_it_waits_for_is_decided_while_it_is_shown(
    slack: SandboxSlack, database: Database, step: CardStep
) -> None:
    """What a card says beside its delegation's row, such as that an admin has to confirm an
    account, changes on its way to Slack: the card is shown once more."""
    row = delegation(
        grantor_id=ADA.id,
        grantee_id=BEN.id,
        requester_id=BEN.id,
        state=State.APPROVED,
        decided_at=NOON,
        trouble=Trouble.NOT_CONNECTED,
    )
    await add(database, row)
    waiting = Pairing(
        id=new_id(),
        team_id=TEAM,
        slack_user_id=ADA.id,
        slack_email=ADA.email,
        account=account(),
        created_at=NOON,
        wake_at=NOON + DAY,
    )

    def reject(store: Store) -> None:
        store.pairings.decide(waiting, Verdict.REJECTED, by=CLEO.id, now=NOON)
        show_waiting(store, waiting, now=NOON)

    await database.run(lambda store: store.pairings.add(waiting))
    slack.trouble.stall("chat.postMessage", SLOW)
    showing = asyncio.create_task(step.take(await claimed(database)))
    await called(slack, "chat.postMessage", 0)
    await database.run(reject)
    await showing
    await settle(database, step)
    (card,) = slack.messages(ADA)
    assert "One step is left" in slack.read(card, ADA)
    assert "An admin" not in slack.read(card, ADA)


async def test_decided_while_it_is_read(
    slack: SandboxSlack, database: Database, step: CardStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D3: a decision that falls between what the audit channel's step reads and what it notes is
    not lost."""
    asked = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)
    real = database.read

    async def read(function: Callable[[Store], Any]) -> Any:
        found = await real(function)
        if (await get(database, asked)).state is State.REQUESTED:
            await database.run(
                lambda store: store.delegations.apply(asked, Event.DENY, now=NOON, actor=ADA.id)
            )
        return found

    monkeypatch.setattr(database, "read", read)

    def due_line(store: Store) -> list[StaleCard]:
        cards = store.cards.due.claim(now=NOON + DAY, lease=-LEASE, limit=9)
        return [card for card in cards if card.audience is Audience.AUDIT]

    def begin(store: Store) -> None:
        store.delegations.add(asked, event=Event.REQUEST, actor=BEN.id, audit_channel=AUDIT)
        store.cards.show_anew(asked.id, now=NOON)

    await database.run(begin)
    while lines := await database.run(due_line):
        await step.take(lines[0])
    (line,) = slack.channel_messages(AUDIT)
    assert "denied it" in slack.read(line)


async def test_a_wait_between_two_lines(
    slack: SandboxSlack, database: Database, step: CardStep
) -> None:
    """D3: Slack takes the first line of the audit channel and names a wait before the second: it is
    kept, and the card is not claimed again at once."""
    asked = delegation(grantor_id=ADA.id, grantee_id=BEN.id, requester_id=BEN.id)

    def begin(store: Store) -> None:
        added = store.delegations.add(asked, event=Event.GRANT, actor=ADA.id, audit_channel=AUDIT)
        store.delegations.apply(added, Event.DENY, now=NOON, actor=ADA.id)

    def due_line(store: Store, moment: datetime) -> list[StaleCard]:
        cards = store.cards.due.claim(now=moment, lease=-LEASE, limit=9)
        return [card for card in cards if card.audience is Audience.AUDIT]

    await database.run(begin)
    slack.trouble.rate_limit("chat.postMessage", 60, spared=1)
    (line,) = await database.run(lambda store: due_line(store, NOON))
    with pytest.raises(SlackRetryLater) as refused:
        await step.take(line)
    await step.put_off(line, refused.value)
    assert len(slack.channel_messages(AUDIT)) == 1
    assert not await database.run(lambda store: due_line(store, NOON + timedelta(seconds=59)))
    (line,) = await database.run(lambda store: due_line(store, NOON + timedelta(seconds=62)))
    await step.take(line)
    assert not await database.run(lambda store: due_line(store, NOON + DAY))
