"""The database's schema is brought up to this release."""

import asyncio

from bot.process.fit import NotReady, does_not_answer, fit_of
from bot.process.settings import Settings
from bot.process.start import run
from bot.store import Database, DatabaseAway, schema

LOOK_AGAIN = 1.0  # seconds, while the database does not answer
LOOKS = 60


def migrate() -> int:
    """Migrate; returns the exit status."""
    return run(bring_up_to_date)


async def bring_up_to_date(settings: Settings) -> int:
    """Migrate the database, once it answers; raises NotReady."""
    database = Database(settings.database_url.get_secret_value())
    try:
        await _once_there(database)
    except DatabaseAway as error:
        raise NotReady(does_not_answer(error)) from error
    finally:
        await database.dispose()
    print("The database is up to date.")
    return 0


async def _once_there(database: Database) -> None:
    """A fresh deployment may start its database at the same time. Raises DatabaseAway and
    NotReady."""
    for _ in range(LOOKS):
        try:
            return await _migrate_now(database)
        except DatabaseAway:
            await asyncio.sleep(LOOK_AGAIN)
    return await _migrate_now(database)


async def _migrate_now(database: Database) -> None:
    await fit_of(database)  # what is wrong with it has a sentence there
    await schema.migrate(database)
