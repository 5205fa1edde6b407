"""Socket Mode: the same bot without a public address for Slack."""

from models.delegation import State
from sandbox.people import ADA, BEN
from sandbox.slack import payloads
from tests.scenarios.moves import press, settled_in
from tests.scenarios.world import World, open_world


async def malformed(world: World) -> None:
    """D5: what bolt would trip over is not acknowledged here either."""
    world.slack.delivery._ack_seconds = 0.2
    payload = payloads.interaction("block_actions", ADA) | {"trigger_id": "1.2", "actions": []}
    reply = await world.slack.delivery.interaction(payload)
    assert reply.problem == "operation_timeout"
    world.slack.delivery._ack_seconds = 3


async def test_the_main_job_over_a_socket(sqlite_url: str) -> None:
    """With an app-level token everything comes over the socket, and nothing over HTTP."""
    async with open_world(
        sqlite_url, slack_app_token="xapp-sandbox-app", slack_signing_secret=None
    ) as world:
        await world.slack.wait_for(lambda: world.slack.sockets.connections, what="the socket")
        world.slack.socket_mode = True
        await world.connect(ADA)
        assert "Asked" in await world.sendas(BEN, "@ada 2h Covering")
        await press(world, ADA, "Approve")
        await settled_in(world, State.ACTIVE)
        await malformed(world)
        assert "Times:" in await world.sendas(BEN, "help")
        world.slack.socket_mode = False
        reply = await world.slack.command(BEN, "/sendas", "help")
        assert reply.status == 404
