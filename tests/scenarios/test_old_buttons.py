"""Buttons that make no sense any more, or that are about nothing the bot knows: said in words."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from models.delegation import Delegation, State
from models.mark import marked
from sandbox.people import ADA, BEN, DANA
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    cards_at_rest,
    forged,
    impersonated,
    press,
    settled_in,
    shown,
)
from tests.scenarios.world import World, open_world

CHOICES = ("approve_for", "deny_with_note", "always_approve")
GRANTORS = ("approve", "deny", "snooze", "revoke", "approve_extension", "decline_extension")
GRANTEES = ("cancel", "release", "change")
UNKNOWN_ID = "x" * 22


async def _denied(world: World) -> Delegation:
    await asked(world)
    await press(world, ADA, "Deny")
    return await settled_in(world, State.DENIED)


async def _cancelled(world: World) -> Delegation:
    await asked(world)
    await press(world, BEN, "Cancel")
    return await settled_in(world, State.CANCELLED)


async def _lapsed(world: World) -> Delegation:
    await asked(world)
    world.clock.push(days=3, seconds=1)
    return await settled_in(world, State.LAPSED)


async def _ended(world: World) -> Delegation:
    await active(world)
    await press(world, ADA, "Revoke")
    return await settled_in(world, State.ENDED)


async def _failed(world: World) -> Delegation:
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Approve")
    return await settled_in(world, State.FAILED)


OVER = {
    "was denied": _denied,
    "was cancelled": _cancelled,
    "has lapsed": _lapsed,
    "has already ended": _ended,
    "could not be carried out": _failed,
}


@pytest.mark.parametrize(("words", "reach"), OVER.items(), ids=OVER)
async def test_once_it_is_over(
    stage: World, words: str, reach: Callable[[World], Awaitable[Delegation]]
) -> None:
    """C3: every button and menu of a card says how it is, opens nothing and changes nothing."""
    await reach(stage)
    await cards_at_rest(stage)
    (before,) = await at_rest(stage)  # its receipt is made
    place, value = stage.slack.workspace.messages[0], marked(before)
    for action in (*GRANTORS, "extend"):
        assert words in await forged(stage, ADA, place, action, value), action
    for choice in CHOICES:
        assert words in await forged(stage, ADA, place, "more", f"{choice}:{value}"), choice
    for action in (*GRANTEES, "extend"):
        assert words in await forged(stage, BEN, place, action, value), action
    assert stage.slack.view(ADA) is None
    assert stage.slack.view(BEN) is None
    assert await stage.only() == before


async def test_while_it_is_active(stage: World) -> None:
    """C3: the buttons of a request that was approved long ago say that it is active."""
    before = await active(stage)
    place, value = await shown(stage, ADA, "Revoke"), marked(before)
    for action in ("approve", "deny", "snooze"):
        assert "is active until" in await forged(stage, ADA, place, action, value)
    for choice in CHOICES:
        assert "is active until" in await forged(stage, ADA, place, "more", f"{choice}:{value}")
    for action in ("approve_extension", "decline_extension"):
        assert "nothing to answer" in await forged(stage, ADA, place, action, value)
    assert "is active until" in await forged(stage, BEN, place, "cancel", value)
    assert stage.slack.view(ADA) is None
    assert await settled_in(stage, State.ACTIVE) == before


async def test_while_it_is_asked(stage: World) -> None:
    """C3: the buttons of a right that does not exist yet say that it is still asked for."""
    await asked(stage)
    await cards_at_rest(stage)
    before = await stage.only()
    place, value = await shown(stage, ADA, "Approve"), marked(before)
    for person, action in (
        (ADA, "extend"),
        (ADA, "approve_extension"),
        (ADA, "decline_extension"),
        (ADA, "receipt"),
        (BEN, "extend"),
        (BEN, "release"),
    ):
        assert "still waiting" in await forged(stage, person, place, action, value), action
    assert await stage.only() == before


async def test_a_menu_of_somebody_elses(stage: World) -> None:
    """Only the grantor can open what only the grantor can send."""
    await asked(stage)
    await cards_at_rest(stage)
    place, value = await shown(stage, BEN, "Cancel"), marked(await stage.only())
    for choice in CHOICES:
        answer = await forged(stage, BEN, place, "more", f"{choice}:{value}")
        assert "Only the people this is about" in answer
    assert stage.slack.view(BEN) is None


# What the database does not know


ASK_AGAIN = "I do not know this request any more; please ask again."
UNKNOWN = {
    **dict.fromkeys((*GRANTORS, *GRANTEES, "extend", "receipt"), ASK_AGAIN),
    "stray_keep": "I do not know this right any more",
    "stray_remove": "I do not know this right any more",
    "stray_give_end": "I do not know this right any more",
    "confirm_pairing": "I do not know this account any more",
    "reject_pairing": "I do not know this account any more",
    "end_standing": "I do not know this standing approval any more",
}
QUESTIONS = ("grant_all", "first_reading", "second_reading", "never_mind")


@pytest.fixture
async def led(sqlite_url: str) -> AsyncIterator[World]:
    """A world whose admin is Dana."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as opened:
        yield opened


async def test_what_the_database_does_not_know(led: World) -> None:
    """C4: after a loss of the database each button says so, and what helps."""
    await led.sendas(DANA, "list")
    place = led.slack.messages(DANA)[-1]
    for action, words in UNKNOWN.items():
        for value in (f"{UNKNOWN_ID}:{'0' * 16}", UNKNOWN_ID):
            assert words in await forged(led, DANA, place, action, value), action
    for choice in CHOICES:
        assert ASK_AGAIN in await forged(led, DANA, place, "more", f"{choice}:{UNKNOWN_ID}")
    assert led.slack.view(DANA) is None
    assert await led.delegations() == []


@pytest.mark.parametrize("action", QUESTIONS)
async def test_a_question_that_is_lost(stage: World, action: str) -> None:
    """C4: a question that was asked back and is not known any more is to be asked again."""
    await stage.sendas(ADA, "list")
    place = stage.slack.messages(ADA)[-1]
    await stage.slack.forge_click(ADA, place, action, UNKNOWN_ID)
    await stage.whispered(ADA, "answered already, or is too old. Please ask again.")


async def test_a_form_about_what_is_lost(world: World) -> None:
    """C4: a form whose request was lost while it was open says so beside its field."""
    await asked(world)
    await cards_at_rest(world)
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "more", "Approve with a different length…")
    view = await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    view.definition["private_metadata"] = f"{UNKNOWN_ID}:{'0' * 16}"
    reply = await world.slack.submit(ADA, {"duration": "1h"})
    assert "I do not know this request any more" in str(reply.errors)


async def test_somebody_elses_request_is_known(stage: World) -> None:
    """C4: to people of another workspace a request is not theirs, whether it is known or not."""
    await asked(stage)
    await cards_at_rest(stage)
    place, value = await shown(stage, ADA, "Approve"), marked(await stage.only())
    stranger = impersonated(ADA, "T0SOUTHBANK")
    assert "Only the people this is about" in await forged(stage, stranger, place, "approve", value)
