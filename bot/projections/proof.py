"""Whether the log is as it was sealed: every entry, every detail beside one, and the whole chain.

It is read a page at a time, so that any number of entries takes little memory. What the bot writes
meanwhile does no harm: an entry that waits for its seal is counted as such.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.projections.pages import PAGE, paged
from bot.store import Database
from bot.store.seals import Line
from models.particulars import PERSONAL, digest
from models.seal import NOTHING, Seal, Sealing, digest_of, sealed

LOST = "the seal over it is gone"


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first thing that does not fit: at which entry, and what is wrong."""

    event_id: int
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. ``waiting`` entries have no seal yet, ``erased`` details were taken out as
    the log says; ``has_head`` is whether the head that was asked for is in the chain."""

    entries: int
    waiting: int
    erased: int
    head: Seal | None
    has_head: bool
    misfit: Misfit | None

    @property
    def holds(self) -> bool:
        """Whether nothing was altered."""
        return self.misfit is None and self.has_head


async def prove(database: Database, *, head: str | None = None) -> Proof:
    """Look at all of it. ``head`` is the digest of a seal that was seen before, in hexadecimal."""
    entries = waiting = erased = 0
    first: Misfit | None = None
    async for line in _lines(database):
        entries += 1
        waiting += line.sealing is not None and line.sealing.seal is None
        erased += _erased(line)
        first = first or _misfit(line)
    chain = _Chain(head)
    broken = await chain.follow(database)
    if broken is not None and (first is None or broken.event_id < first.event_id):
        first = broken
    if first is None and erased > await database.read(lambda store: store.seals.erased()):
        first = Misfit(0, "more details are gone than the log says were erased")
    return Proof(entries, waiting, erased, chain.last, chain.has_head, first)


def _misfit(line: Line) -> Misfit | None:
    """What is wrong with one entry, by itself."""
    event_id, place = line.entry.id, line.sealing
    if place is None:
        return Misfit(event_id, "it was added behind the database's back")
    if place.seal is not None and place.digest != digest_of(line.entry):
        return Misfit(event_id, "it is not as it was sealed")
    wrong = next((each for each in (_wrong(line, name) for name in PERSONAL) if each), None)
    return Misfit(event_id, wrong) if wrong else None


def _wrong(line: Line, name: str) -> str | None:
    """What is wrong with what stands beside an entry."""
    kept = getattr(line.entry, f"{name}_digest")
    if line.beside is None:
        return None if kept is None else "what stood beside it is gone"
    value, salt = getattr(line.beside, name), getattr(line.beside, f"{name}_salt")
    if kept is None and value is not None:
        return f"its {name} was added"
    if salt is not None and kept != digest(salt, value or ""):
        return f"its {name} is not the one that was written down"
    return None


def _erased(line: Line) -> int:
    """How many details an entry once had and has no more."""
    if line.beside is None:
        return 0
    return sum(
        getattr(line.entry, f"{name}_digest") is not None
        and getattr(line.beside, f"{name}_salt") is None
        for name in PERSONAL
    )


class _Chain:
    """The seals, one after the other, over what is kept of the entries that they cover."""

    def __init__(self, head: str | None) -> None:
        self._head = head
        self.has_head = head is None or head == NOTHING.hex()
        self.last: Seal | None = None

    async def follow(self, database: Database) -> Misfit | None:
        """To its end, or to the first that does not fit."""
        covered = _covered(database)
        held = await anext(covered, None)
        async for seal in _seals(database):
            digests: list[tuple[int, bytes]] = []
            if held is not None and (held[0].seal or 0) < seal.number:
                return Misfit(held[0].event_id, LOST)
            while held is not None and held[0].seal == seal.number:
                place, is_there = held
                if not is_there:
                    return Misfit(place.event_id, "it is gone")
                digests.append((place.event_id, place.digest or b""))
                held = await anext(covered, None)
            if sealed(self.last, digests, at=seal.at) != seal:
                first = min((event_id for event_id, _ in digests), default=seal.last_id)
                return Misfit(first, f"seal {seal.number}, which covers it, does not fit")
            self.last = seal
            self.has_head = self.has_head or seal.digest.hex() == self._head
        return None if held is None else Misfit(held[0].event_id, LOST)


def _lines(database: Database) -> AsyncIterator[Line]:
    return paged(
        database,
        lambda store, after: store.seals.page(after=after, limit=PAGE),
        lambda line: line.entry.id,
        first=0,
    )


def _seals(database: Database) -> AsyncIterator[Seal]:
    return paged(
        database,
        lambda store, after: store.seals.chain(after=after, limit=PAGE),
        lambda seal: seal.number,
        first=0,
    )


def _covered(database: Database) -> AsyncIterator[tuple[Sealing, bool]]:
    return paged(
        database,
        lambda store, after: store.seals.covered(after=after, limit=PAGE),
        lambda each: (each[0].seal or 0, each[0].event_id),
        first=(0, 0),
    )
