"""The HTTP side: Slack's requests, the way to Close and back, health and metrics."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.slack.edge import SlackEdge
from bot.store import DatabaseAway
from bot.web import pages
from bot.web.connections import ConnectPages
from bot.web.guarding import guarded

# None is "not known": it is said, and keeps nobody from sending requests here.
Check = Callable[[], Awaitable[Mapping[str, bool | float | None]]]
Endpoint = Callable[[Request], Awaitable[Response]]


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

    routes = [
        Route("/close/connect", connect.connect, methods=["GET", "POST"]),
        Route("/close/callback", connect.callback, methods=["GET"]),
        Route("/close/slack", connect.to_slack, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
    ]
    if figures is not None:
        routes.append(Route("/metrics", figures, methods=["GET"]))
    if edge is not None:
        routes.append(Route("/slack/events", edge.handle, methods=["POST"]))
    app = Starlette(routes=routes, exception_handlers={DatabaseAway: _away})
    # A slash too many would lead to whatever host the request named.
    app.router.redirect_slashes = False
    return guarded(app)  # around all of it: what failed is answered outside of any middleware


async def _away(_request: Request, _error: Exception) -> Response:
    return pages.problem(
        "The bot cannot do that just now",
        "Its database does not answer. Please try again in a minute.",
        status=503,
    )
