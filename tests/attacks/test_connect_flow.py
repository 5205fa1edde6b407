"""The way to Close and back, walked by somebody else: nobody's account becomes another's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from models.connection import connections
from sandbox.browser import filled
from sandbox.people import DANA, FINN, GUS, STRANGER, SandboxPerson
from tests.attacks.arena import Arena, Cast


async def connected(arena: Arena, *people: SandboxPerson) -> dict[str, str]:
    """Who of these is connected, and with which address."""

    def read(connection: Any) -> dict[str, str]:
        rows = connection.execute(connections.select())
        return {row.slack_user_id: row.email for row in rows}

    found: dict[str, str] = await arena.world.database.run_connection(read)
    ids = {each.id for each in people}
    return {who: email for who, email in found.items() if who in ids}


@asynccontextmanager
async def departed(
    arena: Arena, whose: SandboxPerson, account: SandboxPerson | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser that opened somebody's link and agreed in Close, and where it is sent back to."""
    async with arena.browser() as browser:
        answer = await arena.world.begin(browser, await arena.world.connect_link(whose))
        assert answer.status_code == 303
        yield browser, await arena.close.consent(answer.headers["location"], account or whose)


def query_of(target: str) -> dict[str, str]:
    """What Close sends back."""
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def back(**query: str) -> str:
    """The way back, with exactly this."""
    return f"/close/callback?{urlencode(query)}"


def exchanges(arena: Arena) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in arena.close.calls)


async def test_the_walk_itself(arena: Arena, cast: Cast) -> None:
    """What the attacks here change one thing of works when nothing is changed."""
    async with departed(arena, cast.ada) as (browser, target):
        assert (await browser.get(target)).status_code == 200
    assert await connected(arena, cast.ada) == {cast.ada.id: cast.ada.email}


# State and cookie


async def test_a_callback_without_a_cookie(arena: Arena, cast: Cast) -> None:
    """Whoever got hold of the way back cannot use it elsewhere, and does not use it up."""
    async with departed(arena, cast.ada) as (browser, target):
        async with arena.browser() as other:
            before = exchanges(arena)
            assert (await other.get(target)).status_code == 400
            assert exchanges(arena) == before
        assert (await browser.get(target)).status_code == 200


