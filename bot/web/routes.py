"""The HTTP side: Slack's requests, the way to Close and back, health and metrics."""

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.slack.edge import SlackEdge
from bot.telemetry import Metrics
from bot.web.connections import ConnectPages

Check = Callable[[], Awaitable[dict[str, bool]]]
Measure = Callable[[], Awaitable[None]]


def web_app(
    edge: SlackEdge | None,
    connect: ConnectPages,
    metrics: Metrics,
    ready: Check,
    measure: Measure,
) -> Starlette:
    """All routes. Without an edge (Socket Mode) nothing from Slack is taken over HTTP.

    ``measure`` brings the figures up to date before they are read.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        checks = await ready()
        return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)

    async def figures(_request: Request) -> Response:
        await measure()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/close/connect", connect.connect, methods=["GET", "POST"]),
        Route("/close/callback", connect.callback, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", figures, methods=["GET"]),
    ]
    if edge is not None:
        routes.append(Route("/slack/events", edge.handle, methods=["POST"]))
    return Starlette(routes=routes)
