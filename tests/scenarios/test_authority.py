"""Who may do what: forged clicks, stale cards, and two clicks at the same moment."""

import asyncio

import pytest

from models.delegation import Delegation, State
from models.mark import marked
from sandbox.people import ADA, BEN, CLEO
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    calls,
    carried,
    forged,
    identified,
    press,
    settled_in,
    shown,
    true,
)
from tests.scenarios.world import World

EVERY_BUTTON = ("approve", "deny", "cancel", "revoke", "release")


async def test_two_approvals_at_the_same_moment(world: World) -> None:
    """Both clicks are answered, and Close is asked exactly once."""
    await world.connect(ADA)
    card = await identified(world)
    replies = await asyncio.gather(
        *(world.slack.click(ADA, card, "Approve") for _ in range(4)),
    )
    assert all(reply.ok for reply in replies), replies
    await settled_in(world, State.ACTIVE)
    assert calls(world, "POST") == 1
    assert len(world.close.associations) == 1
    await world.whispered(ADA, "Nothing changed")


async def test_approve_and_deny_at_the_same_moment(world: World) -> None:
    """One of the two wins, the other is told how it is; no state in between."""
    await world.connect(ADA)
    card = await identified(world)
    await asyncio.gather(
        world.slack.forge_click(ADA, card, "approve", carried(card, "Approve")),
        world.slack.forge_click(ADA, card, "deny", carried(card, "Deny")),
    )
    await world.whispered(ADA, "Nothing changed")
    rows = await world.delegations()
    if rows[0].state is State.DENIED:
        assert calls(world, "POST") == 0
    else:
        await settled_in(world, State.ACTIVE)


async def test_approve_and_cancel_at_the_same_moment(world: World) -> None:
    """Whoever was first: in the end either nothing is in Close, or both know that it is active."""
    await world.connect(ADA)
    theirs, mine = await identified(world), await true(world, BEN, "Cancel")
    await asyncio.gather(
        world.slack.forge_click(ADA, theirs, "approve", carried(theirs, "Approve")),
        world.slack.forge_click(BEN, mine, "cancel", carried(mine, "Cancel")),
    )
    final = await _final(world)
    assert bool(world.close.find(ADA, BEN)) is (final.state is State.ACTIVE)


async def _final(world: World) -> Delegation:
    over = (State.ACTIVE, State.CANCELLED, State.ENDED)
    async with asyncio.timeout(PATIENCE):
        while (delegation := await world.only()).state not in over or delegation.leased_until:
            if delegation.state is State.ENDING:
                return await settled_in(world, State.ENDED)
            await asyncio.sleep(MOMENT)
    return delegation


async def test_a_storm_of_clicks(world: World) -> None:
    """Everything at once from everybody: no request fails, and the pair is left in one state."""
    await world.connect(ADA)
    card = await identified(world)
    value = carried(card, "Approve")
    replies = await asyncio.gather(
        *(
            world.slack.forge_click(person, card, action, value)
            for person in (ADA, BEN, CLEO)
            for action in EVERY_BUTTON
        )
    )
    assert {reply.status for reply in replies} == {200}
    final = await _final_of_any(world)
    assert bool(world.close.find(ADA, BEN)) is (final.state is State.ACTIVE)


async def _final_of_any(world: World) -> Delegation:
    async with asyncio.timeout(PATIENCE):
        while (delegation := await world.only()).state in (State.APPROVED, State.ENDING):
            if delegation.state is State.ENDING and delegation.leased_until is None:
                return await settled_in(world, State.ENDED)
            await asyncio.sleep(MOMENT)
    return delegation


STALE = [
    ("Deny", "was denied"),
    ("Approve", "is active until"),
]


@pytest.mark.parametrize(("pressed", "words"), STALE)
async def test_a_stale_card_says_how_it_is_now(stage: World, pressed: str, words: str) -> None:
    """A click on buttons that are no longer true changes nothing and tells the present state."""
    await stage.connect(ADA)
    delegation = await asked(stage)
    card = await shown(stage, ADA, "Approve")
    await press(stage, ADA, pressed)
    await settled_in(stage, State.DENIED if pressed == "Deny" else State.ACTIVE)
    for action in ("approve", "deny"):
        assert words in await forged(stage, ADA, card, action, marked(delegation))
    assert words in await forged(stage, BEN, card, "cancel", marked(delegation))


async def test_stale_buttons_after_the_end(stage: World) -> None:
    """Once it has ended, every button of either side says so."""
    delegation = await active(stage)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    card = stage.slack.messages(ADA)[-1]
    for person, action in ((ADA, "revoke"), (BEN, "release"), (ADA, "approve")):
        assert "has already ended" in await forged(stage, person, card, action, marked(delegation))


async def test_two_requests_at_the_same_moment(world: World) -> None:
    """A double submit stores one request and points the other to it."""
    await asyncio.gather(*(world.sendas(BEN, "@ada 2h") for _ in range(5)))
    assert len(await world.delegations()) == 1
    ephemerals = [m for m in world.slack.messages(BEN) if m.ephemeral]
    texts = [world.slack.read(message, BEN) for message in ephemerals]
    assert sum(text.startswith("Asked") for text in texts) == 1
    assert sum("already waits for an answer" in text for text in texts) == 4
