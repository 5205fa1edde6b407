"""Too much of anything: bodies, fields, nesting, texts. Refused or cut, in words or a 4xx."""

import json
import time
from urllib.parse import urlencode

import pytest

from bot.process.server import MOST_HEADERS
from bot.slack.edge import MOST_BYTES, MOST_FIELDS
from models.mark import marked
from models.policy import REASON_LIMIT
from sandbox.people import BEN
from tests.attacks.arena import FORM, JSON, PROMPTLY, Arena, Cast, status_of


def signed(arena: Arena, body: bytes, kind: str = FORM) -> dict[str, str]:
    """What Slack sends with a body."""
    return {"Content-Type": kind, **arena.slack.sign(body)}


@pytest.mark.parametrize("kind", [FORM, JSON])
async def test_a_body_that_is_too_large(arena: Arena, kind: str) -> None:
    """One byte more than the largest thing that Slack sends is refused, although it is signed, and
    whoever goes on sending is cut off."""
    body = b"x" * (MOST_BYTES + 1)
    assert (await arena.post(body, signed(arena, body, kind))).status in (0, 413)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed(arena, body, kind).items())
    head = f"POST /slack/events HTTP/1.1\r\nHost: bot\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    assert status_of(await arena.raw(head.encode())) == 413


async def test_a_body_of_the_largest_size(arena: Arena) -> None:
    """What just fits is read, and refused for what it says."""
    body = b"text=" + b"x" * (MOST_BYTES - 5)
    assert (await arena.post(body, signed(arena, body))).status == 400


async def test_a_length_that_is_a_lie(arena: Arena) -> None:
    """Ten gigabytes that are announced are not waited for."""
    claim = "".join(f"{k}: {v}\r\n" for k, v in arena.slack.sign(b"").items())
    head = f"POST /slack/events HTTP/1.1\r\nHost: bot\r\n{claim}Content-Length: {10**10}\r\n\r\n"
    started = time.monotonic()
    assert status_of(await arena.raw(head.encode())) == 413
    assert time.monotonic() - started < PROMPTLY


async def test_chunks_without_an_end(arena: Arena) -> None:
    """A body without a length is read as far as any other."""
    claim = "".join(f"{k}: {v}\r\n" for k, v in arena.slack.sign(b"").items())
    head = f"POST /slack/events HTTP/1.1\r\nHost: bot\r\n{claim}Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert status_of(await arena.raw(head.encode(), *[chunk] * 40)) in (0, 413)
    await arena.answers()


async def test_many_tiny_chunks(arena: Arena, cast: Cast) -> None:
    """A body of one-byte chunks costs no more than another."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h " + "x" * 400)
    claim = "".join(f"{k}: {v}\r\n" for k, v in signed(arena, body).items())
    head = f"POST /slack/events HTTP/1.1\r\nHost: bot\r\n{claim}Connection: close\r\n"
    chunks = b"".join(b"1\r\n" + bytes([each]) + b"\r\n" for each in body)
    answer = await arena.raw(
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    )
    assert status_of(answer) == 200


@pytest.mark.parametrize("text", ["[", '{"a":', '[{"a":['])
async def test_nesting_without_an_end(arena: Arena, text: str) -> None:
    """Brackets in brackets, more than any stack holds, are a 400."""
    for how in (JSON, "payload"):
        body = text * (100_000 // len(text))
        sent = body.encode() if how == JSON else urlencode({"payload": body}).encode()
        reply = await arena.post(sent, signed(arena, sent, JSON if how == JSON else FORM))
        assert reply.status == 400


@pytest.mark.parametrize("where", ["user", "actions", "view", "team", "state"])
async def test_nesting_inside_of_a_payload(arena: Arena, cast: Cast, where: str) -> None:
    """The same in a field that is looked into, as deep as the reader of JSON allows."""
    deep: object = "x"
    for _ in range(400):
        deep = {"id": deep} if where != "actions" else [deep]
    payload = arena.pressed(cast.ada, "approve", "x", **{where: deep})
    assert (await arena.send(payload)).status in (200, 400)


async def test_a_flood_of_fields(arena: Arena) -> None:
    """A form with more fields than any of Slack's is refused before it is a dictionary."""
    body = urlencode([(f"f{number}", "x") for number in range(MOST_FIELDS + 1)]).encode()
    assert (await arena.post(body, signed(arena, body))).status == 400
    body = b"&" * MOST_BYTES
    assert (await arena.post(body, signed(arena, body))).status == 400


async def test_a_flood_of_keys(arena: Arena, cast: Cast) -> None:
    """Twenty thousand keys that nobody reads are left out, in no time."""
    more = {f"key{number}": number for number in range(20_000)}
    started = time.monotonic()
    reply = await arena.send(arena.pressed(cast.ada, "approve", "x", **more))
    assert reply.status == 200
    assert time.monotonic() - started < PROMPTLY


