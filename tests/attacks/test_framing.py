"""Requests that two readers could take for two different ones: here they are taken for none.

Whoever stands before the bot (a proxy, a load balancer) and the bot itself must never disagree
where a request ends; what is not plain is refused and the connection is closed.
"""

import asyncio
import contextlib
import time

import pytest

from bot.process.server import MOST_HEADERS, SECONDS
from tests.attacks.arena import FORM, Arena, Cast, status_of, statuses
from tests.patience import MOMENT, PATIENCE

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n"
KEPT_OPEN = b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"


class Sender:
    """Sends a signed command whose framing is written by hand."""

    def __init__(self, arena: Arena, cast: Cast) -> None:
        self._arena = arena
        self._cast = cast

    def body(self) -> bytes:
        """A request for two hours, which nobody has sent yet."""
        return self._arena.command(self._cast.ben, f"<@{self._cast.ada.id}> 2h Covering")

    def head(self, body: bytes, *lines: bytes) -> bytes:
        """The beginning of the request, with a true signature of the body and these lines."""
        signed = "".join(f"{k}: {v}\r\n" for k, v in self._arena.slack.sign(body).items()).encode()
        start = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
        kind = f"Content-Type: {FORM}\r\n".encode()
        return start + kind + signed + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    async def answered(self, *pieces: bytes) -> bytes:
        """What comes back."""
        return await self._arena.raw(*pieces)

    async def is_undone(self) -> bool:
        """Whether nobody was asked anything."""
        return not await self._arena.all_of(self._cast)


@pytest.fixture
def sender(arena: Arena, cast: Cast) -> Sender:
    """Somebody who can sign, so that framing alone is what is wrong."""
    return Sender(arena, cast)


def length(body: bytes) -> bytes:
    """The header that says how long the body is."""
    return b"Content-Length: %d" % len(body)


def in_chunks(body: bytes, size: bytes | None = None) -> bytes:
    """The body as one chunk, whose size may be written in another way."""
    return (b"%x" % len(body) if size is None else size) + b"\r\n" + body + b"\r\n0\r\n\r\n"


async def test_plain_framing_is_taken(sender: Sender) -> None:
    """With a length, and in chunks, the same request is taken: only framing is wrong below."""
    body = sender.body()
    assert status_of(await sender.answered(sender.head(body, length(body)) + body)) == 200
    body = sender.body()
    head = sender.head(body, b"Transfer-Encoding: chunked")
    assert status_of(await sender.answered(head + in_chunks(body))) == 200


async def test_a_length_and_chunks(sender: Sender) -> None:
    """Both at once, the classic of request smuggling, is refused."""
    body = sender.body()
    head = sender.head(body, length(body), b"Transfer-Encoding: chunked")
    assert statuses(await sender.answered(head + in_chunks(body))) == [400]
    assert await sender.is_undone()


@pytest.mark.parametrize("other", [b"4", b"0", None])
async def test_two_lengths(sender: Sender, other: bytes | None) -> None:
    """Two lengths, even if they say the same, are refused."""
    body = sender.body()
    second = length(body) if other is None else b"Content-Length: " + other
    answer = await sender.answered(sender.head(body, length(body), second) + body)
    assert statuses(answer) == [400]
    assert await sender.is_undone()


@pytest.mark.parametrize(
    "said", [b"-1", b"+5", b"0x5", b"5 5", b"5,5", b"1e3", b"9" * 30, b"", b"abc", b"5;q=1"]
)
async def test_a_length_that_is_none(sender: Sender, said: bytes) -> None:
    """A length that is not plain digits is refused, not guessed."""
    body = sender.body()
    answer = await sender.answered(sender.head(body, b"Content-Length: " + said) + body)
    assert statuses(answer) == [400]
    assert await sender.is_undone()


@pytest.mark.parametrize(
    "said", [b"identity", b"gzip", b"chunked, chunked", b"xchunked", b"chunked, identity", b""]
)
async def test_another_transfer_encoding(sender: Sender, said: bytes) -> None:
    """Encodings whose end some readers see elsewhere are refused."""
    body = sender.body()
    head = sender.head(body, b"Transfer-Encoding: " + said)
    assert status_of(await sender.answered(head + in_chunks(body))) == 400
    assert await sender.is_undone()


@pytest.mark.parametrize("size", [b"zz", b"-5", b"f" * 18, b"0x10", b" ", b"5 5"])
async def test_the_size_of_a_chunk(sender: Sender, size: bytes) -> None:
    """A chunk whose size is none, or overflows, is refused."""
    body = sender.body()
    head = sender.head(body, b"Transfer-Encoding: chunked")
    assert status_of(await sender.answered(head + in_chunks(body, size))) == 400
    assert await sender.is_undone()


