"""In the bot's own conversation the card is the answer; anywhere else the answer stays."""

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import raw_command, shown
from tests.scenarios.world import World


async def test_the_card_is_the_answer(world: World) -> None:
    """Ben reads one message, which is his card; the command is acknowledged with nothing."""
    assert await world.sendas(BEN, "@ada 2h Covering", channel=None) == ""
    await shown(world, BEN, "Cancel", "Covering")
    assert [each for each in world.slack.messages(BEN) if each.ephemeral] == []


async def test_a_grant_as_well(stage: World) -> None:
    """Who gives the right reads its card alone."""
    assert await stage.sendas(ADA, "grant @ben 2h", channel=None) == ""
    await shown(stage, ADA, "Revoke")


async def test_elsewhere_it_is_said(stage: World) -> None:
    """In a channel the card is out of sight, so the answer says what was done."""
    assert "Asked" in await stage.sendas(BEN, "@ada 2h Covering")


async def test_what_the_card_does_not_say(stage: World) -> None:
    """That no time was given, several people, a refusal and a list are said wherever it is."""
    assert "1 day" in await stage.sendas(BEN, "@ada Covering", channel=None)
    assert "already waits" in await stage.sendas(BEN, "@ada 2h", channel=None)
    assert "Cleo" in await stage.sendas(BEN, "@cleo @dana 2h", channel=None)
    assert "Ada" in await stage.sendas(BEN, "list", channel=None)


async def test_a_conversation_with_somebody_else(stage: World) -> None:
    """Each conversation of two has the same name; only in the bot's own is the card in sight."""
    text = f"<@{ADA.id}|ada> 2h Covering"
    reply = await raw_command(stage, BEN, text, channel_id="D0WITHCLEO1")
    assert "Asked" in reply.text
    assert (await stage.only()).state is State.REQUESTED


@pytest.mark.parametrize("what", ["stalls", "fails"])
async def test_when_slack_does_not_say_which_it_is(stage: World, what: str) -> None:
    """The answer is shown rather than waited for, and left out the next time."""
    if what == "stalls":
        stage.slack.trouble.stall("conversations.open", 2)
    else:
        stage.slack.trouble.fail("conversations.open", "internal_error")
    assert "Asked" in await stage.sendas(BEN, "@ada 2h Covering", channel=None)
    assert await stage.sendas(BEN, "@cleo 2h Covering", channel=None) == ""
    await shown(stage, CLEO, "Approve")
