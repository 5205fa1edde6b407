"""What every projection works with, and what becomes of a row that Slack did not take."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from bot.clock.backoff import pause_after
from bot.connections.links import Links
from bot.ports import Now
from bot.slack.chat import Messages, Place
from bot.slack.errors import SlackError, SlackRefused
from bot.store import Database, Store
from bot.store.cards import StaleCard
from bot.telemetry import Metrics
from models.card import Card
from models.delegation import Delegation
from models.home import Home
from models.notice import Notice
from models.stray import Stray

REFUSED = timedelta(minutes=10)  # the first wait after a refusal,
DOUBLED = 5  # and how often it is doubled: up to five hours
SLOWEST = REFUSED * 2**DOUBLED
REFUSED_FOR = timedelta(days=7)  # so long it is tried again
SURE_FOR = 1.0  # seconds after a claim in which it need not be looked up; a lease lasts six
POSTED_WITHIN = 4.0  # seconds after a look: a lease that was kept until then lasts longer

Shown = TypeVar("Shown", StaleCard, Home, Notice, Stray)
Shown_contra = TypeVar("Shown_contra", StaleCard, Home, Notice, Stray, contravariant=True)


class Overtaken(Exception):
    """The lease ran out, and somebody else has claimed the row."""


class Claimed(Protocol[Shown_contra]):
    """Where rows are claimed."""

    def is_still_claimed(self, row: Shown_contra, /) -> bool:
        """Whether nobody else has shown it, or claimed it, since: claims are counted."""


class Waiting(Protocol[Shown_contra]):
    """Where rows wait for another attempt."""

    def put_off(self, row: Shown_contra, /, *, wake_at: datetime | None) -> None:
        """Give the lease back and try again at ``wake_at``; None waits for the next change."""


@dataclass(frozen=True, slots=True)
class Showing:
    """The tools of the steps that show rows in Slack."""

    database: Database
    messages: Messages
    links: Links
    now: Now
    metrics: Metrics

    async def check_mine(
        self, claimed: Callable[[Store], Claimed[Shown]], row: Shown, began: float
    ) -> float:
        """Before something is posted: until when that may be, in monotonic seconds like ``began``.

        Raises Overtaken when somebody else has claimed the row since ``began``. A process can be
        paused for longer than a lease, here too, and its reader would be notified twice.
        """
        looked = time.monotonic()
        if looked - began <= SURE_FOR:
            return began + POSTED_WITHIN
        if not await self.database.read(lambda store: claimed(store).is_still_claimed(row)):
            raise Overtaken
        return looked + POSTED_WITHIN

    async def put_off(
        self,
        waiting: Callable[[Store], Waiting[Shown]],
        row: Shown,
        error: Exception,
        *,
        until: datetime | None,
        pause: timedelta | None = None,
        waited: timedelta | None = None,
    ) -> None:
        """Try again when Slack may take it.

        What Slack refuses is tried again slowly ``until`` that moment, which None puts off for
        ever, and then waits for the next change. ``waited``: for so long it has been refused, where
        that is known. ``pause`` in place of the usual one.
        """
        if isinstance(error, SlackError):
            self.metrics.slack_failures.labels(error.code[:40]).inc()
            structlog.get_logger("bot.projections.showing").warning(
                "Slack did not take it", kind=type(row).__name__, row=row.id, code=error.code
            )
        wake_at: datetime | None = self.now() + (pause or pause_after(error, row.attempts))
        if pause is None and isinstance(error, SlackRefused):
            if waited is None:
                waited = REFUSED * 2 ** min(max(row.attempts - 1, 0), DOUBLED)
            wake_at = self.now() + min(max(waited, REFUSED), SLOWEST)
            wake_at = None if until is not None and wake_at > until else wake_at
        await self.database.run(lambda store: waiting(store).put_off(row, wake_at=wake_at))


def place_of(channel_id: str | None, message_ts: str | None) -> Place | None:
    """Where a row's message is; None while it has none."""
    return Place(channel_id, message_ts) if channel_id and message_ts else None


def subject(store: Store, card: Card) -> Delegation:
    """The delegation that a card is about."""
    delegation = store.delegations.get(card.delegation_id)
    if delegation is None:  # cannot be: a foreign key holds them together
        raise LookupError(card.delegation_id)
    return delegation
