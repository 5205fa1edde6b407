"""Strong rights, as the use cases see them: what is kept to be confirmed, and carried out once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import asking, confirming, deciding, extending, standing
from bot.delegations.asking import Terms
from bot.delegations.drafts import DRAFT_LIFE
from bot.desk import Actor, Desk
from bot.refusals import AlreadyOpen, Changed, ConfirmFirst, DraftGone
from bot.store import Database, Store
from bot.times.span import Span
from models.delegation import Delegation, ExtensionWish, State
from models.draft import Draft
from models.mark import mark_of
from models.policy import Policy
from tests.integration.books import ADA, BEN, CLEO, Bench, as_of, bench
from tests.integration.rows import NOON, TEAM, add, delegation

DAY = timedelta(days=1)
WEEK = 7 * DAY
FOREVER = Span(forever=True)
PROVEN = Actor(TEAM, ADA, is_proven=True)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Over a week is strong."""
    return bench(database, policy=Policy(confirm_over=WEEK, max_duration=40 * DAY))


async def asked(stage: Bench, **changes: Any) -> Delegation:
    """Ben's request for eight days."""
    values = {"grantor_id": ADA, "grantee_id": BEN, "requester_id": BEN, "length": 8 * DAY}
    row = delegation(**{**values, **changes})
    await add(stage.database, row)
    return await stage.present(row)


async def kept(stage: Bench, doing: Any) -> str:
    """What is to be confirmed before this is done, kept."""
    with pytest.raises(ConfirmFirst) as wanted:
        await doing
    return await confirming.keep(stage.desk, as_of(ADA), wanted.value)


def approval(desk: Desk, row: Delegation, actor: Actor | None = None, **terms: Any) -> Any:
    """Ada approves it."""
    return deciding.approve(desk, actor or as_of(ADA), row.id, mark_of(row), **terms)


async def test_it_is_done_once(stage: Bench) -> None:
    """What was wanted is said, done when it is confirmed, and not again."""
    row = await asked(stage)
    draft_id = await kept(stage, approval(stage.desk, row, note="Yes"))
    assert (await stage.present(row)).state is State.REQUESTED
    wanted = await confirming.look_at(stage.desk, as_of(ADA), draft_id)
    assert (list(wanted.grantee_ids), wanted.span) == ([BEN], Span(length=8 * DAY))
    assert await confirming.carry_out(stage.desk, PROVEN, draft_id) == wanted
    done = await stage.present(row)
    assert (done.state, done.note, done.length) == (State.APPROVED, "Yes", 8 * DAY)
    for way in (confirming.look_at, confirming.carry_out):
        with pytest.raises(DraftGone):
            await way(stage.desk, PROVEN, draft_id)


async def test_in_other_terms(stage: Bench) -> None:
    """The grantor's own length is what is confirmed, with the start that was asked for."""
    row = await asked(stage, length=DAY, starts_at=NOON + DAY)
    draft_id = await kept(stage, approval(stage.desk, row, span=FOREVER))
    wanted = await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert wanted.span == FOREVER
    done = await stage.present(row)
    assert (done.length, done.until, done.starts_at) == (None, None, NOON + DAY)


async def test_not_strong(stage: Bench) -> None:
    """Exactly the limit is not over it; a start that is far does not make a right long."""
    row = await asked(stage, length=WEEK)
    assert (await approval(stage.desk, row)).state is State.APPROVED
    late = await asked(
        stage, grantee_id=CLEO, starts_at=NOON + 5 * DAY, length=None, until=NOON + 10 * DAY
    )
    assert (await approval(stage.desk, late)).state is State.APPROVED


async def test_it_is_its_owners(stage: Bench) -> None:
    """Nobody else confirms it, nobody after an hour, and no other draft is one."""
    row = await asked(stage)
    draft_id = await kept(stage, approval(stage.desk, row))
    with pytest.raises(DraftGone):
        await confirming.carry_out(stage.desk, Actor(TEAM, BEN, is_proven=True), draft_id)
    stage.moment += DRAFT_LIFE
    with pytest.raises(DraftGone):
        await confirming.carry_out(stage.desk, PROVEN, draft_id)
    other = Draft(
        id="wish", team_id=TEAM, slack_user_id=ADA, content="{}", expires_at=NOON + 2 * DAY
    )
    await stage.database.run(lambda store: store.drafts.add(other, now=NOON))
    with pytest.raises(DraftGone):
        await confirming.look_at(stage.desk, as_of(ADA), "wish")


