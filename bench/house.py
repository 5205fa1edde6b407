"""The bot, a floor or a peer, put together with the outside world that it needs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session

from bench.client import Client, open_client
from bench.ground import Ground
from bench.obvious import Base, Token
from bench.outside import Outside, open_outside
from bench.running import Running, running
from bench.stage import askers, crowd
from bot.connections.vault import Purpose, Vault, owner
from bot.store import Database
from models.account import Account
from models.base import new_id
from models.connection import Connection, connections
from models.rows import to_row
from sandbox.close import CLIENT_ID, CLIENT_SECRET
from sandbox.people import DANA, ORGANIZATION_ID, TEAM_ID, SandboxPerson
from sandbox.slack.slack import BOT_BEARER, SIGNED_WITH
from sandbox.slack.workspace import AUDIT


@dataclass(frozen=True, slots=True)
class House:
    """Slack and Close, people who act, and the ground for databases."""

    ground: Ground
    outside: Outside
    client: Client
    people: list[SandboxPerson]
    key: str

    @property
    def folder(self) -> Path:
        """Where logs go."""
        return self.ground.folder

    @property
    def environment(self) -> dict[str, str]:
        """What every contestant is told."""
        return {"SLACK_SIGNING_SECRET": SIGNED_WITH, "SLACK_BOT_TOKEN": BOT_BEARER}

    @property
    def _addresses(self) -> dict[str, str]:
        return {
            "SLACK_API_URL": f"{self.outside.slack_url}/api/",
            "CLOSE_CLIENT_ID": CLIENT_ID,
            "CLOSE_CLIENT_SECRET": CLIENT_SECRET,
            "CLOSE_API_URL": self.outside.close_url,
            "CLOSE_APP_URL": self.outside.close_url,
        }

    @contextlib.asynccontextmanager
    async def floor(self, kind: str) -> AsyncIterator[Running]:
        """One commit in a database of this kind."""
        environment = self.environment | {"DATABASE_URL": self.ground.empty(kind)}
        async with running(("bench.floors", kind), self.folder, environment) as process:
            yield process

    @contextlib.asynccontextmanager
    async def peer(self, kind: str, **settings: str) -> AsyncIterator[Running]:
        """Bolt with one command."""
        environment = self.environment | settings
        async with running(("bench.peers", kind), self.folder, environment) as process:
            yield process

    def settings(self, database_url: str) -> dict[str, str]:
        """What the bot is told, for this database."""
        own = {
            "PUBLIC_URL": "http://127.0.0.1",
            "DATABASE_URL": database_url,
            "ENCRYPTION_KEYS": self.key,
            "MIN_DURATION": "1s",
            "ADMINS": DANA.id,
            "AUDIT_CHANNEL": AUDIT,
        }
        return self.environment | self._addresses | own

    @contextlib.asynccontextmanager
    async def bot(
        self, database_url: str, module: str = "bot", **settings: str
    ) -> AsyncIterator[Running]:
        """The bot itself, on a migrated database."""
        environment = self.settings(database_url) | settings
        async with running((module, "serve"), self.folder, environment) as process:
            yield process

    @contextlib.asynccontextmanager
    async def obvious(self, connected: Iterable[SandboxPerson]) -> AsyncIterator[Running]:
        """The obvious build on SQLite, and these people's Close accounts."""
        url, people = self.ground.empty("sqlite"), list(connected)
        tokens = await self.outside.ask("connect", users=[each.id for each in people])
        await asyncio.to_thread(_tokens, url, people, tokens)
        environment = self.environment | self._addresses | {"DATABASE_URL": url}
        async with running(("bench.peers", "obvious"), self.folder, environment) as process:
            yield process

    async def connect(self, database_url: str, people: Iterable[SandboxPerson]) -> None:
        """Have these people's Close accounts be connected, with the columns that this database's
        release has."""
        everybody, vault, now = list(people), Vault([self.key]), datetime.now(UTC)
        tokens = await self.outside.ask("connect", users=[each.id for each in everybody])
        rows = [to_row(connection_of(vault, each, tokens[each.id], now)) for each in everybody]

        def insert(sql: SqlConnection) -> None:
            known = {column["name"] for column in inspect(sql).get_columns(connections.name)}
            theirs = [{name: row[name] for name in row if name in known} for row in rows]
            sql.execute(connections.insert(), theirs)

        await written(database_url, insert)


async def written(database_url: str, write: Callable[[SqlConnection], object]) -> None:
    """Write straight into a database that no bot uses."""
    database = Database(database_url)
    try:
        await database.run_connection(write, is_patient=True)
    finally:
        await database.dispose()


@contextlib.asynccontextmanager
async def open_house(ground: Ground, people: int) -> AsyncIterator[House]:
    """All but the bot, with so many people beside the usual ones."""
    async with open_outside(people) as outside, open_client() as client:
        key = Fernet.generate_key().decode()
        yield House(ground, outside, client, askers(crowd(people)), key)


def _tokens(url: str, people: Sequence[SandboxPerson], tokens: dict[str, dict[str, str]]) -> None:
    """The obvious build's tables, and everybody's tokens in them."""
    engine, until = create_engine(url), datetime.now(UTC) + timedelta(hours=1)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for person in people:
            token = Token(
                slack_user=person.id,
                close_user=person.close_user_id,
                access_token=tokens[person.id]["access_token"],
                refresh_token=tokens[person.id]["refresh_token"],
                expires_at=until,
            )
            session.add(token)
        session.commit()
    engine.dispose()


def connection_of(
    vault: Vault, person: SandboxPerson, tokens: dict[str, str], now: datetime
) -> Connection:
    """The connection of somebody to whom Close gave these tokens."""
    secret = {name: tokens[name] for name in ("access_token", "refresh_token")}
    close_user_id = person.close_user_id or ""
    return Connection(
        id=new_id(),
        team_id=TEAM_ID,
        slack_user_id=person.id,
        account=Account(
            close_user_id=close_user_id,
            organization_id=ORGANIZATION_ID,
            email=person.email,
            name=person.name,
            is_api_key=False,
            secret=vault.seal(secret, Purpose.TOKENS, owner(TEAM_ID, person.id, close_user_id)),
            access_expires_at=now + timedelta(hours=1),
        ),
        connected_at=now,
        checked_at=now,
    )
