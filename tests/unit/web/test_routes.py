"""What every answer over HTTP has in common."""

from typing import Any
from unittest.mock import create_autospec

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot import __version__
from bot.slack.edge import SlackEdge
from bot.web.connections import ConnectPages
from bot.web.routes import web_app


async def fails() -> Any:
    """What nobody expects."""
    raise RuntimeError("broken")


async def broken(_request: Request) -> Any:
    """An address where that happens."""
    await fails()


@pytest.mark.parametrize(("path", "status"), [("/metrics", 500), ("/nowhere", 404)])
async def test_an_error_is_guarded_as_well(path: str, status: int) -> None:
    """What fails, or is nowhere, has the same headers as all the rest."""
    pages = create_autospec(ConnectPages, instance=True)
    web = web_app(None, pages, fails, lambda: None, broken)
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as http:
        answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_slack_sends_goes_straight_to_the_edge() -> None:
    """It passes by all routes; what fails there has the headers of all the rest, and whoever only
    looks at the address is told how it is used."""
    pages = create_autospec(ConnectPages, instance=True)
    edge = create_autospec(SlackEdge, instance=True)
    edge.handle.side_effect = [Response("taken"), RuntimeError("broken")]
    web = web_app(edge, pages, fails, lambda: None, None)
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as http:
        answers = [await http.post("/slack/events") for _ in range(2)]
        looked = await http.get("/slack/events")
    assert [each.status_code for each in (*answers, looked)] == [200, 500, 405]
    assert answers[0].text == "taken"
    assert {each.headers["cache-control"] for each in (*answers, looked)} == {"no-store"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_bare_address(method: str) -> None:
    """Whoever opens it reads that Send-As is there, and nothing about which release that is."""
    pages = create_autospec(ConnectPages, instance=True)
    transport = httpx.ASGITransport(web_app(None, pages, fails, lambda: None, None))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as http:
        answer = await http.request(method, "/")
    assert answer.status_code == 200
    assert ("Send-As is running" in answer.text) == (method == "GET")
    assert __version__ not in answer.text + str(answer.headers)
