"""A house whose bot is the release before this one, with the life of a team in its database.

``0.1.0.tar.xz`` is ``git archive --format=tar ed85e2c bot models LICENSE | xz -9e``, since a clone
need not have the history. It runs with today's libraries, against today's Slack and Close.
"""

import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from bot.store import Database
from sandbox.browser import Browser
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.running import ROOT, House, open_house
from sandbox.slack.workspace import Message
from tests.scenarios.houses import message, wait

ARCHIVE = Path(__file__).parent / "0.1.0.tar.xz"
_BEFORE = "RELEASE_BEFORE"  # where it was unpacked
THEIRS = "0003"  # the schema of 0.1.0


@asynccontextmanager
async def house_of_before(database_url: str, folder: Path) -> AsyncIterator[House]:
    """Everything up, with 0.1.0 on a schema that it has made itself."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    before: dict[str, Any] = {"PYTHONPATH": str(folder), _BEFORE: str(folder)}
    async with open_house(database_url=database_url, **before) as house:
        yield house


def becomes_theirs(house: House) -> None:
    """What is run of the bot from now on is 0.1.0."""
    house.bot.environment["PYTHONPATH"] = house.bot.environment[_BEFORE]


def becomes_ours(house: House) -> None:
    """What is run of the bot from now on is this release."""
    house.bot.environment["PYTHONPATH"] = str(ROOT)


async def schema_of(house: House, becomes: str | None = None) -> str:
    """The name of the newest migration that the database knows of; or set it, as
    docs/upkeep.md has it."""

    def run(connection: Connection) -> str:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        if becomes is not None:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{becomes}'"))
        return str(found)

    found: str = await _with_database(house, run)
    return found


async def filled(house: House) -> dict[str, int]:
    """Each table, and how many rows it has."""

    def count(connection: Connection) -> dict[str, int]:
        names = inspect(connection).get_table_names()
        return {
            name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in names
        }

    found: dict[str, int] = await _with_database(house, count)
    return found


async def _with_database(house: House, function: Any) -> Any:
    database = Database(house.bot.environment["DATABASE_URL"])
    try:
        return await database.run_connection(function)
    finally:
        await database.dispose()


async def says(house: House, person: SandboxPerson, typed: str) -> str:
    """What is answered to a command."""
    reply = await house.slack.command(person, "/sendas", typed)
    assert reply.ok, reply
    return reply.text


async def button(house: House, person: SandboxPerson, label: str, words: str = "") -> Message:
    """The person's latest message with this button and these words, once it is there."""

    def find() -> Message | None:
        for each in reversed(house.slack.messages(person)):
            if label in each.buttons() and words in house.slack.read(each, person):
                return each
        return None

    return await wait(house, find, f"{label!r} for {person.handle}")


async def press(house: House, person: SandboxPerson, label: str, words: str = "") -> None:
    """Click it."""
    card = await button(house, person, label, words)
    reply = await house.slack.click(person, card, label)
    assert reply.ok, reply


async def decide(house: House, person: SandboxPerson, label: str, words: str, *, anew: str) -> None:
    """Click what 0.1.0 has posted with these words: it does nothing, and says so; what is asked is
    shown as it is asked now, and then a click counts."""
    await press(house, person, label, words)
    await message(house, person, "I have been updated since this was posted")
    await press(house, person, label, anew)


async def connect(house: House, person: SandboxPerson, *, as_whom: SandboxPerson) -> None:
    """Walk from ``/sendas connect`` to Close and back, in 0.1.0, which asks nothing on the way."""
    link = await _link(house, person)
    async with Browser() as browser:
        await browser.open(link)
        await browser.decide(as_whom)


async def _link(house: House, person: SandboxPerson) -> str:
    await says(house, person, "connect")
    answer = next(each for each in reversed(house.slack.messages(person)) if each.ephemeral)
    return answer.text.partition("<")[2].partition("|")[0]


async def life_of_before(house: House) -> None:
    """What 0.1.0 stores: something in every table, and a delegation in every state that lasts."""
    await connect(house, ADA, as_whom=ADA)
    await connect(house, CLEO, as_whom=DANA)  # waits for an admin
    async with Browser() as browser:  # somebody leaves it there
        await browser.open(await _link(house, DANA))
    await says(house, BEN, "@ada 1h Over soon")
    await press(house, ADA, "Approve", "Over soon")
    await press(house, BEN, "I'm done")
    await message(house, BEN, "You can no longer send email as")
    await says(house, CLEO, "@ada 1h Not now")
    await press(house, ADA, "Deny", "Not now")
    await says(house, CLEO, "@ada 3h Standing")
    card = await button(house, ADA, "Approve", "Standing")
    await house.slack.click(ADA, card, "more", "Always approve this person…")
    await wait(house, lambda: house.slack.view(ADA), "the form")
    assert (await house.slack.submit(ADA, {"duration": "4h"})).ok
    await button(house, CLEO, "I'm done", "Standing")
    await says(house, BEN, "@ada 2h Covering")
    await press(house, ADA, "Approve", "Covering")
    await button(house, BEN, "I'm done", "Covering")
    await says(house, DANA, "@ada 2h Waiting for a word")
    await button(house, ADA, "Approve", "Waiting for a word")
    await says(house, DANA, "@ben 2h Waiting for Ben to connect")
    await press(house, BEN, "Approve", "Waiting for Ben to connect")
    await says(house, BEN, "@cleo until 5 What is five?")  # is asked about
    house.close.allow(ADA, DANA)
    await says(house, ADA, "check")
    await button(house, ADA, "Keep")
    for person in (ADA, BEN):
        await house.slack.open_home(person)
