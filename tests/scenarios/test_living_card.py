"""One living message for each delegation and reader: where it moves, and when it only changes."""

from collections.abc import Sequence

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, SandboxPerson
from sandbox.slack.workspace import Message
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    cards_at_rest,
    lasting,
    posts,
    press,
    settled_in,
)
from tests.scenarios.world import World

OVER = "\N{MEDIUM WHITE CIRCLE}"


async def cards_of(world: World, person: SandboxPerson) -> Sequence[Message]:
    """All that stands in this person's conversation with the bot, once nothing changes any more."""
    await cards_at_rest(world)
    return lasting(world, person, "")


async def the_card(world: World, person: SandboxPerson, words: str) -> Message:
    """The only message there, once it says this."""
    await world.card(person, words)
    (card,) = await cards_of(world, person)
    assert words in world.slack.read(card, person)
    return card


async def over(world: World) -> None:
    """The time is up, and the receipt is made."""
    world.clock.push(hours=2, minutes=1)
    await settled_in(world, State.ENDED)
    await world.card(ADA, "in your name")


async def test_a_plain_life(world: World) -> None:
    """Ask, approve, warning, end: one message for each, three notifications for the grantee beside
    their own card, two for the grantor; and the last thing they read is true."""
    await active(world)
    assert (posts(world, ADA), posts(world, BEN)) == (1, 2)
    world.clock.push(minutes=61)
    await the_card(world, BEN, "Your time is nearly up")
    assert (posts(world, ADA), posts(world, BEN)) == (1, 3)
    await over(world)
    await the_card(world, BEN, "You can no longer send email as")
    await the_card(world, ADA, "can no longer send email as you")
    assert (posts(world, ADA), posts(world, BEN)) == (2, 4)


async def test_who_revokes_is_not_notified(stage: World) -> None:
    """The grantor's own card changes in place, up to the receipt; the grantee's moves."""
    await active(stage)
    (before,) = await cards_of(stage, ADA)
    told = posts(stage, ADA), posts(stage, BEN)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    after = await the_card(stage, ADA, "sent in your name")
    await the_card(stage, BEN, "You can no longer send email as")
    assert after.ts == before.ts
    assert (posts(stage, ADA), posts(stage, BEN)) == (told[0], told[1] + 1)


async def test_who_releases_is_not_notified(stage: World) -> None:
    """The grantee's own card changes in place; the grantor's moves, with its receipt."""
    await active(stage)
    (before,) = await cards_of(stage, BEN)
    told = posts(stage, ADA), posts(stage, BEN)
    await press(stage, BEN, "I'm done")
    await settled_in(stage, State.ENDED)
    await the_card(stage, ADA, "sent in your name")
    after = await the_card(stage, BEN, "You can no longer send email as")
    assert after.ts == before.ts
    assert (posts(stage, ADA), posts(stage, BEN)) == (told[0] + 1, told[1])


async def test_who_denies_or_cancels_is_not_notified(stage: World) -> None:
    """A denial moves the asker's card alone; a cancelled request needs nothing of anybody."""
    await asked(stage)
    await press(stage, ADA, "Deny")
    await the_card(stage, BEN, "denied")
    assert (posts(stage, ADA), posts(stage, BEN)) == (1, 2)
    await asked(stage)
    await press(stage, BEN, "Cancel")
    await settled_in(stage, State.CANCELLED)
    await cards_at_rest(stage)
    assert (posts(stage, ADA), posts(stage, BEN)) == (2, 3)


