"""Many at once are one message: granted, asked, revoked and ended together."""

from datetime import timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, DANA
from sandbox.slack.workspace import Message
from tests.scenarios.moves import at_rest, cards_at_rest, lasting, posts, press, shown
from tests.scenarios.world import World

GRANTEES = (BEN, CLEO, DANA)


async def granted(world: World, text: str = "2h Fair") -> Message:
    """Ada has let three people send as her, and reads of it."""
    await world.connect(ADA)
    await world.sendas(ADA, f"grant @ben @cleo @dana {text}")
    await press(world, ADA, "Grant to 3")
    for grantee in GRANTEES:
        await world.card(grantee, "You can send email as")
    return await world.card(ADA, "You let 3 people send email as you")


async def states(world: World) -> set[State]:
    """What the delegations are in."""
    return {each.state for each in await at_rest(world)}


async def test_granted_together(world: World) -> None:
    """Who grants to three reads one message, in which each can be revoked; they read one each."""
    card = await granted(world)
    await world.slack.wait_for(lambda: card.buttons().count("Revoke") == 3, what="three buttons")
    await cards_at_rest(world)
    assert lasting(world, ADA, "") == [card]
    assert [posts(world, each) for each in (ADA, *GRANTEES)] == [1, 1, 1, 1]
    await world.slack.click(ADA, card, "Revoke", index=0)
    await world.slack.wait_for(lambda: card.buttons().count("Revoke") == 2, what="two buttons")
    await cards_at_rest(world)
    assert posts(world, ADA) == 1


async def test_ended_together(world: World) -> None:
    """What they were given ends at the same time: one message for the grantor, with what was
    sent; one for each of them."""
    await granted(world)
    world.close.send_email(BEN, in_name_of=ADA, subject="Spring offer")
    world.clock.push(hours=2, minutes=1)
    end = await world.card(ADA, "3 rights to send email as you ended")
    text = world.slack.read(end, ADA)
    assert "the time was up" in text
    assert "@Ben Okafor: 1 email was sent to 1 person" in text
    await cards_at_rest(world)
    assert posts(world, ADA) == 2
    for grantee in GRANTEES:
        assert len(lasting(world, grantee, "You can no longer send email as")) == 1


async def test_revoked_together(world: World) -> None:
    """Revoke all of these, and the one who did it reads once that it is done."""
    card = await granted(world)
    await world.slack.click(ADA, card, "Revoke all of these")
    await world.card(ADA, "3 rights to send email as you ended")
    assert await states(world) == {State.ENDED}
    await cards_at_rest(world)
    assert posts(world, ADA) == 2
    assert not world.close.associations


async def test_of_a_bundle_only_its_grantor_revokes(stage: World) -> None:
    """Who forges the click takes nothing away."""
    card = await granted(stage)
    bundle_id = (await stage.delegations())[0].bundle_id
    await stage.slack.forge_click(BEN, card, "revoke_bundle", bundle_id or "")
    assert await states(stage) == {State.ACTIVE}


async def test_revoke_all(world: World) -> None:
    """Rights that were given one by one, and are taken back with one command, are one message; the
    grantor's cards change in place."""
    await world.connect(ADA)
    for grantee in GRANTEES:
        await world.sendas(ADA, f"grant @{grantee.handle} 2h")
        await world.card(grantee, "You can send email as")
    await cards_at_rest(world)
    told = posts(world, ADA)
    await world.sendas(ADA, "revoke all")
    await world.card(ADA, "you revoked them")
    await cards_at_rest(world)
    assert posts(world, ADA) == told + 1


async def test_ends_at_the_same_time(world: World) -> None:
    """Three requests that end at the same minute end with one message for their grantor."""
    await world.connect(ADA)
    until = (world.clock() + timedelta(hours=3)).strftime("until %Y-%m-%dT%H:%M:00Z")
    for grantee in GRANTEES:
        await world.sendas(grantee, f"@ada {until} Fair")
        await shown(world, ADA, "Approve", "Address in Close")
        await press(world, ADA, "Approve")
        await world.card(grantee, "You can send email as")
    await cards_at_rest(world)
    told = posts(world, ADA)
    world.clock.push(hours=3, minutes=1)
    await world.card(ADA, "3 rights to send email as you ended")
    assert await states(world) == {State.ENDED}
    await cards_at_rest(world)
    assert posts(world, ADA) == told + 1


