"""Delegations in SQL."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Insert,
    Integer,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.store.cards import Cards
from bot.store.connections import Connections
from bot.store.deputies import Deputies
from bot.store.due import AT_NOW, Due
from bot.store.executing import Asked, execute, prepared
from bot.store.homes import Homes
from bot.store.log import Log
from bot.store.needs import Needs
from bot.store.notices import Notices
from bot.store.reviews import Reviews
from bot.store.rows import batched, by_id, filled, many, one
from bot.store.standing import is_for_pair
from bot.store.whose import GRANTEE, GRANTOR, IS_HELD, IS_OPEN, REQUESTER, open_of
from models.base import UtcTime
from models.connection import checkpoints
from models.delegation import (
    WAITS_FOR_GRANTOR,
    Delegation,
    Event,
    State,
    Trouble,
    default_wake,
    delegations,
    next_state,
)
from models.event import EventRecord, events
from models.review import is_reviewed
from models.rows import altered, changed_columns, to_row
from models.standing import StandingApproval

_columns = delegations.c
_RETRIED = _columns.state.in_((State.APPROVED, State.ENDING))
ASKERS = 7_365_466  # any constant: the space of the locks by which askers are counted
ONE_MORE = _columns.version + 1
SERVED_STATES = (State.APPROVED, State.ACTIVE, State.ENDING)


@prepared
def _having(column: Column[Any]) -> Select[Any]:
    """Those that share ``what`` stands in this column."""
    return select(delegations).where(column == bindparam("what"))


def over_by(
    now: datetime | ColumnElement[datetime],
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """:meth:`models.delegation.Delegation.is_over`, asked of the rows: the two ways to be so, each
    found by an index."""
    has_run_out = and_(IS_HELD, _columns.state == State.ACTIVE, _columns.ends_at <= now)
    return and_(IS_HELD, _columns.state == State.ENDING), has_run_out


_SHARED = or_(*over_by(AT_NOW))  # what is over can share a call to Close


def _is_same(claimed: Delegation, current: Delegation | None) -> bool:
    """Whether a row has not changed since it was claimed."""
    now = None if current is None else (current.state, current.version)
    return now == (claimed.state, claimed.version)


class Around(NamedTuple):
    """What there is already where somebody asks for something: their unanswered requests, those of
    them to one person, and all that they asked this person, or gave them, lately; and whether the
    pair has something open, and a standing approval that was not ended."""

    open_in_all: int
    open_for_one: int
    lately_for_one: int
    is_pair_open: bool
    has_standing: bool


class PairTaken(Exception):
    """This grantor and grantee have an open delegation already."""


class Delegations:
    """Reads rows, and changes them only together with their entry in the log and their cards."""

    def __init__(
        self,
        connection: Connection,
        cards: Cards,
        homes: Homes,
        connections: Connections,
        notices: Notices,
        log: Log,
        *,
        needs: Needs,
        reviews: Reviews,
    ) -> None:
        self._connection = connection
        self._log = log
        self._cards = cards
        self._homes = homes
        self._connections = connections
        self._notices = notices
        self._needs = needs
        self._reviews = reviews
        self.deputies = Deputies(connection, homes, notices, log)
        self.over: dict[tuple[str, str], datetime] = {}  # of whom something has closed, and when
        self.due = Due(
            connection,
            delegations,
            Delegation,
            then_by=(_columns.team_id, _columns.grantor_id),  # they can share a call to Close
            shared=_SHARED,
            retried=_RETRIED,
        )

    def get(self, delegation_id: str, *, lock: bool = False) -> Delegation | None:
        """One delegation; with ``lock`` nobody else can change it in this transaction's time."""
        return by_id(self._connection, Delegation, delegations, delegation_id, lock=lock)

    def lock_all(self, delegation_ids: Iterable[str]) -> Sequence[Delegation]:
        """These under lock: always in the same order, so that no two transactions wait for each
        other's rows."""
        ids = sorted(delegation_ids)
        return [
            each
            for some in batched(ids)
            for each in many(self._connection, Delegation, _all_locked(), of_these=some)
        ]

    def open_for_pair(self, team_id: str, grantor_id: str, grantee_id: str) -> Delegation | None:
        """The open delegation of this pair; there is at most one (a partial unique index)."""
        pair = {"of_team": team_id, "from_grantor": grantor_id, "to_grantee": grantee_id}
        return one(self._connection, Delegation, _open_for_pair(), **pair)

    def open_for_person(self, team_id: str, person_id: str) -> Sequence[Delegation]:
        """Everything open in which this person is grantor, grantee or requester, oldest first."""
        found = open_of(team_id, person_id, GRANTOR, GRANTEE, REQUESTER)
        statement = select(found).order_by(found.c.requested_at, found.c.id)
        return many(self._connection, Delegation, statement)

    def open_after(self, pair: tuple[str, str, str] | None, *, limit: int) -> Sequence[Delegation]:
        """The next that are open, in the order of their workspace, grantor and grantee: those
        after ``pair``, or the first."""
        order = (_columns.team_id, _columns.grantor_id, _columns.grantee_id)
        statement = select(delegations).where(IS_OPEN).order_by(*order).limit(limit)
        if pair is not None:
            statement = statement.where(tuple_(*order) > pair)
        return many(self._connection, Delegation, statement)

    def lock_open(self, team_id: str, person_id: str) -> Sequence[Delegation]:
        """All that under lock, in the order in which :meth:`lock_all` has them."""
        whose = {"of_team": team_id, "of_person": person_id}
        return many(self._connection, Delegation, _all_open_locked(), **whose)

    def every_open_id(self) -> Sequence[str]:
        """The ids of all that is open, whoever has a part in it."""
        return list(self._connection.execute(select(_columns.id).where(IS_OPEN)).scalars())

    def of_bundle(self, bundle_id: str) -> Sequence[Delegation]:
        """All that were asked or granted with one wish, oldest first."""
        return self._together(_columns.bundle_id, bundle_id)

    def ended_together(self, ended_with: str) -> Sequence[Delegation]:
        """All that ended together, oldest first."""
        return self._together(_columns.ended_with, ended_with)

    def _together(self, column: Column[Any], what: str) -> Sequence[Delegation]:
        found = many(self._connection, Delegation, _having(column), what=what)
        return sorted(found, key=lambda each: (each.requested_at, each.id))

    def add(
        self,
        delegation: Delegation,
        *,
        event: Event,
        actor: str,
        audit_channel: str | None = None,
    ) -> Delegation:
        """Store a new delegation; raises PairTaken when the pair is already open."""
        began = delegation.requested_at
        self._log.record([(None, delegation)], event, now=began, actor=actor)
        if delegation.agreed_at is not None:
            same = [(delegation, delegation)]
            self._log.record(same, Event.AGREE, now=began, actor=delegation.grantor_id)
        if delegation.standing_id is not None:
            same = [(delegation, delegation)]
            self._log.record(same, Event.APPROVE, now=began, actor=delegation.grantor_id)
        row = Asked(_adding(), *filled([to_row(delegation)]))
        cards = self._cards.opening(delegation, audit_channel=audit_channel, now=began)
        try:
            self._log.write_after(row, *cards)
        except IntegrityError as error:
            raise PairTaken from error
        if delegation.standing_id is not None:
            self._needs.used([delegation.standing_id], now=began)
        self._touch_homes(delegation, began)
        self._tell_watch([(None, delegation)], began)
        return delegation

    def apply(
        self,
        delegation: Delegation,
        event: Event,
        *,
        now: datetime,
        actor: str | None = None,
        **changes: Any,
    ) -> Delegation:
        """Move a delegation on: the new row, its entry in the log and its stale cards in one step.

        Raises :class:`models.delegation.ImpossibleTransition`. A trouble of before is over unless
        ``changes`` names one.
        """
        return self.apply_all([(delegation, changes)], event, now=now, actor=actor)[0]

    def apply_all(
        self,
        wanted: Sequence[tuple[Delegation, Mapping[str, Any]]],
        event: Event,
        *,
        now: datetime,
        actor: str | None = None,
    ) -> Sequence[Delegation]:
        """The same for many, each with its own changes, with few statements however many they
        are: those whose rows change alike are written by one."""
        if not wanted:
            return []
        moved = [_moved(before, event, changes, now) for before, changes in wanted]
        befores = [before for before, _ in wanted]
        changed = list(zip(befores, moved, strict=True))
        self._write_all(changed)
        self._log.record(changed, event, now=now, actor=actor)
        if event is Event.ASK_EXTENSION:
            for each in moved:
                self.deputies.look_after(each.team_id, each.grantor_id, now=now)
        self._tell_reviews(befores, moved, now)
        approved_by = (changes.get("standing_id") for _, changes in wanted)
        self._needs.used((each for each in approved_by if each is not None), now=now)
        self._show(moved, now)
        self._tell_watch(changed, now)
        for each in moved:
            self._tell_together(each, event, now)
        return moved

    def leave_bundle(self, delegation: Delegation) -> None:
        """Nothing else came of the wish: it is one alone, and its card is as always."""
        self._note(delegation, bundle_id=None)

    def postpone(
        self,
        delegation: Delegation,
        *,
        wake_at: datetime,
        trouble: Trouble | None,
        now: datetime,
        counts: bool = True,
        remind_at: datetime | None = None,
    ) -> Delegation:
        """Try again at ``wake_at``. Its readers hear of a trouble once, not at every attempt.

        ``counts`` is whether this was an attempt, so that the next pause is longer; ``remind_at``
        is when somebody is reminded, where that is new.
        """
        changed = trouble is not delegation.trouble
        moved = replace(
            delegation,
            wake_at=wake_at,
            leased_until=None,
            trouble=trouble,
            attempts=delegation.attempts + counts,
            remind_at=remind_at or delegation.remind_at,
            version=delegation.version + changed,
        )
        self._write(delegation, moved)
        if changed:
            self._show([moved], now, is_logged=False)
        return moved

    def ask_second(
        self, delegation: Delegation, *, remind_at: datetime, now: datetime
    ) -> Delegation:
        """Whose second yes is needed is asked for it just now; when they are reminded."""
        wake_at = default_wake(replace(delegation, remind_at=remind_at), now) or remind_at
        return self.postpone(
            delegation, wake_at=wake_at, trouble=None, now=now, counts=False, remind_at=remind_at
        )

    def note_checked(self, delegation: Delegation, *, now: datetime) -> None:
        """Slack has said that both may take part; what changed since the claim is asked anew."""
        checked = replace(delegation, is_unchecked=False)
        changed = self._connection.execute(
            update(delegations)
            .where(_columns.id == delegation.id, _columns.version == delegation.version)
            .values(
                is_unchecked=False,
                attempts=0,
                leased_until=None,
                wake_at=default_wake(checked, now),
            )
        )
        if changed.rowcount == 0:
            self.due.free(delegation.id)

    def forget_attempt(self, before: Delegation, attempt: Delegation) -> Delegation | None:
        """As it was before an attempt that had no effect; None when there was another since, or
        when something was found that counts as its effect: that is still to be taken back."""
        current = self.get(attempt.id, lock=True)
        if current is None or current.attempted_at != attempt.attempted_at:
            return None
        if current.association_id is not None:
            return None
        return self._note(
            current,
            attempted_at=before.attempted_at,
            is_unclear=before.is_unclear,
            arrives_until=before.arrives_until,
        )

    def note_answer(self, delegation: Delegation, association_id: str) -> None:
        """Close answered a create only after its end: now it is known what there may be to end."""
        self._note(delegation, association_id=association_id)

    def doubt(self, delegation: Delegation, surplus_id: str, *, now: datetime) -> None:
        """There is a second association of this one: it is taken away at once, by its id."""
        self._note(
            delegation, is_unclear=True, surplus_id=surplus_id, arrives_until=now, wake_at=now
        )

    def settle(self, delegation: Delegation, *, now: datetime) -> None:
        """Nothing but the known association is there, and nothing is on its way any more."""
        wake_at = default_wake(replace(delegation, is_unclear=False), now)
        self._note(
            delegation,
            is_unclear=False,
            surplus_id=None,
            arrives_until=None,
            leased_until=None,
            wake_at=wake_at,
        )

    def note_withdrawal(
        self, ending: Sequence[Delegation], *, until: datetime | None
    ) -> Sequence[str]:
        """Remember until when a request to withdraw these, which names people, may arrive at Close;
        None when none is on its way. The ids of those that have not changed meanwhile."""
        present = {each.id: each for each in self.lock_all(each.id for each in ending)}
        noted = [each.id for each in ending if _is_same(each, present.get(each.id))]
        for few in batched(noted):
            self._connection.execute(
                update(delegations).where(_columns.id.in_(few)).values(arrives_until=until)
            )
        return noted

    def arrives_until(self, delegation: Delegation, grantee_close_id: str) -> datetime | None:
        """Until when something that was asked for an earlier delegation of these two people in
        Close may still arrive there; None when nothing is on its way."""
        pair = {"of_team": delegation.team_id, "from_grantor": delegation.grantor_id}
        asked = {**pair, "to_account": grantee_close_id, "but": delegation.id}
        moment: datetime | None = execute(self._connection, _arrives_until(), asked).scalar
        return moment

    def ended_ids(self, delegation: Delegation, association_ids: Sequence[str]) -> Sequence[str]:
        """Those of these associations that an ended delegation of this grantor had."""
        statement = select(_columns.association_id).where(
            _columns.team_id == delegation.team_id,
            _columns.grantor_id == delegation.grantor_id,
            _columns.state == State.ENDED,
            _columns.association_id.in_(association_ids),
        )
        return list(self._connection.execute(statement).scalars())

    def note_grantee(
        self,
        delegation: Delegation,
        *,
        account: str | None,
        close_id: str | None,
        is_proven: bool,
        trouble: Trouble | None,
        now: datetime,
    ) -> Delegation:
        """Note which Close account a request is about, or why that is not known; show it."""
        moved = replace(
            delegation,
            grantee_account=account,
            grantee_close_id=close_id,
            is_grantee_proven=is_proven,
            grantee_trouble=trouble,
            identified_at=now,
            leased_until=None,
            version=delegation.version + 1,
        )
        moved = replace(moved, wake_at=default_wake(moved, now))
        self._write(delegation, moved)
        if moved.waits_for_grantor:  # by now it can be shown to their deputy, too
            self.deputies.look_after(moved.team_id, moved.grantor_id, now=now)
        self._show([moved], now, is_logged=False)
        return moved

    def share(self, delegation: Delegation, deputy_id: str | None, *, now: datetime) -> None:
        """This deputy of the grantor's has a card about it, too; None: nobody else has."""
        moved = self._note(delegation, shared_with=deputy_id)
        self._show([moved], now, is_logged=False)
        if delegation.shared_with is not None:
            self._homes.touch(moved.team_id, delegation.shared_with, now=now)

    def served_by(self, team_id: str, grantor_id: str) -> Sequence[Delegation]:
        """Everything that needs this grantor's connection now or later, oldest first."""
        statement = (
            select(delegations)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                IS_OPEN,
                _columns.state.in_(SERVED_STATES),
            )
            .order_by(_columns.requested_at, _columns.id)
        )
        return many(self._connection, Delegation, statement)

    def approved_with(self, team_id: str, person_id: str) -> Sequence[Delegation]:
        """What was agreed to and has not begun, and in which this person takes part."""
        found = open_of(team_id, person_id, GRANTOR, GRANTEE)
        is_approved = found.c.state == State.APPROVED
        statement = select(found).where(is_approved).order_by(found.c.id)
        return many(self._connection, Delegation, statement)

    def not_begun_under(self, standing: StandingApproval) -> Sequence[Delegation]:
        """What this standing approval has approved and Close does not hold yet, under lock."""
        return self._locked(
            _columns.team_id == standing.team_id,
            _columns.grantor_id == standing.grantor_id,
            _columns.grantee_id == standing.grantee_id,
            _columns.standing_id == standing.id,
            IS_OPEN,
            _columns.state == State.APPROVED,
        )

    def running(self, team_id: str, grantor_id: str) -> Sequence[Delegation]:
        """Everything approved or active that lends this person's name, under lock."""
        return self._served(team_id, grantor_id, State.APPROVED, State.ACTIVE)

    def ending(self, team_id: str, grantor_id: str) -> Sequence[Delegation]:
        """Everything over that still lends this person's name as far as Close has confirmed."""
        return many(
            self._connection, Delegation, _ending(), of_team=team_id, from_grantor=grantor_id
        )

    def _served(self, team_id: str, grantor_id: str, *states: State) -> Sequence[Delegation]:
        wanted = {"of_team": team_id, "from_grantor": grantor_id, "in_states": states}
        return many(self._connection, Delegation, _serving(), **wanted)

    def bring_under(self, delegation: Delegation, standing: StandingApproval) -> None:
        """Another standing approval covers it now."""
        self._connection.execute(
            update(delegations).where(_columns.id == delegation.id).values(standing_id=standing.id)
        )

    def end_with_connection(
        self, team_id: str, grantor_id: str, *, now: datetime, only_attempted: bool = False
    ) -> Sequence[Delegation]:
        """End what depends on a connection that is being given up; the rows as they are then, with
        what was ending before. What Close was never asked for is cancelled, for nothing has to be
        taken back there.

        With ``only_attempted`` only what Close may know about.
        """
        changes = {"end_event": Event.DISCONNECT, "closed_by": grantor_id, "ended_at": now}
        before, cancelled, ending = [], [], []
        for each in self._served(team_id, grantor_id, *SERVED_STATES):
            if each.state is State.ENDING:
                before.append(each)
            elif each.state is State.ACTIVE or each.attempted_at is not None:
                ending.append((each, changes))
            elif not only_attempted:
                cancelled.append((each, changes))
        return [
            *before,
            *self.apply_all(ending, Event.DISCONNECT, now=now, actor=grantor_id),
            *self.apply_all(cancelled, Event.CANCEL, now=now, actor=grantor_id),
        ]

    def last_change(self) -> datetime | None:
        """When anything happened to any of them last, a restore left out."""
        is_own = func.coalesce(events.c.trouble, "") != Trouble.RESTORED
        statement = select(func.max(events.c.at)).where(is_own, events.c.event.is_not(None))
        moment: datetime | None = self._connection.execute(statement).scalar()
        return moment

    def teams(self) -> Sequence[str]:
        """The workspaces that any of them is of."""
        return list(self._connection.execute(select(_columns.team_id).distinct()).scalars())

    def call_off(self, *, now: datetime) -> Sequence[Delegation]:
        """Begin nothing that was agreed to: nobody knows any more whether Close has it, or had."""
        waiting = self._locked(_columns.state == State.APPROVED)
        changes = {"trouble": Trouble.RESTORED, "ended_at": now, "leased_until": None}
        return self.apply_all([(each, changes) for each in waiting], Event.FAIL, now=now)

    def forget_guesses(self) -> None:
        """What Close was asked for and had not answered has long arrived, and may have been ended:
        nothing that is found there now is taken for the effect of that. An id that Close did answer
        is no guess."""
        is_guess = or_(
            _columns.is_unclear,
            and_(_columns.attempted_at.is_not(None), _columns.association_id.is_(None)),
        )
        unseen = case((_columns.association_id.is_(None), None), else_=_columns.attempted_at)
        self._connection.execute(
            update(delegations)
            .where(
                is_guess,
                _columns.surplus_id.is_(None),
                _columns.state.in_((State.ACTIVE, State.ENDING, State.ENDED)),
            )
            .values(is_unclear=False, arrives_until=None, attempted_at=unseen, version=ONE_MORE)
        )

    def around(self, wished: Delegation, other_id: str, *, since: datetime) -> Around:
        """What is known of a wish before it is stored, by one question; ``other_id`` is whom the
        requester asks, or gives something to.

        On PostgreSQL the requester's next transaction waits for this one, so that none is missed.
        """
        team_id, asker = wished.team_id, wished.requester_id
        if self._connection.dialect.name == "postgresql":
            execute(self._connection, _in_turn(), {"whose": f"{team_id}:{asker}"})
        pair = {"from_grantor": wished.grantor_id, "to_grantee": wished.grantee_id}
        who = {"of_team": team_id, "asker": asker, "other": other_id, "since": since, **pair}
        return Around(*execute(self._connection, _around(), who).rows[0])

    def count_events(self, delegation_id: str, event: Event, *, since: datetime) -> int:
        """How often this happened to the delegation since then."""
        self._log.write()
        columns = events.c
        statement = select(func.count(columns.id)).where(
            columns.delegation_id == delegation_id, columns.event == event, columns.at > since
        )
        return int(self._connection.execute(statement).scalar_one())

    def late(self, *, now: datetime) -> tuple[int, datetime | None]:
        """How many are past their end, and Close has not confirmed that they are gone; and when the
        first of them ended."""
        found, since = 0, []
        for condition in over_by(now):
            ends = (func.min(_columns.ended_at), func.min(_columns.ends_at))
            statement = select(func.count(_columns.id), *ends).where(condition)
            number, *moments = self._connection.execute(statement).one()
            found += number
            since += [moment for moment in moments if moment is not None]
        return found, min(since, default=None)

    def is_any_over(self, *, now: datetime) -> bool:
        """Whether one is due because its end has come."""
        return bool(execute(self._connection, _any_over(), {"at_now": now}).rows)

    def wake_for_person(self, team_id: str, person_id: str, *, now: datetime) -> None:
        """Let everything that waits for this person's connection go on at once."""
        self._update_open(team_id, person_id, State.APPROVED, State.ENDING, wake_at=now, attempts=0)

    def identify_anew(self, team_id: str, person_id: str, *, at: datetime) -> None:
        """Have the accounts looked up again for the requests in which this person takes part."""
        self._update_open(
            team_id,
            person_id,
            State.REQUESTED,
            wake_at=at,
            identified_at=None,
            version=ONE_MORE,
        )

    def _update_open(self, team_id: str, person_id: str, *states: State, **values: Any) -> None:
        """What somebody gives or has, in these states."""
        for part in (GRANTOR, GRANTEE):
            self._connection.execute(
                update(delegations)
                .where(
                    _columns.team_id == team_id,
                    part == person_id,
                    IS_OPEN,
                    _columns.state.in_(states),
                )
                .values(values)
            )

    def history(self, delegation_id: str) -> Sequence[EventRecord]:
        """What happened to one delegation, oldest first."""
        return self._log.history(delegation_id)

    def _note(self, delegation: Delegation, **changes: Any) -> Delegation:
        """Change what nobody is shown; whoever has an older copy finds that it is old."""
        moved = replace(delegation, version=delegation.version + 1, **changes)
        self._write(delegation, moved)
        return moved

    def _show(self, moved: Sequence[Delegation], now: datetime, *, is_logged: bool = True) -> None:
        """Have every place that shows these show them anew."""
        passing = [each.id for each in moved if each.is_passing(now)]
        lasting = [each.id for each in moved if not each.is_passing(now)]
        self._cards.mark_stale(*passing, now=now, is_passing=True, is_logged=is_logged)
        self._cards.mark_stale(*lasting, now=now, is_logged=is_logged)
        for each in moved:
            self._touch_homes(each, now)
        shared = {each.bundle_id for each in moved} | {each.ended_with for each in moved}
        has_others = (each.id for each in moved if each.second or each.shared_with)
        shared |= set(has_others)
        if together := [each for each in shared if each is not None]:
            self._notices.mark_stale(*together, now=now)

    def _tell_together(self, moved: Delegation, event: Event, now: datetime) -> None:
        """What needs somebody, or came to nothing, and was wished or ended together with others,
        is told in their one message (bot/cards/milestones.py leaves it out)."""
        reminder = moved.reminders if event is Event.REMIND else 0
        if reminder and moved.ended_with is not None:
            whose = (moved.team_id, moved.grantor_id)
            self._notices.tell_ends(*whose, moved.ended_with, now=now, reminder=reminder)
        elif moved.bundle_id is not None and _is_told_by_bundle(moved, event):
            self._notices.tell_bundle(
                moved.team_id,
                moved.requester_id,
                moved.bundle_id,
                now=now,
                incident=f"{event}:{moved.id if event is Event.CANCEL else reminder}",
            )

    def _tell_reviews(
        self, befores: Sequence[Delegation], moved: Sequence[Delegation], now: datetime
    ) -> None:
        """What a grantor may be asked about is over, or has another end."""
        for before, after in zip(befores, moved, strict=True):
            is_same = (before.state, before.ends_at) == (after.state, after.ends_at)
            if is_reviewed(before) and not is_same:
                self._reviews.touch(after.team_id, after.grantor_id, now=now)

    def _tell_watch(
        self, changed: Sequence[tuple[Delegation | None, Delegation]], now: datetime
    ) -> None:
        """The grantor's connection has to work at certain moments of a delegation's life, which it
        is told of once; who waits for a delegation to end hears when it did."""
        due: defaultdict[datetime, set[tuple[str, str]]] = defaultdict(set)
        moved = [after for _, after in changed]
        for before, d in changed:
            moments = checkpoints(d)
            if moments and (before is None or moments != checkpoints(before)):
                due[min(moments)].add((d.team_id, d.grantor_id))
        for moment, grantors in sorted(due.items()):
            self._connections.look_at_all(grantors, moment=moment)
        over = [d for d in moved if d.state in (State.ENDING, State.ENDED)]
        if over:
            grantors = {(d.team_id, d.grantor_id) for d in over}
            self._connections.look_at_all(grantors, moment=now, only_troubled=True)
        closed = [d for d in moved if not d.is_open]
        if closed:
            self._notices.mark_stale(*(d.id for d in closed), now=now)
        for d in closed:
            self.over |= dict.fromkeys(((d.team_id, d.grantor_id), (d.team_id, d.grantee_id)), now)
        for d in moved:
            if d.state is State.ENDED:
                self._notices.overdue_changed(d.team_id, now=now)

    def _locked(self, *conditions: ColumnElement[bool]) -> Sequence[Delegation]:
        return many(self._connection, Delegation, _locking(*conditions))

    def _touch_homes(self, delegation: Delegation, now: datetime) -> None:
        people = [delegation.grantor_id, delegation.grantee_id, delegation.requester_id]
        if delegation.shared_with is not None:
            people.append(delegation.shared_with)
        self._homes.touch(delegation.team_id, *people, now=now)

    def _write(self, before: Delegation, after: Delegation) -> None:
        self._write_all([(before, after)])

    def _write_all(self, moved: Sequence[tuple[Delegation, Delegation]]) -> None:
        """Those of which the same is written share a statement, and what is the same needs none."""
        alike: defaultdict[tuple[tuple[str, Any], ...], list[str]] = defaultdict(list)
        for before, after in moved:
            if changed := _changed(before, after):
                alike[changed].append(after.id)
        for changed, ids in alike.items():
            for some in batched(ids):
                new = {f"new_{name}": value for name, value in changed}
                statement = _writing(tuple(name for name, _ in changed))
                execute(self._connection, statement, {"of_these": some, **new})