async def test_a_callback_is_replayed(arena: Arena, cast: Cast) -> None:
    """The same address in the same browser, once more and many times at once, connects once."""
    async with departed(arena, cast.ada) as (browser, target):
        before = exchanges(arena)
        cookies = dict(browser.cookies)
        answers = await asyncio.gather(*(browser.get(target) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 400, 400, 400, 400]
        async with arena.browser() as copy:
            copy.cookies.update(cookies)
            assert (await copy.get(target)).status_code == 400
        assert exchanges(arena) == before + 1


async def test_the_state_of_another(arena: Arena, cast: Cast) -> None:
    """Eve's browser with Ada's state: Eve's account does not become Ada's (login CSRF)."""
    async with (
        departed(arena, cast.ada) as (_, hers),
        departed(arena, cast.eve) as (browser, mine),
    ):
        mixed = back(state=query_of(hers)["state"], code=query_of(mine)["code"])
        assert (await browser.get(mixed)).status_code == 400
    assert not await connected(arena, cast.ada, cast.eve)


async def test_the_code_of_another(arena: Arena, cast: Cast) -> None:
    """Ada's browser is sent back with Eve's code (login CSRF): Eve's account is not taken for Ada's
    without an admin."""
    async with (
        departed(arena, cast.eve) as (_, hers),
        departed(arena, cast.ada) as (browser, mine),
    ):
        mixed = back(state=query_of(mine)["state"], code=query_of(hers)["code"])
        page = await browser.get(mixed)
    assert "admin" in page.text
    assert not await connected(arena, cast.ada, cast.eve)


async def test_a_cookie_for_another_state(arena: Arena, cast: Cast) -> None:
    """The secret of one walk under the cookie's name of another opens neither."""
    async with (
        departed(arena, cast.ada) as (hers, target),
        departed(arena, cast.eve) as (mine, _),
        arena.browser() as mixed,
    ):
        [name] = [each for each in hers.cookies if each.startswith("sendas_connect_")]
        [own] = [each for each in mine.cookies if each.startswith("sendas_connect_")]
        mixed.cookies.set(name, mine.cookies[own])
        assert (await mixed.get(target)).status_code == 400
    assert not await connected(arena, cast.ada)


@pytest.mark.parametrize("state", ["", "x", "\x00", "%00", "' OR 1=1 --", "\u0416", "x" * 5_000])
async def test_a_state_that_is_made_up(arena: Arena, state: str) -> None:
    """No guess at a state, with any cookie, gets as far as Close."""
    before = exchanges(arena)
    async with arena.browser(Cookie="sendas_connect_e3b0c44298fc1c14=x") as browser:
        answer = await browser.get(back(state=state, code="x"))
    assert (answer.status_code, exchanges(arena)) == (400, before)


async def test_two_states(arena: Arena, cast: Cast) -> None:
    """A state named twice is one state, and no way to smuggle the other in."""
    async with departed(arena, cast.ada) as (browser, target):
        answer = await browser.get(f"{target}&state=x")
        assert answer.status_code == 400
    assert not await connected(arena, cast.ada)


@pytest.mark.parametrize(
    "code", ["wrong", "\x00", "a&grant_type=refresh_token", "\u0416", "x" * 4_000]
)
async def test_a_code_that_is_made_up(arena: Arena, cast: Cast, code: str) -> None:
    """A code that Close does not know, or that looks like more fields, connects nobody."""
    async with departed(arena, cast.ada) as (browser, target):
        answer = await browser.get(back(state=query_of(target)["state"], code=code))
    assert answer.status_code == 502
    assert not await connected(arena, cast.ada)


async def test_a_code_and_an_error(arena: Arena, cast: Cast) -> None:
    """Whoever said no in Close is not connected, although a code stands beside it."""
    async with departed(arena, cast.ada) as (browser, target):
        before = exchanges(arena)
        answer = await browser.get(target + "&error=access_denied")
        assert (answer.status_code, exchanges(arena)) == (200, before)
    assert not await connected(arena, cast.ada)


@pytest.mark.parametrize(
    "said", ["<script>alert(1)</script>", "access_denied\r\nSet-Cookie: a=b", "{{7*7}}", "\u202e"]
)
async def test_what_an_error_says(arena: Arena, cast: Cast, said: str) -> None:
    """Nothing that stands in the address is shown on the page, or among the headers."""
    async with departed(arena, cast.ada) as (browser, target):
        query = {"state": query_of(target)["state"], "error": said, "error_description": said}
        answer = await browser.get(back(**query))
    assert answer.status_code == 502
    assert said not in answer.text + str(answer.headers)
    assert "<script" not in answer.text
    assert "a" not in answer.cookies


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
async def test_a_callback_by_another_method(arena: Arena, cast: Cast, method: str) -> None:
    """Programs that look at addresses use nothing up."""
    async with departed(arena, cast.ada) as (browser, target):
        assert (await browser.request(method, target)).status_code == 405
        assert (await browser.get(target)).status_code == 200


# The link


async def test_a_forwarded_link(arena: Arena, cast: Cast) -> None:
    """Ada's link in Eve's browser with Eve's account: an admin is asked, nobody connected."""
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        page = await browser.get(target)
    assert "admin" in page.text
    assert not await connected(arena, cast.ada, cast.eve)


async def test_a_link_to_the_account_of_somebody_connected(arena: Arena, cast: Cast) -> None:
    """An account that is known as Eve's is not Ada's because Eve's browser says so, and stays
    Eve's."""
    await arena.world.connect(cast.eve)
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        assert "admin" in (await browser.get(target)).text
    assert await connected(arena, cast.ada, cast.eve) == {cast.eve.id: cast.eve.email}


async def test_continue_in_another_browser(arena: Arena, cast: Cast) -> None:
    """A form that was shown to one browser is worth nothing in another: it asks again."""
    link = await arena.world.connect_link(cast.ada)
    async with arena.browser() as one, arena.browser() as other:
        url, form = filled(await one.get(link), "Continue")
        answer = await other.post(url, data=form)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_form_of_another_site(arena: Arena, cast: Cast) -> None:
    """A page elsewhere that posts Ada's link from her own browser does not send her off."""
    link = await arena.world.connect_link(cast.ada)
    async with arena.browser(Origin="https://evil.example") as browser:
        await browser.get(link)
        for token in ("", "x", "\u0416", "0" * 64):
            form = {"for": link.partition("for=")[2], "token": token, "do": "continue"}
            answer = await browser.post("/close/connect", data=form)
            assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_the_token_of_another_link(arena: Arena, cast: Cast) -> None:
    """Having been shown one's own question does not answer another person's."""
    async with arena.browser() as browser:
        hers = await arena.world.connect_link(cast.ada)
        url, form = filled(await browser.get(await arena.world.connect_link(cast.eve)), "Continue")
        answer = await browser.post(url, data=form | {"for": hers.partition("for=")[2]})
        assert answer.status_code == 400


@pytest.mark.parametrize("made", ["cut", "changed", "lower", "reversed", "empty"])
async def test_a_link_that_was_changed(arena: Arena, cast: Cast, made: str) -> None:
    """A link is sealed: not one letter of it can be another."""
    link = await arena.world.connect_link(cast.ada)
    start, _, sealed = link.partition("for=")
    other = "A" if sealed[20] != "A" else "B"
    changed = {
        "cut": sealed[:-4],
        "changed": sealed[:20] + other + sealed[21:],
        "lower": sealed.lower(),
        "reversed": sealed[::-1],
        "empty": "",
    }[made]
    async with arena.browser() as browser:
        assert (await browser.get(f"{start}for={changed}")).status_code == 400


@pytest.mark.parametrize("added", ["AAAA", "=", "&for=x", "%20", "#x", "&team=T1&user=U1"])
async def test_something_added_to_a_link(arena: Arena, cast: Cast, added: str) -> None:
    """What is written behind a link makes it nobody else's: it is Ada's, or none."""
    link = await arena.world.connect_link(cast.ada)
    async with arena.browser() as browser:
        page = await browser.get(link + added)
    assert page.status_code == 400 or f"Connect Close for {cast.ada.name}" in page.text


async def test_a_secret_of_another_kind(arena: Arena, cast: Cast) -> None:
    """A state, a code or a cookie is no link, though the bot made it as well."""
    async with departed(arena, cast.ada) as (browser, target):
        for secret in (*query_of(target).values(), *browser.cookies.values()):
            answer = await browser.get("/close/connect", params={"for": secret})
            assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["guest", "stranger", "deactivated", "bot"])
