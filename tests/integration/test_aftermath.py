"""What goes on after a right, by single steps: found, given way, put off, given up, decided."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from bot.close.errors import CloseProblem, OutcomeUnclear, RefusedByClose, RetryLater
from bot.delegations.aftermath import deciding, looking
from bot.delegations.aftermath.steps import ENOUGH, PATIENCE, TRIED_FOR, AftermathStep
from bot.delegations.receipts import Receipts
from bot.desk import Actor
from bot.ports import (
    BulkAction,
    CloseSequence,
    Credential,
    SentEmail,
    Subscription,
    Turn,
    at_once,
)
from bot.refusals import AlreadyDecided, ListChanged, NotKnown, NotYours
from bot.store import Database, Store
from models.aftermath import Aftermath, AtEnd, Course, Drafts, Obstacle
from models.delegation import Delegation, State
from models.mark import mark_of_aftermaths
from models.policy import Policy
from tests.integration.books import ADA, BEN, CLEO, Bench, Books, as_of
from tests.integration.rows import NOON, TEAM, add
from tests.integration.tools import EverybodyIsHere

DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)
FORBIDDEN = RefusedByClose(CloseProblem.FORBIDDEN, status=403)
LOST = OutcomeUnclear(CloseProblem.TIMED_OUT)
ACCOUNT = "emailacct_1"


@dataclass
class Outreach(Books):
    """Books in which something goes on by itself."""

    inside: dict[str, list[Subscription]] = field(default_factory=dict)
    bulk: list[BulkAction] = field(default_factory=list)
    mailings: list[BulkAction] = field(default_factory=list)
    waits: list[SentEmail] = field(default_factory=list)
    are_counted: bool = True
    unseen: int = 0  # active contacts in each sequence that Ada is not shown

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What has yet to be sent."""
        self._answer("outgoing_emails", user_id)
        return [replace(each, is_waiting=True) for each in self.waits if each.user_id == user_id]

    async def sequences(
        self, credential: Credential, *, turn: Turn = at_once
    ) -> Sequence[CloseSequence]:
        """All there are."""
        await turn()
        self._answer("sequences")
        return [CloseSequence(each, each) for each in self.inside]

    async def sequence(self, credential: Credential, sequence_id: str) -> CloseSequence:
        """One of them, with how many are active in it."""
        self._answer("sequence", sequence_id)
        active = sum(each.is_active for each in self.inside[sequence_id]) + self.unseen
        return CloseSequence(sequence_id, sequence_id, active if self.are_counted else None)

    async def subscriptions(
        self,
        credential: Credential,
        sequence_id: str,
        *,
        most: int | None = None,
        turn: Turn = at_once,
    ) -> Sequence[Subscription]:
        """Who is in one."""
        await turn()
        self._answer("subscriptions", sequence_id)
        return list(self.inside[sequence_id])

    async def enrolments(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """What was done in bulk."""
        await turn()
        self._answer("enrolments")
        return list(self.bulk)

    async def bulk_emails(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """What was mailed in bulk."""
        await turn()
        self._answer("bulk_emails")
        return list(self.mailings)

    async def pause_subscription(self, credential: Credential, subscription_id: str) -> None:
        """One gets nothing more."""
        lost = self._told("pause_subscription", subscription_id)
        for name, some in self.inside.items():
            self.inside[name] = [
                replace(each, is_active=each.is_active and each.id != subscription_id)
                for each in some
            ]
        if lost is not None:
            raise lost

    async def pause_bulk_action(self, credential: Credential, enrolment_id: str) -> None:
        """One is not gone on with."""
        self._answer("pause_bulk_action", enrolment_id)
        self.bulk, self.mailings = (
            [
                replace(each, is_under_way=each.is_under_way and each.id != enrolment_id)
                for each in some
            ]
            for some in (self.bulk, self.mailings)
        )

    async def to_draft(self, credential: Credential, email_id: str) -> None:
        """One is a draft again."""
        self._answer("to_draft", email_id)
        self.waits = [each for each in self.waits if each.id != email_id]

    def enrol(self, number: int, sequence: str = "seq_spring", **changes: Any) -> None:
        """Ben has put so many into a sequence, from Ada's mailbox."""
        one = Subscription("", is_active=True, sender_account_id=ACCOUNT, created_by="user_ben")
        some = self.inside.setdefault(sequence, [])
        some += [
            replace(one, id=f"sub_{sequence}{len(some) + each}", **changes)
            for each in range(number)
        ]


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected."""
    opened = Bench(database, Outreach(), EverybodyIsHere(), Policy())
    await opened.connect()
    return opened


def books(stage: Bench) -> Outreach:
    """What Close holds."""
    assert isinstance(stage.books, Outreach)
    return stage.books


async def ended(stage: Bench, **changes: Any) -> Delegation:
    """Ben's right, which is over since now, and is to be looked after."""
    right = await stage.row(state=State.ENDED, ended_at=stage.moment, wake_at=None, **changes)
    await stage.database.run(lambda store: looking.look_for_more(store, right, now=stage.moment))
    return right


async def of(stage: Bench, right: Delegation) -> Aftermath:
    """What goes on after it, as it stands in its row."""
    row = await stage.database.read(lambda store: store.aftermaths.get(right.id))
    assert row is not None
    return row


async def take(stage: Bench, right: Delegation, at_end: AtEnd = AtEnd.ASK) -> Aftermath:
    """One step of the worker; what it raises puts the row off."""
    step = AftermathStep(stage.tools, Receipts(stage.tools), at_end, lambda: None)
    row = await of(stage, right)
    try:
        await step.take(row)
    except Exception as error:  # noqa: BLE001 - as the worker does
        await step.put_off(row, error)
    return await of(stage, right)


async def decide(stage: Bench, right: Delegation, use_case: Any, *, by: str = ADA) -> Aftermath:
    """Somebody decides about what they have read."""
    row = await of(stage, right)
    await use_case(stage.desk, as_of(by), row.together, mark_of_aftermaths([row]))
    return await of(stage, right)


async def test_what_is_bens(stage: Bench) -> None:
    """It sends from Ada's account and Ben has made it; nothing else counts."""
    books(stage).enrol(2)
    books(stage).enrol(1, created_by="user_cleo")
    books(stage).enrol(1, sender_account_id="emailacct_ben")
    books(stage).enrol(1, is_active=False)
    under_way = BulkAction(
        *("bulkseqsub_1", "subscribe", "seq_spring", ACCOUNT, "user_ben", NOON, 824, True)
    )
    others = replace(under_way, id="bulkseqsub_2", created_by="user_cleo")
    books(stage).bulk = [under_way, others, replace(under_way, is_under_way=False)]
    row = await take(stage, await ended(stage))
    assert (row.course, row.subscriptions, row.enrolments) == (Course.ASKING, 2, 1)


async def test_there_is_nothing(stage: Bench) -> None:
    """Nobody is asked anything, and nothing is due any more."""
    row = await take(stage, await ended(stage))
    assert (row.course, row.obstacle, row.wake_at) == (Course.NOTHING, None, None)


async def test_what_an_ordinary_end_costs(stage: Bench) -> None:
    """Nothing goes on: three reads, and one for each sequence; what waits the receipt has seen.
    Of two rights that ended together it is the same three."""
    books(stage).enrol(2, "seq_1", created_by="user_cleo", is_active=False)
    books(stage).enrol(0, "seq_2")
    right = await ended(stage)
    receipts = Receipts(stage.tools)
    receipts.leave_traces(right, ())
    step = AftermathStep(stage.tools, receipts, AtEnd.ASK, lambda: None)
    await step.take(await of(stage, right))
    asked = [method for method, *_ in stage.books.calls]
    assert asked == ["enrolments", "bulk_emails", "sequences", "sequence", "sequence"]
    assert (await of(stage, right)).course is Course.NOTHING


async def test_where_nothing_can_go_on(stage: Bench) -> None:
    """Close never had the right, or the two have another: then nobody looks at all."""
    right = await stage.row(state=State.ENDED, ended_at=stage.moment, wake_at=None)
    await add(stage.database, replace(right, id="new", state=State.ACTIVE, ended_at=None))

    def look(store: Store) -> Aftermath | None:
        looking.look_for_more(store, replace(right, association_id=None), now=stage.moment)
        looking.look_for_more(store, replace(right, grantee_close_id=None), now=stage.moment)
        looking.look_for_more(store, right, now=stage.moment)
        return store.aftermaths.get(right.id)

    assert await stage.database.run(look) is None


async def test_more_than_she_is_shown(stage: Bench) -> None:
    """Close counts more in a sequence than it shows Ada: then it is not known what they are."""
    books(stage).enrol(1, created_by="user_ada")
    books(stage).unseen = 2
    row = await take(stage, await ended(stage))
    assert (row.course, row.obstacle) == (Course.UNKNOWN, Obstacle.REFUSED)


async def test_without_counts(stage: Bench) -> None:
    """Where Close does not count, each sequence is read."""
    books(stage).are_counted = False
    books(stage).enrol(2)
    books(stage).enrol(0, "seq_2")
    row = await take(stage, await ended(stage))
    assert (row.course, row.subscriptions, row.obstacle) == (Course.ASKING, 2, None)
    assert len(stage.books.asked("subscriptions")) == 2


async def test_a_bulk_email_goes_on(stage: Bench) -> None:
    """It counts while Close is at it, and is paused as any other bulk action."""
    mailing = BulkAction(*("bulkemail_1", "email", None, ACCOUNT, "user_ben", NOON, 824, True))
    books(stage).mailings = [mailing, replace(mailing, id="bulkemail_2", is_under_way=False)]
    right = await ended(stage)
    row = await take(stage, right)
    assert (row.course, row.subscriptions, row.enrolments) == (Course.ASKING, 0, 1)
    await decide(stage, right, deciding.pause)
    await take(stage, right)
    assert (await take(stage, right)).course is Course.PAUSED
    assert stage.books.asked("pause_bulk_action") == [("bulkemail_1",)]


@pytest.mark.parametrize("method", ["enrolments", "bulk_emails", "sequences", "outgoing_emails"])
async def test_what_close_refuses(stage: Bench, method: str) -> None:
    """What is refused is not known; what is found all the same is asked about."""
    stage.books.says(method, FORBIDDEN)
    right = await ended(stage)
    row = await take(stage, right)
    assert (row.course, row.obstacle) == (Course.UNKNOWN, Obstacle.REFUSED)


async def test_a_budget_of_calls(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is not enough for is said to be missing; the sequences that matter are looked at
    first."""
    monkeypatch.setattr(looking.Budget.__init__, "__defaults__", (10, 0))
    for number in range(20):
        books(stage).enrol(0, f"seq_{number}")
    books(stage).enrol(3, "seq_spring")
    enrolled = BulkAction(
        *("bulkseqsub_1", "subscribe", "seq_spring", ACCOUNT, "user_ben", NOON, 3, False)
    )
    books(stage).bulk = [enrolled]
    row = await take(stage, await ended(stage))
    assert (row.course, row.subscriptions, row.obstacle) == (Course.ASKING, 3, Obstacle.TOO_MUCH)
    assert stage.books.asked("subscriptions")[0] == ("seq_spring",)


async def test_what_is_over_goes_first(stage: Bench) -> None:
    """While another right of Ada's waits to be taken back, Close is asked nothing for this."""
    right = await ended(stage)
    await add(
        stage.database,
        replace(right, id="other", grantee_id=CLEO, state=State.ENDING, wake_at=stage.moment),
    )
    row = await take(stage, right)
    assert (row.course, row.attempts) == (Course.LOOKING, 0)
    assert row.wake_at is not None
    assert row.wake_at > stage.moment
    assert stage.books.calls == []


async def test_close_is_silent(stage: Bench) -> None:
    """After a few attempts and a minute it is not known, and that is said."""
    right = await ended(stage)
    for _ in range(ENOUGH - 1):
        stage.books.says("outgoing_emails", DOWN)
        row = await take(stage, right)
        assert row.course is Course.LOOKING
        stage.wait(seconds=PATIENCE.total_seconds())
    stage.books.says("outgoing_emails", DOWN)
    row = await take(stage, right)
    assert (row.course, row.obstacle) == (Course.UNKNOWN, Obstacle.SILENT)


async def test_not_connected(stage: Bench) -> None:
    """Nobody can look: that is said; what was decided waits until Ada is connected again."""
    books(stage).enrol(1)
    right = await ended(stage)
    await take(stage, right)
    await decide(stage, right, deciding.pause)
    connection = await stage.database.run(lambda store: store.connections.get(TEAM, ADA))
    assert connection is not None
    await stage.database.run(lambda store: store.connections.mark_dead(connection, now=NOON))
    row = await take(stage, right)
    waiting = (Course.PAUSING, Obstacle.NOT_CONNECTED, None)
    assert (row.course, row.obstacle, row.wake_at) == waiting
    await stage.database.run(
        lambda store: store.aftermaths.wake_for_person(TEAM, ADA, now=stage.moment)
    )
    assert (await of(stage, right)).wake_at == stage.moment


@pytest.mark.parametrize("error", [DOWN, LOST])
async def test_a_pausing_goes_on_where_it_was(stage: Bench, error: Exception) -> None:
    """A lost answer costs another look; each is paused once, and Close confirms it by a look."""
    books(stage).enrol(3)
    right = await ended(stage)
    await take(stage, right)
    await decide(stage, right, deciding.pause)
    stage.books.says("pause_subscription", error, acts=error is LOST)
    for _ in range(4):
        row = await take(stage, right)
    assert (row.course, row.unpaused, row.wake_at) == (Course.PAUSED, 0, None)
    expected = 3 if error is LOST else 4
    assert len(stage.books.asked("pause_subscription")) == expected


async def test_a_step_pauses_no_more_than_its_budget(
    stage: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next step goes on."""
    books(stage).enrol(25)
    right = await ended(stage)
    await take(stage, right)
    await decide(stage, right, deciding.pause)
    monkeypatch.setattr(looking.Budget.__init__, "__defaults__", (20, 0))
    row = await take(stage, right)
    assert (row.course, len(stage.books.asked("pause_subscription"))) == (Course.PAUSING, 20)
    await take(stage, right)
    row = await take(stage, right)
    assert (row.course, len(stage.books.asked("pause_subscription"))) == (Course.PAUSED, 25)


async def test_it_is_given_up_after_a_day(stage: Bench) -> None:
    """What Close does not take for so long is said with its number."""
    books(stage).enrol(2)
    right = await ended(stage)
    await take(stage, right)
    await decide(stage, right, deciding.pause)
    stage.wait(seconds=TRIED_FOR.total_seconds() + 1)
    stage.books.says("pause_subscription", DOWN)
    row = await take(stage, right)
    assert (row.course, row.unpaused) == (Course.PAUSED, 2)


async def test_back_to_drafts(stage: Bench) -> None:
    """Only when asked for, whatever is decided about the rest; what Close refuses is counted."""
    email = SentEmail("acti_1", "sdas_1", "user_ben", NOON, "Hi", ("x",))
    books(stage).waits = [email, replace(email, id="acti_2"), replace(email, send_as_id="sdas_2")]
    right = await ended(stage)
    await take(stage, right)
    row = await decide(stage, right, deciding.leave)
    assert (row.course, row.wake_at, stage.books.asked("to_draft")) == (Course.LEFT, None, [])
    await decide(stage, right, deciding.to_drafts)
    stage.books.says("to_draft", FORBIDDEN, FORBIDDEN)
    await take(stage, right)
    stage.books.says("to_draft", FORBIDDEN)
    row = await take(stage, right)
    assert row.drafts is Drafts.DONE


async def test_they_have_a_right_again(stage: Bench) -> None:
    """Then what goes on is under that, and neither asked about nor paused."""
    books(stage).enrol(1)
    right = await ended(stage)
    await add(stage.database, replace(right, id="new", state=State.ACTIVE, ended_at=None))
    row = await take(stage, right, AtEnd.PAUSE)
    assert (row.course, row.decided_at) == (Course.LEFT, None)


async def test_they_get_a_right_again_before_it_is_paused(stage: Bench) -> None:
    """What the setting decided is not done to what is under a right; what Ada decided is."""
    books(stage).enrol(1)
    right = await ended(stage)
    assert (await take(stage, right, AtEnd.PAUSE)).course is Course.PAUSING
    await add(stage.database, replace(right, id="new", state=State.ACTIVE, ended_at=None))
    assert (await take(stage, right, AtEnd.PAUSE)).course is Course.LEFT
    assert stage.books.asked("pause_subscription") == []
    await decide(stage, right, deciding.pause)
    await take(stage, right)
    assert (await take(stage, right)).course is Course.PAUSED


async def test_who_decides(stage: Bench) -> None:
    """The grantor, once, and only about what they have read."""
    books(stage).enrol(1)
    right = await ended(stage)
    row = await take(stage, right)
    seen = mark_of_aftermaths([row])
    for actor in (as_of(BEN), Actor("T0OTHER", ADA)):
        with pytest.raises(NotYours):
            await deciding.pause(stage.desk, actor, row.together, seen)
    with pytest.raises(NotKnown):
        await deciding.pause(stage.desk, as_of(ADA), "nothing", seen)
    with pytest.raises(ListChanged):
        await deciding.pause(stage.desk, as_of(ADA), row.together, "other")
    await deciding.pause(stage.desk, as_of(ADA), row.together, seen)
    with pytest.raises(AlreadyDecided):
        await deciding.leave(stage.desk, as_of(ADA), row.together, seen)


async def test_each_decision_is_logged(stage: Bench) -> None:
    """With who decided, and how much it was; and once more when it is done."""
    books(stage).enrol(2)
    right = await ended(stage)
    await take(stage, right)
    await decide(stage, right, deciding.pause)
    for _ in range(3):
        await take(stage, right)

    def deeds(store: Any) -> list[tuple[str, int | None]]:
        rows = store._connection.exec_driver_sql(
            "SELECT deed, amount FROM events WHERE deed LIKE 'aftermath%' ORDER BY id"
        )
        return [(str(deed), amount) for deed, amount in rows]

    found = await stage.database.run(deeds)
    assert found == [("aftermath_pause", 2), ("aftermath_over", 0)]


async def test_what_is_decided_meanwhile_counts(stage: Bench) -> None:
    """A step that was overtaken by a click changes nothing of it."""
    books(stage).enrol(1)
    right = await ended(stage)
    row = await take(stage, right)
    claimed = replace(row, course=Course.LOOKING)
    await decide(stage, right, deciding.leave)
    overtaken = AftermathStep(stage.tools, Receipts(stage.tools), AtEnd.PAUSE, lambda: None)
    await overtaken.take(claimed)
    assert (await of(stage, right)).course is Course.LEFT