def _locking(*conditions: ColumnElement[bool]) -> Select[Any]:
    found = select(delegations).where(*conditions).order_by(_columns.id)
    return found.with_for_update(key_share=True)


@prepared
def _adding() -> Insert:
    return insert(delegations)


@prepared
def _any_over() -> CompoundSelect[Any]:
    now = bindparam("at_now", type_=UtcTime)
    is_due = _columns.wake_at <= now
    ways = [select(_columns.id).where(is_due, each).limit(1) for each in over_by(now)]
    return union_all(*(select(each.subquery()) for each in ways))


@prepared
def _all_locked() -> Select[Any]:
    return _locking(_columns.id.in_(bindparam("of_these", expanding=True)))


@prepared
def _all_open_locked() -> Select[Any]:
    whose = bindparam("of_team", type_=String), bindparam("of_person", type_=String)
    found = open_of(*whose, GRANTOR, GRANTEE, REQUESTER)
    return _locking(_columns.id.in_(select(found.c.id)))


@prepared
def _serving() -> Select[Any]:
    return _locking(
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("from_grantor"),
        IS_OPEN,
        _columns.state.in_(bindparam("in_states", expanding=True)),
    )


@prepared
def _ending() -> Select[Any]:
    return select(delegations).where(
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("from_grantor"),
        IS_OPEN,
        _columns.state == State.ENDING,
    )


