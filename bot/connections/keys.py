"""Encryption keys at the start: what no key opens is given up, and said; what is old is resealed.

A lost key must not keep the bot from ending the rights that it still can end. So a connection that
no key opens is dead like one that Close refuses: its owner connects again, and admins hear of it.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.connections.pairings import tell
from bot.connections.vault import OF_IDS, Holder, Purpose, Undecryptable, Vault, owner, owner_of
from bot.ports import Now
from bot.store import Database, Store
from models.connection import Connection
from models.event import Deed
from models.notice import NoticeKind
from models.pairing import Pairing, Verdict
from models.revocation import Revocation

PROBLEM = (
    "ENCRYPTION_KEYS does not open {number} of the stored connections to Close. Add the key that "
    "was used before, after the new one: ENCRYPTION_KEYS=new,old. It can go once the bot has run "
    "with both: rows are re-encrypted in the background. If it is lost, these people have to "
    "connect again."
)
KEYS = "keys"  # the subject of the notice about them


@dataclass(frozen=True, slots=True)
class Sorted:
    """Everything that holds tokens, by what can be done with it."""

    lost: Sequence[Connection]
    lost_pairings: Sequence[Pairing]
    to_look_at: Sequence[Connection]  # an older key sealed them, or they were found dead
    to_reseal: Sequence[Pairing]
    revocations: Sequence[Revocation]  # likewise
    older: int  # how many of all these an older key sealed, with the key of the hashes

    @property
    def is_fine(self) -> bool:
        """Whether the newest key sealed all of it, and every connection lives."""
        every = (self.lost, self.lost_pairings, self.to_look_at, self.to_reseal, self.revocations)
        return not any(every)

    @property
    def problem(self) -> str | None:
        """What is wrong with the keys, as a sentence, or None."""
        number = len(self.lost) + len(self.lost_pairings)
        return PROBLEM.format(number=number) if number else None


async def look_after_keys(
    database: Database, vault: Vault, admins: frozenset[str], now: Now
) -> bool:
    """Give up what no key opens and say so; have everything else under the newest key soon.
    Whether there was anything to do.

    The watch looks at connections, dead ones included: a key that was missing may be back.
    """
    found = await look_through(database, vault)
    if found.is_fine:
        return False
    if found.problem:
        structlog.get_logger("bot.connections.keys").error(found.problem)
    resealed = {each.id: _resealed(vault, each) for each in found.to_reseal}
    unkept = {each.id: _resealed_revocation(vault, each) for each in found.revocations}

    def write(store: Store) -> None:
        _give_up(store, found, admins, now)
        store.connections.look_now([each.id for each in found.to_look_at], now=now())
        for pairing in found.to_reseal:
            before, secret = pairing.account.secret, resealed[pairing.id]
            store.pairings.reseal(pairing.id, secret=secret, before=before)
        for each in found.revocations:
            store.revocations.reseal(each.id, secret=unkept[each.id], before=each.secret)

    await database.run(write)
    return True


async def forget_lost(
    database: Database, vault: Vault, admins: frozenset[str], now: Now
) -> tuple[Sorted, Sequence[Connection | Pairing]]:
    """Give up what no key opens, at once and whether or not the bot runs, and write down whose it
    was; what was found, and what of it was not given up by command before."""
    found = await look_through(database, vault)

    def write(store: Store) -> Sequence[Connection | Pairing]:
        new = _not_given_up(store, found)
        _give_up(store, found, admins, now)
        _note_lost(store, new, now())
        return new

    return found, await database.run(write)


async def look_through(database: Database, vault: Vault) -> Sorted:
    """Try the keys on everything that holds tokens."""
    rows = await database.run(
        lambda store: (
            store.connections.all(),
            store.pairings.with_tokens(),
            store.revocations.all(),
            store.erasures.key(),
        )
    )
    return await asyncio.to_thread(_sort, vault, *rows)


def _sort(
    vault: Vault,
    connections: Iterable[Connection],
    pairings: Iterable[Pairing],
    revocations: Iterable[Revocation],
    of_ids: bytes | None,
) -> Sorted:
    lost: list[Connection] = []
    lost_pairings: list[Pairing] = []
    to_look_at: list[Connection] = []
    to_reseal: list[Pairing] = []
    for connection in connections:
        if not _opens(vault, connection):
            lost.append(connection)
        elif not (connection.is_alive and vault.is_newest(connection.account.secret)):
            to_look_at.append(connection)
    for pairing in pairings:
        if not _opens(vault, pairing):
            lost_pairings.append(pairing)
        elif not vault.is_newest(pairing.account.secret):
            to_reseal.append(pairing)
    older = [each for each in revocations if _is_older(vault, each.secret, _owner(each))]
    looked_at = sum(not vault.is_newest(each.account.secret) for each in to_look_at)
    is_of_ids_older = of_ids is not None and _is_older(vault, of_ids, OF_IDS, Purpose.IDS)
    number = looked_at + len(to_reseal) + len(older) + is_of_ids_older
    return Sorted(lost, lost_pairings, to_look_at, to_reseal, older, number)


def _is_older(vault: Vault, secret: bytes, whose: str, purpose: Purpose = Purpose.TOKENS) -> bool:
    return not vault.is_newest(secret) and _is_opened(vault, secret, whose, purpose)


def _opens(vault: Vault, holder: Holder) -> bool:
    return _is_opened(vault, holder.account.secret, owner_of(holder))


def _is_opened(vault: Vault, secret: bytes, whose: str, purpose: Purpose = Purpose.TOKENS) -> bool:
    try:
        vault.open(secret, purpose, whose)
    except Undecryptable:
        return False
    return True


def _owner(revocation: Revocation) -> str:
    return owner(revocation.team_id, revocation.slack_user_id, revocation.close_user_id)


def _resealed_revocation(vault: Vault, revocation: Revocation) -> bytes:
    return vault.reseal(revocation.secret, Purpose.TOKENS, _owner(revocation))


def _resealed(vault: Vault, pairing: Pairing) -> bytes:
    return vault.reseal(pairing.account.secret, Purpose.TOKENS, owner_of(pairing))


def _give_up(store: Store, found: Sorted, admins: frozenset[str], now: Now) -> None:
    """What no key opens works for nobody any more, and whom it concerns is told."""
    for connection in found.lost:
        if connection.is_alive:
            store.connections.mark_dead(connection, now=now())
    for pairing in found.lost_pairings:
        _give_up_pairing(store, pairing, now)
    _tell_admins(store, found, admins, now)


def _give_up_pairing(store: Store, pairing: Pairing, now: Now) -> None:
    """Its person connects again; what an admin decided already is forgotten by its own step."""
    current = store.pairings.get(pairing.id, lock=True)
    if current is None or current.verdict is not Verdict.WAITING:
        return
    store.pairings.decide(current, Verdict.UNREADABLE, by=None, now=now())
    tell(store, pairing, now=now())


def _not_given_up(store: Store, found: Sorted) -> Sequence[Connection | Pairing]:
    """What is lost, and was not given up since it was: whoever connects again may be lost again."""
    given_up = store.log.last_of(Deed.CONNECTION_UNREADABLE) if found.lost else {}

    def is_new(each: Connection) -> bool:
        at = given_up.get(each.id)
        return at is None or each.died_at is None or at < each.died_at

    waiting = [each for each in found.lost_pairings if each.verdict is Verdict.WAITING]
    return [*filter(is_new, found.lost), *waiting]


def _note_lost(store: Store, lost: Sequence[Connection | Pairing], now: datetime) -> None:
    """Somebody has said that the key will not come back: of each that it would have opened."""
    for each in lost:
        store.log.note(
            Deed.CONNECTION_UNREADABLE,
            team_id=each.team_id,
            now=now,
            subject_id=each.id,
            grantor=each.slack_user_id,
        )


def _tell_admins(store: Store, found: Sorted, admins: frozenset[str], now: Now) -> None:
    """Once for the same ones, however often the bot starts."""
    for team_id in {each.team_id for each in found.lost}:
        ids = sorted(each.id for each in found.lost if each.team_id == team_id)
        store.notices.tell(
            NoticeKind.KEYS_LOST,
            team_id=team_id,
            recipients=sorted(admins),
            subject_id=KEYS,
            incident=hashlib.sha256(" ".join(ids).encode()).hexdigest()[:16],
            now=now(),
        )