async def test_a_trailer_signs_nothing(arena: Arena, sender: Sender) -> None:
    """A signature that follows behind the last chunk is too late."""
    body = sender.body()
    proof = "".join(f"{k}: {v}\r\n" for k, v in arena.slack.sign(body).items()).encode()
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\nTrailer: "
        b"X-Slack-Signature\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answer = await arena.raw(head + in_chunks(body).removesuffix(b"\r\n") + proof + b"\r\n")
    assert status_of(answer) == 401
    assert await sender.is_undone()


async def test_trailers_without_an_end(arena: Arena) -> None:
    """What follows behind the last chunk fills no memory, for as long as it may come."""
    claim = f"X-Slack-Request-Timestamp: {int(time.time())}\r\nX-Slack-Signature: v0={'0' * 64}\r\n"
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: bot\r\n{claim}"
        "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    )
    before = arena.memory()
    await arena.raw(head.encode(), *[b"X-More: y\r\n" * 20_000] * 60, b"\r\n")
    assert arena.memory() - before < 40
    await arena.answers()


async def test_a_second_request_hides_behind_the_first(sender: Sender) -> None:
    """What follows the body of a request on the same connection is not carried out."""
    body, hidden = sender.body(), sender.body().replace(b"2h", b"9h")
    behind = sender.head(hidden, length(hidden)) + hidden
    answer = await sender.answered(sender.head(body, length(body)) + body + behind)
    assert statuses(answer).count(200) <= 1


async def test_a_request_hides_in_a_body(arena: Arena, sender: Sender) -> None:
    """A whole signed request as the body of another one is a body, and no request."""
    body = sender.body()
    inner = sender.head(body, length(body)) + body
    outer = b"POST /close/connect HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
    answer = await arena.raw(outer + length(inner) + b"\r\n\r\n" + inner)
    assert statuses(answer) == [400]
    assert await sender.is_undone()


async def test_many_requests_at_once(arena: Arena) -> None:
    """Whoever asks again before they have their answer is let go: no queue grows behind them."""
    answer = await arena.raw(KEPT_OPEN * 50)
    assert len(statuses(answer)) <= 2
    await arena.answers()


async def test_a_body_that_ends_early(arena: Arena, sender: Sender) -> None:
    """Half a body, and then nothing: it is not carried out, and the wait has an end."""
    body = sender.body()
    answer = await arena.raw(sender.head(body, length(body)) + body[:-1], within=4 * SECONDS)
    assert status_of(answer) == 408
    assert await sender.is_undone()


async def test_a_body_that_is_cut_off(arena: Arena, sender: Sender) -> None:
    """Whoever hangs up in the middle of a body leaves neither a request nor an error behind."""
    body = sender.body()
    _, writer = await arena.connected()
    writer.write(sender.head(body, length(body)) + body[:-1])
    await writer.drain()
    writer.transport.abort()
    await arena.answers()
    assert await sender.is_undone()


async def test_hanging_up_before_the_answer(arena: Arena, cast: Cast, sender: Sender) -> None:
    """What was signed and came whole is done although nobody waits for the answer."""
    body = sender.body()
    _, writer = await arena.connected()
    writer.write(sender.head(body, length(body)) + body)
    await writer.drain()
    writer.close()
    async with asyncio.timeout(PATIENCE):
        while not await arena.all_of(cast):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_a_body_byte_by_byte(sender: Sender) -> None:
    """A body in the smallest pieces, but in time, is one body."""
    body = sender.body()
    pieces = [bytes([each]) for each in body]
    answer = await sender.answered(sender.head(body, length(body)), *pieces)
    assert status_of(answer) == 200


@pytest.mark.parametrize("odd", [b"HTTP/0.1", b"HTTP/3.0", b"HTTP/9", b"HTP/1.1"])
async def test_another_protocol(arena: Arena, odd: bytes) -> None:
    """Versions of HTTP that are not spoken here are refused."""
    assert status_of(await arena.raw(KEPT_OPEN.replace(b"HTTP/1.1", odd))) in (0, 400)


async def test_the_beginning_of_http_2(arena: Arena) -> None:
    """The preface of HTTP/2 is no request."""
    assert status_of(await arena.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) == 400


@pytest.mark.parametrize("line", [b"GET /healthz HTTP/1.0\r\n\r\n", b"GET /healthz\r\n\r\n"])
async def test_old_protocols(arena: Arena, line: bytes) -> None:
    """HTTP/1.0, and what is older, gets one answer and is let go."""
    assert statuses(await arena.raw(line)) == [200]


