"""A wire between the bot and PostgreSQL that can go dead without a word, as in a failover."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url


class Wire:
    """Forwards bytes until it is dead; then it takes them and gives none back, and resets nothing.

    What was connected when it died stays dead for ever, as behind a lost NAT entry.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._far: list[tuple[int, asyncio.StreamWriter]] = []  # ends at the server, by their age
        self._age = 0
        self._answers_left = -1
        self.is_dead = False

    def die(self) -> None:
        """From now on nothing comes through, neither old nor new."""
        self.is_dead = True
        self._age += 1

    def die_after(self, answers: int) -> None:
        """It dies when the server has sent so many more pieces."""
        self._answers_left = answers

    def heal(self) -> None:
        """New connections work; those of before stay dead. The server has noticed by now that those
        of an earlier outage are: else they would count among its clients for ever."""
        self.is_dead = False
        for age, writer in self._far:
            if age < self._age - 1:
                writer.transport.abort()
        self._far = [each for each in self._far if each[0] >= self._age - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a new connection to the server."""
        age = self._age
        self._writers.append(writer)
        if self.is_dead:
            return
        try:
            there, back = await asyncio.open_unix_connection(str(self._socket))
        except OSError:  # the server is being restarted
            writer.close()
            return
        self._writers.append(back)
        self._far.append((age, back))
        for source, sink, is_answer in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(self._forward(source, sink, age, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        age: int,
        *,
        is_answer: bool,
    ) -> None:
        with contextlib.suppress(OSError):
            await self._pump(source, sink, age, is_answer=is_answer)
        if age == self._age:  # also where one end was reset
            sink.close()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        age: int,
        *,
        is_answer: bool,
    ) -> None:
        while data := await source.read(65_536):
            if is_answer and self._answers_left == 0:
                self.die()
            self._answers_left -= is_answer
            if age != self._age:
                return
            sink.write(data)
            await sink.drain()

    def close(self) -> None:
        """End all that is left."""
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def open_wire(database_url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the PostgreSQL of ``database_url``, and the address of its near end."""
    url = make_url(database_url)
    folder = url.query["host"]
    wire = Wire(Path(str(folder)) / ".s.PGSQL.5432")
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    near = url.set(host="127.0.0.1", port=port, query={})
    try:
        yield wire, near.render_as_string(hide_password=False)
    finally:
        server.close()
        wire.close()
