"""What years of use leave behind: most of it over, a little of it open, the log of it sealed."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from bench.rights import LENGTH
from bench.stage import person
from bot.projections.notary import AT_ONCE
from models.delegation import Delegation, Event, Receipt, ReceiptState, State
from models.event import Entry
from models.particulars import SALT, digest
from models.seal import Seal, digest_of, sealed
from sandbox.people import ORGANIZATION_ID, TEAM_ID

MOST_PEOPLE = 5_000
FEWEST_EACH = 10  # rights that somebody has given; as many, to have
FIRST = (8, 15)  # from a grantor to the grantees of what is open: a person sees no more of these,
# however much is stored
STRETCHES = 50  # moments at which what is over began
APART = timedelta(days=7)  # so all of it is younger than what is erased by its age
LEFT = timedelta(days=5)  # that what is open still runs
DIGEST = 32  # bytes


@dataclass(frozen=True, slots=True)
class Somebody:
    """One of the crowd; in the log their name has the same salt everywhere."""

    number: int
    user_id: str
    close_id: str
    email: str
    salt: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many delegations like ``template``; the number of the first is ``begin``. Their ids are
    ``name`` and their number, and ``apart`` is how far their people are from each other, where that
    is the same for all."""

    name: str
    begin: int
    count: int
    template: Delegation
    apart: int | None = None

    @property
    def numbers(self) -> range:
        """Of its delegations."""
        return range(self.begin, self.begin + self.count)


@dataclass(frozen=True, slots=True)
class Past:
    """All of it, the oldest first; ``digests`` are those of the log's entries, one a delegation,
    one after the other."""

    people: Sequence[Somebody]
    stretches: Sequence[Stretch]
    digests: bytes
    seals: Sequence[Seal]

    def __len__(self) -> int:
        """How many delegations."""
        return len(self.digests) // DIGEST

    def digests_of(self, stretch: Stretch) -> bytes:
        """Those of its entries."""
        return self.digests[stretch.begin * DIGEST : (stretch.begin + stretch.count) * DIGEST]


@cache
def past(size: int) -> Past:
    """So many delegations; the same for each database."""
    people = [_somebody(number) for number in range(min(MOST_PEOPLE, size // FEWEST_EACH))]
    stretches = list(_stretches(size, len(people), datetime.now(UTC)))
    entries = [digest_of(each) for stretch in stretches for each in _entries(stretch, people)]
    moments = [each.template.requested_at for each in stretches for _ in each.numbers]
    seals: list[Seal] = []
    for begin in range(0, size, AT_ONCE):
        covered = list(enumerate(entries[begin : begin + AT_ONCE], begin + 1))
        at = moments[covered[-1][0] - 1]
        seals.append(sealed(seals[-1] if seals else None, covered, at=at))
    return Past(people, stretches, b"".join(entries), seals)


def _somebody(number: int) -> Somebody:
    who, salt = person(number), secrets.token_bytes(SALT)
    close_id = who.close_user_id or ""
    return Somebody(number, who.id, close_id, who.email, salt, digest(salt, who.id))


def _stretches(size: int, people: int, now: datetime) -> Iterator[Stretch]:
    over, begin = size - len(FIRST) * people, 0
    for back in reversed(range(STRETCHES)):
        count = over // STRETCHES + (back < over % STRETCHES)
        template = _over(now - APART * back - timedelta(days=1))
        yield Stretch(f"over{back}", begin, count, template)
        begin += count
    for place, apart in enumerate(FIRST):
        # From 0 on for each, so that everybody has one.
        template = _open(now - timedelta(days=1), now + LEFT)
        yield Stretch(f"open{place}", begin, people, template, apart)
        begin += people


def _open(began: datetime, ends_at: datetime) -> Delegation:
    """An active right, as its grantor's click made it."""
    return Delegation(
        id="",
        team_id=TEAM_ID,
        grantor_id="",
        grantee_id="",
        requester_id="",
        reason="",
        length=ends_at - began,
        state=State.ACTIVE,
        version=5,
        requested_at=began,
        lapses_at=began + timedelta(days=3),
        decided_at=began,
        attempted_at=began,
        active_at=began,
        identified_at=began,
        ends_at=ends_at,
        organization_id=ORGANIZATION_ID,
        wake_at=ends_at,
    )


def _over(ended_at: datetime) -> Delegation:
    """One that has run its time, and about which everything is said."""
    return replace(
        _open(ended_at - LENGTH, ended_at),
        state=State.ENDED,
        version=8,
        ended_at=ended_at,
        end_event=Event.EXPIRE,
        has_twin=False,
        receipt=Receipt(ReceiptState.MADE),
        wake_at=None,
    )


def pair(stretch: Stretch, number: int, people: int) -> tuple[int, int]:
    """Who gave it to whom, by their numbers; ``bench.fill`` says the same in SQL."""
    apart = stretch.apart or number // people % (people - 1) + 1
    grantor = (number - stretch.begin if stretch.apart else number) % people
    return grantor, (grantor + apart) % people


def _entries(stretch: Stretch, people: Sequence[Somebody]) -> Iterator[Entry]:
    """What the log has of each: that it was asked for."""
    for number in stretch.numbers:
        grantor, grantee = (people[each] for each in pair(stretch, number, len(people)))
        yield Entry(
            id=number + 1,
            at=stretch.template.requested_at,
            team_id=TEAM_ID,
            delegation_id=f"{stretch.name}-{number}",
            event=Event.REQUEST,
            state=State.REQUESTED,
            length=stretch.template.length,
            actor_digest=grantee.digest,
            grantor_digest=grantor.digest,
            grantee_digest=grantee.digest,
        )