async def test_a_link_for_whoever_takes_no_part(arena: Arena, cast: Cast, kind: str) -> None:
    """Whatever link a guest, a stranger, an app or a leaver has, it leads to no account."""
    who = cast.who(kind)
    answer = await arena.said(who, "connect")
    if kind == "stranger":
        assert "another Slack workspace" in answer
        return
    link = answer.partition("<")[2].partition("|")[0]
    async with arena.browser() as browser:
        page = await browser.get(link)
    assert page.status_code == 403
    assert "full members" in page.text


async def test_somebody_who_left_on_the_way(arena: Arena, cast: Cast) -> None:
    """Between the link and the way back Ada has become a guest: nothing is connected."""
    async with departed(arena, cast.ada) as (browser, target):
        arena.slack.change_unheard(cast.ada, is_restricted=True)
        assert (await browser.get(target)).status_code == 403
    assert not await connected(arena, cast.ada)


# Addresses


NEARLY = {
    "dotted": "a.da@example.com",
    "tagged": "{name}+x@example.com",
    "a blank": "{name} @example.com",
    "another letter": "{name}@example.com".replace("example", "ex\u0430mple"),
    "another domain": "{name}@example.com.evil.example",
    "a dot at the end": "{name}@example.com.",
    "two": "{name}@example.com,x@evil.example",
    "a zero width": "{name}\u200b@example.com",
    "full width": "{name}\uff20example.com",
}


@pytest.mark.parametrize("how", NEARLY)
async def test_a_nearly_equal_address(arena: Arena, cast: Cast, how: str) -> None:
    """An account whose address only looks like Ada's is not hers without an admin's word."""
    key = cast.eve.close_user_id or ""
    address = NEARLY[how].format(name=cast.ada.email.partition("@")[0])
    arena.close.state.members[key] = replace(cast.eve, email=address)
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        page = await browser.get(target)
    assert page.status_code in (200, 502)
    assert not await connected(arena, cast.ada)


@pytest.mark.parametrize(
    "pair",
    [
        ("strauss@x.example", "strau\u00df@x.example"),
        ("kim@x.example", "\u212aim@x.example"),
        ("ilse@x.example", "\u0130lse@x.example"),
    ],
)
async def test_letters_that_fold(arena: Arena, cast: Cast, pair: tuple[str, str]) -> None:
    """Two addresses that only some ways of comparing make one are two."""
    hers, other = pair
    key = cast.eve.close_user_id or ""
    arena.close.state.members[key] = replace(cast.eve, email=other)
    arena.slack.change_unheard(cast.ada, email=hers)
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        assert "admin" in (await browser.get(target)).text
    assert not await connected(arena, cast.ada)


