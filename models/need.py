"""A need: what shows that somebody still needs a right, or a standing approval."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, String, Table

from models.base import UtcTime, metadata


@dataclass(frozen=True, kw_only=True)
class Need:
    """One row a delegation or a standing approval, by the same ``id``.

    - ``used_at`` is when it was last used, of all that is known: for a delegation, when the last
      email was sent under it; for a standing approval, when something was last approved by it.
    - ``asked_from`` and ``asked_until`` bound the stretch of time in which any use would be known;
      both are None as long as nobody has looked. A standing approval is looked after without end.
    - ``kept_at`` is when its grantor last said that it is still needed.
    """

    id: str
    used_at: datetime | None = None
    asked_from: datetime | None = None
    asked_until: datetime | None = None
    kept_at: datetime | None = None


needs = Table(
    "needs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("used_at", UtcTime),
    Column("asked_from", UtcTime),
    Column("asked_until", UtcTime),
    Column("kept_at", UtcTime),
)
