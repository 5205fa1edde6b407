"""The use cases: what a grantor decides about what goes on in their name after a right.

Each decides about all that one message lists, and only if that is what was read: ``seen`` is its
mark. Raises NotKnown, NotYours, AlreadyDecided and ListChanged.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.desk import Actor, Desk, change
from bot.refusals import AlreadyDecided, ListChanged, NotKnown, NotYours, Thing
from bot.store import Store
from models.aftermath import DECIDED, Aftermath, Course, Drafts
from models.event import Deed
from models.mark import mark_of_aftermaths

UNPAUSED = (Course.ASKING, Course.LEFT)


async def leave(desk: Desk, actor: Actor, together: str, seen: str) -> None:
    """It goes on; email that waits is sent."""

    def is_open(row: Aftermath) -> bool:
        return row.course is Course.ASKING

    await _decide(desk, actor, together, seen, Deed.AFTERMATH_LEFT, is_open, course=Course.LEFT)


async def pause(desk: Desk, actor: Actor, together: str, seen: str) -> None:
    """Whatever the grantees have put into sequences, or are still putting there, gets no more."""

    def is_open(row: Aftermath) -> bool:
        return row.course in UNPAUSED and row.running > 0

    await _decide(desk, actor, together, seen, Deed.AFTERMATH_PAUSE, is_open, course=Course.PAUSING)


async def to_drafts(desk: Desk, actor: Actor, together: str, seen: str) -> None:
    """Email that waits to be sent goes back to the drafts."""

    def is_open(row: Aftermath) -> bool:
        is_asked = row.course is Course.ASKING or row.course in DECIDED
        return is_asked and row.drafts is None and row.waiting > 0

    await _decide(desk, actor, together, seen, Deed.AFTERMATH_DRAFTS, is_open, drafts=Drafts.WANTED)


async def _decide(
    desk: Desk,
    actor: Actor,
    together: str,
    seen: str,
    deed: Deed,
    is_open: Callable[[Aftermath], bool],
    **changes: Any,
) -> None:
    now = desk.now()

    def decide(store: Store) -> None:
        rows = _own(store, actor, together)
        wanted = [each for each in rows if is_open(each)]
        if not wanted:
            raise AlreadyDecided
        if seen != mark_of_aftermaths(rows):
            raise ListChanged
        for each in wanted:
            _carry_out(store, each, deed, now, {"decided_by": actor.user_id, **changes})

    await change(desk, decide)


def _carry_out(
    store: Store, row: Aftermath, deed: Deed, now: datetime, decided: dict[str, Any]
) -> None:
    is_at_work = deed is not Deed.AFTERMATH_LEFT or row.is_at_work
    wake_at = now if is_at_work else None
    store.aftermaths.write(row, decided_at=now, attempts=0, wake_at=wake_at, **decided)
    store.aftermaths.show(row, now=now)
    store.log.note(
        deed,
        team_id=row.team_id,
        now=now,
        amount=row.waiting if deed is Deed.AFTERMATH_DRAFTS else row.running,
        delegation_id=row.id,
        actor=decided["decided_by"],
        grantor=row.grantor_id,
        grantee=row.grantee_id,
    )


def _own(store: Store, actor: Actor, together: str) -> Sequence[Aftermath]:
    rows = store.aftermaths.of(together, lock=True)
    if not rows:
        raise NotKnown(Thing.AFTERMATH)
    if any((each.team_id, each.grantor_id) != (actor.team_id, actor.user_id) for each in rows):
        raise NotYours
    return rows
