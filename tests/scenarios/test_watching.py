"""Connections that last: looked at ahead of need, and a dead one is an incident people can mend."""

import asyncio
from typing import Any

import pytest

from models.delegation import State
from sandbox.close.unknowns import DeactivatedCaller
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    connection_at_rest,
    connection_of,
    press,
    settled_in,
    shown,
)
from tests.scenarios.world import World, open_world

LOST = "can no longer act for you in Close"
OVERDUE = "may still be able to send email as"
WORKS = "works again"


async def checked(world: World, count: int) -> None:
    """Close has been asked for new tokens this many times."""
    await world.close.wait_for(
        lambda: sum(call.path == "/oauth2/token/" for call in world.close.calls) >= count,
        what=f"{count} answers of the token endpoint",
    )


async def counted(world: World, figure: str) -> None:
    """``/metrics`` shows this, a second later at most."""
    async with asyncio.timeout(PATIENCE):
        while figure not in (await world.figures()).text:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_refreshed_at_least_daily(world: World) -> None:
    """A connection that nobody uses is refreshed within each day."""
    await world.connect(ADA)
    first = await connection_at_rest(world)
    for day in (1, 2, 3):
        world.clock.push(days=1)
        await checked(world, 1 + day)
        again = await connection_at_rest(world)
        assert again.is_alive
        assert again.account.secret != first.account.secret
        assert again.wake_at is not None
        assert (again.wake_at - world.clock()).total_seconds() < 24 * 3600


async def test_found_dead_before_it_matters(world: World) -> None:
    """A quarter of the time before the end the grantor is told, in time to mend it; once they
    have, the alarm is taken back and the right ends as if nothing had happened."""
    await active(world, "@ada 8h Covering")
    await connection_at_rest(world)
    world.close.revoke_tokens(ADA)
    world.clock.push(hours=6, seconds=1)
    notice = await world.card(ADA, LOST)
    assert "remove it yourself in Close's settings" in world.slack.read(notice, ADA)
    assert BEN.name in world.slack.read(notice, ADA)
    await counted(world, 'sendas_connections{state="dead"} 1.0')
    assert "does not work" in await world.sendas(ADA, "list")
    assert "does not work" not in await world.sendas(BEN, "list")
    reply = await press(world, ADA, "Connect Close")
    assert reply.url is not None
    await world.follow(reply.url, ADA)
    await world.card(ADA, WORKS)
    await counted(world, 'sendas_connections{state="alive"} 1.0')
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)


async def test_told_once_and_once_more_when_it_matters(stage: World) -> None:
    """A connection that dies long before the end: one word then, one more near the end, no more."""
    await active(stage, "@ada 4d Covering")
    await connection_at_rest(stage)
    stage.close.revoke_tokens(ADA)
    stage.clock.push(days=1)
    await stage.card(ADA, LOST)
    for _ in range(3):
        stage.clock.push(hours=2)
        await asyncio.sleep(0.1)
    assert _count(stage, LOST) == 1
    stage.clock.push(days=2)
    await _until(lambda: _count(stage, LOST) == 2)
    stage.clock.push(hours=3)
    await asyncio.sleep(0.2)
    assert _count(stage, LOST) == 2


async def test_admins_hear_of_a_right_that_outlives_its_end(database_url: str) -> None:
    """Past the end with a dead connection: every admin is told, and told again when it is over."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id)) as world:
        await active(world)
        world.close.revoke_tokens(ADA)
        world.clock.push(hours=2)
        for admin in (DANA, CLEO):
            told = await world.card(admin, OVERDUE)
            assert ADA.name in world.slack.read(told, admin)
        await counted(world, "sendas_delegations_ending 1.0")
        assert world.close.find(ADA, BEN)
        await world.connect(ADA)
        await settled_in(world, State.ENDED)
        await world.card(DANA, "is settled now")
        assert not [m for m in world.slack.messages(DANA) if OVERDUE in m.text]
        await counted(world, "sendas_delegations_ending 0.0")


async def test_a_removed_grantor_who_gets_403_is_an_incident(sqlite_url: str) -> None:
    """A 403 while a right is being taken back: the connection is looked at, admins hear of it."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        world.close.unknowns.deactivated_caller = DeactivatedCaller.FORBIDDEN
        await active(world)
        await connection_at_rest(world)
        world.clock.push(minutes=5)
        world.close.state.inactive.add(ADA.close_user_id or "")
        await world.sendas(ADA, "revoke @ben")
        await world.card(DANA, OVERDUE)
        assert not (await connection_of(world)).is_alive
        await shown(world, ADA, "Connect Close")
        assert world.close.find(ADA, BEN)