async def test_what_was_read(stage: Bench) -> None:
    """It counts for what was read then, not for what has become of it."""
    row = await asked(stage)
    draft_id = await kept(stage, approval(stage.desk, row))
    await stage.database.run(
        lambda store: store.delegations.note_grantee(
            row, account="Eve", close_id="user_eve", is_proven=False, trouble=None, now=NOON
        )
    )
    with pytest.raises(Changed):
        await confirming.carry_out(stage.desk, PROVEN, draft_id)


async def test_grants(stage: Bench) -> None:
    """To several at once, with their reason; what stands against one alone is raised."""
    terms = Terms(FOREVER, "While I am away")
    doing = asking.grant_all(stage.desk, as_of(ADA), grantee_ids=[BEN, CLEO], terms=terms)
    draft_id = await kept(stage, doing)
    wanted = await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert (list(wanted.grantee_ids), wanted.span) == ([BEN, CLEO], FOREVER)
    given = await stage.database.read(lambda store: store.delegations.open_for_person(TEAM, ADA))
    assert {(each.grantee_id, each.reason) for each in given} == {
        (BEN, "While I am away"),
        (CLEO, "While I am away"),
    }
    again = asking.grant_all(stage.desk, as_of(ADA), grantee_ids=[BEN], terms=terms)
    with pytest.raises(AlreadyOpen):
        await confirming.carry_out(stage.desk, PROVEN, await kept(stage, again))
    with pytest.raises(ConfirmFirst):
        await asking.grant(stage.desk, as_of(ADA), grantee_id="U0DANA", terms=terms)


async def test_more_time(stage: Bench) -> None:
    """All of it counts, from its first moment on; the grantee may wish for it all the same."""
    began = NOON - 6 * DAY
    row = await stage.row(active_at=began)
    more = Span(length=2 * DAY)
    doing = extending.extend(stage.desk, as_of(ADA), row.id, mark_of(row), more, "More")
    draft_id = await kept(stage, doing)
    await confirming.carry_out(stage.desk, PROVEN, draft_id)
    longer = await stage.present(row)
    assert (longer.ends_at, longer.note) == (NOON + 2 * DAY + timedelta(hours=2), "More")
    asked_for = await extending.extend(
        stage.desk, as_of(BEN), row.id, mark_of(longer), Span(length=DAY)
    )
    assert asked_for.extension == ExtensionWish(NOON, length=DAY)
    doing = extending.approve_extension(stage.desk, as_of(ADA), row.id, mark_of(asked_for))
    await confirming.carry_out(stage.desk, PROVEN, await kept(stage, doing))
    assert (await stage.present(row)).ends_at == NOON + 3 * DAY + timedelta(hours=2)


async def test_standing_approvals(stage: Bench) -> None:
    """One that reaches far is confirmed, and answers nothing that is strong."""
    row = await asked(stage, length=DAY)
    until = NOON + 30 * DAY
    doing = standing.always_approve_like(
        stage.desk, as_of(ADA), row.id, mark_of(row), longest=Span(length=20 * DAY), until=until
    )
    draft_id = await kept(stage, doing)
    wanted = await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert wanted.span == Span(until=until)
    held = await stage.database.read(lambda store: store.standing.for_pair(TEAM, ADA, BEN))
    assert held is not None
    assert (held.max_length, held.until) == (20 * DAY, until)
    assert (await stage.present(row)).state is State.APPROVED
    new = delegation(grantor_id=ADA, grantee_id=BEN, requester_id=BEN)

    def answered(store: Store, length: timedelta) -> State:
        wish = replace(new, length=length)
        return asking.under_standing_approval(stage.desk, store, wish, NOON).state

    run = stage.database.run
    assert await run(lambda store: answered(store, WEEK)) is State.APPROVED
    assert await run(lambda store: answered(store, WEEK + DAY)) is State.REQUESTED
