"""What answers to a review have in common: what they are about, locked, and their place in the log.

Locks are always taken in this order: standing approvals, rights, then the review.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.store import Store
from models.delegation import Delegation, State
from models.event import Deed
from models.review import Item, Review
from models.standing import StandingApproval

Subject = Delegation | StandingApproval


def under_lock(store: Store, items: Sequence[Item]) -> Sequence[Subject]:
    """What these are about as it is now, and stays for this transaction; without what is over."""
    approvals = [
        store.standing.get(each, lock=True)
        for each in sorted(each.id for each in items if isinstance(each.subject, StandingApproval))
    ]
    rights = store.delegations.lock_all(
        each.id for each in items if isinstance(each.subject, Delegation)
    )
    return [
        *(each for each in approvals if each is not None and each.ended_at is None),
        *(each for each in rights if each.state is State.ACTIVE),
    ]


def answered(
    store: Store,
    deed: Deed,
    review: Review,
    subject: Subject,
    *,
    now: datetime,
    actor: str | None = None,
    why: str = "",
) -> None:
    """Write down that something was kept or ended; without an actor it ended because nobody said
    that it is needed. ``why`` is what the grantor typed."""
    is_right = isinstance(subject, Delegation)
    store.log.note(
        deed,
        team_id=review.team_id,
        now=now,
        subject_id="" if is_right else subject.id,
        delegation_id=subject.id if is_right else None,
        actor=actor,
        grantor=subject.grantor_id,
        grantee=subject.grantee_id,
        text=why,
    )
