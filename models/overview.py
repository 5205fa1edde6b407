"""What one person sees of everything: the rows behind their App Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.connection import Connection
from models.delegation import Delegation
from models.pairing import Pairing
from models.review import Review
from models.standing import StandingApproval

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Excerpt(Generic[Row]):
    """Some rows of a list, how many there are in all, and how many stand before these."""

    rows: Sequence[Row] = ()
    total: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that concerns one person.

    - ``with_person`` is whom they look for; then it is only what concerns the two.
    - ``review`` is the review that waits for their answer, and ``reviewed`` counts what it is
      about.
    - ``waiting`` has what this person, as a grantor, has to answer or to mend; ``asked`` has what
      they wait for: requests by them or for them that nobody has answered.
    - ``given`` and ``received`` have what else is open, as grantor and as grantee.
    - ``for_others`` has what else they asked for a third person.
    - ``pairing`` is their Close account that waits for an admin's word, and ``unconfirmed`` are
      the Slack ids of all in these rows who have one.
    - ``trusted`` and ``trusting`` have the standing approvals that they gave, and that they got.
    - ``history`` is one page of what is over, as grantor or grantee, newest first; ``page`` counts
      from 0.
    """

    person_id: str
    with_person: str | None = None
    connection: Connection | None = None
    pairing: Pairing | None = None
    unconfirmed: frozenset[str] = frozenset()
    review: Review | None = None
    reviewed: int = 0
    waiting: Excerpt[Delegation] = Excerpt()
    asked: Excerpt[Delegation] = Excerpt()
    given: Excerpt[Delegation] = Excerpt()
    received: Excerpt[Delegation] = Excerpt()
    for_others: Excerpt[Delegation] = Excerpt()
    trusted: Excerpt[StandingApproval] = Excerpt()
    trusting: Excerpt[StandingApproval] = Excerpt()
    history: Sequence[Delegation] = ()
    page: int = 0
    has_older: bool = False
