"""The database: reached, of this release, opened by the keys, on time, and with room to grow."""

import os
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import make_url

from bot.connections.keys import look_through
from bot.connections.vault import Vault
from bot.process.doctor.report import Finding, away, fine, note, wrong
from bot.process.fit import MISFITS, why_unusable
from bot.process.settings import Settings
from bot.store import Database, DatabaseAway
from bot.store.schema import Fit, Look, look

SUBJECT, KEYS, CLOCK, DISK = "Database", "Encryption keys", "Database clock", "Disk"
MOST_SKEW = timedelta(seconds=2)
START_IT = "Start it, and look at the host and the port in DATABASE_URL."
FREE_IT = "Look at the disk, at the file's mode, and at what else has the file open."
MISSING = Look(Fit.BEHIND, timedelta())  # to look would be to make it
LEAST_FREE = 200 * 1024 * 1024  # bytes


async def examine_database(settings: Settings) -> Sequence[Finding]:
    """What can be found out, as far as the database lets one in."""
    if (path := _file(settings)) is not None and (problem := _folder_problem(path.parent)):
        return [problem]
    database = Database(settings.database_url.get_secret_value())
    try:
        found = MISSING if database.is_missing else await look(database)
        findings = [_fit(found), _clock(found), *([] if path is None else [_disk(path.parent)])]
        if found.fit is Fit.READY:
            findings.insert(1, await _keys(database, settings))
    except DatabaseAway as error:
        to_do = START_IT if path is None else FREE_IT
        return [away(SUBJECT, f"It does not answer ({error}).", to_do)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator has to read it
        return [wrong(SUBJECT, why_unusable(error))]
    else:
        return findings
    finally:
        await database.dispose()


def _file(settings: Settings) -> Path | None:
    """Where a SQLite database is; None for PostgreSQL."""
    url = make_url(settings.database_url.get_secret_value())
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).absolute()


def _folder_problem(folder: Path) -> Finding | None:
    if not folder.is_dir():
        return wrong(SUBJECT, f"There is no folder {folder}.", "Make it, or change DATABASE_URL.")
    if not os.access(folder, os.W_OK | os.X_OK):
        to_do = "SQLite keeps files beside the database: give the folder to the bot's user."
        return wrong(SUBJECT, f"Nothing can be written in {folder}.", to_do)
    return None


def _fit(found: Look) -> Finding:
    return fine(SUBJECT) if found.fit is Fit.READY else wrong(SUBJECT, MISFITS[found.fit])


async def _keys(database: Database, settings: Settings) -> Finding:
    found = await look_through(database, Vault(settings.keys))
    if found.problem is not None:
        return wrong(KEYS, found.problem, "python -m bot connections list says whose they are.")
    if found.older:
        says = f"An older key still seals {found.older} of what is stored."
        return note(KEYS, says, "Keep that key until a bot that runs has sealed all of it anew.")
    return fine(KEYS)


def _clock(found: Look) -> Finding:
    if abs(found.skew) <= MOST_SKEW:
        return fine(CLOCK)
    says = (
        f"It is {found.skew_seconds:+.1f} s from this machine's, and rights end so much too early "
        "or too late."
    )
    return wrong(CLOCK, says, "Have both set by NTP.")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:.1f} GiB are free."
    if free >= LEAST_FREE:
        return fine(DISK, said)
    to_do = "Make room: once it is full, nothing is stored, and no click is taken."
    return wrong(DISK, f"{free // 1024**2} MiB are free beside the database.", to_do)
