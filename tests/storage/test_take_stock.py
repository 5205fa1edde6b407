"""What is done to the rows of a restored database, before the bot works with them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.store import Database
from bot.store.notices import ASKING
from bot.strays.restored import Restored, take_stock
from models.base import new_id
from models.delegation import Delegation, State, Trouble
from models.notice import Notice, NoticeKind, notices
from models.rows import to_row
from models.standing import StandingApproval
from tests.integration.rows import NOON, TEAM, add, cards_of, connection, delegation, get

ADA, ADMIN = "U0ADA", "U0ADMIN"
LATER = NOON + timedelta(days=1)


async def restored(database: Database) -> Restored:
    """A day later."""
    return await database.run(lambda store: take_stock(store, [ADMIN], now=LATER))


async def test_nothing_is_begun(database: Database) -> None:
    """What was agreed to is called off, whether Close was asked for it or not."""
    waits = delegation(state=State.APPROVED, wake_at=NOON)
    tried = delegation(state=State.APPROVED, wake_at=NOON, attempted_at=NOON, is_unclear=True)
    await add(database, waits, tried)
    assert (await restored(database)).called_off == 2
    for row in (waits, tried):
        after = await get(database, row)
        assert (after.state, after.trouble, after.wake_at) == (State.FAILED, Trouble.RESTORED, None)


async def test_nothing_is_guessed(database: Database) -> None:
    """What Close had not answered is not looked for any more: what is there now may be somebody
    else's, and would be deleted. What is known by its id is."""
    unseen = delegation(state=State.ENDING, attempted_at=NOON, arrives_until=NOON)
    unclear = delegation(
        state=State.ACTIVE, attempted_at=NOON, association_id="sdas_1", is_unclear=True
    )
    known = delegation(state=State.ENDING, attempted_at=NOON, association_id="sdas_2")
    twice = replace(unclear, id=new_id(), association_id="sdas_3", surplus_id="sdas_4")
    rows = (unseen, unclear, known, replace(twice, grantee_id="U0CLEO"))
    await add(database, *rows)
    await restored(database)
    after: list[Delegation] = [await get(database, row) for row in rows]
    assert [each.is_unanswered for each in after[:3]] == [False] * 3
    assert [each.association_id for each in after] == [None, "sdas_1", "sdas_2", "sdas_3"]
    assert (after[3].is_unclear, after[3].surplus_id) == (True, "sdas_4")


async def test_no_word_of_earlier_holds(database: Database) -> None:
    """A standing approval may have been ended since, so it has ended; its giver is told."""
    word = StandingApproval(
        id=new_id(),
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id="U0BEN",
        max_length=timedelta(hours=1),
        until=NOON + timedelta(days=7),
        created_at=NOON,
    )
    await database.run(lambda store: store.standing.put(word))
    assert (await restored(database)).standing == 1
    after = await database.run(lambda store: store.standing.get(word.id))
    assert after is not None
    assert after.ended_at == LATER
    told = await database.read(lambda store: store.next_wakes([store.notices.due])[0])
    assert told is not None


async def test_everything_is_looked_at(database: Database) -> None:
    """No connection counts as working before Close has said so, and the message of every card is
    looked for before anything is posted."""
    held, open_row = connection(), delegation()
    await database.run(lambda store: store.connections.put(held))
    await add(database, open_row)
    assert (await restored(database)).connections == 1
    after = await database.run(lambda store: store.connections.find(held.id))
    assert after is not None
    assert (after.is_alive, after.wake_at) == (False, LATER)
    for card in await cards_of(database, open_row):
        assert (card.wake_at, card.attempts, card.shown_version) == (LATER, 1, 0)


async def test_a_second_time(database: Database) -> None:
    """Whoever is not sure whether it was done does it again later: nobody is told twice, and the
    backup is as old as it was."""
    await database.run(lambda store: store.connections.put(connection()))
    await add(database, delegation(state=State.APPROVED, wake_at=NOON))
    first = await restored(database)
    minutes_later = LATER + timedelta(minutes=9)
    second = await database.run(lambda store: take_stock(store, [ADMIN], now=minutes_later))
    assert (first.called_off, second.called_off) == (1, 0)
    assert first.since == second.since
    due = await database.run(
        lambda store: store.notices.due.claim(
            now=LATER + timedelta(hours=1), lease=timedelta(seconds=6), limit=9
        )
    )
    assert sorted(each.recipient for each in due) == sorted([ADA, ADMIN])


async def test_admins_hear_of_a_nearly_empty_one(database: Database) -> None:
    """An early backup knows of no connection: just then who connected since matters."""
    await add(database, delegation())
    await restored(database)
    told = await database.run(
        lambda store: store.notices.due.claim(now=LATER, lease=timedelta(seconds=6), limit=9)
    )
    assert [(each.kind, each.recipient) for each in told] == [(NoticeKind.RESTORED_ADMIN, ADMIN)]


@pytest.mark.parametrize("kind", ASKING)
async def test_questions_have_their_buttons_again(database: Database, kind: NoticeKind) -> None:
    """A question may have been answered since the backup, and shows that: it is asked anew in its
    place."""
    asked = Notice(
        id=new_id(),
        key=f"{kind}:subject::{ADMIN}",
        team_id=TEAM,
        recipient=ADMIN,
        kind=kind,
        subject_id="subject",
        created_at=NOON,
        channel_id="D1",
        message_ts="1.1",
    )
    await database.run_connection(
        lambda connection: connection.execute(insert(notices).values(to_row(asked)))
    )
    await restored(database)
    after = await database.run(lambda store: store.notices.get(asked.id))
    assert after is not None
    assert (after.wake_at, after.changes, after.message_ts) == (LATER, 1, "1.1")
