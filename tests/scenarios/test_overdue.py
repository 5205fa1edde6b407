"""Rights that outlive their end: one list an admin and day, and an admin's word for Close's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from models.base import new_id
from models.delegation import Delegation, Event, State, Trouble
from models.stray import StrayState, strays
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.slack.workspace import AUDIT, Message
from tests.patience import PATIENCE
from tests.scenarios.moves import active, press, settled_in, shown
from tests.scenarios.test_strays_and_accounts import found, state_of
from tests.scenarios.world import World, open_world

OVERDUE = "may still be able to send email as"
GONE = "It is gone in Close"


@pytest.fixture
async def led(database_url: str) -> AsyncIterator[World]:
    """A world with Dana and Cleo as admins, on both databases."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id), audit_channel=AUDIT) as world:
        yield world


async def left_altogether(world: World) -> None:
    """Ada lent her name; then she is removed from Close, and after that from Slack."""
    await active(world, "@ada forever Covering")
    world.close.deactivate(ADA)
    await world.slack.change_person(ADA, deleted=True)
    await settled_in(world, State.ENDING)


async def listed(world: World, admin: SandboxPerson, words: str = OVERDUE) -> Message:
    """The admin's list with its button."""
    return await shown(world, admin, GONE, words)


async def test_words_for_a_leaver(led: World) -> None:
    """P5: what an admin reads about somebody who has left both can be done without them."""
    await left_altogether(led)
    text = led.slack.read(await listed(led, DANA), DANA)
    assert "@Ben Okafor may still be able to send email as @Ada Lindqvist" in text
    assert "@Ada Lindqvist has left, and only they could take it away" in text
    assert "a Close admin can" in text
    assert "/sendas connect" not in text


async def test_an_admin_has_seen_that_it_is_gone(led: World) -> None:
    """P5: it ends by their word, which is in the audit trail, on the cards and in the channel."""
    await left_altogether(led)
    for admin in (DANA, CLEO):
        await listed(led, admin)
    await press(led, DANA, GONE)
    ended = await settled_in(led, State.ENDED)
    assert ended.confirmed_by == DANA.id
    history = await led.database.run(lambda store: store.delegations.history(ended.id))
    assert (history[-1].event, history[-1].actor) == (Event.CONFIRM, DANA.id)
    await led.card(BEN, "@Dana Whitfield confirmed that the right is gone")
    for admin in (DANA, CLEO):
        await led.card(admin, "Everything that was listed here is settled now")
    await led.slack.wait_for(
        lambda: any(
            "@Dana Whitfield has seen in Close" in led.slack.read(m)
            for m in led.slack.channel_messages(AUDIT)
        ),
        what="a line in the audit channel",
    )


async def test_it_is_looked_up_when_the_connection_returns(led: World) -> None:
    """P5: an admin was wrong; once Ada is back and connected the right is removed after all."""
    await left_altogether(led)
    await press(led, DANA, GONE)
    await settled_in(led, State.ENDED)
    assert led.close.find(ADA, BEN)
    led.close.state.inactive.clear()
    await led.slack.change_person(ADA, deleted=False)
    led.clock.push(seconds=20)  # Close's reads may lag behind what was just confirmed
    await led.connect(ADA)
    await led.close.wait_for(lambda: not led.close.associations, what="the removal")
    await settled_in(led, State.ENDED)


async def test_only_admins_say_so(led: World) -> None:
    """P5: a forged click of the grantee ends nothing."""
    await left_altogether(led)
    card = await listed(led, DANA)
    value = next(block["accessory"]["value"] for block in card.blocks if block.get("accessory"))
    await led.sendas(BEN, "list")
    await led.slack.forge_click(BEN, led.slack.messages(BEN)[-1], "is_gone", value)
    await led.whispered(BEN, "Only admins can do that")
    assert (await led.only()).state is State.ENDING


async def test_what_an_admin_did_not_read_is_not_ended(led: World) -> None:
    """P5: a right that came onto the list after it was read is not ended by the same click."""
    await left_altogether(led)
    old = await listed(led, DANA)
    value = next(block["accessory"]["value"] for block in old.blocks if block.get("accessory"))
    await more(led, 1)
    await led.slack.forge_click(DANA, old, "is_gone", value)
    await led.whispered(DANA, "has changed since you read it")
    assert {row.state for row in await led.delegations()} == {State.ENDING}


