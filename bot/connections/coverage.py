"""How many of an organization's members are connected: the rights of others nobody can list."""

from bot.connections.sessions import Connections
from bot.ports import Close, OutsideError
from bot.store import Database


async def coverage(
    database: Database, connections: Connections, close: Close, team_id: str
) -> tuple[int, int | None]:
    """How many members are connected, and how many there are: None where nobody can ask Close, or
    it does not say."""
    usable = await database.read(lambda store: store.connections.usable(team_id))
    if not usable:
        return 0, None
    connected, members = 0, 0
    for one in usable:
        session, organization_id = connections.session(one), one.account.organization_id
        try:
            users = await session.call(close.users)
            memberships = await session.call(close.memberships, organization_id)
        except OutsideError:
            return await database.read(lambda store: store.connections.count()["alive"]), None
        listed = {user.id for user in users if organization_id in user.organization_ids}
        here = listed if memberships is None else memberships.active | listed - memberships.inactive
        members += len(here)
        connected += await _known(database, team_id, here)
    return connected, members


async def _known(database: Database, team_id: str, accounts: frozenset[str] | set[str]) -> int:
    return await database.read(lambda store: store.connections.count_of(team_id, sorted(accounts)))
