"""The audit channel: each decision and each end once, in one thread."""

from models.delegation import State
from sandbox.people import ADA, BEN
from sandbox.slack.workspace import AUDIT
from tests.scenarios.moves import active, asked, cards_at_rest, press, settled_in
from tests.scenarios.world import open_world


async def test_one_thread_for_a_life(database_url: str) -> None:
    """Approved, revoked and confirmed stand there once each, below one opening message."""
    async with open_world(database_url, audit_channel=AUDIT) as world:
        await active(world)
        await press(world, ADA, "Revoke")
        await world.card(BEN, "You can no longer send email as")

        def lines() -> list[str]:
            return [world.slack.read(m) for m in world.slack.channel_messages(AUDIT)]

        await world.slack.wait_for(lambda: len(lines()) == 3, what="three lines")
        opening, revoked, gone = world.slack.channel_messages(AUDIT)
        assert "approved it" in world.slack.read(opening)
        assert "revoked it" in world.slack.read(revoked)
        assert "Close confirmed" in world.slack.read(gone)
        assert revoked.thread_ts == gone.thread_ts == opening.ts


async def test_lost_answers_do_not_double_lines(sqlite_url: str) -> None:
    """A line whose answer was lost is found in the channel and in its thread, not posted again."""
    async with open_world(sqlite_url, audit_channel=AUDIT) as world:
        await world.connect(ADA)
        await asked(world)
        await cards_at_rest(world)
        world.slack.trouble.drop("chat.postMessage", times=50)
        await press(world, ADA, "Approve")
        await settled_in(world, State.ACTIVE)
        await cards_at_rest(world)
        await press(world, ADA, "Revoke")
        await settled_in(world, State.ENDED)
        await cards_at_rest(world)
        lines = [world.slack.read(each) for each in world.slack.channel_messages(AUDIT)]
        assert len(lines) == 3, lines


async def test_nothing_before_a_decision(sqlite_url: str) -> None:
    """A request that nobody has answered is nobody else's business yet."""
    async with open_world(sqlite_url, audit_channel=AUDIT) as world:
        await asked(world)
        await press(world, ADA, "Deny")
        await world.card(BEN, "denied your request")
        await world.slack.wait_for(
            lambda: len(world.slack.channel_messages(AUDIT)) == 1, what="one line"
        )
