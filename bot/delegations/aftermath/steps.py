"""The clock's side of an aftermath: looked at, and paused or put back once somebody decided.

Each step looks at what goes on before it changes anything, so that a kill, a lost answer or a
second worker costs a look, and never more than that: to pause what is paused changes nothing.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.clock.backoff import backoff, pause_after
from bot.close.errors import ReconnectNeeded, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected, OtherAccountConnected
from bot.delegations.aftermath.looking import (
    Budget,
    Found,
    GivesWay,
    TooMuch,
    look,
    may_send_again,
)
from bot.delegations.receipts import Receipts, scheduled
from bot.delegations.steps.moves import was_held_back
from bot.delegations.steps.remove import is_other_account
from bot.delegations.tools import Tools
from bot.ports import Credential
from bot.store import Store
from models.aftermath import Aftermath, AtEnd, Course, Drafts, Obstacle
from models.connection import Connection
from models.delegation import Delegation
from models.event import Deed
from models.notice import NoticeKind

ENOUGH = 4  # failed attempts after which it counts as not known what goes on,
PATIENCE = timedelta(minutes=1)  # once so much time has passed as well
TRIED_FOR = timedelta(days=1)  # what Close does not take for so long is given up, and said
NEXT = timedelta(seconds=1)  # until the next step, when there is more than one step may do

Change = Callable[[Credential, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AftermathStep:
    """Takes leased aftermaths a step further; gives the lease back with what came of it."""

    tools: Tools
    receipts: Receipts
    at_end: AtEnd
    on_change: Callable[[], None]

    def key(self, row: Aftermath) -> Hashable | None:
        """One look at Close serves all of one grantor's."""
        return (row.team_id, row.grantor_id) if _is_to_be_looked_at(row) else None

    async def take(self, row: Aftermath) -> None:
        """Do what is due for this one."""
        await self.take_together([row])

    async def take_together(self, rows: Sequence[Aftermath]) -> None:
        """Do what is due for these, which are one grantor's."""
        try:
            await self._take(rows)
        finally:
            self.on_change()

    async def _take(self, rows: Sequence[Aftermath]) -> None:
        ids, whose = [each.id for each in rows], (rows[0].team_id, rows[0].grantor_id)
        rights, connection = await self.tools.database.read(
            lambda store: (
                [right for each in ids if (right := store.delegations.get(each))],
                store.connections.get(*whose),
            )
        )
        try:
            session = await self._session(rights, connection)
        except (NotConnected, OtherAccountConnected, ReconnectNeeded):
            await self._not_connected(rows)
            return
        if _is_to_be_looked_at(rows[0]):
            await self._look(session, rows, rights)
        else:
            await self._work(session, rows[0], rights[0])

    async def _session(
        self, rights: Sequence[Delegation], connection: Connection | None
    ) -> CloseSession:
        session = await self.tools.connections.opened(connection)
        if any(is_other_account(session, each) for each in rights):
            raise OtherAccountConnected
        return session

    async def _not_connected(self, rows: Sequence[Aftermath]) -> None:
        """Nothing can be asked; what was decided waits for the grantor to connect again."""
        now = self.tools.now()

        def note(store: Store) -> None:
            for row in rows:
                if _is_to_be_looked_at(row):
                    _found(store, row, Found(obstacle=Obstacle.NOT_CONNECTED), self.at_end, now)
                elif current := _same(store, row):
                    store.aftermaths.write(current, obstacle=Obstacle.NOT_CONNECTED, wake_at=None)
                    store.aftermaths.show(current, now=now)

        await self.tools.database.run(note)

    async def _look(
        self, session: CloseSession, rows: Sequence[Aftermath], rights: Sequence[Delegation]
    ) -> None:
        budget = Budget(self.tools, rights[0])
        found = await look(self.tools, session, rights, budget, receipts=self.receipts)
        now = self.tools.now()

        def note(store: Store) -> None:
            for row in rows:
                _found(store, row, found[row.id], self.at_end, now)

        await self.tools.database.run(note)

    async def _work(self, session: CloseSession, row: Aftermath, right: Delegation) -> None:
        """What was decided: at most a budget of changes, and then the next step goes on."""
        budget = Budget(self.tools, right)
        if row.course is Course.PAUSING and await self._is_under_another(row):
            await self._leave(row)
        elif row.course is Course.PAUSING:
            await self._pause(session, row, right, budget)
        elif row.drafts is Drafts.WANTED:
            await self._draft(session, row, right, budget)
        else:
            await self._put(row, wake_at=None)

    async def _is_under_another(self, row: Aftermath) -> bool:
        """Whether the two got a right again before what the settings decided was done."""
        return row.decided_by is None and await self.tools.database.read(
            lambda store: may_send_again(store, row)
        )

    async def _leave(self, row: Aftermath) -> None:
        now = self.tools.now()

        def leave(store: Store) -> None:
            if current := _same(store, row):
                wake_at = now if current.drafts is Drafts.WANTED else None
                store.aftermaths.write(current, course=Course.LEFT, attempts=0, wake_at=wake_at)
                store.aftermaths.show(current, now=now)
                _log(store, current, Deed.AFTERMATH_LEFT, now, amount=current.running)

        await self.tools.database.run(leave)

    async def _pause(
        self, session: CloseSession, row: Aftermath, right: Delegation, budget: Budget
    ) -> None:
        close = self.tools.close
        found = (await look(self.tools, session, [right], Budget(self.tools, right)))[right.id]
        refused, is_all = 0, True
        for change, ids in (
            (close.pause_bulk_action, found.enrolments),  # first: it makes more of the others
            (close.pause_subscription, found.subscriptions),
        ):
            left, is_done = await _each(session, budget, change, ids)
            refused, is_all = refused + left, is_all and is_done
        is_settled = refused == len(found.enrolments) + len(found.subscriptions)
        if is_all and is_settled:
            obstacle = found.obstacle or row.obstacle
            over = {"course": Course.PAUSED, "unpaused": refused, "obstacle": obstacle}
            await self._over(row, amount=refused, **over)
        else:
            await self._go_on(row, is_all=is_all)

    async def _draft(
        self, session: CloseSession, row: Aftermath, right: Delegation, budget: Budget
    ) -> None:
        for _ in range(2):  # for the grantor and for the grantee
            await budget.turn()
        waiting = [each.id for each in await scheduled(self.tools, right)]
        refused, is_all = await _each(session, budget, self.tools.close.to_draft, waiting)
        if is_all and refused == len(waiting):
            await self._over(row, amount=refused, drafts=Drafts.DONE, undrafted=refused)
        else:
            await self._go_on(row, is_all=is_all)

    async def _go_on(self, row: Aftermath, *, is_all: bool) -> None:
        """Close has taken some; once it has taken all, it is looked whether that is so. Its reads
        may lag behind, so that is not looked up at once again and again."""
        now, attempts = self.tools.now(), row.attempts + 1 if is_all else 0
        if now - (row.decided_at or now) > TRIED_FOR:
            await self._give_up(row)
            return
        pause = backoff(attempts) if is_all else NEXT
        await self._put(row, wake_at=now + pause, attempts=attempts)

    async def _over(self, row: Aftermath, *, amount: int, **changes: Any) -> None:
        """What was decided is done, as far as Close allows it."""
        now = self.tools.now()

        def note(store: Store) -> None:
            current = _same(store, row)
            if current is None:
                return
            is_more = row.course is Course.PAUSING and current.drafts is Drafts.WANTED
            wake_at = now if is_more else None
            store.aftermaths.write(current, **changes, attempts=0, wake_at=wake_at)
            store.aftermaths.show(current, now=now)
            _log(store, current, Deed.AFTERMATH_OVER, now, amount=amount)

        await self.tools.database.run(note)

    async def _put(self, row: Aftermath, **changes: Any) -> None:
        def put(store: Store) -> None:
            if current := _same(store, row):
                store.aftermaths.write(current, **changes)

        await self.tools.database.run(put)

    async def put_off(self, row: Aftermath, error: Exception) -> None:
        """Try again later. After a while it is not known what goes on, or given up: it is said."""
        now = self.tools.now()
        waits = isinstance(error, GivesWay | TooMuch) or was_held_back(error)
        attempts = row.attempts if waits else row.attempts + 1
        since = row.created_at if row.decided_at is None else row.decided_at
        if _is_to_be_looked_at(row):
            if attempts >= ENOUGH and now - since > PATIENCE:
                silent = Found(obstacle=Obstacle.SILENT)
                await self.tools.database.run(
                    lambda store: _found(store, row, silent, self.at_end, now)
                )
                self.on_change()
                return
        elif now - since > TRIED_FOR:
            await self._give_up(row)
            return
        log = structlog.get_logger("bot.delegations.aftermath.steps")
        log.info("an aftermath waits", delegation=row.id, reason=type(error).__name__)
        await self._put(row, wake_at=now + pause_after(error, attempts), attempts=attempts)
        self.on_change()

    async def _give_up(self, row: Aftermath) -> None:
        if row.course is Course.PAUSING:
            paused = {"course": Course.PAUSED, "unpaused": row.running}
            await self._over(row, amount=row.running, obstacle=Obstacle.SILENT, **paused)
        else:
            await self._over(row, amount=row.waiting, drafts=Drafts.DONE, undrafted=row.waiting)
        self.on_change()


