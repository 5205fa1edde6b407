"""What a test leaves behind in the loop that all of them share."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.one_loop import OneLoop
from tests.patience import MOMENT


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Another loop."""
    opened = asyncio.new_event_loop()
    yield opened
    opened.close()


def test_nothing_goes_on(loop: asyncio.AbstractEventLoop) -> None:
    """A task is cancelled, a generator closed, and a timer does not ring in the next test."""
    one_loop = OneLoop(loop)
    seen: list[str] = []
    timer = loop.call_later(60, seen.append, "rung")

    async def endless() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            seen.append("closed")

    async def leave() -> tuple[asyncio.Task[None], AsyncIterator[int]]:
        generator = endless()
        await anext(generator)
        return asyncio.create_task(asyncio.sleep(60)), generator

    task, _generator = loop.run_until_complete(leave())
    one_loop.clear()
    assert task.cancelled()
    assert timer.cancelled()
    assert seen == ["closed"]


def test_what_is_left_open_is_said_once(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that nobody closed is an error of the test that opened it, and of no other."""
    monkeypatch.setattr("tests.one_loop.PATIENT_FOR", MOMENT)
    one_loop = OneLoop(loop)
    server = loop.run_until_complete(asyncio.start_server(lambda *_: None, "127.0.0.1", 0))
    with pytest.raises(AssertionError, match="fd="):
        one_loop.clear()
    one_loop.clear()
    server.close()
