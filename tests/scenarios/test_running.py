"""One process among others: what it says of itself, what it does when its database goes away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from bot.clock import worker as worker_module
from bot.clock.worker import Worker
from bot.connections import flow
from bot.process import app
from bot.process import health as health_module
from bot.store import Database, Store
from bot.store.schema import Look, look
from bot.web import cached
from bot.web.figures import Figures
from models.connection import connections
from models.delegation import State, delegations
from sandbox.people import ADA, BEN
from tests.conftest import Postgres
from tests.integration.outage import Outage
from tests.integration.wire import Wire, open_wire
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, settled_in
from tests.scenarios.world import METRICS_TOKEN, World, bearer, open_world

LIMIT = 0.5  # seconds


async def asked(world: World, path: str) -> httpx.Response:
    """What the bot answers."""
    async with httpx.AsyncClient(base_url=world.bot_url) as browser:
        return await browser.get(path)


async def until(
    world: World, path: str, status: int, *, within: float = PATIENCE
) -> httpx.Response:
    """The answer, once it has this status."""
    async with asyncio.timeout(within):
        while True:
            answer = await asked(world, path)
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.05)


@pytest.fixture
async def wired(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Wire, World]]:
    """The bot with an active right at the far end of a wire to its PostgreSQL; from then on what
    is silent is given up soon."""
    for name in ("CONNECT_LIMIT", "CLOSE_LIMIT"):
        monkeypatch.setattr(f"bot.store.postgres.{name}", 4 * LIMIT)
    async with open_wire(postgres.emptied()) as (wire, near), open_world(near) as world:
        await active(world)
        monkeypatch.setattr("bot.store.postgres.SILENCE_LIMIT", LIMIT)
        yield wire, world


async def test_a_failover_without_a_word(wired: tuple[Wire, World]) -> None:
    """R1: every connection to PostgreSQL dies without a reset: /readyz says so, /healthz does not,
    and the right ends once a new connection works."""
    wire, world = wired
    wire.die()
    async with httpx.AsyncClient(base_url=world.bot_url) as browser:
        answers = await asyncio.gather(*(browser.get("/readyz") for _ in range(20)))
    assert [answer.status_code for answer in answers] == [503] * 20
    assert answers[0].json()["database"] is False
    figures = await world.figures()
    assert (figures.status_code, "sendas_database_up 0.0" in figures.text) == (200, True)
    assert (await asked(world, "/healthz")).status_code == 200
    world.clock.push(hours=3)
    wire.heal()
    await until(world, "/readyz", 200)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)


async def said(capfd: pytest.CaptureFixture[str], words: str) -> str:
    """All that is written from now on until these words are."""
    written = ""
    async with asyncio.timeout(PATIENCE):
        while words not in written:
            written += "".join(capfd.readouterr())
            await asyncio.sleep(MOMENT)
    return written


async def test_an_outage_is_told_in_a_line(
    wired: tuple[Wire, World], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """K13: that the database is away is said in one line, that it is back in one more, and nothing
    writes a traceback."""
    wire, _ = wired
    capfd.readouterr()
    caplog.clear()
    away, again = "the database does not answer in time", "the database answers again"
    wire.die()
    written = await said(capfd, away)
    await asyncio.sleep(4 * LIMIT)  # somebody else stumbles over it
    wire.heal()
    written += await said(capfd, again)
    await asyncio.sleep(4 * LIMIT)
    written += "".join(capfd.readouterr()) + caplog.text
    assert (written.count(away), written.count(again)) == (1, 1), written
    assert "Traceback" not in written


async def test_asked_without_end(stage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """/readyz and /metrics ask the database once for as long as an answer is kept, which is a
    second, however often they are asked."""
    assert cached.KEPT_FOR == 1
    monkeypatch.setattr(cached, "KEPT_FOR", 10 * PATIENCE)
    monkeypatch.setattr(cached, "LIMIT", PATIENCE)
    looks: list[str] = []
    count = Figures._count

    async def counted_look(database: Database) -> Look:
        looks.append("look")
        return await look(database)

    def counted_count(figures: Figures, store: Store) -> None:
        looks.append("measure")
        count(figures, store)

    monkeypatch.setattr(app, "look", counted_look)
    monkeypatch.setattr(Figures, "_count", counted_count)
    await until(stage, "/readyz", 200)  # it has greeted Slack
    async with httpx.AsyncClient(base_url=stage.bot_url) as browser:
        for path in ("/readyz", "/metrics") * 100:
            answer = await browser.get(path, headers=bearer(METRICS_TOKEN))
            assert answer.status_code == 200
    assert looks == ["look", "measure"]


async def test_what_readyz_says(world: World) -> None:
    """R2: besides what works it says how far the database's clock is from ours."""
    found = (await until(world, "/readyz", 200)).json()
    assert [found[name] for name in ("database", "clock", "workers")] == [True] * 3
    assert abs(found["clock_skew_seconds"]) < 1


