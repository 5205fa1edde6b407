"""One real bot, as a process of its own, that many attacks share: each with people of its own.

What an attack leaves behind concerns nobody else's people, so nothing has to be cleared away. The
clock is never pushed here: an attack that needs that takes a stage of its own.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.store import Database
from models.base import metadata
from models.delegation import Delegation, State
from models.mark import marked
from sandbox.people import (
    ADA,
    BEN,
    BOT,
    CLEO,
    DANA,
    FINN,
    GUS,
    PEOPLE,
    STRANGER,
    STRANGER_TEAM_ID,
    SandboxPerson,
    close_id,
)
from sandbox.running import House, open_house
from sandbox.slack import payloads
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import SALES
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import _is_busy
from tests.scenarios.world import Clock, World

FORM, JSON, PAYLOAD = "application/x-www-form-urlencoded", "application/json", "payload"
CASTS = 2000  # groups of people; more than all attacks together take
# What may change whoever does what: what is shown, what is remembered of requests, what was seen
# last. Everything else is as it was when an attack has failed.
FLEETING = {"cards", "homes", "notices", "seen_requests", "connect_states", "rounds", "comparisons"}
UNIMPORTANT = {"wake_at", "leased_until", "attempts", "checked_at", "secret", "access_expires_at"}


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom one attack is about: Ada lends her name, Ben asks for it, Cleo asks for Ben."""

    ada: SandboxPerson
    ben: SandboxPerson
    cleo: SandboxPerson
    eve: SandboxPerson  # a full member who has nothing to do with it

    def who(self, kind: str) -> SandboxPerson:
        """Somebody by what they are."""
        return {
            "grantor": self.ada,
            "grantee": self.ben,
            "requester": self.cleo,
            "member": self.eve,
            "admin": DANA,
            "guest": GUS,
            "stranger": STRANGER,
            "deactivated": FINN,
            "bot": BOT,
            "namesake": replace(self.ada, team_id=STRANGER_TEAM_ID),
        }[kind]


KINDS = (
    *("grantor", "grantee", "requester", "member", "admin"),
    *("guest", "stranger", "deactivated", "bot", "namesake"),
)


def _cast(number: int) -> Cast:
    def join(person: SandboxPerson, letter: str) -> SandboxPerson:
        handle = f"{letter.lower()}{number:04}-{person.handle}"
        return replace(
            person,
            id=f"{person.id}{letter}{number:04}",
            handle=handle,
            name=f"{person.name} {number:04}",
            email=f"{handle}@example.com",
            close_user_id=close_id("user", handle),
        )

    return Cast(join(ADA, "A"), join(BEN, "B"), join(CLEO, "C"), join(CLEO, "E"))


