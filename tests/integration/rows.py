"""Rows for tests of the store and of the worker, and a worker without Slack and Close."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection as SqlConnection

from bot.store import Database
from bot.store.rows import many
from models.account import Account
from models.base import new_id
from models.card import Card, cards
from models.connection import Connection
from models.delegation import Delegation, Event, State, delegations

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEAM = "T0TEAM"


def delegation(**changes: Any) -> Delegation:
    """A request that lapses in three days; each call is another pair."""
    grantee = changes.get("grantee_id") or f"U{new_id()[:10]}"
    values: dict[str, Any] = {
        "id": new_id(),
        "team_id": TEAM,
        "grantor_id": f"U{new_id()[:10]}",
        "grantee_id": grantee,
        "requester_id": grantee,
        "identified_at": NOON,
        "reason": "Covering",
        "length": timedelta(hours=2),
        "state": State.REQUESTED,
        "requested_at": NOON,
        "lapses_at": NOON + timedelta(days=3),
        "wake_at": NOON + timedelta(days=3),
        **changes,
    }
    return Delegation(**values)


async def add(database: Database, *rows: Delegation) -> None:
    """Store these rows with their cards."""

    def work(store: Any) -> None:
        for row in rows:
            store.delegations.add(row, event=Event.REQUEST, actor=row.requester_id)

    await database.run(work)


async def get(database: Database, row: Delegation) -> Delegation:
    """The row as it is stored now."""
    found = await database.run(lambda store: store.delegations.get(row.id))
    assert found is not None
    return found


async def cards_of(database: Database, row: Delegation) -> list[Card]:
    """The cards of this delegation."""
    statement = cards.select().where(cards.c.delegation_id == row.id)
    found: list[Card] = await database.run_connection(
        lambda connection: many(connection, Card, statement)
    )
    return found


def account(**changes: Any) -> Account:
    """Ada's account in Close."""
    values: dict[str, Any] = {
        "close_user_id": "user_ada",
        "organization_id": "orga_one",
        "email": "ada@example.com",
        "name": "Ada Lindqvist",
        "is_api_key": False,
        "secret": b"sealed",
        "access_expires_at": NOON,
        **changes,
    }
    return Account(**values)


def connection(**changes: Any) -> Connection:
    """A living connection of Ada's."""
    values: dict[str, Any] = {
        "id": new_id(),
        "team_id": TEAM,
        "slack_user_id": "U0ADA",
        "account": account(),
        "connected_at": NOON,
        **changes,
    }
    return Connection(**values)


async def wear(database: Database, by: timedelta) -> None:
    """Let all leases of delegations be so much older."""

    def age(connection: SqlConnection) -> None:
        for row in connection.execute(delegations.select()).mappings().all():
            if row["leased_until"] is not None:
                older = delegations.update().values(leased_until=row["leased_until"] - by)
                connection.execute(older.where(delegations.c.id == row["id"]))

    await database.run_connection(age)
