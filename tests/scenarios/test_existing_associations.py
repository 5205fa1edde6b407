"""Associations that existed before us: found, told, and never deleted."""

from models.delegation import State, Trouble
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import (
    active,
    asked,
    calls,
    cards_at_rest,
    press,
    read_all,
    settled_in,
)
from tests.scenarios.world import World


async def test_what_existed_before_is_left_alone(world: World) -> None:
    """Set up in Close itself: both are told, nothing is created, and nothing is ever deleted."""
    before = world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Approve")
    delegation = await settled_in(world, State.FAILED)
    assert delegation.trouble is Trouble.EXISTED_BEFORE
    await cards_at_rest(world)
    for person in (ADA, BEN):
        assert "set up in Close itself" in read_all(world, person)
    world.clock.push(days=40)
    assert world.close.associations == [before]
    assert calls(world, "POST") == 0
    assert calls(world, "DELETE") == 0


async def test_other_pairs_are_not_touched(stage: World) -> None:
    """Ending one right leaves every other association of the grantor where it is."""
    others = [stage.close.allow(ADA, CLEO), stage.close.allow(BEN, ADA)]
    await active(stage)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    assert stage.close.associations == others


async def test_after_removing_it_in_close_it_can_be_asked_for(stage: World) -> None:
    """The way that the card names really works."""
    stage.close.allow(ADA, BEN)
    await stage.connect(ADA)
    await asked(stage)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.FAILED)
    stage.close.remove(ADA, BEN)
    await asked(stage, "@ada 1h Now properly")
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
