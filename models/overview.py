"""What one person sees of everything: the rows behind their App Home."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.connection import Connection
from models.delegation import Delegation
from models.standing import StandingApproval


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first rows of a list, and how many there are in all."""

    rows: Sequence[Delegation] = ()
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that concerns one person.

    - ``waiting`` has what this person, as a grantor, has to answer or to mend.
    - ``given`` and ``received`` have what else is open, as grantor and as grantee.
    - ``for_others`` has what they asked for a third person.
    - ``history`` is one page of what is over, as grantor or grantee, newest first; ``page`` counts
      from 0.
    """

    person_id: str
    connection: Connection | None = None
    waiting: Excerpt = Excerpt()
    given: Excerpt = Excerpt()
    received: Excerpt = Excerpt()
    for_others: Excerpt = Excerpt()
    standing: Sequence[StandingApproval] = ()
    history: Sequence[Delegation] = ()
    page: int = 0
    has_older: bool = False
