"""The crash matrix: one whole life, killed before or after one of its calls to Close or Slack.

A call is known by its kind and by how many of that kind came before it, so that the order in which
independent calls are made does not matter.
"""

import asyncio
import random
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.serving import CutConnection
from tests.chaos.books import balance, read_rows
from tests.chaos.ledger import Deed, Ledger
from tests.chaos.people import BUTTONS, Life, People
from tests.chaos.run import outside_of, rest
from tests.chaos.seen import Screens
from tests.chaos.stage import Ground, Stage, open_stage

LENGTH = timedelta(seconds=60)
MARGIN = timedelta(seconds=25)  # in which more time is asked for, however busy the machine is
PEOPLE_AT_HAND = 12
_IDS = re.compile(r"(?<=/)[a-z]+_[A-Za-z0-9]{20,}")
_NOT_THE_BOT = ("/oauth2/authorize/", "/commands/")


@dataclass(frozen=True, slots=True)
class Point:
    """Where it is killed: at the call of this kind that so many of the kind came before."""

    kind: str
    number: int
    is_before: bool

    def __str__(self) -> str:
        """For a report."""
        return f"{'before' if self.is_before else 'after'} {self.kind} #{self.number}"


class Gate:
    """Stands before Slack and Close; counts the bot's calls, and holds one of them for ever."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.reached = asyncio.Event()
        self._point: Point | None = None

    def wait_at(self, point: Point | None) -> None:
        """Count anew, and hold the call at this point."""
        self.counted.clear()
        self.reached.clear()
        self._point = point

    def before(self, app: ASGIApp) -> ASGIApp:
        """The same application, behind this gate."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith(_NOT_THE_BOT):
                await app(scope, receive, send)
                return
            point = self._point if self._is_here(scope) else None
            if point is None:
                await app(scope, receive, send)
                return
            if not point.is_before:
                await app(scope, receive, _nowhere)
            self.reached.set()
            await CutConnection()(scope, receive, send)

        return guarded

    def _is_here(self, scope: Scope) -> bool:
        kind = f"{scope['method']} {_IDS.sub('*', scope['path'])}"
        number = self.counted[kind]
        self.counted[kind] += 1
        point = self._point
        return point is not None and (point.kind, point.number) == (kind, number)


async def _nowhere(message: Message) -> None:
    """An answer that nobody gets."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """One stage on which life after life is killed at another point."""

    stage: Stage
    gate: Gate
    people: People
    ledger: Ledger

    async def count(self) -> Counter[str]:
        """How many calls of each kind a whole life makes that nobody kills."""
        self.gate.wait_at(None)
        await self._whole_life()
        await rest(self.stage, real=0.0)
        return Counter(self.gate.counted)

    async def play(self, point: Point) -> tuple[bool, list[str]]:
        """Kill it there, start it again, and let the life end: whether that call was made at all,
        and what does not balance then."""
        self.gate.wait_at(point)
        living = asyncio.create_task(self._whole_life())
        is_reached = await self._crash(living)
        await living
        await rest(self.stage, real=0.0)
        rows = await read_rows(self.stage.url)
        return is_reached, balance(self.ledger, rows, outside_of(self.stage))

    async def _crash(self, living: "asyncio.Task[None]") -> bool:
        reaching = asyncio.create_task(self.gate.reached.wait())
        await asyncio.wait([reaching, living], return_when=asyncio.FIRST_COMPLETED)
        if not reaching.done():  # what comes last comes when the life is over for people
            await rest(self.stage, real=0.0)
        reaching.cancel()
        if not self.gate.reached.is_set():
            return False
        (member,) = self.stage.fleet.members
        await member.kill()
        await member.start()
        return True

    async def _whole_life(self) -> None:
        """Asked, approved, warned of the end, extended, and revoked or left to its end."""
        number = self.ledger.lives
        self.ledger.lives += 1
        pairs = self.stage.people
        dice = random.Random(number)  # noqa: S311 - plays, keeps no secret
        grantor, grantee = (
            pairs[number % len(pairs)],
            pairs[(number // 7 + number + 1) % len(pairs)],
        )
        life = Life(number, grantor, grantee, LENGTH.seconds, dice, is_calm=True)
        # Who is refused while it is killed over that, asks once more, as people do.
        await self.people.asked(life) or await self.people.asked(life)
        await self.people.does(life, Deed.APPROVE, grantor)
        await self.people.shows(life, grantee, BUTTONS[Deed.RELEASE])
        self.stage.push(LENGTH - MARGIN)
        await self.people.fills(life, Deed.EXTEND, grantor, f"{LENGTH.seconds}s")
        if number % 2:
            await self.people.does(life, Deed.REVOKE, grantor)
        self.stage.push(2 * LENGTH)
        await self.people.until_over(life, within=-LENGTH.seconds + 10.0)


@asynccontextmanager
async def open_matrix(under: Ground) -> AsyncIterator[Matrix]:
    """One process, calm people, and a gate before Slack and Close."""
    gate, ledger = Gate(), Ledger()
    settings = {"PENDING_TTL": "1h"}
    async with open_stage(under, 1, PEOPLE_AT_HAND, settings, between=gate.before) as stage:
        screens = Screens(stage.slack)
        following = asyncio.create_task(screens.follow())
        try:
            yield Matrix(stage, gate, People(stage, screens, ledger), ledger)
        finally:
            following.cancel()


def all_points(counted: Counter[str]) -> Sequence[Point]:
    """Each call of a life, before and after."""
    return [
        Point(kind, number, is_before)
        for kind, times in sorted(counted.items())
        for number in range(times)
        for is_before in (True, False)
    ]


async def whole(under: Sequence[Ground]) -> tuple[int, int, list[str]]:
    """The whole matrix, one life at a time on each ground: points that were reached, points in all,
    and what did not balance."""
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(open_matrix(each)) for each in under]
        points = all_points(await lanes[0].count())
        left = iter(points)
        played = await asyncio.gather(*(_lane(each, left) for each in lanes))
    return sum(reached for reached, _ in played), len(points), [w for _, ws in played for w in ws]


async def _lane(matrix: Matrix, left: Iterator[Point]) -> tuple[int, list[str]]:
    """Points that nobody else has played, until none is left."""
    wrong: list[str] = []
    reached = 0
    for point in left:
        is_reached, found = await matrix.play(point)
        reached += is_reached
        if not is_reached:
            sys.stderr.write(f"no life makes the call: {point}\n")
        wrong += [f"{point}: {line}" for line in found if line not in str(wrong)]
    return reached, wrong
