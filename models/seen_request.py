"""A seen request: one that Slack signed and that has changed something, so that a copy cannot.

Which request is being worked on is known by context, not by argument: use cases neither know nor
care whether they were called for Slack, for Close or for the clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, Index, String, Table

from models.base import UtcTime, metadata, new_id


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """One row; ``arrival`` tells the request itself from a copy of it.

    ``signed_at`` is what Slack signed, in real time, whatever the bot's own clock says.
    """

    signature: str
    arrival: str
    signed_at: datetime


seen_requests = Table(
    "seen_requests",
    metadata,
    Column("signature", String(64), primary_key=True),
    Column("arrival", String(32), nullable=False),
    Column("signed_at", UtcTime, nullable=False),
    Index("ix_seen_requests_signed_at", "signed_at"),
)


@dataclass(slots=True)
class Arrival:
    """One arrival of a request. The same bytes, sent again, are another one.

    Both times are the real ones, whatever the bot's own clock says.
    """

    signature: str
    signed_at: datetime
    received_at: datetime
    id: str = field(default_factory=new_id)
    is_spent: bool = False  # something was committed for it


_arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


def current_arrival() -> Arrival | None:
    """The request that is being worked on here; None for what the bot does by itself."""
    return _arrival.get()


@contextmanager
def arriving(arrival: Arrival) -> Iterator[None]:
    """What is begun inside belongs to this arrival, also when it goes on afterwards."""
    token = _arrival.set(arrival)
    try:
        yield
    finally:
        _arrival.reset(token)
