"""Associations that the bot did not make: whom they are for, and the questions to their grantor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock.backoff import pause_after
from bot.connections.sessions import CloseSession
from bot.delegations.tools import Tools
from bot.ports import AddressBook, Association, CloseUser
from bot.slack.errors import SlackError, SlackRefused
from bot.store import Store
from bot.strays.differences import Differences
from models.base import new_id
from models.comparison import Comparison
from models.notice import NoticeKind
from models.stray import Stray, StrayState

PATIENCE = 10  # attempts that a failure counts for where Slack names no wait: some minutes
MOST_CARDS = 5  # new ones at a time with a message each; more are asked about in one list

Members = Mapping[str, CloseUser | None]


async def members(tools: Tools, session: CloseSession, unknown: Sequence[Association]) -> Members:
    """Whom they are for, as Close says it. Raises ``bot.close.errors``."""
    found = {}
    for each in unknown:
        close_id = each.allowed_user_id
        found[close_id] = await tools.members.find(session, close_id)
    return found


def note(
    store: Store, comparison: Comparison, found: Differences, whose: Members, now: datetime
) -> None:
    """Keep what is new, and bring the old questions up to date. A new one is asked about once it
    was looked for in Slack (:func:`seek`)."""
    known = store.strays.of_grantor(comparison.team_id, comparison.grantor_id)
    by_association = {each.association_id: each for each in known}
    is_listed = len(found.unknown) > MOST_CARDS
    for association in found.unknown:
        before = by_association.get(association.id)
        if before is None:
            stray = _stray(comparison, association, whose, now)
            store.strays.add(replace(stray, is_listed=is_listed))
        elif before.state is StrayState.VANISHED:
            # Without its place the question is posted anew, not hidden in an old message.
            _decide(store, before, StrayState.FOUND, now, channel_id=None, is_listed=is_listed)
    for stray in found.refused:
        _decide(store, stray, StrayState.REMOVING, now)
    for stray in found.vanished:
        _decide(store, stray, StrayState.VANISHED, now)
    if is_listed:
        store.notices.tell(
            NoticeKind.STRAYS,
            team_id=comparison.team_id,
            recipients=[comparison.grantor_id],
            subject_id=comparison.id,
            incident=f"{now.timestamp():.0f}",
            now=now,
        )
    if found.unknown or found.vanished:
        store.notices.mark_stale(comparison.id, now=now)


def _decide(store: Store, stray: Stray, state: StrayState, now: datetime, **changes: Any) -> None:
    current = store.strays.get(stray.id, lock=True)
    if current is not None and current.state is stray.state:  # else it was decided meanwhile
        store.strays.decide(current, state, now=now, **changes)


def _stray(
    comparison: Comparison, association: Association, whose: Members, now: datetime
) -> Stray:
    member = whose.get(association.allowed_user_id)
    return Stray(
        id=new_id(),
        team_id=comparison.team_id,
        grantor_id=comparison.grantor_id,
        association_id=association.id,
        organization_id=association.organization_id,
        grantor_close_id=association.allowing_user_id,
        grantee_close_id=association.allowed_user_id,
        grantee_name=member.name[:320] if member else "",
        grantee_email=member.email[:320] if member else "",
        grantee_id=None,
        is_grantee_proven=False,
        state=StrayState.FOUND,
        found_at=now,
    )


async def seek(tools: Tools, address_book: AddressBook, comparison: Comparison) -> timedelta | None:
    """Find out whom the new ones are for, one after the other, and keep each answer.

    How long to wait before the next look-up, when Slack would not answer all of them now; those
    that are left are asked about without the person meanwhile.
    """
    whose = (comparison.team_id, comparison.grantor_id)
    wanted = await tools.database.read(lambda store: store.strays.unsought(*whose))
    wait: timedelta | None = None
    for stray in wanted:
        try:
            await _seek(tools, address_book, stray)
        except SlackError as error:
            wait = pause_after(error, PATIENCE)
            break
    if wanted:
        now = tools.now()
        await tools.database.run(lambda store: _have_shown(store, comparison, now))
    return wait


async def _seek(tools: Tools, address_book: AddressBook, stray: Stray) -> None:
    proven = await tools.database.read(
        lambda store: store.connections.of_account(stray.team_id, stray.grantee_close_id)
    )
    slack_id = proven.slack_user_id if proven else await _in_slack(address_book, stray)
    now = tools.now()
    await tools.database.run(
        lambda store: store.strays.sought(
            stray, grantee_id=slack_id, is_proven=proven is not None, now=now
        )
    )


async def _in_slack(address_book: AddressBook, stray: Stray) -> str | None:
    """Whoever has this address; None for nobody, and for what Slack will never say."""
    if not stray.grantee_email:
        return None
    try:
        person = await address_book.by_email(stray.grantee_email)
    except SlackRefused:
        return None
    return person.id if person else None


def _have_shown(store: Store, comparison: Comparison, now: datetime) -> None:
    store.strays.show(comparison.team_id, comparison.grantor_id, now=now)
    store.notices.mark_stale(comparison.id, now=now)
