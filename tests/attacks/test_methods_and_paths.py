"""Every method and every way to write a path: there are eight addresses, and no others."""

import pytest

from sandbox.people import BEN
from tests.attacks.arena import FORM, Arena, Cast, status_of

ADDRESSES = {
    "/": {"GET", "HEAD"},
    "/slack/events": {"POST"},
    "/close/connect": {"GET", "HEAD", "POST"},
    "/close/callback": {"GET"},
    "/close/slack": {"GET", "HEAD"},
    "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
    "/metrics": {"GET", "HEAD"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE")


@pytest.mark.parametrize("path", ADDRESSES)
async def test_every_method_on_every_address(arena: Arena, cast: Cast, path: str) -> None:
    """A method that an address does not have is a 405, and never does anything."""
    await arena.asked(cast)
    before = await arena.kept(cast)
    async with arena.browser() as browser:
        for method in METHODS:
            answer = await browser.request(method, path)
            is_known = method in ADDRESSES[path]
            assert (answer.status_code == 405) is not is_known, (method, answer.status_code)
            assert answer.status_code < 500
    assert await arena.kept(cast) == before


@pytest.mark.parametrize("method", ["get", "GeT", "HACK", "G ET", "", "GET\x00"])
async def test_methods_that_do_not_exist(arena: Arena, method: str) -> None:
    """Made-up methods are refused before anybody looks at the path."""
    request = f"{method} /healthz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n".encode()
    assert status_of(await arena.raw(request)) == 400


async def test_trace_gives_nothing_back(arena: Arena) -> None:
    """Nobody gets to read a browser's cookies by having the request echoed."""
    async with arena.browser() as browser:
        answer = await browser.request("TRACE", "/close/connect", headers={"Cookie": "a=secret"})
    assert answer.status_code == 405
    assert "secret" not in answer.text


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "_method"])
async def test_another_method_in_a_header(arena: Arena, name: str) -> None:
    """No header, and no field, makes a GET a POST or the other way round."""
    async with arena.browser() as browser:
        answer = await browser.get(f"/slack/events?{name}=POST", headers={name: "POST"})
        assert answer.status_code == 405
        answer = await browser.post("/healthz", headers={name: "GET"})
        assert answer.status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        *("//slack/events", "/slack//events", "/SLACK/events", "/slack/events;a=b"),
        *("/slack/./events", "/slack/../slack/events", "/x/../slack/events", "/slack/events/."),
        *("/slack/events%00", "/slack/events%20", "/slack%2Fevents/x", "/slack\\events"),
        *("/slack/events/..%2f..%2fmetrics", "/%2e/slack/events", "/slack/events%0d%0aX: y"),
    ],
)
async def test_other_ways_to_write_the_path(arena: Arena, cast: Cast, path: str) -> None:
    """A signed request is taken at its own address only, so that no rule before it is passed by."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h Covering")
    proof = "".join(f"{k}: {v}\r\n" for k, v in arena.slack.sign(body).items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
        f"{proof}Content-Length: {len(body)}\r\n\r\n"
    )
    assert status_of(await arena.raw(head.encode() + body)) in (400, 404)
    assert not await arena.all_of(cast)


@pytest.mark.parametrize("path", ["/slack/events/", "/close/connect/", "/healthz/", "/metrics/"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "bot@evil.example"])
async def test_a_slash_leads_nowhere(arena: Arena, path: str, host: str) -> None:
    """A slash too many does not send anybody to whatever host the request names."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = await arena.raw(request.encode())
    assert status_of(answer) == 404
    assert b"evil.example" not in answer


@pytest.mark.parametrize(
    "name", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "X-Rewrite-URL"]
)
async def test_whoever_says_where_we_are(arena: Arena, name: str) -> None:
    """Links and redirects are made of the settings, whatever a request says about its way here."""
    link = await arena.world.connect_link(BEN)
    async with arena.browser(**{name: "evil.example"}) as browser:
        page = await browser.get(link)
        assert page.status_code == 200
        assert "evil.example" not in page.text + str(page.headers)
        departure = await arena.world.begin(browser, link)
        assert departure.status_code == 303
        assert "evil.example" not in str(departure.headers)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"])
async def test_whoever_says_who_they_are(arena: Arena, cast: Cast, name: str) -> None:
    """No header that speaks of a trusted sender takes the place of a signature."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h Covering")
    reply = await arena.post(body, {"Content-Type": FORM, name: "127.0.0.1"})
    assert reply.status == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/.env", "/.git/config", "/send-as.db", "/docs", "/openapi.json", "/admin", "/debug"),
        *("/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/close/..;/metrics", "/close/"),
        *("/static/../bot/app.py", "/favicon.ico", "/slack", "/sandbox", "/close", "//"),
    ],
)
async def test_there_is_nothing_else(arena: Arena, path: str) -> None:
    """No file, no documentation, no console: what is not one of the addresses is a 404."""
    request = f"GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n".encode()
    answer = await arena.raw(request)
    assert status_of(answer) == 404
    assert b"root:" not in answer


@pytest.mark.parametrize("path", ["/health\xffz", "/\x00", "/healthz\x7f", "/health z"])
async def test_bytes_that_no_path_has(arena: Arena, path: str) -> None:
    """Bytes that cannot stand in a path are refused, not shown and not an error."""
    request = f"GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n".encode("latin-1")
    assert status_of(await arena.raw(request)) == 400


async def test_a_query_changes_no_door(arena: Arena, cast: Cast) -> None:
    """What stands behind a question mark is not read as if it had been signed."""
    body = arena.command(cast.eve, "help")
    headers = {"Content-Type": FORM, **arena.slack.sign(body)}
    async with arena.browser() as browser:
        text = f"<@{cast.ada.id}> 2h"
        answer = await browser.post(
            "/slack/events", params={"text": text}, content=body, headers=headers
        )
    assert "Times:" in answer.text
    assert not await arena.all_of(cast)