class Arena:
    """The house, what can be done to it, and what is seen of it."""

    def __init__(self, house: House, world: World, casts: Iterator[Cast]) -> None:
        self.house = house
        self.world = world
        self.slack, self.close = house.slack, house.close
        self.url = house.bot_url
        self._casts = casts
        self._numbers = iter(range(1_000_000))

    def cast(self) -> Cast:
        """People that nobody else's attack is about."""
        return next(self._casts)

    # In

    async def type(self, person: SandboxPerson, text: str, **fields: str) -> Reply:
        """``/sendas`` with exactly this text, in a channel."""
        place = self.slack.workspace.channels[SALES]
        form = payloads.command_form(person, place, "/sendas", text) | {
            "team_id": person.team_id,
            "trigger_id": self.slack.workspace.new_trigger(person.id),
            "response_url": self._response_url(person),
        }
        return await self.slack.delivery.command(form | fields)

    async def said(self, person: SandboxPerson, text: str) -> str:
        """The words that a command was answered with."""
        reply = await self.type(person, text)
        assert reply.status == 200, reply
        return str((reply.body or {}).get("text", reply.text))

    async def click(self, person: SandboxPerson, action_id: str, value: str, **more: Any) -> Reply:
        """A click that Slack signed, whether any client would offer it or not."""
        return await self.slack.delivery.interaction(self.pressed(person, action_id, value, **more))

    def pressed(
        self, person: SandboxPerson, action_id: str, value: str, **more: Any
    ) -> dict[str, Any]:
        """The payload of such a click."""
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        return payloads.interaction("block_actions", person) | {
            "trigger_id": self.slack.workspace.new_trigger(person.id),
            "response_url": self._response_url(person),
            "actions": [action],
            **more,
        }

    async def told(self, person: SandboxPerson, action_id: str, value: str) -> str:
        """A click, and the words that only this person reads about it."""
        before = {id(each) for each in self.slack.messages(person)}
        reply = await self.click(person, action_id, value)
        assert reply.status == 200, reply

        def whisper() -> str | None:
            shown = [m for m in self.slack.messages(person) if m.ephemeral and id(m) not in before]
            return self.slack.read(shown[-1], person) if shown else None

        return await self.slack.wait_for(whisper, what=f"an answer to {action_id} {value}")

    def _response_url(self, person: SandboxPerson) -> str:
        return self.slack._response_url(person, SALES, None)

    async def send(self, payload: Any, how: str = PAYLOAD) -> Reply:
        """Anything, signed."""
        body, kind = encoded(payload, how)
        return await self.post(body, {"Content-Type": kind, **self.slack.sign(body)})

    async def post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """Exactly this, signed or not."""
        return await self.slack.post_raw(body, headers)

    def command(self, person: SandboxPerson, text: str) -> bytes:
        """The body of a command that nobody has sent yet."""
        place = self.slack.workspace.channels[SALES]
        form = payloads.command_form(person, place, "/sendas", text)
        return urlencode(form | {"trigger_id": f"1.{next(self._numbers)}.x"}).encode()

    async def post_all(self, requests: Iterable[tuple[bytes, str]]) -> list[int]:
        """The statuses of many signed requests, on as few connections as the bot allows."""
        found, wire = [], None
        for body, kind in requests:
            if wire is None or wire[1].is_closing() or wire[0].at_eof():
                wire = await self.connected()
            head = {"Host": "bot", "Content-Type": kind, "Content-Length": str(len(body))}
            lines = "".join(f"{k}: {v}\r\n" for k, v in (head | self.slack.sign(body)).items())
            wire[1].write(f"POST /slack/events HTTP/1.1\r\n{lines}\r\n".encode() + body)
            answer = await wire[0].readuntil(b"\r\n\r\n")
            found.append(status_of(answer))
            length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await wire[0].readexactly(length)
            if b"connection: close" in answer.lower():
                wire[1].close()
        if wire is not None:
            wire[1].close()
        return found

    async def figures(self) -> str:
        """What ``/metrics`` answers to whoever has the token."""
        token = self.house.bot.environment["METRICS_TOKEN"]
        async with self.browser(Authorization=f"Bearer {token}") as reader:
            answer = await reader.get("/metrics")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def raw(self, *pieces: bytes, within: float = PATIENCE) -> bytes:
        """Say these bytes on a connection of their own; everything that is answered until the other
        side has nothing more to say. Whoever answers keeps the connection no longer than it takes.
        """
        reader, writer = await self.connected()
        answer = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(within):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                while part := await reader.read(65_536):
                    answer += part
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return answer

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of its own."""
        return await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))

    @contextlib.asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser with its own cookies, which follows nothing by itself."""
        async with httpx.AsyncClient(
            base_url=self.url, timeout=PATIENCE, trust_env=False, headers=headers
        ) as opened:
            yield opened

    # A life

    async def asked(self, cast: Cast, text: str = "2h Covering") -> Delegation:
        """Cleo has asked Ada for Ben."""
        answer = await self.said(cast.cleo, f"<@{cast.ada.id}> for <@{cast.ben.id}> {text}")
        assert "Asked" in answer, answer
        return await self.at_rest(cast)

    async def active(self, cast: Cast) -> Delegation:
        """The same, and Ada has approved with her own account."""
        page = await self.world.connect(cast.ada)
        assert page.status_code == 200, page.text
        asked = await self.asked(cast)
        assert (await self.click(cast.ada, "approve", marked(asked))).status == 200
        await self.until(cast, State.ACTIVE)
        return await self.at_rest(cast)

    async def ended(self, cast: Cast) -> Delegation:
        """The same, and it is over."""
        await self.click(cast.ada, "revoke", (await self.active(cast)).id)
        return await self.until(cast, State.ENDED)

    async def at_rest(self, cast: Cast) -> Delegation:
        """The latest of them, once nobody works on any: what is read now stays so."""
        await self._nobody_works_on(cast)
        return await self.of(cast)

    async def _nobody_works_on(self, cast: Cast) -> None:
        async with asyncio.timeout(PATIENCE):
            while any(_is_busy(self.world, each) for each in await self.all_of(cast)):  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)

    async def all_of(self, cast: Cast) -> list[Delegation]:
        """All that Ada was asked for, oldest first."""
        return [each for each in await self.world.delegations() if each.grantor_id == cast.ada.id]

    async def of(self, cast: Cast) -> Delegation:
        """The latest of them."""
        return (await self.all_of(cast))[-1]

    async def until(self, cast: Cast, state: State) -> Delegation:
        """The latest of them, once it is in this state and nobody works on it."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self.of(cast)).state is not state or found.leased_until:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        return found

    # What is seen of it

    async def kept(self, cast: Cast) -> list[str]:
        """Everything that is stored about these people, but what is only shown or remembered for a
        while; once nobody works on it."""
        people = (cast.ada.id, cast.ben.id, cast.cleo.id, cast.eve.id)

        def read(connection: Any) -> list[str]:
            found = []
            for table in metadata.sorted_tables:
                if table.name not in FLEETING:
                    columns = [each for each in table.columns if each.name not in UNIMPORTANT]
                    rows = connection.execute(table.select().with_only_columns(*columns)).all()
                    found += [f"{table.name} {row!r}" for row in rows]
            return sorted(each for each in found if any(who in each for who in people))

        await self._nobody_works_on(cast)
        stored: list[str] = await self.world.database.run_connection(read)
        return stored

    def log(self, since: int = 0) -> str:
        """What the bot has written to its log."""
        with self.house.bot.log.open("rb") as written:
            written.seek(since)
            return written.read().decode(errors="replace")

    def log_length(self) -> int:
        """How much that is, in bytes."""
        return self.house.bot.log.stat().st_size

    def memory(self) -> float:
        """The most memory that the process has had, in MB."""
        status = Path(f"/proc/{self.house.bot.process_id}/status").read_text()
        [line] = [each for each in status.splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    async def answers(self) -> None:
        """The next person is served, and promptly."""
        started = time.monotonic()
        assert "Times:" in await self.said(BEN, "help")
        assert time.monotonic() - started < PROMPTLY


PROMPTLY = 5.0  # seconds, on a machine that has other work as well


def encoded(payload: Any, how: str) -> tuple[bytes, str]:
    """A payload as Slack sends it, with its content type."""
    if how == JSON:
        return json.dumps(payload).encode(), JSON
    if how == PAYLOAD:
        return urlencode({"payload": json.dumps(payload)}).encode(), FORM
    return urlencode(payload, errors="surrogatepass").encode(), FORM


def status_of(answer: bytes) -> int:
    """The status of the first answer in these bytes; 0 where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def statuses(answer: bytes) -> list[int]:
    """The status of every answer in these bytes."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@contextlib.asynccontextmanager
async def open_arena(database_url: str) -> AsyncIterator[Arena]:
    """The house with all casts in it."""
    casts = [_cast(number) for number in range(CASTS)]
    people = [each for cast in casts for each in (cast.ada, cast.ben, cast.cleo, cast.eve)]
    async with open_house(database_url=database_url, people=(*PEOPLE, *people)) as house:
        database = Database(database_url)
        clock = Clock()
        clock.ahead = house.clock.ahead  # what is due there is due here
        world = World(database, clock, {})
        world.slack, world.close, world.bot_url = house.slack, house.close, house.bot_url
        house.slack.delivery._ack_seconds = PATIENCE  # a busy machine proves nothing wrong
        try:
            yield Arena(house, world, iter(casts))
        finally:
            await database.dispose()
