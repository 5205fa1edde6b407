"""The bot's outside world, as seen from here: ``bench.fakes`` is told what to do, and tells."""

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from bench.running import end

Event = dict[str, Any]
LONGEST = 60.0  # seconds to wait for anything
_LINE = 2**24  # bytes


class Outside:
    """Slack and Close in their process."""

    def __init__(self, slack_url: str, close_url: str, told: asyncio.StreamWriter) -> None:
        self.slack_url, self.close_url = slack_url, close_url
        self.events: list[Event] = []
        self._told = told
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._watchers: dict[int, tuple[Callable[[Event], bool], asyncio.Future[Event]]] = {}

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Have them do something, by the name of a method of ``bench.fakes.Fakes``."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        request = {"id": number, "do": do, "with": arguments}
        self._told.write(json.dumps(request).encode() + b"\n")
        return await answer

    def upcoming(self, wanted: Callable[[Event], bool]) -> "asyncio.Future[Event]":
        """The first event from now on that is wanted."""
        number, loop = next(self._numbers), asyncio.get_running_loop()
        found: asyncio.Future[Event] = loop.create_future()
        self._watchers[number] = (wanted, found)
        found.add_done_callback(lambda _: self._watchers.pop(number, None))
        return found

    def shown(self, user: str, button: str = "", text: str = "") -> "asyncio.Future[Event]":
        """The next message for ``user`` with this button, and this in its text."""
        return self.upcoming(
            lambda event: (
                event["kind"] == "shown"
                and event["user"] == user
                and (not button or button in event["buttons"])
                and text in event["text"]
            )
        )

    async def quiet(self, seconds: float = 0.04) -> None:
        """Return once the bot has called neither of them for so long."""
        while True:
            seen = len(self.events)
            await asyncio.sleep(seconds)
            if len(self.events) == seen:
                return

    def close_calls(self, since: int = 0) -> list[Event]:
        """What Close was asked since so many events."""
        return [event for event in self.events[since:] if event["kind"] == "close"]

    async def listen(self, lines: asyncio.StreamReader) -> None:
        """Until they are gone."""
        async for line in lines:
            self._take(json.loads(line))

    def _take(self, event: Event) -> None:
        if event["kind"] == "answer":
            answer = self._answers.pop(event["id"])
            if answer.done():
                return  # who asked has given up meanwhile
            if "error" in event:
                answer.set_exception(LookupError(event["error"]))
            else:
                answer.set_result(event["answer"])
            return
        self.events.append(event)
        for wanted, found in list(self._watchers.values()):
            if not found.done() and wanted(event):
                found.set_result(event)


async def soon(event: "asyncio.Future[Any]", seconds: float = LONGEST) -> Any:
    """What was awaited, which has to come in time."""
    return await asyncio.wait_for(event, seconds)


@contextlib.asynccontextmanager
async def open_outside(people: int = 0) -> AsyncIterator[Outside]:
    """Slack and Close with so many people beside the usual ones, until the context ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.fakes", str(people)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    try:
        lines, told = process.stdout, process.stdin
        if lines is None or told is None:
            raise RuntimeError("no pipes to the process, although they were asked for")
        ready = json.loads(await asyncio.wait_for(lines.readline(), LONGEST))
        outside = Outside(ready["slack"], ready["close"], told)
        listening = asyncio.create_task(outside.listen(lines))
        yield outside
        listening.cancel()
    finally:
        await end(process)
