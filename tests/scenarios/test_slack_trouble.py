"""Slack misbehaves: cards catch up later, nothing is posted twice, and revocation does not wait."""

import asyncio

import pytest

from bot.slack import directory, runner
from models.delegation import State
from models.mark import marked
from sandbox.people import ADA, BEN, CLEO, SandboxPerson
from sandbox.slack.workspace import Message
from tests.scenarios.moves import (
    active,
    asked,
    cards_at_rest,
    identified,
    lasting,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.world import World

IN_EARNEST = directory.PATIENCE  # as it is where no test is patient


def posts(world: World, person: SandboxPerson) -> list[Message]:
    """The lasting messages that the person has from the bot."""
    return [message for message in world.slack.messages(person) if not message.ephemeral]


async def test_revocation_does_not_wait_for_slack(world: World) -> None:
    """With Slack away the right ends in Close on time; the cards say so once Slack is back."""
    await active(world)
    world.slack.trouble.down()
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)
    assert "can no longer" not in read_all(world, ADA)
    world.slack.trouble.up()
    await cards_at_rest(world)
    for person in (ADA, BEN):
        assert "can no longer" in read_all(world, person)


async def test_approved_while_slack_is_away(world: World) -> None:
    """The click is heard, Close is asked, and the card goes to the present without detours."""
    await world.connect(ADA)
    card = await identified(world)
    await cards_at_rest(world)
    world.slack.trouble.down()
    assert (await world.slack.click(ADA, card, "Approve")).ok
    await settled_in(world, State.ACTIVE)
    before = len(world.slack.calls)
    world.slack.trouble.up()
    await cards_at_rest(world)
    assert "can send email as you until" in world.slack.read(card, ADA)
    updates = [
        call.arguments for call in world.slack.calls[before:] if call.method == "chat.update"
    ]
    shown_since = [each["text"] for each in updates if each["ts"] == card.ts]
    assert shown_since
    assert len(set(shown_since)) == len(shown_since)
    assert not any("You approved" in text for text in shown_since)  # that moment had passed


@pytest.mark.parametrize("error", ["fatal_error", "internal_error", ""])
async def test_a_post_whose_answer_is_lost_is_not_repeated(stage: World, error: str) -> None:
    """Slack posted and then failed or hung up: the message is found again, not sent twice."""
    status = 200 if error else 500
    stage.slack.trouble.drop("chat.postMessage", 2, error=error, status=status)
    await stage.sendas(BEN, "@ada 2h")
    await cards_at_rest(stage)
    assert len(posts(stage, ADA)) == 1
    assert len(posts(stage, BEN)) == 1
    await press(stage, ADA, "Deny")
    await cards_at_rest(stage)
    assert "You denied" in read_all(stage, ADA)
    assert not posts(stage, ADA)[0].buttons()


async def test_a_found_message_shows_the_present(world: World) -> None:
    """A card whose post got no answer is answered by the grantor before it is found again."""
    world.slack.trouble.drop("chat.postMessage", 2, error="fatal_error", status=200)
    await world.sendas(BEN, "@ada 2h")
    await shown(world, ADA, "Approve")
    await press(world, ADA, "Deny")
    await cards_at_rest(world)
    assert "You denied" in world.slack.read(posts(world, ADA)[0], ADA)
    assert not any(message.buttons() for message in posts(world, ADA))
    assert len(lasting(world, ADA, "Ben Okafor")) == 1


@pytest.mark.parametrize("error", ["fatal_error", ""])
async def test_a_moved_card_whose_answer_is_lost_is_not_repeated(stage: World, error: str) -> None:
    """What notifies its reader is posted once as well, and the old card goes."""
    await stage.connect(ADA)
    await asked(stage)
    await cards_at_rest(stage)
    stage.slack.trouble.drop("chat.postMessage", 1, error=error, status=200 if error else 500)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    await cards_at_rest(stage)
    assert len(lasting(stage, BEN, "")) == 1
    assert lasting(stage, BEN, "You can send email as")


async def test_a_deleted_card_is_posted_anew(stage: World) -> None:
    """Somebody deleted the card's message: the next change posts a new card with its buttons."""
    await stage.connect(ADA)
    await asked(stage)
    stage.slack.workspace.remove_message(await shown(stage, BEN, "Cancel"))
    await press(stage, ADA, "Approve")
    await shown(stage, BEN, "I'm done")
    await cards_at_rest(stage)
    assert sum("I'm done" in message.buttons() for message in posts(stage, BEN)) == 1


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_rate_limited(stage: World, method: str) -> None:
    """A 429 is waited out as Slack names it, and the message still arrives once."""
    await stage.connect(ADA)
    if method == "chat.update":
        await asked(stage)
        await cards_at_rest(stage)
    stage.slack.trouble.rate_limit(method, retry_after=0, times=3)
    if method == "chat.postMessage":
        await asked(stage)
    await press(stage, ADA, "Deny")
    await cards_at_rest(stage)
    assert len(lasting(stage, ADA, "You denied")) == 1


async def test_slack_refuses_one_reader(stage: World) -> None:
    """A card that Slack will not take does not hold up the other one, nor the right itself."""
    await stage.connect(ADA)
    await stage.sendas(BEN, "@ada 2h")
    await shown(stage, ADA, "Approve")
    await cards_at_rest(stage)
    stage.slack.trouble.fail("chat.update", "is_archived")
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    await cards_at_rest(stage)
    assert stage.close.find(ADA, BEN)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    await cards_at_rest(stage)
    for person in (ADA, BEN):
        assert "can no longer" in read_all(stage, person)


