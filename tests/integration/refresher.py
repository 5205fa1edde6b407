"""A process of its own that wants a fresh token: ``python -m tests.integration.refresher``.

Arguments: database URL, Close's URL, encryption key, how many sessions to open at once. It waits
for a line on standard input, so that several start at the same moment, and prints one line for
each session: the secret that it would call Close with, or the name of the error.
"""

import asyncio
import sys
from datetime import UTC, datetime

from bot.close.errors import CloseError
from bot.close.transport import open_http
from bot.connections.sessions import CloseSession, Connections, NotConnected
from bot.connections.vault import Vault
from bot.ports import Credential
from bot.store import Database
from bot.telemetry import configure_logging
from tests.integration.close_world import oauth_client

TEAM, ADA = "T0TEAM", "U0ADA"


async def main(database_url: str, close_url: str, key: str, sessions: str) -> None:
    """Open the sessions and print what each got."""
    configure_logging("WARNING")  # to standard error: standard output is for the answers
    database = Database(database_url)
    async with open_http() as http:
        oauth = oauth_client(http, close_url)
        connections = Connections(database, Vault([key]), oauth, lambda: datetime.now(UTC))
        opened = [await connections.open(TEAM, ADA) for _ in range(int(sessions))]
        print("ready", flush=True)  # noqa: T201 - the parent process reads it
        await asyncio.to_thread(sys.stdin.readline)
        for line in await asyncio.gather(*(secret(each) for each in opened)):
            print(line, flush=True)  # noqa: T201 - as above
    await database.dispose()


async def secret(session: CloseSession) -> str:
    """The secret that a call would use."""

    async def ask(credential: Credential) -> str:
        return credential.secret

    try:
        return await session.call(ask)
    except (CloseError, NotConnected) as error:
        return type(error).__name__


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
