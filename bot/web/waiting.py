"""What the port says while the bot waits for its database: it lives, and cannot work yet."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


def waiting_room() -> Starlette:
    """Whatever is not about the process itself gets a 503: Slack says that it did not work, or
    sends it again (slack.md §8)."""
    routes = [
        Route("/healthz", _lives, methods=["GET"]),
        Route("/{path:path}", _not_yet, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes)


async def _lives(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _not_yet(_request: Request) -> Response:
    return JSONResponse({"database": False}, status_code=503, headers={"Retry-After": "5"})
