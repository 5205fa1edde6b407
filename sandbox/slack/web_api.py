"""The HTTP face of the sandbox Slack: ``/api/<method>``, response_urls and the socket."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from sandbox.people import APP_ID, TEAM_ID
from sandbox.serving import CutConnection
from sandbox.slack import (
    chat_methods,
    conversation_methods,
    directory_methods,
    validating,
    view_methods,
)
from sandbox.slack.refusals import Answer, Arguments, Caller, Method, Refusal
from sandbox.slack.response_urls import respond
from sandbox.slack.sockets import SocketHub
from sandbox.slack.trouble import Fault, Trouble, wait_out
from sandbox.slack.workspace import ApiCall, Workspace

METHODS: dict[str, tuple[str | None, Method]] = {
    **chat_methods.METHODS,
    **conversation_methods.METHODS,
    **directory_methods.METHODS,
    **validating.METHODS,
    **view_methods.METHODS,
}
CONNECT = "apps.connections.open"
RESPONSE_URL = "response_url"
_JSON_ARGUMENTS = ("blocks", "message", "view", "metadata", "attachments")
_PAGE = "<!doctype html><title>Blocked</title><p>This page was blocked."


class WebApi:
    """Answers the bot; ``url`` is this server's own address, known once it is served or called.

    ``client_url`` is where people see this Slack, if there is such a place.
    """

    def __init__(
        self,
        workspace: Workspace,
        trouble: Trouble,
        sockets: SocketHub,
        *,
        bot_token: str,
        app_token: str,
        scopes: frozenset[str],
    ) -> None:
        self.url = ""
        self.client_url = ""
        self._workspace = workspace
        self._trouble = trouble
        self._sockets = sockets
        self._bot_token = bot_token
        self._app_token = app_token
        self._caller = Caller(workspace, scopes)

    def application(self, at_shutdown: Callable[[], Awaitable[None]]) -> Starlette:
        """The ASGI application; ``at_shutdown`` runs when its server stops."""

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            await at_shutdown()

        return Starlette(
            routes=[
                Route("/api/{method}", self._call, methods=["GET", "POST"]),
                Route(f"/commands/{TEAM_ID}/{{secret}}", self._respond, methods=["POST"]),
                Route("/app_redirect", self._open_client),
                WebSocketRoute("/link", self._link),
            ],
            lifespan=lifespan,
        )

    def response_url(self, secret: str) -> str:
        """The full address of a response_url."""
        return f"{self.url}/commands/{TEAM_ID}/{secret}"

    async def _open_client(self, request: Request) -> Response:
        """Where ``https://slack.com/app_redirect`` leads: the app's conversation in the client."""
        if dict(request.query_params) != {"app": APP_ID, "team": TEAM_ID}:
            return PlainTextResponse("There is no such app in this workspace.", 404)
        if self.client_url:
            return RedirectResponse(self.client_url, 302)
        return PlainTextResponse("Here Slack opens.")

    async def _call(self, request: Request) -> Response:
        if self._trouble.is_down:
            return CutConnection()
        self.url = self.url or str(request.base_url).rstrip("/")
        method = request.path_params["method"]
        try:
            arguments = await _arguments(request)
        except Refusal as refusal:
            return self._answer_refusal(refusal)
        call = ApiCall(method, arguments, self._workspace.now())
        self._workspace.calls.append(call)
        response = await self._answer(request, call)
        self._workspace.changes.publish("call", call)
        return response

    async def _answer(self, request: Request, call: ApiCall) -> Response:
        fault = self._trouble.take(call.method)
        await wait_out(fault)
        if refused := _refused_by_trouble(fault):
            call.outcome = fault.kind if fault else ""
            return refused
        try:
            answer = self._run(call, _token(request, call.arguments))
            call.outcome = "ok"
            response = self._json({"ok": True, **answer})
        except Refusal as refusal:
            call.outcome = refusal.error
            response = self._answer_refusal(refusal)
        return _lost_by_trouble(fault, call, response)

    def _run(self, call: ApiCall, token: str) -> Answer:
        self._check_token(call.method, token)
        if call.method == CONNECT:
            return self._connect()
        scope, run = METHODS[call.method]
        if scope is not None:
            self._caller.need(scope)
        return run(self._caller, call.arguments)

    def _check_token(self, method: str, token: str) -> None:
        if method != CONNECT and method not in METHODS:
            raise Refusal("unknown_method", req_method=method)
        if not token:
            raise Refusal("not_authed")
        if token not in (self._bot_token, self._app_token):
            raise Refusal("invalid_auth")
        if not self._workspace.is_installed:
            raise Refusal("account_inactive")
        if (token == self._app_token) != (method == CONNECT):
            raise Refusal("not_allowed_token_type")

    def _connect(self) -> Answer:
        address = self.url.replace("http", "ws", 1)
        return {"url": f"{address}/link?ticket={self._sockets.new_ticket()}"}

    async def _link(self, socket: WebSocket) -> None:
        if self._trouble.is_down:
            await socket.close(code=1013)
        else:
            await self._sockets.endpoint(socket)

    async def _respond(self, request: Request) -> Response:
        if self._trouble.is_down:
            return CutConnection()
        answer = _parsed(await request.body())
        call = ApiCall(
            RESPONSE_URL,
            answer if isinstance(answer, dict) else {},
            self._workspace.now(),
        )
        self._workspace.calls.append(call)
        fault = self._trouble.take(RESPONSE_URL)
        await wait_out(fault)
        if refused := _refused_by_trouble(fault):
            return refused
        response = self._responded(call, request.path_params["secret"], answer)
        self._workspace.changes.publish("call", call)
        return _lost_by_trouble(fault, call, response)

    def _responded(self, call: ApiCall, secret: str, answer: Any) -> Response:
        try:
            respond(self._workspace, secret, answer)
        except Refusal as refusal:
            call.outcome = refusal.error
            status = 404 if refusal.error in ("expired_url", "used_url") else 400
            return self._answer_refusal(refusal, status)
        call.outcome = "ok"
        return PlainTextResponse("ok")

    def _answer_refusal(self, refusal: Refusal, status: int = 200) -> Response:
        return self._json({"ok": False, "error": refusal.error, **refusal.more}, status)

    def _json(self, body: dict[str, Any], status: int = 200) -> Response:
        headers = {"x-oauth-scopes": ",".join(sorted(self._caller.scopes))}
        return JSONResponse(body, status, headers)


