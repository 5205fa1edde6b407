"""Many at once: strangers who stand in the door, and people who ask without end.

Whoever means well is served meanwhile, and whoever is one too many is told so. The process may have
as many open files as most systems allow: 1024.
"""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from slack_sdk.signature import SignatureVerifier

from bot.process.server import MOST_HEADERS, READING_PLACES, SECONDS
from bot.slack.edge import MOST_BYTES
from models.connection import connect_states
from models.delegation import State
from models.mark import marked
from models.policy import MOST_LATELY_FOR_ONE, MOST_OPEN_FOR_ONE, MOST_WISHES
from sandbox.people import BEN
from sandbox.running import House
from tests.attacks.arena import PROMPTLY, Arena, Cast, status_of
from tests.patience import PATIENCE

FILES = 1024
CROWD = 1100
BEGINNING = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\n"
FORGED = "v0=" + "0" * 64


@pytest.fixture
def house(arena: Arena) -> House:
    """The house of them all; its bot may open 1024 files from now on."""
    process_id = arena.house.bot.process_id
    assert process_id is not None
    resource.prlimit(process_id, resource.RLIMIT_NOFILE, (FILES, FILES))
    # From here on the most memory that it has had is counted anew (proc(5)).
    Path(f"/proc/{process_id}/clear_refs").write_text("5")
    return arena.house


def forged(length: int) -> bytes:
    """Headers that claim to be Slack's."""
    claim = f"x-slack-request-timestamp: {int(time.time())}\r\nx-slack-signature: {FORGED}\r\n"
    return BEGINNING + f"{claim}content-length: {length}\r\n\r\n".encode()


WAYS_TO_STAND: dict[str, Callable[[], bytes]] = {
    "silent": lambda: b"",
    "half a line": lambda: b"POST /sla",
    "half the headers": lambda: BEGINNING,
    "blank lines": lambda: b"\r\n",
    "no body": lambda: forged(1000),
    "half a body": lambda: forged(MOST_BYTES) + b"x" * 1000,
    "half a body for nobody": lambda: b"GET /healthz HTTP/1.1\r\ncontent-length: 9\r\n\r\nx",
    "half a chunk": lambda: (
        forged(0).replace(b"content-length: 0", b"transfer-encoding: chunked") + b"5\r\nab"
    ),
}


class Crowd:
    """Connections that stay open on this side."""

    def __init__(self, house: House) -> None:
        self._address = ("127.0.0.1", int(house.bot_url.rpartition(":")[2]))
        self.sockets: list[socket.socket] = []

    async def stand(self, count: int, said: bytes) -> None:
        """So many more of them, each of which says just this."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            each = socket.socket()
            each.setblocking(False)
            self.sockets.append(each)
            await loop.sock_connect(each, self._address)
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(each, said)

    async def leave(self, within: float) -> None:
        """Wait until the bot has let all of them go."""
        loop = asyncio.get_running_loop()

        async def until_closed(each: socket.socket) -> None:
            with contextlib.suppress(ConnectionError):
                while await loop.sock_recv(each, 4096):
                    pass

        async with asyncio.timeout(within):
            await asyncio.gather(*(until_closed(each) for each in self.sockets))

    def close(self) -> None:
        """All of them go away."""
        for each in self.sockets:
            each.close()


@pytest_asyncio.fixture(loop_scope="package")
async def crowd(house: House) -> AsyncIterator[Crowd]:
    """Nobody yet."""
    strangers = Crowd(house)
    yield strangers
    strangers.close()


async def answered(house: House) -> None:
    """A command gets its answer, and promptly."""
    await house.slack.close()  # on a new connection
    reply = await house.slack.command(BEN, "/sendas", "help")
    assert reply.ok, reply
    assert "Times:" in reply.text
    assert reply.seconds < PROMPTLY


@pytest.mark.parametrize("way", ["silent", "half the headers", "half a body", "half a chunk"])
async def test_a_crowd_in_the_door(house: House, crowd: Crowd, way: str) -> None:
    """R6: more strangers than the process may have files stand there; Slack is answered at once."""
    await crowd.stand(CROWD, WAYS_TO_STAND[way]())
    await answered(house)
    assert open_files(house) < FILES / 2
    await crowd.stand(CROWD, WAYS_TO_STAND[way]())
    await answered(house)


async def test_nobody_stands_there_for_ever(house: House, crowd: Crowd) -> None:
    """R6: who does not go on with what they began is let go, although there is room."""
    before = open_files(house)
    for way in WAYS_TO_STAND.values():
        await crowd.stand(5, way())
    await crowd.leave(within=4 * SECONDS)
    await answered(house)
    assert open_files(house) <= before + 5


async def test_many_requests_at_once_on_one_connection(
    arena: Arena, house: House, crowd: Crowd
) -> None:
    """R6: nobody fills the memory with requests that wait for each other's answers."""
    before = arena.memory()
    await crowd.stand(50, b"GET /nowhere HTTP/1.1\r\nHost: bot\r\n\r\n" * 7000)
    await answered(house)
    assert arena.memory() - before < 40


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_large_bodies(arena: Arena, house: House, crowd: Crowd, *, is_claimed: bool) -> None:
    """R6: three hundred bodies of half a megabyte fill no memory, with or without a claim."""
    await answered(house)
    before = arena.memory()
    head = forged(MOST_BYTES) if is_claimed else BEGINNING + b"content-length: 1000000\r\n\r\n"
    body = head + b"x" * (MOST_BYTES - 1)

    async def send() -> None:
        with contextlib.suppress(ConnectionError):
            await crowd.stand(10, body)

    await asyncio.gather(*(send() for _ in range(30)))
    await answered(house)
    room = READING_PLACES * MOST_BYTES / 2**20 if is_claimed else 0
    assert arena.memory() - before < 30 + room


