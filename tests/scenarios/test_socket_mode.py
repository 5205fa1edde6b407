"""Socket Mode: the same bot without a public address for Slack."""

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import press, settled_in
from tests.scenarios.world import open_world


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
        world.slack.socket_mode = False
        reply = await world.slack.command(BEN, "/sendas", "help")
        assert reply.status == 404
