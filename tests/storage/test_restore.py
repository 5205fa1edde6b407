"""An old backup is put back while Close and Slack have gone on: reconciled, and nothing repeated.

Every command is run as docs/operations.md has it.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.base import new_id
from models.delegation import Delegation, State
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.running import House, open_house
from tests.scenarios.houses import active, ask, calls, connect, message, rows, wait, with_words
from tests.storage.conftest import BLOCK, PAGE, SQLITE, run

BACK_UP = {"sqlite": "VACUUM INTO", "postgresql": "pg_dump"}
PUT_BACK = {"sqlite": "cp backup.db", "postgresql": "pg_restore"}
TOLD = "I was restored from a backup"


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture
def own_url(kind: str, request: pytest.FixtureRequest) -> str:
    """The address of a database of its own, since a restore replaces it."""
    if kind == "sqlite":
        return SQLITE
    url: str = request.getfixturevalue("postgres").create(new_id())
    return url


@pytest.fixture
async def house(own_url: str) -> AsyncIterator[House]:
    """A house with that database."""
    async with open_house(database_url=own_url) as opened:
        yield opened


async def stored(house: House, grantor: SandboxPerson, grantee: SandboxPerson) -> Delegation:
    """The delegation of these two, as it is stored."""
    url = house.bot.environment["DATABASE_URL"]
    path = house.bot.log.parent / SQLITE.removeprefix("sqlite:///")
    found = await rows(f"sqlite:///{path}" if url == SQLITE else url)
    pair = (grantor.id, grantee.id)
    [delegation] = [each for each in found if (each.grantor_id, each.grantee_id) == pair]
    return delegation


async def sendas(house: House, person: SandboxPerson, text: str) -> None:
    """Type a command."""
    reply = await house.slack.command(person, "/sendas", text)
    assert reply.ok, reply


async def approve(house: House, grantor: SandboxPerson, grantee: SandboxPerson) -> None:
    """The grantor approves what the grantee asks."""
    card = await message(house, grantor, f"{grantee.name} asks to send email as you")
    reply = await house.slack.click(grantor, card, "Approve")
    assert reply.ok, reply


async def before_backup(house: House) -> None:
    """Ben sends as Ada; Cleo may send as Ben, who is not connected; Dana waits for Ada's answer."""
    await connect(house, ADA)
    await active(house, BEN)
    await sendas(house, CLEO, "@ben 2h Covering")
    await approve(house, BEN, CLEO)
    await message(house, CLEO, "has not connected")
    await ask(house, DANA)
    await message(house, ADA, "Dana Whitfield asks to send email as you")


async def after_backup(house: House) -> None:
    """What was there has ended, what was asked runs, others were made by hand, and Close has
    replaced Ada's tokens."""
    await sendas(house, BEN, "release @ada")
    await message(house, BEN, "You can no longer send email as")
    await connect(house, BEN)
    await message(house, CLEO, "You can send email as")
    await sendas(house, CLEO, "release @ben")
    await message(house, CLEO, "You can no longer send email as")
    await approve(house, ADA, DANA)
    await message(house, DANA, "You can send email as")
    house.close.allow(ADA, BEN)
    house.close.allow(BEN, CLEO)
    house.clock.push(timedelta(hours=1, minutes=30))
    used = refreshes(house)
    await sendas(house, ADA, "check")
    await wait(house, lambda: refreshes(house) > used, "new tokens for Ada")
    await wait(
        house,
        lambda: any("Keep" in each.buttons() for each in house.slack.messages(ADA)),
        "the question to Ada",
    )


def refreshes(house: House) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in house.close.calls)


async def test_restored(house: House, kind: str) -> None:
    """Nothing that ended is created again, nothing else is deleted, whatever runs unknown is asked
    about, everybody concerned is told, and nobody has two messages of the same."""
    await before_backup(house)
    await run(house, BACK_UP[kind])
    await after_backup(house)
    await house.bot.stop()
    await run(house, PUT_BACK[kind])
    held = {each.id for each in house.close.associations}
    changes = calls(house, "POST")
    await run(house, "-m bot restored")
    await house.bot.start()
    await message(house, DANA, f"{TOLD}.* What happened since")  # an admin
    house.clock.push(timedelta(minutes=1))
    lost = await message(house, ADA, TOLD)
    assert "Connect Close" in lost.buttons()
    for person in (BEN, CLEO):
        await message(house, person, "can't tell whether this was carried out meanwhile")
    for person in (ADA, BEN):
        await connect(house, person)
    for asked in ((ADA, BEN), (ADA, DANA), (BEN, CLEO)):
        await questioned(house, *asked)
    await message(house, ADA, "I have looked at what Close holds")
    await message(house, BEN, "that you had here is over")
    assert (await stored(house, ADA, BEN)).state is State.ENDED
    assert (await stored(house, BEN, CLEO)).state is State.FAILED
    assert (await stored(house, ADA, DANA)).state is State.REQUESTED
    assert calls(house, "POST") == changes
    assert {each.id for each in house.close.associations} == held
    for words in ("Dana Whitfield asks to send email as you", TOLD):
        assert len(with_words(house, ADA, words)) == 1, words
    assert not any("Revoke" in each.buttons() for each in house.slack.messages(ADA))


async def questioned(house: House, grantor: SandboxPerson, grantee: SandboxPerson) -> None:
    """The grantor is asked about a right of the grantee's that nobody knows here."""

    def is_asked() -> bool:
        shown = with_words(house, grantor, grantee.name)
        return any("Keep" in each.buttons() for each in shown)

    await wait(house, is_asked, f"a question to {grantor.handle} about {grantee.handle}")


def test_every_command_is_tried() -> None:
    """Nothing on the page is a command that no test runs."""
    tried = (*BACK_UP.values(), *PUT_BACK.values(), "-m bot restored")
    for text in (each[2] for each in BLOCK.finditer(PAGE)):
        assert any(words in text for words in tried), text
