"""How the floors and the peers are served: as the bot is, without its guards."""

import os

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan


async def ready(_request: Request) -> Response:
    """It answers, so it is ready."""
    return PlainTextResponse("ready")


def serve(*routes: Route, lifespan: Lifespan[Starlette] | None = None) -> None:
    """Serve these, and ``/readyz``, until the process is told to stop."""
    app = Starlette(routes=[*routes, Route("/readyz", ready)], lifespan=lifespan)
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
