"""Who is gone from a Close organization. Close tells nobody (close.md §8), so it is asked."""

from collections.abc import Iterable

import structlog

from bot.close.errors import RefusedByClose
from bot.delegations.tools import Tools
from bot.ports import Memberships


async def gone(
    tools: Tools, team_id: str, organization_id: str, accounts: Iterable[str]
) -> frozenset[str] | None:
    """Those of these accounts that are no longer members.

    None when nobody can be asked: nobody who could see it is connected. Raises what a session
    raises.
    """
    usable = await tools.database.read(lambda store: store.connections.usable(team_id))
    mine = [each for each in usable if each.account.organization_id == organization_id]
    if not mine:
        return None
    session = tools.connections.session(mine[0])
    try:
        users = await session.call(tools.close.users)
    except RefusedByClose as error:
        log = structlog.get_logger("bot.delegations.people.membership")
        log.warning("the members of an organization are not shown", problem=error.problem)
        return None
    listed = {user.id for user in users if organization_id in user.organization_ids}
    memberships = await session.call(tools.close.memberships, organization_id)
    return missing(accounts, session.account.close_user_id, listed, memberships)


def missing(
    accounts: Iterable[str], caller: str, listed: Iterable[str], memberships: Memberships | None
) -> frozenset[str] | None:
    """Those who are in neither list, or in that of the removed alone; None for a list that cannot
    be right, because whoever asked for it is not on it.

    Whether ``/user/`` lists those who were removed is unknown, and not everybody may see the
    organization's own lists (close.md §4).
    """
    known = set(listed)
    if caller not in known:
        return None
    if memberships is None:
        return frozenset(accounts) - known
    here = memberships.active | (known - memberships.inactive)
    return frozenset(accounts) - here
