"""The endpoint for Slack: what is not Slack's, or not what Slack would send, gets 4xx."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncAck
from slack_sdk.signature import Clock
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.slack.bolt import Workspace, bolt_app
from bot.slack.door import Door
from bot.slack.edge import FRESH, MOST_BYTES, MOST_FIELDS, SlackEdge, _fields, _unquoted
from models.seen_request import Arrival, current_arrival
from tests.patience import PATIENCE
from tests.unit.slack.stand_in import StandIn

SECRET = "a-signing-secret"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class AnyClock(Clock):
    """The time by which signatures are judged."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.stands_at: float | None = None

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.ahead if self.stands_at is None else self.stands_at


class Client:
    """Posts to the edge, signed unless told otherwise, and keeps what the listeners heard."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        edge: SlackEdge,
        heard: list[dict[str, Any]],
        clock: AnyClock,
    ) -> None:
        self._http = http
        self.edge = edge
        self.heard = heard
        self.arrivals: list[Arrival | None] = []
        self.clock = clock
        self.failures = 0  # so many events fail

    async def post(
        self, body: bytes, kind: str = FORM, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post ``body`` as Slack would."""
        sent = {"content-type": kind, **signed(body), **(headers or {})}
        return await self._http.post("/slack/events", content=body, headers=sent)