def _is_to_be_looked_at(row: Aftermath) -> bool:
    return row.course in (Course.BEFORE, Course.LOOKING)


async def _each(
    session: CloseSession, budget: Budget, change: Change, ids: Sequence[str]
) -> tuple[int, bool]:
    """Have each changed; how many Close refuses, and whether the budget was enough for all."""
    refused = 0
    for each in ids:
        try:
            await budget.turn()
            await session.call(change, each)
        except TooMuch:
            return refused, False
        except RefusedByClose:
            refused += 1
    return refused, True


def _same(store: Store, row: Aftermath) -> Aftermath | None:
    """The row under lock, unless somebody has decided something since it was claimed: then it is
    due again, and only its lease is given back."""
    current = store.aftermaths.get(row.id, lock=True)
    if current is None:
        return None
    if (current.course, current.drafts) == (row.course, row.drafts):
        return current
    store.aftermaths.due.free(row.id)
    return None


def _found(store: Store, row: Aftermath, found: Found, at_end: AtEnd, now: datetime) -> None:
    """Note what a look has found, and what follows from it."""
    current = _same(store, row)
    if current is None:
        return
    changes: dict[str, Any] = {
        "subscriptions": len(found.subscriptions),
        "enrolments": len(found.enrolments),
        "waiting": len(found.waiting),
        "obstacle": found.obstacle,
        "looked_at": now,
        "attempts": 0,
        "wake_at": None,
    }
    is_any = bool(found.subscriptions or found.enrolments or found.waiting)
    if row.course is Course.LOOKING:
        changes |= _after(store, row, at_end, now, found=found, is_any=is_any)
    store.aftermaths.write(current, **changes)
    if is_any or found.obstacle is not None or current.is_any or current.obstacle is not None:
        store.aftermaths.show(current, now=now)


