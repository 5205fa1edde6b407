"""Many people who gave rights that are over: written straight into the database and into Close."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bench.house import connection_of
from bench.rights import Pair, active
from bot.connections.vault import Vault
from bot.store import Database
from models.connection import connections
from models.delegation import delegations
from models.rows import to_row
from sandbox.close import SandboxClose


async def write_overdue(
    database_url: str, vault: Vault, close: SandboxClose, pairs: Sequence[Pair], now: datetime
) -> None:
    """Every grantor is connected, and each pair's right has ended a moment ago."""
    grantors = list(dict.fromkeys(grantor for grantor, _ in pairs))
    connected = [to_row(connection_of(vault, each, close.connect(each), now)) for each in grantors]
    overdue = [to_row(active(pair, now, close.allow(*pair).shown())) for pair in pairs]

    def write(connection: Any) -> None:
        connection.execute(connections.insert(), connected)
        connection.execute(delegations.insert(), overdue)

    database = Database(database_url)
    try:
        await database.run_connection(write)
    finally:
        await database.dispose()
