"""What people wait for: an ask and an Approve, against one durable commit; and how soon after the
click Close is asked."""

import asyncio
import itertools
import statistics
from collections.abc import AsyncIterator, Iterator, Sequence

from bench.before import open_before
from bench.client import Answer
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import Event, soon
from bench.rounds import Size, milliseconds, ratio, timed
from bench.running import Running
from bench.tries import tried

FLOOR = "against Starlette, a checked signature and one durable commit in the same database"
ASK = {
    "sqlite": Line(name="ask, idle bot", unit=Unit.TIMES, goal=2.0, how=FLOOR),
    "postgresql": Line(name="ask, idle bot", unit=Unit.TIMES, goal=2.5, how=FLOOR),
}
ASK_ON = {
    "sqlite": Line(
        name="ask, one after another without a pause",
        unit=Unit.TIMES,
        goal=4.0,
        how="as above, while the bot works on those before, and Slack and Close on its cores; "
        "nothing is beside the floor",
    ),
    "postgresql": Line(
        name="ask, one after another without a pause", unit=Unit.TIMES, goal=5.0, how="as above"
    ),
}
APPROVE = {
    "sqlite": Line(name="Approve, idle bot", unit=Unit.TIMES, goal=2.0, how=FLOOR),
    "postgresql": Line(name="Approve, idle bot", unit=Unit.TIMES, goal=2.5, how=FLOOR),
}
TO_CLOSE = {
    kind: Line(
        name="from the click to `POST /send_as/`, own time",
        unit=Unit.MILLISECONDS,
        goal=goal,
        is_of_machine=True,
        how="from the click to the call's arrival, without the time in which Close had one; it "
        "takes 20 ms for each",
    )
    for kind, goal in (("sqlite", 10), ("postgresql", 15))
}
TO_CLOSE_BEFORE = Line(
    name="from the click to `POST /send_as/`, own time against 0.1.0",
    unit=Unit.TIMES,
    goal=None,
    how="the bot as it was before (`bench/before.py`), in turns with it",
)
CALLS = Line(
    name="calls to Close one after the other, from the click to `POST /send_as/`",
    unit=Unit.CALLS,
    goal=2,
    how="`POST /send_as/` included; what overlaps counts once",
)


Pair = tuple[str, str]
Card = tuple[float, Event]
Approval = tuple[float, float, float, float, int]


class Table:
    """Everybody sits around one bot and one floor; each of the ``pairs`` of people is used once."""

    def __init__(self, house: House, bot: Running, floor: Running, pairs: Iterator[Pair]) -> None:
        self.house, self.bot, self.floor, self.pairs = house, bot, floor, pairs

    async def ask(self, pair: Pair) -> Answer:
        """The second of the pair asks the first."""
        grantor, asker = pair
        return await self.house.client.command(self.bot.url, asker, f"<@{grantor}> 2h")

    async def ask_floor(self, pair: Pair) -> Answer:
        """The same, to the floor."""
        grantor, asker = pair
        return await self.house.client.command(self.floor.url, asker, f"<@{grantor}> 2h")

    async def card(self, pair: Pair) -> tuple[float, Event]:
        """Ask while all is quiet, and wait for the grantor's card."""
        shown = self.house.outside.shown(pair[0], "Approve")
        took = (await self.ask(pair)).seconds
        event = await soon(shown)
        await self.house.outside.quiet()
        return took, event

    def take(self, count: int) -> list[Pair]:
        """So many pairs that nobody has used."""
        return list(itertools.islice(self.pairs, count))


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        lines = (ASK[kind], APPROVE[kind], TO_CLOSE[kind], CALLS, ASK_ON[kind], TO_CLOSE_BEFORE)
        async for result in tried([(line, kind) for line in lines], _of(ground, kind, size)):
            yield result