async def test_a_flood_of_actions(arena: Arena, cast: Cast) -> None:
    """Of ten thousand clicks in one payload at most one is carried out."""
    asked = await arena.asked(cast)
    payload = arena.pressed(cast.ada, "deny", marked(asked))
    payload["actions"] *= 2_000
    assert (await arena.send(payload)).status in (200, 400, 404)
    assert len(await arena.all_of(cast)) == 1


@pytest.mark.parametrize("digits", [20, 5_000, 100_000])
async def test_a_number_without_an_end(arena: Arena, cast: Cast, digits: int) -> None:
    """A number of a hundred thousand digits, where one is looked at and elsewhere, is no error."""
    text = json.dumps(arena.pressed(cast.ada, "approve", "x", more=0))
    for field in ('"more": 0', '"type": "button"'):
        name = field.partition(":")[0]
        changed = text.replace(field, f"{name}: {'9' * digits}")
        body = urlencode({"payload": changed}).encode()
        assert (await arena.post(body, signed(arena, body))).status in (200, 400, 404)


@pytest.mark.parametrize("length", [REASON_LIMIT + 1, 3_000, 100_000])
async def test_a_reason_without_an_end(arena: Arena, cast: Cast, length: int) -> None:
    """A reason that no card could hold is refused in words, and nobody is asked."""
    answer = await arena.said(cast.ben, f"<@{cast.ada.id}> 2h " + "x" * length)
    assert "too long" in answer
    assert len(answer) < 3_000
    assert not await arena.all_of(cast)


@pytest.mark.parametrize("word", ["x", "9", "<", "@", " ", "1h", "a ", "\u202e", "é", "&amp;"])
async def test_a_command_without_an_end(arena: Arena, cast: Cast, word: str) -> None:
    """Whatever is repeated for twenty thousand characters, the answer comes, and is short."""
    started = time.monotonic()
    text = word * (20_000 // len(word))
    for said in (text, f"<@{cast.ada.id}> {text}", f"grant <@{cast.ada.id}> until {text}"):
        answer = await arena.said(cast.ben, said)
        assert len(answer) < 3_500
    assert time.monotonic() - started < 3 * PROMPTLY


async def test_more_people_than_there_are(arena: Arena, cast: Cast) -> None:
    """A wish for a thousand people is refused as one, in words."""
    people = " ".join(f"<@U{number:09}>" for number in range(1_000))
    answer = await arena.said(cast.ben, f"{people} 2h")
    assert "more than a hundred" in answer


async def test_a_button_with_a_huge_value(arena: Arena, cast: Cast) -> None:
    """A value that no button can have is refused, or is an id that nobody knows."""
    await arena.asked(cast)
    before = await arena.kept(cast)
    for value in ("x" * 200_000, ":" * 50_000, f"{'x' * 100_000}:{'y' * 100_000}"):
        assert (await arena.click(cast.ada, "approve", value)).status in (200, 400)
    assert await arena.kept(cast) == before


@pytest.mark.parametrize("name", ["for", "state", "code", "error", "x"])
async def test_a_query_without_an_end(arena: Arena, name: str) -> None:
    """A query of fifty thousand characters is a page that says no."""
    async with arena.browser() as browser:
        for path in ("/close/connect", "/close/callback"):
            answer = await browser.get(f"{path}?{name}=" + "x" * 50_000)
            assert answer.status_code == 400
            assert len(answer.content) < 10_000


async def test_a_cookie_without_an_end(arena: Arena) -> None:
    """Cookies of tens of thousands of characters, or by the thousand, open nothing."""
    link = await arena.world.connect_link(BEN)
    async with arena.browser() as browser:
        for cookie in (
            "sendas_browser=" + "x" * 40_000,
            "; ".join(f"c{n}=x" for n in range(3_000)),
        ):
            assert (await browser.get(link, headers={"Cookie": cookie})).status_code == 200


async def test_a_form_without_an_end(arena: Arena) -> None:
    """A form for our own page that is larger than ours is not read to its end."""
    async with arena.browser() as browser:
        for body in (b"for=" + b"x" * 200_000, b"&" * 200_000, b"state=x&key=" + b"k" * 200_000):
            answer = await browser.post(
                "/close/connect", content=body, headers={"Content-Type": FORM}
            )
            assert answer.status_code == 400


async def test_a_header_that_just_fits(arena: Arena) -> None:
    """Headers as large as are read at all are read, and nothing breaks."""
    line = b"X-Long: " + b"x" * (MOST_HEADERS - 200)
    head = b"GET /healthz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n" + line + b"\r\n\r\n"
    assert status_of(await arena.raw(head)) == 200
