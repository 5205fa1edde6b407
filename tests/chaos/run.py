"""One run: people live, things go wrong, the world comes to rest, the books are balanced."""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.store import DatabaseAway
from models.card import Card
from models.delegation import WAITS_FOR_GRANTOR, Delegation, Event
from sandbox.slack.workspace import ApiCall
from tests.chaos.books import (
    Outside,
    Rows,
    balance,
    indistinguishable,
    late_posts,
    lateness,
    read_restless,
    read_rows,
)
from tests.chaos.faults import Faults
from tests.chaos.ledger import PROMISES, Entry, Ledger, Span
from tests.chaos.people import People, born
from tests.chaos.seen import Screens
from tests.chaos.stage import Ground, Stage, connect_again, ground, open_stage

BOUND = timedelta(seconds=60)  # an association never stands longer after its end than this
REST = 600.0  # seconds until everything has come to rest, at most
LOOK = 0.5  # seconds between two looks at the database
AHEAD = timedelta(seconds=20)  # so far the clock is pushed where all that is left is a wait
REAL = 20.0  # seconds before that
RECONNECTS = 3.0  # seconds between two looks for lost connections
TELLS = 30.0  # seconds between two lines about how far a run is


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is."""

    seed: int
    seconds: float
    processes: int = 1
    database: str = "sqlite"
    lives: int = 1_000_000
    people: int = 40
    at_once: int = 12
    pause: float = 2.5  # seconds between two faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    plan: Plan
    ledger: Ledger
    rows: Rows
    late: list[tuple[timedelta, str]]
    wrong: list[str]
    told_twice: int  # by a process that was paused in the middle of a post
    indistinguishable: int  # made by hand while ours was on its way, and taken for ours
    seconds: float
    resting: float


def run(plan: Plan) -> Outcome:
    """Play it from beginning to end."""
    if plan.database == "sqlite" and plan.processes != 1:
        raise ValueError("SQLite has one process")
    with ground(plan.database) as under:
        return asyncio.run(_play(plan, under))


async def _play(plan: Plan, under: Ground) -> Outcome:
    began = time.monotonic()
    async with open_stage(under, plan.processes, plan.people, {}) as stage:
        ledger, screens = Ledger(), Screens(stage.slack)
        following = asyncio.create_task(screens.follow())
        try:
            await _live(plan, stage, ledger, screens)
            resting = await rest(stage)
        finally:
            following.cancel()
        rows, outside = await read_rows(stage.url), outside_of(stage)
    late = lateness(ledger, rows, outside)
    wrong = balance(ledger, rows, outside)
    wrong += [f"overdue: {reason} by {over}" for over, reason in late if over > BOUND]
    return Outcome(
        plan=plan,
        ledger=ledger,
        rows=rows,
        late=late,
        wrong=wrong,
        told_twice=len(late_posts(ledger, outside)),
        indistinguishable=len(indistinguishable(ledger, rows, outside)) // 2,
        seconds=time.monotonic() - began,
        resting=resting,
    )


async def _live(plan: Plan, stage: Stage, ledger: Ledger, screens: Screens) -> None:
    """Lives until the time is over, and faults meanwhile; then everything is mended."""
    people = People(stage, screens, ledger)
    dice = random.Random(plan.seed)  # noqa: S311 - plays, keeps no secret
    faults = Faults(stage, ledger, dice, plan.pause)
    striking = asyncio.create_task(faults.strike(plan.seconds))
    watching = asyncio.create_task(_watch(stage, ledger))
    telling = asyncio.create_task(_tell(ledger))
    connecting = asyncio.create_task(_keep_connected(stage, ledger))
    numbers = iter(range(plan.lives))

    async def one_after_another() -> None:
        for number in numbers:
            if striking.done():  # the time is over
                return
            life, how = born(number, stage.people, plan.seed)
            await people.live(life, how)

    try:
        await asyncio.gather(*(one_after_another() for _ in range(plan.at_once)))
    finally:
        striking.cancel()
        telling.cancel()
        connecting.cancel()
        await asyncio.gather(striking, telling, connecting, return_exceptions=True)
        await faults.finish()
        stage.heal()
        await stage.fleet.recover()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    if not striking.cancelled():
        striking.result()


async def _watch(stage: Stage, ledger: Ledger) -> None:
    """Note when no process could do anything."""
    began = None
    while True:
        if not stage.fleet.running():
            began = began or stage.clock()
        elif began is not None:
            ledger.outages.append(Span(began, stage.clock()))
            began = None
        await asyncio.sleep(0.1)


async def _keep_connected(stage: Stage, ledger: Ledger) -> None:
    """Whoever's connection is lost connects again after a while."""
    while True:
        await asyncio.sleep(RECONNECTS)
        with contextlib.suppress(DatabaseAway):  # then the next look finds them
            found = disconnected(await read_restless(stage.url))
            ledger.connected_again += await connect_again(stage, found)


def disconnected(rows: Rows) -> set[str]:
    """Grantors for whom something waits until they connect again."""
    return {row.grantor_id for row in rows.delegations if row.trouble in WAITS_FOR_GRANTOR}


