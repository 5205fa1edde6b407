"""Standing approvals: given once, used without a click, announced, ended."""

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import asked, settled_in, shown
from tests.scenarios.world import World


async def always(world: World, longest: str = "4h") -> None:
    """Ada chooses "Always approve" on Ben's request, and fills in the form."""
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "more", "Always approve this person…")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    reply = await world.slack.submit(ADA, {"duration": longest})
    assert reply.ok, reply


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
