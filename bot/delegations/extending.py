"""Longer than agreed: asked and answered like a request, with no gap in the association."""

from datetime import datetime
from typing import Any

from bot.delegations.base import Actor, Base
from bot.refusals import NothingToAnswer, NotYours, Settled
from bot.spans import Span
from bot.store import Store
from models.delegation import Delegation, Event, State


class Extending(Base):
    """The grantee asks for more time; the grantor gives it with one click, or by themselves."""

    async def extend(self, actor: Actor, delegation_id: str, span: Span) -> Delegation:
        """More time: at once from the grantor or under their standing approval, else as a wish.

        A length is added to the present end. Raises NotYours, Settled and Refused.
        """

        def decide(store: Store) -> Delegation:
            delegation = self._locked(store, actor, delegation_id)
            parties = (delegation.grantor_id, delegation.grantee_id, delegation.requester_id)
            if actor.user_id not in parties:
                raise NotYours
            self._only_running(delegation)
            now = self._now()
            ends_at = _new_end(delegation, span, now)
            self._check_span(Span(until=ends_at, forever=ends_at is None), now=now)
            if actor.user_id == delegation.grantor_id or self._is_covered(
                store, delegation, ends_at, now
            ):
                return self._extended(store, delegation, ends_at, actor, now)
            return store.delegations.apply(
                delegation,
                Event.ASK_EXTENSION,
                now=now,
                actor=actor.user_id,
                extension_asked_at=now,
                extension_length=span.length,
                extension_until=span.until,
                extension_declined_at=None,
            )

        return await self._change(decide)

    async def approve_extension(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor agrees. Raises NotYours, Settled, NothingToAnswer and Refused."""

        def decide(store: Store) -> Delegation:
            delegation = self._asked(store, actor, delegation_id)
            now = self._now()
            wish = Span(length=delegation.extension_length, until=delegation.extension_until)
            ends_at = _new_end(delegation, wish, now)
            self._check_span(Span(until=ends_at, forever=ends_at is None), now=now)
            return self._extended(store, delegation, ends_at, actor, now)

        return await self._change(decide)

    async def decline_extension(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor leaves the end as it is. Raises NotYours, Settled, NothingToAnswer."""

        def decide(store: Store) -> Delegation:
            delegation = self._asked(store, actor, delegation_id)
            now = self._now()
            return store.delegations.apply(
                delegation,
                Event.DECLINE_EXTENSION,
                now=now,
                actor=actor.user_id,
                extension_declined_at=now,
                **_NO_WISH,
            )

        return await self._change(decide)

    def _asked(self, store: Store, actor: Actor, delegation_id: str) -> Delegation:
        delegation = self._as_grantor(store, actor, delegation_id)
        self._only_running(delegation)
        if not delegation.is_extension_asked:
            raise NothingToAnswer
        return delegation

    def _only_running(self, delegation: Delegation) -> None:
        """Until the last second: what is due to end has ended, even if nobody has looked yet."""
        self._only_in(delegation, State.ACTIVE)
        if delegation.ends_at is not None and delegation.ends_at <= self._now():
            raise Settled(delegation)

    def _is_covered(
        self, store: Store, delegation: Delegation, ends_at: datetime | None, now: datetime
    ) -> bool:
        standing = store.standing.for_pair(
            delegation.team_id, delegation.grantor_id, delegation.grantee_id
        )
        return (
            standing is not None
            and ends_at is not None
            and standing.covers(length=None, starts_at=None, until=ends_at, now=now)
        )

    def _extended(
        self,
        store: Store,
        delegation: Delegation,
        ends_at: datetime | None,
        actor: Actor,
        now: datetime,
    ) -> Delegation:
        return store.delegations.apply(
            delegation,
            Event.EXTEND,
            now=now,
            actor=actor.user_id,
            ends_at=ends_at,
            length=None,
            until=ends_at,
            warn_at=self._policy.warn_at(ends_at, now),
            is_warned=False,
            extension_declined_at=None,
            **_NO_WISH,
        )


_NO_WISH: dict[str, Any] = {
    "extension_asked_at": None,
    "extension_length": None,
    "extension_until": None,
}


def _new_end(delegation: Delegation, span: Span, now: datetime) -> datetime | None:
    if span.until is not None:
        return span.until
    if span.length is None or delegation.ends_at is None:
        return None
    return max(delegation.ends_at, now) + span.length