def signed(body: bytes, moment: str | None = None) -> dict[str, str]:
    """The headers that Slack's signature consists of."""
    moment = str(int(time.time())) if moment is None else moment
    base = b"v0:" + moment.encode("utf-8") + b":" + body
    digest = hmac.new(SECRET.encode(), base, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": moment, "x-slack-signature": f"v0={digest}"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """The edge before a bolt app with one command and one button."""
    heard: list[dict[str, Any]] = []
    slack, stand_in, clock = AsyncWebClient("xoxb"), StandIn(), AnyClock()
    app = bolt_app(slack, stand_in, PATIENCE)

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        heard.append(command)
        opened.arrivals.append(current_arrival())
        await ack("understood")

    async def on_action(ack: AsyncAck, body: dict[str, Any]) -> None:
        heard.append(body)
        await ack()

    async def on_event(body: dict[str, Any]) -> None:
        heard.append(body)
        if opened.failures:
            opened.failures -= 1
            raise RuntimeError("undone")

    app.command("/sendas")(on_command)
    app.event("app_home_opened")(on_event)
    app.action("approve")(on_action)
    edge = SlackEdge(Door(app, Workspace(slack), stand_in), SECRET, clock)
    web = Starlette(routes=[Route("/slack/events", edge.handle, methods=["POST"])])
    transport = httpx.ASGITransport(app=web)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as http:
        opened = Client(http, edge, heard, clock)
        yield opened


def command(text: str) -> bytes:
    """A slash command as Slack sends it."""
    fields = {"command": "/sendas", "text": text, "user_id": "U1", "team_id": "T1"}
    return urlencode({**fields, "trigger_id": "1.2.x"}).encode()


def click() -> dict[str, Any]:
    """A click on a button."""
    return {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "team": {"id": "T1"},
        "trigger_id": "1.2.x",
        "actions": [{"type": "button", "action_id": "approve", "block_id": "b", "value": "d"}],
    }


async def test_a_command_gets_through(client: Client) -> None:
    """What Slack signed reaches its listener, and the answer goes back."""
    answer = await client.post(command("@ada 2h"))
    assert answer.status_code == 200
    assert "understood" in answer.text
    assert answer.headers["content-type"] == "text/plain;charset=utf-8"
    assert client.heard[0]["text"] == "@ada 2h"


async def test_when_it_was_signed_and_came(client: Client) -> None:
    """Whatever is begun for it knows its signature, and both times."""
    client.clock.stands_at = 1_764_000_000.5
    body = command("list")
    headers = signed(body, "1763999990")
    assert (await client.post(body, headers=headers)).status_code == 200
    (arrival,) = client.arrivals
    assert arrival is not None
    assert f"v0={arrival.signature}" == headers["x-slack-signature"]
    assert arrival.signed_at == datetime.fromtimestamp(1_763_999_990, UTC)
    assert arrival.received_at == datetime.fromtimestamp(1_764_000_000.5, UTC)


@pytest.mark.parametrize(
    ("seconds", "status"), [(-FRESH, 200), (FRESH, 200), (-FRESH - 1, 401), (FRESH + 1, 401)]
)
async def test_for_how_long_a_signature_is_good(client: Client, seconds: int, status: int) -> None:
    """Five minutes, before and after, to the second."""
    client.clock.stands_at = 1_764_000_000.0
    body = command("list")
    headers = signed(body, str(1_764_000_000 + seconds))
    assert (await client.post(body, headers=headers)).status_code == status


async def test_nothing_is_said_behind_the_command(client: Client) -> None:
    """An empty field is one all the same."""
    assert (await client.post(command(""))).status_code == 200
    assert client.heard[0]["text"] == ""


async def test_whoever_hangs_up(client: Client) -> None:
    """A body that breaks off is nobody's error, and nobody waits for the answer."""
    headers = [(name.lower(), value) for name, value in _raw(signed(BODY)).items()]

    async def hung_up() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": headers}, hung_up)
    assert (await client.edge.handle(request)).status_code == 400


async def test_a_click_gets_through(client: Client) -> None:
    """An interaction is a form with one JSON field."""
    body = urlencode({"payload": json.dumps(click())}).encode()
    assert (await client.post(body)).status_code == 200
    assert client.heard[0]["actions"][0]["value"] == "d"


async def test_a_click_among_other_fields(client: Client) -> None:
    """What stands beside it is no part of it."""
    body = urlencode({"ssl_check": "1", "payload": json.dumps(click())}).encode()
    assert (await client.post(body)).status_code == 200
    assert client.heard[0]["actions"][0]["value"] == "d"


@given(st.text())
def test_a_click_is_read_as_it_was_written(text: str) -> None:
    """Whatever stands in it, a value comes out of the form as the general way reads it."""
    raw = urlencode({"payload": text}, errors="replace").encode()
    general = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    assert _unquoted(raw.removeprefix(b"payload=")) == general["payload"]


@given(st.text(alphabet="a%2bF+=&; é", max_size=30))
def test_a_form_is_read_as_the_general_way_reads_it(form: str) -> None:
    """Whatever stands in it, also what nobody would send."""
    assert _fields(form) == dict(parse_qsl(form, keep_blank_values=True))


@pytest.mark.parametrize(
    "text", ["payload", "payload={}", '{"payload": 1}', "a&payload=b", "ssl_check=1"]
)
async def test_words_that_bolt_trips_over(client: Client, text: str) -> None:
    """A command may contain the names of Slack's own fields."""
    assert (await client.post(command(text))).status_code == 200
    assert client.heard[0]["text"] == text


BODY = command("private words")
DEEP = b"[" * 100_000
UNSIGNED = {
    "no headers": {"x-slack-signature": "", "x-slack-request-timestamp": ""},
    "no signature": {"x-slack-signature": ""},
    "no timestamp": {"x-slack-request-timestamp": ""},
    "wrong signature": {"x-slack-signature": "v0=" + "0" * 64},
    "signature of another body": signed(b"other"),
    "old": signed(BODY, str(int(time.time()) - 301)),
    "from the future": signed(BODY, str(int(time.time()) + 3000)),
    "a word": signed(BODY, "yesterday"),
    "a fraction": signed(BODY, f"{time.time()}"),
    "negative": signed(BODY, "-1"),
    "huge": signed(BODY, "9" * 400),
    "not a number": signed(BODY, "nan"),
    "hexadecimal": signed(BODY, "0x65"),
    "spaces": signed(BODY, " "),
}


@pytest.mark.parametrize("name", UNSIGNED)
@pytest.mark.parametrize("kind", [FORM, JSON, "text/plain", ""])
async def test_what_slack_did_not_sign(client: Client, name: str, kind: str) -> None:
    """Every flaw of a signature is a 401, whatever the body claims to be."""
    answer = await client.post(BODY, kind, UNSIGNED[name])
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid request"}
    assert client.heard == []


@pytest.mark.parametrize("digits", ["١٢٣٤٥٦٧٨٩٠", "²", "１７９５４１９００"])
async def test_digits_of_other_scripts(client: Client, digits: str) -> None:
    """A timestamp in digits that are none for a computer is a 401, not an error."""
    headers = {
        b"content-type": FORM.encode(),
        b"x-slack-request-timestamp": digits.encode(),
        b"x-slack-signature": "v0=é".encode(),
    }
    answer = await client._http.post("/slack/events", content=BODY, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"{", b"", b"payload={", b"payload=[]", DEEP])
