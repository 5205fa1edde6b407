"""Answering and ending: approve, deny, cancel, revoke, release, lapse, forever."""

import asyncio

from models.delegation import State
from models.mark import marked
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    calls,
    cards_at_rest,
    lasting,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.world import World


async def test_the_grantor_learns_what_it_means(stage: World) -> None:
    """The card says who asks, for how long, why, and what the right really allows."""
    await asked(stage, "@ada 2h Covering the spring pipeline")
    words = stage.slack.read(await shown(stage, ADA, "Approve"), ADA)
    for phrase in ("Ben Okafor", "2 hours", "Covering the spring pipeline", "bulk", "sequence"):
        assert phrase in words


async def test_approve_then_connect_goes_on_by_itself(world: World) -> None:
    """An approval without a connection is kept; connecting finishes it without a second click."""
    await asked(world)
    await press(world, ADA, "Approve")
    card = await shown(world, ADA, "Connect Close")
    assert "connect your Close account" in world.slack.read(card, ADA)
    assert (await world.only()).state is State.APPROVED
    assert calls(world, "POST") == 0
    reply = await press(world, ADA, "Connect Close")
    assert reply.url is not None
    page = await world.follow(reply.url, ADA)
    assert "Close is connected" in page.text
    await shown(world, ADA, "Revoke", "can send email as you")
    await shown(world, BEN, "I'm done")
    assert world.close.find(ADA, BEN)
    assert (await world.only()).state is State.ACTIVE


async def test_until_when_is_said_in_each_readers_zone(stage: World) -> None:
    """The end is one moment, shown as the clock of each reader has it."""
    delegation = await active(stage)
    assert delegation.ends_at is not None
    stamp = f"<!date^{int(delegation.ends_at.timestamp())}^"
    for person in (ADA, BEN):
        (card, *_) = [m for m in stage.slack.messages(person) if stamp in str(m.blocks)]
        assert stamp in str(card.blocks)


async def test_the_clock_starts_when_the_association_exists(stage: World) -> None:
    """Two hours are two hours of the right, not two hours since the question."""
    await asked(stage)
    stage.clock.push(hours=5)
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Connect Close")
    stage.clock.push(hours=3)
    await stage.connect(ADA)
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.active_at is not None
    assert delegation.ends_at is not None
    assert (delegation.ends_at - delegation.active_at).total_seconds() == 7200
    assert (delegation.active_at - delegation.requested_at).total_seconds() > 8 * 3600


async def test_deny(world: World) -> None:
    """Deny closes the request, tells both, and never speaks to Close."""
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Deny")
    await world.card(ADA, "You denied")
    await world.card(BEN, "denied your request")
    assert (await world.only()).state is State.DENIED
    assert calls(world, "POST") == 0


async def test_cancel_before_the_answer(world: World) -> None:
    """Cancel takes the request back, and the grantor's card has no buttons any more."""
    await asked(world)
    await press(world, BEN, "Cancel")
    await world.card(ADA, "cancelled the request")
    await cards_at_rest(world)
    assert (await world.only()).state is State.CANCELLED
    assert all(not message.buttons() for message in world.slack.messages(ADA))


async def test_cancel_while_it_waits_for_the_connection(stage: World) -> None:
    """Cancel after the approval means that a later connection gives no right."""
    await asked(stage)
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Connect Close")
    await press(stage, BEN, "Cancel")
    await stage.card(ADA, "cancelled the request")
    await stage.connect(ADA)
    await cards_at_rest(stage)
    assert (await stage.only()).state is State.CANCELLED
    assert not stage.close.associations


async def test_revoke_before_connecting(stage: World) -> None:
    """A grantor who approved and thought better of it can revoke before anything happened."""
    await asked(stage)
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Connect Close")
    await press(stage, ADA, "Revoke")
    await stage.card(BEN, "withdrew the approval")
    assert (await stage.only()).state is State.CANCELLED


async def test_revoke_by_button(world: World) -> None:
    """The grantor revokes: the association goes, and both are told who did it."""
    await active(world)
    await press(world, ADA, "Revoke")
    await world.card(ADA, "can no longer send email as you")
    words = world.slack.read(await world.card(BEN, "can no longer send email as"), BEN)
    assert "revoked it" in words
    assert "Ada Lindqvist" in words
    assert not world.close.find(ADA, BEN)
    assert (await world.only()).state is State.ENDED