async def _arguments(request: Request) -> Arguments:
    """Arguments of the query and of the body, which is a form or JSON."""
    arguments: Arguments = dict(request.query_params)
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        parsed = _parsed(body)
        if not isinstance(parsed, dict):
            raise Refusal("json_not_object" if parsed is not None else "invalid_json")
        return arguments | parsed
    arguments |= dict(parse_qsl(body.decode("utf-8", "replace")))
    for name in _JSON_ARGUMENTS:
        if isinstance(arguments.get(name), str):
            parsed = _parsed(arguments[name].encode())
            arguments[name] = arguments[name] if parsed is None else parsed
    return arguments


def _parsed(body: bytes) -> Any:
    """The JSON in ``body``, or None when it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _token(request: Request, arguments: Arguments) -> str:
    """The bearer token; one in the arguments is taken out of them, so that it is not recorded."""
    in_arguments = str(arguments.pop("token", ""))
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else in_arguments


def _refused_by_trouble(fault: Fault | None) -> Response | None:
    """The answer of a fault that strikes before anything is done."""
    if fault is not None and fault.kind == "fail":
        return JSONResponse({"ok": False, "error": fault.error}, fault.status)
    if fault is not None and fault.kind == "rate_limit":
        headers = {"Retry-After": str(int(fault.seconds))}
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    if fault is not None and fault.kind == "page":
        return _page(fault)
    return None


def _lost_by_trouble(fault: Fault | None, call: ApiCall, response: Response) -> Response:
    """The answer after the work was done, unless a fault loses it."""
    if fault is None or fault.kind not in ("drop", "late_page"):
        return response
    call.outcome += " (answer lost)"
    if fault.kind == "late_page":
        return _page(fault)
    if fault.error:
        return JSONResponse({"ok": False, "error": fault.error}, fault.status)
    return CutConnection()


def _page(fault: Fault) -> Response:
    """What a proxy answers in Slack's place."""
    if fault.error:
        return Response(fault.error, media_type="application/json")
    return HTMLResponse(_PAGE)