async def _tell(ledger: Ledger) -> None:
    """Say now and then how far it is; what is answered must not become rare."""
    began, known = time.monotonic(), 0
    while True:
        await asyncio.sleep(TELLS)
        latest, known = ledger.entries[known:], len(ledger.entries)
        sys.stderr.write(
            f"after {time.monotonic() - began:.0f} s: lives {ledger.lives}, kills {ledger.kills}, "
            f"acknowledged lately {_acknowledged(latest)} of {len(latest)}\n"
        )


async def rest(stage: Stage, *, real: float = REAL) -> float:
    """Wait until nothing is to be done any more; seconds. What only waits is hurried after ``real``
    of them."""
    began = time.monotonic()
    while time.monotonic() - began < REST:
        rows = await read_restless(stage.url)
        if _is_at_rest(rows):
            break
        await connect_again(stage, disconnected(rows))
        if time.monotonic() - began > real and _only_waits(stage, rows):
            stage.push(AHEAD)
        await asyncio.sleep(LOOK)
    return time.monotonic() - began


def _is_at_rest(rows: Rows) -> bool:
    is_quiet = all(row.wake_at is None for row in rows.delegations)
    return is_quiet and all(card.wake_at is None for card in rows.cards)


def _only_waits(stage: Stage, rows: Rows) -> bool:
    now = stage.clock()
    waiting: list[Delegation | Card] = [*rows.delegations, *rows.cards]
    is_due = any(each.wake_at is not None and each.wake_at <= now for each in waiting)
    return not is_due and all(each.leased_until is None for each in waiting)


def outside_of(stage: Stage) -> Outside:
    """What Close and Slack hold now, and what they took."""
    state, workspace = stage.close.state, stage.slack.workspace
    return Outside(
        there=list(state.associations),
        gone=list(state.dropped),
        came=dict(state.added),
        messages=list(workspace.messages),
        posted=[(mark, call.when) for call in workspace.calls if (mark := _posted(call))],
    )


def _posted(call: ApiCall) -> str:
    """The mark of a post that Slack took, whatever the answer was."""
    if call.method != "chat.postMessage" or not call.outcome.startswith("ok"):
        return ""
    metadata = call.arguments.get("metadata") or {}
    return str(metadata.get("event_payload", {}).get("mark", ""))


def told(outcome: Outcome) -> str:
    """The summary in figures."""
    ledger, plan = outcome.ledger, outcome.plan
    commands = [each for each in ledger.entries if each.deed in PROMISES]
    clicks = [each for each in ledger.entries if each.deed not in PROMISES]
    faults = ", ".join(f"{kind} {times}" for kind, times in sorted(ledger.faults.items()))
    late = [over.total_seconds() for over, _ in outcome.late]
    bound = f"{late[0]:.1f} s, p99 {late[len(late) // 100]:.1f} s" if late else "nothing ended"
    return "\n".join(
        [
            f"seed {plan.seed}, {plan.database}, processes: {plan.processes}",
            f"seconds          {outcome.seconds:.0f}, {outcome.resting:.0f} of them coming to rest",
            f"lives            {ledger.lives} ({ledger.lives / outcome.seconds:.1f} a second)",
            f"lives got to     {_far(outcome)}",
            f"requests         {len(commands)}, acknowledged {_acknowledged(commands)}",
            f"clicks           {len(clicks)}, acknowledged {_acknowledged(clicks)}",
            f"rows             {len(outcome.rows.delegations)}, associations {len(late)}",
            f"kills            {ledger.kills}, connections made again {ledger.connected_again}",
            f"faults           {faults}",
            f"recovery bound   longest {bound} (stated: {BOUND.total_seconds():.0f} s)",
            f"not covered      {_not_covered(outcome)}",
            f"books            {_summed(outcome.wrong)}",
        ]
    )


def _far(outcome: Outcome) -> str:
    """How many lives got how far: by the rows, and by the clicks that were acknowledged."""
    clicked = {
        each.life
        for each in outcome.ledger.entries
        if each.is_acknowledged and each.deed not in PROMISES
    }
    happened: dict[str, set[Event]] = {}
    for row in outcome.rows.delegations:
        events = {each.event for each in outcome.rows.events[row.id]}
        happened.setdefault(row.reason, set()).update(events)
    far = {
        "asked or given": {Event.REQUEST, Event.GRANT},
        "approved or given": {Event.APPROVE, Event.GRANT},
        "active at Close": {Event.ACTIVATE},
        "gone from Close": {Event.CONFIRM, Event.REMOVE},
    }
    counted = [
        f"{name} {sum(bool(events & which) for events in happened.values())}"
        for name, which in far.items()
    ]
    return ", ".join([*counted, f"clicked {len(clicked)}"])


def _not_covered(outcome: Outcome) -> str:
    late, alike = outcome.told_twice, outcome.indistinguishable
    return f"posted late by a paused process {late}, indistinguishable {alike}"


def _acknowledged(entries: Sequence[Entry]) -> int:
    return sum(each.is_acknowledged for each in entries)


def _summed(wrong: list[str]) -> str:
    return f"{len(wrong)} lines do not balance" if wrong else "balanced"
