"""An association is ours only while its id is known to be; the card tells where that is a guess."""

import pytest

from models.delegation import State
from sandbox.close.unknowns import DeleteGone
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import (
    active,
    asked,
    calls,
    cards_at_rest,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.test_bulk import all_in, given
from tests.scenarios.test_close_trouble import lost
from tests.scenarios.world import World

TWIN = "has another one, which was set up there"


async def test_a_right_made_by_hand_later_is_never_deleted(world: World) -> None:
    """F1: a create whose answer was lost was found; what is made by hand for the same two later is
    somebody else's, and stays."""
    await lost(world)
    await settled_in(world, State.ACTIVE)
    world.clock.push(seconds=20)
    theirs = world.close.allow(ADA, BEN)
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert world.close.associations == [theirs]


async def test_a_twin_made_in_the_same_second_is_never_deleted(stage: World) -> None:
    """F1: nothing but what was found counts as the effect of the one create, also when another one
    is there before any doubt can have settled, and is there at the end."""
    await lost(stage)
    ours = await settled_in(stage, State.ACTIVE)
    theirs = stage.close.allow(ADA, BEN)
    await stage.sendas(ADA, "revoke @ben")
    await settled_in(stage, State.ENDED)
    assert stage.close.associations == [theirs]
    assert theirs.id != ours.association_id
    await shown(stage, ADA, "Keep", "set up in Close itself")


async def test_what_was_found_is_said_to_be_taken_over(world: World) -> None:
    """F4: a create without an answer and without effect, and the grantor makes the same pair by
    hand in that second: a guess, which the card tells."""
    await world.connect(ADA)
    await asked(world)
    world.close.trouble.fail("POST /send_as/", 500)
    world.close.trouble.fail("GET /send_as/", 200, body=b'{"data": []}')  # before the create,
    look = world.close.trouble.hold("GET /send_as/")  # and after it
    await press(world, ADA, "Approve")
    await look.arrived.wait()
    world.close.allow(ADA, BEN)
    look.let_go.set()
    await settled_in(world, State.ACTIVE)
    card = await shown(world, ADA, "Revoke", "counts as this one")
    assert "even if you set it up in Close yourself" in world.slack.read(card, ADA)
    assert calls(world, "POST") == 1
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    assert not world.close.associations
    await world.card(ADA, "counts as this one: it ended with this one")


async def test_what_close_answered_is_not_a_guess(stage: World) -> None:
    """F4: an ordinary right says nothing of the kind."""
    await active(stage)
    assert "counts as this one" not in read_all(stage, ADA)


async def test_made_anew_by_hand(world: World) -> None:
    """F3: the right was removed and made again in Close itself: at the end people read what Close
    holds, and the new one is asked about and stays."""
    await active(world)
    world.close.remove(ADA, BEN)
    theirs = world.close.allow(ADA, BEN)
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    await cards_at_rest(world)
    await world.card(ADA, TWIN)
    await world.card(BEN, TWIN)
    for person in (ADA, BEN):
        assert "can no longer send email as" not in read_all(world, person)
    await shown(world, ADA, "Give it an end", "set up in Close itself")
    assert world.close.associations == [theirs]


@pytest.mark.parametrize("variant", DeleteGone)
async def test_made_anew_whatever_close_says(stage: World, variant: DeleteGone) -> None:
    """F3: the same if Close answers to the delete of what is gone as if it had deleted it."""
    stage.close.unknowns.delete_gone = variant
    await active(stage)
    stage.clock.push(seconds=20)
    stage.close.remove(ADA, BEN)
    theirs = stage.close.allow(ADA, BEN)
    await press(stage, BEN, "I'm done")
    await stage.card(ADA, TWIN)
    await stage.card(BEN, TWIN)
    assert stage.close.associations == [theirs]


async def test_made_anew_while_many_end(stage: World) -> None:
    """F3: with other ends to see to first, it is noticed a moment later."""
    await given(stage)
    theirs = []
    for person in (BEN, CLEO):
        stage.close.remove(ADA, person)
        theirs.append(stage.close.allow(ADA, person))
    stage.clock.push(hours=1)
    await all_in(stage, State.ENDED)
    for person in (BEN, CLEO):
        await stage.card(person, TWIN)
        await shown(stage, ADA, "Keep", person.name)
    assert stage.close.associations == theirs


async def test_made_anew_before_the_comparison(world: World) -> None:
    """F3: a comparison that notices the removal says what is there instead, and asks about it."""
    await active(world)
    world.clock.push(seconds=20)
    world.close.remove(ADA, BEN)
    theirs = world.close.allow(ADA, BEN)
    await world.sendas(ADA, "check")
    await settled_in(world, State.ENDED)
    await world.card(ADA, TWIN)
    await shown(world, ADA, "Keep", "set up in Close itself")
    assert "can no longer send email as" not in read_all(world, ADA)
    assert world.close.associations == [theirs]


async def test_a_second_one_beside_a_running_right(stage: World) -> None:
    """F3: what is made by hand beside a right that runs is asked about at the next comparison, not
    taken for the right."""
    await active(stage)
    theirs = stage.close.allow(ADA, BEN)
    await stage.sendas(ADA, "check")
    await shown(stage, ADA, "Keep", "set up in Close itself")
    await press(stage, ADA, "Keep")
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    assert stage.close.associations == [theirs]