@prepared
def _arrives_until() -> Select[Any]:
    return select(func.max(_columns.arrives_until)).where(
        _columns.arrives_until.is_not(None),
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("from_grantor"),
        _columns.grantee_close_id == bindparam("to_account"),
        _columns.id != bindparam("but"),
    )


@prepared
def _open_for_pair() -> Select[Any]:
    return select(delegations).where(*_is_pair())


def _is_pair() -> Sequence[ColumnElement[bool]]:
    return (
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("from_grantor"),
        _columns.grantee_id == bindparam("to_grantee"),
        IS_OPEN,
    )


@prepared
def _in_turn() -> Select[Any]:
    whose = func.hashtext(bindparam("whose", type_=String))
    return select(func.pg_advisory_xact_lock(ASKERS, whose))


@prepared
def _around() -> Select[Any]:
    """How many there are of each, and whether there is any."""
    other = bindparam("other", type_=_columns.grantor_id.type)
    own = (
        _columns.team_id == bindparam("of_team"),
        _columns.requester_id == bindparam("asker"),
    )
    waits = (*own, IS_OPEN, _columns.state == State.REQUESTED)
    reached = or_(_columns.grantor_id == other, _columns.grantee_id == other)
    wanted = (
        waits,
        (*waits, _columns.grantor_id == other),
        (*own, reached, _columns.requested_at > bindparam("since")),
    )
    counts = (select(func.count(_columns.id)).where(*each).scalar_subquery() for each in wanted)
    is_pair_open = exists().where(*_is_pair())
    return select(*counts, is_pair_open, exists().where(*is_for_pair()))


