"""The log for an auditor: taken out, and proved."""

import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from bot.connections.coverage import coverage
from bot.connections.sessions import Connections
from bot.process.farewell import Farewell
from bot.process.fit import ready_database
from bot.process.resources import open_outside
from bot.process.settings import Settings
from bot.process.start import FAILED, clock_of, run
from bot.projections.export import Format, Writer, entries, gap, held, names_of
from bot.projections.proof import Proof, prove
from bot.projections.telling import stamp
from bot.store import Database
from bot.store.ledger import Stretch
from models.event import REVIEWS

DAY = timedelta(days=1)


def export(
    *,
    since: Annotated[date | None, Parameter(help="from this day on, in UTC")] = None,
    until: Annotated[date | None, Parameter(help="up to this day, which is included")] = None,
    format: Annotated[Format, Parameter(help="how it is written")] = Format.CSV,  # noqa: A002
    as_of: Annotated[date | None, Parameter(help="who had which right on this day")] = None,
    reviews: Annotated[bool, Parameter(help="only the reviews and their answers", negative="")] = (
        False
    ),
) -> int:
    """Write it to standard output; returns the exit status."""
    wanted = Stretch(
        since=_midnight(since),
        until=None if until is None else _beginning(until) + DAY,
        deeds=REVIEWS if reviews else (),
    )
    return run(lambda settings: _export(settings, Format(format), wanted, as_of))


async def _export(settings: Settings, format_: Format, wanted: Stretch, as_of: date | None) -> int:
    writer = Writer(format_, names_of(is_of_day=as_of is not None))
    async with ready_database(settings) as database:
        sys.stdout.write(writer.head())
        number = 0
        async for record in _records(database, wanted, as_of):
            sys.stdout.write(writer.line(record))
            number += 1
        said = await _gap(settings, database)
    last: dict[str, Any] = {"what": "coverage"}
    last |= {"reason": said} if as_of is not None else {"text": said}
    sys.stdout.write(writer.line(last))
    sys.stdout.flush()
    print(f"{number} {'record' if number == 1 else 'records'}. {said}.", file=sys.stderr)
    return 0


def _records(
    database: Database, wanted: Stretch, as_of: date | None
) -> AsyncIterator[Mapping[str, Any]]:
    if as_of is None:
        return entries(database, wanted)
    return held(database, _beginning(as_of), _beginning(as_of) + DAY)


async def _gap(settings: Settings, database: Database) -> str:
    now = clock_of(settings)
    teams = await database.read(lambda store: store.connections.teams())
    async with open_outside(settings, now, Farewell()) as outside:
        connections = Connections(database, outside.vault, outside.oauth, now)
        found = [await coverage(database, connections, outside.close, each) for each in teams]
    members = [each for _, each in found]
    known = [each for each in members if each is not None]
    in_all = sum(known) if members and len(known) == len(members) else None
    return gap(sum(connected for connected, _ in found), in_all)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else _beginning(day)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def verify(
    *,
    head: Annotated[
        str | None, Parameter(help="a head that the audit channel was told; it has to be in it")
    ] = None,
) -> int:
    """Prove it; returns the exit status."""
    return run(lambda settings: _verify(settings, head))


async def _verify(settings: Settings, head: str | None) -> int:
    async with ready_database(settings) as database:
        proof = await prove(database, head=None if head is None else head.strip(" `").lower())
    print(_sentence(proof))
    return 0 if proof.holds else FAILED


def _sentence(proof: Proof) -> str:
    if proof.misfit is not None:
        where = f"Entry {proof.misfit.event_id}" if proof.misfit.event_id else "The log"
        return f"{where} does not fit: {proof.misfit.what}."
    if not proof.has_head:
        return "The log is whole in itself, but the head that was given is not in it."
    counted = f"{proof.entries:,} {'entry' if proof.entries == 1 else 'entries'}"
    said = [f"The log holds: {counted}, of which {proof.waiting} wait for their seal."]
    if proof.head is not None:
        at = stamp(proof.head.at)
        said.append(f"Head {proof.head.digest.hex()}, seal {proof.head.number}, {at}.")
    if proof.erased:
        said.append(f"{proof.erased:,} details were erased, as the log says.")
    return " ".join(said)
