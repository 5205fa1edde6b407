"""What stands before the sandbox Close's endpoints: trouble, rate limits, the record of calls."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.close.refusals import RefusalError
from sandbox.close.state import RecordedCall
from sandbox.close.trouble import (
    After,
    Fault,
    HeaderForm,
    Reply,
    Trouble,
    limit_headers,
    too_many,
    wait_out,
)
from sandbox.serving import CutConnection

CONSENT = "/oauth2/authorize/"
API = "/api/"


def application(routes: Sequence[Route]) -> Starlette:
    """Return the endpoints with Close's error bodies; a missing slash is not forgiven."""
    app = Starlette(
        routes=list(routes),
        exception_handlers={RefusalError: _refused, HTTPException: _failed},
    )
    app.router.redirect_slashes = False
    return app


async def _refused(_: Request, refusal: Any) -> Response:
    return JSONResponse(refusal.body, refusal.status)


async def _failed(_: Request, failure: Any) -> Response:
    text = {404: "The requested URL was not found on the server.", 405: "Method not allowed."}
    error = text.get(failure.status_code, failure.detail)
    return JSONResponse({"error": error}, failure.status_code, headers=failure.headers)


class Front:
    """The ASGI application to serve; it holds each answer back until trouble had its say."""

    def __init__(
        self,
        app: ASGIApp,
        trouble: Trouble,
        record: Callable[[RecordedCall], None],
        now: Callable[[], datetime],
    ) -> None:
        self._app = app
        self._trouble = trouble
        self._record = record
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the consent page, which people see, has no trouble but an outage."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._trouble.is_down:
            await CutConnection()(scope, receive, send)
        elif scope["path"] == CONSENT:
            await self._app(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call of the API: trouble first, then the record, then the answer."""
        fault = self._trouble.take(scope["method"], scope["path"])
        if fault is not None:
            receive = await _arrived(receive)  # it acts in the end, also when nobody waits for it
            await wait_out(fault)
        reply = await self._reply(fault, scope, receive)
        is_cut = fault is not None and fault.after is After.CUT
        self._record(self._recorded(scope, None if is_cut else reply.status))
        if is_cut:
            await CutConnection()(scope, receive, send)
        else:
            await _spoiled(reply, fault, send)

    async def _reply(self, fault: Fault | None, scope: Scope, receive: Receive) -> Reply:
        if fault is not None and fault.reply is not None:
            return fault.reply
        limits = limit_headers(100, 99, 1.0)
        if self._trouble.limits is not None and scope["path"].startswith(API):
            is_allowed, bucket = self._trouble.limits.take(_credential(scope))
            if not is_allowed:
                return too_many(bucket.reset, HeaderForm.COMMA, int(bucket.rate))
            limits = bucket.headers()
        if not scope["path"].endswith("/"):
            return Reply(301, {"location": scope["path"] + "/"})
        reply = await _acted(self._app, scope, receive)
        return Reply(reply.status, {**limits, **reply.headers}, reply.body)

    def _recorded(self, scope: Scope, status: int | None) -> RecordedCall:
        return RecordedCall(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=status,
            caller=scope.get("close_caller"),
            when=self._now(),
        )


def _credential(scope: Scope) -> str:
    """Return what a limit counts by, as it stands in the request."""
    headers = dict(scope["headers"])
    return bytes(headers.get(b"authorization", b"")).decode("latin-1")


async def _arrived(receive: Receive) -> Receive:
    """Read the whole request, and return what gives it again."""
    messages: list[Message] = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    messages.reverse()

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


async def _acted(app: ASGIApp, scope: Scope, receive: Receive) -> Reply:
    """Run the endpoint to its end and return its whole answer."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    headers = {name.decode(): value.decode("latin-1") for name, value in messages[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Reply(messages[0]["status"], headers, body)


async def _spoiled(reply: Reply, fault: Fault | None, send: Send) -> None:
    """Send the answer, or what the fault makes of it."""
    after = fault.after if fault is not None else None
    body = reply.body
    if after is After.GARBAGE:
        body = b'<<<"not what you wanted'
    if after is After.TRUNCATED:
        body = body[: len(body) // 2]
    await _start(reply, len(body), send)
    if after is After.SLOW_BODY and fault is not None:
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        await asyncio.sleep(fault.seconds)
        body = body[1:]
    await send({"type": "http.response.body", "body": body})


async def _start(reply: Reply, length: int, send: Send) -> None:
    headers = {**reply.headers, "content-length": str(length)}
    if reply.status in (204, 304):
        del headers["content-length"]
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
