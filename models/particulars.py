"""Particulars: who is named by an entry of the log, and what was typed; they stand beside it.

Each has a random salt, and the entry holds the digest of both. Once value and salt are erased
nobody can tell from the digest what it was of, and the entry is as it was. An id becomes a keyed
hash, so that what one person did can still be told to be of one person.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from models.base import UtcTime, metadata, partial_index

PEOPLE = ("actor", "grantor", "grantee")
PERSONAL = (*PEOPLE, "text")
_COLUMNS = [(name, f"{name}_salt", f"{name}_digest") for name in PERSONAL]
SALT = 16  # bytes
ERASED = "~"  # how the keyed hash of an erased id begins; no id of Slack does
HASH = 31  # characters of it at most, so that it fits wherever an id does


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """One row; what has no salt was erased, or was never there. An erased id is a keyed hash."""

    event_id: int
    actor: str | None = None
    actor_salt: bytes | None = None
    grantor: str | None = None
    grantor_salt: bytes | None = None
    grantee: str | None = None
    grantee_salt: bytes | None = None
    text: str | None = None
    text_salt: bytes | None = None
    erased_at: datetime | None = None


particulars = Table(
    "particulars",
    metadata,
    Column("event_id", Integer, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("actor", String(32)),
    Column("actor_salt", LargeBinary(SALT)),
    Column("grantor", String(32)),
    Column("grantor_salt", LargeBinary(SALT)),
    Column("grantee", String(32)),
    Column("grantee_salt", LargeBinary(SALT)),
    Column("text", Text),
    Column("text_salt", LargeBinary(SALT)),
    Column("erased_at", UtcTime),
    partial_index("ix_particulars_kept", "event_id", where="erased_at IS NULL"),
)


def digest(salt: bytes, value: str) -> bytes:
    """What an entry holds of a value beside it."""
    return hashlib.sha256(salt + value.encode()).digest()


def apart(**values: str | None) -> tuple[dict[str, bytes | None], dict[str, Any]]:
    """The digests for an entry, and the columns that stand beside it; of nothing there is neither.

    ``values`` are any of :data:`PERSONAL`.
    """
    digests: dict[str, bytes | None] = {}
    beside: dict[str, Any] = {}
    salts = secrets.token_bytes(SALT * len(PERSONAL))  # asked for once: that takes its time
    for number, (name, salt_name, digest_name) in enumerate(_COLUMNS):
        value = values.get(name) or None
        salt = None if value is None else salts[number * SALT : (number + 1) * SALT]
        digests[digest_name] = digest(salt, value) if salt and value else None
        beside[name], beside[salt_name] = value, salt
    return digests, beside


def erased(key: bytes, person_id: str) -> str:
    """What takes the place of somebody's id; what is one already stays."""
    if person_id.startswith(ERASED):
        return person_id
    found = hmac.new(key, person_id.encode(), hashlib.sha256).hexdigest()
    return f"{ERASED}{found}"[:HASH]
