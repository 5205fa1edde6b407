"""What Slack keeps refusing: said to somebody who can act, and taken back when it arrives."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.comparison import Comparison
from models.delegation import State
from sandbox.people import ADA, BEN, BOT_USER_ID, CLEO, DANA
from sandbox.slack.workspace import AUDIT
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    all_cards,
    asked,
    cards_at_rest,
    lasting,
    press,
    settled_in,
    shown,
)
from tests.scenarios.world import World, open_world

UNREACHABLE = "I can't reach"
COMPARED = "in Close"
SILENT = "I can't write to the audit channel"


@pytest.fixture
async def led(database_url: str) -> AsyncIterator[World]:
    """A world with Dana as admin and an audit channel, on both databases."""
    async with open_world(database_url, admins=(DANA.id,), audit_channel=AUDIT) as world:
        yield world


async def refused_for(world: World, **how_long: float) -> None:
    """So much time goes by, in the words of timedelta, with every attempt that belongs to it."""
    end = world.clock() + timedelta(**how_long)
    async with asyncio.timeout(PATIENCE):
        while (left := (end - world.clock()).total_seconds()) > 0:
            found = await all_cards(world)
            if all(card.leased_until is None for card in found):
                waits = [card.wake_at - world.clock() for card in found if card.wake_at is not None]
                next_wake = min((wait.total_seconds() for wait in waits), default=left)
                world.clock.push(seconds=max(min(next_wake, left), 0))
            await asyncio.sleep(MOMENT)


@pytest.mark.parametrize("code", ["messages_tab_disabled", "cannot_dm_bot", "user_not_found"])
async def test_a_grantor_out_of_reach(world: World, code: str) -> None:
    """D1: Ben hears once that Ada cannot be reached by message and that her App Home has the
    request; once she is reached, he reads that instead."""
    world.slack.workspace.unwritable[ADA.id] = code
    await world.sendas(BEN, "@ada 2h")
    await refused_for(world, minutes=15)
    said = await world.card(BEN, UNREACHABLE)
    assert "App Home" in world.slack.read(said, BEN)
    await refused_for(world, hours=2)
    world.slack.workspace.unwritable.clear()
    await cards_at_rest(world)
    await shown(world, ADA, "Approve")
    await world.card(BEN, "has my message now")
    assert not lasting(world, BEN, UNREACHABLE)
    assert len(lasting(world, BEN, "@Ada Lindqvist has my message")) == 1


async def test_over_before_it_is_reached(stage: World) -> None:
    """D1: Ben takes the request back while Ada is still out of reach: what he was told says so,
    and she is not tried for ever."""
    stage.slack.workspace.unwritable[ADA.id] = "messages_tab_disabled"
    await stage.sendas(BEN, "@ada 2h")
    await refused_for(stage, minutes=15)
    await stage.card(BEN, UNREACHABLE)
    await press(stage, BEN, "Cancel")
    await cards_at_rest(stage)
    await stage.card(BEN, "I couldn't reach @Ada Lindqvist")
    assert not lasting(stage, BEN, UNREACHABLE)


async def test_a_grantee_out_of_reach(stage: World) -> None:
    """D1: who was given a right and cannot be told: Ada hears it, and not while she is asked."""
    await stage.connect(ADA)
    stage.slack.workspace.unwritable[BEN.id] = "cannot_dm_bot"
    await stage.sendas(BEN, "@ada 2h")
    await shown(stage, ADA, "Approve")
    await refused_for(stage, minutes=15)
    assert not lasting(stage, ADA, UNREACHABLE)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    said = await stage.card(ADA, UNREACHABLE)
    assert "I can't reach @Ben Okafor" in stage.slack.read(said, ADA)
    stage.slack.workspace.unwritable.clear()
    await cards_at_rest(stage)
    await shown(stage, BEN, "I'm done")
    await stage.card(ADA, "@Ben Okafor has my message now")


async def test_who_asked_for_somebody_is_out_of_reach(stage: World) -> None:
    """D1: Cleo asked for Ben and cannot be told how it went: Ben hears it. Ada has no more to do
    with it."""
    stage.slack.workspace.unwritable[CLEO.id] = "messages_tab_disabled"
    await stage.sendas(CLEO, "@ada for @ben 2h")
    await shown(stage, ADA, "Approve")
    await refused_for(stage, minutes=15)
    await stage.card(BEN, "I can't reach @Cleo")
    assert not lasting(stage, ADA, UNREACHABLE)


async def test_what_a_reader_missed_comes_at_once(stage: World) -> None:
    """D1: one message that arrives shows that Slack takes them again: the others do not wait for
    their hours."""
    for asker in (BEN, CLEO):
        stage.slack.workspace.unwritable[ADA.id] = "messages_tab_disabled"
        await stage.sendas(asker, "@ada 2h")
    await refused_for(stage, hours=3)
    stage.slack.workspace.unwritable.clear()
    await stage.sendas(DANA, "@ada 2h")
    stage.clock.push(seconds=3)
    await shown(stage, ADA, "Approve", "Dana")
    stage.clock.push(seconds=3)
    for name in ("Ben", "Cleo"):
        await shown(stage, ADA, "Approve", name)


async def test_a_report_comes_later(world: World) -> None:
    """D1: what ``/sendas check`` found is told once Slack takes it, once."""
    await world.connect(ADA)
    await world.sendas(ADA, "check")
    await world.slack.wait_for(lambda: lasting(world, ADA, COMPARED), what="the first report")
    world.slack.workspace.unwritable[ADA.id] = "messages_tab_disabled"
    await world.sendas(ADA, "check")
    await world.slack.wait_for(
        lambda: any(call.outcome == "messages_tab_disabled" for call in world.slack.calls),
        what="the refusal",
    )
    async with asyncio.timeout(PATIENCE):
        while (row := await compared(world)).leased_until is not None:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert row.wake_at is not None
    assert row.wake_at - world.clock() < timedelta(minutes=11)
    world.slack.workspace.unwritable.clear()
    world.clock.push(minutes=11)
    await world.slack.wait_for(lambda: len(lasting(world, ADA, COMPARED)) == 2, what="the report")


async def compared(world: World) -> Comparison:
    """Ada's comparison."""
    found = await world.database.run(lambda store: store.comparisons.get(ADA.team_id, ADA.id))
    assert found is not None
    return found


