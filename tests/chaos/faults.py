"""What goes wrong: drawn from the seed, one after the other, each for a limited time."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from sandbox.close.trouble import After, HeaderForm
from tests.chaos.fleet import Member
from tests.chaos.ledger import Ledger, Span
from tests.chaos.stage import Stage

LEASE = 6.0  # seconds (bot/clock/worker.py)
LONGEST_OUTAGE = 6.0  # seconds
MOST_SKEW = 2.0  # seconds that a clock is wrong, either way
CREATE, DELETE = "POST /send_as/", "DELETE /send_as/*"
CLOSE_CALLS = (CREATE, DELETE, "GET /send_as/*", "/oauth2/token/", "/send_as/*", "/activity/*")
SLACK_CALLS = (
    *("chat.postMessage", "chat.update", "chat.delete", "conversations.history"),
    *("users.info", "views.open", "response_url", "views.publish"),
)


class Faults:
    """Draws a fault every ``pause`` seconds or so, and notes each in the ledger."""

    def __init__(self, stage: Stage, ledger: Ledger, dice: random.Random, pause: float) -> None:
        self._stage = stage
        self._ledger = ledger
        self._dice = dice
        self._pause = pause
        self._under_way: set[asyncio.Task[None]] = set()

    async def strike(self, seconds: float) -> None:
        """So long; what a fault raises ends the run."""
        ends = time.monotonic() + seconds
        kinds, weights = zip(*((kind, weight) for kind, weight in self._possible()), strict=True)
        while time.monotonic() < ends:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * self._pause)
            for done in [each for each in self._under_way if each.done()]:
                self._under_way.remove(done)
                done.result()
            (kind,) = self._dice.choices(kinds, weights)
            self._under_way.add(asyncio.create_task(KINDS[kind][0](self)))

    async def finish(self) -> None:
        """Wait until what was begun is over."""
        await asyncio.gather(*self._under_way)

    def _possible(self) -> list[tuple[str, int]]:
        has_server = self._stage.postgres is not None
        return [
            (kind, weight)
            for kind, (_, weight) in KINDS.items()
            if has_server or not kind.startswith("database")
        ]

    def _note(self, kind: str) -> None:
        self._ledger.note_fault(kind)

    def _any(self) -> Member | None:
        running = self._stage.fleet.running()
        return self._dice.choice(running) if running else None

    async def kill(self) -> None:
        """``kill -9`` of one process, or of all at once, and a new start."""
        everybody = list(self._stage.fleet.running())
        if not everybody:
            return
        chosen = everybody if self._dice.random() < 0.2 else [self._dice.choice(everybody)]
        for each in chosen:
            self._note("kill")
            await each.kill()
        await asyncio.sleep(self._dice.uniform(0, 2))
        await asyncio.gather(*(self._start(each) for each in chosen))

    async def _start(self, member: Member) -> None:
        skewed = self._dice.random() < 0.3
        member.set_skew(timedelta(seconds=self._dice.uniform(-1, 1) * MOST_SKEW * skewed))
        if skewed:
            self._note("clock skew")
        await member.start()

    async def pause(self) -> None:
        """SIGSTOP for longer than the lease."""
        member = self._any()
        if member is None:
            return
        self._note("pause")
        began = self._stage.clock()
        member.pause()
        await asyncio.sleep(LEASE + self._dice.uniform(0.5, 3))
        self._ledger.pauses.append(Span(began, self._stage.clock()))
        member.go_on()

    async def stop(self) -> None:
        """SIGTERM, and a new process."""
        member = self._any()
        if member is None:
            return
        self._note("SIGTERM")
        await member.stop()
        await self._start(member)

    async def restart_database(self) -> None:
        """PostgreSQL is restarted, in order or as after a crash."""
        if self._stage.postgres is None:
            return
        self._note("database restarted")
        begin = self._stage.clock()
        await self._stage.postgres.restart(self._dice.choice(["fast", "immediate"]))
        self._ledger.outages.append(Span(begin, self._stage.clock()))

    async def terminate_backends(self) -> None:
        """All sessions are ended by the server."""
        if self._stage.postgres is not None:
            self._note("backends terminated")
            await self._stage.postgres.terminate()

    async def cut_database(self) -> None:
        """Connections go dead without a reset."""
        wire = self._stage.wire
        if wire is None or wire.is_dead:
            return
        self._note("database cut silently")
        await self._outage(wire.die, wire.heal)

    async def close_down(self) -> None:
        """Close breaks every connection."""
        self._note("Close down")
        await self._outage(self._stage.close.trouble.down, self._stage.close.trouble.up)

    async def slack_down(self) -> None:
        """Slack breaks every connection; no right waits for that."""
        self._note("Slack down")
        trouble = self._stage.slack.trouble
        trouble.down()
        await asyncio.sleep(self._dice.uniform(1, LONGEST_OUTAGE))
        trouble.up()

    async def _outage(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        began = self._stage.clock()
        begin()
        await asyncio.sleep(self._dice.uniform(1, LONGEST_OUTAGE))
        end()
        self._ledger.outages.append(Span(began, self._stage.clock()))

    async def reads_lag(self) -> None:
        """Close's reads show for a while what was there some seconds ago."""
        self._note("Close's reads lag")
        self._stage.close.set_read_lag(timedelta(seconds=self._dice.uniform(1, 8)))
        await asyncio.sleep(self._dice.uniform(3, 10))
        self._stage.close.set_read_lag(timedelta())

    async def trouble_close(self) -> None:
        """A few calls of Close's go wrong."""
        dice, trouble = self._dice, self._stage.close.trouble
        pattern, times = dice.choice(CLOSE_CALLS), dice.randint(1, 4)
        kind = dice.choice(["429", "5xx", "html", "stall", "drop", "garbage", "truncated", "slow"])
        self._note(f"Close {kind}")
        match kind:
            case "429":
                form = dice.choice(list(HeaderForm))
                trouble.rate_limit(pattern, reset=dice.uniform(0.5, 3), form=form, times=times)
            case "5xx":
                trouble.fail(pattern, dice.choice([500, 502, 503, 504]), times)
            case "html":
                trouble.html(pattern, dice.choice([502, 503, 200]), times)
            case "stall":
                trouble.stall(pattern, dice.choice([1.0, 4.0, 12.0]), times)
            case "drop":
                trouble.drop(pattern, times)
            case "slow":
                trouble.after(pattern, After.SLOW_BODY, times, seconds=12.0)
            case _:
                spoiled = After.GARBAGE if kind == "garbage" else After.TRUNCATED
                trouble.after(pattern, spoiled, times)

    async def trouble_slack(self) -> None:
        """A few calls of Slack's go wrong."""
        dice, trouble = self._dice, self._stage.slack.trouble
        method, times = dice.choice(SLACK_CALLS), dice.randint(1, 4)
        kind = dice.choice(["429", "refused", "5xx", "stall", "drop", "html", "late html"])
        self._note(f"Slack {kind}")
        match kind:
            case "429":
                trouble.rate_limit(method, dice.randint(1, 3), times)
            case "refused":
                trouble.fail(method, dice.choice(["fatal_error", "internal_error"]), times)
            case "5xx":
                trouble.fail(method, "fatal_error", times, status=503)
            case "stall":
                trouble.stall(method, dice.choice([1.0, 4.0]), times)
            case "drop":
                trouble.drop(method, times)
            case _:
                trouble.garble(method, times, is_taken=kind == "late html")


KINDS: dict[str, tuple[Callable[[Faults], Coroutine[Any, Any, None]], int]] = {
    "kill": (Faults.kill, 45),
    "pause": (Faults.pause, 5),
    "stop": (Faults.stop, 5),
    "database restarted": (Faults.restart_database, 3),
    "database sessions ended": (Faults.terminate_backends, 5),
    "database cut": (Faults.cut_database, 4),
    "close down": (Faults.close_down, 4),
    "slack down": (Faults.slack_down, 4),
    "reads lag": (Faults.reads_lag, 5),
    "close trouble": (Faults.trouble_close, 25),
    "slack trouble": (Faults.trouble_slack, 25),
}
