"""More time, as the use cases see it: decided under the row's lock, at one moment."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.delegations import extending
from bot.refusals import Settled
from bot.store import Database
from bot.times.span import Span
from models.delegation import Delegation, Event, ExtensionWish, State
from models.mark import mark_of
from tests.integration.books import ADA, BEN, Bench, as_of, bench
from tests.integration.rows import NOON

END = NOON + timedelta(hours=2)
HOUR = timedelta(hours=1)
WISH = ExtensionWish(NOON, length=HOUR)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Nobody needs to be connected."""
    return bench(database)


async def by_grantor(stage: Bench, row: Delegation) -> None:
    """Ada gives an hour."""
    await extending.extend(stage.desk, as_of(ADA), row.id, mark_of(row), Span(length=HOUR))


async def by_grantee(stage: Bench, row: Delegation) -> None:
    """Ben wishes for an hour."""
    await extending.extend(stage.desk, as_of(BEN), row.id, mark_of(row), Span(length=HOUR))


async def by_answer(stage: Bench, row: Delegation) -> None:
    """Ada agrees to Ben's wish."""
    await extending.approve_extension(stage.desk, as_of(ADA), row.id, mark_of(row))


async def by_refusal(stage: Bench, row: Delegation) -> None:
    """Ada leaves the end as it is."""
    await extending.decline_extension(stage.desk, as_of(ADA), row.id, mark_of(row))


async def by_looking(stage: Bench, row: Delegation) -> None:
    """Ada opens the form."""
    await extending.extendable(stage.desk, as_of(ADA), row.id)


@pytest.mark.parametrize("move", [by_grantor, by_grantee, by_answer, by_refusal, by_looking])
async def test_not_after_the_end(
    stage: Bench, move: Callable[[Bench, Delegation], Awaitable[None]]
) -> None:
    """C3: from the very end on nothing about it is given, wished or answered, although the clock's
    own step has not come yet; a moment before it is."""
    row = await stage.row(ends_at=END, extension=WISH)
    stage.moment = END
    with pytest.raises(Settled) as refused:
        await move(stage, row)
    assert refused.value.state is State.ENDING
    assert await stage.present(row) == row
    assert len(await stage.database.run(lambda store: store.delegations.history(row.id))) == 1
    stage.moment = END - timedelta(microseconds=1)
    await move(stage, row)


async def test_given_a_moment_before_the_end(stage: Bench) -> None:
    """The hour is added to the end that was promised, and the trail says so."""
    row = await stage.row(ends_at=END)
    stage.moment = END - timedelta(microseconds=1)
    await by_grantor(stage, row)
    after = await stage.present(row)
    assert (after.state, after.ends_at) == (State.ACTIVE, END + HOUR)
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    assert history[-1].event is Event.EXTEND