async def _of(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    async with open_house(ground, GRANTORS + ASKERS) as house:
        url = await ground.migrated(kind)
        await house.connect(url, house.people)
        async with house.bot(url) as bot, house.floor(kind) as floor:
            ids = [each.id for each in house.people]
            pairs = itertools.product(ids[:GRANTORS], ids[GRANTORS:])
            table = Table(house, bot, floor, pairs)
            await house.outside.ask("slow", seconds=CLOSE)
            async for result in _measured(table, kind, size):
                yield result
            async with open_before(house, kind, house.people) as before:
                yield await _against(table, Table(house, before, floor, pairs), kind, size)


GRANTORS, ASKERS = 60, 60
CLOSE = 0.02  # seconds that Close takes: so calls that go out together are seen to


async def _measured(table: Table, kind: str, size: Size) -> AsyncIterator[Result]:
    warm = table.take(ASKERS)
    await timed(warm, table.ask_floor, 4)
    await timed(warm, table.ask, 4)
    await table.house.outside.quiet(0.3)
    await _all_approved(table, size.each)  # grantors and askers are known from now on
    asked, approved = [], []
    for _ in range(size.rounds):
        asks, cards = await _asked(table, size.each)
        asked.append(asks)
        approved.append([await _approved(table, pair, card) for pair, card in cards])
    yield Result(ASK[kind], kind, [ratio(*each) for each in asked], _ms(asked))
    yield _approve(kind, approved)
    yield Result(TO_CLOSE[kind], kind, [_own(each) for each in approved], _all(approved))
    yield Result(CALLS, kind, [statistics.median(c for *_, c in each) for each in approved])
    yield await _without_a_pause(table, kind, size)


async def _against(table: Table, before: Table, kind: str, size: Size) -> Result:
    """Both in turns; the first round is to warm up."""
    rounds = []
    for _ in range(size.rounds + 1):
        theirs = _own(await _all_approved(before, size.each))
        rounds.append((_own(await _all_approved(table, size.each)), theirs))
    took = statistics.median(theirs for _, theirs in rounds[1:])
    ratios = [ours / theirs for ours, theirs in rounds[1:]]
    return Result(TO_CLOSE_BEFORE, kind, ratios, f"it takes {took:.1f} ms")


async def _asked(
    table: Table, count: int
) -> tuple[tuple[list[float], list[float]], list[tuple[Pair, Card]]]:
    """In turns with the floor, each when all is quiet."""
    ours, floor, cards = [], [], []
    for pair in table.take(count):
        card = await table.card(pair)
        ours.append(card[0])
        cards.append((pair, card))
        floor.append((await table.ask_floor(pair)).seconds)
        await asyncio.sleep(0.04)
    return (ours, floor), cards


async def _all_approved(table: Table, count: int) -> list[Approval]:
    """So many, one after the other."""
    return [await _approved(table, pair, await table.card(pair)) for pair in table.take(count)]


async def _approved(table: Table, pair: Pair, card: Card) -> Approval:
    """Approve when all is quiet, then the same to the floor: the seconds of both; and from the
    click to the call that creates: in all, without Close's own, and how many calls in a row."""
    house = table.house
    payload = await house.outside.ask("click", user=pair[0], ts=card[1]["ts"], wanted="Approve")
    since = len(house.outside.events)
    created = house.outside.upcoming(_creates)
    active = house.outside.shown(pair[0], "Revoke", "can send email as")
    answer = await house.client.interaction(table.bot.url, payload)
    creation = await soon(created)
    await soon(active)
    await house.outside.quiet()
    floor = await house.client.interaction(table.floor.url, payload)
    calls = [each for each in house.outside.close_calls(since) if each["at"] <= creation["at"]]
    before = [each for each in calls if each is not creation]
    whole = creation["began"] - answer.sent
    spans = _spans([(each["began"], each["at"]) for each in before])
    theirs = sum(end - began for began, end in spans)
    return answer.seconds, floor.seconds, whole, whole - theirs, len(spans) + 1


def _creates(event: Event) -> bool:
    return event["kind"] == "close" and (event["method"], event["path"]) == (
        "POST",
        "/api/v1/send_as/",
    )


def _spans(calls: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Calls that overlap are one span."""
    spans: list[tuple[float, float]] = []
    for began, end in sorted(calls):
        if spans and began <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((began, end))
    return spans


def _approve(kind: str, rounds: Sequence[Sequence[Approval]]) -> Result:
    pairs = [([o for o, *_ in each], [f for _, f, *_ in each]) for each in rounds]
    return Result(APPROVE[kind], kind, [ratio(*each) for each in pairs], _ms(pairs))


def _own(approvals: Sequence[Approval]) -> float:
    return milliseconds([own for *_, own, _ in approvals])


def _all(rounds: Sequence[Sequence[Approval]]) -> str:
    whole = milliseconds([whole for each in rounds for _, _, whole, *_ in each])
    return f"{whole:.1f} ms with Close's"


async def _without_a_pause(table: Table, kind: str, size: Size) -> Result:
    rounds = []
    for _ in range(size.rounds):
        pairs = table.take(2 * size.each)
        ours = await timed(pairs, table.ask)
        await table.house.outside.quiet(0.3)
        rounds.append((ours, await timed(pairs, table.ask_floor)))
    return Result(ASK_ON[kind], kind, [ratio(*each) for each in rounds], _ms(rounds))


def _ms(rounds: Sequence[tuple[Sequence[float], Sequence[float]]]) -> str:
    ours = milliseconds([each for ours, _ in rounds for each in ours])
    floor = milliseconds([each for _, floor in rounds for each in floor])
    return f"{ours:.2f} ms, floor {floor:.2f} ms"
