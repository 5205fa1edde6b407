"""What is outside of a process: the lines to the sandbox's Close and Slack, and what goes wrong.

The calls are the real clients'; only the network between is missing. Each call waits at a gate
before it arrives, and its answer waits at another.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import aiohttp
import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from sandbox.close import SandboxClose
from sandbox.slack import SandboxSlack
from sandbox.slack.refusals import Refusal
from sandbox.slack.workspace import ApiCall
from tests.machine.gates import Gates

SEND_AS = "/api/v1/send_as/"
LATEST = timedelta(seconds=35)  # what was sent in time has arrived by then, or never does
HELD_UP = timedelta(seconds=10)  # longer than this nobody waits for an answer
GATED = ("chat.postMessage", "chat.update", "chat.delete")


class Fault(StrEnum):
    """What becomes of one write; the other side acts in the last two only."""

    REFUSED = "refused"
    DOWN = "down"
    LOST_BEFORE = "lost before"
    LOST_AFTER = "lost after"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Late:
    """A write that arrives although nobody waits for it any more."""

    at: datetime
    request: httpx.Request


@dataclass
class Journal:
    """What Close was made to do, by whom.

    ``listed`` is what a line was shown last. ``unseen`` is what was made by hand so shortly before
    the bot asked for the same that Close had not shown it yet, and then answered as if it had made
    it: nothing tells it from the bot's own.
    """

    by_hand: set[str] = field(default_factory=set)
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    removed_by_hand: set[str] = field(default_factory=set)
    foreign_deletes: dict[str, tuple[str, str]] = field(default_factory=dict)
    listed: dict[int, frozenset[str]] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)


class Town:
    """Close and Slack as they are, the time, and what is about to go wrong."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.close = SandboxClose(now=self.clock)
        self.slack = SandboxSlack(now=self.clock)
        self.slack.url = "http://slack.test"
        self.faults: list[Fault] = []
        self.slack_faults: list[Fault] = []
        self.is_close_down = False
        self.late: list[Late] = []
        self.journal = Journal()
        self._front = httpx.ASGITransport(self.close.app)

    def clock(self) -> datetime:
        """The present."""
        return self.now

    def held(self) -> dict[str, tuple[str, str]]:
        """What Close holds: the pair of each association, by its id."""
        found = self.close.associations
        return {each.id: (each.allowing_user_id, each.allowed_user_id) for each in found}

    async def act(self, request: httpx.Request, line: int) -> httpx.Response:
        """Close does what it is asked, and the journal has who made or removed what."""
        before = self.held()
        shown = self.journal.listed.get(line, frozenset())
        if request.method == "POST" and request.url.path.startswith(SEND_AS):
            said = json.loads(request.content)
            wanted = [*said.get("allowed_user_ids", ()), said.get("allowed_user_id")]
            there = {each for each, pair in before.items() if pair[1] in wanted}
            self.journal.unseen |= (there & self.journal.by_hand) - shown
        answer = await self._front.handle_async_request(request)
        await answer.aread()
        after = self.held()
        self.journal.made |= {each: after[each] for each in after.keys() - before.keys()}
        gone = before.keys() - after.keys()
        for each in gone & self.journal.by_hand:
            is_named = request.method == "DELETE"
            if is_named or each in shown:
                self.journal.foreign_deletes[each] = before[each]
        if request.method == "GET" and request.url.path == SEND_AS:
            self.journal.listed[line] = frozenset(each.id for each in self.close.state.readable())
        return answer

    async def pass_time(self, length: timedelta) -> None:
        """Time goes by, and what is late arrives at its own moment: from then on its being seen
        takes as long as Close's reads lag, and no longer."""
        end = self.now + length
        due = sorted((each for each in self.late if each.at <= end), key=lambda each: each.at)
        self.late = [each for each in self.late if each.at > end]
        for each in due:
            self.now = max(self.now, each.at)
            await self.act(each.request, line=-1)
        self.now = end


