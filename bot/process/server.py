"""The HTTP server: nobody blocks the door by standing in it.

uvicorn waits for ever for the rest of what somebody began to send, and for as many at once as the
system allows open files. Here each part of a request has its time, and each kind of waiting has so
many places: when they are taken, whoever has been there longest has to go. Slack sends what it has
to say in one piece, so it is never among those.
"""

import asyncio
import resource
from enum import Enum, auto
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS = 5.0  # for the headers of a request, and again for its body
MOST_HEADERS = 64 * 1024  # bytes
IDLE_PLACES = 128  # connections without a complete request
READING_PLACES = 64  # requests without a complete body: bodies fill so much memory at most
MOST_CONNECTIONS = 512  # of all kinds; more are answered with 503
BACKLOG = 256  # connections that the system keeps until they are accepted
MOST_FILES = 4096

GO_ON = b"HTTP/1.1 100 "
_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Phase(Enum):
    """How far a connection is with its present request."""

    IDLE = auto()  # none has begun
    HEADERS = auto()
    BODY = auto()
    ANSWER = auto()  # all of it is here


class Room:
    """So many connections may wait in it."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._inside: dict[DoorProtocol, None] = {}  # in the order in which they came

    def enter(self, connection: "DoorProtocol") -> None:
        """When it is full, whoever has been in it longest has to go."""
        if len(self._inside) >= self._places:
            next(iter(self._inside)).show_out()
        self._inside[connection] = None

    def leave(self, connection: "DoorProtocol") -> None:
        """No longer waiting."""
        self._inside.pop(connection, None)


class ServerConfig(uvicorn.Config):
    """How the bot is served; ``grace`` is in seconds, for open requests at the end."""

    def __init__(self, app: ASGIApp, port: int, *, grace: int) -> None:
        super().__init__(
            app,
            host="0.0.0.0",  # noqa: S104 - hosts route to the container's own address
            port=port,
            http=DoorProtocol,
            ws="none",
            backlog=BACKLOG,
            limit_concurrency=MOST_CONNECTIONS,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nobody here goes by what they say
            timeout_graceful_shutdown=grace,
        )
        idle, reading = Room(IDLE_PLACES), Room(READING_PLACES)
        self.rooms = {Phase.IDLE: idle, Phase.HEADERS: idle, Phase.BODY: reading}
        _allow_files()


class OnePiece(asyncio.Transport):
    """Where uvicorn writes an answer to: its head is kept until its body comes. Sent apart they are
    two packets, and wake whoever waits for them twice."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None

    def write(self, data: Any) -> None:
        """The first of an answer is its head; what tells a client to go on is none."""
        if self._head is None and not data.startswith(GO_ON):
            self._head = data
        elif self._head:
            self._transport.write(self._head + data)
            self._head = b""
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Nothing follows the head."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """As soon as all of it is written."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is or will be closed."""
        return self._transport.is_closing()


class DoorProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a deadline and a place for everything that a client has to do."""

    config: ServerConfig

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._phase = Phase.ANSWER
        self._settled = Phase.ANSWER
        self._header_bytes = 0
        self._is_owed = False  # an answer
        self._answer: OnePiece
        self._room: Room | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has come in."""
        super().connection_made(transport)  # uvicorn narrows the type as well
        self._phase = Phase.IDLE
        self._settle()

    def data_received(self, data: bytes) -> None:
        """Read on; headers without an end are not read to it."""
        self._header_bytes += len(data)
        super().data_received(data)
        is_too_long = self._header_bytes > MOST_HEADERS
        if self._phase in (Phase.IDLE, Phase.HEADERS) and is_too_long:
            self.show_out()
        else:
            self._settle()

    def on_message_begin(self) -> None:
        """The first line; raises ValueError, which closes, where an answer is still owed."""
        if self._is_owed:
            raise ValueError("no client that means well asks again before it has its answer")
        super().on_message_begin()
        self._phase = Phase.HEADERS
        self._header_bytes = 0  # what came before was the body of the last one

    def on_header(self, name: bytes, value: bytes) -> None:
        """Only what stands before the body: what follows behind its last chunk would otherwise
        count as headers, of any number and size."""
        if self._phase is Phase.HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """From here on there is somebody to answer."""
        self._is_owed = True
        super().on_headers_complete()
        self._answer = self.cycle.transport = OnePiece(self.transport)
        self._phase = Phase.BODY
        self._header_bytes = 0

    def on_message_complete(self) -> None:
        """Nothing more is expected of the client."""
        super().on_message_complete()
        self._phase = Phase.ANSWER if self._is_owed else Phase.IDLE

    def on_response_complete(self) -> None:
        """The connection may be used again."""
        self._is_owed = False
        self._answer.flush()
        super().on_response_complete()
        if self._phase is Phase.ANSWER:
            self._phase = Phase.IDLE
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        """The place is free."""
        self._leave()
        super().connection_lost(exc)

    def show_out(self) -> None:
        """The time is over, or somebody else needs the place."""
        self._leave()
        is_begun = self._phase is Phase.HEADERS
        is_unanswered = self._phase is Phase.BODY and not self.cycle.response_started
        if (is_begun or is_unanswered) and not self.transport.is_closing():
            self.transport.write(_TIMEOUT)
        if self.transport.get_write_buffer_size():  # nobody reads what was answered
            self.transport.abort()
        else:
            self.transport.close()

    def _settle(self) -> None:
        """A new phase has its own place and its own time; in the same one the clock runs on."""
        if self._phase is self._settled:
            return
        self._leave()
        self._settled = self._phase
        self._room = self.config.rooms.get(self._phase)
        if self._room is not None:
            self._room.enter(self)
            self._deadline = self.loop.call_later(SECONDS, self.show_out)

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._room is not None:
            self._room.leave(self)
            self._room = None


def _allow_files() -> None:
    """Every connection is an open file; many systems allow few unless one asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
