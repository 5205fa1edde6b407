"""Five hundred rights of one person that end with one word: all revoked, disconnected, left."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

from bench.client import Answer
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.rights import give
from bench.rounds import Size
from bench.tries import tried
from bench.watching import Watched, watched
from sandbox.people import APP_ID, TEAM_ID, SandboxPerson, user_object

ROUNDS = 3  # at most: each needs so many rights of its own
FEW = 5  # rights of who warms up
WORDS = ("revoke all", "disconnect", "offboarding")
TIME = {
    word: Line(
        name=f"{word} of all that one person gave",
        unit=Unit.MILLISECONDS,
        goal=100,
        is_of_machine=True,
        how="from what Slack sends to the answer, which comes once all of it is committed; the bot "
        "counts its statements meanwhile",
    )
    for word in WORDS
}
STATEMENTS = {
    word: Line(
        name=f"{word} of all that one person gave: statements in its transaction",
        unit=Unit.STATEMENTS,
        goal=20,
        how="the largest transaction between the request and its answer",
    )
    for word in WORDS
}


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database, each word by a person of its own."""
    for kind in size.kinds:
        of = _of(kind, size)
        expected = [(line[word], of) for word in WORDS for line in (TIME, STATEMENTS)]
        async for result in tried(expected, _measured(ground, kind, size)):
            yield result


def _of(kind: str, size: Size) -> str:
    return f"{kind}, {size.at_one_word} rights"


async def _measured(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    many, each = size.at_one_word, min(ROUNDS, size.rounds) + 1
    async with open_house(ground, len(WORDS) * each + many) as house:
        givers, grantees = house.people[:-many], house.people[-many:]
        url = await ground.migrated(kind)
        # The first of each word has few, to warm up.
        pairs = [
            pair
            for number, giver in enumerate(givers)
            for pair in product([giver], grantees if number % each else grantees[:FEW])
        ]
        later = datetime.now(UTC) + timedelta(days=2)
        await give(house, url, pairs, lambda: [later] * len(pairs))
        async with watched(house, url) as bot:
            of = _of(kind, size)
            await house.client.command(bot.url, grantees[0].id, "list")
            for number, word in enumerate(WORDS):
                own = givers[number * each :][:each]
                expected = [(line[word], of) for line in (TIME, STATEMENTS)]
                async for result in tried(expected, _word(house, bot, own, word, of)):
                    yield result


async def _word(
    house: House, bot: Watched, people: Sequence[SandboxPerson], word: str, of: str
) -> AsyncIterator[Result]:
    _, *took = [await _one(house, bot, each, ACTS[word]) for each in people]
    yield Result(TIME[word], of, [seconds * 1000 for seconds, _ in took])
    yield Result(STATEMENTS[word], of, [count for _, count in took])


async def _one(house: House, bot: Watched, person: SandboxPerson, act: "Act") -> tuple[float, int]:
    """Seconds to the answer, and the statements of the transaction before it."""
    await house.outside.quiet(0.5)
    await bot.seen()
    answer = await act(house, bot.url, person)
    seen = await bot.seen()
    await house.outside.quiet(0.5)
    return answer.seconds, seen.largest


async def revoke_all(house: House, url: str, person: SandboxPerson) -> Answer:
    """``/sendas revoke all``."""
    return await house.client.command(url, person.id, "revoke all")


async def disconnect(house: House, url: str, person: SandboxPerson) -> Answer:
    """The button below the question that ``/sendas disconnect`` asks."""
    asked = json.loads((await house.client.command(url, person.id, "disconnect")).text)
    buttons = [
        (block, element)
        for block in asked["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "disconnect"
    ]
    block, element = buttons[0]
    action = {"block_id": block.get("block_id", "b"), "action_ts": f"{time.time():.6f}"}
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM_ID, "domain": "bench"},
        "user": {"id": person.id, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "container": {
            "type": "message",
            "message_ts": f"{time.time():.6f}",
            "channel_id": "D" + person.id[1:],
            "is_ephemeral": True,
        },
        "channel": {"id": "D" + person.id[1:], "name": "directmessage"},
        "trigger_id": f"{time.monotonic_ns()}.1.a",
        "response_url": "http://127.0.0.1:9/nobody",
        "actions": [{**element, **action}],
    }
    return await house.client.interaction(url, json.dumps(payload))


async def leave(house: House, url: str, person: SandboxPerson) -> Answer:
    """Slack says that they have been deactivated."""
    now = datetime.now(UTC)
    user = user_object(person, now, with_email=True) | {"deleted": True}
    event = {
        "type": "user_change",
        "user": user,
        "cache_ts": int(now.timestamp()),
        "event_ts": f"{now.timestamp():.6f}",
    }
    return await house.client.event(url, event)


Act = Callable[[House, str, SandboxPerson], Awaitable[Answer]]
ACTS: dict[str, Act] = dict(zip(WORDS, (revoke_all, disconnect, leave), strict=True))
