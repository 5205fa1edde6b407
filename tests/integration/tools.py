"""The tools of a worker, for tests of single steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.delegations.members import Members
from bot.delegations.tools import Tools
from bot.ports import Directory, Now, Sighting
from bot.store import Database
from bot.telemetry import Metrics
from models.person import Person
from models.policy import Policy
from tests.integration.rows import NOON, TEAM


class EverybodyIsHere:
    """A directory in which everybody may take part."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Whoever is asked for."""
        return person(user_id)

    def known(self, user_id: str) -> Sighting:
        """The same."""
        return Sighting(person(user_id))

    async def members(self, group_id: str) -> Sequence[str]:
        """No group has any."""
        return ()

    def known_members(self, group_id: str) -> frozenset[str] | None:
        """The same."""
        return frozenset()

    async def learn(self, user: Mapping[str, Any]) -> Person:
        """Nothing new."""
        return person(str(user["id"]))


def person(user_id: str, **changes: Any) -> Person:
    """A full member of the team of all rows."""
    values: dict[str, Any] = {
        "id": user_id,
        "team_id": TEAM,
        "name": user_id,
        "email": None,
        "time_zone": "UTC",
        "is_bot": False,
        "is_deactivated": False,
        "is_guest": False,
        "is_stranger": False,
        **changes,
    }
    return Person(**values)


def tools(
    database: Database,
    *,
    connections: Any = None,
    close: Any = None,
    now: Now = lambda: NOON,
    directory: Directory | None = None,
    policy: Policy | None = None,
) -> Tools:
    """As in the bot, with what the test brings; without that nobody can be called."""
    return Tools(
        database=database,
        connections=connections,
        close=close,
        members=Members(close, now),
        policy=policy or Policy(),
        now=now,
        metrics=Metrics(),
        directory=directory or EverybodyIsHere(),
    )
