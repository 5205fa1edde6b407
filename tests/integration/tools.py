"""The tools of a worker, for tests of single steps."""

from typing import Any

from bot.delegations.members import Members
from bot.delegations.tools import Tools
from bot.ports import Now
from bot.store import Database
from bot.telemetry import Metrics
from models.policy import Policy
from tests.integration.rows import NOON


def tools(
    database: Database, *, connections: Any = None, close: Any = None, now: Now = lambda: NOON
) -> Tools:
    """As in the bot, with what the test brings; without that nobody can be called."""
    return Tools(
        database=database,
        connections=connections,
        close=close,
        members=Members(close, now),
        policy=Policy(),
        now=now,
        metrics=Metrics(),
    )