async def test_a_bot_whose_token_was_taken_away(stage: World) -> None:
    """While Slack says ``invalid_auth`` cards wait; they are shown when that is mended."""
    stage.slack.trouble.fail("chat.postMessage", "invalid_auth", times=4)
    await stage.sendas(BEN, "@ada 2h")
    await cards_at_rest(stage)
    await shown(stage, ADA, "Approve")


async def test_slack_cannot_say_who_somebody_is(stage: World) -> None:
    """Without ``users.info`` nothing is stored, and the asker is told to try again."""
    stage.slack.trouble.fail("users.info", "internal_error", times=1)
    assert "nothing changed" in await stage.sendas(BEN, "@ada 2h")
    assert await stage.delegations() == []
    assert "Asked" in await stage.sendas(BEN, "@ada 2h")


@pytest.mark.parametrize("json", ["", "[1]", '"blocked"', "{"])
async def test_a_page_in_place_of_a_person(stage: World, json: str) -> None:
    """D1: a proxy answers ``users.info``: nothing is stored, and nobody is unknown."""
    stage.slack.trouble.garble("users.info", json=json)
    assert "nothing changed" in await stage.sendas(BEN, "@ada 2h")
    assert "Asked" in await stage.sendas(BEN, "@ada 2h")


async def test_a_slow_directory_is_answered_in_time(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When ``users.info`` stalls, the answer does not wait for it beyond Slack's three seconds."""
    assert IN_EARNEST < runner.ACK_SECONDS - 1
    monkeypatch.setattr(directory, "PATIENCE", IN_EARNEST)
    stage.slack.trouble.stall("users.info", IN_EARNEST + 1)
    assert "nothing changed" in await stage.sendas(BEN, "@ada 2h")


async def test_the_form_cannot_be_opened(stage: World) -> None:
    """A trigger that Slack refuses ends in a sentence, not in silence."""
    stage.slack.trouble.fail("views.open", "trigger_expired")
    await stage.sendas(BEN, "")
    await stage.whispered(BEN, "did not open in time")


async def test_a_lost_whisper_harms_nothing(stage: World) -> None:
    """The answer to a stale click cannot be delivered: nothing breaks, nothing changes."""
    delegation = await asked(stage)
    card = await shown(stage, ADA, "Approve")
    await press(stage, ADA, "Deny")
    stage.slack.trouble.fail("response_url", "used_url", status=404)
    assert (await stage.slack.forge_click(ADA, card, "approve", marked(delegation))).status == 200
    stage.slack.trouble.drop("response_url")
    assert (await stage.slack.forge_click(ADA, card, "approve", marked(delegation))).status == 200
    await asyncio.sleep(0.05)
    assert (await stage.only()).state is State.DENIED


@pytest.mark.parametrize(("who", "button"), [(BEN, "Cancel"), (ADA, "Deny")])
async def test_over_before_the_post_is_found(world: World, who: SandboxPerson, button: str) -> None:
    """D2: the first posts got no answer, then the request is over: no button lives on."""
    world.slack.trouble.drop("chat.postMessage", 2, error="fatal_error", status=200)
    await world.sendas(BEN, "@ada 2h")
    await shown(world, ADA, "Approve")
    await shown(world, BEN, "Cancel")
    await press(world, who, button)
    await cards_at_rest(world)
    for person in (ADA, BEN):
        buttons = {each for message in posts(world, person) for each in message.buttons()}
        assert buttons <= {"Ask again"}


@pytest.mark.parametrize("error", ["fatal_error", ""])
async def test_a_moved_card_is_found_whatever_came_next(world: World, error: str) -> None:
    """K4: the answer to the warning's post was lost, then Ada revokes: no card of Ben's has
    buttons, and each says the end or where the card is now."""
    await active(world)
    world.slack.trouble.drop("chat.postMessage", error=error, status=200 if error else 500)
    world.clock.push(hours=1, minutes=50)
    await shown(world, BEN, "I'm done", "nearly up")
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    await cards_at_rest(world)
    assert not any(message.buttons() for message in posts(world, BEN))
    assert not lasting(world, BEN, "nearly up")


async def test_a_question_answered_before_its_post_is_found(world: World) -> None:
    """The post that asks about an unknown right got no answer, and its button is clicked before
    the retry: there is one message, and it says what was chosen."""
    world.close.allow(ADA, CLEO)
    world.slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    await world.connect(ADA)
    await press(world, ADA, "Keep")
    await world.card(ADA, "You kept it")
    assert len(posts(world, ADA)) == 1


@pytest.mark.parametrize("json", ["", "[1]", '"blocked"', "{"])
@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_page_in_place_of_an_answer(stage: World, is_taken: bool, json: str) -> None:
    """D1: a proxy answers 200 with HTML: nobody knows what was done, so that is looked up."""
    stage.slack.trouble.garble("chat.postMessage", 2, is_taken=is_taken, json=json)
    await stage.sendas(BEN, "@ada 2h")
    await cards_at_rest(stage)
    assert len(posts(stage, ADA)) == len(posts(stage, BEN)) == 1


async def test_refused_once(stage: World) -> None:
    """D1: Slack does not know Ada for once: she is asked all the same, some minutes later."""
    stage.slack.workspace.unwritable[ADA.id] = "user_not_found"
    await stage.sendas(BEN, "@ada 2h")
    await shown(stage, BEN, "Cancel")
    stage.clock.push(seconds=3)  # so long her card waits for the account
    refused = "user_not_found"
    await stage.slack.wait_for(
        lambda: any(call.outcome == refused for call in stage.slack.calls), what="the refusal"
    )
    stage.slack.workspace.unwritable.clear()
    await cards_at_rest(stage)
    await shown(stage, ADA, "Approve")
