"""A whole company: ten thousand rights that are open, seen by an admin; and a log of a million
entries, written out for an auditor."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, insert

from bench.fill import fill
from bench.ground import Ground
from bench.house import House, open_house, written
from bench.lines import Line, Result, Unit
from bench.outside import soon
from bench.rights import active
from bench.rounds import Size
from bench.running import Running
from bench.stage import person
from bot.store.store import Store
from models.delegation import Event, delegations
from models.rows import to_row
from sandbox.people import DANA
from sandbox.running import ROOT

HOME, ALL, PAGE, WHO, PEAK, RATE = (
    Line(
        name="an admin's App Home",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the visit to the published view",
    ),
    Line(
        name="everybody's rights in it",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the click to the published view, with all counts",
    ),
    Line(
        name="their next page",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="as above",
    ),
    Line(
        name="`/sendas who @person`",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the command to its answer, asked by an admin",
    ),
    Line(
        name="memory of `audit export`, most beside least",
        unit=Unit.TIMES,
        goal=1.1,
        how="the most that the process ever held, with the largest log against the smallest",
    ),
    Line(
        name="`audit export`",
        unit=Unit.A_SECOND,
        goal=None,
        how="entries of the largest log, as JSON lines",
    ),
)
# Buttons of the admin's home, and by which it is known what it shows.
EVERYBODYS, FURTHER, BACK, OWN = "Everybody's rights", "More", "Back", "Back to my own"
EXPORT = ("audit", "export", "--format", "jsonl")
# A process of its own: Linux counts as a child's memory what its parent had when it was started.
_MEASURE = """
import json, resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_maxrss, time.monotonic() - began]))
"""
AROUND = 10  # delegations that are stored, for each that is open
_ASSOCIATION = ("id", "organization_id", "allowing_user_id", "allowed_user_id")
AT_ONCE = 2_000  # entries in a transaction
SETTLED = 2.0  # seconds after a start
ASKED = 12  # times, in a round


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        async with open_house(ground, ASKED) as house:
            async for result in seen_by_an_admin(house, kind, size):
                yield result
            async for result in written_out(house, kind, size):
                yield result


async def seen_by_an_admin(house: House, kind: str, size: Size) -> AsyncIterator[Result]:
    """Homes and ``who``, beside so many rights that are open."""
    url = await house.ground.migrated(kind)
    await fill(url, size.open * AROUND)
    rounds: dict[Line, list[float]] = {HOME: [], ALL: [], PAGE: [], WHO: []}
    async with house.bot(url) as bot:
        await asyncio.sleep(SETTLED)
        for number in range(size.rounds + 1):
            took: dict[Line, list[float]] = {line: [] for line in rounds}
            for each in house.people[:ASKED]:
                took[HOME].append(await _home(house, bot, "", shows=EVERYBODYS))
                took[ALL].append(await _home(house, bot, EVERYBODYS, shows=OWN))
                took[PAGE].append(await _home(house, bot, FURTHER, shows=BACK))
                took[WHO].append(await _who(house, bot, each.id))
            for line, figures in took.items():
                if number:  # the round before was to warm up
                    rounds[line].append(statistics.median(figures))
    for line, figures in rounds.items():
        yield Result(line, kind, figures, f"{size.open:,} open of {size.open * AROUND:,} stored")


async def _home(house: House, bot: Running, button: str, *, shows: str) -> float:
    """Milliseconds from a click on this button, or from a visit, until the admin's home is
    published with what it leads to."""
    published = house.outside.upcoming(
        lambda event: (
            event["kind"] == "home" and event["user"] == DANA.id and shows in event["buttons"]
        )
    )
    if button:
        payload = await house.outside.ask("click_home", user=DANA.id, wanted=button, value=None)
        answer = await house.client.interaction(bot.url, payload)
    else:
        answer = await house.client.open_home(bot.url, DANA.id)
    took = (await soon(published))["at"] - answer.sent
    await house.outside.quiet()
    return float(took * 1000)


async def _who(house: House, bot: Running, person_id: str) -> float:
    """Milliseconds until the admin reads what there is of this person."""
    answer = await house.client.command(bot.url, DANA.id, f"who <@{person_id}>")
    await house.outside.quiet()
    return answer.seconds * 1000


async def written_out(house: House, kind: str, size: Size) -> AsyncIterator[Result]:
    """The same log, as long as each size."""
    peaks, rates = [], []
    for entries in size.entries:
        url = await house.ground.migrated(kind)
        await written(url, partial(_log, entries=entries))
        peak, seconds = await asyncio.to_thread(_export, house, url)
        peaks.append(peak)
        rates.append(entries / seconds)
    note = ", ".join(
        f"{entries:,}: {peak:.1f} MiB" for entries, peak in zip(size.entries, peaks, strict=True)
    )
    yield Result(PEAK, kind, [peaks[-1] / peaks[0]], note)
    yield Result(RATE, kind, [rates[-1]], f"{size.entries[-1]:,} entries")


def _log(connection: Connection, entries: int) -> None:
    """So many entries, as people would have made them."""
    store = Store(connection)
    now = datetime.now(UTC)
    right = active((person(0), person(1)), now, dict.fromkeys(_ASSOCIATION, "sdas_of_somebody"))
    asked = replace(right, reason="Covering the spring pipeline")
    connection.execute(insert(delegations).values(to_row(asked)))
    for done in range(0, entries, AT_ONCE):
        few = [(None, asked)] * min(AT_ONCE, entries - done)
        at = now - timedelta(seconds=entries - done)
        store.log.record(few, Event.REQUEST, now=at, actor=asked.requester_id)


def _export(house: House, url: str) -> tuple[float, float]:
    """The most memory that the command holds, in MiB, and how many seconds it takes."""
    measured = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-c", _MEASURE, sys.executable, "-m", "bot", *EXPORT],
        cwd=house.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **house.settings(url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if measured.returncode:
        raise RuntimeError(measured.stderr)
    kibibytes, seconds = json.loads(measured.stdout)
    return kibibytes / 1024, seconds
