"""Two thousand rights that end at the same moment, while Close allows 20 requests a second.

The least that is possible: the first second's requests at once, and 20 more in each second after.
"""

import time
from collections.abc import Sequence
from itertools import product

from cryptography.fernet import Fernet

from bench.many import Pair, write_overdue
from bench.stage import askers, crowd
from bench.table import Figure
from bot.connections.vault import Vault
from sandbox.close import SandboxClose
from sandbox.close.state import RecordedCall
from sandbox.people import BEN, SandboxPerson
from sandbox.running import open_house

A_SECOND = 20  # requests
SECONDS = 400.0
QUIET = 0.2  # seconds after a 429 in which its group has to be left alone


async def measure(database_url: str) -> Sequence[Figure]:
    """2,000 grantors with one right each: no two of them can share a call."""
    people = crowd(2000)
    return await _drained(
        database_url, people, [(each, BEN) for each in askers(people)], calls=2000
    )


async def measure_teams(database_url: str) -> Sequence[Figure]:
    """40 grantors with 50 rights each: 40 calls would do."""
    people = crowd(90)
    grantors, grantees = askers(people)[:40], askers(people)[40:]
    return await _drained(database_url, people, list(product(grantors, grantees)), calls=40)


async def _drained(
    database_url: str, people: list[SandboxPerson], pairs: Sequence[Pair], *, calls: int
) -> Sequence[Figure]:
    key = Fernet.generate_key().decode()
    async with open_house(database_url=database_url, people=people, ENCRYPTION_KEYS=key) as house:
        await house.bot.stop()
        await write_overdue(database_url, Vault([key]), house.close, pairs, house.clock())
        house.close.trouble.limit_per_second(A_SECOND)
        house.close.calls.clear()
        await house.bot.start()
        began = time.perf_counter()
        await house.close.wait_for(
            lambda: not house.close.associations, SECONDS, "all associations to be gone"
        )
        took = time.perf_counter() - began
    return _figures(house.close, len(pairs), took, least=max(calls / A_SECOND - 1, 0))


def _figures(close: SandboxClose, ends: int, took: float, *, least: float) -> Sequence[Figure]:
    refused = [each for each in close.calls if each.status == 429]
    name = f"{ends} ends at {A_SECOND} requests a second"
    return [
        Figure(name, f"{took:6.1f} s   least possible {least:6.1f} s"),
        Figure(
            f"{name}: answers 429",
            f"{len(refused)}, followed at once by another request: {_impatient(close, refused)}",
        ),
    ]


def _impatient(close: SandboxClose, refused: Sequence[RecordedCall]) -> int:
    """How many 429s were answered with another request to the same group."""
    return sum(
        any(
            0 < (each.when - answer.when).total_seconds() < QUIET
            and (each.method, each.path) == (answer.method, answer.path)
            for each in close.calls
        )
        for answer in refused
    )
