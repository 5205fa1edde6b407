"""Two transactions that wait for each other: one of them is begun anew, and both are done."""

import asyncio
from typing import Any

from sqlalchemy import Connection, text

from bot.store import Database
from models.delegation import delegations
from tests.integration.rows import add, delegation


async def test_both_are_done_in_the_end(database: Database) -> None:
    """Each writes two rows, in opposite orders; neither fails and both have written."""
    first, second = delegation(), delegation()
    await add(database, first, second)

    def write(note: str, *ids: str) -> Any:
        def work(connection: Connection) -> None:
            for each in ids:
                row = delegations.update().where(delegations.c.id == each)
                connection.execute(row.values(note=delegations.c.note + note))
                if database.kind == "postgresql":
                    connection.execute(text("SELECT pg_sleep(0.1)"))

        return work

    await asyncio.gather(
        database.run_connection(write("a", first.id, second.id)),
        database.run_connection(write("b", second.id, first.id)),
    )
    rows = await database.run_connection(
        lambda connection: connection.execute(delegations.select()).mappings().all()
    )
    assert {"".join(sorted(row["note"])) for row in rows} == {"ab"}
