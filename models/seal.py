"""Seals: what is in the log is bound together, so that nothing of it can be altered unnoticed.

Each seal is a digest over the entries that are new since the one before, and over that one. What
was sealed, with which digest, is kept by entry, so that the first one that does not fit can be
named. An entry whose transaction commits late is covered by the next seal, however low its id.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, Table

from models.base import UtcTime, metadata, partial_index
from models.event import Entry

_NAMES = tuple(each.name for each in fields(Entry))
NOTHING = bytes(32)  # what the first seal has before it


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One row: ``amount`` entries, ``last_id`` the highest of them, and ``entries`` in all by then.
    ``digest`` is the head of the chain until the next."""

    number: int
    at: datetime
    amount: int
    entries: int
    last_id: int
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """One row an entry, made by the database with it; ``seal`` is None until one covers it."""

    event_id: int
    seal: int | None = None
    digest: bytes | None = None


seals = Table(
    "seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("last_id", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)

sealings = Table(
    "sealings",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=False),
    Column("seal", Integer),
    Column("digest", LargeBinary(32)),
    partial_index("ix_sealings_open", "event_id", where="seal IS NULL"),
    partial_index("ix_sealings_seal", "seal", "event_id", where="seal IS NOT NULL"),
)


def digest_of(entry: Entry) -> bytes:
    """The digest of one entry. What is empty is left out, so that a column that a later release
    adds changes nothing for the entries of before."""
    named = {name: getattr(entry, name) for name in _NAMES}
    said = {name: _plain(value) for name, value in named.items() if value is not None}
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode()).digest()


def sealed(before: Seal | None, covered: Iterable[tuple[int, bytes]], *, at: datetime) -> Seal:
    """The seal over these entries, each an id and its digest, by their ids; and over the one
    ``before``."""
    number = 1 if before is None else before.number + 1
    chain = hashlib.sha256(NOTHING if before is None else before.digest)
    amount, last_id = 0, 0
    for event_id, digest in covered:
        chain.update(event_id.to_bytes(8) + digest)
        amount, last_id = amount + 1, max(last_id, event_id)
    entries = amount + (0 if before is None else before.entries)
    counted = f"{number} {amount} {entries} {last_id} {at.isoformat()}"
    chain.update(counted.encode())
    return Seal(
        number=number,
        at=at,
        amount=amount,
        entries=entries,
        last_id=last_id,
        digest=chain.digest(),
    )


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat(timespec="microseconds")
        case timedelta():
            return int(value.total_seconds())
        case bytes():
            return value.hex()
        case _:
            return value