async def test_a_browser_keeps_its_connection(house: House, crowd: Crowd) -> None:
    """Whoever sends whole requests is kept, and answered again and again on one connection."""
    await crowd.stand(1, b"")
    [browser] = crowd.sockets
    loop = asyncio.get_running_loop()
    for _ in range(20):
        await loop.sock_sendall(browser, b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n")
        assert (await received(browser)).startswith(b"HTTP/1.1 200 OK")


async def test_a_request_in_pieces(house: House, crowd: Crowd) -> None:
    """A request that comes byte by byte, but comes, is answered."""
    await crowd.stand(1, b"")
    [sender] = crowd.sockets
    loop = asyncio.get_running_loop()
    for byte in b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n":
        await loop.sock_sendall(sender, bytes([byte]))
    assert (await received(sender)).startswith(b"HTTP/1.1 200 OK")


async def test_headers_in_pieces_after_a_large_body(house: House, crowd: Crowd) -> None:
    """R6: the body of one request does not count as headers of the next on the same connection."""
    await crowd.stand(1, b"")
    [sender] = crowd.sockets
    loop = asyncio.get_running_loop()
    body = b"command=%2Fsendas&text=" + b"x" * (2 * MOST_HEADERS)
    now = str(int(time.time()))
    signature = SignatureVerifier(house.slack.signing_secret).generate_signature(
        timestamp=now, body=body
    )
    claim = f"x-slack-request-timestamp: {now}\r\nx-slack-signature: {signature}\r\n"
    head = BEGINNING + f"{claim}content-length: {len(body)}\r\n\r\n".encode()
    for part in (head, body[:MOST_HEADERS], body[MOST_HEADERS:]):
        await loop.sock_sendall(sender, part)
        await asyncio.sleep(0.1)
    assert (await loop.sock_recv(sender, 4096)).startswith(b"HTTP/1.1 400")
    for part in (b"GET /healthz HTTP/1.1\r\nHo", b"st: bot\r\n\r\n"):
        await loop.sock_sendall(sender, part)
        await asyncio.sleep(0.1)
    assert (await loop.sock_recv(sender, 4096)).startswith(b"HTTP/1.1 200 OK")


async def received(each: socket.socket) -> bytes:
    """A whole answer of ``/healthz``."""
    answer = b""
    while not answer.endswith(b"ok\n"):
        answer += await asyncio.get_running_loop().sock_recv(each, 4096)
    return answer


def open_files(house: House) -> int:
    """How many files the process has open."""
    return len(list(Path(f"/proc/{house.bot.process_id}/fd").iterdir()))


# People


async def test_one_person_asks_without_end(arena: Arena, cast: Cast) -> None:
    """A few requests of one person to another can wait at the same time; the next is refused in
    words, and others are served as ever."""
    for number in range(MOST_OPEN_FOR_ONE):
        third = arena.cast().ben
        await arena.said(cast.ben, f"<@{cast.ada.id}> for <@{third.id}> 2h Number {number}")
    answer = await arena.said(cast.ben, f"<@{cast.ada.id}> 2h")
    assert f"{MOST_OPEN_FOR_ONE} requests of yours are already waiting" in answer
    assert len(await arena.all_of(cast)) == MOST_OPEN_FOR_ONE
    assert "Asked" in await arena.said(cast.eve, f"<@{cast.ada.id}> 2h")


async def test_asking_and_taking_back_without_end(arena: Arena, cast: Cast) -> None:
    """Whoever asks and cancels again and again sends their colleague no message each time."""
    answers = []
    for _ in range(MOST_LATELY_FOR_ONE + 1):
        answers.append(await arena.said(cast.ben, f"<@{cast.ada.id}> 2h"))
        await arena.said(cast.ben, f"cancel <@{cast.ada.id}>")
    assert "many messages" in answers[-1]
    assert len(await arena.all_of(cast)) == MOST_LATELY_FOR_ONE


async def test_giving_without_end(arena: Arena, cast: Cast) -> None:
    """The same for rights that nobody asked for."""
    answers = []
    for _ in range(MOST_LATELY_FOR_ONE + 1):
        answers.append(await arena.said(cast.ada, f"grant <@{cast.ben.id}> 2h"))
        await arena.said(cast.ada, f"revoke <@{cast.ben.id}>")
    assert "many messages" in answers[-1]


async def test_wishing_without_end(arena: Arena, cast: Cast) -> None:
    """Nor does a wish for more time that is made again and again."""
    await arena.active(cast)
    answers = [
        await arena.said(cast.ben, f"extend <@{cast.ada.id}> {hours + 1}h")
        for hours in range(MOST_WISHES + 1)
    ]
    assert "many messages" in answers[-1]


async def test_a_double_click_by_the_dozen(arena: Arena, cast: Cast) -> None:
    """Twenty clicks on Approve at the same moment make one association."""
    await arena.world.connect(cast.ada)
    value = marked(await arena.asked(cast))
    replies = await asyncio.gather(*(arena.click(cast.ada, "approve", value) for _ in range(20)))
    assert {each.status for each in replies} == {200}
    await arena.until(cast, State.ACTIVE)
    pair = (cast.ada.close_user_id, cast.ben.close_user_id)
    held = arena.close.associations
    assert [(e.allowing_user_id, e.allowed_user_id) == pair for e in held].count(True) == 1


async def test_the_same_wish_by_the_dozen(arena: Arena, cast: Cast) -> None:
    """Twenty times the same request at the same moment is one request."""
    text = f"<@{cast.ada.id}> 2h"
    await asyncio.gather(*(arena.said(cast.ben, text) for _ in range(20)))
    assert len(await arena.all_of(cast)) == 1


async def test_a_storm_of_commands(arena: Arena, cast: Cast) -> None:
    """Sixty commands of one person at once: each is answered, and somebody else promptly."""
    storm = asyncio.gather(*(arena.type(cast.eve, "list") for _ in range(60)))
    other = await arena.type(cast.ben, "help")
    assert other.status == 200
    assert other.seconds < 2 * PROMPTLY
    assert {each.status for each in await storm} == {200}


async def test_a_storm_of_homes(arena: Arena, cast: Cast) -> None:
    """A hundred visits to one App Home draw it a few times, not a hundred times."""
    before = len(arena.slack.calls)
    await asyncio.gather(*(arena.slack.open_home(cast.eve) for _ in range(100)))
    await arena.slack.wait_for(lambda: arena.slack.home(cast.eve), what="a home")
    await arena.answers()
    drawn = [each for each in arena.slack.calls[before:] if each.method == "views.publish"]
    assert len(drawn) <= 100


async def test_a_storm_of_health_checks(arena: Arena) -> None:
    """Readiness and figures that are asked for without end cost one look a second."""
    async with arena.browser() as browser:
        for path in ("/readyz", "/metrics", "/healthz"):
            answers = await asyncio.gather(*(browser.get(path) for _ in range(100)))
            assert {each.status_code for each in answers} == {401 if path == "/metrics" else 200}
    await asyncio.gather(*(arena.figures() for _ in range(100)))
    await arena.answers()


async def test_a_link_that_is_opened_without_end(arena: Arena, cast: Cast) -> None:
    """However often a link is used, a few walks of one person are stored at the most."""
    link = await arena.world.connect_link(cast.ada)
    async with arena.browser() as browser:
        for _ in range(12):
            departure = await arena.world.begin(browser, link)
        target = await arena.close.consent(departure.headers["location"], cast.ada)
        rows = await arena.world.database.run_connection(
            lambda connection: connection.execute(connect_states.select()).all()
        )
        assert len([each for each in rows if each.slack_user_id == cast.ada.id]) == 8
        assert (await browser.get(target)).status_code == 200


async def test_a_flood_of_forgeries(arena: Arena, crowd: Crowd, cast: Cast) -> None:
    """Five hundred unsigned requests at once keep nobody from being served."""
    flood = asyncio.create_task(crowd.stand(500, forged(6) + b"text=x"))
    asked = await arena.type(cast.ben, f"<@{cast.ada.id}> 2h")
    assert asked.status == 200
    await flood
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(loop.sock_recv(each, 64) for each in crowd.sockets))
    assert {status_of(each) for each in answers} <= {401, 408, 503}
    assert len(await arena.all_of(cast)) == 1
