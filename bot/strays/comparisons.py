"""The comparison: one list call for each connected grantor, at connect, hourly, and when asked.

Close tells nobody about changes in its own screen (close.md §8), so this is the only way to
notice them. What the bot made is set right; what it did not make is never touched, but asked about.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.cards.strays import report
from bot.clock.backoff import pause_after
from bot.close.errors import NotFound, ReconnectNeeded
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.accounts import Identities
from bot.delegations.steps.moves import Steps
from bot.delegations.steps.remove import ended
from bot.ports import AddressBook, Association
from bot.slack.chat import Messages
from bot.slack.errors import SlackError, SlackRefused
from bot.store import Store
from bot.strays.differences import Differences, differences
from models.base import new_id
from models.comparison import Comparison
from models.delegation import Delegation, Event, State, Trouble
from models.person import Person
from models.stray import Stray, StrayState

EVERY = timedelta(hours=1)
UNHURRIED = 2  # attempts that a first failure counts for: nobody loses a right by waiting
PATIENT_ATTEMPTS = 3  # to find somebody in Slack; then the question is asked without
SOON = timedelta(minutes=1)  # after somebody removed a right in Close: was it replaced by another?


@dataclass(frozen=True, slots=True)
class _Grantee:
    """Who an unknown association is for, as far as Close and Slack can say."""

    name: str
    email: str
    slack_id: str | None
    is_proven: bool


class Compare:
    """The worker's step for one comparison."""

    def __init__(
        self,
        steps: Steps,
        identities: Identities,
        address_book: AddressBook,
        messages: Messages,
        on_change: Callable[[], None],
    ) -> None:
        self._steps = steps
        self._identities = identities
        self._address_book = address_book
        self._messages = messages
        self._on_change = on_change
        self._log = structlog.get_logger("bot.strays.comparisons")

    async def take(self, comparison: Comparison) -> None:
        """Compare, set right what can be, ask about the rest, and tell whoever wanted to know."""
        try:
            session = await self._steps.connections.open(comparison.team_id, comparison.grantor_id)
            found = await self._compared(session, comparison)
            if comparison.asked_at is not None:
                await self._answer(comparison, found)
        except NotConnected:
            await self._steps.database.run(lambda store: store.comparisons.remove(comparison))
        else:
            pause = SOON if found.gone else EVERY * random.uniform(0.9, 1.1)  # noqa: S311 - spread
            await self._done(comparison, pause)

    async def _compared(self, session: CloseSession, comparison: Comparison) -> Differences:
        before = await self._open_before(comparison)
        held = await self._held(session)
        own = (session.connection.close_user_id, session.connection.organization_id)
        found = await self._differences(comparison, own, held)
        gone = [
            each
            for each in found.gone
            if before.get(each.id) is State.ACTIVE
            and await self._is_gone(session, each.association_id)
        ]
        vanished = [
            each for each in found.vanished if await self._is_gone(session, each.association_id)
        ]
        found = replace(found, gone=gone, vanished=vanished)
        # What was still open when Close was asked may have been ended while Close answered.
        back = [each for each in found.back if each[0].id not in before]
        for delegation in gone:
            await self._removed_in_close(delegation)
        for delegation, association in back:
            await self._end_again(session, delegation, association)
        new = [(each, await self._grantee(session, comparison, each)) for each in found.unknown]
        await self._note(comparison, found, new)
        if gone or back or new or found.refused or found.vanished:
            self._on_change()
        return replace(found, back=back)

    async def _held(self, session: CloseSession) -> Sequence[Association]:
        caller = session.connection.close_user_id
        return await session.call(
            lambda credential: self._steps.close.associations(credential, allowing_user_id=caller)
        )

    async def _open_before(self, comparison: Comparison) -> dict[str, State]:
        """What was open before Close was asked: what began meanwhile is not in its list, and what
        ended meanwhile may still be."""
        rows = await self._steps.database.run(
            lambda store: store.comparisons.delegations(
                comparison.team_id, comparison.grantor_id, association_ids=()
            )
        )
        return {each.id: each.state for each in rows if each.is_open}

    async def _differences(
        self, comparison: Comparison, own: tuple[str, str], held: Sequence[Association]
    ) -> Differences:
        ids = [each.id for each in held]
        team_id, grantor_id = comparison.team_id, comparison.grantor_id

        def read(store: Store) -> tuple[Sequence[Delegation], Sequence[Stray]]:
            return (
                store.comparisons.delegations(team_id, grantor_id, association_ids=ids),
                store.strays.of_grantor(team_id, grantor_id),
            )

        delegations, strays = await self._steps.database.run(read)
        return differences(
            held,
            # A grantor who now connects another Close account cannot see the old one's rights.
            [each for each in delegations if (each.grantor_close_id, each.organization_id) == own],
            [each for each in strays if each.belongs_to(*own)],
            now=self._steps.now(),
        )

    async def _is_gone(self, session: CloseSession, association_id: str | None) -> bool:
        """Whether Close says so about this very association, too: a list can be incomplete."""
        if association_id is None:
            return False
        try:
            await session.call(
                lambda credential: self._steps.close.association(credential, association_id)
            )
        except NotFound:
            return True
        self._log.warning("an association is missing in the list only", association=association_id)
        return False

    async def _removed_in_close(self, delegation: Delegation) -> None:
        changes = ended(delegation, self._steps.now())
        await self._steps.move(delegation, Event.REMOVE, end_event=Event.REMOVE, **changes)

    async def _end_again(
        self, session: CloseSession, delegation: Delegation, association: Association
    ) -> None:
        """Open it again as ending, so that everybody sees it and it is tried until it is gone."""
        reopened = await self._steps.database.run(
            lambda store: self._reopened(store, delegation, association)
        )
        if reopened:
            self._steps.metrics.events.labels(Event.REAPPEAR).inc()
            return
        # The pair has a new request by now, which must not find the old right in its place.
        await session.call(
            lambda credential: self._steps.close.delete_association(credential, association.id)
        )

    def _reopened(self, store: Store, delegation: Delegation, association: Association) -> bool:
        current = store.delegations.get(delegation.id, lock=True)
        if current is None or current.state is not State.ENDED:
            return True
        pair = (current.team_id, current.grantor_id, current.grantee_id)
        if store.delegations.open_for_pair(*pair) is not None:
            return False
        store.delegations.apply(
            current,
            Event.REAPPEAR,
            now=self._steps.now(),
            association_id=association.id,
            is_unclear=False,
            trouble=Trouble.STILL_THERE,
        )
        return True

    async def _grantee(
        self, session: CloseSession, comparison: Comparison, association: Association
    ) -> _Grantee:
        close_id = association.allowed_user_id
        member = await self._identities.member(session, close_id)
        proven = await self._steps.database.run(
            lambda store: store.connections.of_account(comparison.team_id, close_id)
        )
        person: Person | None = None
        if proven is None and member is not None and member.email:
            person = await self._in_slack(comparison, member.email)
        slack_id = proven.slack_user_id if proven else person.id if person else None
        return _Grantee(
            name=member.name if member else "",
            email=member.email if member else "",
            slack_id=slack_id,
            is_proven=proven is not None,
        )

    async def _in_slack(self, comparison: Comparison, email: str) -> Person | None:
        """Whoever has this address; what Slack will not say must not keep the question back."""
        try:
            return await self._address_book.by_email(email)
        except SlackRefused:
            return None
        except SlackError:
            if comparison.attempts < PATIENT_ATTEMPTS:
                raise
            return None

    async def _note(
        self,
        comparison: Comparison,
        found: Differences,
        new: Sequence[tuple[Association, _Grantee]],
    ) -> None:
        now = self._steps.now()

        def note(store: Store) -> None:
            known = store.strays.of_grantor(comparison.team_id, comparison.grantor_id)
            by_association = {each.association_id: each for each in known}
            for association, grantee in new:
                before = by_association.get(association.id)
                if before is None:
                    store.strays.add(_stray(comparison, association, grantee, now))
                elif before.state is StrayState.VANISHED:
                    # Without its place the question is posted anew, not hidden in an old message.
                    _decide(store, before, StrayState.FOUND, now, channel_id=None)
            for stray in found.refused:
                _decide(store, stray, StrayState.REMOVING, now)
            for stray in found.vanished:
                _decide(store, stray, StrayState.VANISHED, now)

        await self._steps.database.run(note)

    async def _answer(self, comparison: Comparison, found: Differences) -> None:
        mark = f"{comparison.id}:{comparison.asked_at}"
        recipient = comparison.grantor_id
        try:
            if comparison.attempts and await self._messages.find(recipient, mark=mark):
                return
            await self._messages.post(recipient, report(**found.numbers()), mark=mark)
        except SlackRefused as error:
            self._log.warning("nobody to answer to", comparison=comparison.id, code=error.code)

    async def _done(self, comparison: Comparison, pause: timedelta) -> None:
        now = self._steps.now()
        await self._steps.database.run(
            lambda store: store.comparisons.done(comparison, now=now, wake_at=now + pause)
        )

    async def put_off(self, comparison: Comparison, error: Exception) -> None:
        """Try again later; whoever reconnects has one planned at once."""
        attempts = comparison.attempts + 1
        is_lost = isinstance(error, ReconnectNeeded)
        pause = EVERY if is_lost else pause_after(error, attempts + UNHURRIED)
        wake_at = self._steps.now() + pause
        await self._steps.database.run(
            lambda store: store.comparisons.due.put_off(
                comparison, wake_at=wake_at, attempts=attempts
            )
        )


def _decide(store: Store, stray: Stray, state: StrayState, now: datetime, **changes: Any) -> None:
    current = store.strays.get(stray.id, lock=True)
    if current is not None and current.state is stray.state:  # else it was decided meanwhile
        store.strays.decide(current, state, now=now, **changes)


def _stray(
    comparison: Comparison, association: Association, grantee: _Grantee, now: datetime
) -> Stray:
    return Stray(
        id=new_id(),
        team_id=comparison.team_id,
        grantor_id=comparison.grantor_id,
        association_id=association.id,
        organization_id=association.organization_id,
        grantor_close_id=association.allowing_user_id,
        grantee_close_id=association.allowed_user_id,
        grantee_name=grantee.name[:320],
        grantee_email=grantee.email[:320],
        grantee_id=grantee.slack_id,
        is_grantee_proven=grantee.is_proven,
        state=StrayState.FOUND,
        found_at=now,
        wake_at=now,
    )
