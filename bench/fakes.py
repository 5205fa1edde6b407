"""Slack and Close in a process of their own, whose time nobody counts: ``python -m bench.fakes``.

It is told what to do by lines of JSON, and says by lines of JSON what the bot did. Moments are
those of the machine's monotonic clock, which all processes share.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.stage import crowd
from sandbox.close import SandboxClose
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from sandbox.slack.delivery import Delivery, Reply
from sandbox.slack.sockets import SocketHub
from sandbox.slack.workspace import Message as Posted
from sandbox.slack.workspace import View

SHOWN = ("message", "message_changed")


class Unsent(Delivery):
    """Takes down what a hand would send; somebody else sends it, and looks at the clock."""

    async def interaction(self, payload: dict[str, Any]) -> Reply:
        """The payload, instead of an answer to it."""
        return Reply(200, json.dumps(payload))


class Timed:
    """Stands before Close, and says of each call when it came and when it was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.pause = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        began, status = time.monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        if self.pause:
            await asyncio.sleep(self.pause)
        await self._app(scope, receive, watch)
        if scope["type"] == "http":
            _say(
                kind="close",
                method=scope["method"],
                path=scope["path"],
                status=status,
                began=began,
                at=time.monotonic(),
            )


class Fakes:
    """Both, and what they are told to do: each request is the name of a method and its arguments.

    Everybody in it is named by their Slack id.
    """

    def __init__(self, size: int) -> None:
        people = crowd(size)
        self._people = {person.id: person for person in people}
        self.slack = SandboxSlack(people=people)
        self.slack.delivery = Unsent(self.slack.signing_secret, SocketHub(), 1.0)
        self.close = SandboxClose(people)
        self.timed = Timed(self.close.app)

    def click(self, user: str, ts: str, wanted: str) -> Awaitable[Reply]:
        """The payload of a click on a button of the message."""
        shown = self.slack.workspace.message(_direct(user), ts)
        if shown is None:
            raise LookupError(f"{user} sees no message {ts}")
        return self.slack.click(self._people[user], shown, wanted)

    def click_home(self, user: str, wanted: str, value: Any) -> Awaitable[Reply]:
        """The payload of a click in the home."""
        home = self.slack.home(self._people[user])
        if home is None:
            raise LookupError(f"{user} has no home")
        return self.slack.click(self._people[user], home, wanted, value)

    def connect(self, users: list[str]) -> dict[str, Any]:
        """Tokens for each, as if they had gone through the consent page."""
        return {user: self.close.connect(self._people[user]) for user in users}

    def allow(self, pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
        """An association for each grantor and grantee, made in Close's own screen."""
        return [
            self.close.allow(self._people[grantor], self._people[grantee]).shown()
            for grantor, grantee in pairs
        ]

    def limit(self, a_second: float) -> None:
        """Close takes only so many requests from now on."""
        self.close.trouble.limit_per_second(a_second)

    def slow(self, seconds: float) -> None:
        """Close takes so long for an answer from now on."""
        self.timed.pause = seconds

    def held(self) -> int:
        """How many associations Close holds."""
        return len(self.close.associations)


def _direct(user: str) -> str:
    return "D" + user[1:]


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _tell(slack: SandboxSlack) -> None:
    """Say what the bot shows to whom."""
    with slack.subscribe() as changes:
        while True:
            change = await changes.get()
            at = time.monotonic()
            if change.kind in SHOWN:
                _say(kind="shown", at=at, **_seen(change.subject))
            elif change.kind == "home":
                view: View = change.subject
                _say(kind="home", at=at, user=view.user_id, buttons=view.buttons())
            elif change.kind == "call":
                _say(kind="slack", at=at, method=change.subject.method)


def _seen(message: Posted) -> dict[str, Any]:
    return {
        "user": "U" + message.channel[1:] if message.channel.startswith("D") else "",
        "ts": message.ts,
        "buttons": message.buttons(),
        "text": message.text,
    }


async def _obey(fakes: Fakes, line: bytes) -> None:
    request = json.loads(line)
    method: Callable[..., Any] = getattr(fakes, request["do"])
    try:
        answer = method(**request["with"])
        if isinstance(answer, Awaitable):
            answer = (await answer).text
        _say(kind="answer", id=request["id"], answer=answer)
    except (AssertionError, LookupError) as error:
        _say(kind="answer", id=request["id"], error=str(error))


async def main(size: int) -> None:
    """Serve both until nobody tells us anything any more."""
    fakes, reader = Fakes(size), asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with fakes.slack.serving() as slack_url, serve(fakes.timed) as close_url:
        telling = asyncio.create_task(_tell(fakes.slack))
        _say(kind="ready", slack=slack_url, close=close_url)
        while line := await reader.readline():
            await _obey(fakes, line)
        telling.cancel()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
