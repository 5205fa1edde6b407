"""A create that Close has not answered may still arrive: until then nothing is taken for gone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.connections.watch import Watch
from bot.delegations.steps import remove
from bot.delegations.steps.attempts import ARRIVES_WITHIN, LOOK_AGAIN
from bot.store import Database
from models.delegation import Delegation, Event, State, Trouble
from tests.integration.books import Bench, bench
from tests.integration.rows import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected."""
    opened = bench(database)
    await opened.connect()
    return opened


async def revoked(stage: Bench) -> Delegation:
    """Ada took it back while the create was on its way."""
    return await stage.row(
        state=State.ENDING,
        association_id=None,
        active_at=None,
        ends_at=None,
        ended_at=NOON,
        end_event=Event.REVOKE,
        arrives_until=NOON + ARRIVES_WITHIN,
        trouble=Trouble.CLOSE_DOWN,
        attempts=3,
        leased_until=NOON,
    )


async def test_nothing_there_is_not_believed_at_once(stage: Bench) -> None:
    """It is said to be gone when nothing can arrive any more, and not a second before."""
    row = await revoked(stage)
    for waited in (timedelta(), LOOK_AGAIN, ARRIVES_WITHIN - SECOND):
        stage.moment = NOON + waited
        await remove.step(stage.tools, await stage.present(row))
        again = min(stage.moment + LOOK_AGAIN, NOON + ARRIVES_WITHIN)
        assert await stage.present(row) == replace(row, wake_at=again, leased_until=None)
    stage.moment = NOON + ARRIVES_WITHIN
    await remove.step(stage.tools, await stage.present(row))
    assert (await stage.present(row)).state is State.ENDED


async def test_what_arrives_late_is_taken_away(stage: Bench) -> None:
    """It takes effect after the first look: the next one finds it, and it is deleted by its id."""
    row = await revoked(stage)
    await remove.step(stage.tools, row)
    late = stage.books.hold(1)
    stage.wait(seconds=59)
    await remove.step(stage.tools, await stage.present(row))
    taken = await stage.present(row)
    assert (taken.state, taken.association_id) == (State.ENDING, late.id)
    await remove.step(stage.tools, taken)
    assert (await stage.present(row)).state is State.ENDED
    assert stage.books.held == []


async def test_a_row_that_does_not_say_until_when(stage: Bench) -> None:
    """A create of an earlier release may arrive for as long after it was asked for."""
    row = await stage.row(
        state=State.ENDING, association_id=None, ended_at=NOON, end_event=Event.REVOKE
    )
    stage.moment = NOON + ARRIVES_WITHIN - SECOND
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDING
    stage.moment = NOON + ARRIVES_WITHIN
    await remove.step(stage.tools, await stage.present(row))
    assert (await stage.present(row)).state is State.ENDED


async def test_what_begins_while_its_connection_is_given_up_is_ended(stage: Bench) -> None:
    """A create that arrives after its grantor has disconnected is taken back, and the watch can go
    on: it ends what it finds where it looks whether anything is left."""
    row = await stage.row()
    connection = await stage.database.run(
        lambda store: store.connections.get(row.team_id, row.grantor_id)
    )
    assert connection is not None
    await stage.database.run(lambda store: store.connections.leave(connection, now=NOON))
    [leaving] = await stage.database.run(
        lambda store: store.connections.due.claim(now=NOON, lease=SECOND, limit=1)
    )
    held, close = stage.tools.connections, stage.tools.close
    watch = Watch(stage.database, held, close, frozenset(), lambda: NOON, lambda: None)
    await watch.take(leaving)
    present = await stage.database.run(lambda store: store.delegations.get(row.id))
    assert present is not None
    assert present.state is State.ENDING
