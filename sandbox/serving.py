"""Serve an ASGI application on 127.0.0.1 inside the running event loop, without noise."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from typing import Any

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.002
# Longer than any client keeps an idle connection: one that is closed while it is taken up again
# would look like trouble.
_KEEP_ALIVE_SECONDS = 60
_HANG_UP = "sandbox.hang_up"


class ConnectionCut(Exception):
    """Raised outside of Starlette to break the connection instead of answering."""


class CutConnection(Response):
    """Returned by a Starlette endpoint to do the same; an exception would become a 500 there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection and wait until it is gone."""
        await scope[_HANG_UP]()


class _OfferHangUp:
    """Lets an application break its connection, for which ASGI has no word; and says what time it
    is, which uvicorn only looks up in a loop of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hang_up() -> None:
            # uvicorn's ``send`` is a method of the object that knows the transport.
            cycle: Any = getattr(send, "__self__", None)
            cycle.transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = formatdate(usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", now)]}
            await send(message)

        scope[_HANG_UP] = hang_up
        try:
            await self._app(scope, receive, dated)
        except ConnectionCut:
            await hang_up()


class _QuietServer(uvicorn.Server):
    """uvicorn that leaves signals alone and stops as soon as ``leave`` is set."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        except SystemExit as early:
            # A ``SystemExit`` in a task would end the whole event loop.
            raise RuntimeError("the application's start-up failed") from early

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn's own sleeps a tenth of a second each time, which adds up over a test suite.
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            await asyncio.wait_for(self._emptied(), _GRACE_SECONDS)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        await self.lifespan.shutdown()

    async def _emptied(self) -> None:
        state = self.server_state
        while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody of the last
            await asyncio.sleep(_POLL_SECONDS)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` and yield its base URL (no trailing slash); port 0 means any free one.

    Raises ``OSError`` when the port is taken and ``RuntimeError`` when the application's own
    start-up fails.
    """
    listener = _listen(port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = _QuietServer(_config(app))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _started(server, running)
        if not running.done():
            yield address
    finally:
        server.leave.set()
        try:
            await running
        finally:
            listener.close()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        _OfferHangUp(app),
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
        lifespan="on",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        ws="websockets-sansio",
    )


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's delay off only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


async def _started(server: uvicorn.Server, running: "asyncio.Task[None]") -> None:
    while not (server.started or running.done()):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