async def test_capital_letters(arena: Arena, cast: Cast) -> None:
    """The same address in capital letters is the same address: nobody is kept out by that."""
    key = cast.ada.close_user_id or ""
    arena.close.state.members[key] = replace(cast.ada, email=cast.ada.email.upper())
    async with departed(arena, cast.ada) as (browser, target):
        assert (await browser.get(target)).status_code == 200
    assert await connected(arena, cast.ada)


async def test_an_address_that_slack_has_not_seen_confirmed(arena: Arena, cast: Cast) -> None:
    """An address that somebody wrote into their Slack profile unconfirmed proves nothing."""
    arena.slack.change_unheard(cast.ada, email=cast.eve.email, is_email_confirmed=False)
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        assert "admin" in (await browser.get(target)).text
    assert not await connected(arena, cast.ada)


async def test_an_account_that_lies(arena: Arena, cast: Cast) -> None:
    """Close says other things of the account than of its tokens: nothing is kept."""
    me = b'{"id": "user_other", "email": "x@example.com", "organizations": [{"id": "orga_other"}]}'
    async with departed(arena, cast.ada) as (browser, target):
        arena.close.trouble.fail("/me/", 200, body=me)
        assert (await browser.get(target)).status_code == 502
    assert not await connected(arena, cast.ada)


@pytest.mark.parametrize(
    "email", ["<script>alert(1)</script>@x", '"><img src=x>@x', "a&b@x", "{0}"]
)
async def test_html_in_an_address(arena: Arena, cast: Cast, email: str) -> None:
    """What Close calls an account is text on our page, and opens no markup."""
    key = cast.eve.close_user_id or ""
    arena.close.state.members[key] = replace(cast.eve, email=email)
    async with departed(arena, cast.ada, cast.eve) as (browser, target):
        page = await browser.get(target)
    assert email not in page.text or email == "{0}"
    assert "<script" not in page.text
    assert "<img" not in page.text


@pytest.mark.parametrize("name", ["<b>Ada</b>", "Ada</title><script>", "&quot; Ada", "{email}"])
async def test_html_in_a_name(arena: Arena, cast: Cast, name: str) -> None:
    """The same for what somebody is called in Slack."""
    arena.slack.change_unheard(cast.ada, name=name)
    async with arena.browser() as browser:
        page = await browser.get(await arena.world.connect_link(cast.ada))
    assert page.status_code == 200
    for opened in ("<b>", "</title><s", "<script"):
        assert opened not in page.text
    assert ("Ada" in page.text) is ("Ada" in name)


# Where it leads


@pytest.mark.parametrize("name", ["next", "redirect", "redirect_uri", "return_to", "url", "app"])
async def test_no_open_redirect(arena: Arena, cast: Cast, name: str) -> None:
    """No parameter of a request chooses where a browser is sent."""
    there = "https://evil.example/"
    link = await arena.world.connect_link(cast.ada)
    async with arena.browser() as browser:
        url, form = filled(await browser.get(f"{link}&{name}={there}"), "Continue")
        departure = await browser.post(f"{url}?{name}={there}", data=form | {name: there})
        to_slack = await browser.get("/close/slack", params={name: there})
    for answer in (departure, to_slack):
        assert answer.status_code == 303
        assert "evil.example" not in answer.headers["location"]
    assert departure.headers["location"].startswith(arena.house.close_url)
    assert to_slack.headers["location"].startswith(arena.house.slack_url)


async def test_two_walks_at_once(arena: Arena, cast: Cast) -> None:
    """Ada walks twice at the same time with two accounts: hers is connected, the other waits."""
    async with (
        departed(arena, cast.ada) as (one, own),
        departed(arena, cast.ada, cast.eve) as (two, other),
    ):
        await asyncio.gather(one.get(own), two.get(other))
    assert (await connected(arena, cast.ada)).get(cast.ada.id, cast.ada.email) == cast.ada.email


async def test_a_link_for_an_admin(arena: Arena, cast: Cast) -> None:
    """Nobody says of their own account that it is theirs: an admin's link waits as well, or is
    refused where no other admin is named."""
    async with departed(arena, DANA, cast.eve) as (browser, target):
        page = await browser.get(target)
    assert page.status_code == 403
    assert DANA.id not in await connected(arena, DANA)
    assert not await connected(arena, GUS, FINN, STRANGER)
