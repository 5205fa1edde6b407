"""Several delegations of one grantor at the same moment: one bulk call instead of one for each.

Whether Close's bulk call is all or nothing is unknown (close.md §3), so its answer is compared with
what was asked, person by person, and whatever it left over goes on alone.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.close.errors import CloseError, OutcomeUnclear, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.accounts import Account, Identities, NoAccount
from bot.delegations.steps.create import Associate, latest_start
from bot.delegations.steps.moves import SETTLE, Steps
from bot.delegations.steps.remove import Dissociate, is_other_account
from bot.ports import Association
from bot.store import Store
from models.delegation import Delegation, Event, State

Attempt = tuple[Delegation, Account]


class Bulk:
    """What the worker does with a group; each of its rows is leased like any other."""

    def __init__(
        self, steps: Steps, identities: Identities, associate: Associate, dissociate: Dissociate
    ) -> None:
        self._steps = steps
        self._identities = identities
        self._associate = associate
        self._dissociate = dissociate

    def key(self, delegation: Delegation) -> tuple[str, ...] | None:
        """Rows with the same key can share a call; None has to go alone."""
        d, now = delegation, self._steps.now()
        is_over = d.state is State.ACTIVE and d.ends_at is not None and d.ends_at <= now
        if (is_over or d.state is State.ENDING) and self._is_settled(d, now):
            return ("end", d.team_id, d.grantor_id, d.grantor_close_id or "")
        is_startable = (d.starts_at is None or d.starts_at <= now) and now < latest_start(d)
        if d.state is State.APPROVED and d.attempted_at is None and is_startable:
            return ("make", d.team_id, d.grantor_id)
        return None

    def _is_settled(self, delegation: Delegation, now: datetime) -> bool:
        """Whether nothing that Close was asked before can still add to what it holds."""
        if delegation.attempted_at is None or delegation.grantee_close_id is None:
            return False
        is_known = delegation.association_id is not None and not delegation.is_unclear
        return is_known or delegation.attempted_at + SETTLE <= now

    async def __call__(self, group: Sequence[Delegation]) -> None:
        """Take every delegation of the group one step further."""
        if group[0].state is State.APPROVED:
            await self._make(group)
        else:
            await self._end(group)

    async def _end(self, group: Sequence[Delegation]) -> None:
        over = await self._over(group)
        if not over:
            return
        try:
            session = await self._session(over[0])
            if is_other_account(session, over[0]):
                await self._each_ends_alone(over)
                return
            ours = _ours(over, await self._held(session))
            held = await self._held_without(session, ours) if ours else []
        except (NotConnected, CloseError) as error:
            await self._each_tries_again(over, error)
            return
        left = {each.allowed_user_id for each in held}
        gone = [each for each in ours if each.grantee_close_id not in left]
        await self._dissociate.confirm(gone)
        confirmed = {each.id for each in gone}
        await self._each_ends_alone([each for each in over if each.id not in confirmed])

    async def _over(self, group: Sequence[Delegation]) -> Sequence[Delegation]:
        """The group as ending; what was extended in the last moment has left it."""
        active = [each for each in group if each.state is State.ACTIVE]
        expired = {"end_event": Event.EXPIRE, "ended_at": self._steps.now()}
        over = await self._steps.move_all(
            [(each, expired) for each in active], Event.EXPIRE, keep_lease=True, was_due=True
        )
        return [*over, *(each for each in group if each.state is State.ENDING)]

    async def _held_without(
        self, session: CloseSession, over: Sequence[Delegation]
    ) -> Sequence[Association]:
        """What Close still holds for the grantor once these have been withdrawn, or not."""
        try:
            return await self._changed(session, disallow=over)
        except (OutcomeUnclear, RefusedByClose):
            return await self._held(session)

    async def _each_ends_alone(self, over: Sequence[Delegation]) -> None:
        await asyncio.gather(*(self._alone(self._dissociate, each) for each in over))

    async def _make(self, group: Sequence[Delegation]) -> None:
        try:
            attempts = await self._attempts(group)
            session = await self._session(group[0])
        except (NotConnected, CloseError):
            # What is wrong is wrong for each of them; each knows how to wait, or to give up.
            await self._each_starts_alone(group)
            return
        if attempts:
            await self._ask_for(session, attempts)

    async def _attempts(self, group: Sequence[Delegation]) -> Sequence[Delegation]:
        """Those that one call can make, written down as attempted; the others go alone."""
        session = await self._session(group[0])
        if not session.connection.is_usable:
            raise NotConnected
        addresses = await self._associate.addresses(session)
        taken = {each.allowed_user_id for each in await self._held(session)}
        ready: list[Attempt] = []
        alone: list[Delegation] = []
        for each in group:
            account = await self._account(session, each)
            if account is None or account.close_user_id in taken or addresses == "":
                alone.append(each)
            else:
                ready.append((each, account))
                taken.add(account.close_user_id)
        await self._each_starts_alone(alone)
        return await self._steps.move_all(
            [
                (each, self._associate.attempt(session, each, account, addresses))
                for each, account in ready
            ],
            Event.ATTEMPT,
            keep_lease=True,
            was_due=True,
            needs_connection=True,
        )

    async def _account(self, session: CloseSession, delegation: Delegation) -> Account | None:
        try:
            return await self._identities.account(session, delegation)
        except NoAccount:
            return None

    async def _ask_for(self, session: CloseSession, attempts: Sequence[Delegation]) -> None:
        try:
            held, unclear = await self._held_with(session, attempts)
        except (NotConnected, CloseError) as error:
            await self._each_tries_again(attempts, error)
            return
        made = {each.allowed_user_id: each for each in held}
        found = [
            (d, made[d.grantee_close_id or ""]) for d in attempts if d.grantee_close_id in made
        ]
        left = [d for d in attempts if d.grantee_close_id not in made]
        await self._associate.activate(found)
        if unclear is not None:  # Close may still act on the first call
            await self._each_tries_again(left, unclear)
        else:
            await self._each_starts_alone(await self._steps.forget_attempts(left))

    async def _held_with(
        self, session: CloseSession, attempts: Sequence[Delegation]
    ) -> tuple[Sequence[Association], OutcomeUnclear | None]:
        """What Close holds once it was asked for these, and the error if it may still act on it."""
        try:
            return await self._changed(session, allow=attempts), None
        except RefusedByClose:
            # It may have done a part of it all the same: what is there by now counts as ours.
            return await self._held(session), None
        except OutcomeUnclear as unclear:
            await self._note_unclear(attempts)
            return await self._held(session), unclear
        except (NotConnected, CloseError):
            await self._steps.forget_attempts(attempts)
            raise

    async def _note_unclear(self, attempts: Sequence[Delegation]) -> None:
        def note(store: Store) -> None:
            for each in attempts:
                store.delegations.note_unclear(each.id)

        await self._steps.database.run(note)

    async def _each_starts_alone(self, group: Sequence[Delegation]) -> None:
        await asyncio.gather(*(self._alone(self._associate, each) for each in group))

    async def _alone(
        self, step: Callable[[Delegation], Awaitable[None]], delegation: Delegation
    ) -> None:
        try:
            await step(delegation)
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            await self._steps.put_off(delegation, error)

    async def _each_tries_again(self, group: Sequence[Delegation], error: Exception) -> None:
        for each in group:
            await self._steps.try_again(each, error)

    async def _changed(
        self,
        session: CloseSession,
        *,
        allow: Sequence[Delegation] = (),
        disallow: Sequence[Delegation] = (),
    ) -> Sequence[Association]:
        """What Close says that it holds for the caller after the change."""
        held = await session.call(
            lambda credential: self._steps.close.change_associations(
                credential, allow=_grantees(allow), disallow=_grantees(disallow)
            )
        )
        return _given_by(session, held)

    async def _held(self, session: CloseSession) -> Sequence[Association]:
        caller = session.connection.close_user_id
        held = await session.call(
            lambda credential: self._steps.close.associations(credential, allowing_user_id=caller)
        )
        return _given_by(session, held)

    async def _session(self, delegation: Delegation) -> CloseSession:
        return await self._steps.connections.open(delegation.team_id, delegation.grantor_id)


def _ours(over: Sequence[Delegation], held: Sequence[Association]) -> Sequence[Delegation]:
    """Those whose association may be withdrawn by its grantee.

    Where Close holds one that is not known to be ours, only a delete by id is safe.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for each in held:
        found[each.allowed_user_id].add(each.id)
    return [
        each
        for each in over
        if each.is_unclear
        or each.association_id is None
        or found[each.grantee_close_id or ""] == {each.association_id}
    ]


def _grantees(delegations: Sequence[Delegation]) -> Sequence[str]:
    return [each.grantee_close_id for each in delegations if each.grantee_close_id is not None]


def _given_by(session: CloseSession, held: Sequence[Association]) -> Sequence[Association]:
    caller = session.connection.close_user_id
    return [each for each in held if each.allowing_user_id == caller]
