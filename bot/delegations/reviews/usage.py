"""When a right was last used: Close is asked for the emails that name its association.

Only the moment of the latest one is kept. Each day the emails since the last look are read, and of
a right that is older than the bot's looks a few weeks more, until one is found or its beginning is
reached.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.close.errors import RetryLater
from bot.connections.sessions import CloseSession
from bot.delegations.steps.remove import is_other_account
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from models.delegation import Delegation
from models.need import Need
from models.review import MARGIN, Item, Review

AT_ONCE = 20  # rights in one look; a grantor who gave more of them needs several
FRESH = timedelta(hours=12)  # what was looked at since then is not looked at again
OVERLAP = timedelta(days=3)  # an email is filed under the day on which it was begun
WEEKS = timedelta(weeks=2)  # the emails of so much time are read at once,
OLDER = 4  # and of so many such stretches before, in one look
TIME_TO_ASK = 60.0  # seconds for all pages together; each has the client's own limit
ENOUGH = 3  # failed attempts; then nobody knows it until tomorrow

Latest = Mapping[str, datetime]  # by association: when the latest email was sent


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment to another."""

    since: datetime
    until: datetime


async def look_up(tools: Tools, review: Review, items: Sequence[Item]) -> bool:
    """Note what Close says about the next few of these; whether there are more to be looked at.

    Raises RetryLater and TimeoutError as long as that is worth another attempt. What nobody can say
    stays unknown.
    """
    now = tools.now()
    stale = [each for each in items if _is_stale(each, now)]
    stale.sort(key=lambda each: (_asked_until(each), each.id))
    if not stale:
        return False
    try:
        async with asyncio.timeout(TIME_TO_ASK):
            session = await tools.connections.open(review.team_id, review.grantor_id)
            looked_up = await _looked_up(tools, session, stale[:AT_ONCE], now)
    except (RetryLater, TimeoutError):
        if review.attempts < ENOUGH:
            raise
        return False
    except OutsideError as error:
        log = structlog.get_logger("bot.delegations.reviews.usage")
        log.info("use not known", grantor=review.grantor_id, reason=type(error).__name__)
        return False
    await tools.database.run(lambda store: store.needs.seen(looked_up))
    return bool(looked_up) and len(stale) > AT_ONCE


def _is_stale(item: Item, now: datetime) -> bool:
    return isinstance(item.subject, Delegation) and _asked_until(item) <= now - FRESH


def _asked_until(item: Item) -> datetime:
    need = item.need
    return item.began_at if need is None or need.asked_until is None else need.asked_until


async def _looked_up(
    tools: Tools, session: CloseSession, items: Sequence[Item], now: datetime
) -> Sequence[Need]:
    """What is known of each after this look; without those of another account of the grantor."""
    rights = {
        each.id: each.subject
        for each in items
        if isinstance(each.subject, Delegation) and not is_other_account(session, each.subject)
    }
    needs = {each.id: each.need or Need(id=each.id) for each in items if each.id in rights}
    began = {each.id: each.began_at - MARGIN for each in items}
    if not rights:
        return ()
    needs = await _fresh(tools, session, rights, needs, began, now)
    for _ in range(OLDER):
        older = [each for each in needs.values() if _is_older(each, began[each.id])]
        if not older:
            break
        until = max(each.asked_from or now for each in older)
        stretch = Stretch(until - WEEKS, until)
        latest = await _latest(tools, session, [rights[each.id] for each in older], stretch)
        for each in older:
            needs[each.id] = _seen(each, rights[each.id], latest, stretch, began[each.id])
    return list(needs.values())


def _is_older(need: Need, began: datetime) -> bool:
    """Whether Close was not yet asked about all of its time, and no use is known."""
    return need.used_at is None and need.asked_from is not None and need.asked_from > began


async def _fresh(
    tools: Tools,
    session: CloseSession,
    rights: Mapping[str, Delegation],
    needs: Mapping[str, Need],
    began: Mapping[str, datetime],
    now: datetime,
) -> dict[str, Need]:
    """What happened since the last look; where there was none, in the last few weeks."""
    starts = {
        each.id: max(
            began[each.id], each.asked_until - OVERLAP if each.asked_until else now - WEEKS
        )
        for each in needs.values()
    }
    stretch = Stretch(min(starts.values()), now + MARGIN)
    latest = await _latest(tools, session, list(rights.values()), stretch)
    return {
        each.id: replace(
            _seen(each, rights[each.id], latest, Stretch(starts[each.id], now), began[each.id]),
            asked_until=now,
        )
        for each in needs.values()
    }


def _seen(need: Need, right: Delegation, latest: Latest, stretch: Stretch, began: datetime) -> Need:
    """With what was found in a stretch of time that ends where the known one begins, or after."""
    sent = [moment for moment in (need.used_at, latest.get(right.association_id or "")) if moment]
    since = max(stretch.since, began)
    known = need.asked_from or since
    return replace(
        need,
        used_at=max(sent, default=None),
        asked_from=min(since, known) if stretch.until >= known else known,
    )


async def _latest(
    tools: Tools, session: CloseSession, rights: Sequence[Delegation], stretch: Stretch
) -> Latest:
    """Whether Close files such an email under the grantor or the grantee is unknown."""
    users = {each.grantor_close_id for each in rights} | {each.grantee_close_id for each in rights}
    found: dict[str, datetime] = {}
    for user_id in sorted(each for each in users if each is not None):
        emails = await session.call(
            tools.close.outgoing_emails, user_id=user_id, since=stretch.since, until=stretch.until
        )
        for email in emails:
            if email.send_as_id is not None and not email.is_waiting:
                found[email.send_as_id] = max(found.get(email.send_as_id, email.date), email.date)
    return found
