"""Somebody answers for a grantor no longer: what was shared with them is the grantor's again."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.store import Store
from models.deputy import Deputy, DeputyEnd
from models.person import Departure


def end_in(
    store: Store,
    ids: Iterable[str],
    cause: DeputyEnd,
    by: str | None,
    *,
    now: datetime,
    departure: Departure | None = None,
) -> Sequence[Deputy]:
    """End these within a transaction, and take back what was shared; those that were in force.

    What is shared is locked first, as wherever a delegation and its grantor's deputy are.
    """
    ended: list[Deputy] = []
    for each in sorted(ids):
        deputy = store.deputies.get(each)
        if deputy is None or deputy.ended_at is not None:
            continue
        shared = store.delegations.lock_all(store.deputies.shared_ids(deputy))
        locked = store.deputies.get(each, lock=True)
        if locked is None or locked.ended_at is not None:
            continue
        ended += store.deputies.end([locked], cause, by, now=now, departure=departure)
        for delegation in shared:
            if delegation.waits_for_grantor and delegation.shared_with == deputy.deputy_id:
                store.delegations.share(delegation, None, now=now)
    return ended


def end_all(
    store: Store, team_id: str, person_id: str, departure: Departure, *, now: datetime
) -> None:
    """This person, who may no longer take part, answers for nobody, and nobody for them."""
    held = [each.id for each in store.deputies.of_person(team_id, person_id, now=now)]
    end_in(store, held, DeputyEnd.LEFT, person_id, now=now, departure=departure)