class CloseLine(httpx.AsyncBaseTransport):
    """From one process to Close."""

    def __init__(self, town: Town, gates: Gates, number: int) -> None:
        self._town = town
        self._gates = gates
        self._number = number

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Close's answer, or what the network makes of it."""
        await request.aread()
        what = f"{request.method} {request.url.path.removeprefix('/api/v1')[:22]}"
        is_write = request.method != "GET" and request.url.path.startswith(SEND_AS)
        lost = asyncio.Event()
        sent_at = self._town.now

        async def give_up() -> None:
            if lost.is_set() or self._town.now - sent_at <= HELD_UP:
                return
            lost.set()
            if is_write:  # it was on its way
                await self._town.act(request, self._number)

        ticket = await self._gates.wait(what, give_up)
        try:
            answer = await self._answer(request, lost, is_write=is_write)
        finally:
            self._gates.passed(ticket)

        async def too_late() -> None:
            if self._town.now - sent_at > HELD_UP:
                lost.set()

        ticket = await self._gates.wait(f"answer to {what}", too_late)
        self._gates.passed(ticket)
        if lost.is_set():
            raise httpx.ReadTimeout("nobody waits so long")
        return answer

    async def _answer(
        self, request: httpx.Request, lost: asyncio.Event, *, is_write: bool
    ) -> httpx.Response:
        town = self._town
        if lost.is_set():
            raise httpx.ReadTimeout("nobody waits so long")
        if town.is_close_down:
            raise httpx.ConnectError("down")
        fault = town.faults.pop(0) if is_write and town.faults else None
        match fault:
            case Fault.REFUSED:
                return httpx.Response(403, json={"error": "No."})
            case Fault.DOWN:
                raise httpx.ConnectError("down")
            case Fault.LATE:
                town.late.append(Late(town.now + LATEST, request))
        if fault in (Fault.LOST_BEFORE, Fault.LATE):
            raise httpx.ReadTimeout("lost")
        answer = await town.act(request, self._number)
        if fault is Fault.LOST_AFTER:
            raise httpx.ReadError("lost")
        return answer


class SlackLine:
    """From one process to Slack, in place of the SDK's client."""

    token = "xoxb-machine"

    def __init__(self, town: Town, gates: Gates) -> None:
        self._town = town
        self._gates = gates

    async def api_call(
        self,
        method: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> AsyncSlackResponse:
        """As ``AsyncWebClient.api_call``."""
        arguments = dict(json or params or {})
        if method not in GATED:
            return self._acted(method, arguments)
        lost = asyncio.Event()
        sent_at = self._town.now

        async def give_up() -> None:
            if lost.is_set() or self._town.now - sent_at <= HELD_UP:
                return
            lost.set()
            with contextlib.suppress(SlackApiError):
                self._acted(method, arguments)

        ticket = await self._gates.wait(method, give_up)
        try:
            return self._answer(method, arguments, is_lost=lost.is_set())
        finally:
            self._gates.passed(ticket)

    def _answer(
        self, method: str, arguments: dict[str, Any], *, is_lost: bool
    ) -> AsyncSlackResponse:
        if is_lost:
            raise TimeoutError
        fault = self._town.slack_faults.pop(0) if self._town.slack_faults else None
        match fault:
            case Fault.DOWN:
                raise aiohttp.ServerDisconnectedError
            case Fault.REFUSED:
                return self._said(method, {"ok": False, "error": "ratelimited"}, status=429)
            case Fault.LOST_BEFORE:
                raise TimeoutError
        answer = self._acted(method, arguments)
        if fault is not None:
            raise TimeoutError
        return answer

    def _acted(self, method: str, arguments: dict[str, Any]) -> AsyncSlackResponse:
        slack = self._town.slack
        call = ApiCall(method, arguments, self._town.now)
        slack.calls.append(call)
        try:
            said = {"ok": True, **slack._web_api._run(call, slack.bot_token)}
        except Refusal as refusal:
            said = {"ok": False, "error": refusal.error, **refusal.more}
        call.outcome = "ok" if said["ok"] else str(said["error"])
        return self._said(method, said)

    def _said(self, method: str, said: dict[str, Any], status: int = 200) -> AsyncSlackResponse:
        response = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=f"https://slack.test/api/{method}",
            req_args={},
            data=said,
            headers={"Retry-After": "1"},
            status_code=status,
        )
        if not said["ok"]:
            # The SDK's own error, of which it has no types.
            raise SlackApiError(str(said["error"]), response)  # type: ignore[no-untyped-call]
        return response
