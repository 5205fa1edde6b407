"""Rights that are active, written straight into the database and into Close."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bench.house import House, written
from models.base import new_id
from models.delegation import Delegation, State, delegations
from models.rows import to_row
from sandbox.people import TEAM_ID, SandboxPerson

Pair = tuple[SandboxPerson, SandboxPerson]
LENGTH = timedelta(hours=2)


async def give(
    house: House, database_url: str, pairs: Sequence[Pair], ends: Callable[[], Sequence[datetime]]
) -> None:
    """Each pair's right ends at its moment, which is asked for when Close has all of them; the
    grantors are connected, and no bot runs yet."""
    grantors = dict.fromkeys(grantor for grantor, _ in pairs)
    await house.connect(database_url, grantors)
    ids = [(grantor.id, grantee.id) for grantor, grantee in pairs]
    associations = await house.outside.ask("allow", pairs=ids)
    rows = [
        to_row(active(pair, end, association))
        for pair, end, association in zip(pairs, ends(), associations, strict=True)
    ]
    await written(database_url, lambda sql: sql.execute(delegations.insert(), rows))


def active(pair: Pair, ends_at: datetime, association: dict[str, str]) -> Delegation:
    """An active right."""
    grantor, grantee = pair
    began = ends_at - LENGTH
    return Delegation(
        id=new_id(),
        team_id=TEAM_ID,
        grantor_id=grantor.id,
        grantee_id=grantee.id,
        requester_id=grantee.id,
        reason="",
        length=LENGTH,
        state=State.ACTIVE,
        requested_at=began,
        lapses_at=began + timedelta(days=3),
        decided_at=began,
        attempted_at=began,
        active_at=began,
        identified_at=began,
        ends_at=ends_at,
        association_id=association["id"],
        organization_id=association["organization_id"],
        grantor_close_id=association["allowing_user_id"],
        grantee_close_id=association["allowed_user_id"],
        wake_at=ends_at,
    )
