"""What one person sees of everything, and an admin of everybody: the rows behind an App Home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models.connection import Connection
from models.cover import Covered
from models.delegation import Delegation
from models.deputy import Deputy
from models.home import Place
from models.overdue import Leftover
from models.pairing import Pairing
from models.person import Departure
from models.review import Review
from models.standing import StandingApproval
from models.stray import Stray

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
    - ``deputies`` are who answers in their place, and in whose place they do; ``in_place`` has what
      they may answer for others, all of it.
    - ``given`` and ``received`` have what else is open, as grantor and as grantee.
    - ``covers`` are what they planned for when they are away, the next one first; ``is_quiet``:
      they do not want to be asked who covers for them.
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
    review: Review | None = None
    reviewed: int = 0
    waiting: Excerpt[Delegation] = Excerpt()
    deputies: Sequence[Deputy] = ()
    in_place: Sequence[Delegation] = ()
    asked: Excerpt[Delegation] = Excerpt()
    given: Excerpt[Delegation] = Excerpt()
    received: Excerpt[Delegation] = Excerpt()
    for_others: Excerpt[Delegation] = Excerpt()
    covers: Sequence[Covered] = ()
    is_quiet: bool = False
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there is in a workspace: ``active`` and, of these, without an end; agreed and not
    yet confirmed by Close; waiting for an answer; over and not confirmed as gone; ended by an
    admin's word in Close's place; connections that only their owners can mend."""

    active: int = 0
    until_revoked: int = 0
    being_set_up: int = 0
    waiting: int = 0
    not_removed: int = 0
    by_word: int = 0
    dead_connections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some rows out of many, and where the page before them ends and the next one begins; None
    where there is none."""

    rows: Sequence[Delegation] = ()
    before: Place | None = None
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Everything open of one person, both ways; ``strays`` were set up in Close itself, and
    ``deputies`` are who answers for them, or for whom they do.

    ``is_connected`` is whether their connection to Close works; None without one: then nobody
    knows what was set up there by hand.
    """

    person_id: str
    delegations: Sequence[Delegation] = ()
    standing: Sequence[StandingApproval] = ()
    strays: Sequence[Stray] = ()
    deputies: Sequence[Deputy] = ()
    is_connected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminsWork:
    """What waits for an admin: rights that may be left over, accounts that nobody has judged,
    people whose connection would be needed, reviews that nobody answers, and whether a round asks
    about leavers."""

    leftovers: Sequence[Leftover] = ()
    pairings: Sequence[Pairing] = ()
    disconnected: Sequence[str] = ()
    reviews: Sequence[Review] = ()
    is_asked_about_leavers: bool = False

    @property
    def is_any(self) -> bool:
        """Whether anybody has to be told: the question about leavers has a message each day."""
        return bool(self.leftovers or self.pairings or self.disconnected or self.reviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybodys:
    """What an admin sees of everybody; ``with_person`` is whom they look for, and ``about`` what
    there is of them beside the delegations."""

    admin_id: str
    counts: Counts
    rights: Slice
    with_person: str | None = None
    about: Rights | None = None
    leftovers: Sequence[Leftover] = ()
    gone: Mapping[str, Departure] = field(default_factory=dict)
    disconnected: Sequence[str] = ()
