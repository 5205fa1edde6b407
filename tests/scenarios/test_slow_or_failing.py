"""A request that takes too long, or that cannot be done: nobody is promised anything, and all hear.

Slack waits three seconds. What is no 2xx makes Slack itself say that it did not work.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.cards.faces import Action
from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from tests.patience import MOMENT
from tests.scenarios.moves import active, asked, identified, press, read_all, shown
from tests.scenarios.outages import BREAK, MEND, database_busy, database_failing, say
from tests.scenarios.world import World, another_bot

WENT_WRONG = "Something went wrong on our side"


@asynccontextmanager
async def too_slow(world: World) -> AsyncIterator[Callable[[str], Awaitable[object]]]:
    """The database is busy for longer than the bot that Slack asks now can wait.

    Yields a way to say something in the transaction that it waits for.
    """
    async with another_bot(world, ack_seconds=MOMENT) as hurried, database_busy(world) as execute:
        world.slack.bot_url, usual = hurried, world.slack.bot_url
        try:
            yield execute
        finally:
            world.slack.bot_url = usual


async def test_a_slow_command(world: World) -> None:
    """R10: a command that needs longer is answered in time, and its result follows."""
    async with too_slow(world):
        reply = await world.slack.command(BEN, "/sendas", "@ada 2h Covering")
        assert reply.ok, reply
        assert "I am still at it" in reply.text
    await world.whispered(BEN, "Asked")
    assert (await world.only()).state is State.REQUESTED


async def test_a_slow_command_with_a_question(world: World) -> None:
    """R10: a result with buttons follows with its buttons, and they work."""
    async with too_slow(world):
        reply = await world.slack.command(BEN, "/sendas", "@ada until 5")
        assert "I am still at it" in reply.text
    question = await world.whispered(BEN, "5")
    await world.slack.click(BEN, question, question.buttons()[1])  # never a moment away
    await shown(world, ADA, "Approve")


async def test_a_slow_command_that_fails(world: World) -> None:
    """R10: whoever was told to wait is told that it did not work."""
    async with too_slow(world) as execute:
        reply = await world.slack.command(BEN, "/sendas", "@ada 2h")
        assert "I am still at it" in reply.text
        await execute(BREAK)
    try:
        await world.whispered(BEN, WENT_WRONG)
    finally:
        await say(world, MEND)


async def test_a_slow_form(world: World) -> None:
    """R10: a form stays open with a sentence that sends its writer to look before they repeat."""
    await world.slack.shortcut(BEN, "ask_send_as")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    async with too_slow(world):
        reply = await world.slack.submit(BEN, {"person": ADA, "duration": "2h"})
        assert "may be done in a moment" in "".join(reply.errors.values())
    await shown(world, ADA, "Approve")
    reply = await world.slack.submit(BEN, {"person": ADA, "duration": "2h"})
    assert "may be done" not in "".join(reply.errors.values())
    assert len(await world.delegations()) == 1


async def test_a_slow_form_that_is_refused(world: World) -> None:
    """R10: what was wrong with it follows as a message."""
    await asked(world)
    await world.slack.shortcut(BEN, "ask_send_as")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    async with too_slow(world):
        reply = await world.slack.submit(BEN, {"person": ADA, "duration": "2h"})
        assert "may be done in a moment" in "".join(reply.errors.values())
    await world.slack.wait_for(
        lambda: "already" in read_all(world, BEN) or None, what="what was wrong"
    )


async def test_a_slow_click(world: World) -> None:
    """R10: a click is not promised before it is stored; Slack says so, and the card the rest."""
    await world.connect(ADA)
    card = await identified(world)
    async with too_slow(world):
        reply = await world.slack.click(ADA, card, "Approve")
        assert (reply.status, reply.problem) == (503, "dispatch_failed")
    await shown(world, ADA, "Revoke")


async def test_a_click_that_cannot_be_stored(world: World) -> None:
    """K10: Slack itself shows that an Approve did not work, and the same card still does."""
    await asked(world)
    card = await shown(world, ADA, "Approve")
    async with database_failing(world):
        reply = await world.slack.click(ADA, card, "Approve")
        assert (reply.status, reply.problem) == (503, "dispatch_failed")
        await world.whispered(ADA, WENT_WRONG)
    assert (await world.only()).state is State.REQUESTED
    await press(world, ADA, "Approve")
    await world.until(State.APPROVED)


@pytest.mark.parametrize("button", ["Approve with a different length…", "Deny with a reason…"])
async def test_a_form_that_cannot_be_opened(world: World, button: str) -> None:
    """K10: a click that opens a form looks into the database first, and says so when it cannot."""
    await asked(world)
    card = await shown(world, ADA, "Approve")
    async with database_failing(world):
        reply = await world.slack.click(ADA, card, button)
        assert reply.status == 503


async def test_what_was_sent_cannot_be_looked_up(world: World) -> None:
    """K10: whoever wants to read what was sent is not kept waiting for an answer in vain."""
    row = await active(world)
    card = await shown(world, ADA, "Revoke")
    async with database_failing(world):
        reply = await world.slack.forge_click(ADA, card, Action.RECEIPT, row.id)
        assert reply.status == 503


async def test_the_answer_does_not_wait_for_the_whisper(world: World) -> None:
    """K10: with Slack stalled as well, the click is answered at once."""
    await asked(world)
    card = await shown(world, ADA, "Deny")
    world.slack.trouble.stall("response_url", 5)
    async with database_failing(world):
        reply = await world.slack.click(ADA, card, "Deny")
        assert reply.status == 503
        assert reply.seconds < 5


async def test_a_command_that_cannot_be_stored(world: World) -> None:
    """K10: the answer to a command says that it did not work; nothing can get lost on the way."""
    async with database_failing(world):
        reply = await world.slack.command(BEN, "/sendas", "@ada 2h")
        assert reply.ok
        assert WENT_WRONG in reply.text
    assert await world.delegations() == []


async def test_a_form_that_cannot_be_stored(world: World) -> None:
    """K10: the form stays open with the sentence and with everything that was typed."""
    await world.slack.shortcut(BEN, "ask_send_as")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    values = {"person": ADA, "duration": "2h", "reason": "Covering"}
    async with database_failing(world):
        reply = await world.slack.submit(BEN, values)
        assert WENT_WRONG in "".join(reply.errors.values())
    assert (await world.slack.submit(BEN, values)).ok
    assert (await world.only()).reason == "Covering"


async def test_an_event_that_cannot_be_stored(world: World) -> None:
    """K10: Slack sends an event again that was not taken, and then it counts."""
    await asked(world)
    leaving = {"type": "user_change", "user": {"id": ADA.id, "deleted": True}}
    async with database_failing(world):
        reply = await world.slack.event(leaving, event_id="Ev0LEAVING")
        assert reply.status == 503
        reply = await world.slack.event(leaving, retry_num=1, event_id="Ev0LEAVING")
        assert reply.status == 503
    reply = await world.slack.event(leaving, retry_num=2, event_id="Ev0LEAVING")
    assert reply.ok
    assert (await world.only()).state is State.CANCELLED


async def test_a_home_that_cannot_be_stored(world: World) -> None:
    """K10: buttons in the App Home have no place for a whisper; a message says it besides."""
    await world.slack.open_home(CLEO)
    home = await world.slack.wait_for(lambda: world.slack.home(CLEO), what="a home")
    async with database_failing(world):
        reply = await world.slack.forge_click(CLEO, home, "revoke", "anything")
        assert reply.status == 503
        await world.slack.wait_for(
            lambda: WENT_WRONG in read_all(world, CLEO) or None, what="a message"
        )
