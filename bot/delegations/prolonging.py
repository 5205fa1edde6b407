"""A right that runs is given another end: the row is changed here, whoever had to agree."""

from datetime import datetime
from typing import Any

from bot.desk import Actor, Desk
from bot.store import Store
from bot.times.span import Span
from models.delegation import Delegation, Event


def extended(
    desk: Desk,
    store: Store,
    actor: Actor,
    delegation: Delegation,
    ends_at: datetime | None,
    *,
    now: datetime,
    note: str = "",
    **by_others: Any,
) -> Delegation:
    """It lasts until then. ``by_others`` says who agreed in place of the grantor's click, or beside
    it."""
    return store.delegations.apply(
        delegation,
        Event.EXTEND,
        now=now,
        actor=actor.user_id,
        ends_at=ends_at,
        length=None,
        until=ends_at,
        warn_at=desk.policy.warn_at(ends_at, now),
        is_warned=False,
        is_unchecked=True,
        extension_declined_at=None,
        extension=None,
        agreed_at=None,
        remind_at=None,
        note=note,
        asked=None,
        **{**by_grantor(delegation), **by_others},
    )


def by_grantor(delegation: Delegation) -> dict[str, Any]:
    """With the grantor's answer the present end is their own word, whoever moved it before."""
    standing = {"standing_id": None} if delegation.is_extended_by_standing else {}
    return {**standing, "deputys_word": None}


def new_end(delegation: Delegation, span: Span, now: datetime) -> datetime | None:
    """When it ends then: a length is added to the present end."""
    if span.until is not None:
        return span.until
    if span.length is None or delegation.ends_at is None:
        return None
    return max(delegation.ends_at, now) + span.length
