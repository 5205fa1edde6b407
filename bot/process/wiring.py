"""The workers, put together: one for each table with due rows, and what it does with a row."""

from typing import Any

from bot.clock.bell import Bell
from bot.clock.worker import Worker
from bot.connections.pairings import PairingStep
from bot.connections.sessions import Connections
from bot.connections.watch import Watch
from bot.delegations.accounts import Identities
from bot.delegations.receipts import Receipts
from bot.delegations.steps.advance import Advance
from bot.delegations.steps.moves import Steps
from bot.process.resources import Outside
from bot.projections.cards import Sync
from bot.projections.homes import HomeSync
from bot.projections.notices import NoticeStep
from bot.slack.chat import Messages
from bot.slack.directory import SlackDirectory
from bot.slack.views import Views
from bot.strays.comparisons import Compare
from bot.strays.remove import Straying
from bot.telemetry import Metrics
from models.card import Card
from models.comparison import Comparison
from models.connection import Connection
from models.delegation import Delegation
from models.home import Home
from models.notice import Notice
from models.pairing import Pairing
from models.stray import Stray


class Workshop:
    """All workers of one process; the other attributes are what the listeners share with them."""

    def __init__(self, outside: Outside, bell: Bell, metrics: Metrics) -> None:
        self._outside = outside
        self._bell = bell
        self._metrics = metrics
        settings, database, now = outside.settings, outside.database, outside.now
        self.directory = SlackDirectory(outside.quick, now)
        self.connections = Connections(database, outside.vault, outside.oauth, now)
        self._steps = Steps(
            database, self.connections, outside.close, settings.policy, now, metrics
        )
        self._identities = Identities(
            database,
            self.connections,
            outside.close,
            now,
            by_email=not settings.require_grantee_connection,
        )
        self.receipts = Receipts(self._steps)
        self._messages = Messages(outside.patient)
        self.workers = [*self._of_delegations(), *self._of_slack(), *self._of_connections()]
        for worker in self.workers:
            bell.hang(worker)

    def _of_delegations(self) -> list[Worker[Any]]:
        """What Close holds, and what it should hold."""
        advance = Advance(self._steps, self._identities, self.receipts, self._bell.show)
        compare = Compare(
            self._steps, self._identities, self.directory, self._messages, self._bell.settle
        )
        straying = Straying(self._steps, self._messages)
        database, now = self._outside.database, self._outside.now
        delegations: Worker[Delegation] = Worker(
            "delegations",
            database,
            lambda store: store.delegations.due,
            advance,
            now,
            groups=advance,
        )
        comparisons: Worker[Comparison] = Worker(
            "comparisons", database, lambda store: store.comparisons.due, compare, now
        )
        strays: Worker[Stray] = Worker(
            "strays", database, lambda store: store.strays.due, straying, now
        )
        return [delegations, comparisons, strays]

    def _of_slack(self) -> list[Worker[Any]]:
        """What people see."""
        database, now, links = self._outside.database, self._outside.now, self._outside.links
        sync = Sync(database, self._messages, links, self.receipts, now, self._metrics)
        home_sync = HomeSync(
            database,
            Views(self._outside.patient),
            links,
            self._outside.settings.policy,
            now,
            self._metrics,
        )
        tell = NoticeStep(database, self._messages, links, now, self._metrics)
        cards: Worker[Card] = Worker("cards", database, lambda store: store.cards.due, sync, now)
        homes: Worker[Home] = Worker(
            "homes", database, lambda store: store.homes.due, home_sync, now
        )
        notices: Worker[Notice] = Worker(
            "notices", database, lambda store: store.notices.due, tell, now
        )
        return [cards, homes, notices]

    def _of_connections(self) -> list[Worker[Any]]:
        """What the bot needs to act in people's names."""
        database, now, settle = self._outside.database, self._outside.now, self._bell.settle
        admins = self._outside.settings.policy.admins
        watch = Watch(database, self.connections, self._outside.close, admins, now, settle)
        decide = PairingStep(database, self.connections, now, settle)
        connections: Worker[Connection] = Worker(
            "connections", database, lambda store: store.connections.due, watch, now
        )
        pairings: Worker[Pairing] = Worker(
            "pairings", database, lambda store: store.pairings.due, decide, now
        )
        return [connections, pairings]
