"""What Close tells of the emails under a right: asked for its time, in the grantor's name."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, RefusedByClose, RetryLater
from bot.delegations import receipts
from bot.delegations.receipts import MARGIN, MOST_KEPT, MOST_SHOWN, Receipts
from bot.desk import Actor
from bot.ports import Credential, SentEmail
from bot.refusals import NotKnown, NotYours, Settled, Thing
from bot.store import Database
from models.delegation import Delegation, Receipt, ReceiptState
from models.policy import Policy
from tests.integration.books import ADA, BEN, Bench, Books, as_of
from tests.integration.rows import NOON
from tests.integration.tools import EverybodyIsHere

HOUR = timedelta(hours=1)
USED = Receipt(ReceiptState.MADE, emails=1, people=1)
INVALID = RefusedByClose(CloseProblem.INVALID, status=400)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Outbox(Books):
    """Books that know scheduled emails, too."""

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What this user has sent, and as much again that is scheduled."""
        sent = await super().outgoing_emails(credential, user_id=user_id, since=since, until=until)
        return [*sent, *(replace(each, id=f"{each.id}_waits", is_waiting=True) for each in sent)]


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected; it is an hour after noon."""
    opened = Bench(database, Outbox(), EverybodyIsHere(), Policy())
    await opened.connect()
    opened.moment = NOON + HOUR
    return opened


def email(number: int, *, user: str = "user_ben", right: str | None = "sdas_1") -> SentEmail:
    """One of each minute."""
    return SentEmail(f"acti_{number}", right, user, NOON + timedelta(minutes=number), "Hi", ("x",))


def ids(emails: Sequence[SentEmail] | None) -> list[str] | None:
    """Which these are."""
    return None if emails is None else [each.id for each in emails]


@pytest.mark.parametrize(
    ("changes", "since", "until"),
    [
        ({"attempted_at": NOON, "active_at": NOON + HOUR}, NOON, NOON + HOUR),
        ({"attempted_at": None, "active_at": NOON - HOUR}, NOON - HOUR, NOON + HOUR),
        (
            {"attempted_at": None, "active_at": None, "requested_at": NOON - 2 * HOUR},
            NOON - 2 * HOUR,
            NOON + HOUR,
        ),
        ({"ended_at": NOON + HOUR / 2}, NOON, NOON + HOUR / 2),
    ],
)
@pytest.mark.parametrize("ask", [receipts.sent, receipts.scheduled])
async def test_for_which_time(
    stage: Bench, ask: Any, changes: dict[str, Any], since: datetime, until: datetime
) -> None:
    """From when Close was asked for it until its end, or the present, with a margin for clocks."""
    row = await stage.row(**changes)
    await ask(stage.tools, row)
    window = (since - MARGIN, until + MARGIN)
    asked = stage.books.asked("outgoing_emails")
    assert asked == [("user_ben", *window), ("user_ada", *window)]
    assert len(stage.books.calls) == len(asked)


async def test_whose_emails(stage: Bench) -> None:
    """Of this right alone, whoever of the two Close files them under, once each, newest first."""
    stage.books.emails = [
        email(1),
        email(3, user="user_ada"),
        email(2),
        email(4, right="sdas_2"),
        email(5, right=None),
    ]
    reading, row = Receipts(stage.tools), await stage.row()
    newest = ["acti_3", "acti_2", "acti_1"]
    assert ids(await reading.read(row)) == newest
    assert ids(await reading.waiting(row)) == [f"{each}_waits" for each in newest]


async def test_nobody_is_written_down(stage: Bench) -> None:
    """Then there is nobody to ask about."""
    stage.books.emails = [email(1), email(2, user="user_ada")]
    reading = Receipts(stage.tools)
    assert ids(await reading.read(await stage.row(grantee_close_id=None))) == ["acti_2"]


@pytest.mark.parametrize("error", [INVALID, DOWN])
async def test_close_does_not_say(stage: Bench, error: Exception) -> None:
    """Whoever reads is told so; the messages about a warning and an end do without."""
    stage.books.says("outgoing_emails", error, error, error)
    reading, row = Receipts(stage.tools), await stage.row(receipt=USED)
    assert await reading.read(row) is None
    assert await reading.last_few(row) == ()
    assert await reading.waiting(row) == ()


async def test_close_is_too_slow(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the answer does not wait long."""
    monkeypatch.setattr(receipts, "TIME_TO_ASK", 0.0)
    stage.books.emails = [email(1)]
    assert await Receipts(stage.tools).waiting(await stage.row()) == ()


async def test_a_fault_of_ours_is_told(stage: Bench) -> None:
    """Only what others can do is passed over."""
    stage.books.says("outgoing_emails", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await Receipts(stage.tools).read(await stage.row())


async def test_the_last_few(stage: Bench) -> None:
    """They are asked for once, and not at all where none were sent."""
    stage.books.emails = [email(number) for number in range(MOST_SHOWN + 2)]
    reading = Receipts(stage.tools)
    unused = await stage.row(receipt=replace(USED, emails=0))
    assert await reading.last_few(unused) == ()
    assert stage.books.calls == []
    row = await stage.row(receipt=USED, grantor_close_id=None, grantee_id="U0CLEO")
    newest = [f"acti_{number}" for number in range(MOST_SHOWN + 1, 1, -1)]
    for _ in range(2):
        assert ids(await reading.last_few(row)) == newest
    assert len(stage.books.calls) == 1


async def test_how_many_rights_are_remembered(stage: Bench) -> None:
    """The newest so many; the oldest one is asked for again."""
    reading, row = Receipts(stage.tools), await stage.row(receipt=USED)
    rows: list[Delegation] = [replace(row, id=f"right_{each}") for each in range(MOST_KEPT + 1)]
    for each in rows[:-1]:
        reading.keep(each, [email(7)])
    assert ids(await reading.last_few(rows[0])) == ["acti_7"]
    reading.keep(rows[-1], [email(8)])
    assert ids(await reading.last_few(rows[-1])) == ["acti_8"]
    assert ids(await reading.last_few(rows[1])) == ["acti_7"]
    assert stage.books.calls == []
    assert ids(await reading.last_few(rows[0])) == []


async def test_who_may_read_it(stage: Bench) -> None:
    """The grantor of a right that has begun, and nobody else, here or in another workspace."""
    reading, row = Receipts(stage.tools), await stage.row()
    assert await reading.find(as_of(ADA), row.id) == row
    for actor in (as_of(BEN), Actor("T0OTHER", ADA)):
        with pytest.raises(NotYours):
            await reading.find(actor, row.id)
    with pytest.raises(NotKnown) as unknown:
        await reading.find(as_of(ADA), "nothing")
    assert unknown.value.thing is Thing.REQUEST


@pytest.mark.parametrize("changes", [{"active_at": None}, {"association_id": None}])
async def test_it_has_not_begun(stage: Bench, changes: dict[str, Any]) -> None:
    """Then there is nothing to be read."""
    row = await stage.row(**changes)
    with pytest.raises(Settled) as caught:
        await Receipts(stage.tools).find(as_of(ADA), row.id)
    assert caught.value.delegation == row
