"""``kill -9`` of a real bot process at the worst moments, and what the next start makes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.delegation import State
from sandbox.close.trouble import After
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.running import House, open_house
from sandbox.slack.workspace import Message
from tests.scenarios.houses import active, approve, ask, calls, connect, message, rows, wait

CREATE = "POST /send_as/"
DELETE = "DELETE /send_as/*"
STALL = 1.0  # seconds; Close acts on a call although the one who called is gone


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """A house with the bot in a process of its own; Ada has connected her Close account."""
    async with open_house(database_url=database_url) as opened:
        await connect(opened, ADA)
        yield opened


async def test_killed_before_close_acted(house: House, database_url: str) -> None:
    """Killed after the click on Approve while Close has not acted: it becomes active, once."""
    house.close.trouble.stall(CREATE, STALL)
    await ask(house, BEN)
    await approve(house, BEN)
    await wait(house, lambda: calls(house, "GET"), "the bot to look what there is")
    await house.bot.kill()
    await house.bot.start()
    await message(house, BEN, "You can send email as")
    await asyncio.sleep(STALL)  # the stalled call has been acted on by now, whoever made it
    assert len(house.close.associations) == 1
    assert [each.state for each in await rows(database_url)] == [State.ACTIVE]


async def test_killed_before_close_answered(house: House, database_url: str) -> None:
    """Killed while Close has acted but not answered: what it made is found, and nothing doubled."""
    house.close.trouble.after(CREATE, After.SLOW_BODY, seconds=30)
    await ask(house, BEN)
    await approve(house, BEN)
    await wait(house, lambda: house.close.associations, "the association")
    await house.bot.kill()
    await house.bot.start()
    await message(house, BEN, "You can send email as")
    assert calls(house, "POST") == 1
    assert len(house.close.associations) == 1
    [delegation] = await rows(database_url)
    assert delegation.association_id == house.close.associations[0].id


async def test_killed_while_active(house: House, database_url: str) -> None:
    """Its end passes while the bot is down: it is taken back within seconds of the start."""
    await active(house, BEN)
    await house.bot.kill()
    house.clock.push(timedelta(hours=3))
    assert house.close.find(ADA, BEN)
    await house.bot.start()
    await house.close.wait_for(lambda: not house.close.associations, what="no association")
    await message(house, BEN, "You can no longer send email as")
    assert calls(house, "DELETE") == 1
    assert [each.state for each in await rows(database_url)] == [State.ENDED]


async def test_over_since_the_promised_end(house: House, database_url: str) -> None:
    """R5: after an outage a right that Close still holds is over since the end that was promised,
    and a request has lapsed when it was said to, not when the bot came back."""
    await active(house, BEN)
    await ask(house, CLEO)
    await house.bot.kill()
    stored = {each.grantee_id: each for each in await rows(database_url)}
    promised, lapsing = stored[BEN.id], stored[CLEO.id]
    assert promised.ends_at is not None
    house.close.trouble.fail(DELETE, 503, times=1000)
    house.clock.push(timedelta(days=4))
    await house.bot.start()
    told = await message(house, DANA, "may still be able to send email as")
    assert f"!date^{int(promised.ends_at.timestamp())}" in str(told.blocks)
    await message(house, CLEO, "did not answer in time")
    ended = {each.id: each.ended_at for each in await rows(database_url)}
    assert ended == {promised.id: promised.ends_at, lapsing.id: lapsing.lapses_at}


async def test_killed_amid_several_ends(house: House, database_url: str) -> None:
    """Three end at once and the bot dies after the first: all are taken back and told."""
    grantees = (BEN, CLEO, DANA)
    await active(house, *grantees)
    house.close.trouble.stall(DELETE, 0.1)
    house.close.trouble.stall(DELETE, 60, times=2)
    house.clock.push(timedelta(hours=2))
    await wait(house, lambda: len(house.close.associations) < 3, "the first to be gone")
    await house.bot.kill()
    house.close.trouble.clear()
    await house.bot.start()
    await wait(house, lambda: not house.close.associations, "no association")
    for grantee in grantees:
        await message(house, grantee, "You can no longer send email as")
    assert {each.state for each in await rows(database_url)} == {State.ENDED}


async def test_killed_right_after_a_click(house: House, database_url: str) -> None:
    """A click that was acknowledged is kept, even when the bot dies before doing anything."""
    await ask(house, BEN)
    house.close.trouble.down()
    await approve(house, BEN)
    await house.bot.kill()
    assert [each.state for each in await rows(database_url)] == [State.APPROVED]
    house.close.trouble.up()
    await house.bot.start()
    await message(house, BEN, "You can send email as")
    assert calls(house, "POST") == 1


async def test_killed_between_two_cards(house: House) -> None:
    """Killed once the card has been posted anew, and before the old one went: after the start
    there is one, and nobody was notified twice."""
    await ask(house, BEN)
    await message(house, BEN, "You asked to send email as")
    house.slack.trouble.stall("chat.delete", 60)
    await approve(house, BEN)
    await message(house, BEN, "You can send email as")
    await wait(house, lambda: len(lasting(house, BEN)) == 2, "both cards")
    await house.bot.kill()
    await house.bot.start()
    await wait(house, lambda: len(lasting(house, BEN)) == 1, "one card")
    (card,) = lasting(house, BEN)
    assert "I'm done" in card.buttons()
    assert posts(house, BEN) == 2


async def test_killed_before_the_new_card_is_known(house: House) -> None:
    """Killed while Slack has posted the card anew and not answered: it is found, the old goes."""
    await ask(house, BEN)
    await message(house, BEN, "You asked to send email as")
    house.slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    await approve(house, BEN)
    await message(house, BEN, "You can send email as")
    await house.bot.kill()
    await house.bot.start()
    await wait(house, lambda: len(lasting(house, BEN)) == 1, "one card")
    assert posts(house, BEN) == 2


def lasting(house: House, person: SandboxPerson) -> list[Message]:
    """What stands in the person's conversation with the bot, apart from whispers."""
    return [each for each in house.slack.messages(person) if not each.ephemeral]


def posts(house: House, person: SandboxPerson) -> int:
    """How often something new was posted to this person."""
    return sum(
        call.method == "chat.postMessage"
        and call.arguments.get("channel") == person.id
        and call.outcome.startswith("ok")
        for call in house.slack.calls
    )