async def more(world: World, number: int) -> None:
    """So many rights of Ada's beside the one there is, all like it."""
    sample = (await world.delegations())[0]

    def add(store: Any) -> None:
        for index in range(number):
            row = replace(
                sample,
                id=new_id(),
                grantee_id=f"U0MANY{index:04d}",
                requester_id=f"U0MANY{index:04d}",
                trouble=Trouble.CONNECTION_LOST,
                leased_until=None,
            )
            store.delegations.add(row, event=Event.REQUEST, actor=row.grantee_id)

    await world.database.run(add)


async def test_one_list_a_day(sqlite_url: str) -> None:
    """P5: fifty rights that outlive their end are one message an admin and day."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await left_altogether(world)
        await more(world, 49)
        await listed(world, DANA)
        for day in (1, 2, 3):
            world.clock.push(hours=24)
            await so_many_lists(world, 1 + day)
        await listed(world, DANA, "and 45 more")
        assert len(_lists(world)) == 4
        await world.slack.wait_for(
            lambda: sum(GONE in m.buttons() for m in world.slack.messages(DANA)) == 1,
            what="one list with buttons: those of earlier days have none",
        )
        await press(world, DANA, GONE)
        await world.slack.wait_for(
            lambda: not any(OVERDUE in m.text for m in world.slack.messages(DANA)), what="calm"
        )
        assert {row.state for row in await world.delegations()} == {State.ENDED}


async def so_many_lists(world: World, number: int) -> None:
    """Dana has had so many of them."""
    await world.slack.wait_for(lambda: len(_lists(world)) == number, what=f"{number} lists")


def _lists(world: World) -> list[Message]:
    return [m for m in world.slack.messages(DANA) if OVERDUE in m.text]


async def test_a_second_alarm_notifies_again(sqlite_url: str) -> None:
    """Once a list is settled, what becomes overdue later is a new message, not an edit."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await left_altogether(world)
        await press(world, DANA, GONE)
        await world.card(DANA, "Everything that was listed here is settled now")
        await world.connect(CLEO)
        await world.sendas(CLEO, "grant @eli forever")
        await world.sendas(CLEO, "grant @ben forever")
        rows = await world.delegations()
        await _running(world, rows[-1])
        world.close.deactivate(CLEO)
        await world.slack.change_person(CLEO, deleted=True)
        await listed(world, DANA, "@Cleo Marchetti has left")


async def _running(world: World, row: Delegation) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await _row(world, row)).state is not State.ACTIVE:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.02)


async def _row(world: World, row: Delegation) -> Delegation:
    return next(each for each in await world.delegations() if each.id == row.id)


async def test_the_grantee_of_a_stray_leaves(world: World) -> None:
    """P8: the grantor is asked in a new message, also about a right that they had kept."""
    await found(world)
    await press(world, ADA, "Keep")
    await world.card(ADA, "You kept it")
    await world.slack.change_person(BEN, deleted=True)
    card = await shown(world, ADA, "Remove", "@Ben Okafor has left")
    assert "Give it an end" not in card.buttons()
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it. Close confirmed")
    assert not world.close.associations


async def test_the_grantor_of_a_stray_leaves(led: World) -> None:
    """P8: nobody can answer the question any more, so admins have it on their list."""
    await found(led)
    await led.slack.change_person(ADA, deleted=True)
    text = led.slack.read(await listed(led, DANA), DANA)
    assert "@Ben Okafor may still be able to send email as @Ada Lindqvist" in text
    assert "set up in Close itself, and has no end" in text
    await press(led, DANA, GONE)
    assert await state_of(led) is StrayState.VANISHED
    await led.card(DANA, "Everything that was listed here is settled now")


async def test_a_removal_for_a_leaver(led: World) -> None:
    """P8: one that can never work is on the admins' list, and is not tried every few minutes."""
    await found(led)
    led.close.trouble.fail("DELETE /send_as/*", 503, times=1)
    await press(led, ADA, "Remove")
    await led.card(ADA, "Waiting for Close to confirm")
    led.close.deactivate(ADA)
    await led.slack.change_person(ADA, deleted=True)
    await listed(led, CLEO)
    led.clock.push(minutes=1)
    rests = await _stray_at_rest(led)
    assert (rests - led.clock()).total_seconds() > 20 * 3600


async def _stray_at_rest(world: World) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            (row,) = await world.database.run_connection(
                lambda connection: connection.execute(strays.select()).all()
            )
            if row.leased_until is None and row.wake_at and row.wake_at > world.clock():
                return row.wake_at
            await asyncio.sleep(0.02)
