"""The page's own little server: the page, its stream of changes, and what people do on it."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.page.acting import Acting, NotPossible
from sandbox.page.journal import Journal
from sandbox.page.live import Live
from sandbox.page.manifest import read_manifest
from sandbox.page.parts import Painter
from sandbox.page.safety import SafePage
from sandbox.page.screen import person_called, read_screen
from sandbox.page.switches import Switchboard
from sandbox.page.talk import small_talk
from sandbox.page.watching import watching
from sandbox.running import House

STATIC = Path(__file__).parent / "static"
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}


class Page:
    """Answers the browser."""

    def __init__(
        self, house: House, live: Live, journal: Journal, start_over: Callable[[], None]
    ) -> None:
        self._house = house
        self._live = live
        self._start_over = start_over
        self._switchboard = Switchboard(house.slack, house.close)
        self._painter = Painter(house, read_manifest(), journal, self._switchboard)
        self._acting = Acting(house.slack, journal)

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/live", self._stream),
                Route("/people/{handle}/{what}", self._act, methods=["POST"]),
                Route("/clock/{step}", self._push_clock, methods=["POST"]),
                Route("/start-over", self._leave, methods=["POST"]),
                Route("/trouble/{name}", self._turn, methods=["POST"]),
                Route("/close/enrol", self._enrol, methods=["POST"]),
                Route("/close/tokens/revoke", self._revoke_tokens, methods=["POST"]),
                Route("/close/associations/{id}/remove", self._remove, methods=["POST"]),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(SafePage)],
        )

    async def _page(self, request: Request) -> Response:
        screen = read_screen(request.query_params)
        return HTMLResponse(self._painter.page(screen), headers={"Cache-Control": "no-store"})

    async def _stream(self, request: Request) -> Response:
        screen = read_screen(request.query_params)
        return StreamingResponse(
            self._live.stream(lambda: self._painter.parts(screen)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _act(self, request: Request) -> Response:
        person = person_called(request.path_params["handle"])
        what = request.path_params["what"]
        if person is None or what not in self._acting.acts:
            return _problem("There is no such thing to do.", 404)
        try:
            done = await self._acting.act(person, what, await _order(request))
        except NotPossible as error:
            return _problem(str(error), 409)
        finally:
            self._live.touch()
        return JSONResponse({"problem": done.problem})

    async def _push_clock(self, request: Request) -> Response:
        step = STEPS.get(request.path_params["step"])
        if step is None:
            return _problem("The clock goes by hours, days and months.", 404)
        self._house.clock.push(step)
        return self._changed()

    async def _leave(self, _: Request) -> Response:
        self._start_over()
        return JSONResponse({"problem": ""})

    async def _turn(self, request: Request) -> Response:
        order = await _order(request)
        try:
            self._switchboard.turn(request.path_params["name"], on=bool(order.get("on")))
        except KeyError:
            return _problem("There is no such switch.", 404)
        return self._changed()

    async def _enrol(self, _: Request) -> Response:
        self._switchboard.enrol()
        return self._changed()

    async def _revoke_tokens(self, _: Request) -> Response:
        self._switchboard.revoke_tokens()
        return self._changed()

    async def _remove(self, request: Request) -> Response:
        state = self._house.close.state
        for each in self._house.close.associations:
            if each.id == request.path_params["id"]:
                people = state.members
                self._house.close.remove(
                    people[each.allowing_user_id], people[each.allowed_user_id]
                )
                return self._changed()
        return _problem("Close no longer has it.", 404)

    def _changed(self) -> Response:
        self._live.touch()
        return JSONResponse({"problem": ""})


async def _order(request: Request) -> dict[str, Any]:
    """The JSON object that came with a request; anything else counts as an empty one."""
    with contextlib.suppress(ValueError):
        order = json.loads(await request.body())
        if isinstance(order, dict):
            return order
    return {}


def _problem(text: str, status: int) -> Response:
    return JSONResponse({"problem": text}, status)


@contextlib.asynccontextmanager
async def open_page(house: House, start_over: Callable[[], None]) -> AsyncIterator[Starlette]:
    """The page around a running house; it ends its streams when the block is left.

    ``start_over`` is called when a person wants another house in its place.
    """
    small_talk(house.slack)
    live, journal = Live(), Journal(house.slack.workspace)
    async with watching(house, live, journal):
        try:
            yield Page(house, live, journal, start_over).application()
        finally:
            live.end()
