"""Standing approvals: given once, used without a click, announced, ended."""

from datetime import UTC, datetime, timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from sandbox.slack.delivery import Reply
from tests.scenarios.moves import asked, lasting, press, settled_in, shown
from tests.scenarios.world import World


async def always(world: World, longest: str = "4h") -> None:
    """Ada chooses "Always approve" on Ben's request, and fills in the form."""
    reply = await filled_in(world, {"duration": longest})
    assert reply.ok, reply


async def filled_in(world: World, fields: dict[str, str]) -> Reply:
    """The form with these fields, submitted."""
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "more", "Always approve this person…")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    return await world.slack.submit(ADA, fields)


async def extended(world: World, duration: str) -> None:
    """Ben asks for more time."""
    await press(world, BEN, "Extend")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    assert (await world.slack.submit(BEN, {"duration": duration})).ok


async def test_given_used_announced(world: World) -> None:
    """It answers the request at hand and later ones within its limits, and says so each time."""
    await world.connect(ADA)
    await asked(world)
    await always(world)
    await settled_in(world, State.ACTIVE)
    await world.sendas(BEN, "release @ada")
    await settled_in(world, State.ENDED)
    answer = await world.sendas(BEN, "@ada 4h Again")
    assert "standing approval covers this" in answer
    await settled_in(world, State.ACTIVE)
    await world.card(ADA, "standing approval")
    assert world.close.find(ADA, BEN)


async def test_beyond_its_limits_it_is_a_request(stage: World) -> None:
    """Longer than agreed, or without an end, still needs the grantor's click."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    await stage.sendas(BEN, "@ada 5h Longer")
    await shown(stage, ADA, "Approve", "Longer")
    assert (await stage.delegations())[-1].state is State.REQUESTED


async def test_it_ends_with_somebody_who_leaves(stage: World) -> None:
    """Nobody who has left keeps a standing approval that would hold again if they came back."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.slack.change_person(BEN, deleted=True)
    await settled_in(stage, State.ENDED)
    await stage.slack.change_person(BEN, deleted=False)
    await stage.sendas(BEN, "@ada 1h Back again")
    await shown(stage, ADA, "Approve", "Back again")


async def test_nobody_else_can_use_it(stage: World) -> None:
    """What somebody asks for the grantee is a request like any other."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    await stage.sendas(CLEO, "@ada for @ben 1h Not their own wish")
    await shown(stage, ADA, "Approve", "Not their own wish")
    assert (await stage.delegations())[-1].state is State.REQUESTED
    assert not stage.close.find(ADA, BEN)


async def test_an_extension_under_it_is_announced_and_has_an_end(stage: World) -> None:
    """The grantor reads of it, and all of the stretch counts: no endless right in small steps."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage, "4h")
    first = await settled_in(stage, State.ACTIVE)
    await extended(stage, "1h")
    card = await stage.card(ADA, "extended this by your standing approval")
    assert "Revoke" in card.buttons()
    second = await stage.only()
    assert first.ends_at is not None
    assert second.ends_at == first.ends_at + timedelta(hours=1)
    assert second.standing_id is not None
    stage.clock.push(hours=2)
    await extended(stage, "90m")  # four and a half hours in all
    await shown(stage, ADA, "Leave as it is")
    assert (await stage.only()).ends_at == second.ends_at
    await press(stage, ADA, "Leave as it is")
    await stage.card(BEN, "left the end as it is")
    told = [m for m in lasting(stage, ADA, "") if "extended this" in stage.slack.read(m, ADA)]
    assert len(told) <= 1  # the grantor is not told again of what they have just answered


@pytest.mark.parametrize(
    "typed", ["from monday for 4h", "from now for 4h", "until friday", "forever", "tomorrow"]
)
async def test_nothing_but_a_length(stage: World, typed: str) -> None:
    """C6: the longest time at once is a length; a start or an end is refused, not dropped."""
    await asked(stage)
    reply = await filled_in(stage, {"duration": typed})
    assert "only a length" in str(reply.errors)
    assert (await stage.only()).state is State.REQUESTED
    await stage.slack.close_view(ADA)
    assert (await filled_in(stage, {"duration": "for 4 hours"})).ok


async def test_the_date_is_a_day_of_the_grantor(stage: World) -> None:
    """It holds until the last second of that day on the grantor's own clock."""
    await asked(stage, "@ada 2h")
    day = (stage.clock() + timedelta(days=10)).date()
    assert (await filled_in(stage, {"duration": "4h", "until": day.isoformat()})).ok
    [standing] = await stage.database.run(
        lambda store: store.standing.for_person(ADA.team_id, ADA.id, now=stage.clock())
    )
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert standing.until in {begins + timedelta(hours=h, seconds=-1) for h in (22, 23)}  # Berlin


async def test_a_date_that_has_passed(stage: World) -> None:
    """It is refused beside the date."""
    await asked(stage)
    day = (stage.clock() - timedelta(days=2)).date()
    reply = await filled_in(stage, {"duration": "4h", "until": day.isoformat()})
    assert "already passed" in str((reply.errors or {}).get("until"))


async def test_what_it_does_not_cover_still_waits(stage: World) -> None:
    """Whoever sets a limit below the request at hand is told that it is not answered by that."""
    await asked(stage, "@ada 2h Longer than that")
    await always(stage, "1h")
    await stage.card(ADA, "still waits for your answer")
    assert (await stage.only()).state is State.REQUESTED