async def test_an_old_protocol_with_a_command(arena: Arena, sender: Sender) -> None:
    """In HTTP/1.0 there are no chunks: a request that has them is not carried out twice."""
    body = sender.body()
    head = sender.head(body, b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    answer = await arena.raw(head + in_chunks(body) + HEALTH)
    assert len(statuses(answer)) == 1


async def test_a_greeting_in_tls(arena: Arena) -> None:
    """Somebody who speaks TLS here is let go."""
    assert status_of(await arena.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9)) == 400


async def test_noise(arena: Arena) -> None:
    """Bytes that are nothing at all are refused."""
    assert status_of(await arena.raw(b"\x00\xff\xfe\x80" * 400 + b"\r\n\r\n")) == 400


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c", b"TLS/1.2"])
async def test_no_other_protocol_is_taken_up(arena: Arena, upgrade: bytes) -> None:
    """An upgrade is never agreed to: the answer is that of plain HTTP, and no 101."""
    head = b"GET /healthz HTTP/1.1\r\nHost: bot\r\nConnection: Upgrade, close\r\nUpgrade: "
    answer = await arena.raw(head + upgrade + b"\r\nSec-WebSocket-Version: 13\r\n\r\n")
    assert statuses(answer) == [200]


@pytest.mark.parametrize(
    "line",
    [
        b"Host : bot",
        b"X: a\r\n folded",
        b": nameless",
        b"X: a\x00b",
        b"X: a\rb",
        b"X\x01: a",
        b"no colon",
    ],
)
async def test_headers_that_readers_disagree_about(arena: Arena, line: bytes) -> None:
    """Blanks before the colon, folded lines, nameless headers, control characters: all refused."""
    assert statuses(await arena.raw(HEALTH.replace(b"Host: bot", b"Host: bot\r\n" + line))) == [400]


@pytest.mark.parametrize("end", [b"\n", b"\r"])
async def test_other_line_ends(arena: Arena, end: bytes) -> None:
    """A line ends with both characters, or the request is refused."""
    assert status_of(await arena.raw(HEALTH.replace(b"\r\n", end))) in (0, 400)


async def test_another_address_in_the_first_line(arena: Arena) -> None:
    """A whole address as a proxy gets it leads to no other house: the bot is no proxy."""
    line = b"GET http://169.254.169.254/healthz HTTP/1.1"
    answer = await arena.raw(HEALTH.replace(b"GET /healthz HTTP/1.1", line))
    assert answer.endswith(b"\r\n\r\nok\n")
    line = b"GET http://169.254.169.254/latest/meta-data HTTP/1.1"
    assert status_of(await arena.raw(HEALTH.replace(b"GET /healthz HTTP/1.1", line))) == 404


async def test_no_tunnel(arena: Arena) -> None:
    """CONNECT opens no way through the bot."""
    line = b"CONNECT 169.254.169.254:80 HTTP/1.1"
    answer = await arena.raw(HEALTH.replace(b"GET /healthz HTTP/1.1", line))
    assert status_of(answer) in (400, 404, 405)


async def test_nothing_is_read_before_who_it_is(arena: Arena) -> None:
    """Who asks whether to send a body hears no when nothing is signed: the body stays unsent."""
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n"
    )
    assert statuses(await arena.raw(head)) == [401]


@pytest.mark.parametrize("line", [b"x" * 16_384, b"X: y\r\n" * 2_048])
async def test_headers_without_an_end(arena: Arena, line: bytes) -> None:
    """Headers that go on and on are cut off by their size, long before their time is over: one of
    them that is long, and many that are short."""
    head = b"GET /healthz HTTP/1.1\r\nHost: bot\r\nX-Long: "
    answer = await arena.raw(head, *[line] * (20 * MOST_HEADERS // len(line)), within=SECONDS)
    assert status_of(answer) in (0, 400, 408)
    await arena.answers()


async def test_slow_headers(arena: Arena) -> None:
    """A byte now and then buys no time: the deadline is for the whole of the headers."""
    reader, writer = await arena.connected()
    writer.write(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(3 * SECONDS):
        while not reading.done():
            writer.write(b"x")
            await asyncio.wait([reading], timeout=0.2)
    with contextlib.suppress(ConnectionError):
        assert status_of(await reading) in (0, 408)
    writer.close()


async def test_a_slow_body(arena: Arena, sender: Sender) -> None:
    """The same for a body: whoever drips it is let go, and nothing of it is carried out."""
    body = sender.body()
    reader, writer = await arena.connected()
    writer.write(sender.head(body, b"Content-Length: %d" % (len(body) + 5_000)) + body)
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(3 * SECONDS):
        while not reading.done():
            writer.write(b"x")
            await asyncio.wait([reading], timeout=0.2)
    assert status_of(await reading) == 408
    writer.close()
    assert await sender.is_undone()
