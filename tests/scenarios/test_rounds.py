"""The daily round: who is gone is found out without any event, and an outage revokes no company."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.base import new_id
from models.connection import connections
from models.delegation import Event, State
from models.departure import departures
from models.pairing import Verdict
from models.person import Departure
from models.round import Round, Stage
from models.stray import StrayState
from sandbox.people import ADA, BEN, CLEO, DANA, ELI, TEAM_ID, SandboxPerson, close_id
from tests.patience import PATIENCE
from tests.scenarios.moves import active, asked, press, settled_in, shown
from tests.scenarios.test_pairings import opened_by, pairing_of
from tests.scenarios.test_standing import always
from tests.scenarios.world import World, open_world

A_DAY = timedelta(hours=24)
QUESTION = "may no longer take part, as Slack and Close say"


async def the_round(world: World) -> Round:
    """The workspace's round as it is now."""
    found = await world.database.run(lambda store: store.rounds.get(TEAM_ID))
    assert found is not None
    return found


async def in_stage(world: World, stage: Stage) -> Round:
    """The round, once it is in this stage and nobody works on it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await the_round(world)
            if row.stage is stage and row.leased_until is None:
                return row
            await asyncio.sleep(0.02)


async def put_off(world: World) -> Round:
    """The round, once Slack could not say and nobody works on it."""
    async with asyncio.timeout(PATIENCE):
        while (await in_stage(world, Stage.SLACK)).attempts == 0:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.02)
    return await in_stage(world, Stage.SLACK)


async def tomorrow(world: World, stage: Stage = Stage.REST) -> Round:
    """The next day's round, once it has come so far."""
    before = await in_stage(world, Stage.REST)
    world.clock.push(hours=24)
    async with asyncio.timeout(PATIENCE):
        while (await the_round(world)).started_at == before.started_at:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.02)
    return await in_stage(world, stage)


async def test_a_leaver_whose_event_was_lost(world: World) -> None:
    """P1: a right without an end ends within a day, and the other is told who has left."""
    await active(world, "@ada forever Covering")
    await world.unheard(BEN, deleted=True)
    await tomorrow(world)
    ended = await settled_in(world, State.ENDED)
    assert (ended.end_event, ended.closed_by) == (Event.OFFBOARD, BEN.id)
    assert not world.close.associations
    await world.card(ADA, "@Ben Okafor has left")


@pytest.mark.parametrize("change", [{"is_restricted": True}, {"team_id": "T0SOUTHBANK"}])
async def test_a_guest_whose_event_was_lost(stage: World, change: dict[str, Any]) -> None:
    """P2: the same for a grantor who is a guest now, or in another workspace."""
    await active(stage, "@ada forever Covering")
    await stage.unheard(ADA, **change)
    await tomorrow(stage)
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


async def test_everybody_who_takes_part_is_asked_about(sqlite_url: str) -> None:
    """P1: in an open row, a standing approval, a waiting pairing or a connection."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await asked(world)
        await always(world)  # for Ben
        await world.sendas(ELI, "@ada 2h")
        await opened_by(world, CLEO, BEN)  # Cleo's account waits for an admin
        await world.connect(DANA)
        before = len(world.slack.calls)
        await tomorrow(world)
        asked_about = {
            call.arguments["user"]
            for call in world.slack.calls[before:]
            if call.method == "users.info"
        }
        assert {ADA.id, BEN.id, CLEO.id, DANA.id, ELI.id} <= asked_about


async def test_what_a_leaver_leaves_behind(sqlite_url: str) -> None:
    """P1: their requests, their connection, and their account that waits for an admin."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await world.connect(BEN)
        await asked(world)
        await opened_by(world, BEN, CLEO)
        await shown(world, DANA, "Confirm")
        await world.unheard(BEN, deleted=True)
        await tomorrow(world)
        await world.until(State.CANCELLED)
        assert (await pairing_of(world)).verdict is Verdict.REJECTED
        async with asyncio.timeout(PATIENCE):
            while await _connected(world):  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(0.02)


async def _connected(world: World) -> Sequence[str]:
    rows = await world.database.run_connection(
        lambda connection: connection.execute(connections.select()).all()
    )
    return [row.slack_user_id for row in rows]


