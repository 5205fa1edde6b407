"""The HTTP side: Slack's requests, the walk to Close and back, health and metrics."""

from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot import pages
from bot.close.errors import CloseError
from bot.connecting import STATE_LIFE, AccountMismatch, Connecting, StateRefused
from bot.links import LinkRefused, Links
from bot.slack.edge import SlackEdge
from bot.telemetry import Metrics

COOKIE = "sendas_connect"
Check = Callable[[], Awaitable[dict[str, bool]]]


class ConnectPages:
    """``/close/connect`` and ``/close/callback``, in the person's own browser."""

    def __init__(self, connecting: Connecting, links: Links) -> None:
        self._connecting = connecting
        self._links = links
        self._log = structlog.get_logger("bot.web")

    async def connect(self, request: Request) -> Response:
        """Off to Close's consent page, with a secret that only this browser has."""
        try:
            departure = await self._connecting.depart(request.query_params.get("for", ""))
        except LinkRefused:
            return pages.problem(
                "This link is no longer good",
                "Type /sendas connect in Slack to get a new one.",
                status=400,
            )
        response = RedirectResponse(departure.url, status_code=303)
        response.set_cookie(
            COOKIE,
            departure.browser_secret,
            max_age=int(STATE_LIFE.total_seconds()),
            path="/close",
            httponly=True,
            secure=self._links.is_https,
            samesite="lax",  # Close sends the browser back with a top-level GET
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Back from Close."""
        response = await self._arrived(request)
        response.delete_cookie(COOKIE, path="/close")
        return response

    async def _arrived(self, request: Request) -> Response:
        query = request.query_params
        state, browser = query.get("state", ""), request.cookies.get(COOKIE, "")
        try:
            if "code" not in query:
                await self._connecting.take_state(state=state, browser_secret=browser)
                return pages.problem(
                    "Close was not connected",
                    "You did not allow it in Close. Nothing was changed; the button in Slack "
                    "starts again.",
                )
            connection = await self._connecting.arrive(
                state=state, browser_secret=browser, code=query["code"]
            )
        except StateRefused:
            return pages.problem(
                "This did not start here",
                "The way to Close takes at most ten minutes and has to end in the browser where "
                "it began. Please use the Connect Close button in Slack again.",
                status=400,
            )
        except AccountMismatch:
            return pages.problem(
                "Close's answers do not fit together",
                "Nothing was stored. Please use the Connect Close button in Slack again.",
                status=502,
            )
        except CloseError as error:
            self._log.warning("connecting failed", problem=error.problem)
            return pages.problem(
                "Close did not finish the connection",
                "Nothing was stored. Please use the Connect Close button in Slack again.",
                status=502,
            )
        return pages.connected(connection.email)


def web_app(
    edge: SlackEdge | None, connect: ConnectPages, metrics: Metrics, ready: Check
) -> Starlette:
    """All routes. Without an edge (Socket Mode) nothing from Slack is taken over HTTP."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        checks = await ready()
        return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)

    async def figures(_request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/close/connect", connect.connect, methods=["GET"]),
        Route("/close/callback", connect.callback, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", figures, methods=["GET"]),
    ]
    if edge is not None:
        routes.append(Route("/slack/events", edge.handle, methods=["POST"]))
    return Starlette(routes=routes)
