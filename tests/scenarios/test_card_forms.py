"""The grantor's other answers: approve for another time, deny with a reason."""

from datetime import timedelta

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import asked, settled_in, shown
from tests.scenarios.world import World


async def choose(world: World, choice: str, **values: str) -> None:
    """Ada picks from the menu on the request and submits the form."""
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "more", choice)
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    reply = await world.slack.submit(ADA, values)
    assert reply.ok, reply


async def test_approve_for_another_time(stage: World) -> None:
    """The grantor's time counts, and both cards say it."""
    await stage.connect(ADA)
    await asked(stage)
    await choose(stage, "Approve with a different length…", duration="30m")
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.length == timedelta(minutes=30)


async def test_another_time_keeps_the_start(stage: World) -> None:
    """A start that was asked for and is still to come stays, unless another one is written."""
    asked_for = await asked(stage, "@ada tomorrow 9am to wednesday 6pm Trade fair")
    assert asked_for.starts_at is not None
    await choose(stage, "Approve with a different length…", duration="2h")
    approved = await stage.only()
    assert approved.state is State.APPROVED
    assert approved.starts_at == asked_for.starts_at
    assert approved.length == timedelta(hours=2)


async def test_another_start_is_taken(stage: World) -> None:
    """C6: a start that is written takes the place of the one that was asked for, also "now"."""
    await stage.connect(ADA)
    await asked(stage, "@ada tomorrow 9am to wednesday 6pm Trade fair")
    await choose(stage, "Approve with a different length…", duration="from now for 2h")
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.starts_at is None
    assert delegation.length == timedelta(hours=2)


async def test_deny_with_a_reason(stage: World) -> None:
    """The person who asked reads why."""
    await asked(stage)
    await choose(stage, "Deny with a reason…", note="Please ask <!everyone> *Dana*")
    card = await stage.card(BEN, "denied your request")
    words = stage.slack.read(card, BEN)
    assert "Please ask" in words
    assert "&lt;!everyone&gt;" in card.text + str(card.blocks)
