"""``kill -9`` of a real bot process at the worst moments, and what the next start makes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import pytest

from bot.store import Database
from models.delegation import Delegation, State, delegations
from sandbox.browser import Browser
from sandbox.close.trouble import After
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.running import House, open_house
from sandbox.slack.workspace import Message

CREATE = "POST /send_as/"
DELETE = "DELETE /send_as/*"
STALL = 1.0  # seconds; Close acts on a call although the one who called is gone
PATIENCE = 20.0  # seconds: a killed process's lease of six, and a start

Seen = TypeVar("Seen")


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """A house with the bot in a process of its own; Ada has connected her Close account."""
    async with open_house(database_url=database_url) as opened:
        await connect(opened, ADA)
        yield opened


async def connect(house: House, person: SandboxPerson) -> None:
    """Walk from ``/sendas connect`` to Close and back."""
    await house.slack.command(person, "/sendas", "connect")
    link = house.slack.messages(person)[-1].text.partition("<")[2].partition("|")[0]
    async with Browser() as browser:
        await browser.open(link)
        await browser.decide(person)
        assert browser.title == "Close is connected"


async def ask(house: House, *grantees: SandboxPerson) -> None:
    """Each of them asks Ada for two hours."""
    for grantee in grantees:
        reply = await house.slack.command(grantee, "/sendas", "@ada 2h Covering")
        assert reply.ok, reply


async def approve(house: House, *grantees: SandboxPerson) -> None:
    """Ada approves each of them."""
    for grantee in grantees:
        card = await message(house, ADA, f"{grantee.name} asks to send email as you")
        reply = await house.slack.click(ADA, card, "Approve")
        assert reply.ok, reply


async def active(house: House, *grantees: SandboxPerson) -> None:
    """Each of them asked, was approved, and has been told that it is active."""
    await ask(house, *grantees)
    await approve(house, *grantees)
    for grantee in grantees:
        await message(house, grantee, "You can send email as")


async def message(house: House, person: SandboxPerson, words: str) -> Message:
    """A message of this person's with these words, once it is there."""
    found = await wait(house, lambda: with_words(house, person, words), f"{words!r}")
    return found[-1]


def with_words(house: House, person: SandboxPerson, words: str) -> list[Message]:
    """All that this person reads that has these words."""
    shown = house.slack.messages(person)
    return [each for each in shown if words in house.slack.read(each, person)]


async def wait(house: House, predicate: Callable[[], Seen | None], what: str) -> Seen:
    """Wait as long as the takeover of a killed process's work may take."""
    found: Seen = await house.slack.wait_for(predicate, PATIENCE, what)
    return found


def calls(house: House, method: str) -> int:
    """How many such calls on associations Close has received."""
    return sum(
        call.method == method and call.path.startswith("/api/v1/send_as/")
        for call in house.close.calls
    )


async def rows(database_url: str) -> Sequence[Delegation]:
    """What is stored."""
    database = Database(database_url)
    try:
        found: Sequence[Delegation] = await database.run_connection(
            lambda connection: [
                Delegation(**row) for row in connection.execute(delegations.select()).mappings()
            ]
        )
    finally:
        await database.dispose()
    return found


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
    await house.close.wait_for(lambda: not house.close.associations, 3, "no association")
    await message(house, BEN, "You can no longer send email as")
    assert calls(house, "DELETE") == 1
    assert [each.state for each in await rows(database_url)] == [State.ENDED]


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