async def test_revoke_by_command(stage: World) -> None:
    """``/sendas revoke @colleague`` does the same, whatever the delegation is by now."""
    await asked(stage)
    assert "was not given the right" in await stage.sendas(ADA, "revoke @ben")
    assert (await stage.only()).state is State.DENIED
    await active(stage)
    assert "I'll tell you when Close confirms" in await stage.sendas(ADA, "revoke @ben")
    await settled_in(stage, State.ENDED)
    assert not stage.close.find(ADA, BEN)
    assert "nothing open" in await stage.sendas(ADA, "revoke @ben")


async def test_done_by_button(world: World) -> None:
    """The grantee is done early: the association goes, and the grantor is told."""
    await active(world)
    await press(world, BEN, "I'm done")
    words = world.slack.read(await world.card(ADA, "can no longer send email as you"), ADA)
    assert "ended it early" in words
    assert not world.close.find(ADA, BEN)


async def test_release_by_command(stage: World) -> None:
    """``/sendas release @colleague`` gives back a request, an approval and an active right."""
    await asked(stage)
    assert "is cancelled" in await stage.sendas(BEN, "release @ada")
    assert (await stage.only()).state is State.CANCELLED
    await active(stage)
    assert "Ending your right" in await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    assert not stage.close.find(ADA, BEN)


async def test_only_the_right_side_can_use_the_commands(stage: World) -> None:
    """The grantee cannot revoke and the grantor cannot release: each names its own direction."""
    await active(stage)
    assert "nothing open" in await stage.sendas(BEN, "revoke @ada")
    assert "nothing open" in await stage.sendas(ADA, "release @ben")
    assert "nothing open" in await stage.sendas(CLEO, "revoke @ben")
    assert (await stage.only()).state is State.ACTIVE


async def test_nobody_answers(world: World) -> None:
    """After ``PENDING_TTL`` the request lapses, both are told, and a late click changes nothing."""
    await asked(world)
    card = await shown(world, ADA, "Approve")
    delegation = await world.only()
    world.clock.push(days=3, seconds=1)
    await world.card(ADA, "request lapsed")
    await world.card(BEN, "lapsed")
    assert (await world.only()).state is State.LAPSED
    await world.slack.forge_click(ADA, card, "approve", marked(delegation))
    await world.whispered(ADA, "has lapsed")
    assert (await world.only()).state is State.LAPSED


async def test_nobody_connects(stage: World) -> None:
    """An approval that nobody could carry out lapses as well, and says why."""
    await asked(stage)
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Connect Close")
    stage.clock.push(days=3, seconds=1)
    words = stage.slack.read(await stage.card(BEN, "lapsed"), BEN)
    assert "did not connect Close in time" in words
    assert (await stage.only()).state is State.LAPSED


async def test_the_end_passes_before_the_answer(stage: World) -> None:
    """A request until a moment lapses at that moment: there is nothing left to give."""
    await asked(stage, "@ada until tomorrow 17:00")
    stage.clock.push(days=2)
    await stage.card(BEN, "lapsed")
    assert (await stage.only()).state is State.LAPSED


async def test_forever_lasts_until_revoked(stage: World) -> None:
    """``forever`` has no end, is said so, and survives any pushing of the clock."""
    delegation = await active(stage, "@ada forever Assistant")
    assert delegation.ends_at is None
    assert "until revoked" in read_all(stage, BEN)
    stage.clock.push(days=400)
    await asyncio.sleep(0.2)
    assert (await stage.only()).state is State.ACTIVE
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    assert not stage.close.find(ADA, BEN)


async def test_a_start_in_the_future(stage: World) -> None:
    """A right from tomorrow on is not created today, and is created tomorrow by itself."""
    await stage.connect(ADA)
    await asked(stage, "@ada from tomorrow 09:00 for 2h")
    await press(stage, ADA, "Approve")
    await stage.card(BEN, "It starts")
    await at_rest(stage)
    assert not stage.close.find(ADA, BEN)
    stage.clock.push(days=2)
    await stage.until(State.ACTIVE)
    assert stage.close.find(ADA, BEN)


async def test_it_can_be_asked_again_after_the_end(stage: World) -> None:
    """A closed delegation frees the pair, and the new one gets its own cards."""
    await active(stage)
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    await active(stage, "@ada 1h Again")
    assert len(await stage.delegations()) == 2
    assert stage.close.find(ADA, BEN)


async def test_each_milestone_is_told_once(stage: World) -> None:
    """However often the cards are synced, active and ended are each announced once."""
    await active(stage)
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    await at_rest(stage)  # the end is told together with the receipt
    await cards_at_rest(stage)
    assert len(lasting(stage, BEN, "can no longer send email as")) == 1
    assert len(lasting(stage, ADA, "can no longer send email as you")) == 1
    assert not lasting(stage, BEN, "You can send email as")
