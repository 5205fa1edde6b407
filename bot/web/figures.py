"""``/metrics``: who may read the figures, and those that are counted in the database, brought up to
date before they are read."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.ports import Now
from bot.store import Database, DatabaseAway, Store
from bot.store.due import Due
from bot.telemetry import Metrics
from bot.web.cached import Cached

LATELY = timedelta(days=7)


class Worker(Protocol):
    """Whoever does what is due, as the figures see it."""

    @property
    def name(self) -> str:
        """As the log names it."""

    def due(self, store: Store, /) -> Due[Any]:
        """Where its rows are."""


class Figures:
    """Counts connections, rights that outlive their end, and what waits for each of the
    ``workers``; at most once a second. Who reads them has to know the ``token``."""

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        workers: Sequence[Worker],
        now: Now,
        token: SecretStr,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._workers = workers
        self._now = now
        self._token = token.get_secret_value().encode()
        self._cached = Cached(self._look)

    async def answer(self, request: Request) -> Response:
        """The figures; 401 and none of them for anybody else, and before anything is counted."""
        if not self._may_read(request):
            return PlainTextResponse(
                "these figures need a token\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        counted = await self._cached.answer()
        if counted is False:  # it refuses: nobody knows whether what is shown is still so
            return PlainTextResponse("the database cannot be used\n", status_code=503)
        if counted is None:  # it takes too long; what it last said is shown meanwhile
            self._metrics.database_up.set(0)
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)

    def _may_read(self, request: Request) -> bool:
        said = request.headers.getlist("authorization")
        scheme, _, token = said[0].partition(" ") if len(said) == 1 else ("", "", "")
        # Headers are read as Latin-1; the comparison takes as long whatever is wrong.
        is_it = hmac.compare_digest(token.strip().encode("latin-1"), self._token)
        return is_it and scheme.lower() == "bearer"

    async def _look(self) -> bool:
        """Set the gauges; while the database is away they keep what they last showed. False where
        it refuses."""
        try:
            await self._database.read(self._count)
        except DatabaseAway:
            self._metrics.database_up.set(0)
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, there are no figures
            log = structlog.get_logger("bot.web.figures")
            log.warning("the database cannot be counted", error=type(error).__name__)
            return False
        self._metrics.database_up.set(1)
        return True

    def _count(self, store: Store) -> None:
        now = self._now()
        number, since = store.delegations.late(now=now)
        self._metrics.overdue.set(number)
        self._metrics.longest_overdue.set(_seconds(now - (since or now)))
        for state, number in store.connections.count().items():
            self._metrics.connections.labels(state).set(number)
        self._metrics.reviews.set(store.reviews.count_open())
        self._metrics.unsealed.set(_seconds(now - (store.seals.waiting_since() or now)))
        oldest = store.oldest([each.due(store) for each in self._workers])
        for worker, moment in zip(self._workers, oldest, strict=True):
            self._metrics.waiting.labels(worker.name).set(_seconds(now - (moment or now)))
        self._count_leavers(store, now)

    def _count_leavers(self, store: Store, now: datetime) -> None:
        leaving = store.departures.leaving()
        gone = store.departures.gone(since=now - LATELY, until=now)
        took = [each.gone_at - each.found_at for each in gone if each.gone_at is not None]
        self._metrics.leaving.set(len(leaving))
        self._metrics.leaving_longest.set(_seconds(now - leaving[0]) if leaving else 0)
        self._metrics.leaving_took.set(_seconds(max(took, default=timedelta())))


def _seconds(waited: timedelta) -> float:
    """How long something has waited; what is not due yet has not."""
    return max(0.0, waited.total_seconds())
