"""Every open right as text, for whoever has a terminal and no Slack."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from bot.cards.foreign import address
from bot.process.fit import ready_database
from bot.process.settings import Settings
from bot.process.start import run
from bot.store import Database
from bot.times.saying import say_length
from models.delegation import Delegation, State

PAGE = 500  # rows, so that any number of rights takes little memory


def list_open(
    *,
    person: Annotated[str | None, Parameter(help="only those of this Slack id")] = None,
) -> int:
    """Print them; returns the exit status."""
    return run(lambda settings: print_open(settings, person))


async def print_open(settings: Settings, person: str | None) -> int:
    """Print them, or only those of one person, who is known by their Slack id."""
    number = 0
    async with ready_database(settings) as database:
        async for each in every_open(database):
            if person in (None, each.grantor_id, each.grantee_id, each.requester_id):
                number += 1
                print(line(each))
    print(f"{number} open {'right' if number == 1 else 'rights'}.")
    return 0


async def every_open(database: Database) -> AsyncIterator[Delegation]:
    """Every open right, a page at a time."""
    pair: tuple[str, str, str] | None = None
    while page := await _page(database, pair):
        for each in page:
            yield each
        last = page[-1]
        pair = (last.team_id, last.grantor_id, last.grantee_id)


async def _page(database: Database, pair: tuple[str, str, str] | None) -> Sequence[Delegation]:
    return await database.read(lambda store: store.delegations.open_after(pair, limit=PAGE))


def line(delegation: Delegation) -> str:
    """One right: its id, how far it is, who it is about, until when, and what it waits for."""
    d = delegation
    email = f" ({address(d.grantee_email)})" if d.grantee_email else ""
    said = [d.id, f"{d.state:<9}", f"{d.grantee_id}{email} as {d.grantor_id}", _end(d)]
    return "  ".join([*said, *([f"waits: {d.trouble}"] if d.trouble else [])])


def _end(d: Delegation) -> str:
    if d.state is State.ENDING:
        return f"over since {_moment(d.ended_at)}"
    if d.state is State.ACTIVE:
        return f"until {_moment(d.ends_at)}"
    if d.until is None and d.length is not None:
        return f"for {say_length(d.length)}"
    return f"until {_moment(d.until)}"


def _moment(when: datetime | None) -> str:
    return "revoked" if when is None else f"{when:%Y-%m-%d %H:%M} UTC"
