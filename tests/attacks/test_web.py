"""What strangers get besides the page they asked for: headers, cookies, figures."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx
import pytest
import pytest_asyncio

from sandbox.people import BEN
from tests.attacks.arena import Arena, Cast
from tests.scenarios.outages import database_failing
from tests.scenarios.world import World

PLACES = (
    *("/slack/events", "/close/connect", "/close/callback", "/close/slack"),
    *("/healthz", "/readyz", "/metrics", "/nowhere"),
)
PAGES = ("/close/connect", "/close/connect?for=x", "/close/callback", "/close/callback?state=x")


@pytest_asyncio.fixture(loop_scope="package")
async def browser(arena: Arena) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger's browser."""
    async with arena.browser() as opened:
        yield opened


@pytest.mark.parametrize("path", PLACES)
async def test_no_banner(browser: httpx.AsyncClient, path: str) -> None:
    """Nobody is told which program answers, nor in which version."""
    answer = await browser.get(path)
    said = (str(answer.headers) + answer.text).lower()
    for name in ("uvicorn", "starlette", "python/", "python 3", "bolt", "x-powered-by", "'server'"):
        assert name not in said, name


@pytest.mark.parametrize("path", PLACES)
async def test_nothing_is_guessed_or_kept(browser: httpx.AsyncClient, path: str) -> None:
    """No answer's kind is guessed by a browser, and none is kept by whoever passes it on."""
    answer = await browser.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_can_do_nothing_else(browser: httpx.AsyncClient, path: str) -> None:
    """A page runs no script, loads nothing, stands in no frame, and tells nobody of itself."""
    answer = await browser.get(path)
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action"):
        assert rule in policy
    assert "script-src" not in policy
    assert "<script" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_link_itself_goes_nowhere(arena: Arena, browser: httpx.AsyncClient) -> None:
    """Whoever leaves the page does not carry its secret address along, not even to Close."""
    link = await arena.world.connect_link(BEN)
    page = await browser.get(link)
    departure = await arena.world.begin(browser, link)
    for answer in (page, departure):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
async def test_no_other_site_reads_along(browser: httpx.AsyncClient, origin: str) -> None:
    """No page of another site may read what is answered here, or send what a form cannot."""
    for path in PLACES:
        answer = await browser.get(path, headers={"Origin": origin})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert (await browser.options(path, headers=asked)).status_code in (404, 405)


async def test_cookies_are_kept_from_others(arena: Arena, browser: httpx.AsyncClient) -> None:
    """Each cookie is for this site, these pages and no script, and lives for ten minutes."""
    link = await arena.world.connect_link(BEN)
    pages = [await browser.get(link), await arena.world.begin(browser, link)]
    for page in pages:
        [(_, cookie)] = SimpleCookie(page.headers["set-cookie"]).items()
        assert cookie["httponly"]
        assert (cookie["path"], cookie["samesite"]) == ("/close", "lax")
        assert 0 < int(cookie["max-age"]) <= 600
        assert not cookie["domain"]


async def test_readiness_says_no_more_than_it_has_to(browser: httpx.AsyncClient) -> None:
    """What strangers learn at /readyz is whether, and not where or who."""
    found = (await browser.get("/readyz")).json()
    assert set(found) == {"database", "clock", "workers", "slack", "clock_skew_seconds"}
    assert (await browser.get("/healthz")).text == "ok\n"


async def test_figures_name_nobody(arena: Arena, cast: Cast) -> None:
    """Figures are counts: no id, no name, no address of anybody stands among them."""
    delegation = await arena.active(cast)
    figures = await arena.figures()
    assert 'sendas_connections{state="alive"}' in figures
    words = (cast.ada.id, cast.ben.id, "example.com", cast.ada.name, delegation.id, "T0NORTHWIND")
    for word in words:
        assert word not in figures


async def test_a_database_that_refuses(stage: World) -> None:
    """Figures that cannot be counted are a 503, not an error and not old figures, and strangers do
    not hear of it; pages that count nothing go on."""
    async with httpx.AsyncClient(base_url=stage.bot_url) as stranger, database_failing(stage):
        answer = await stage.figures()
        assert (answer.status_code, "sendas_" in answer.text) == (503, False)
        assert (await stranger.get("/metrics")).status_code == 401
        assert (await stranger.get("/healthz")).status_code == 200
