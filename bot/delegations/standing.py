"""Standing approvals: given, listed, ended."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from bot.delegations.deciding import Answering
from bot.desk import Actor
from bot.refusals import NotYours, Refused, Settled
from bot.store import Store
from bot.times.span import Span
from models.base import new_id
from models.delegation import State
from models.policy import Refusal
from models.standing import StandingApproval


class Standing(Answering):
    """A grantor's word that somebody's requests need no click, within limits."""

    async def always_approve(
        self, actor: Actor, *, grantee_id: str, max_length: timedelta, until: datetime
    ) -> StandingApproval:
        """Approve this person's requests of up to ``max_length`` until a date. Raises Refused.

        An earlier standing approval for the same person is replaced.
        """
        if grantee_id == actor.user_id:
            raise Refused(Refusal.ONESELF, grantee_id)
        now = self._now()
        self._check_span(Span(length=max_length), now=now)
        if until <= now:
            raise Refused(Refusal.DATE_PASSED)
        await self._check_person(actor.team_id, grantee_id)
        standing = StandingApproval(
            id=new_id(),
            team_id=actor.team_id,
            grantor_id=actor.user_id,
            grantee_id=grantee_id,
            max_length=max_length,
            until=until,
            created_at=now,
        )
        await self._database.run(lambda store: store.standing.put(standing))
        self._wake()
        return standing

    async def always_approve_like(
        self, actor: Actor, request_id: str, *, max_length: timedelta, until: datetime
    ) -> StandingApproval:
        """Always approve whoever made this request, and this request too if that covers it.

        Raises NotYours and Refused.
        """
        request = await self.get(actor, request_id)
        if request.grantor_id != actor.user_id:
            raise NotYours
        standing = await self.always_approve(
            actor, grantee_id=request.grantee_id, max_length=max_length, until=until
        )
        if request.state is State.REQUESTED and standing.covers(
            length=request.length,
            starts_at=request.starts_at,
            until=request.until,
            now=self._now(),
        ):
            with suppress(Settled):  # answered meanwhile
                await self.approve(actor, request_id)
        return standing

    async def end_standing(self, actor: Actor, standing_id: str) -> StandingApproval:
        """No longer. What runs under it goes on. Raises NotYours."""

        def end(store: Store) -> StandingApproval:
            standing = store.standing.get(standing_id, lock=True)
            if (
                standing is None
                or standing.team_id != actor.team_id
                or standing.grantor_id != actor.user_id
            ):
                raise NotYours
            return store.standing.end(standing, now=self._now())

        ended = await self._database.run(end)
        self._wake()
        return ended

    async def list_standing(self, actor: Actor) -> Sequence[StandingApproval]:
        """The actor's standing approvals that hold now, given and received."""
        return await self._database.run(
            lambda store: store.standing.for_person(actor.team_id, actor.user_id, now=self._now())
        )