def _after(
    store: Store, row: Aftermath, at_end: AtEnd, now: datetime, *, found: Found, is_any: bool
) -> dict[str, Any]:
    """What becomes of it, now that the right is over."""
    if not is_any:
        return {"course": Course.UNKNOWN if found.obstacle is not None else Course.NOTHING}
    amount = len(found.subscriptions) + len(found.enrolments)
    if may_send_again(store, row):
        return {"course": Course.LEFT}
    if at_end is AtEnd.PAUSE and amount:
        _log(store, row, Deed.AFTERMATH_PAUSE, now, amount=amount)
        _tell(store, row, now)
        return {"course": Course.PAUSING, "decided_at": now, "wake_at": now}
    is_gone = store.departures.reason(row.team_id, row.grantor_id) is not None
    if at_end is AtEnd.LEAVE or is_gone:
        _log(store, row, Deed.AFTERMATH_LEFT, now, amount=amount)
        return {"course": Course.LEFT, "decided_at": now}
    _tell(store, row, now)
    return {"course": Course.ASKING}


def _tell(store: Store, row: Aftermath, now: datetime) -> None:
    store.notices.tell(
        NoticeKind.AFTERMATH,
        team_id=row.team_id,
        recipients=[row.grantor_id],
        subject_id=row.together,
        incident="",
        now=now,
    )


def _log(store: Store, row: Aftermath, deed: Deed, now: datetime, *, amount: int) -> None:
    store.log.note(
        deed,
        team_id=row.team_id,
        now=now,
        amount=amount,
        delegation_id=row.id,
        grantor=row.grantor_id,
        grantee=row.grantee_id,
    )
