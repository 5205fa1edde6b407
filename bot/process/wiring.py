"""The workers, put together: one for each table with due rows, and what it does with a row."""

from collections.abc import Callable, Sequence
from typing import Any

from bot.clock.worker import Worker
from bot.connections.pairings import PairingStep
from bot.connections.revoking import RevocationStep
from bot.connections.sessions import Connections
from bot.connections.watch import Watch
from bot.delegations.absences import AbsenceStep
from bot.delegations.aftermath.steps import AftermathStep
from bot.delegations.members import Members
from bot.delegations.people.rounds import RoundStep
from bot.delegations.receipts import Receipts
from bot.delegations.reviews.opening import ReviewStep
from bot.delegations.steps.advance import Advance
from bot.delegations.steps.sharing import SharingStep
from bot.delegations.tools import Tools
from bot.desk import no_rules
from bot.process.resources import Outside
from bot.projections.cards import CardStep
from bot.projections.chores import ChoreStep
from bot.projections.homes import HomeStep
from bot.projections.notices import NoticeStep
from bot.projections.showing import Showing
from bot.projections.strays import StrayStep
from bot.slack.bolt import Workspace
from bot.slack.chat import Messages
from bot.slack.directory import SlackDirectory
from bot.slack.views import Views
from bot.store.cards import StaleCard
from bot.strays.comparisons import Compare
from bot.telemetry import Metrics
from models.absence import Absence
from models.aftermath import Aftermath
from models.chore import Chore
from models.comparison import Comparison
from models.connection import Connection
from models.delegation import Delegation
from models.deputy import Deputy
from models.home import Home
from models.notice import Notice
from models.pairing import Pairing
from models.policy import Rule
from models.review import Review
from models.revocation import Revocation
from models.round import Round
from models.stray import Stray

Ring = Callable[[], None]  # something was changed: more may be due


class Workshop:
    """All workers of one process; the other attributes are what the listeners share with them."""

    def __init__(
        self,
        outside: Outside,
        workspace: Workspace,
        ring: Ring,
        metrics: Metrics,
        leave: Callable[[], None],
        *,
        present_rules: Callable[[], Sequence[Rule]] = no_rules,
    ) -> None:
        """``leave`` has the process stop, once there is nothing left for it to do."""
        now = outside.now
        self.directory = SlackDirectory(outside.quick, workspace, now)
        self.connections = Connections(outside.database, outside.vault, outside.oauth, now)
        tools = Tools(
            database=outside.database,
            connections=self.connections,
            close=outside.close,
            members=Members(outside.close, now),
            policy=outside.settings.policy,
            now=now,
            metrics=metrics,
            directory=self.directory,
            matches_email=not outside.settings.require_grantee_connection,
            present_rules=present_rules,
            reviews=outside.settings.reviews,
        )
        self.receipts = Receipts(tools)
        messages = Messages(outside.patient)
        showing = Showing(outside.database, messages, outside.links, now, metrics)
        views = Views(outside.patient)
        self.workers = [  # a click wakes the first of all without a look: bot/clock/scheduler.py
            *_of_close(tools, self.receipts, self.directory, messages, ring),
            *_of_slack(tools, showing, self.receipts, views, outside.settings.unset),
            *_of_connections(tools, ring),
            *_of_the_log(outside, showing, workspace, leave),
        ]


def _of_close(
    tools: Tools, receipts: Receipts, directory: SlackDirectory, messages: Messages, ring: Ring
) -> Sequence[Worker[Any]]:
    """What Close holds, what it should hold, and who may still take part."""
    database, now = tools.database, tools.now
    advance = Advance(tools, receipts, ring)
    compare = Compare(tools, directory, messages, ring)
    walk, ask, share = RoundStep(tools, ring), ReviewStep(tools, ring), SharingStep(tools, ring)
    settle = AftermathStep(tools, receipts, tools.policy.at_end, ring)
    away = AbsenceStep(tools, ring)
    return [
        Worker[Delegation](
            "delegations",
            database,
            lambda store: store.delegations.due,
            advance,
            now,
            groups=advance,
        ),
        Worker[Comparison](
            "comparisons", database, lambda store: store.comparisons.due, compare, now
        ),
        Worker[Round]("rounds", database, lambda store: store.rounds.due, walk, now),
        Worker[Review]("reviews", database, lambda store: store.reviews.due, ask, now),
        Worker[Absence]("absences", database, lambda store: store.absences.due, away, now),
        Worker[Aftermath](
            "aftermaths",
            database,
            lambda store: store.aftermaths.due,
            settle,
            now,
            groups=settle,
        ),
        Worker[Deputy]("deputies", database, lambda store: store.deputies.due, share, now),
    ]


def _of_slack(
    tools: Tools, showing: Showing, receipts: Receipts, views: Views, unset: frozenset[str]
) -> Sequence[Worker[Any]]:
    """What people see; ``unset`` are the settings that an admin may want."""
    database, now, admins = tools.database, tools.now, tools.policy.admins
    card = CardStep(showing, receipts, tools.directory, admins, tools.policy.at_end)
    home = HomeStep(showing, views, admins, unset)
    notice, stray = NoticeStep(showing, admins, tools.directory), StrayStep(showing, tools)
    return [
        Worker[StaleCard]("cards", database, lambda store: store.cards.due, card, now),
        Worker[Home]("homes", database, lambda store: store.homes.due, home, now),
        Worker[Notice]("notices", database, lambda store: store.notices.due, notice, now),
        Worker[Stray]("strays", database, lambda store: store.strays.due, stray, now),
    ]


def _of_connections(tools: Tools, ring: Ring) -> Sequence[Worker[Any]]:
    """What the bot needs to act in people's names."""
    database, sessions, now = tools.database, tools.connections, tools.now
    watch = Watch(database, sessions, tools.close, tools.policy.admins, now, ring)
    pairing = PairingStep(database, now, ring)
    revocation = RevocationStep(database, sessions, now)
    return [
        Worker[Connection](
            "connections", database, lambda store: store.connections.due, watch, now
        ),
        Worker[Pairing]("pairings", database, lambda store: store.pairings.due, pairing, now),
        Worker[Revocation](
            "revocations", database, lambda store: store.revocations.due, revocation, now
        ),
    ]


def _of_the_log(
    outside: Outside, showing: Showing, workspace: Workspace, leave: Callable[[], None]
) -> Sequence[Worker[Any]]:
    """What is done for the whole database."""
    step = ChoreStep(
        showing,
        workspace,
        outside.vault,
        leave,
        audit_channel=outside.settings.audit_channel,
        retention=outside.settings.retention,
    )
    return [
        Worker[Chore](
            "chores", showing.database, lambda store: store.chores.due, step, showing.now
        ),
    ]
