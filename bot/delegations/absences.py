"""Somebody is away by their Slack status: they are asked who covers for them, once an absence.

What an event says is no more than a hint: it can come twice, late, or never. The clock asks Slack
what the status is, and decides by that alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.clock.backoff import pause_after
from bot.delegations import covers
from bot.delegations.covers import Answered, Plan, Planned
from bot.delegations.people.departures import come_back
from bot.delegations.tools import Tools
from bot.desk import Actor, Desk, change
from bot.refusals import NotYours, OfferOver, Refused
from bot.store import Store
from models.absence import LEAST, Absence, Offer, judged
from models.notice import NoticeKind
from models.person import Person
from models.policy import Refusal, who_refusal

AGAIN = timedelta(hours=1)  # as long as they are asked: an event may have been lost

_log = structlog.get_logger("bot.delegations.absences")


async def heard(desk: Desk, team_id: str, person: Person) -> None:
    """Somebody who may take part has another status, or name, or anything else: most of it changes
    nothing here, and costs one question."""
    is_away = desk.policy.away.away_until(person, now=desk.now()) is not None
    found = await desk.database.read(
        lambda store: store.absences.heard_of(team_id, person.id, is_away=is_away)
    )
    if found.had_left:
        await come_back(desk, team_id, person.id)
    if found.matters:
        await _look_at(desk, team_id, person.id)


async def _look_at(desk: Desk, team_id: str, user_id: str) -> None:
    now = desk.now()
    await change(desk, lambda store: store.absences.look_at(team_id, user_id, now=now))


async def answer(
    desk: Desk, actor: Actor, absence_id: str, seen: str, *, coverer_id: str
) -> Planned:
    """The actor, who was asked, lets somebody cover until their status ends; ``seen`` is the mark
    of what they have read. Raises OfferOver, NotYours, Refused and ConfirmFirst."""
    absence = await desk.database.read(lambda store: _own(store, actor, absence_id))
    if absence.until is None:
        raise OfferOver
    if not coverer_id:
        raise Refused(Refusal.NOBODY_COVERS)
    plan = Plan([coverer_id], absence.until)
    planned = await covers.plan(desk, actor, plan, answered=Answered(absence_id, seen))
    problem = planned.outcomes[0].problem
    if problem is not None:
        raise problem
    return planned


async def be_quiet(desk: Desk, actor: Actor, absence_id: str) -> None:
    """The actor does not want to be asked. Raises OfferOver and NotYours."""

    def decline(store: Store) -> None:
        absence = _own(store, actor, absence_id, lock=True)
        offer = Offer.DECLINED if absence.is_open else absence.offer
        store.absences.write(replace(absence, is_quiet=True, offer=offer), now=desk.now())

    await change(desk, decline)


async def ask_again(desk: Desk, actor: Actor, _value: str = "") -> None:
    """The actor wants to be asked after all; who is away now is asked now."""

    def ask(store: Store) -> None:
        now = desk.now()
        there = store.absences.of(actor.team_id, actor.user_id)
        absence = store.absences.get(there.id, lock=True) if there is not None else None
        if absence is not None:
            store.absences.write(replace(absence, is_quiet=False, wake_at=now), now=now)

    await change(desk, ask)


def _own(store: Store, actor: Actor, absence_id: str, *, lock: bool = False) -> Absence:
    absence = store.absences.get(absence_id, lock=lock)
    if absence is None:
        raise OfferOver
    if (absence.team_id, absence.slack_user_id) != (actor.team_id, actor.user_id):
        raise NotYours
    return absence


@dataclass(frozen=True, slots=True)
class AbsenceStep:
    """The worker's step for one leased row of absences."""

    tools: Tools
    on_change: Callable[[], None]

    async def take(self, absence: Absence) -> None:
        """Ask Slack what the status is, and go by that."""
        person = await self.tools.directory.person(absence.slack_user_id, afresh=True)
        try:
            await self.tools.database.run(lambda store: _judge(self.tools, store, absence, person))
        finally:
            self.on_change()

    async def put_off(self, absence: Absence, error: Exception) -> None:
        """Try again when Slack may answer."""
        _log.warning("a status has to wait", person=absence.slack_user_id, error=str(error))
        attempts = absence.attempts + 1
        wake_at = self.tools.now() + pause_after(error, attempts)
        await self.tools.database.run(
            lambda store: store.absences.due.put_off(absence, wake_at=wake_at, attempts=attempts)
        )


def _judge(tools: Tools, store: Store, claimed: Absence, person: Person | None) -> None:
    now, before = tools.now(), store.absences.get(claimed.id, lock=True)
    if before is None:
        return
    if before.changes != claimed.changes:  # there is something newer than what Slack was asked for
        store.absences.due.put_off(claimed, wake_at=now)
        return
    may_be = person is not None and who_refusal(person, before.team_id) is None
    until = tools.policy.away.away_until(person, now=now) if person and may_be else None
    actor = Actor(before.team_id, before.slack_user_id)
    is_covered = until is not None and _is_covered(store, actor, until, now=now)
    after = judged(before, until, now=now, longest=tools.policy.max_duration, is_covered=is_covered)
    after = replace(after, wake_at=_next_look(after, tools))
    if replace(after, wake_at=before.wake_at) == before:
        store.absences.due.put_off(claimed, wake_at=after.wake_at, attempts=0)
        return
    store.absences.write(after, now=now)
    if after.is_open:  # once for each absence, however often this is said
        store.notices.tell(
            NoticeKind.AWAY,
            team_id=after.team_id,
            recipients=[after.slack_user_id],
            subject_id=after.id,
            incident=str(after.number),
            now=now,
        )


def _is_covered(store: Store, actor: Actor, until: datetime, *, now: datetime) -> bool:
    """Whether somebody covers in this time, for longer than a moment at its beginning or end."""
    there = covers.at_that_time(store, actor, now, until, now=now)
    return any(each.shared(now, until) >= min(LEAST, until - now) for each in there)


def _next_look(absence: Absence, tools: Tools) -> datetime | None:
    until = absence.until
    if until is None or absence.offer not in (Offer.OPEN, Offer.COVERED):
        return None
    return min(until, tools.now() + AGAIN) if absence.is_open else until
