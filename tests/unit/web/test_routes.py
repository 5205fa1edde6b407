"""What every answer over HTTP has in common."""

from typing import Any
from unittest.mock import create_autospec

import httpx
import pytest
from starlette.requests import Request

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
