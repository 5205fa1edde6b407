"""The HTTP side: Slack's requests, the way to Close and back, health and metrics."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.slack.edge import SlackEdge
from bot.store import DatabaseAway
from bot.telemetry import Metrics
from bot.web import pages
from bot.web.connections import ConnectPages
from bot.web.guarding import guarded

# None is "not known": it is said, and keeps nobody from sending requests here.
Check = Callable[[], Awaitable[Mapping[str, bool | float | None]]]
Measure = Callable[[], Awaitable[bool]]


def web_app(
    edge: SlackEdge | None,
    connect: ConnectPages,
    metrics: Metrics,
    ready: Check,
    problem: Callable[[], str | None],
    measure: Measure,
) -> ASGIApp:
    """All routes. Without an edge (Socket Mode) nothing from Slack is taken over HTTP.

    ``ready`` says what works, ``problem`` why the process has to end; ``measure`` brings the
    figures up to date before they are read, or says that it cannot. All three answer within
    a second.
    """

    async def healthz(_request: Request) -> Response:
        found = problem()
        return PlainTextResponse(f"{found or 'ok'}\n", status_code=503 if found else 200)

    async def readyz(_request: Request) -> Response:
        checks = await ready()
        is_ready = all(each for each in checks.values() if isinstance(each, bool))
        return JSONResponse(dict(checks), status_code=200 if is_ready else 503)

    async def figures(_request: Request) -> Response:
        if not await measure():
            return PlainTextResponse("the database cannot be used\n", status_code=503)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/close/connect", connect.connect, methods=["GET", "POST"]),
        Route("/close/callback", connect.callback, methods=["GET"]),
        Route("/close/slack", connect.to_slack, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", figures, methods=["GET"]),
    ]
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
