"""The release before on the schema of this one, this one on what the release before has stored, and
the way back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from models.base import new_id
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.running import ROOT, BotTrouble, House
from tests.conftest import Postgres
from tests.scenarios.houses import wait
from tests.upgrade.houses import (
    THEIRS,
    becomes_ours,
    becomes_theirs,
    button,
    connect,
    decide,
    filled,
    house_of_before,
    life_of_before,
    press,
    says,
    schema_of,
)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nothing in it, of the kind that is asked for."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path / 'send-as.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create_empty(new_id())


@pytest.fixture
async def house(url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Everything up, with 0.1.0 in it."""
    async with house_of_before(url, tmp_path / "0.1.0") as opened:
        yield opened


async def over(house: House, grantee: SandboxPerson, reason: str) -> None:
    """Ada takes it back, and the grantee reads that Close has confirmed it."""
    await press(house, ADA, "Revoke", reason)
    await wait(house, lambda: told_of_the_end(house, grantee, reason), "the end on the card")
    assert house.close.find(ADA, grantee) is None


def told_of_the_end(house: House, grantee: SandboxPerson, reason: str) -> bool:
    """Whether a card says that this is over."""
    read = (house.slack.read(each, grantee) for each in house.slack.messages(grantee))
    return any(reason in each and "Close confirmed" in each for each in read)


async def a_whole_life(house: House, reason: str) -> None:
    """Cleo asks for longer than Ada has promised, is let, and Ada takes it back."""
    await says(house, CLEO, f"@ada 9h {reason}")
    await press(house, ADA, "Approve", reason)
    await button(house, CLEO, "I'm done", reason)
    assert house.close.find(ADA, CLEO)
    await over(house, CLEO, reason)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
async def test_from_the_release_before(house: House) -> None:
    """While 0.1.0 works, its schema becomes this release's, with something in each of its tables:
    it goes on with a whole life. Then this release shows, decides and ends what 0.1.0 has made."""
    await life_of_before(house)
    before = await filled(house)
    assert all(before.values()), before
    becomes_ours(house)
    await house.bot.run("migrate")
    await over(house, CLEO, "Standing")
    await a_whole_life(house, "After the migration")
    await house.bot.stop()
    after = await filled(house)
    assert before.keys() < after.keys()
    assert all(after[name] >= rows for name, rows in before.items() if name != "drafts")
    await house.bot.start()
    await is_shown(house)
    await goes_on(house)
    await house.bot.run("audit", "verify")


async def is_shown(house: House) -> None:
    """Lists and App Homes of this release have what 0.1.0 has stored."""
    for command in (["list"], ["connections", "list"]):
        await house.bot.run(*command)
    log = house.bot.log.read_text()
    assert f"active     {BEN.id} ({BEN.email}) as {ADA.id}  until" in log
    assert f"approved   {DANA.id} ({DANA.email}) as {BEN.id}  for 2 hours  waits: not_conn" in log
    assert f"{ADA.id}  {ADA.email} in Close  works" in log
    await house.slack.open_home(ADA)
    home = await wait(house, lambda: home_with(house, ADA, "You always approve"), "the home")
    assert "@Cleo Marchetti: up to 4 hours at a time" in home
    assert "@Ben Okafor until" in home
    assert "@Dana Whitfield asks to send email as you" in home
    assert "@Cleo Marchetti as you, today at" in home
    assert "You denied it" in home
    assert "Covering" in await says(house, BEN, "list")


def home_with(house: House, person: SandboxPerson, words: str) -> str | None:
    """All that this person's App Home says, once it says this."""
    view = house.slack.home(person)
    said = "" if view is None else house.slack.read(view, person)
    return said if words in said else None


async def goes_on(house: House) -> None:
    """What 0.1.0 has asked is answered and what it has given is ended, by its own messages."""
    await press(house, BEN, "I'm done", "Covering")
    await wait(house, lambda: told_of_the_end(house, BEN, "Covering"), "the end on the card")
    await decide(house, ADA, "Remove", "∞ until it is revoked", anew="as you until revoked")
    await house.close.wait_for(lambda: house.close.find(ADA, DANA) is None, what="the removal")
    await decide(house, ADA, "Approve", "*How long:* for 2 hours", anew="*Length:* 2 hours")
    await button(house, DANA, "I'm done", "Waiting for a word")
    await decide(house, DANA, "Reject", "*In Slack:*", anew="Address in Slack:")
    await says(house, CLEO, "@ada 1h Under the standing approval")
    await button(house, CLEO, "I'm done", "Under the standing approval")
    await press(house, BEN, "Never mind", "can mean two things")
    assert len(house.close.associations) == 2
    house.clock.push(timedelta(hours=3))
    await house.close.wait_for(lambda: not house.close.associations, what="the end of all")
    for grantee, reason in ((DANA, "Waiting for a word"), (CLEO, "Under the standing approval")):
        await wait(house, partial(told_of_the_end, house, grantee, reason), "the end on the card")


async def test_the_way_back(house: House) -> None:
    """0.1.0 starts on its own schema alone; with its number set as docs/upkeep.md has it, it works
    with this release's, and this release takes over again."""
    becomes_ours(house)
    await house.bot.stop()
    await house.bot.run("migrate")
    ours = await schema_of(house)
    becomes_theirs(house)
    with pytest.raises(BotTrouble, match="The database is not up to date"):
        await house.bot.start()
    await schema_of(house, becomes=THEIRS)
    await house.bot.start()
    await connect(house, ADA, as_whom=ADA)
    await a_whole_life(house, "Taken back")
    await says(house, BEN, "@ada 2h Covering")
    await press(house, ADA, "Approve", "Covering")
    await button(house, BEN, "I'm done", "Covering")
    await house.bot.stop()
    await schema_of(house, becomes=ours)
    becomes_ours(house)
    await house.bot.run("migrate")
    await house.bot.start()
    await over(house, BEN, "Covering")
    await house.bot.run("audit", "verify")


def test_the_way_back_is_written_down() -> None:
    """The page has the number that the test above sets."""
    page = (ROOT / "docs" / "upkeep.md").read_text()
    assert f"UPDATE alembic_version SET version_num = '{THEIRS}'" in page
