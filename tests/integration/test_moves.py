"""Several rows in one step: each has its own fate."""

from dataclasses import replace
from datetime import timedelta

from structlog.testing import capture_logs

from bot.close.errors import CloseProblem, RetryLater
from bot.connections.sessions import OtherAccountConnected
from bot.delegations.steps import bulk, moves
from bot.delegations.tools import Tools
from bot.store import Database
from models.delegation import Delegation, State, Trouble
from tests.integration.rows import NOON, add, delegation, get
from tests.integration.tools import tools

ERRORS = {
    "soon": RetryLater(CloseProblem.RATE_LIMITED, status=429, wait=timedelta(seconds=40)),
    "other": OtherAccountConnected(),
    "bug": ZeroDivisionError(),
}


async def test_what_one_raises_puts_off_that_one(database: Database) -> None:
    """The others are taken; each that failed says why, and when it is tried again."""
    leased = NOON + timedelta(seconds=6)
    reasons = ["soon", "other", "bug", "fine"]
    rows = [
        delegation(state=State.ENDING, reason=each, wake_at=NOON, leased_until=leased)
        for each in reasons
    ]
    await add(database, *rows)
    taken = []

    async def step(tools: Tools, row: Delegation) -> None:
        if row.reason in ERRORS:
            raise ERRORS[row.reason]
        taken.append(row.reason)

    with capture_logs() as logs:
        await moves.each_alone(tools(database), step, rows)
    assert logs == [  # what nobody foresaw, and nothing else
        {
            "event": "step failed",
            "row": rows[2].id,
            "exc_info": ERRORS["bug"],
            "log_level": "error",
        }
    ]
    assert taken == ["fine"]
    soon, other, bug, fine = [await get(database, row) for row in rows]
    assert soon.wake_at is not None
    assert soon.wake_at >= NOON + timedelta(seconds=40)
    assert [each.trouble for each in (soon, other, bug)] == [
        None,  # to be asked to wait is not yet a trouble
        Trouble.OTHER_CLOSE_ACCOUNT,
        Trouble.UNKNOWN,
    ]
    assert [each.leased_until for each in (soon, other, bug)] == [None] * 3
    assert fine.leased_until == leased  # its own step gives it back


def test_only_rights_of_one_account_share_a_call() -> None:
    """What the grantor gave in another organization is not looked for in this one."""
    here = delegation(
        state=State.ENDING,
        attempted_at=NOON,
        association_id="sdas_1",
        grantor_close_id="user_ada",
        grantee_close_id="user_ben",
        organization_id="orga_here",
    )
    assert bulk.key(here, NOON) == bulk.key(replace(here, grantee_close_id="user_cleo"), NOON)
    assert bulk.key(here, NOON) != bulk.key(replace(here, organization_id="orga_there"), NOON)
