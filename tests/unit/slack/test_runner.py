"""The listener runner: the answer leaves with the acknowledgement, and errors find their way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.bolt import bolt_app
from bot.slack.indexed import ReadRequest
from bot.slack.payloads import Payload
from bot.slack.runner import ACK_SECONDS, PromptListenerRunner
from tests.patience import PATIENCE
from tests.unit.slack.stand_in import StandIn

COMMAND = {"command": "/sendas", "text": "", "team_id": "T1", "user_id": "U1"}
EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "event": {"type": "user_change", "user": {"id": "U1"}},
}


class Bolt:
    """A bolt app with our runner and one listener; ``errors`` is what its stand-in heard."""

    def __init__(
        self, listener: Callable[..., Awaitable[None]], ack_seconds: float = 2 * PATIENCE
    ) -> None:
        self.stand_in = StandIn()
        self.app = bolt_app(AsyncWebClient("x"), self.stand_in, ack_seconds)
        assert isinstance(self.app.listener_runner, PromptListenerRunner)
        self.runner = self.app.listener_runner
        self.app.command("/sendas")(listener)
        self.app.event("user_change")(listener)

    async def send(self, body: dict[str, Any] = COMMAND) -> BoltResponse:
        """Dispatch one request; returns the answer, which nothing may hold up."""
        async with asyncio.timeout(PATIENCE):
            return await self.app.async_dispatch(ReadRequest(Payload(body)))


async def test_the_answer_leaves_with_the_ack() -> None:
    """Work after ``ack()`` goes on while Slack already has its answer."""
    going_on, finished = asyncio.Event(), asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await ack("now")
        await going_on.wait()
        finished.set()

    bolt = Bolt(listener)
    answer = await bolt.send()
    assert "now" in answer.body
    going_on.set()
    await bolt.runner.finish(PATIENCE)
    assert finished.is_set()


async def test_nobody_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is not held up by sleeping between looks, as bolt's own runner does."""

    async def listener(ack: AsyncAck) -> None:
        await ack()

    async def asleep(_seconds: float) -> None:
        raise AssertionError("somebody sleeps")

    monkeypatch.setattr(asyncio, "sleep", asleep)
    assert (await Bolt(listener).send()).status == 200


async def test_an_error_before_the_ack() -> None:
    """The error handler hears of it and gives the answer."""

    async def listener(ack: AsyncAck) -> None:
        raise RuntimeError("before")

    bolt = Bolt(listener)
    answer = await bolt.send()
    assert (answer.status, answer.body) == (200, "sorry")
    await bolt.runner.finish(2)
    assert bolt.stand_in.errors == [("before", True)]


async def test_an_error_after_the_ack() -> None:
    """The answer stands, and the error handler hears of it all the same."""

    async def listener(ack: AsyncAck) -> None:
        await ack("done")
        raise RuntimeError("after")

    bolt = Bolt(listener)
    answer = await bolt.send()
    await bolt.runner.finish(PATIENCE)
    assert answer.status == 200
    assert "done" in answer.body
    assert bolt.stand_in.errors == [("after", False)]


