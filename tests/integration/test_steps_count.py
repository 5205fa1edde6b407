"""What was sent under a right is counted after its end, and what else Close holds is looked for."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.close.errors import CloseProblem, RefusedByClose, RetryLater
from bot.delegations.receipts import Receipts
from bot.delegations.steps import count
from bot.delegations.steps.count import ENOUGH, GIVE_WAY, LONGEST, PATIENCE
from bot.ports import Association, SentEmail
from bot.store import Database
from models.delegation import Delegation, Receipt, ReceiptState, State
from tests.integration.books import ADA, CLEO, ORGANIZATION, Bench, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.test_steps_remove import compared

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)
NO_TURN = RetryLater(CloseProblem.UNAVAILABLE, wait=30 * SECOND)
INVALID = RefusedByClose(CloseProblem.INVALID, status=400)
NOTHING = Receipt(ReceiptState.MADE, emails=0, people=0)
FAILED = Receipt(ReceiptState.FAILED)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected, and Close is compared later."""
    opened = bench(database)
    await opened.connect()
    await database.run(lambda store: store.comparisons.plan(TEAM, ADA, now=NOON + 9 * HOUR))
    return opened


async def over(stage: Bench, **changes: Any) -> Delegation:
    """Ada's right for Ben, which ended at noon and is to be counted."""
    values = {
        "state": State.ENDED,
        "active_at": NOON - HOUR,
        "attempted_at": NOON - HOUR,
        "ended_at": NOON,
        "receipt": Receipt(ReceiptState.DUE),
        "leased_until": NOON,
        **changes,
    }
    return await stage.row(**values)


async def counted(stage: Bench, row: Delegation) -> Delegation:
    """The row after the step."""
    await count.step(stage.tools, Receipts(stage.tools), row)
    return await stage.present(row)


def settled(row: Delegation, receipt: Receipt, *, has_twin: bool | None) -> Delegation:
    """The row once it is known, or known that it cannot be."""
    return replace(
        row,
        version=row.version + 1,
        receipt=receipt,
        has_twin=has_twin,
        attempts=0,
        wake_at=None,
        leased_until=None,
    )


def email(number: int, *recipients: str, right: str = "sdas_1") -> SentEmail:
    """Ben sent it."""
    return SentEmail(f"acti_{number}", right, "user_ben", NOON, f"No. {number}", recipients)


async def test_how_many_emails_to_how_many_people(stage: Bench) -> None:
    """Each email counts, each address once, and those of another right do not; they are kept for
    the message about the end."""
    stage.books.emails = [
        email(1, "dora@example.com", "emil@example.com"),
        email(2, "Dora@Example.com"),
        email(3, "dora@example.com"),
        email(4, "finn@example.com", right="sdas_other"),
    ]
    receipts, row = Receipts(stage.tools), await over(stage)
    await count.step(stage.tools, receipts, row)
    after = await stage.present(row)
    made = Receipt(ReceiptState.MADE, emails=3, people=2)
    assert after == settled(row, made, has_twin=False)
    stage.books.says("outgoing_emails", INVALID)
    assert [each.id for each in await receipts.last_few(after)] == ["acti_1", "acti_2", "acti_3"]


@pytest.mark.parametrize(
    ("held", "changes", "has_twin"),
    [
        (("sdas_1",), {}, False),
        (("sdas_2",), {}, True),
        (("sdas_2",), {"has_twin": False}, False),
        ((), {"has_twin": True}, True),
        (("sdas_2",), {"grantor_close_id": "user_other"}, False),
    ],
)
async def test_another_one_of_the_two(
    stage: Bench, held: tuple[str, ...], changes: dict[str, Any], has_twin: bool
) -> None:
    """It is looked for where nobody has, in the account that was asked; if it is there, Close is
    compared at once."""
    row = await over(stage, **changes)
    grantor = str(row.grantor_close_id)
    stage.books.held = [Association(each, ORGANIZATION, grantor, "user_ben") for each in held]
    before = await compared(stage)
    assert await counted(stage, row) == settled(row, NOTHING, has_twin=has_twin)
    assert await compared(stage) == (NOON if has_twin else before)
    is_asked = not changes
    assert bool(stage.books.asked("associations")) is is_asked


