"""What people do in a house, where the bot is a process of its own, and what is seen of it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.store import Database
from bot.store.rows import many
from models.delegation import Delegation, delegations
from sandbox.browser import Browser
from sandbox.people import ADA, SandboxPerson
from sandbox.running import House
from sandbox.slack.workspace import Message

Seen = TypeVar("Seen")


async def connect(house: House, person: SandboxPerson) -> None:
    """Walk from ``/sendas connect`` to Close and back."""
    reply = await house.slack.command(person, "/sendas", "connect")
    assert reply.ok, reply
    answer = next(m for m in reversed(house.slack.messages(person)) if m.ephemeral)
    link = answer.text.partition("<")[2].partition("|")[0]
    async with Browser() as browser:
        await browser.open(link)
        await browser.press("Continue")
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
    found: Seen = await house.slack.wait_for(predicate, what=what)
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
            lambda connection: many(connection, Delegation, delegations.select())
        )
    finally:
        await database.dispose()
    return found
