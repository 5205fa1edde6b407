"""A real process of the bot that is stepped by hand: ``python -m tests.machine.runner``.

It is wired as the bot is and talks to the sandbox over HTTP, but does only what it is told to, in
lines of JSON on standard input. At each commit it says so on standard output and waits for a word:
before it, with all locks held, if anything is written; and after it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from bot.clock import worker
from bot.clock.worker import MOST_AT_ONCE, Worker
from bot.connections import leaving, sessions
from bot.delegations import asking, deciding, ending, extending
from bot.delegations.asking import Terms
from bot.delegations.people import departures
from bot.desk import Actor, Desk
from bot.ports import OutsideError
from bot.process.farewell import Farewell
from bot.process.resources import Outside, open_outside
from bot.process.settings import Settings
from bot.process.wiring import Workshop
from bot.refusals import NotDone
from bot.slack.bolt import Workspace
from bot.store import Database, Store
from bot.store.database import Work
from bot.telemetry import Metrics, configure_logging
from bot.times.span import Span
from models.mark import mark_of_leaving
from models.person import Departure
from sandbox.people import TEAM_ID

Result = TypeVar("Result")
Order = dict[str, Any]

LEASE = timedelta(days=1)  # who steps by hand takes their time; leases end when they say so
HOUR = timedelta(hours=1)


def say(**what: Any) -> None:
    """One line for whoever steps it."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


class Steps:
    """Where it waits for a word, one at a time."""

    def __init__(self) -> None:
        self.is_free = True
        self._one = asyncio.Lock()
        self._words: asyncio.Queue[None] = asyncio.Queue()

    def go_on(self) -> None:
        """The word."""
        self._words.put_nowait(None)

    async def stop(self, where: str) -> None:
        """Say where it is, and wait."""
        if self.is_free:
            return
        async with self._one:
            say(at=where)
            await self._words.get()


class SteppedDatabase(Database):
    """The bot's database on PostgreSQL, with a stop on both sides of each commit."""

    def __init__(self, url: str, steps: Steps) -> None:
        super().__init__(url)
        self._steps = steps

    async def _run(self, function: Callable[[Store], Result]) -> Result:
        name = function.__qualname__.replace(".<locals>", "")

        def work(connection: Connection) -> Result:
            say(begun=name, pid=connection.scalar(text("SELECT pg_backend_pid()")))
            store = Store(connection)
            result = function(store)
            store.finish()
            if connection.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is not None:
                await_only(self._steps.stop(f"before {name}"))
            return result

        result: Result = await self.run_connection(work)
        await self._steps.stop(f"after {name}")
        return result

    async def run_connection(self, work: Work, *, is_patient: bool = False) -> Any:
        """Without limits: whoever steps by hand takes their time."""
        return await super().run_connection(work, is_patient=True)


class Runner:
    """The process."""

    def __init__(self, outside: Outside, steps: Steps, moment: "Moment") -> None:
        self._outside = outside
        self._steps = steps
        self._moment = moment
        self._task: asyncio.Task[None] | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        """As after a start: nothing is remembered."""
        outside, metrics = self._outside, Metrics()
        self._workshop = Workshop(
            outside, Workspace(outside.quick), lambda: None, metrics, lambda: None
        )
        self._desk = Desk(
            outside.database,
            self._workshop.directory,
            outside.settings.policy,
            outside.now,
            wake=lambda: None,
        )

    async def serve(self) -> None:
        """Follow orders until there are no more."""
        say(ready=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            order: Order = json.loads(line)
            self._moment.now = datetime.fromisoformat(order["now"])
            if order["word"] == "go":
                self._steps.go_on()
                continue
            self._steps.is_free = order["is_free"]
            if order["word"] == "begin anew":
                self._begin_anew()
                say(done=True)
            else:
                self._task = asyncio.create_task(self._follow(order))

    async def _follow(self, order: Order) -> None:
        refused, failed = None, None
        try:
            await (self._work(order) if order["word"] == "work" else act(self._desk, order))
        except (NotDone, OutsideError) as error:
            refused = type(error).__name__
        except Exception as error:  # noqa: BLE001 - whoever steps it fails the test
            failed = repr(error)
        say(done=True, refused=refused, failed=failed)

    async def _work(self, order: Order) -> None:
        for each in self._workshop.workers:
            if each.name in order["names"]:
                await look_once(each)


class Moment:
    """The time that it was told."""

    now: datetime

    def tell(self) -> datetime:
        """The present."""
        return self.now


async def look_once(each: Worker[Any]) -> None:
    """As :meth:`Worker._claim_what_is_due`: everything that is due now, once."""
    claimed = await each._claim(MOST_AT_ONCE)
    await asyncio.gather(*(each._do(group) for group in each._grouped(claimed)))


def act(desk: Desk, order: Order) -> Awaitable[Any]:
    """What a person does."""
    actor, row, seen = Actor(TEAM_ID, order["actor"]), order.get("row", ""), order.get("seen", "")
    match order["word"]:
        case "ask":
            return asking.request(
                desk, actor, grantor_id=order["grantor"], terms=Terms(Span(length=HOUR))
            )
        case "grant":
            return asking.grant(
                desk, actor, grantee_id=order["grantee"], terms=Terms(Span(length=HOUR))
            )
        case "extend":
            return extending.extend(desk, actor, row, seen, Span(length=HOUR))
        case "leave":
            return departures.offboard(desk, TEAM_ID, actor.user_id, Departure.LEFT)
        case "disconnect":
            return _disconnect(desk, actor)
        case "cancel" | "release" | "revoke" as verb:
            ends = {"cancel": ending.cancel, "release": ending.release, "revoke": ending.revoke}
            return ends[verb](desk, actor, row)
        case answer:
            answers: dict[str, Callable[..., Awaitable[Any]]] = {
                "approve": deciding.approve,
                "deny": deciding.deny,
                "approve extension": extending.approve_extension,
                "decline extension": extending.decline_extension,
            }
            return answers[answer](desk, actor, row, seen)


async def _disconnect(desk: Desk, actor: Actor) -> None:
    standing = await leaving.standing_of(desk, actor)
    seen = ""
    if standing.connection is not None:
        seen = mark_of_leaving(standing.connection.account, standing.dependents)
    await leaving.leave(desk, actor, seen)


async def main() -> None:
    """Serve as the environment says."""
    configure_logging("ERROR")  # to standard error: standard output is for whoever steps it
    worker.LEASE = sessions.REFRESH_LEASE = LEASE
    settings = Settings.model_validate({name.lower(): value for name, value in os.environ.items()})
    moment, steps = Moment(), Steps()
    async with open_outside(settings, moment.tell, Farewell()) as outside:
        await outside.database.dispose()
        database = SteppedDatabase(settings.database_url.get_secret_value(), steps)
        object.__setattr__(outside, "database", database)
        await Runner(outside, steps, moment).serve()


if __name__ == "__main__":
    asyncio.run(main())
