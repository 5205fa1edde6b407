"""Many people who gave rights that are over: written straight into the database and into Close."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.connections.vault import Purpose, Vault, owner
from bot.store import Database
from models.account import Account
from models.base import new_id
from models.connection import Connection, connections
from models.delegation import Delegation, State, delegations
from models.rows import to_row
from sandbox.close import SandboxClose
from sandbox.people import ORGANIZATION_ID, TEAM_ID, SandboxPerson

Pair = tuple[SandboxPerson, SandboxPerson]


async def write_overdue(
    database_url: str, vault: Vault, close: SandboxClose, pairs: Sequence[Pair], now: datetime
) -> None:
    """Every grantor is connected, and each pair's right has ended a moment ago."""
    grantors = list(dict.fromkeys(grantor for grantor, _ in pairs))
    connected = [to_row(_connection(vault, close, each, now)) for each in grantors]
    overdue = [to_row(_overdue(close, *pair, now)) for pair in pairs]

    def write(connection: Any) -> None:
        connection.execute(connections.insert(), connected)
        connection.execute(delegations.insert(), overdue)

    database = Database(database_url)
    try:
        await database.run_connection(write)
    finally:
        await database.dispose()


def _connection(
    vault: Vault, close: SandboxClose, person: SandboxPerson, now: datetime
) -> Connection:
    tokens = close.connect(person)
    secret = {name: tokens[name] for name in ("access_token", "refresh_token")}
    close_user_id = person.close_user_id or ""
    whose = owner(TEAM_ID, person.id, close_user_id)
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
            secret=vault.seal(secret, Purpose.TOKENS, whose),
            access_expires_at=now + timedelta(hours=1),
        ),
        connected_at=now,
        checked_at=now,
    )


def _overdue(
    close: SandboxClose, grantor: SandboxPerson, grantee: SandboxPerson, now: datetime
) -> Delegation:
    association = close.allow(grantor, grantee)
    began, length = now - timedelta(hours=2), timedelta(hours=2)
    return Delegation(
        id=new_id(),
        team_id=TEAM_ID,
        grantor_id=grantor.id,
        grantee_id=grantee.id,
        requester_id=grantee.id,
        reason="",
        length=length,
        state=State.ACTIVE,
        requested_at=began,
        lapses_at=began + timedelta(days=3),
        decided_at=began,
        attempted_at=began,
        active_at=began,
        ends_at=now,
        association_id=association.id,
        organization_id=association.organization_id,
        grantor_close_id=association.allowing_user_id,
        grantee_close_id=association.allowed_user_id,
        wake_at=now,
    )
