"""Pairings in SQL: Close accounts that wait for an admin's word."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.store.due import Due
from bot.store.log import Log
from bot.store.notices import Notices
from bot.store.rows import by_id, is_any, many
from models.event import Deed
from models.pairing import Pairing, Verdict, pairings
from models.rows import to_row

_columns = pairings.c


class Pairings:
    """Reads and changes pairing rows."""

    def __init__(self, connection: Connection, notices: Notices, log: Log) -> None:
        self._connection = connection
        self._notices = notices
        self._log = log
        self.due = Due(connection, pairings, Pairing, counts_claims=True)

    def get(self, pairing_id: str, *, lock: bool = False) -> Pairing | None:
        """One pairing; with ``lock`` nobody else can decide it in this transaction's time."""
        return by_id(self._connection, Pairing, pairings, pairing_id, lock=lock)

    def waiting_for(self, team_id: str, slack_user_id: str) -> Sequence[Pairing]:
        """What this person has waiting for an admin."""
        statement = (
            select(pairings)
            .where(
                _columns.team_id == team_id,
                _columns.slack_user_id == slack_user_id,
                _columns.verdict == Verdict.WAITING,
            )
            .with_for_update(key_share=True)
        )
        return many(self._connection, Pairing, statement)

    def unconfirmed(self, team_id: str, people: Iterable[str]) -> Sequence[Pairing]:
        """What these people have waiting for an admin, to be shown; nothing is locked."""
        statement = select(pairings).where(
            _columns.team_id == team_id,
            _columns.slack_user_id.in_(sorted(set(people))),
            _columns.verdict == Verdict.WAITING,
        )
        return many(self._connection, Pairing, statement)

    def waiting_with(self, team_id: str, close_user_id: str) -> Sequence[Pairing]:
        """What waits for an admin with this Close account, whoever connected it."""
        statement = (
            select(pairings)
            .where(
                _columns.team_id == team_id,
                _columns.close_user_id == close_user_id,
                _columns.verdict == Verdict.WAITING,
            )
            .order_by(_columns.id)
            .with_for_update(key_share=True)
        )
        return many(self._connection, Pairing, statement)

    def is_waiting_with(self, close_user_id: str) -> bool:
        """Whether this Close account waits for an admin, whoever connected it."""
        return is_any(
            self._connection,
            _columns.close_user_id == close_user_id,
            _columns.verdict == Verdict.WAITING,
        )

    def note_other(self, pairing_id: str, other_id: str) -> None:
        """Note who else is known by the account by now."""
        self._connection.execute(
            update(pairings).where(_columns.id == pairing_id).values(other_id=other_id)
        )

    def add(self, pairing: Pairing) -> None:
        """Store a new pairing."""
        self._connection.execute(insert(pairings).values(to_row(pairing)))
        self._note(Deed.PAIRING_ASKED, pairing, pairing.created_at, pairing.slack_user_id)

    def decide(self, pairing: Pairing, verdict: Verdict, *, by: str | None, now: datetime) -> None:
        """Store what became of it. Its tokens belong to a connection now, or to a revocation."""
        is_confirmed = verdict is Verdict.CONFIRMED
        deed = Deed.PAIRING_CONFIRMED if is_confirmed else Deed.PAIRING_REFUSED
        self._note(deed, pairing, now, by)
        self._notices.overdue_changed(pairing.team_id, now=now)
        self.forget(pairing.id)
        self._connection.execute(
            update(pairings).where(_columns.id == pairing.id).values(verdict=verdict, decided_by=by)
        )

    def _note(self, deed: Deed, pairing: Pairing, now: datetime, by: str | None) -> None:
        self._log.note(
            deed,
            team_id=pairing.team_id,
            now=now,
            subject_id=pairing.id,
            actor=by,
            grantor=pairing.slack_user_id,
            text=pairing.account.email,
        )

    def forget(self, pairing_id: str) -> None:
        """Drop the tokens, which are kept elsewhere."""
        self._connection.execute(
            update(pairings)
            .where(_columns.id == pairing_id)
            .values(secret=b"", wake_at=None, leased_until=None)
        )

    def with_tokens(self) -> Sequence[Pairing]:
        """Every pairing that holds tokens."""
        statement = select(pairings).where(_columns.wake_at.is_not(None))
        return many(self._connection, Pairing, statement)

    def reseal(self, pairing_id: str, *, secret: bytes, before: bytes) -> None:
        """Store the same tokens under another key, unless they are gone by now."""
        self._connection.execute(
            update(pairings)
            .where(_columns.id == pairing_id, _columns.secret == before)
            .values(secret=secret)
        )
