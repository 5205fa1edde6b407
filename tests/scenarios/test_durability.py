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


async def test_killed_right_after_a_cover_was_picked(house: House, database_url: str) -> None:
    """Whom somebody who is away has picked covers for them until then, once, and is asked about no
    more, even when the bot dies between the click and Close."""
    until = (house.clock() + timedelta(days=3)).replace(microsecond=0)
    await house.slack.set_status(ADA, "On holiday until Monday", ":palm_tree:", until)
    asked = await message(house, ADA, "Who covers for you?")
    house.close.trouble.down()
    assert (await house.slack.click(ADA, asked, "who_covers", CLEO)).ok
    assert (await house.slack.click(ADA, asked, "Let them cover")).ok
    await house.bot.kill()
    assert [each.state for each in await rows(database_url)] == [State.APPROVED]
    house.close.trouble.up()
    await house.bot.start()
    await message(house, CLEO, "You can send email as")
    await message(house, ADA, "You have said who covers for you")
    assert calls(house, "POST") == 1
    [right] = await rows(database_url)
    assert (right.state, right.ends_at) == (State.ACTIVE, until)


async def test_killed_right_after_a_deputys_click(house: House, database_url: str) -> None:
    """The same of a click in Ada's place: it is carried out once, and after the start Ada reads
    whose it was."""
    reply = await house.slack.command(ADA, "/sendas", "deputy @cleo for 3 days")
    assert reply.ok, reply
    await ask(house, BEN)
    card = await message(house, CLEO, BEN.email)  # nothing else is found out about it
    house.close.trouble.down()
    reply = await house.slack.click(CLEO, card, "Approve")
    assert reply.ok, reply
    await house.bot.kill()
    [kept] = await rows(database_url)
    assert kept.state is State.APPROVED
    assert kept.deputys_word is not None
    house.close.trouble.up()
    await house.bot.start()
    await message(house, BEN, "You can send email as")
    await message(house, ADA, f"@{CLEO.name} agreed to this in your place")
    await message(house, CLEO, "You approved it")
    assert not with_button(house, CLEO, "Approve")
    assert calls(house, "POST") == 1
    [row] = await rows(database_url)
    assert row.deputys_word == kept.deputys_word


def with_button(house: House, person: SandboxPerson, button: str) -> list[Message]:
    """All of this person's messages that have this button."""
    return [each for each in house.slack.messages(person) if button in each.buttons()]


async def test_killed_amid_a_pausing(house: House, database_url: str) -> None:
    """Ada has what Ben started paused and the bot dies after some: after the start all are paused,
    each no more than twice, and she reads so."""
    await active(house, BEN)
    house.close.enrol(BEN, 4, in_name_of=ADA)
    house.clock.push(timedelta(hours=2))
    decision = await message(house, ADA, "but this goes on in your name")
    pausing = "PUT /sequence_subscription/*"
    house.close.trouble.stall(pausing, 0.1)
    house.close.trouble.stall(pausing, 60, times=1)
    reply = await house.slack.click(ADA, decision, "Pause what Ben started (4)")
    assert reply.ok, reply
    await wait(house, lambda: house.close.active() < 4, "the first to be paused")
    await house.bot.kill()
    house.close.trouble.clear()
    await house.bot.start()
    await message(house, ADA, "The sequences are paused.")
    assert house.close.active() == 0


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
