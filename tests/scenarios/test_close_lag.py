"""Close's reads show what was there some seconds ago: what they show counts only after that."""

from datetime import timedelta

import pytest

from models.delegation import State, Trouble
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    calls,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.test_comparing import comparison
from tests.scenarios.world import World

LAG = timedelta(seconds=6)


@pytest.fixture
def lagging(world: World) -> World:
    """Reads of associations lag by some seconds."""
    world.close.set_read_lag(LAG)
    return world


async def checked(world: World) -> None:
    """Ada has her rights compared, and reads how it came out."""
    before = {message.ts for message in world.slack.messages(ADA)}
    await world.sendas(ADA, "check")
    await world.slack.wait_for(
        lambda: any(
            "in Close" in each.text for each in world.slack.messages(ADA) if each.ts not in before
        ),
        what="the answer",
    )
    await comparison(world)
    await at_rest(world)


async def test_a_comparison_soon_after_a_create(lagging: World) -> None:
    """F5: what a list does not show yet was not removed by anybody."""
    await active(lagging)
    await checked(lagging)
    assert (await lagging.only()).state is State.ACTIVE
    assert "removed in Close itself" not in read_all(lagging, ADA)
    lagging.clock.push(seconds=90)
    await comparison(lagging)
    assert (await lagging.only()).state is State.ACTIVE


async def test_removed_soon_after_it_began(lagging: World) -> None:
    """F5: what was really removed in those seconds is noticed a moment later, not in an hour."""
    await active(lagging)
    lagging.close.remove(ADA, BEN)
    await checked(lagging)
    assert (await lagging.only()).state is State.ACTIVE
    lagging.clock.push(seconds=75)
    await lagging.card(ADA, "It was removed in Close itself")


async def test_a_comparison_soon_after_an_end(lagging: World) -> None:
    """F5: what a list still shows is not there again."""
    await active(lagging)
    lagging.clock.push(minutes=10)
    await press(lagging, ADA, "Revoke")
    await settled_in(lagging, State.ENDED)
    await checked(lagging)
    assert (await lagging.only()).state is State.ENDED
    assert "Close still has it" not in read_all(lagging, ADA)
    assert "set up in Close itself" not in read_all(lagging, ADA)


async def test_revoked_while_it_is_not_to_be_seen(lagging: World) -> None:
    """F5: a delete that is answered with 404 confirms nothing so soon after the create."""
    await active(lagging)
    lagging.close.trouble.fail("DELETE /send_as/*", 404)
    await press(lagging, ADA, "Revoke")
    await settled_in(lagging, State.ENDED)
    assert not lagging.close.associations
    assert calls(lagging, "DELETE") == 2


async def test_asked_for_again_at_once(lagging: World) -> None:
    """F5: what a list still shows of the right that has just ended is not somebody else's."""
    await active(lagging)
    lagging.clock.push(minutes=10)
    await press(lagging, ADA, "Revoke")
    await settled_in(lagging, State.ENDED)
    await asked(lagging, "@ada 1h Once more")
    await press(lagging, ADA, "Approve")
    again = await settled_in(lagging, State.ACTIVE)
    assert again.trouble is None
    assert [each.id for each in lagging.close.associations] == [again.association_id]


async def test_a_lost_create_that_cannot_be_seen_yet(lagging: World) -> None:
    """F5: the answer was lost and the list lags: Close says "exists already" to the next attempt,
    and a moment later the right is found."""
    await lagging.connect(ADA)
    await asked(lagging)
    lagging.close.trouble.drop("POST /send_as/")
    await press(lagging, ADA, "Approve")
    delegation = await settled_in(lagging, State.ACTIVE)
    assert [each.id for each in lagging.close.associations] == [delegation.association_id]


async def test_made_by_hand_a_moment_before(lagging: World) -> None:
    """F6: Close says that it exists, and shows it a moment later: it is left alone, as ever."""
    await lagging.connect(ADA)
    await asked(lagging)
    theirs = lagging.close.allow(ADA, BEN)
    await press(lagging, ADA, "Approve")
    assert (await settled_in(lagging, State.FAILED)).trouble is Trouble.EXISTED_BEFORE
    assert lagging.close.associations == [theirs]


async def test_found_and_not_seen_again(lagging: World) -> None:
    """F5: a right that was asked about does not vanish because one list does not show it."""
    lagging.clock.push(hours=1)
    lagging.close.allow(ADA, CLEO)
    lagging.clock.push(seconds=10)
    await lagging.connect(ADA)
    await shown(lagging, ADA, "Keep")
    lagging.close.set_read_lag(timedelta(seconds=20))
    await checked(lagging)
    assert "nothing is left to decide" not in read_all(lagging, ADA)
