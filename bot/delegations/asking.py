"""Asking and granting: how a delegation begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.desk import Actor, Base
from bot.refusals import AlreadyOpen, NotDone, Outcome, Refused
from bot.store import Store
from bot.store.delegations import PairTaken
from bot.times.span import Span
from models.base import new_id
from models.delegation import Delegation, Event, State, default_wake
from models.person import Person
from models.policy import Refusal
from models.reminders import next_reminder

MOST_AT_ONCE = 100  # people in one wish


@dataclass(frozen=True, slots=True)
class Terms:
    """For how long, and why."""

    span: Span
    reason: str = ""


class Asking(Base):
    """A requester asks a grantor; a grantor grants without being asked."""

    async def request(
        self, actor: Actor, *, grantor_id: str, terms: Terms, grantee_id: str | None = None
    ) -> Delegation:
        """Ask to send as the grantor, for oneself or for ``grantee_id``.

        A standing approval of the grantor answers at once, and whoever asks to be sent as
        themselves has agreed already: that is a grant. Raises Refused and AlreadyOpen.
        """
        grantee_id = grantee_id or actor.user_id
        if grantor_id == grantee_id:
            raise Refused(Refusal.ONESELF, grantor_id)
        if grantor_id == actor.user_id:
            return await self.grant(actor, grantee_id=grantee_id, terms=terms)
        self._check_terms(terms)
        await self._check_person(actor.team_id, actor.user_id)
        grantor = await self._check_person(actor.team_id, grantor_id)
        grantee = await self._check_person(actor.team_id, grantee_id)
        wished = self._wished(actor, grantor, grantee, terms)
        asked = replace(
            wished,
            remind_at=next_reminder(
                asked_at=wished.requested_at, sent=0, zone=grantor.time_zone, now=self._now()
            ),
        )
        return await self._begin(asked, Event.REQUEST, actor)

    async def request_from_all(
        self,
        actor: Actor,
        *,
        grantor_ids: Sequence[str],
        terms: Terms,
        grantee_id: str | None = None,
    ) -> Sequence[Outcome]:
        """Ask several grantors at once; each is one request, accepted or refused by itself.

        Raises Refused when these are too many.
        """
        _check_number(grantor_ids)
        outcomes = []
        for grantor_id in dict.fromkeys(grantor_ids):
            try:
                asked = await self.request(
                    actor, grantor_id=grantor_id, terms=terms, grantee_id=grantee_id
                )
            except NotDone as problem:
                outcomes.append(Outcome(grantor_id, problem=problem))
            else:
                outcomes.append(Outcome(grantor_id, asked))
        return outcomes

    async def grant(self, actor: Actor, *, grantee_id: str, terms: Terms) -> Delegation:
        """Let somebody send as the actor, without being asked. Raises Refused and AlreadyOpen."""
        granted = await self._granted(actor, grantee_id, terms)
        return await self._begin(granted, Event.GRANT, actor)

    async def _granted(self, actor: Actor, grantee_id: str, terms: Terms) -> Delegation:
        if grantee_id == actor.user_id:
            raise Refused(Refusal.ONESELF, grantee_id)
        self._check_span(terms.span, now=self._now())
        if len(terms.reason) > 0:
            self._check_reason(terms.reason)
        grantor = await self._check_person(actor.team_id, actor.user_id)
        grantee = await self._check_person(actor.team_id, grantee_id)
        now = self._now()
        return replace(
            self._wished(actor, grantor, grantee, terms),
            state=State.APPROVED,
            decided_at=now,
            lapses_at=self._last_start(terms.span, now),
        )

    async def grant_all(
        self, actor: Actor, *, grantee_ids: Sequence[str], terms: Terms
    ) -> Sequence[Outcome]:
        """Grant to several people; each is accepted or refused by itself.

        All that is accepted is stored at once, so that Close can be asked for all of it at once.
        Raises Refused when these are too many.
        """
        _check_number(grantee_ids)
        wishes: dict[str, Delegation | NotDone] = {}
        for grantee_id in dict.fromkeys(grantee_ids):
            try:
                wishes[grantee_id] = await self._granted(actor, grantee_id, terms)
            except NotDone as problem:
                wishes[grantee_id] = problem

        def begin(store: Store) -> Sequence[Outcome]:
            now = self._now()  # one moment for all, so that all are due together
            return [
                Outcome(grantee_id, problem=wish)
                if isinstance(wish, NotDone)
                else self._begun_or_not(store, wish, actor, now)
                for grantee_id, wish in wishes.items()
            ]

        try:
            outcomes = await self._database.run(begin)
        except PairTaken:  # another one committed between our look and our insert: look again
            outcomes = await self._database.run(begin)
        self._wake()
        return outcomes

    def _wished(self, actor: Actor, grantor: Person, grantee: Person, terms: Terms) -> Delegation:
        now = self._now()
        return Delegation(
            id=new_id(),
            team_id=actor.team_id,
            grantor_id=grantor.id,
            grantor_zone=grantor.time_zone,
            grantee_id=grantee.id,
            grantee_email=grantee.email,
            requester_id=actor.user_id,
            reason=terms.reason,
            starts_at=terms.span.starts,
            length=terms.span.length,
            until=terms.span.until,
            state=State.REQUESTED,
            requested_at=now,
            lapses_at=self._last_answer(terms.span, now),
        )

    def _begun_or_not(
        self, store: Store, wished: Delegation, actor: Actor, now: datetime
    ) -> Outcome:
        try:
            begun = self._begun(store, wished, Event.GRANT, actor, now)
        except AlreadyOpen as problem:
            return Outcome(wished.grantee_id, problem=problem)
        return Outcome(wished.grantee_id, begun)

    def _begun(
        self, store: Store, wished: Delegation, event: Event, actor: Actor, now: datetime
    ) -> Delegation:
        self._check_pair_is_free(store, wished)
        new = self._under_standing_approval(store, wished)
        new = replace(new, wake_at=default_wake(new, now))
        return store.delegations.add(
            new, event=event, actor=actor.user_id, audit_channel=self._audit_channel
        )

    async def _begin(self, wished: Delegation, event: Event, actor: Actor) -> Delegation:
        try:
            return await self._change(
                lambda store: self._begun(store, wished, event, actor, self._now())
            )
        except PairTaken:  # the other request committed between our look and our insert
            await self._database.run(lambda store: self._check_pair_is_free(store, wished))
            raise

    def _under_standing_approval(self, store: Store, wished: Delegation) -> Delegation:
        """A standing approval holds for whom it names, and only for what they ask themselves."""
        if wished.state is not State.REQUESTED or wished.requester_id != wished.grantee_id:
            return wished
        standing = store.standing.for_pair(wished.team_id, wished.grantor_id, wished.grantee_id)
        now = self._now()
        if standing is None or not standing.covers(
            length=wished.length, starts_at=wished.starts_at, until=wished.until, now=now
        ):
            return wished
        return replace(
            wished,
            state=State.APPROVED,
            standing_id=standing.id,
            decided_at=now,
            remind_at=None,
            lapses_at=self._last_start(
                Span(length=wished.length, until=wished.until, starts=wished.starts_at), now
            ),
        )

    def _check_terms(self, terms: Terms) -> None:
        self._check_reason(terms.reason)
        self._check_span(terms.span, now=self._now())

    def _last_answer(self, span: Span, now: datetime) -> datetime:
        return _before(span.until, now + self._policy.pending_ttl)

    def _last_start(self, span: Span, now: datetime) -> datetime:
        return last_start(span, now, self._policy.pending_ttl)


def last_start(span: Span, now: datetime, patience: timedelta) -> datetime:
    """Until when an approved delegation may begin before it lapses."""
    return _before(span.until, max(now, span.starts or now) + patience)


def _check_number(people: Sequence[str]) -> None:
    if len(set(people)) > MOST_AT_ONCE:
        raise Refused(Refusal.TOO_MANY)


def _before(end: datetime | None, moment: datetime) -> datetime:
    return moment if end is None else min(moment, end)
