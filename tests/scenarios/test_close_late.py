"""What Close was asked for and did not answer may arrive late: it is remembered until it cannot."""

import asyncio
from datetime import timedelta

import pytest

from models.delegation import Delegation, State
from sandbox.close.unknowns import DuplicateCreate
from sandbox.people import ADA, BEN, CLEO, DANA
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    asked,
    at_rest,
    calls,
    cards_at_rest,
    hurry,
    posts,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.test_close_trouble import unanswered
from tests.scenarios.world import World

CREATE = "POST /send_as/"
BULK = "/api/v1/send_as/bulk/"
NO_LONGER = "can no longer send email as"
TEAM = (BEN, CLEO, DANA)

pytestmark = pytest.mark.usefixtures("impatient")


async def approved(world: World) -> None:
    """Ada is connected and approves."""
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Approve")


async def tried(world: World, number: int = 1) -> Delegation:
    """The delegation once so many attempts have failed, and nobody works on it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            delegation = (await world.delegations())[-1]
            if delegation.attempts >= number and delegation.leased_until is None:
                return delegation
            hurry(world, delegation)
            await asyncio.sleep(MOMENT)


async def held(world: World) -> None:
    """Wait until Close holds something for the two."""
    await world.close.wait_for(lambda: world.close.find(ADA, BEN), what="the late create")


async def test_a_create_that_arrives_after_the_revoke(world: World) -> None:
    """K5: a create is still under way when the grantor revokes. Nobody reads that it is over until
    it cannot arrive any more; it arrives, is found soon, and taken away."""
    late = world.close.trouble.hold(CREATE)
    await approved(world)
    await tried(world)
    await world.sendas(ADA, "revoke @ben")
    world.clock.push(seconds=25)
    await at_rest(world)
    await cards_at_rest(world)
    assert NO_LONGER not in read_all(world, ADA) + read_all(world, BEN)
    assert "remove whatever still comes of it" in read_all(world, ADA)
    late.let_go.set()
    await held(world)
    world.clock.push(seconds=6)
    await world.close.wait_for(lambda: not world.close.associations, what="its removal")
    await settled_in(world, State.ENDED)
    await cards_at_rest(world)
    assert NO_LONGER in read_all(world, ADA)
    assert "counts as this one" in read_all(world, ADA)


async def test_a_create_that_arrives_against_all_likelihood(world: World) -> None:
    """K5: long after it should have, a create takes effect: a comparison soon after the end finds
    it, and both are told that it is ended again."""
    late = world.close.trouble.hold(CREATE)
    await approved(world)
    await tried(world)
    await world.sendas(ADA, "revoke @ben")
    await settled_in(world, State.ENDED)
    await cards_at_rest(world)
    told = [posts(world, each) for each in (ADA, BEN)]
    late.let_go.set()
    await held(world)
    world.clock.push(seconds=70)
    await world.close.wait_for(lambda: not world.close.associations, what="its removal")
    await settled_in(world, State.ENDED)
    await world.slack.wait_for(
        lambda: posts(world, ADA) > told[0] and posts(world, BEN) > told[1], what="both told again"
    )


@pytest.mark.parametrize("variant", [DuplicateCreate.REFUSED, DuplicateCreate.SECOND_OBJECT])
@pytest.mark.parametrize("is_before_the_end", [True, False])
async def test_the_first_of_two_creates_arrives_last(
    world: World, variant: DuplicateCreate, is_before_the_end: bool
) -> None:
    """K5: a second attempt succeeded and is revoked; the first one, which was never answered,
    arrives before that or after it. Either way nothing of it stays."""
    world.close.unknowns.duplicate_create = variant
    late = world.close.trouble.hold(CREATE)
    await approved(world)
    await settled_in(world, State.ACTIVE)
    await shown(world, ADA, "Revoke", "can send email as you")
    if is_before_the_end:
        late.let_go.set()
        await world.close.wait_for(lambda: calls(world, "POST") == 2, what="the first create")
    await world.sendas(ADA, "revoke @ben")
    await world.close.wait_for(lambda: calls(world, "DELETE"), what="the removal")
    world.clock.push(seconds=25)
    await at_rest(world)
    late.let_go.set()
    await world.close.wait_for(lambda: calls(world, "POST") == 2, what="the first create")
    await settled_in(world, State.ENDED)
    assert not world.close.associations
    assert "Give it an end" not in read_all(world, ADA)


async def test_the_other_create_is_taken_away_while_the_right_goes_on(world: World) -> None:
    """K5: of two associations that two attempts made, one goes as soon as no more can arrive; the
    right itself is not interrupted, and nobody is asked about anything."""
    world.close.unknowns.duplicate_create = DuplicateCreate.SECOND_OBJECT
    late = world.close.trouble.hold(CREATE)
    await approved(world)
    active = await settled_in(world, State.ACTIVE)
    late.let_go.set()
    await world.close.wait_for(lambda: len(world.close.associations) == 2, what="both")
    world.clock.push(seconds=61)
    await world.close.wait_for(lambda: len(world.close.associations) == 1, what="one to go")
    assert [each.id for each in world.close.associations] == [active.association_id]
    await at_rest(world)
    assert (await world.only()).state is State.ACTIVE
    theirs = world.close.allow(ADA, BEN)
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert world.close.associations == [theirs]


async def test_a_late_withdrawal_by_person(world: World) -> None:
    """K6: a bulk call that names people is still under way when the pair gets a new right: that
    one is made only when the call cannot arrive any more."""
    await world.connect(ADA)
    names = " ".join(f"@{each.handle}" for each in TEAM)
    await world.sendas(ADA, f"grant {names} 1h")
    message = world.slack.messages(ADA)[-1]
    await world.slack.click(ADA, message, message.buttons()[0])
    await all_in(world, State.ACTIVE)
    late = world.close.trouble.hold("POST /send_as/bulk/")
    world.clock.push(hours=1)
    await all_in(world, State.ENDED)
    assert not world.close.associations
    before = calls(world, "POST")
    await asked(world, "@ada 2h Once more")
    await press(world, ADA, "Approve")
    waiting = await _waits(world)
    assert calls(world, "POST") == before
    late.let_go.set()
    await world.close.wait_for(lambda: calls(world, "POST", BULK) == 2, what="the late call")
    assert waiting.wake_at is not None
    world.clock.push(seconds=(waiting.wake_at - world.clock()).total_seconds())
    await settled_in(world, State.ACTIVE)
    assert world.close.find(ADA, BEN)


async def all_in(world: World, state: State) -> None:
    """Wait until the whole team is in this state."""
    async with asyncio.timeout(PATIENCE):
        while await _states(world) != {state}:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def _states(world: World) -> set[State]:
    return {row.state for row in await world.delegations()}


async def _waits(world: World) -> Delegation:
    """The new delegation, once its making was put off."""
    async with asyncio.timeout(PATIENCE):
        while True:
            new = (await world.delegations())[-1]
            is_put_off = new.wake_at is not None and new.wake_at > world.clock()
            if new.state is State.APPROVED and is_put_off and new.leased_until is None:
                return new
            await asyncio.sleep(MOMENT)


async def lost(world: World, text: str) -> Delegation:
    """Close made the association; its answer was lost, and then Close was away."""
    await world.connect(ADA)
    await asked(world, text)
    unanswered(world)
    await press(world, ADA, "Approve")
    delegation = await tried(world)
    world.close.trouble.down()
    return delegation


@pytest.mark.parametrize("seconds", [25, 600])
async def test_what_is_noticed_late_ends_no_later(world: World, seconds: int) -> None:
    """K7: the clock starts at the attempt, however late it is noticed that Close made it."""
    attempted = await lost(world, "@ada 30m")
    world.clock.push(seconds=seconds)
    world.close.trouble.up()
    active = await settled_in(world, State.ACTIVE)
    assert attempted.attempted_at is not None
    assert active.ends_at == attempted.attempted_at + timedelta(minutes=30)
    assert active.active_at == attempted.attempted_at


async def test_a_night_down_does_not_lengthen_it(world: World) -> None:
    """K7: what ran out before it was noticed is taken away at once, and nobody reads that they
    can send."""
    await lost(world, "@ada 30m")
    world.clock.push(hours=10)
    world.close.trouble.up()
    await settled_in(world, State.ENDED)
    assert not world.close.associations
    await cards_at_rest(world)
    assert "You can send email as" not in read_all(world, BEN)
    assert "The time was up" in read_all(world, BEN)