@pytest.mark.parametrize("method", ["failed", "told"])
async def test_a_stand_in_that_fails_itself(
    method: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even then there is an answer at once, and no task is left over or ends unheard."""

    async def listener(ack: AsyncAck) -> None:
        raise RuntimeError("before")

    def worse(*_arguments: object, **_named: object) -> None:
        raise ValueError("worse")

    bolt = Bolt(listener)
    monkeypatch.setattr(bolt.stand_in, method, worse)
    answer = await bolt.send()
    assert answer.status == (503 if method == "failed" else 200)
    await bolt.runner.finish(PATIENCE)
    assert not bolt.runner._tasks
    assert "could not be answered for" in caplog.text


async def test_a_listener_that_returns_without_an_ack() -> None:
    """It is noticed when it returns, not when Slack has lost its patience."""

    async def listener(ack: AsyncAck) -> None:
        return

    assert (await Bolt(listener).send()).status == 404


async def test_a_slow_listener() -> None:
    """R10: something else is answered in time, and the listener's own answer is delivered late."""
    going_on = asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await going_on.wait()
        await ack("done")

    bolt = Bolt(listener, ack_seconds=0)
    answer = await bolt.send()
    assert (answer.status, answer.body) == (200, "still at it")
    going_on.set()
    await bolt.runner.finish(PATIENCE)
    assert bolt.stand_in.late_answers == ["done"]
    assert answer.body == "still at it"


async def test_a_slow_listener_that_fails() -> None:
    """R10: who was told that it goes on is told as well that it failed."""
    going_on = asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await going_on.wait()
        raise RuntimeError("in the end")

    bolt = Bolt(listener, ack_seconds=0)
    await bolt.send()
    going_on.set()
    await bolt.runner.finish(PATIENCE)
    assert bolt.stand_in.errors == [("in the end", False)]


def test_slack_waits_less_than_bolt_thinks() -> None:
    """R10: bolt's three seconds are Slack's, and the way there and back is part of them."""
    assert 2 <= ACK_SECONDS <= 2.7


async def test_the_time_on_the_way_counts() -> None:
    """R10: what a request waited for before its listener began is part of what Slack waited."""
    stuck = asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await stuck.wait()

    bolt = Bolt(listener)
    request = ReadRequest(Payload(COMMAND))
    listening = bolt.app._async_listeners[0]
    async with asyncio.timeout(PATIENCE):
        answer = await bolt.runner.run(
            request=request,
            response=BoltResponse(status=200),
            listener_name="stuck",
            listener=listening,
            starting_time=time.time() - 3 * PATIENCE,
        )
    assert answer is not None
    assert answer.body == "still at it"
    stuck.set()
    await bolt.runner.finish(PATIENCE)


async def test_events_are_acknowledged_by_themselves() -> None:
    """A listener for an event has no ``ack`` to call: the answer is 200."""
    heard = asyncio.Event()

    async def listener(event: dict[str, Any]) -> None:
        heard.set()

    answer = await Bolt(listener).send(EVENT)
    assert answer.status == 200
    assert heard.is_set()


async def test_an_event_is_acknowledged_after_its_work() -> None:
    """The answer to an event waits until its listener has ended."""
    going_on = asyncio.Event()

    async def listener() -> None:
        await going_on.wait()

    answering = asyncio.create_task(Bolt(listener).send(EVENT))
    done, _ = await asyncio.wait([answering], timeout=0.05)
    assert not done
    going_on.set()
    answer = await answering
    assert answer.status == 200


async def test_an_event_that_failed_is_not_acknowledged() -> None:
    """Slack sends an event again when its listener failed."""

    async def listener() -> None:
        raise RuntimeError("undone")

    answer = await Bolt(listener).send(EVENT)
    assert answer.status == 503


async def test_listeners_are_kept_until_they_end() -> None:
    """A running listener is held, so that it cannot vanish half-way, and let go afterwards."""
    going_on = asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await ack()
        await going_on.wait()

    bolt = Bolt(listener)
    await bolt.send()
    assert len(bolt.runner._tasks) == 1
    await bolt.runner.finish(0.01)
    assert len(bolt.runner._tasks) == 1
    going_on.set()
    await bolt.runner.finish(PATIENCE)
    assert not bolt.runner._tasks


async def test_many_at_once_do_not_mix() -> None:
    """Each of a hundred requests at the same moment gets its own answer."""

    async def listener(ack: AsyncAck, command: dict[str, Any]) -> None:
        await asyncio.sleep(0.01)
        await ack(command["text"])

    bolt = Bolt(listener)
    answers = await asyncio.gather(
        *(bolt.send({**COMMAND, "text": f"number {number}"}) for number in range(100))
    )
    for number, answer in enumerate(answers):
        assert f"number {number}" in answer.body
        assert f"number {number}0" not in answer.body
