"""The listener runner: the answer leaves with the acknowledgement, and errors find their way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.slack.edge import bolt_request
from bot.slack.runner import PromptListenerRunner
from tests.patience import PATIENCE

COMMAND = {"command": "/sendas", "text": "", "team_id": "T1", "user_id": "U1"}
EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "event": {"type": "user_change", "user": {"id": "U1"}},
}


class Bolt:
    """A bolt app with our runner and one listener; ``errors`` is what its handler heard."""

    def __init__(
        self, listener: Callable[..., Awaitable[None]], ack_seconds: float = 2 * PATIENCE
    ) -> None:
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="x", bot_id="B")

        self.errors: list[Exception] = []
        self.app = AsyncApp(
            authorize=authorize, signing_secret="s", request_verification_enabled=False
        )
        self.runner = PromptListenerRunner.in_place_of(self.app.listener_runner, ack_seconds)
        self.app._async_listener_runner = self.runner
        self.app.command("/sendas")(listener)
        self.app.event("user_change")(listener)

        async def on_error(
            error: Exception, body: dict[str, Any], response: BoltResponse | None
        ) -> BoltResponse | None:
            self.errors.append(error)
            if response is None or body.get("type") == "event_callback":
                return None
            return BoltResponse(status=200, body="sorry")

        self.app.error(on_error)

    async def send(self, body: dict[str, Any] = COMMAND) -> BoltResponse:
        """Dispatch one request; returns the answer, which nothing may hold up."""
        async with asyncio.timeout(PATIENCE):
            return await self.app.async_dispatch(bolt_request(dict(body), {}))


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
    assert [str(error) for error in bolt.errors] == ["before"]


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
    assert [str(error) for error in bolt.errors] == ["after"]


async def test_an_error_handler_that_fails_itself() -> None:
    """Even then there is an answer at once, and no task is left over."""

    async def listener(ack: AsyncAck) -> None:
        raise RuntimeError("before")

    bolt = Bolt(listener)

    async def worse(error: Exception) -> None:
        raise ValueError("worse") from error

    bolt.app.error(worse)
    answer = await bolt.send()
    assert answer.status >= 400
    await bolt.runner.finish(PATIENCE)
    assert not bolt.runner._tasks


async def test_a_listener_that_returns_without_an_ack() -> None:
    """It is noticed when it returns, not when Slack has lost its patience."""

    async def listener(ack: AsyncAck) -> None:
        return

    assert (await Bolt(listener).send()).status == 404


async def test_a_listener_that_never_acknowledges(caplog: pytest.LogCaptureFixture) -> None:
    """Slack gets an answer after ``ack_seconds``, and the log says who was slow."""
    stuck = asyncio.Event()

    async def listener(ack: AsyncAck) -> None:
        await stuck.wait()

    bolt = Bolt(listener, ack_seconds=0)
    answer = await bolt.send()
    assert answer.status == 404
    assert "did not acknowledge" in caplog.text
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
    assert answer.status == 500


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
