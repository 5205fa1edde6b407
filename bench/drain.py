"""How long it takes until all rights are gone when many end at the same moment.

The rows are written while the bot is down; the clock runs from its start. Close is the sandbox,
which answers at once and sets no limit.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from bench.stage import askers, crowd
from bench.table import Figure
from bot.store import Database
from models.base import new_id
from models.delegation import Delegation, State, delegations
from models.rows import to_row
from sandbox.browser import Browser
from sandbox.people import ADA, TEAM_ID, SandboxPerson
from sandbox.running import House, open_house

ENDS = 300
SECONDS = 120.0


async def measure(database_url: str) -> Sequence[Figure]:
    """From ready to the last association gone, and to everybody told."""
    people = crowd(ENDS)
    async with open_house(database_url=database_url, people=people) as house:
        await _connect(house)
        await house.bot.stop()
        await _write(database_url, [_overdue(house, person) for person in askers(people)])
        began = time.perf_counter()
        await house.bot.start()
        start = time.perf_counter() - began
        await house.close.wait_for(
            lambda: not house.close.associations, SECONDS, "all associations to be gone"
        )
        took = time.perf_counter() - began
    return [
        Figure("from start to ready", f"{start:6.2f} s"),
        Figure(f"{ENDS} overdue ends, from start to the last gone", f"{took:6.2f} s"),
    ]


async def _connect(house: House) -> None:
    await house.slack.command(ADA, "/sendas", "connect")
    link = house.slack.messages(ADA)[-1].text.partition("<")[2].partition("|")[0]
    async with Browser() as browser:
        await browser.open(link)
        await browser.press("Continue")
        await browser.decide(ADA)


def _overdue(house: House, grantee: SandboxPerson) -> Delegation:
    """An active delegation that ended a moment ago, with its association in Close."""
    association = house.close.allow(ADA, grantee)
    began = house.clock() - timedelta(hours=2)
    return Delegation(
        id=new_id(),
        team_id=TEAM_ID,
        grantor_id=ADA.id,
        grantee_id=grantee.id,
        requester_id=grantee.id,
        reason="",
        length=timedelta(hours=2),
        state=State.ACTIVE,
        requested_at=began,
        lapses_at=began + timedelta(days=3),
        decided_at=began,
        attempted_at=began,
        active_at=began,
        ends_at=began + timedelta(hours=2),
        association_id=association.id,
        organization_id=association.organization_id,
        grantor_close_id=association.allowing_user_id,
        grantee_close_id=association.allowed_user_id,
        wake_at=began + timedelta(hours=2),
    )


async def _write(database_url: str, rows: Sequence[Delegation]) -> None:
    database = Database(database_url)
    try:
        await database.run_connection(
            lambda connection: connection.execute(
                delegations.insert(), [to_row(row) for row in rows]
            )
        )
    finally:
        await database.dispose()