@prepared
def _writing(changed: tuple[str, ...]) -> Update:
    """Writes these columns of some rows; their versions grow by ``new_version``."""
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed}
    if "version" in new:
        new["version"] = _columns.version + bindparam("new_version", type_=Integer)
    is_of_these = _columns.id.in_(bindparam("of_these", expanding=True))
    return update(delegations).where(is_of_these).values(new)


def _is_told_by_bundle(moved: Delegation, event: Event) -> bool:
    if event is Event.LAPSE:
        return True
    if event is Event.CANCEL:  # it had not begun, so that no card would say that somebody has left
        return moved.is_granted_in_bundle and moved.end_event in (Event.RELEASE, Event.OFFBOARD)
    is_theirs = moved.state is State.FAILED or moved.trouble in WAITS_FOR_GRANTOR
    return event in (Event.FAIL, Event.REMIND) and moved.is_granted_in_bundle and is_theirs


def _moved(
    delegation: Delegation, event: Event, changes: Mapping[str, Any], now: datetime
) -> Delegation:
    same = {"trouble": None, "attempts": 0, "version": delegation.version + 1}
    state = {"state": next_state(delegation.state, event)}
    due = {"wake_at": now}  # as most are
    moved = altered(delegation, {**same, **due, **changes, **state})
    wake_at = moved.wake_at if "wake_at" in changes else default_wake(moved, now)
    return moved if wake_at == moved.wake_at else altered(moved, {"wake_at": wake_at})


def _changed(before: Delegation, after: Delegation) -> tuple[tuple[str, Any], ...]:
    """The columns that change, with what is written to each; of the version, by how much."""
    columns = changed_columns(before, after)
    if "version" in columns:
        columns["version"] -= before.version
    return tuple(columns.items())
