"""What one person sees of everything: the rows behind their App Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.connection import Connection
from models.delegation import Delegation
from models.pairing import Pairing
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
    - ``waiting`` has what this person, as a grantor, has to answer or to mend; ``asked`` has what
      they wait for: requests by them or for them that nobody has answered.
    - ``given`` and ``received`` have what else is open, as grantor and as grantee.
    - ``for_others`` has what else they asked for a third person.
    - ``pairing`` is their Close account that waits for an admin's word, and ``unconfirmed`` are
      the Slack ids of all in these rows who have one.
    - ``trusted`` and ``trusting`` have the standing approvals that they gave, and that they got.
    - ``has_invited`` is whether they had a colleague told of the bot; whether
      ``is_anybody_connected`` to Close is known to whoever is new, or an admin.
    - ``history`` is one page of what is over, as grantor or grantee, newest first; ``page`` counts
      from 0.
    """

    person_id: str
    with_person: str | None = None
    connection: Connection | None = None
    pairing: Pairing | None = None
    unconfirmed: frozenset[str] = frozenset()
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
    has_invited: bool = False
    is_anybody_connected: bool = True

    @property
    def is_connected(self) -> bool:
        """Whether their own Close account works, or only waits for an admin's word."""
        is_usable = self.connection is not None and self.connection.is_usable
        return is_usable or self.pairing is not None

    @property
    def has_asked(self) -> bool:
        """Whether they asked for anything, or gave it unasked, as far as it is shown."""
        lists = (self.waiting, self.asked, self.given, self.received, self.for_others)
        return any(each.requester_id == self.person_id for one in lists for each in one.rows)

    @property
    def is_new(self) -> bool:
        """Whether nothing of theirs is over yet, and one of the first steps is still to be done."""
        is_everything = self.with_person is None and self.page == 0
        is_done = self.is_connected and self.has_asked and self.has_invited
        return is_everything and not self.history and not is_done
