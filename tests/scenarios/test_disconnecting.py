"""``/sendas disconnect``: what depends on it ends first, Close revokes, the bot forgets."""

import asyncio
from typing import Any

import pytest

from models.connection import connections
from models.delegation import Event, State
from sandbox.close.trouble import After
from sandbox.people import ADA, BEN
from tests.scenarios.moves import (
    active,
    asked,
    carried,
    connection_at_rest,
    press,
    read_all,
    revocations,
    revoked,
    settled_in,
    shown,
)
from tests.scenarios.world import World

GONE = "Close is disconnected"


async def stored(world: World) -> int:
    """How many connections there are."""

    def count(connection: Any) -> int:
        return len(connection.execute(connections.select()).all())

    found: int = await world.database.run_connection(count)
    return found


async def test_nothing_depends_on_it(world: World) -> None:
    """It is done at once, Close is told, and only then the person hears that it is done."""
    await world.connect(ADA)
    answer = await world.sendas(ADA, "disconnect")
    assert "Disconnecting" in answer
    await world.card(ADA, GONE)
    assert revocations(world) == 1
    assert all(grant.is_dead for grant in world.close.state.grants)
    assert await stored(world) == 0
    assert "Connect your Close account" in await world.sendas(ADA, "connect")


async def test_it_asks_before_it_ends_anything(world: World) -> None:
    """With an active right the answer says what would end; one click ends it, then revokes."""
    await active(world)
    answer = await world.sendas(ADA, "disconnect")
    assert "this ends first" in answer
    assert BEN.name in answer
    assert (await world.only()).state is State.ACTIVE
    assert revocations(world) == 0
    question = world.last_answer(ADA)
    reply = await world.slack.click(ADA, question, "End these and disconnect")
    assert reply.ok
    ended = await settled_in(world, State.ENDED)
    assert ended.end_event is Event.DISCONNECT
    assert not world.close.find(ADA, BEN)
    await world.card(ADA, GONE)
    assert await stored(world) == 0
    paths = [call.path for call in world.close.calls if call.method in ("DELETE", "POST")]
    assert paths.index("/oauth2/revoke/") == len(paths) - 1, paths
    await world.card(BEN, "disconnected their Close account")


@pytest.mark.parametrize("is_dead", [False, True])
async def test_what_never_began_is_cancelled(stage: World, is_dead: bool) -> None:
    """A7: an approval that has not begun cannot begin any more. Close was never asked for it, so
    nothing is left to take back, whether the connection works or not: nobody is alarmed."""
    await stage.connect(ADA)
    stage.clock.push(minutes=10)
    await asked(stage, "@ada from tomorrow 9:00 until tomorrow 17:00")
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.APPROVED)
    if is_dead:
        stage.close.revoke_tokens(ADA)
        stage.clock.push(seconds=16)  # the look after an approval
        await stage.card(ADA, "can no longer act for you")
    assert "approved" in await stage.sendas(ADA, "disconnect")
    await stage.slack.click(ADA, stage.last_answer(ADA), "End these and disconnect")
    cancelled = await settled_in(stage, State.CANCELLED)
    assert cancelled.end_event is Event.DISCONNECT
    await stage.card(ADA, GONE)
    await stage.card(BEN, "disconnected their Close account")
    assert await stored(stage) == 0
    assert "may still be able" not in read_all(stage, BEN) + read_all(stage, ADA)
    assert not stage.close.associations
    assert "Asked" in await stage.sendas(BEN, "@ada 2h Again")


async def test_an_approval_after_it_asks_to_connect(stage: World) -> None:
    """A request that was open stays open; approving it leads to connecting again."""
    await stage.connect(ADA)
    await asked(stage)
    await stage.sendas(ADA, "disconnect")
    await stage.card(ADA, GONE)
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Connect Close", "One step is left")
    await stage.connect(ADA)
    await settled_in(stage, State.ACTIVE)


async def test_a_dead_connection_says_so(stage: World) -> None:
    """What cannot be removed is named with both ways; reconnecting finishes it."""
    await active(stage)
    stage.close.revoke_tokens(ADA)
    stage.clock.push(hours=1)
    await stage.card(ADA, "can no longer act for you")
    await stage.sendas(ADA, "disconnect")
    await stage.slack.click(ADA, stage.last_answer(ADA), "End these and disconnect")
    await stage.whispered(ADA, "Please remove it yourself in Close's settings")
    assert (await stage.only()).state is State.ENDING
    assert await stored(stage) == 1
    await stage.connect(ADA)
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations
    assert await stored(stage) == 1


async def test_close_is_away(stage: World) -> None:
    """The tokens are kept until Close has said that they are revoked."""
    await stage.connect(ADA)
    stage.close.trouble.after("/oauth2/revoke/", After.CUT, times=1)
    await stage.sendas(ADA, "disconnect")
    await revoked(stage)
    await connection_at_rest(stage)
    stage.clock.push(seconds=5)
    await stage.card(ADA, GONE)
    assert await stored(stage) == 0


async def test_connecting_again_calls_it_off(stage: World) -> None:
    """Somebody who changes their mind before the end is done stays connected."""
    await active(stage)
    stage.close.trouble.fail("DELETE /send_as/*", 503, times=2)
    await stage.sendas(ADA, "disconnect")
    await stage.slack.click(ADA, stage.last_answer(ADA), "End these and disconnect")
    await settled_in(stage, State.ENDING)
    assert "to stop it" in await stage.sendas(ADA, "connect")
    await stage.connect(ADA)
    stage.clock.push(seconds=30)
    await settled_in(stage, State.ENDED)
    await asyncio.sleep(0.2)
    assert await stored(stage) == 1


async def test_nobody_to_disconnect(stage: World) -> None:
    """Without a connection there is a clear answer."""
    assert "not connected to Close" in await stage.sendas(ADA, "disconnect")


async def test_a_second_click_changes_nothing(stage: World) -> None:
    """The button of a question that was answered says that there is nothing left."""
    await active(stage)
    await stage.sendas(ADA, "disconnect")
    question = stage.last_answer(ADA)
    value = carried(question, "disconnect")
    await stage.slack.click(ADA, question, "End these and disconnect")
    await stage.card(ADA, GONE)
    await stage.sendas(ADA, "list")
    await stage.slack.forge_click(ADA, stage.last_answer(ADA), "disconnect", value)
    await stage.whispered(ADA, "not connected to Close")


async def test_connect_says_how_things_are(stage: World) -> None:
    """Somebody who is connected reads so, and can connect again."""
    await stage.connect(ADA)
    answer = await stage.sendas(ADA, "connect")
    assert "You are connected to Close as" in answer
    page = await stage.connect(ADA)
    assert page.status_code == 200
    assert await stored(stage) == 1