async def test_a_database_that_cannot_be_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: /readyz says so too where the database answers that it will not, as after a new password
    that nobody has told the bot."""

    async def refused(_database: Database) -> Look:
        raise ProgrammingError("SELECT 1", {}, Exception("permission denied"))

    monkeypatch.setattr(app, "look", refused)
    assert (await until(world, "/readyz", 503)).json()["database"] is False


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are given up within a second."""
    monkeypatch.setattr(worker_module, "LONGEST_ROUND", 0.5)
    monkeypatch.setattr(health_module, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(health_module, "STRIKES", 3)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("how", ["dies", "hangs"])
async def test_a_worker_that_is_no_more(
    stage: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """R1: a worker that has died or does not come round makes /healthz say so."""
    assert (await asked(stage, "/healthz")).text == "ok\n"

    async def die(_self: Any, *_: Any) -> Any:
        raise BaseException("no more")  # noqa: TRY002 - nothing catches this one

    async def hang(_self: Any, *_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(Worker, "_claim_what_is_due", hang if how == "hangs" else die)
    await stage.slack.command(BEN, "/sendas", "@ada 2h Covering")  # there is something to do
    answer = await until(stage, "/healthz", 503)
    assert answer.text.startswith("worker ")
    assert (await asked(stage, "/readyz")).json()["workers"] is False


async def test_tokens_that_close_just_gave(
    world: World, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K9: the database is away when somebody comes back from Close: what Close gave is held, and
    they are connected once it answers; a browser does not wait for ever."""
    for person, is_short, title in ((ADA, True, "is connected"), (BEN, False, "Almost there")):
        monkeypatch.setattr(flow, "BROWSER_WAITS", PATIENCE if is_short else 0.5)
        exchange = world.close.trouble.hold("POST /oauth2/token/")
        before = exchanges(world)
        connecting = asyncio.create_task(world.connect(person))
        await exchange.arrived.wait()
        outage.is_on = True
        exchange.let_go.set()
        if is_short:
            await asyncio.sleep(0.9)
            outage.is_on = False
        assert title in (await connecting).text
        outage.is_on = False
        async with asyncio.timeout(PATIENCE):
            while person.id not in await connected(world):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(MOMENT)
        assert exchanges(world) == before + 1


def exchanges(world: World) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in world.close.calls)


async def connected(world: World) -> list[str]:
    """Who is."""
    found: list[str] = await world.database.run_connection(
        lambda connection: connection.execute(select(connections.c.slack_user_id)).scalars().all()
    )
    return found


async def test_a_page_without_a_database(stage: World, outage: Outage) -> None:
    """K13: a browser reads that it should try again in a minute, and the log has no traceback."""
    outage.is_on = True
    answer = await asked(stage, "/close/callback?state=x&code=y")
    assert answer.status_code == 503
    assert "try again in a minute" in answer.text


async def test_a_start_after_an_outage_of_close(database_url: str) -> None:
    """K12: Close was away and the next try is minutes off; a restart tries at once."""
    keys = (Fernet.generate_key().decode(),)
    async with open_world(database_url, encryption_keys=keys) as world:
        await active(world)
        world.close.trouble.down()
        await world.sendas(BEN, "release @ada")
        await world.until(State.ENDING)
        close = world.close
        later = world.clock() + timedelta(minutes=9)
    database = Database(database_url)
    waits = delegations.update().values(wake_at=later, attempts=9, leased_until=None)
    await database.run_connection(lambda connection: connection.execute(waits))
    await database.dispose()
    close.trouble.up()
    async with open_world(database_url, close=close, encryption_keys=keys) as world:
        await world.until(State.ENDED)
        assert not close.find(ADA, BEN)
