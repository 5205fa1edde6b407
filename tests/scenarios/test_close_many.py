"""Many rights that were set up in Close itself, and a Slack that limits look-ups."""

import asyncio
from collections.abc import Sequence

import pytest

from bench.stage import askers, crowd
from models.stray import Stray, StrayState
from sandbox.people import ADA, TEAM_ID, SandboxPerson
from sandbox.slack.workspace import Message
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import lasting, shown
from tests.scenarios.test_comparing import compared_again, submitted
from tests.scenarios.test_many_ends import moved_in
from tests.scenarios.world import World

LOOK_UP = "users.lookupByEmail"
SET_UP = "set up in Close itself"
CHOOSE = "stray_single_out"
HUNDRED, FEW = 120, 50


@pytest.fixture
def people(world: World) -> Sequence[SandboxPerson]:
    """A hundred and twenty colleagues to whom Ada has given rights in Close's own screen."""
    many = moved_in(world, askers(crowd(HUNDRED)))
    for each in many:
        world.close.allow(ADA, each)
    return many


async def strays(world: World) -> Sequence[Stray]:
    """All of Ada's."""
    return await world.database.run(lambda store: store.strays.of_grantor(TEAM_ID, ADA.id))


async def until_sought(world: World, count: int) -> None:
    """Wait until Slack has said of so many whom they are for."""
    async with asyncio.timeout(PATIENCE):
        while _sought(await strays(world)) < count:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


def _sought(rows: Sequence[Stray]) -> int:
    return sum(each.sought_at is not None for each in rows)


def look_ups(world: World) -> int:
    """How many such calls Slack has received."""
    return sum(call.method == LOOK_UP for call in world.slack.workspace.calls)


def named(world: World, message: Message, people: Sequence[SandboxPerson]) -> int:
    """How many of these a message shows as people of this workspace."""
    return sum(f"<@{each.id}>" in str(message.blocks) for each in people)


async def test_many_are_one_list(world: World, people: Sequence[SandboxPerson]) -> None:
    """F7: 120 rights and 50 look-ups: one message names all of them, the wait that Slack names is
    kept, and the rest are found later."""
    world.slack.trouble.rate_limit(LOOK_UP, retry_after=30, times=1000, spared=FEW)
    await world.connect(ADA)
    card = await world.card(ADA, f"{HUNDRED} rights to send as you that were {SET_UP}")
    await until_sought(world, FEW)
    await world.slack.wait_for(lambda: named(world, card, people) == FEW, what="the first fifty")
    read = world.slack.read(card, ADA)
    assert all(each.name in read for each in people)
    assert "still looking" in read
    assert len(lasting(world, ADA, SET_UP)) == 1
    assert look_ups(world) == FEW + 1
    world.clock.push(seconds=20)
    await asyncio.sleep(10 * MOMENT)
    assert look_ups(world) == FEW + 1
    world.slack.trouble.clear()
    world.clock.push(seconds=12)
    await until_sought(world, HUNDRED)
    await world.slack.wait_for(lambda: named(world, card, people) == HUNDRED, what="all of them")
    assert "still looking" not in world.slack.read(card, ADA)
    assert len(lasting(world, ADA, SET_UP)) == 1


async def test_one_of_many_is_decided(world: World, people: Sequence[SandboxPerson]) -> None:
    """F7: whoever is chosen comes in a message of its own, with the usual buttons, and leaves the
    list; the next comparison asks about nobody twice."""
    await world.connect(ADA)
    await until_sought(world, HUNDRED)
    card = await world.card(ADA, f"{HUNDRED} rights to send as you")
    rows = {each.grantee_id: each for each in await strays(world)}
    for person, button in ((people[3], "Keep"), (people[110], "Remove")):
        menus = [block["elements"][0] for block in card.blocks if block["type"] == "actions"]
        options = [[each["value"] for each in menu["options"]] for menu in menus]
        wanted = rows[person.id].id
        place = next(number for number, each in enumerate(options) if wanted in each)
        await world.slack.click(ADA, card, CHOOSE, value=wanted, index=place)
        own = await shown(world, ADA, button, f"@{person.name} can send email as you")
        await world.slack.click(ADA, own, button)
    await world.card(ADA, f"{HUNDRED - 2} rights to send as you")
    await world.close.wait_for(
        lambda: len(world.close.associations) == HUNDRED - 1, what="the removal"
    )
    await compared_again(world)
    await world.card(ADA, f"{HUNDRED - 2} rights to send as you")
    assert len(await strays(world)) == HUNDRED


async def test_a_listed_one_is_given_an_end(world: World, people: Sequence[SandboxPerson]) -> None:
    """F7: what is in a list can be given an end, too."""
    await world.connect(ADA)
    await until_sought(world, HUNDRED)
    card = await world.card(ADA, f"{HUNDRED} rights to send as you")
    (row,) = [each for each in await strays(world) if each.grantee_id == people[0].id]
    await world.slack.click(ADA, card, CHOOSE, value=row.id, index=0)
    own = await shown(world, ADA, "Give it an end")
    await world.slack.click(ADA, own, "Give it an end")
    await submitted(world, "3h")
    await world.card(people[0], "You can send email as")


async def test_those_that_vanish_leave_the_list(
    world: World, people: Sequence[SandboxPerson]
) -> None:
    """F7: what was removed in Close leaves the list without a message of its own."""
    await world.connect(ADA)
    await until_sought(world, HUNDRED)
    await world.card(ADA, f"{HUNDRED} rights to send as you")
    for each in people[:-1]:
        world.close.remove(ADA, each)
    await compared_again(world)
    await world.card(ADA, f"a right to send as you that was {SET_UP}")
    gone = [each for each in await strays(world) if each.state is StrayState.VANISHED]
    assert len(gone) == HUNDRED - 1
    assert not lasting(world, ADA, "nothing is left to decide")


async def test_a_few_are_asked_about_while_slack_limits(world: World) -> None:
    """F7: a few come in a message each at once, by their names in Close, and get their person and
    the button for an end as soon as Slack says who it is."""
    (person,) = moved_in(world, askers(crowd(1)))
    world.close.allow(ADA, person)
    world.slack.trouble.rate_limit(LOOK_UP, retry_after=30)
    await world.connect(ADA)
    card = await shown(world, ADA, "Keep", "still looking for this person")
    assert card.buttons() == ["Keep", "Remove"]
    world.clock.push(seconds=32)
    again = await shown(world, ADA, "Give it an end")
    assert again.ts == card.ts


async def test_who_has_left_is_on_the_list_no_more(
    world: World, people: Sequence[SandboxPerson]
) -> None:
    """P8: a message of its own asks about somebody who has left, so the list leaves them out."""
    await world.connect(ADA)
    card = await world.card(ADA, f"{HUNDRED} rights to send as you that were {SET_UP}")
    await until_sought(world, HUNDRED)
    await world.slack.wait_for(lambda: named(world, card, people) == HUNDRED, what="all of them")
    await world.slack.change_person(people[0], deleted=True)
    await shown(world, ADA, "Remove", "has left")
    await world.slack.wait_for(
        lambda: named(world, card, people) == HUNDRED - 1, what="one less on the list"
    )