async def test_a_grant_is_one_notification(stage: World) -> None:
    """Who is given a right reads of it once it can be used, and not twice; nor does its giver."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben 2h Covering")
    await settled_in(stage, State.ACTIVE)
    await the_card(stage, BEN, "You can send email as")
    await the_card(stage, ADA, "can send email as you")
    assert (posts(stage, ADA), posts(stage, BEN)) == (1, 1)


async def test_a_third_person(stage: World) -> None:
    """Who asked for somebody else hears that it began and how it ended; not what they ended."""
    await stage.connect(ADA)
    await stage.sendas(CLEO, "@ada for @ben 2h Covering")
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    card = await the_card(stage, CLEO, "can send email as")
    assert posts(stage, CLEO) == 2
    await stage.slack.forge_click(CLEO, card, "release", f"{(await stage.only()).id}")
    await settled_in(stage, State.ENDED)
    await the_card(stage, BEN, "You can no longer send email as")
    assert (await the_card(stage, CLEO, "can no longer send email as")).ts == card.ts
    assert posts(stage, CLEO) == 2


async def test_over_while_close_is_away(stage: World) -> None:
    """Who must send nothing more is told once, at once; the end itself is news to the grantor."""
    await active(stage)
    stage.close.trouble.fail("DELETE /send_as/*", 503, times=1000)
    stage.clock.push(hours=2, minutes=1)
    told = posts(stage, BEN)
    card = await stage.card(BEN, "Close is not answering")
    assert "Please send nothing more" in stage.slack.read(card, BEN)
    await stage.card(ADA, "over but not yet removed")
    await stage.slack.wait_for(lambda: len(lasting(stage, BEN, "")) == 1, what="one card")
    assert posts(stage, BEN) == told + 1
    stage.close.trouble.clear()
    await settled_in(stage, State.ENDED)
    await the_card(stage, BEN, "You can no longer send email as")
    await the_card(stage, ADA, "can no longer send email as you")
    assert posts(stage, BEN) == told + 1


async def test_a_lapse_is_told_to_both(stage: World) -> None:
    """Nobody answered: both are notified, and read why."""
    await asked(stage)
    told = posts(stage, ADA), posts(stage, BEN)
    stage.clock.push(days=3, minutes=1)
    await the_card(stage, BEN, "lapsed")
    await the_card(stage, ADA, "lapsed")
    assert (posts(stage, ADA), posts(stage, BEN)) == (told[0] + 1, told[1] + 1)


async def test_a_message_that_was_deleted(stage: World) -> None:
    """A card that somebody has deleted comes back with the next change, once."""
    await asked(stage)
    (card,) = await cards_of(stage, ADA)
    stage.slack.workspace.remove_message(card)
    await press(stage, BEN, "Cancel")
    await the_card(stage, ADA, OVER)


@pytest.mark.parametrize("code", ["cant_delete_message", "compliance_exports_prevent_deletion"])
async def test_a_deletion_that_slack_refuses(stage: World, code: str) -> None:
    """A line is left in place of the old card, without buttons and without anything green."""
    stage.slack.trouble.fail("chat.delete", code, times=9)
    await active(stage)
    left, card = await cards_of(stage, BEN)
    assert "further down" in stage.slack.read(left, BEN)
    assert not left.buttons()
    assert "I'm done" in card.buttons()
    stage.slack.trouble.clear()
    await over(stage)
    texts = [stage.slack.read(each, BEN) for each in await cards_of(stage, BEN)]
    assert not any("\N{LARGE GREEN CIRCLE}" in text for text in texts)


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.delete", "chat.update"])
async def test_answers_that_are_lost(world: World, method: str) -> None:
    """Whatever Slack did without saying so: one card each, and no notification twice."""
    await world.connect(ADA)
    await asked(world)
    await cards_at_rest(world)
    world.slack.trouble.drop(method, error="fatal_error", status=200, times=4)
    await press(world, ADA, "Approve")
    await settled_in(world, State.ACTIVE)
    await the_card(world, BEN, "You can send email as")
    await the_card(world, ADA, "can send email as you")
    assert (posts(world, ADA), posts(world, BEN)) == (1, 2)


async def test_slack_away_for_hours(world: World) -> None:
    """However much happens meanwhile, one message tells how it came out."""
    await active(world)
    before = posts(world, ADA), posts(world, BEN)
    world.slack.trouble.down()
    world.clock.push(minutes=61)
    world.clock.push(hours=1)
    await settled_in(world, State.ENDED)
    world.clock.push(hours=4)
    world.slack.trouble.up()
    await the_card(world, BEN, "You can no longer send email as")
    await the_card(world, ADA, "sent in your name")
    assert (posts(world, ADA), posts(world, BEN)) == (before[0] + 1, before[1] + 1)


async def test_what_was_sent_stands_on_the_card(stage: World) -> None:
    """The end and its receipt are one message."""
    await active(stage)
    stage.close.send_email(BEN, in_name_of=ADA, subject="Spring offer")
    await over(stage)
    card = await the_card(stage, ADA, "1 email was sent")
    assert "“Spring offer”" in stage.slack.read(card, ADA)
    assert "“Spring offer”" in card.text


async def test_a_create_that_fails(stage: World) -> None:
    """What cannot be set up is a message to both, whoever clicked last."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail("POST /send_as/", 403, times=9)
    await press(stage, ADA, "Approve")
    await the_card(stage, BEN, "not given the right")
    await the_card(stage, ADA, "was not given the right")
    assert (posts(stage, ADA), posts(stage, BEN)) == (2, 2)


async def test_many_changes_at_once(world: World) -> None:
    """Asked, approved, extended and ended within moments: one card each, and the last word."""
    await active(world)
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    await world.sendas(BEN, "@ada 1h Again")
    await press(world, ADA, "Approve")
    await press(world, ADA, "Revoke")
    await at_rest(world)
    await cards_at_rest(world)
    assert not any(each.is_open for each in await world.delegations())
    for person in (ADA, BEN):
        found = lasting(world, person, "")
        assert len(found) == 2
        assert not any(set(each.buttons()) - {"What was sent", "Ask again"} for each in found)
