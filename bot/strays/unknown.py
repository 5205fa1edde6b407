"""An association that the bot did not make: whom it is for, and the question to its grantor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.connections.sessions import CloseSession
from bot.delegations.tools import Tools
from bot.ports import AddressBook, Association
from bot.slack.errors import SlackError, SlackRefused
from bot.store import Store
from bot.strays.differences import Differences
from models.base import new_id
from models.comparison import Comparison
from models.person import Person
from models.stray import Stray, StrayState

PATIENT_ATTEMPTS = 3  # to find somebody in Slack; then the question is asked without


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who an unknown association is for, as far as Close and Slack can say."""

    name: str
    email: str
    slack_id: str | None
    is_proven: bool


async def grantee(
    tools: Tools,
    address_book: AddressBook,
    session: CloseSession,
    comparison: Comparison,
    association: Association,
) -> Grantee:
    """Look its grantee up. Raises ``bot.close.errors`` and, for a few attempts, SlackError."""
    close_id = association.allowed_user_id
    member = await tools.members.find(session, close_id)
    proven = await tools.database.run(
        lambda store: store.connections.of_account(comparison.team_id, close_id)
    )
    person: Person | None = None
    if proven is None and member is not None and member.email:
        person = await _in_slack(address_book, comparison, member.email)
    slack_id = proven.slack_user_id if proven else person.id if person else None
    return Grantee(
        name=member.name if member else "",
        email=member.email if member else "",
        slack_id=slack_id,
        is_proven=proven is not None,
    )


async def _in_slack(address_book: AddressBook, comparison: Comparison, email: str) -> Person | None:
    """Whoever has this address; what Slack will not say must not keep the question back."""
    try:
        return await address_book.by_email(email)
    except SlackRefused:
        return None
    except SlackError:
        if comparison.attempts < PATIENT_ATTEMPTS:
            raise
        return None


def note(
    store: Store,
    comparison: Comparison,
    found: Differences,
    new: Sequence[tuple[Association, Grantee]],
    now: datetime,
) -> None:
    """Have its grantor asked about each new one, and bring the old questions up to date."""
    known = store.strays.of_grantor(comparison.team_id, comparison.grantor_id)
    by_association = {each.association_id: each for each in known}
    for association, whose in new:
        before = by_association.get(association.id)
        if before is None:
            store.strays.add(_stray(comparison, association, whose, now))
        elif before.state is StrayState.VANISHED:
            # Without its place the question is posted anew, not hidden in an old message.
            _decide(store, before, StrayState.FOUND, now, channel_id=None)
    for stray in found.refused:
        _decide(store, stray, StrayState.REMOVING, now)
    for stray in found.vanished:
        _decide(store, stray, StrayState.VANISHED, now)


def _decide(store: Store, stray: Stray, state: StrayState, now: datetime, **changes: Any) -> None:
    current = store.strays.get(stray.id, lock=True)
    if current is not None and current.state is stray.state:  # else it was decided meanwhile
        store.strays.decide(current, state, now=now, **changes)


def _stray(
    comparison: Comparison, association: Association, whose: Grantee, now: datetime
) -> Stray:
    return Stray(
        id=new_id(),
        team_id=comparison.team_id,
        grantor_id=comparison.grantor_id,
        association_id=association.id,
        organization_id=association.organization_id,
        grantor_close_id=association.allowing_user_id,
        grantee_close_id=association.allowed_user_id,
        grantee_name=whose.name[:320],
        grantee_email=whose.email[:320],
        grantee_id=whose.slack_id,
        is_grantee_proven=whose.is_proven,
        state=StrayState.FOUND,
        found_at=now,
        wake_at=now,
    )
