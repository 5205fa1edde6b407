"""Five hundred rights of one person that end with one word: all revoked, disconnected, left."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bench.client import Answer
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.rights import give
from bench.rounds import Size
from bench.watching import Watched, watched
from sandbox.people import APP_ID, TEAM_ID, SandboxPerson, user_object

ROUNDS = 3
WORDS = ("revoke all", "disconnect", "offboarding")
TIME = {
    word: Line(
        name=f"{word} of all that one person gave",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from what Slack sends to the answer, which comes once all of it is committed",
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
Act = Callable[[House, str, SandboxPerson], Awaitable[Answer]]


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database, each word by a person of its own."""
    many, rounds = size.at_one_word, ROUNDS
    for kind in size.kinds:
        async with open_house(ground, len(WORDS) * rounds + many) as house:
            grantors = iter(house.people)
            grantees = house.people[-many:]
            url = await ground.migrated(kind)
            pairs = [
                (grantor, grantee)
                for grantor in house.people[: len(WORDS) * rounds]
                for grantee in grantees
            ]
            await give(house, url, pairs, [datetime.now(UTC) + timedelta(days=2)] * len(pairs))
            async with watched(house, url) as bot:
                await house.client.command(bot.url, grantees[0].id, "list")
                for word, act in zip(WORDS, (revoke_all, disconnect, leave), strict=True):
                    took = [await _one(house, bot, next(grantors), act) for _ in range(rounds)]
                    of = f"{kind}, {many} rights"
                    yield Result(TIME[word], of, [seconds * 1000 for seconds, _ in took])
                    yield Result(STATEMENTS[word], of, [count for _, count in took])


async def _one(house: House, bot: Watched, person: SandboxPerson, act: Act) -> tuple[float, int]:
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
