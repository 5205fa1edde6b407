"""Whether the database can be worked with, in sentences for whoever started the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.process.settings import Settings
from bot.store import Database, DatabaseAway, NotOurs
from bot.store.schema import Fit, look

MISFITS = {
    Fit.BEHIND: "The database is not up to date. Run this first: python -m bot migrate",
    Fit.AHEAD: "A newer release has changed the database so that this one cannot use it.",
}
REFUSALS = {  # postgresql.org/docs/current/errcodes-appendix.html
    "28P01": "The database refuses the user or the password of DATABASE_URL.",
    "28000": "The database does not let this user in from here. See DATABASE_URL.",
    "3D000": "The database that DATABASE_URL names does not exist.",
}
UNOPENED = (
    "The file that DATABASE_URL names cannot be opened. Is its folder there, and may this user "
    "write in it?"
)
NO_DATABASE = "The file that DATABASE_URL names is no SQLite database. It was left as it is."
ANOTHERS = (
    "What DATABASE_URL names is not the bot's: it holds something else. It was left as it is."
)
DAMAGED = "The file that DATABASE_URL names is damaged. Restore a backup of it."
SAID_BY_SQLITE = {  # in its own words
    "unable to open database file": UNOPENED,
    "file is not a database": NO_DATABASE,
    "database disk image is malformed": DAMAGED,
}
UNUSABLE = "The database cannot be used ({}). See DATABASE_URL."


class NotReady(Exception):
    """The database cannot be worked with now; the message says why, and what to do."""


@asynccontextmanager
async def ready_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, if it answers and this release can work with it; raises NotReady, also when it
    stops answering."""
    database = Database(settings.database_url.get_secret_value())
    try:
        fit = await fit_of(database)
        if fit is not Fit.READY:
            raise NotReady(MISFITS[fit])
        yield database
    except DatabaseAway as error:
        raise NotReady(does_not_answer(error)) from error
    finally:
        await database.dispose()


async def fit_of(database: Database) -> Fit:
    """How its schema suits this release; raises DatabaseAway, and NotReady where no waiting will
    help. It makes no file where there is none."""
    if database.is_missing:
        return Fit.BEHIND
    try:
        return (await look(database)).fit
    except DatabaseAway:
        raise
    except Exception as error:
        raise NotReady(why_unusable(error)) from error


def does_not_answer(error: DatabaseAway) -> str:
    """What waiting may mend, in a sentence."""
    return f"The database does not answer ({error})."


def why_unusable(error: Exception) -> str:
    """What no waiting will mend, in a sentence."""
    if isinstance(error, NotOurs):
        return ANOTHERS
    for words, sentence in SAID_BY_SQLITE.items():
        if words in str(error):
            return sentence
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return REFUSALS.get(str(state), UNUSABLE.format(type(error).__name__))
