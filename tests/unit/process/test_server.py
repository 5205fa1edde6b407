"""What leaves the server, piece by piece."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from bot.process.server import DoorProtocol, ServerConfig


class Wire(asyncio.Transport):
    """What is written stays here, each piece by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        """Keep it."""
        self.pieces.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        """All of it has left."""
        return 0

    def close(self) -> None:
        """Nothing follows."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """Whether that is so."""
        return self.is_closed

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""


BODIES = {
    "/whole": [b"all of it"],
    "/parts": [b"one, ", b"two, ", b"three"],
    "/nothing": [b""],
    "/breaks-off": [],
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once it has read all, in as many parts as the path says."""
    message: Message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
    bodies = BODIES[scope["path"]]
    length = str(sum(len(each) for each in bodies)).encode()
    headers = [(b"content-length", length if bodies else b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for count, body in enumerate(bodies, start=1):
        more = count < len(bodies)
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def written(*requests: bytes) -> Wire:
    """What the server writes to somebody who sends this."""
    config = ServerConfig(app, 0, grace=1)
    config.load()
    wire, server = Wire(), ServerState()
    protocol = DoorProtocol(config=config, server_state=server, app_state={})
    protocol.connection_made(wire)
    for each in requests:
        protocol.data_received(each)
        await asyncio.sleep(0)  # the application has begun, and reads
    await asyncio.gather(*server.tasks)
    protocol.connection_lost(None)
    return wire


def request(path: str, method: bytes = b"GET", *lines: bytes) -> bytes:
    """The head of a request."""
    said = b"".join(each + b"\r\n" for each in (b"Host: bot", *lines))
    return method + b" " + path.encode() + b" HTTP/1.1\r\n" + said + b"\r\n"


async def test_an_answer_is_one_piece() -> None:
    """Its head does not leave before its body: whoever waits is woken once."""
    [piece] = (await written(request("/whole"))).pieces
    head, _, body = piece.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"all of it"


async def test_each_answer_of_a_connection_is() -> None:
    """The next one is, too."""
    pieces = (await written(request("/whole"), request("/whole"))).pieces
    assert [each.count(b"HTTP/1.1 200") for each in pieces] == [1, 1]
    assert all(each.endswith(b"all of it") for each in pieces)


async def test_what_follows_the_first_part_is_not_kept() -> None:
    """A body in parts leaves as it comes."""
    first, *others = (await written(request("/parts"))).pieces
    assert first.endswith(b"\r\n\r\none, ")
    assert others == [b"two, ", b"three"]


@pytest.mark.parametrize(("path", "method"), [("/nothing", b"GET"), ("/whole", b"HEAD")])
async def test_a_head_alone(path: str, method: bytes) -> None:
    """Where there is no body, nobody waits for one."""
    wire = await written(request(path, method))
    assert b"".join(wire.pieces).endswith(b"\r\n\r\n")
    assert b"HTTP/1.1 200" in wire.pieces[0]


async def test_an_answer_that_breaks_off() -> None:
    """What there was of it leaves before the connection is closed."""
    wire = await written(request("/breaks-off"))
    assert wire.pieces[0].startswith(b"HTTP/1.1 200")
    assert wire.is_closed


async def test_whoever_asks_whether_to_go_on() -> None:
    """They are told at once, for they wait for it; their answer is in one piece all the same."""
    lines = (b"Content-Length: 1", b"Expect: 100-continue")
    go_on, answer = (await written(request("/whole", b"POST", *lines), b"x")).pieces
    assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.endswith(b"\r\n\r\nall of it")
