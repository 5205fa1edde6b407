"""Who had which right on a day, as the log says it: from when until when Close held it, who allowed
it and why, and who ended it.

What Close was asked for counts from the moment of asking, and until it has confirmed the end.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.projections.pages import PAGE, paged
from bot.store import Database
from bot.store.ledger import Step, Stretch
from bot.store.seals import Line
from models.delegation import Event, State
from models.event import Deed

ALLOWING = (Event.GRANT, Event.APPROVE, Event.ADOPT)
STRAYS = (Deed.STRAY_FOUND, Deed.STRAY_ADOPTED, Deed.STRAY_REMOVED, Deed.STRAY_VANISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One stretch in which Close held a right. ``until`` is None while it does; ``ends_at`` is when
    it was to end. Who allowed one that was set up in Close itself is not known."""

    grantor: str | None
    grantee: str | None
    since: datetime
    until: datetime | None = None
    allowed_by: str | None = None
    allowed_at: datetime | None = None
    reason: str | None = None
    ends_at: datetime | None = None
    ended_by: str | None = None
    ended_how: Event | Deed | None = None
    association_id: str | None = None
    delegation_id: str | None = None

    def is_within(self, since: datetime, until: datetime) -> bool:
        """Whether Close held it at any moment of this stretch."""
        return self.since < until and (self.until is None or self.until >= since)


async def rights(database: Database, since: datetime, until: datetime) -> AsyncIterator[Right]:
    """All that Close held at any moment from ``since`` until before ``until``."""
    async for steps in _lives(database):
        for right in _held(steps):
            if right.is_within(since, until):
                yield right
    async for right in _strays(database):
        if right.is_within(since, until):
            yield right


async def _lives(database: Database) -> AsyncIterator[Sequence[Step]]:
    """The steps of one delegation after the other."""
    life: list[Step] = []
    async for step in paged(
        database,
        lambda store, after: store.ledger.steps(after=after, limit=PAGE),
        lambda each: (each.delegation_id, each.id),
        first=("", 0),
    ):
        if life and life[0].delegation_id != step.delegation_id:
            yield life
            life = []
        life.append(step)
    if life:
        yield life


def _held(steps: Sequence[Step]) -> Iterator[Right]:
    first = steps[0]
    right = Right(
        grantor=first.grantor,
        grantee=first.grantee,
        since=first.at,
        delegation_id=first.delegation_id,
    )
    is_held = False
    for step in steps:
        right = _after(right, step)
        begins = step.event in (Event.ACTIVATE, Event.ADOPT, Event.REAPPEAR)
        if step.event is Event.REAPPEAR or (step.event is Event.ADOPT and not is_held):
            right = replace(right, since=step.at, until=None)
        is_held = is_held or begins
        if is_held and step.state is State.ENDED:
            is_held, right = False, replace(right, until=step.at)
            yield right
    if is_held:
        yield right


def _after(right: Right, step: Step) -> Right:
    """With what one step says."""
    known = replace(
        right,
        ends_at=step.ends_at or right.ends_at,
        association_id=step.association_id or right.association_id,
    )
    if step.event in (Event.REQUEST, Event.GRANT, Event.CHANGE, Event.ADOPT):
        known = replace(known, reason=step.text or known.reason)
    if step.event in ALLOWING:
        known = replace(known, allowed_by=step.actor, allowed_at=step.at)
    if step.event is Event.ATTEMPT:
        known = replace(known, since=step.at)
    is_end = step.state in (State.ENDING, State.ENDED) and known.ended_how is None
    if is_end and step.event is not Event.ACTIVATE:
        known = replace(known, ended_by=step.actor, ended_how=step.event)
    return known


async def _strays(database: Database) -> AsyncIterator[Right]:
    """What was set up in Close itself, since it was found there."""
    found: dict[str | None, Right] = {}
    wanted = Stretch(deeds=STRAYS)
    async for line in paged(
        database,
        lambda store, after: store.ledger.entries(wanted, after=after, limit=PAGE),
        lambda each: each.entry.id,
        first=0,
    ):
        subject, deed = line.entry.subject_id, line.entry.deed
        if deed is Deed.STRAY_FOUND:
            found.setdefault(subject, _stray(line))
        elif subject in found:
            by = None if line.beside is None else line.beside.actor
            gone = replace(found.pop(subject), until=line.entry.at, ended_how=deed, ended_by=by)
            yield gone
    for right in found.values():
        yield right


def _stray(line: Line) -> Right:
    """Whom it is for may be known by an address alone."""
    right = Right(
        grantor=None,
        grantee=None,
        since=line.entry.at,
        association_id=line.entry.association_id,
    )
    if line.beside is None:
        return right
    return replace(
        right, grantor=line.beside.grantor, grantee=line.beside.grantee or line.beside.text
    )
