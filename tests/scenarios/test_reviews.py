"""Reviews: is what somebody gave still needed? Asked in time, answered with a click, ended if not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.delegation import Event, State
from models.review import Review
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, at_rest, cards_at_rest, press, settled_in, shown
from tests.scenarios.world import World, open_world

ASKED = "Is this still needed?"


@pytest.fixture
async def ending(database_url: str) -> AsyncIterator[World]:
    """What nobody confirms ends; Dana is an admin."""
    async with open_world(database_url, review_ends=True, admins=(DANA.id,)) as opened:
        yield opened


async def review_of(world: World) -> Review | None:
    """Ada's row of reviews."""

    def read(store: object) -> Review | None:
        found: Review | None = store.reviews.of(TEAM_ID, ADA.id)  # type: ignore[attr-defined]
        return found

    return await world.database.read(read)


async def opened(world: World, messages: int = 1, number: int = 1) -> Review:
    """Ada's review, once so many messages about it were sent: the clock jumps to each moment at
    which the bot looks."""
    async with asyncio.timeout(PATIENCE):
        while True:
            review = await review_of(world)
            if review is not None and review.leased_until is None:
                if review.opened_at is not None and (review.number, review.messages) >= (
                    number,
                    messages,
                ):
                    return review
                jump(world, review)
            await asyncio.sleep(MOMENT)


def jump(world: World, review: Review) -> None:
    """To the next moment at which somebody looks at it."""
    if review.wake_at is not None:
        wait = review.wake_at - world.clock()
        if wait > timedelta():
            world.clock.push(seconds=wait.total_seconds())


async def test_a_permanent_right_is_reviewed(world: World) -> None:
    """After REVIEW_EVERY its grantor gets one card: who, for how long, why, and that it was never
    used; Keep all keeps it, and the card says so."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    await opened(world)
    card = await world.card(ADA, ASKED)
    said = world.slack.read(card, ADA)
    for words in ("@Ben", "until revoked", "31 days", "never used", "“Covering”"):
        assert words in said, said
    assert "Choose…" in card.buttons()
    await press(world, ADA, "Keep all")
    await world.card(ADA, "Your review is done. Kept: 1.")
    assert (await at_rest(world))[0].state is State.ACTIVE


async def test_each_is_kept_or_ended(world: World) -> None:
    """Choose… opens a form with each right and standing approval: one is kept, with why; the other
    is ended there and then, and its card says who did it."""
    await active(world, "@ada forever Covering")
    await world.sendas(ADA, "grant @cleo forever Holiday cover")
    await at_rest(world)
    world.clock.push(days=31)
    await opened(world)
    world.close.send_email(BEN, in_name_of=ADA)
    await press(world, ADA, "Choose…")
    form = await the_form(world)
    reply = await answered(world, {BEN.id: "keep", CLEO.id: "end"}, why="Until spring")
    assert reply.ok, reply
    assert "“Holiday cover”" in world.slack.read(form, ADA)
    await world.whispered(ADA, "Kept: 1. Ended: 1.")
    await world.card(ADA, "Your review is done. Kept: 1. Ended: 1.")
    ended = await settled_in(world, State.ENDED)
    assert (ended.grantee_id, ended.end_event, ended.closed_by) == (CLEO.id, Event.REVOKE, ADA.id)
    assert world.close.find(ADA, BEN)
    await world.card(CLEO, "@Ada Lindqvist revoked it")


async def the_form(world: World) -> View:
    """Ada's open form."""
    return await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")


async def answered(world: World, verdicts: dict[str, str], why: str = "") -> Reply:
    """Ada's form, filled in for each grantee and submitted."""
    form = await the_form(world)
    whose = {each.id: each.grantee_id for each in await world.delegations()}
    values: dict[str, str] = {}
    for block in form.blocks:
        item_id = str(block["block_id"]).partition(":")[0]
        if item_id in whose and whose[item_id] in verdicts:
            values[block["block_id"]] = verdicts[whose[item_id]]
            if why and verdicts[whose[item_id]] == "keep":
                values[f"why:{item_id}"] = why
    return await world.slack.submit(ADA, values)
