"""An entry of the log as it is said to the outside: in an export, and to whoever collects logs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.seals import Line

FIELDS = (
    "id",
    "at",
    "what",
    "state",
    "actor",
    "grantor",
    "grantee",
    "text",
    "ends_at",
    "length_seconds",
    "trouble",
    "amount",
    "delegation",
    "association",
    "subject",
    "workspace",
    "digest",
    "seal",
)


def told(line: Line, *, has_text: bool = False) -> dict[str, Any]:
    """The fields that have something in them, by the names of :data:`FIELDS`.

    What was typed is left out unless ``has_text``: what leaves the database cannot be erased.
    """
    entry, beside, place = line.entry, line.beside, line.sealing
    said = {
        "id": entry.id,
        "at": stamp(entry.at),
        "what": entry.event or entry.deed,
        "state": entry.state,
        "actor": entry.actor if beside is None else beside.actor or entry.actor,
        "grantor": beside and beside.grantor,
        "grantee": beside and beside.grantee,
        "text": beside.text if beside is not None and has_text else None,
        "ends_at": stamp(entry.ends_at),
        "length_seconds": seconds(entry.length),
        "trouble": entry.trouble,
        "amount": entry.amount,
        "delegation": entry.delegation_id,
        "association": entry.association_id,
        "subject": entry.subject_id,
        "workspace": entry.team_id,
        "digest": place.digest.hex() if place is not None and place.digest else None,
        "seal": place and place.seal,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def stamp(moment: datetime | None) -> str | None:
    """A moment as ISO 8601, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seconds(length: timedelta | None) -> int | None:
    """A length in whole seconds."""
    return None if length is None else int(length.total_seconds())