async def test_nobody_is_gone(stage: World) -> None:
    """A round over people who are all here changes nothing, and comes back a day later."""
    await active(stage, "@ada forever Covering")
    first = await tomorrow(stage)
    second = await tomorrow(stage)
    assert second.started_at != first.started_at
    assert (await stage.only()).state is State.ACTIVE
    assert second.wake_at is not None
    assert second.wake_at - stage.clock() < A_DAY


async def test_it_waits_as_long_as_slack_asks(world: World) -> None:
    """Slack's Retry-After puts the round off; it then goes on where it was."""
    await active(world, "@ada forever Covering")
    await world.unheard(BEN, deleted=True)
    world.slack.trouble.rate_limit("users.info", retry_after=120, times=20)
    world.clock.push(hours=24)
    row = await put_off(world)
    assert row.wake_at is not None
    assert row.wake_at - world.clock() > timedelta(seconds=100)
    assert (await world.only()).state is State.ACTIVE
    world.slack.trouble.clear()
    world.clock.push(seconds=125)
    await settled_in(world, State.ENDED)


async def test_slack_is_away_for_a_while(stage: World) -> None:
    """While Slack cannot be reached nobody is gone, and what is overdue is found out afterwards."""
    await active(stage, "@ada forever Covering")
    await stage.unheard(BEN, deleted=True)
    stage.slack.trouble.down()
    stage.clock.push(hours=24)
    await put_off(stage)
    assert (await stage.only()).state is State.ACTIVE
    stage.slack.trouble.up()
    stage.clock.push(minutes=15)
    await settled_in(stage, State.ENDED)


async def test_it_survives_a_restart(sqlite_url: str) -> None:
    """A round that one process began is finished by the next, and who left meanwhile is found."""
    async with open_world(sqlite_url) as world:
        await active(world, "@ada forever Covering")
        await in_stage(world, Stage.REST)
        world.slack.trouble.rate_limit("users.info", retry_after=60, times=20)
        world.clock.push(hours=24)
        began = await put_off(world)
        close, ahead = world.close, world.clock.ahead

    def still_later(another: World) -> None:
        another.clock.ahead = ahead + timedelta(minutes=2)
        another.slack.change_unheard(BEN, deleted=True)

    async with open_world(sqlite_url, close=close, before=still_later) as world:
        done = await in_stage(world, Stage.REST)
        assert done.started_at == began.started_at
        assert (await world.only()).state in (State.ENDING, State.ENDED)


async def test_check_asks_about_people(world: World) -> None:
    """P1: ``/sendas check`` finds a leaver at once."""
    await active(world, "@ada forever Covering")
    await world.unheard(BEN, deleted=True)
    assert "looking" in await world.sendas(ADA, "check")
    await world.card(ADA, "in Close")
    ended = await settled_in(world, State.ENDED)
    assert ended.closed_by == BEN.id


@pytest.mark.parametrize("is_visible", [True, False])
async def test_a_member_who_is_gone_from_close(stage: World, *, is_visible: bool) -> None:
    """Removed from Close and still in Slack: the right ends, and both read why."""
    stage.close.unknowns.organization_is_visible = is_visible
    await active(stage, "@ada forever Covering")
    stage.close.deactivate(BEN)
    await tomorrow(stage)
    ended = await settled_in(stage, State.ENDED)
    assert (ended.closed_by, ended.departure) == (BEN.id, Departure.LEFT_CLOSE)
    assert not stage.close.associations
    await stage.card(ADA, "@Ben Okafor is no longer a member of the Close organization")
    await stage.card(BEN, "You are no longer a member of the Close organization")


async def test_a_member_who_is_gone_is_asked_about_once(stage: World) -> None:
    """P8: what Ada keeps although Ben is gone from Close is not asked about anew each day, although
    his connection is still there."""
    stage.close.allow(ADA, BEN)
    await stage.connect(BEN)
    await stage.connect(ADA)
    await press(stage, ADA, "Keep")
    stage.close.deactivate(BEN)
    await tomorrow(stage)
    await shown(stage, ADA, "Keep", "no longer a member of the Close organization")
    await press(stage, ADA, "Keep")
    await tomorrow(stage)
    (stray,) = await stage.database.run(lambda store: store.strays.of_grantor(TEAM_ID, ADA.id))
    assert stray.state is StrayState.KEPT


