"""Forgetting: what is older than the retention, and one person who asked for it.

Reasons, notes, names and addresses go, and ids become a keyed hash; times and decisions stay, and
the log can be proved as before. How many details went is in the log itself, so that whoever takes
some out by hand is found out.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.connections.vault import OF_IDS, Purpose, Undecryptable, Vault
from bot.store import Database, Store
from bot.store.erasures import Hashed
from models.event import Deed
from models.particulars import Particulars, erased

AT_ONCE = 500  # rows of one transaction
OLD = "retention"  # the subject of what is said about that


class StillThere(Exception):
    """Somebody cannot be forgotten yet; ``what`` counts what has to be over first."""

    def __init__(self, what: Mapping[str, int]) -> None:
        super().__init__(", ".join(f"{number} {name}" for name, number in what.items()))
        self.what = what


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done: so many ``details`` of the log went, and so many ``rows`` of each table were
    changed; ``pseudonym`` is in the place of the id now."""

    pseudonym: str
    details: int
    rows: Mapping[str, int]


async def hashing(database: Database, vault: Vault) -> Hashed:
    """What makes a keyed hash of an id: the same for as long as the key is there. A key that no
    encryption key opens is lost, and there is a new one."""

    def key(store: Store) -> bytes:
        sealed = store.erasures.key()
        try:
            found = None if sealed is None else vault.open(sealed, Purpose.IDS, OF_IDS)["key"]
        except Undecryptable:
            found = None
        if sealed is None or found is None or not vault.is_newest(sealed):
            found = found or secrets.token_hex(32)
            store.erasures.put_key(vault.seal({"key": found}, Purpose.IDS, OF_IDS))
        return bytes.fromhex(str(found))

    return partial(erased, await database.run(key))


async def forget(database: Database, vault: Vault, person_id: str, now: datetime) -> Forgotten:
    """Forget one person, wherever they are named. Raises StillThere while they have an open right,
    or a connection."""
    hashed = await hashing(database, vault)

    def check(store: Store) -> None:
        if what := store.erasures.hindrances(person_id, now=now):
            raise StillThere(what)

    def erase(store: Store) -> int:
        check(store)
        rows = store.erasures.details_of(person_id, limit=AT_ONCE)
        return _erase(store, rows, hashed, now, of=person_id)

    def finish(store: Store) -> Mapping[str, int]:
        check(store)
        return store.erasures.erase_person(person_id, hashed)

    await database.run_patiently(check)
    details = 0
    while number := await database.run_patiently(erase):
        details += number
    rows = await database.run_patiently(finish)
    return Forgotten(hashed(person_id), details, rows)


async def erase_old(database: Database, vault: Vault, *, before: datetime, now: datetime) -> None:
    """Erase what was over before then, a few at a time."""
    hashed = await hashing(database, vault)

    def rights(store: Store) -> int:
        ids = store.erasures.old_rights(before, limit=AT_ONCE)
        _erase(store, store.erasures.details_of_rights(ids), hashed, now)
        store.erasures.erase_rights(ids, hashed)
        return len(ids)

    def deeds(store: Store) -> int:
        rows = store.erasures.old_details(before, limit=AT_ONCE)
        return _erase(store, rows, hashed, now)

    def others(store: Store) -> int:
        return store.erasures.erase_old_rows(before, hashed, limit=AT_ONCE)

    for part in (rights, deeds, others):
        while await database.run_patiently(part):
            pass


def _erase(
    store: Store,
    rows: Sequence[Particulars],
    hashed: Hashed,
    now: datetime,
    of: str | None = None,
) -> int:
    number = store.erasures.erase_details(rows, hashed, now=now, of=of)
    if number:
        subject = OLD if of is None else hashed(of)
        store.log.note(Deed.ERASED, team_id="", now=now, subject_id=subject, amount=number)
    return number