@pytest.mark.parametrize(
    ("method", "has_twin"), [("associations", None), ("outgoing_emails", True)]
)
async def test_close_refuses(stage: Bench, method: str, has_twin: bool | None) -> None:
    """There is no receipt, which is noted in the log; what else was found out stays."""
    stage.books.hold(2)
    stage.books.says(method, INVALID)
    row = await over(stage)
    with capture_logs() as logs:
        after = await counted(stage, row)
    assert after == settled(row, FAILED, has_twin=has_twin)
    [said] = [each for each in logs if each["event"] == "no receipt"]
    assert (said["delegation"], said["reason"]) == (row.id, "RefusedByClose")


@pytest.mark.parametrize(
    ("error", "attempts", "least", "most"),
    [(DOWN, 1, SECOND, 2 * SECOND), (NO_TURN, 0, 30 * SECOND, 31 * SECOND)],
)
async def test_close_is_away(
    stage: Bench, error: RetryLater, attempts: int, least: timedelta, most: timedelta
) -> None:
    """It is tried again after a pause; only what reached Close counts as an attempt."""
    stage.books.says("outgoing_emails", error)
    row = await over(stage, attempts=1)
    after = await counted(stage, row)
    assert after == replace(row, attempts=1 + attempts, leased_until=None, wake_at=after.wake_at)
    assert after.wake_at is not None
    assert least <= after.wake_at - NOON <= most


async def test_it_takes_too_long(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages together have their time; then it is tried again."""
    monkeypatch.setattr(count, "TIME_TO_COUNT", 0.0)
    monkeypatch.setattr(count, "outgoing", lambda *_: asyncio.Event().wait())
    row = await over(stage)
    after = await counted(stage, row)
    assert (after.receipt, after.attempts) == (Receipt(ReceiptState.DUE), 1)


@pytest.mark.parametrize(
    ("waited", "attempts", "is_enough"),
    [
        (LONGEST, 1, False),
        (LONGEST + SECOND, 0, True),
        (PATIENCE, ENOUGH, False),
        (PATIENCE + SECOND, ENOUGH - 1, False),
        (PATIENCE + SECOND, ENOUGH, True),
        (PATIENCE + SECOND, ENOUGH + 1, True),
        (None, 0, True),
    ],
)
async def test_when_it_is_enough(
    stage: Bench, waited: timedelta | None, attempts: int, is_enough: bool
) -> None:
    """Then Close is not asked, and what was known of another one stays known."""
    ended_at = None if waited is None else NOON - waited
    row = await over(stage, ended_at=ended_at, attempts=attempts, has_twin=True)
    after = await counted(stage, row)
    assert after == settled(row, FAILED if is_enough else NOTHING, has_twin=True)
    assert await compared(stage) == NOON


async def test_ends_go_first(stage: Bench) -> None:
    """For two seconds it gives way to a right that is to be taken back; that is no attempt."""
    await stage.row(
        grantee_id=CLEO, state=State.ENDING, association_id="sdas_2", organization_id=None
    )
    row = await over(stage, attempts=1)
    assert await counted(stage, row) == replace(row, leased_until=None, wake_at=NOON + GIVE_WAY)
    assert stage.books.calls == []


@pytest.mark.parametrize("receipt", [None, NOTHING])
async def test_nothing_is_to_be_counted(stage: Bench, receipt: Receipt | None) -> None:
    """Only the lease is given back."""
    row = await over(stage, receipt=receipt, wake_at=None)
    assert await counted(stage, row) == replace(row, leased_until=None)
    assert stage.books.calls == []
