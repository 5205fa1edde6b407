"""Several rights of one grantor at the same moment: one bulk call, compared person by person."""

import asyncio

import pytest

from models.delegation import State
from sandbox.close.trouble import After
from sandbox.close.unknowns import Bulk
from sandbox.people import ADA, BEN, CLEO, DANA
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import calls, shown
from tests.scenarios.world import World

BULK = "/api/v1/send_as/bulk/"
TEAM = (BEN, CLEO, DANA)


async def all_in(world: World, state: State) -> None:
    """Wait until each delegation is in this state."""

    async def are() -> bool:
        rows = await world.delegations()
        return len(rows) == len(TEAM) and all(row.state is state for row in rows)

    async with asyncio.timeout(PATIENCE):
        while not await are():  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def given(world: World, text: str = "1h") -> None:
    """Ada has given the whole team the right at once."""
    await world.connect(ADA)
    names = " ".join(f"@{each.handle}" for each in TEAM)
    await world.sendas(ADA, f"grant {names} {text}")
    message = world.last_answer(ADA)
    button = next((each for each in message.buttons() if "Never" not in each), None)
    if button is not None:
        await world.slack.click(ADA, message, button)
    await all_in(world, State.ACTIVE)


async def test_a_team_starts_and_ends_together(world: World) -> None:
    """One call makes all of them, and one call ends all of them."""
    await given(world)
    assert calls(world, "POST") == calls(world, "POST", BULK) == 1
    assert len(world.close.associations) == len(TEAM)
    world.clock.push(hours=1)
    await all_in(world, State.ENDED)
    assert calls(world, "POST", BULK) == 2
    assert calls(world, "DELETE") == 0
    assert world.close.associations == []
    for person in TEAM:
        await world.card(person, "You can no longer send email as")


@pytest.mark.parametrize("variant", Bulk)
async def test_one_of_them_cannot_be_made(world: World, variant: Bulk) -> None:
    """Whether Close refuses all or makes a part: the others get theirs, and one is told why not."""
    world.close.unknowns.bulk = variant
    await world.connect(ADA)
    world.close.trouble.stall("GET /connected_account/", 0.3)
    names = " ".join(f"@{each.handle}" for each in TEAM)
    await world.sendas(ADA, f"grant {names} 1h")
    message = world.last_answer(ADA)
    await world.slack.click(ADA, message, message.buttons()[0])
    await world.close.wait_for(lambda: calls(world, "GET", "/api/v1/user/"), what="the members")
    world.close.deactivate(DANA)
    await shown(world, BEN, "I'm done")
    await shown(world, CLEO, "I'm done")
    await world.card(DANA, "You were not given the right")
    assert {each.allowed_user_id for each in world.close.associations} == {
        BEN.close_user_id,
        CLEO.close_user_id,
    }


@pytest.mark.parametrize("after", [After.CUT, After.GARBAGE])
async def test_an_unclear_bulk_answer_is_read_back(world: World, after: After) -> None:
    """Close acted and the answer was lost: the list tells what is there, nothing is made twice."""
    world.close.trouble.after("POST /send_as/bulk/", after)
    await given(world)
    assert calls(world, "POST") == 1
    assert len(world.close.associations) == len(TEAM)
    world.close.trouble.after("POST /send_as/bulk/", after)
    world.clock.push(hours=1)
    await all_in(world, State.ENDED)
    assert world.close.associations == []
    assert calls(world, "DELETE") == 0


async def test_a_bulk_that_did_not_happen(world: World) -> None:
    """A refused bulk call goes on one by one: nobody keeps a right because of another's trouble."""
    await given(world)
    world.close.trouble.fail("POST /send_as/bulk/", 400)
    world.clock.push(hours=1)
    await all_in(world, State.ENDED)
    assert world.close.associations == []
    assert calls(world, "DELETE") == len(TEAM)


async def test_together_while_close_is_down(world: World) -> None:
    """An outage puts all of them off, and afterwards they end."""
    await given(world)
    world.close.trouble.down()
    world.clock.push(hours=1)
    await all_in(world, State.ENDING)
    world.close.trouble.up()
    async with asyncio.timeout(PATIENCE):
        while world.close.associations:
            world.clock.push(seconds=30)
            await asyncio.sleep(MOMENT)
    await all_in(world, State.ENDED)


@pytest.mark.parametrize("others", [0, 1])
async def test_a_right_that_was_made_anew_in_close_is_left_alone(world: World, others: int) -> None:
    """Somebody replaced the bot's right in Close's own screen: the bulk call does not name it."""
    await given(world)
    theirs = []
    for person in TEAM[: 1 + others]:
        world.close.remove(ADA, person)
        theirs.append(world.close.allow(ADA, person))
    world.clock.push(hours=1)
    await all_in(world, State.ENDED)
    assert world.close.associations == theirs
