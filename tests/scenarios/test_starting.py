"""The real process at its start: what can never work ends it with a sentence, what can is waited
for, and the commands beside it work on the same settings."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.people import ADA, BEN
from sandbox.running import BotTrouble, House, open_house
from tests.patience import MOMENT, PATIENCE


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[House]:
    """Everything up, with the bot as a process of its own; it is stopped."""
    async with open_house(database_url=sqlite_url) as opened:
        await opened.bot.stop()
        yield opened


def fresh_log(house: House) -> str:
    """What the bot has written since it was last asked."""
    said = house.bot.log.read_text()
    house.bot.log.write_text("")
    return said


REFUSED = [
    ({"SLACK_BOT_TOKEN": "xoxb-other"}, "SLACK_BOT_TOKEN was refused (invalid_auth)."),
    ({"SLACK_APP_TOKEN": "xapp-other"}, "SLACK_APP_TOKEN was refused (invalid_auth)."),
    ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN: is not set"),
    ({"AUDIT_CHANNEL": "#audit"}, "AUDIT_CHANNEL: is not a channel's id, like C0123456789"),
    ({"ADMINS": "@dana"}, "ADMINS: holds something that is not a member's id"),
    ({"DATABASE_URL": "mysql://host/db"}, "DATABASE_URL: is neither sqlite:///file nor"),
    (
        {"DATABASE_URL": "sqlite:////nowhere/x.db"},
        "The file that DATABASE_URL names cannot be opened",
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
async def test_what_can_never_work(house: House, changes: dict[str, str], said: str) -> None:
    """It ends at once with one sentence, and without a traceback."""
    fresh_log(house)
    house.bot.environment.update(changes)
    with pytest.raises(BotTrouble, match="ended while starting"):
        await house.bot.start()
    assert house.bot.exit_status == (3 if "nowhere" in str(changes) else 2)
    told = fresh_log(house)
    assert said in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("as_a_host")
async def test_what_is_away_is_waited_for(house: House) -> None:
    """A Slack that cannot be reached at the start is no reason to end: rights end meanwhile, and
    once it is back everything goes on."""
    house.slack.trouble.is_down = True
    await house.bot.start()
    assert house.bot.is_running
    house.slack.trouble.is_down = False
    async with asyncio.timeout(PATIENCE):
        while not (await house.slack.command(BEN, "/sendas", "@ada 2h Covering")).ok:  # noqa: ASYNC110
            await asyncio.sleep(MOMENT)


async def test_a_name_that_is_almost_a_setting(house: House) -> None:
    """It starts, and says which name was probably meant."""
    fresh_log(house)
    house.bot.environment["MAX_DURATON"] = "1d"
    await house.bot.start()
    assert "Did you mean MAX_DURATION?" in fresh_log(house)


async def test_the_doctor_beside_a_running_bot(house: House) -> None:
    """Where all is well ``doctor`` finds nothing to mend; where not it ends with an error."""
    await house.bot.start()
    fresh_log(house)
    await house.bot.run("doctor")
    assert "Everything is in place." in fresh_log(house)
    house.bot.environment["CLOSE_CLIENT_SECRET"] = "other"
    with pytest.raises(BotTrouble, match="ended with status 1"):
        await house.bot.run("doctor")


async def test_the_list_beside_a_running_bot(house: House) -> None:
    """``list`` and ``connections list`` say what there is, while the bot goes on."""
    await house.bot.start()
    await house.slack.command(BEN, "/sendas", "@ada 2h Covering")
    fresh_log(house)
    await house.bot.run("list")
    assert f"{BEN.id} ({BEN.email}) as {ADA.id}  for 2 hours" in fresh_log(house)
    await house.bot.run("connections", "list")
    assert "0 connections." in fresh_log(house)
    house.clock.push(timedelta(days=4))
    assert house.bot.is_running