async def test_a_silent_audit_channel(led: World) -> None:
    """D3: the bot was thrown out of the channel: Dana hears it once, whatever happens meanwhile,
    and once it is back every line is there in order, and she reads that."""
    led.slack.workspace.channels[AUDIT].members.discard(BOT_USER_ID)
    await led.connect(ADA)
    await asked(led)
    await press(led, ADA, "Approve")
    await settled_in(led, State.ACTIVE)
    await refused_for(led, minutes=15)
    said = await led.card(DANA, SILENT)
    assert "not_in_channel" in led.slack.read(said, DANA)
    await press(led, ADA, "Revoke")
    await settled_in(led, State.ENDED)
    await refused_for(led, hours=3)
    assert len(lasting(led, DANA, SILENT)) == 1
    led.slack.workspace.channels[AUDIT].members.add(BOT_USER_ID)
    await cards_at_rest(led)
    words = [led.slack.read(each) for each in led.slack.channel_messages(AUDIT)]
    assert [("approved it" in words[0]), ("revoked it" in words[1])] == [True, True]
    assert "Close confirmed" in words[2]
    await led.card(DANA, "I can write to the audit channel")
    assert not lasting(led, DANA, SILENT)


async def test_the_first_line_brings_the_others(led: World) -> None:
    """D3: what waits for hours is written as soon as another line was taken, in its order; the
    next outage is told anew."""
    for outage in (1, 2):
        led.slack.workspace.unwritable[AUDIT] = "is_archived"
        for asker in (BEN, CLEO):
            await led.sendas(asker, "@ada 2h")
            led.clock.push(seconds=3)
            await press(led, ADA, "Deny")
            await led.card(asker, "denied your request")
            await refused_for(led, hours=3)
        await led.card(DANA, SILENT)
        led.slack.workspace.unwritable.clear()
        await led.sendas(DANA, "@ada 2h")
        led.clock.push(seconds=3)
        await press(led, ADA, "Deny")
        await led.card(DANA, "denied your request")
        await written(led, 3 * outage)
        lines = [led.slack.read(each) for each in led.slack.channel_messages(AUDIT)][-3:]
        for line, name in zip(lines, ("Dana", "Ben", "Cleo"), strict=True):
            assert name in line.partition(" to send")[0]
        await led.slack.wait_for(lambda: not lasting(led, DANA, SILENT), what="the end of it")
        assert len(lasting(led, DANA, "I can write to the audit channel")) == outage


async def written(world: World, lines: int) -> None:
    """So many lines stand in the audit channel."""
    await world.slack.wait_for(
        lambda: len(world.slack.channel_messages(AUDIT)) == lines, what=f"{lines} lines"
    )
