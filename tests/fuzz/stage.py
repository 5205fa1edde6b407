"""The bot's door and pages in this process, on a database in memory that begins anew each time."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp
import httpx
from cryptography.fernet import Fernet
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection
from starlette.types import ASGIApp

from bot.close.client import CloseClient
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.connections.flow import Way
from bot.connections.links import Links
from bot.connections.vault import Vault, fingerprint
from bot.desk import Desk
from bot.listeners.errors import StandIns
from bot.listeners.register import listen
from bot.process.resources import Outside
from bot.process.settings import Settings
from bot.process.wiring import Workshop
from bot.slack.bolt import Workspace, bolt_app, web_client
from bot.slack.door import Door
from bot.slack.responses import Responses
from bot.slack.runner import PromptListenerRunner
from bot.slack.views import Views
from bot.store import Database
from bot.store.sqlite import SqliteBackend
from bot.telemetry import Metrics
from bot.web.connections import ConnectPages
from bot.web.figures import Figures
from bot.web.routes import web_app
from models.base import metadata
from models.connection import ConnectState, connect_states
from models.delegation import OPEN_STATES, Delegation, delegations
from models.rows import to_row
from sandbox.people import ADA, BEN, DANA, TEAM_ID
from tests.fuzz.close import Script, Time
from tests.fuzz.slack import USER, Exchange, Session
from tests.patience import PATIENCE
from tests.surfaces import rows

NOW = rows.NOW + timedelta(minutes=1)
TOKEN = "whoever-knows-this-reads-the-figures"
STATE, SECRET = "a-state", "a-secret-of-the-browser"  # of a walk to Close that Ada has begun
KEY = Fernet.generate_key().decode()
GOOD: dict[str, Any] = {"ok": True, "channel": {"id": "D1"}, "ts": "1.2", "team_id": TEAM_ID}
SETTINGS = Settings(
    slack_bot_token="xoxb-test",
    slack_signing_secret="secret",
    close_client_id="oa2client_1",
    close_client_secret="secret",
    public_url="https://bot.test",
    encryption_keys=(KEY,),
    admins=(DANA.id,),
    allow_api_keys=True,
)


class Slack(Session):
    """A Slack that knows everybody and takes everything."""

    def request(self, method: str, url: str, **options: Any) -> Exchange:
        """The person who is asked for, or a nod."""
        answer = GOOD
        if url.endswith("users.info"):
            user_id = options["params"]["user"]
            answer = {**GOOD, "user": {**USER, "id": user_id, "team_id": TEAM_ID}}
        return Exchange({"status": 200, "body": json.dumps(answer)}, method, url)


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is to knock at."""

    door: Door
    web: ASGIApp
    links: Links
    script: Script
    rows: dict[str, Delegation]
    runner: PromptListenerRunner
    backend: SqliteBackend
    begun: bytes

    async def begin_anew(self) -> None:
        """As it was at first, for an input that comes after no other."""
        connection = self.backend._engine.raw_connection

        def restore() -> None:
            cast("Any", connection().driver_connection).deserialize(self.begun)

        await asyncio.get_running_loop().run_in_executor(self.backend._turns._thread, restore)

    async def at_rest(self) -> None:
        """Once no listener is at work."""
        await self.runner.finish(PATIENCE)
        assert not self.runner._tasks


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """A new one, with a delegation in every state that there is."""
    database, script = Database("sqlite://"), Script()
    known = dict(_rows())
    begun: bytes = await database.run_connection(lambda each: _filled(each, known))
    async with script as http:
        outside = _outside(database, http)
        workspace, session = Workspace(outside.quick), outside.session
        metrics = Metrics()
        workshop = Workshop(outside, workspace, lambda: None, metrics, lambda: None)
        figures = Figures(database, metrics, workshop.workers, _now, SecretStr(TOKEN))
        responses = Responses(session, outside.quick)
        stand_ins = StandIns(responses)
        app = bolt_app(outside.quick, stand_ins, PATIENCE)
        desk = Desk(database, workshop.directory, SETTINGS.policy, _now, lambda: None)
        listen(
            app,
            desk,
            responses=responses,
            views=Views(outside.quick),
            links=outside.links,
            sent=workshop.receipts,
        )
        way = Way(
            desk,
            workshop.connections,
            outside.oauth,
            outside.close,
            outside.links,
            workshop.directory,
        )
        yield Stage(
            Door(app, workspace, stand_ins),
            web_app(None, _pages(way), _nothing, lambda: None, figures.answer),
            outside.links,
            script,
            known,
            cast("PromptListenerRunner", app.listener_runner),
            cast("SqliteBackend", database._backend),
            begun,
        )
    await database.dispose()


def _now() -> datetime:
    return NOW


async def _nothing() -> dict[str, bool | float | None]:
    return {}


async def _no_address() -> str | None:
    return None


def _pages(way: Way) -> ConnectPages:
    return ConnectPages(way, _no_address, has_app=True, allows_keys=True)


def _rows() -> Iterator[tuple[str, Delegation]]:
    """Each row of the catalogue, between Ada and somebody of its own."""
    for number, (name, row) in enumerate(rows.delegations().items()):
        pair = (ADA.id, f"U{number}") if number % 2 else (f"U{number}", BEN.id)
        yield (
            name,
            replace(
                row,
                id=f"row{number}",
                team_id=TEAM_ID,
                grantor_id=pair[0],
                grantee_id=pair[1],
                requester_id=pair[1],
                wake_at=NOW if row.state in OPEN_STATES else None,
            ),
        )


def _filled(connection: Connection, known: dict[str, Delegation]) -> bytes:
    metadata.create_all(connection)
    for row in known.values():
        connection.execute(delegations.insert().values(to_row(row)))
    walk = ConnectState(
        state_hash=fingerprint(STATE),
        browser_hash=fingerprint(SECRET),
        team_id=TEAM_ID,
        slack_user_id=ADA.id,
        expires_at=NOW + timedelta(minutes=5),
    )
    connection.execute(connect_states.insert().values(to_row(walk)))
    raw = cast("Any", connection.connection.driver_connection)
    raw.commit()
    found: bytes = raw.serialize()
    raw.execute("BEGIN IMMEDIATE")
    return found


def _outside(database: Database, http: httpx.AsyncBaseTransport) -> Outside:
    session = cast("aiohttp.ClientSession", Slack())
    vault, time = Vault([KEY]), Time()
    links = Links(vault, SETTINGS.public_url, _now)
    client = _client(session)
    limits = Limiter(monotonic=time, sleep=time.sleep)
    return Outside(
        settings=SETTINGS,
        now=_now,
        database=database,
        vault=vault,
        links=links,
        close=CloseClient(http, "https://close.test", limits),
        oauth=CloseOAuthClient(
            http,
            api_url="https://close.test",
            app_url="https://app.test",
            client_id="oa2client_1",
            client_secret="hidden",
            redirect_uri=links.callback,
            limits=limits,
        ),
        session=session,
        quick=client,
        patient=client,
    )


def _client(session: aiohttp.ClientSession) -> AsyncWebClient:
    return web_client("xoxb-test", "https://slack.test/api/", session, patient=False)
