"""The workers around connections: the watch, what it has to tell, and pairings that wait."""

from collections.abc import Callable
from typing import Any

from bot.close.client import CloseClient
from bot.connections import Connections
from bot.links import Links
from bot.notices import NoticeStep
from bot.pairings import PairingStep
from bot.ports import Now
from bot.slack.messages import Messages
from bot.store import Database, Store
from bot.telemetry import Metrics
from bot.watch import Watch
from bot.worker import Rows, Worker
from models.connection import Connection
from models.notice import Notice
from models.pairing import Pairing


class Upkeep:
    """Three workers that wake each other; ``settle`` wakes those that wait for a connection."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        close: CloseClient,
        messages: Messages,
        links: Links,
        now: Now,
        metrics: Metrics,
        settle: Callable[[], None],
        *,
        admins: frozenset[str],
    ) -> None:
        watch = Watch(database, connections, close, admins, now)
        watched: Worker[Connection] = Worker("connections", database, _connections, watch, now)
        step = NoticeStep(database, messages, links, now, metrics)
        notices: Worker[Notice] = Worker("notices", database, _notices, step, now)
        pairing_step = PairingStep(database, connections, now)
        paired: Worker[Pairing] = Worker("pairings", database, _pairings, pairing_step, now)
        self.workers: tuple[Worker[Any], ...] = (watched, notices, paired)

        def tell() -> None:
            settle()
            notices.wake()

        watch.on_change = pairing_step.on_change = tell

    def wake(self) -> None:
        """Look for due rows now."""
        for worker in self.workers:
            worker.wake()


def _connections(store: Store) -> Rows[Connection]:
    return store.connections


def _notices(store: Store) -> Rows[Notice]:
    return store.notices


def _pairings(store: Store) -> Rows[Pairing]:
    return store.pairings
