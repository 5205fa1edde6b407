"""A database error says which statement failed, and nothing of what was stored."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.store import Database


async def test_errors_do_not_show_values(database_url: str) -> None:
    """Addresses, reasons and sealed tokens do not reach the log through a failed statement."""
    database = Database(database_url)
    try:
        with pytest.raises(DBAPIError) as caught:
            await database.run_connection(
                lambda connection: connection.execute(
                    text("INSERT INTO nowhere (reason) VALUES (:reason)"),
                    {"reason": "a-private-reason"},
                )
            )
    finally:
        await database.dispose()
    said = "".join(traceback.format_exception(caught.value))
    assert "nowhere" in said  # so that the search finds what is there
    assert "a-private-reason" not in said
