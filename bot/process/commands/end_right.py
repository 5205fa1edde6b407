"""An operator ends a right, in the name of an admin who answers for it."""

import sys
from typing import Annotated

import aiohttp
from cyclopts import Parameter

from bot.delegations import admins
from bot.desk import Actor, Desk
from bot.process.commands.open_rights import every_open, line
from bot.process.fit import ready_database
from bot.process.settings import Settings
from bot.process.start import FAILED, clock_of, run
from bot.refusals import AdminsOnly, NotKnown, Refused, Settled
from bot.slack.bolt import Workspace, web_client
from bot.slack.directory import SlackDirectory
from bot.store import Database
from models.delegation import Delegation

SAID: dict[type[Exception], str] = {
    AdminsOnly: "--by has to be one of ADMINS: somebody has to answer for it.",
    NotKnown: "It is not there any more.",
    Refused: "--reason is empty, or too long: both people read it.",
    Settled: "It is over already.",
}


def end(
    right: Annotated[str, Parameter(help="its id, as list says it; or GRANTEE:GRANTOR")],
    *,
    by: Annotated[str, Parameter(help="the Slack id of the admin who answers for it")],
    reason: Annotated[str, Parameter(help="why; both people read it")],
) -> int:
    """End it; returns the exit status."""
    return run(lambda settings: end_one(settings, right, by=by, reason=reason))


async def end_one(settings: Settings, right: str, *, by: str, reason: str) -> int:
    """End one right, which is known by its id or its two people. The bot at work has Close take it
    away, and tells them."""
    async with ready_database(settings) as database, aiohttp.ClientSession() as session:
        found = await _found(database, right)
        if found is None:
            print(
                "There is no such open right. python -m bot list says which ones.", file=sys.stderr
            )
            return FAILED
        token = settings.slack_bot_token.get_secret_value()
        client = web_client(token, settings.slack_api_url, session, patient=False)
        now = clock_of(settings)
        directory = SlackDirectory(client, Workspace(client), now)
        desk = Desk(database, directory, settings.policy, now, lambda: None)
        try:
            ended = await admins.end(desk, Actor(found.team_id, by), found.id, reason)
        except tuple(SAID) as error:
            print(SAID[type(error)], file=sys.stderr)
            return FAILED
    print(line(ended))
    return 0


async def _found(database: Database, right: str) -> Delegation | None:
    async for each in every_open(database):
        if right in (each.id, f"{each.grantee_id}:{each.grantor_id}"):
            return each
    return None