async def test_an_unsigned_body_is_not_even_parsed(client: Client, body: bytes) -> None:
    """A stranger's broken body is a 401 as well, not an error."""
    for kind in (FORM, JSON):
        assert (await client.post(body, kind, UNSIGNED["wrong signature"])).status_code == 401


async def test_unsigned_bytes_that_are_no_text(client: Client) -> None:
    """Bytes that are not UTF-8 are 400, signed or not: Slack's verifier cannot read them."""
    for kind in (FORM, JSON):
        answer = await client.post(b"\xff\xfe", kind, UNSIGNED["wrong signature"])
        assert (answer.status_code, answer.json()) == (400, {"error": "malformed request"})


async def test_as_many_fields_as_are_read(client: Client) -> None:
    """A form may hold so many, and no more (below)."""
    more = b"".join(b"&f%d=x" % number for number in range(MOST_FIELDS - BODY.count(b"=")))
    assert (await client.post(BODY + more)).status_code == 200
    assert client.heard[0]["text"] == "private words"


async def test_a_header_that_is_there_twice(client: Client) -> None:
    """The first of them counts, as everywhere."""
    true, other = signed(BODY), UNSIGNED["wrong signature"]
    for first, second, status in ((true, other, 200), (other, true, 401)):
        headers = [
            (name.encode(), value.encode()) for name, value in [*first.items(), *second.items()]
        ]
        messages = iter([{"type": "http.request", "body": BODY, "more_body": False}])

        async def received(left: Iterator[dict[str, Any]] = messages) -> dict[str, Any]:
            return next(left)

        request = Request({"type": "http", "method": "POST", "headers": headers}, received)
        assert (await client.edge.handle(request)).status_code == status


MALFORMED = [
    (b"", FORM),
    (b"", JSON),
    (b"{", JSON),
    (b"[]", JSON),
    (b"null", JSON),
    (b"1", JSON),
    (b'"text"', JSON),
    (b"{}", JSON),
    (b"\xff\xfe\x00", JSON),
    (b"\xff\xfe", FORM),
    (DEEP, JSON),
    (b'{"a":' * 100_000, JSON),
    (b"payload=" + DEEP, FORM),
    (b"payload=", FORM),
    (b"payload={", FORM),
    (b"payload=[1]", FORM),
    (b"payload=NaN", FORM),
    (b"payload=%22%ff%22", FORM),
    (urlencode([(f"f{number}", "x") for number in range(1000)]).encode(), FORM),
    (command("list") + b"".join(b"&f%d=x" % number for number in range(MOST_FIELDS)), FORM),
    (b"&" * 5000, FORM),
]


@pytest.mark.parametrize(("body", "kind"), MALFORMED)
async def test_signed_nonsense(client: Client, body: bytes, kind: str) -> None:
    """What is signed but cannot be meant is a 400, never a 500."""
    answer = await client.post(body, kind)
    assert (answer.status_code, answer.json()) == (400, {"error": "malformed request"})
    assert client.heard == []


async def test_too_large(client: Client) -> None:
    """R6: no more than is allowed is read, whether it is announced or not."""
    large = b"x" * (MOST_BYTES + 1)
    announced = [
        await client.post(large),
        await client.post(b"x", headers={"content-length": str(10**9)}),
        await client.post(b"x", headers={"content-length": str(MOST_BYTES + 1)}),
    ]
    for answer in (*announced, await in_pieces(client, large)):
        assert (answer.status_code, answer.json()) == (413, {"error": "too large"})


async def test_as_large_as_allowed(client: Client) -> None:
    """R6: what Slack could send is taken to the last byte, announced or in pieces."""
    start = command("")
    for body in (start, start + b"&x=" + b"y" * (MOST_BYTES - len(start) - 3)):
        assert (await in_pieces(client, body)).status_code == 200
    assert len(body) == MOST_BYTES
    client.clock.ahead = 1  # another moment, another signature
    headers = signed(body, str(int(client.clock.now())))
    assert (await client.post(body, headers=headers)).status_code == 200