async def test_ends_that_close_cannot_carry_out(world: World) -> None:
    """With Close away the one message says so after a minute, and what came of it later."""
    await granted(world)
    world.close.trouble.fail("*", 503, times=10_000)
    world.clock.push(hours=2, minutes=1)
    for grantee in GRANTEES:
        await world.card(grantee, "Please send nothing more")
    await cards_at_rest(world)
    world.clock.push(minutes=2)
    message = await world.card(ADA, "Not yet removed in Close")
    told = posts(world, ADA)
    world.close.trouble.clear()
    world.clock.push(minutes=11)
    await world.slack.wait_for(
        lambda: "Not yet removed" not in world.slack.read(message, ADA), what="the end"
    )
    await cards_at_rest(world)
    assert posts(world, ADA) == told


async def test_asked_together(world: World) -> None:
    """Who asks two people reads one message; whoever says yes or no is news of its own."""
    await world.connect(ADA)
    await world.sendas(BEN, "@ada @cleo 2h Fair")
    card = await world.card(BEN, "You asked 2 people")
    await world.slack.wait_for(lambda: card.buttons().count("Cancel") == 2, what="two buttons")
    await cards_at_rest(world)
    assert lasting(world, BEN, "") == [card]
    await shown(world, ADA, "Approve", "Address in Close")
    await press(world, ADA, "Approve")
    await shown(world, BEN, "I'm done")
    await world.slack.wait_for(lambda: card.buttons().count("Cancel") == 1, what="one button left")
    await world.slack.wait_for(
        lambda: "see the message about it" in world.slack.read(card, BEN), what="where the other is"
    )
    await press(world, CLEO, "Deny")
    await world.slack.wait_for(lambda: posts(world, BEN) == 3, what="the third notification")
    assert lasting(world, BEN, "denied")


async def test_of_two_only_one_could_be_asked(stage: World) -> None:
    """A wish of which one alone came true has its own card, as always."""
    await stage.connect(ADA)
    await stage.sendas(BEN, "@ada @ben 2h Fair")
    await shown(stage, BEN, "Cancel", "You asked to send email as")
    assert not lasting(stage, BEN, "2 people")


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_answers_that_are_lost(world: World, method: str) -> None:
    """Whatever Slack did without saying so, nobody is told twice."""
    world.slack.trouble.drop(method, error="fatal_error", status=200, times=3)
    await granted(world)
    world.clock.push(hours=2, minutes=1)
    await world.card(ADA, "3 rights to send email as you ended")
    await cards_at_rest(world)
    assert posts(world, ADA) == 2


async def test_granted_together_before_connecting(world: World) -> None:
    """Who grants to three without being connected has one message with the button there, reads it
    once more when they are reminded, and once when all of it has lapsed."""
    await world.sendas(ADA, "grant @ben @cleo @dana 2h")
    await press(world, ADA, "Grant to 3")
    first = await shown(world, ADA, "Connect Close")
    await cards_at_rest(world)
    told = posts(world, ADA)
    assert lasting(world, ADA, "") == [first]
    row = (await at_rest(world))[0]
    assert row.remind_at is not None
    world.clock.ahead += row.remind_at - world.clock() + timedelta(seconds=1)
    await world.slack.wait_for(lambda: posts(world, ADA) > told, what="the reminder")
    await world.slack.wait_for(lambda: len(lasting(world, ADA, "")) == 1, what="one message")
    assert "Connect Close" in lasting(world, ADA, "")[0].buttons()
    await cards_at_rest(world)
    assert posts(world, ADA) == told + 1
    world.clock.push(days=4)
    await world.card(ADA, "lapsed")
    assert await states(world) == {State.LAPSED}
    await cards_at_rest(world)
    await world.slack.wait_for(lambda: len(lasting(world, ADA, "")) == 1, what="the last word")


async def test_of_several_one_waits_to_be_reminded(world: World) -> None:
    """Who asked two people can have the one reminded who agreed and is not connected."""
    await world.sendas(BEN, "@ada @cleo 2h Fair")
    await press(world, ADA, "Approve")
    await press(world, BEN, "Remind them")
    assert any(each.nudged_at for each in await world.delegations())


async def test_lapsed_together(stage: World) -> None:
    """Who asked two people who never answer reads once that both requests lapsed."""
    await stage.sendas(BEN, "@ada @cleo 2h Fair")
    await stage.card(BEN, "You asked 2 people")
    await cards_at_rest(stage)
    told = posts(stage, BEN)
    stage.clock.push(days=3, minutes=1)
    await stage.slack.wait_for(lambda: posts(stage, BEN) > told, what="the end of it")
    assert await states(stage) == {State.LAPSED}
    await cards_at_rest(stage)
    assert posts(stage, BEN) == told + 1
    (card,) = lasting(stage, BEN, "")
    assert stage.slack.read(card, BEN).count("lapsed") == 2
