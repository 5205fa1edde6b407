"""The main job: ask, approve, active, expire, ended."""

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import press
from tests.scenarios.world import World


async def test_ask_approve_expire(world: World) -> None:
    """A request becomes an association in Close with one click, and is gone when its time is up."""
    await world.connect(ADA)
    answer = await world.sendas(BEN, "@ada 2h Covering the spring pipeline")
    assert "Asked" in answer
    assert "2 hours" in answer
    await world.card(BEN, "You asked to send email as")
    card = await world.card(ADA, "asks to send email as you")
    assert "Covering the spring pipeline" in world.slack.read(card, ADA)
    await press(world, ADA, "Approve")
    await world.card(ADA, "can send email as you until")
    await world.card(BEN, "You can send email as")
    assert world.close.find(ADA, BEN)
    world.clock.push(hours=2)
    await world.card(ADA, "can no longer send email as you")
    await world.card(BEN, "You can no longer send email as")
    assert not world.close.find(ADA, BEN)
    assert (await world.only()).state is State.ENDED