async def in_pieces(client: Client, body: bytes) -> httpx.Response:
    """Posted without a word about its length."""

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), MOST_BYTES // 4):
            yield body[begin : begin + MOST_BYTES // 4]

    headers = {"content-type": FORM, **signed(body)}
    return await client._http.post("/slack/events", content=pieces(), headers=headers)


UNCLAIMED = ["no headers", "no signature", "no timestamp", "old", "from the future", "a word"]


@pytest.mark.parametrize("name", UNCLAIMED)
async def test_a_body_that_nobody_signed_is_not_read(client: Client, name: str) -> None:
    """R6: who does not even claim to be Slack is refused by the headers, and is let go."""
    was_read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal was_read
        was_read = True
        yield BODY

    answer = await client._http.post("/slack/events", content=body(), headers=UNSIGNED[name])
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")
    assert not was_read


@pytest.mark.parametrize("length", ["²", "9" * 5000, "-1", "1e3"])
async def test_a_length_that_is_none(client: Client, length: str) -> None:
    """R6: a length that no server would pass on is refused like one that is too large."""
    headers = {b"content-length": length.encode("latin-1"), **_raw(signed(BODY))}
    answer = await client._http.post("/slack/events", content=BODY, headers=headers)
    assert answer.status_code == 413


def _raw(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


async def test_a_signature_is_good_once(client: Client) -> None:
    """R7: the same signed request is refused the second time, whatever else its headers say."""
    body = command("grant @ben 2h")
    headers = signed(body)
    assert (await client.post(body, headers=headers)).status_code == 200
    with capture_logs() as logs:
        for kind in (FORM, JSON, "text/plain"):
            assert (await client.post(body, kind, headers)).status_code == 401
    assert len(client.heard) == 1
    said = {"event": "a request came a second time", "log_level": "warning"}
    assert logs == [said] * 3


async def test_a_person_may_say_the_same_again(client: Client) -> None:
    """R7: the same words with a new signature are a new request."""
    body, present = command("list"), int(time.time())
    for seconds in range(3):
        moment = str(present - seconds)
        assert (await client.post(body, headers=signed(body, moment))).status_code == 200
    assert len(client.heard) == 3


async def test_a_signature_is_remembered_while_it_is_good(client: Client) -> None:
    """R7: as long as the signature would be accepted it is remembered, also one from the future."""
    body = command("list")
    early = signed(body, str(int(time.time()) + FRESH - 5))
    assert (await client.post(body, headers=early)).status_code == 200
    for ahead in (FRESH, 2 * FRESH - 20, 2 * FRESH + 20):
        client.clock.ahead = ahead
        fresh = command(f"list {ahead}")
        await client.post(fresh, headers=signed(fresh, str(int(client.clock.now()))))
        assert (await client.post(body, headers=early)).status_code == 401
    assert len(client.heard) == 4


def home_opened() -> bytes:
    """An event as Slack sends it."""
    event = {"type": "app_home_opened", "user": "U1", "tab": "home"}
    envelope = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
    return json.dumps(envelope).encode()


async def test_an_event_is_taken_once(client: Client) -> None:
    """R7: a copy of an event that was taken is taken as well, and changes nothing."""
    headers = signed(home_opened())
    for _ in range(3):
        assert (await client.post(home_opened(), JSON, headers)).status_code == 200
    assert len(client.heard) == 1


async def test_an_event_that_failed_is_repeated(client: Client) -> None:
    """R7: Slack repeats what was not taken, in the same second with the very same signature."""
    headers = signed(home_opened())
    client.failures = 2
    answers = [await client.post(home_opened(), JSON, headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 200, 200]
    assert len(client.heard) == 3


async def test_something_nobody_listens_to(client: Client) -> None:
    """An unknown command or button is refused, without a stack trace."""
    unknown = command("").replace(b"sendas", b"other")
    assert (await client.post(unknown)).status_code == 404
    assert (await client.post(b'{"type": "who knows"}', JSON)).status_code == 404


async def test_a_forged_body_is_not_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the words nor the signature of a stranger reach the log."""
    caplog.set_level(logging.DEBUG)
    await client.post(BODY, FORM, UNSIGNED["wrong signature"])
    assert "private" not in caplog.text
    assert "v0=" not in caplog.text