async def test_who_is_back_in_close_connects(stage: World) -> None:
    """P8: whoever Close had removed and has again is nobody who has left, as soon as they connect:
    admins are not told that what they gave cannot be taken away."""
    await active(stage, "@ada forever Covering")
    stage.close.deactivate(BEN)
    await tomorrow(stage)
    assert await _departed(stage)
    stage.close.state.inactive.clear()
    await stage.connect(BEN)
    assert not await _departed(stage)


async def test_an_account_of_two_people_is_gone_from_close(stage: World) -> None:
    """Ben and Eli use the same account in Close: once it is gone, what either of them had ends."""
    sample = await active(stage, "@ada forever Covering")
    held = stage.close.allow(ADA, BEN)
    row = replace(
        sample,
        id=new_id(),
        grantee_id=ELI.id,
        requester_id=ELI.id,
        association_id=held.id,
        wake_at=None,
    )
    await stage.database.run(
        lambda store: store.delegations.add(row, event=Event.REQUEST, actor=ELI.id)
    )
    stage.close.deactivate(BEN)
    await tomorrow(stage)
    for person in (BEN, ELI):
        await stage.card(ADA, f"@{person.name} is no longer a member of the Close organization")


async def test_removed_members_may_still_be_listed(stage: World) -> None:
    """The organization's own list of those who were removed counts for more."""
    stage.close.unknowns.removed_members_are_listed = True
    await active(stage, "@ada forever Covering")
    stage.close.deactivate(BEN)
    await tomorrow(stage)
    await settled_in(stage, State.ENDED)


async def test_a_list_of_members_that_cannot_be_right(stage: World) -> None:
    """A list without whoever asked for it ends nobody's part."""
    await active(stage, "@ada forever Covering")
    empty = b'{"data": [], "has_more": false}'
    stage.close.trouble.fail("GET /user/", 200, times=50, body=empty)
    await tomorrow(stage)
    assert (await stage.only()).state is State.ACTIVE


async def test_close_does_not_say_who_its_members_are(stage: World) -> None:
    """After an hour of that, what Slack has said is carried out without Close's members."""
    await active(stage, "@ada forever Covering")
    await stage.unheard(BEN, deleted=True)
    stage.close.trouble.fail("GET /user/", 503, times=1000)
    stage.clock.push(hours=24)
    async with asyncio.timeout(PATIENCE):
        while (await stage.only()).state is State.ACTIVE:
            stage.clock.push(minutes=10)
            await asyncio.sleep(0.1)
    await settled_in(stage, State.ENDED)


async def many(world: World, number: int) -> None:
    """Ada lends her name to so many: to Ben, and to people of whom Slack knows nothing."""
    sample = await active(world, "@ada forever Covering")
    rows = []
    for index in range(number - 1):
        person = somebody(index)
        world.close.state.members[person.close_user_id or ""] = person
        held = world.close.allow(ADA, person)
        row = replace(
            sample,
            id=new_id(),
            grantee_id=person.id,
            requester_id=person.id,
            grantee_close_id=person.close_user_id,
            association_id=held.id,
            wake_at=None,
        )
        rows.append(row)

    def add(store: Any) -> None:
        for row in rows:
            store.delegations.add(row, event=Event.REQUEST, actor=row.grantee_id)

    await world.database.run(add)


def somebody(index: int) -> SandboxPerson:
    """One of the many."""
    handle = f"many{index}"
    return replace(
        ELI,
        id=f"U0MANY{index:04d}",
        handle=handle,
        email=f"{handle}@example.com",
        close_user_id=close_id("user", handle),
    )


async def states(world: World) -> set[State]:
    """All states there are."""
    return {each.state for each in await world.delegations()}


@pytest.fixture
async def led(sqlite_url: str) -> Any:
    """A stage with Dana and Cleo as admins."""
    async with open_world(sqlite_url, admins=(DANA.id, CLEO.id)) as world:
        yield world


async def test_an_outage_ends_nothing(led: World) -> None:
    """Slack knows nobody for a while: admins are asked, and nothing ends without their word."""
    await many(led, 6)
    await in_stage(led, Stage.REST)
    led.slack.trouble.fail("users.info", "user_not_found", times=1000)
    await tomorrow(led, Stage.HELD)
    for admin in (DANA, CLEO):
        question = await shown(led, admin, "End them", QUESTION)
        assert "6 of 6 rights" in led.slack.read(question, admin)
    assert await states(led) == {State.ACTIVE}
    assert len(led.close.associations) == 6


