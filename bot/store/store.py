"""What one transaction can do; made anew for each by :class:`bot.store.database.Database`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from bot.store.cards import Cards
from bot.store.chores import Chores
from bot.store.comparisons import Comparisons
from bot.store.connections import Connections, ConnectStates
from bot.store.delegations import Delegations
from bot.store.departures import Departures
from bot.store.drafts import Drafts
from bot.store.due import Due
from bot.store.erasures import Erasures
from bot.store.everybody import Everybody
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
from bot.store.rows import prepared
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
        self._connection = connection
        self.log = Log(connection)
        self.cards = Cards(connection)
        self.homes = Homes(connection)
        self.overviews = Overviews(connection)
        self.notices = Notices(connection)
        self.connections = Connections(connection, self.homes, self.notices, self.log)
        self.pairings = Pairings(connection, self.notices, self.log)
        self.needs = Needs(connection)
        self.reviews = Reviews(connection, self.needs, self.homes, self.notices)
        self.delegations = Delegations(
            connection,
            self.cards,
            self.homes,
            self.connections,
            self.notices,
            self.log,
            needs=self.needs,
            reviews=self.reviews,
        )
        self.connect_states = ConnectStates(connection)
        self.key_tries = KeyTries(connection)
        self.revocations = Revocations(connection)
        self.standing = StandingApprovals(
            connection, self.homes, self.log, self.needs, self.reviews
        )
        self.drafts = Drafts(connection)
        self.comparisons = Comparisons(connection)
        self.receipts = Receipts(connection, self.cards, self.notices)
        self.strays = Strays(connection, self.log)
        self.departures = Departures(connection)
        self.rounds = Rounds(connection)
        self.rules = HeldRules(connection)
        self.chores = Chores(connection)
        self.seals = Seals(connection)
        self.ledger = Ledger(connection)
        self.erasures = Erasures(connection)
        self.overdue = Overdue(connection)
        self.everybody = Everybody(connection)
        self.seen_requests = SeenRequests(connection)

    def finish(self) -> None:
        """What is written once, at the end of the transaction."""
        over = self.delegations.over
        for each in self.departures.note_gone(over):
            if (each.team_id, each.slack_user_id) in over:  # others had nothing that could go
                self._log_gone(each)
        self.reviews.mark_touched()
        self.homes.mark_touched()
        self.notices.mark_touched()

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
        return tuple(self._connection.execute(looking).one())

    def oldest(self, dues: Sequence[Due[Any]]) -> Sequence[datetime | None]:
        """For each of these, the earliest moment at which any row is due, whoever works on it; None
        when nothing waits."""
        looking = _looking(tuple(each.first_wake() for each in dues))
        return tuple(self._connection.execute(looking).one())


@prepared
def _looking(earliest: tuple[Select[tuple[datetime]], ...]) -> Select[Any]:
    return select(*(each.scalar_subquery() for each in earliest))
