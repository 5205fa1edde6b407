"""What one transaction can do; made anew for each by :class:`bot.store.database.Database`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, select

from bot.store.absences import Absences
from bot.store.aftermath import Aftermaths
from bot.store.cards import Cards
from bot.store.chores import Chores
from bot.store.comparisons import Comparisons
from bot.store.connections import Connections, ConnectStates
from bot.store.covers import Covers
from bot.store.delegations import Delegations
from bot.store.departures import Departures
from bot.store.deputies import Deputies
from bot.store.drafts import Drafts
from bot.store.due import Due
from bot.store.erasures import Erasures
from bot.store.everybody import Everybody
from bot.store.executing import execute, prepared
from bot.store.homes import Homes
from bot.store.key_tries import KeyTries
from bot.store.ledger import Ledger
from bot.store.log import Log
from bot.store.needs import Needs
from bot.store.notices import Notices
from bot.store.overdue import Overdue
from bot.store.overviews import Overviews
from bot.store.pairings import Pairings
from bot.store.receipts import Receipts
from bot.store.reviews import Reviews
from bot.store.revocations import Revocations
from bot.store.rounds import Rounds
from bot.store.rules_in_force import HeldRules
from bot.store.seals import Seals
from bot.store.seen_requests import SeenRequests
from bot.store.standing import StandingApprovals
from bot.store.strays import Strays
from models.departure import Departed
from models.event import Deed


class Store:
    """The tables, each with the few questions and changes that the bot needs."""

    def __init__(self, connection: Connection) -> None:
        """Each table is there once it is asked for: a transaction needs few of them."""
        self._connection = connection
        self.seen_requests = SeenRequests(connection)  # it counts what is changed from now on

    log = cached_property(lambda self: Log(self._connection))
    cards = cached_property(lambda self: Cards(self._connection))
    homes = cached_property(lambda self: Homes(self._connection))
    overviews = cached_property(lambda self: Overviews(self._connection))
    notices = cached_property(lambda self: Notices(self._connection))
    connections = cached_property(
        lambda self: Connections(self._connection, self.homes, self.notices, self.log)
    )
    pairings = cached_property(lambda self: Pairings(self._connection, self.notices, self.log))
    needs = cached_property(lambda self: Needs(self._connection))
    reviews = cached_property(
        lambda self: Reviews(self._connection, self.needs, self.homes, self.notices)
    )
    delegations = cached_property(
        lambda self: Delegations(
            self._connection,
            self.cards,
            self.homes,
            self.connections,
            self.notices,
            self.log,
            needs=self.needs,
            reviews=self.reviews,
        )
    )

    @property
    def deputies(self) -> Deputies:
        """Those of the delegations."""
        return self.delegations.deputies

    connect_states = cached_property(lambda self: ConnectStates(self._connection))
    key_tries = cached_property(lambda self: KeyTries(self._connection))
    revocations = cached_property(lambda self: Revocations(self._connection))
    standing = cached_property(
        lambda self: StandingApprovals(
            self._connection, self.homes, self.log, self.needs, self.reviews
        )
    )
    covers = cached_property(
        lambda self: Covers(self._connection, self.homes, self.notices, self.log)
    )
    absences = cached_property(lambda self: Absences(self._connection, self.homes, self.notices))
    drafts = cached_property(lambda self: Drafts(self._connection))
    comparisons = cached_property(lambda self: Comparisons(self._connection))
    receipts = cached_property(lambda self: Receipts(self._connection, self.cards, self.notices))
    strays = cached_property(lambda self: Strays(self._connection, self.log))
    aftermaths = cached_property(
        lambda self: Aftermaths(self._connection, self.cards, self.notices)
    )
    departures = cached_property(lambda self: Departures(self._connection))
    rounds = cached_property(lambda self: Rounds(self._connection))
    rules = cached_property(lambda self: HeldRules(self._connection))
    chores = cached_property(lambda self: Chores(self._connection))
    seals = cached_property(lambda self: Seals(self._connection))
    ledger = cached_property(lambda self: Ledger(self._connection))
    erasures = cached_property(lambda self: Erasures(self._connection))
    overdue = cached_property(lambda self: Overdue(self._connection))
    everybody = cached_property(lambda self: Everybody(self._connection))

    def finish(self) -> None:
        """What is written once, at the end of the transaction."""
        used = vars(self)
        if not used.keys().isdisjoint(("delegations", "departures")):
            self._note_gone(self.delegations.over)
        if "log" in used:
            self.log.write()
        for table in ("reviews", "homes", "notices"):
            if table in used:
                used[table].mark_touched()

    def _note_gone(self, over: Mapping[tuple[str, str], datetime]) -> None:
        for each in self.departures.note_gone(over):
            if (each.team_id, each.slack_user_id) in over:  # others had nothing that could go
                self._log_gone(each)

    def _log_gone(self, departed: Departed) -> None:
        """How long it took from the word that somebody had left to the last right gone."""
        gone_at = departed.gone_at or departed.found_at
        self.log.note(
            Deed.LAST_GONE,
            team_id=departed.team_id,
            now=gone_at,
            subject_id=departed.reason,
            amount=max(int((gone_at - departed.found_at).total_seconds()), 0),
            grantor=departed.slack_user_id,
        )

    def next_wakes(self, dues: Sequence[Due[Any]]) -> Sequence[datetime | None]:
        """For each of these, the earliest moment at which a row that nobody has leased is due; None
        when nothing waits."""
        looking = _looking(tuple(each.next_wake() for each in dues))
        return tuple(execute(self._connection, looking).rows[0])

    def oldest(self, dues: Sequence[Due[Any]]) -> Sequence[datetime | None]:
        """For each of these, the earliest moment at which any row is due, whoever works on it; None
        when nothing waits."""
        looking = _looking(tuple(each.first_wake() for each in dues))
        return tuple(execute(self._connection, looking).rows[0])


@prepared
def _looking(earliest: tuple[Select[tuple[datetime]], ...]) -> Select[Any]:
    return select(*(each.scalar_subquery() for each in earliest))
