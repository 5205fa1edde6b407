"""The HTTP side: Slack's requests, the way to Close and back, health and metrics."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.slack.edge import SlackEdge
from bot.store import DatabaseAway
from bot.web import pages
from bot.web.connections import ConnectPages
from bot.web.guarding import guarded

# None is "not known": it is said, and keeps nobody from sending requests here.
Check = Callable[[], Awaitable[Mapping[str, bool | float | None]]]
Endpoint = Callable[[Request], Awaitable[Response]]
FOR_SLACK = "/slack/events"


class SlackFirst:
    """Most of what comes is Slack's, and somebody waits for it: it goes past all routes."""

    def __init__(self, app: ASGIApp, edge: SlackEdge) -> None:
        self._app = app
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or leave it to the routes."""
        is_http = scope["type"] == "http"
        if is_http and scope["path"] == FOR_SLACK and scope["method"] == "POST":
            answer = await self._edge.handle(Request(scope, receive))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def web_app(
    edge: SlackEdge | None,
    connect: ConnectPages,
    ready: Check,
    problem: Callable[[], str | None],
    figures: Endpoint | None,
) -> ASGIApp:
    """All routes. Without an edge (Socket Mode) nothing from Slack is taken over HTTP, and without
    ``figures`` there are none.

    ``ready`` says what works, ``problem`` why the process has to end. All three answer within a
    second.
    """

    async def healthz(_request: Request) -> Response:
        found = problem()
        return PlainTextResponse(f"{found or 'ok'}\n", status_code=503 if found else 200)

    async def readyz(_request: Request) -> Response:
        checks = await ready()
        is_ready = all(each for each in checks.values() if isinstance(each, bool))
        return JSONResponse(dict(checks), status_code=200 if is_ready else 503)

    async def front(_request: Request) -> Response:
        return pages.front()

    routes = [
        Route("/", front, methods=["GET"]),
        Route("/close/connect", connect.connect, methods=["GET", "POST"]),
        Route("/close/callback", connect.callback, methods=["GET"]),
        Route("/close/slack", connect.to_slack, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
    ]
    if figures is not None:
        routes.append(Route("/metrics", figures, methods=["GET"]))
    first = []
    if edge is not None:
        routes.append(Route(FOR_SLACK, edge.handle, methods=["POST"]))  # says what else is none
        first.append(Middleware(SlackFirst, edge))
    app = Starlette(routes=routes, middleware=first, exception_handlers={DatabaseAway: _away})
    # A slash too many would lead to whatever host the request named.
    app.router.redirect_slashes = False
    return guarded(app)  # around all of it: what failed is answered outside of any middleware


async def _away(_request: Request, _error: Exception) -> Response:
    return pages.problem(
        "The bot cannot do that just now",
        "Its database does not answer. Please try again in a minute.",
        status=503,
    )