async def test_admins_hear_of_an_end_that_close_refuses(sqlite_url: str) -> None:
    """Whatever the cause: a quarter of an hour past the end every admin is told, not before."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await active(world)
        world.close.trouble.fail("DELETE /send_as/*", 402, times=1000)
        await world.sendas(ADA, "revoke @ben")
        await _until_trouble(world)
        world.clock.push(minutes=10)
        await asyncio.sleep(0.3)
        assert _count(world, OVERDUE, DANA) == 0
        world.clock.push(minutes=10)
        told = await world.card(DANA, OVERDUE)
        assert "connection to Close does not work" not in world.slack.read(told, DANA)
        assert (await connection_of(world)).is_alive
        world.close.trouble.up()
        world.close.trouble.clear()
        await settled_in(world, State.ENDED)
        await world.card(DANA, "is settled now")


async def test_it_gets_louder_each_day(sqlite_url: str) -> None:
    """As long as the right is there past its end, grantor and admins hear of it every day."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await active(world)
        world.close.revoke_tokens(ADA)
        world.clock.push(hours=2)
        await world.card(DANA, OVERDUE)
        await shown(world, ADA, "Connect Close")
        for day in (1, 2):
            world.clock.push(days=1)
            await _until(lambda day=day: _count(world, OVERDUE, DANA) == 1 + day)
            await _until(lambda day=day: _count(world, LOST) == day)
        assert world.close.find(ADA, BEN)


async def test_it_keeps_trying_by_itself(world: World) -> None:
    """Somebody who was removed from Close and comes back need not do anything."""
    await active(world)
    world.close.deactivate(ADA)
    world.clock.push(hours=2)
    await shown(world, ADA, "Connect Close")
    assert (await world.only()).state is State.ENDING
    world.close.state.inactive.clear()
    async with asyncio.timeout(PATIENCE):
        while (await world.only()).state is not State.ENDED:
            world.clock.push(minutes=10)
            await asyncio.sleep(0.1)
    assert not world.close.find(ADA, BEN)


@pytest.mark.parametrize("answer", list(DeactivatedCaller))
async def test_somebody_removed_from_close(stage: World, answer: DeactivatedCaller) -> None:
    """Whether Close then says 401 or 403: a living token of somebody who left is dead."""
    stage.close.unknowns.deactivated_caller = answer
    await active(stage, "@ada 8h Covering")
    await connection_at_rest(stage)
    stage.close.state.inactive.add(ADA.close_user_id or "")
    stage.clock.push(hours=6, seconds=1)
    await stage.card(ADA, LOST)
    assert not (await connection_of(stage)).is_alive


async def test_trouble_at_close_is_no_incident(stage: World) -> None:
    """While Close is away nobody is alarmed; the look is made as soon as it is back."""
    await active(stage, "@ada 8h Covering")
    await connection_at_rest(stage)
    stage.close.trouble.down()
    stage.clock.push(hours=6, seconds=1)
    await asyncio.sleep(0.3)
    assert (await connection_of(stage)).is_alive
    stage.close.trouble.up()
    stage.clock.push(minutes=5)
    await checked(stage, 2)
    assert _count(stage, LOST) == 0


def _count(world: World, words: str, person: SandboxPerson = ADA) -> int:
    return sum(words in world.slack.read(m, person) for m in world.slack.messages(person))


async def _until_trouble(world: World) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await world.only()).trouble is None:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def _until(is_so: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
