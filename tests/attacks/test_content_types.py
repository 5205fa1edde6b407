"""A true signature with the wrong label: what a body is said to be does not change who acts."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from models.delegation import State
from models.mark import marked
from sandbox.people import SandboxPerson
from tests.attacks.arena import FORM, JSON, Arena, Cast

KINDS = [
    *("", "text/plain", "text/html", "multipart/form-data; boundary=x", "application/xml"),
    *("application/octet-stream", "APPLICATION/JSON", "application/json/../x", "image/png"),
    *(f"{FORM}; charset=utf-7", f"{FORM}; charset=utf-16", "application/json; charset=utf-16"),
    *("application/jsonp", "application/vnd.api+json", ";", "\x7f", f"{FORM}, {JSON}"),
]


def wish(arena: Arena, cast: Cast) -> bytes:
    """A request of Ben's, which nobody has sent yet."""
    return arena.command(cast.ben, f"<@{cast.ada.id}> 2h Covering")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_command_with_another_label(arena: Arena, cast: Cast, kind: str) -> None:
    """Whatever its label says, a signed command is Ben's command, or refused; never an error."""
    body = wish(arena, cast)
    reply = await arena.post(body, {"Content-Type": kind, **arena.slack.sign(body)})
    assert reply.status in (200, 400)
    assert {each.requester_id for each in await arena.all_of(cast)} <= {cast.ben.id}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_event_with_another_label(arena: Arena, kind: str) -> None:
    """JSON that is not labelled so is read as a form, in which nothing is found."""
    body = json.dumps({"type": "url_verification", "challenge": f"for {kind}"}).encode()
    reply = await arena.post(body, {"Content-Type": kind, **arena.slack.sign(body)})
    assert reply.status in (200, 400)


async def test_no_label(arena: Arena, cast: Cast) -> None:
    """A body without any label is read as a form."""
    body = wish(arena, cast)
    async with arena.browser() as browser:
        request = browser.build_request(
            "POST", "/slack/events", content=body, headers=arena.slack.sign(body)
        )
        request.headers.pop("content-type", None)
        answer = await browser.send(request)
    assert answer.status_code == 200


def clicked(arena: Arena, person: SandboxPerson, value: str) -> dict[str, Any]:
    """A click on Approve."""
    return arena.pressed(person, "approve", value)


async def test_a_click_as_bare_json(arena: Arena, cast: Cast) -> None:
    """An interaction sent as JSON, which Slack never does, still acts for whom it was signed."""
    value = marked(await arena.asked(cast))
    for person, is_allowed in ((cast.eve, False), (cast.ada, True)):
        reply = await arena.send(clicked(arena, person, value), JSON)
        assert reply.status == 200
        assert ((await arena.of(cast)).state is not State.REQUESTED) is is_allowed


async def test_a_payload_beside_a_command(arena: Arena, cast: Cast) -> None:
    """A form that is a command and an interaction at once is one of them, never half of both."""
    value = marked(await arena.asked(cast))
    click = json.dumps(clicked(arena, cast.ben, value))
    body = arena.command(cast.ada, "help") + b"&" + urlencode({"payload": click}).encode()
    reply = await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})
    assert reply.status == 200
    assert (await arena.of(cast)).state is State.REQUESTED


async def test_two_payloads(arena: Arena, cast: Cast) -> None:
    """Of two interactions in one form, whoever reads first or last, at most one is carried out."""
    value = marked(await arena.asked(cast))
    clicks = [("payload", json.dumps(clicked(arena, who, value))) for who in (cast.ada, cast.ben)]
    body = urlencode(clicks).encode()
    reply = await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})
    assert reply.status == 200
    assert (await arena.of(cast)).state is State.REQUESTED  # the last one counts: Ben, who may not


async def test_a_key_twice_in_json(arena: Arena, cast: Cast) -> None:
    """A user named twice in one JSON text is one user: the last."""
    value = marked(await arena.asked(cast))
    text = json.dumps(clicked(arena, cast.ada, value))
    twice = text[:-1] + f', "user": {{"id": "{cast.ben.id}", "team_id": "{cast.ben.team_id}"}}}}'
    body = urlencode({"payload": twice}).encode()
    assert (await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})).status == 200
    assert (await arena.of(cast)).state is State.REQUESTED


async def test_a_user_twice_in_a_form(arena: Arena, cast: Cast) -> None:
    """The same for a command: one form, one person."""
    body = wish(arena, cast) + b"&user_id=" + cast.cleo.id.encode()
    reply = await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})
    assert reply.status == 200
    [made] = await arena.all_of(cast)
    assert made.requester_id == made.grantee_id == cast.cleo.id


@pytest.mark.parametrize(
    "label", ["gzip", "deflate", "br", "identity, gzip", "compress", "zstd", "x-gzip"]
)
async def test_a_body_that_claims_to_be_packed(arena: Arena, cast: Cast, label: str) -> None:
    """Nothing is unpacked, so that no small body becomes a large one: what was signed is read."""
    body = wish(arena, cast)
    headers = {"Content-Type": FORM, "Content-Encoding": label, **arena.slack.sign(body)}
    assert (await arena.post(body, headers)).status == 200


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1e999", "null", "true", "[]", '"x"', "{}", "", "{", "\ufeff{}"]
)
@pytest.mark.parametrize("how", ["payload", JSON])
async def test_json_that_is_no_payload(arena: Arena, text: str, how: str) -> None:
    """Signed JSON that is no object, is nothing, or is not JSON, is a 400."""
    body = text.encode() if how == JSON else urlencode({"payload": text}).encode()
    kind = JSON if how == JSON else FORM
    reply = await arena.post(body, {"Content-Type": kind, **arena.slack.sign(body)})
    assert reply.status == 400


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7", "cp037"])
async def test_another_encoding(arena: Arena, cast: Cast, encoding: str) -> None:
    """A body in another encoding than UTF-8 is refused, and not guessed."""
    body = wish(arena, cast).decode().encode(encoding)
    kind = f"{FORM}; charset={encoding}"
    reply = await arena.post(body, {"Content-Type": kind, **arena.slack.sign(body)})
    assert reply.status == 400 or encoding == "utf-7"  # in which plain letters are the same
    assert encoding == "utf-7" or not await arena.all_of(cast)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\xbd", b"text=%ff%fe", b"%"])
async def test_bytes_that_are_no_text(arena: Arena, body: bytes) -> None:
    """Overlong, halved and broken UTF-8, plain or in percent signs, is refused."""
    reply = await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})
    assert reply.status == 400