async def test_an_admin_ends_them(led: World) -> None:
    """The unknown grantees are looked up once more and end; whoever is there after all does not."""
    await many(led, 7)
    await tomorrow(led, Stage.HELD)
    await press(led, DANA, "End them")
    await led.card(CLEO, "@Dana Whitfield ended what they had")
    await in_stage(led, Stage.REST)
    rows = await led.delegations()
    assert [row.state for row in rows if row.grantee_id == BEN.id] == [State.ACTIVE]
    assert all(row.state is not State.ACTIVE for row in rows if row.grantee_id != BEN.id)


async def test_an_admin_keeps_them(led: World) -> None:
    """Nothing ends, the other admin cannot answer any more, and the next day it is looked again."""
    await many(led, 7)
    await tomorrow(led, Stage.HELD)
    old = await shown(led, CLEO, "End them", QUESTION)
    await press(led, DANA, "Keep them")
    await led.card(CLEO, "@Dana Whitfield kept what they have")
    await led.slack.forge_click(CLEO, old, "end_them", (await the_round(led)).question or "")
    await led.whispered(CLEO, "already answered")
    assert await states(led) == {State.ACTIVE}
    led.clock.push(hours=24)
    await led.slack.wait_for(
        lambda: sum(QUESTION in m.text for m in led.slack.messages(DANA)) == 1, what="a new one"
    )


async def test_only_admins_answer(led: World) -> None:
    """A forged click of anybody else changes nothing."""
    await many(led, 7)
    held = await tomorrow(led, Stage.HELD)
    await led.sendas(BEN, "list")
    seen = led.slack.messages(BEN)[-1]
    await led.slack.forge_click(BEN, seen, "end_them", held.question or "")
    await led.whispered(BEN, "Only admins can do that")
    assert (await the_round(led)).stage is Stage.HELD


async def test_yesterdays_question_is_over(led: World) -> None:
    """The outage has passed: the next round finds everybody, and the question asks no more."""
    await many(led, 7)
    led.slack.trouble.fail("users.info", "user_not_found", times=1000)
    held = await tomorrow(led, Stage.HELD)
    await shown(led, DANA, "End them")  # a question that was never seen is never asked
    led.slack.trouble.clear()
    for index in range(6):
        led.slack.workspace.people[somebody(index).id] = somebody(index)
    led.clock.push(hours=24)
    await led.card(DANA, "have looked everybody up again since")
    old = led.slack.messages(DANA)[-1]
    await led.slack.forge_click(DANA, old, "end_them", held.question or "")
    await led.whispered(DANA, "already answered")
    await in_stage(led, Stage.REST)
    assert await states(led) == {State.ACTIVE}
    assert not await _departed(led)


async def _departed(world: World) -> Sequence[Any]:
    found: Sequence[Any] = await world.database.run_connection(
        lambda connection: connection.execute(departures.select()).all()
    )
    return found


async def test_a_few_end_without_a_question(stage: World) -> None:
    """Five of five are few enough: a small team needs no admin when somebody leaves."""
    await many(stage, 5)
    await tomorrow(stage)  # four of the five are nobody whom Slack knows
    rows = await stage.delegations()
    assert sum(row.state is State.ACTIVE for row in rows) == 1


async def test_without_admins_it_says_so_in_the_log(
    stage: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can be asked, so nothing ends, and whoever runs the bot can read it."""
    await many(stage, 7)
    await tomorrow(stage, Stage.HELD)
    assert "without ADMINS nobody can be asked" in capsys.readouterr().out
    assert await states(stage) == {State.ACTIVE}


async def test_what_a_leaver_comes_back_to(stage: World) -> None:
    """Somebody who comes back can ask again; what had ended stays ended."""
    await active(stage)
    await stage.slack.change_person(BEN, deleted=True)
    await settled_in(stage, State.ENDED)
    assert await _departed(stage)
    await stage.slack.change_person(BEN, deleted=False)
    assert not await _departed(stage)
    await asked(stage)
