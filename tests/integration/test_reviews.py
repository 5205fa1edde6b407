"""A grantor's row of reviews, step by step: what is asked of Close, what waits, who comes first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, RetryLater
from bot.connections.sessions import NotConnected
from bot.delegations import ending
from bot.delegations.reviews import opening, replying
from bot.delegations.reviews.replying import Answer
from bot.delegations.reviews.usage import AT_ONCE, ENOUGH
from bot.delegations.tools import Tools
from bot.desk import Actor, Desk
from bot.ports import SentEmail
from bot.refusals import AlreadyDecided, ListChanged, NotKnown, NotYours, Refused
from bot.store import Database, Store
from models.delegation import Delegation, Event, State
from models.mark import mark_of_item, mark_of_items
from models.notice import NoticeKind, notices
from models.policy import Policy
from models.review import MOST_AT_ONCE, Item, Review, ReviewRules
from models.standing import StandingApproval
from tests.integration.rows import NOON, TEAM, account, add, delegation, get
from tests.integration.tools import EverybodyIsHere, tools

ADA = "U0ADA"
DAY = timedelta(days=1)
MARGIN = timedelta(minutes=2)


class Mailbox:
    """A Close that shows these emails, and notes for which stretches it was asked."""

    def __init__(self, *emails: SentEmail, error: Exception | None = None) -> None:
        self.emails = emails
        self.error = error
        self.asked: list[tuple[str, datetime, datetime]] = []
        self.account = account()

    async def open(self, team_id: str, slack_user_id: str) -> "Mailbox":
        """Whoever asks is connected."""
        if isinstance(self.error, NotConnected):
            raise self.error
        return self

    async def call(self, ask: Any, **how: Any) -> Sequence[SentEmail]:
        """As a session does."""
        found: Sequence[SentEmail] = await ask(**how)
        return found

    async def outgoing_emails(
        self, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """All that this user sent in this time."""
        if self.error is not None:
            raise self.error
        self.asked.append((user_id, since, until))
        return [
            each for each in self.emails if each.user_id == user_id and since <= each.date <= until
        ]


def right(number: int = 1, age: float = 100, **changes: Any) -> Delegation:
    """A right of Ada's until revoked, that Close has held for so many days."""
    given = NOON - age * DAY
    values: dict[str, Any] = {
        "id": f"right{number:03}",
        "grantor_id": ADA,
        "grantee_id": f"U{number:03}",
        "state": State.ACTIVE,
        "requested_at": given,
        "active_at": given,
        "attempted_at": given,
        "length": None,
        "association_id": f"sdas_{number}",
        "organization_id": "orga_one",
        "grantor_close_id": "user_ada",
        "grantee_close_id": f"user_{number}",
        "wake_at": None,
        **changes,
    }
    return delegation(**values)


def email(number: int, age: float, *, by: str = "user_ada") -> SentEmail:
    """One that was sent so many days ago under the right with this number."""
    return SentEmail("e", f"sdas_{number}", by, NOON - age * DAY, "Hello", ("a@example.com",))


def equipped(
    database: Database,
    mailbox: Mailbox,
    *,
    now: datetime = NOON,
    rules: ReviewRules | None = None,
    admins: Sequence[str] = (),
) -> Tools:
    """The tools of a step, at this moment."""
    made = tools(
        database,
        connections=mailbox,
        close=mailbox,
        now=lambda: now,
        policy=Policy(admins=frozenset(admins)),
    )
    return replace(made, reviews=rules or ReviewRules())


def desk(database: Database, now: datetime = NOON) -> Desk:
    """Where Ada answers."""
    return Desk(database, EverybodyIsHere(), Policy(), lambda: now, lambda: None)


async def enrolled(database: Database, installed_at: datetime = NOON - 365 * DAY) -> Review:
    """Ada's row, in turn."""

    def enroll(store: Store) -> Review:
        store.reviews.enroll(TEAM, installed_at=installed_at, now=NOON)
        found = store.reviews.of(TEAM, ADA)
        assert found is not None
        return found

    return await database.run(enroll)


async def present(database: Database) -> Review:
    """Ada's row as it is now."""
    found = await database.run(lambda store: store.reviews.of(TEAM, ADA))
    assert found is not None
    return found


async def opened(database: Database, *rows: Delegation, **how: Any) -> Review:
    """These rights are asked about."""
    await add(database, *rows)
    review = await enrolled(database)
    while review.opened_at is None:  # a look holds only so many rights
        await opening.step(equipped(database, Mailbox(), **how), review)
        review = await present(database)
    assert review.opened_at == NOON
    return review


async def posted(database: Database, messages: int = 1) -> None:
    """Slack has taken so many of the messages."""

    def note(store: Store) -> None:
        found = store.reviews._connection.execute(
            notices.select().where(notices.c.kind == NoticeKind.REVIEW).order_by(notices.c.key)
        ).all()
        for row in found[:messages]:
            statement = notices.update().where(notices.c.id == row.id).values(message_ts="1.0")
            store.reviews._connection.execute(statement)

    await database.run(note)


async def items(database: Database) -> Sequence[Item]:
    """What Ada may be asked about, with what is known."""
    return await database.run(lambda store: store.reviews.items(TEAM, ADA, now=NOON))


@pytest.mark.parametrize("by", ["user_ada", "user_1"])
async def test_the_latest_use_is_noted(database: Database, by: str) -> None:
    """Whoever Close files it under, and nothing of what was sent under other rights."""
    await add(database, right())
    mailbox = Mailbox(email(1, 5, by=by), email(1, 3, by=by), email(2, 1, by=by))
    await opening.step(equipped(database, mailbox), await enrolled(database))
    [item] = await items(database)
    assert item.used_at == NOON - 3 * DAY
    assert item.unused_since(NOON) == item.used_at


async def test_older_rights_are_looked_at_bit_by_bit(database: Database) -> None:
    """Of a right that is older than the looks Close is asked about a few weeks more at each, until
    its beginning is reached: only then it is said that it was never used."""
    await add(database, right(age=100))
    review = await enrolled(database, installed_at=NOON)
    await opening.step(equipped(database, Mailbox()), review)
    [item] = await items(database)
    assert item.unused_since(NOON) == NOON - 70 * DAY
    for days in (1, 2):
        now = NOON + days * DAY
        mailbox = Mailbox()
        await opening.step(equipped(database, mailbox, now=now), await present(database))
        assert all(until - since <= 14 * DAY + MARGIN for _, since, until in mailbox.asked)
    [item] = await items(database)
    assert item.unused_since(NOON) == item.began_at


async def test_a_second_look_asks_for_what_is_new(database: Database) -> None:
    """A day later only the time since the last look is read, and a little before."""
    await add(database, right(age=3))
    await opening.step(equipped(database, Mailbox()), await enrolled(database))
    mailbox = Mailbox()
    tomorrow = equipped(database, mailbox, now=NOON + DAY)
    await opening.step(tomorrow, await present(database))
    assert {since for _, since, _ in mailbox.asked} == {NOON - 3 * DAY}
    assert len(mailbox.asked) == 2
    await opening.step(tomorrow, await present(database))
    assert len(mailbox.asked) == 2


async def test_many_rights_take_several_looks(database: Database) -> None:
    """Close is not asked about more than a few of a grantor's rights at a time."""
    await add(database, *(right(number) for number in range(AT_ONCE + 5)))
    mailbox = Mailbox()
    await opening.step(equipped(database, mailbox), await enrolled(database))
    between = await present(database)
    assert between.opened_at is None
    assert between.wake_at == NOON + opening.BETWEEN
    now = NOON + opening.BETWEEN
    await opening.step(equipped(database, mailbox, now=now), between)
    assert all(each.need is not None for each in await items(database))
    assert (await present(database)).opened_at == now


@pytest.mark.parametrize("problem", ["busy", "unconnected"])
async def test_close_does_not_answer(database: Database, problem: str) -> None:
    """A busy Close is asked again a few times; then, or where nobody is connected, the review opens
    without knowing."""
    await add(database, right())
    review = await enrolled(database)
    error = RetryLater(CloseProblem.RATE_LIMITED) if problem == "busy" else NotConnected()
    step = equipped(database, Mailbox(error=error))
    if problem == "busy":
        with pytest.raises(RetryLater):
            await opening.step(step, review)
        review = replace(review, attempts=ENOUGH)
    await opening.step(step, review)
    assert (await present(database)).opened_at == NOON
    [item] = await items(database)
    assert item.unused_since(NOON) is None


async def test_revocations_go_first(database: Database) -> None:
    """As long as one of the grantor's rights is to be taken back, Close is not asked for emails."""
    over = right(2, state=State.ENDING, ended_at=NOON, end_event=Event.REVOKE, wake_at=NOON)
    await add(database, right(), over)
    mailbox = Mailbox()
    await opening.step(equipped(database, mailbox), await enrolled(database))
    assert not mailbox.asked
    assert (await present(database)).wake_at == NOON + opening.GIVE_WAY


async def test_another_account(database: Database) -> None:
    """What was given with another Close account is not said to be unused."""
    await add(database, right(grantor_close_id="user_other"))
    mailbox = Mailbox()
    await opening.step(equipped(database, mailbox), await enrolled(database))
    assert not mailbox.asked
    [item] = await items(database)
    assert item.unused_since(NOON) is None


async def test_at_night_it_waits(database: Database) -> None:
    """A review opens in working hours."""
    await add(database, right())
    night = NOON + timedelta(hours=10)
    await opening.step(equipped(database, Mailbox(), now=night), await enrolled(database))
    after = await present(database)
    assert after.opened_at is None
    assert after.wake_at is not None
    assert timedelta() <= after.wake_at - (NOON + timedelta(hours=21)) <= opening.SPREAD


async def test_enrolled_once(database: Database) -> None:
    """Whoever is in turn keeps it; whoever gave nothing for a while is in turn again."""
    await add(database, right())
    first = await enrolled(database)
    assert (await enrolled(database)).id == first.id
    await database.run(lambda store: store.reviews.due.rest(first))
    assert (await present(database)).wake_at is None
    assert (await enrolled(database)).wake_at == NOON


async def test_two_steps_at_once(database: Database) -> None:
    """Two processes take the same row: one of them opens it, and one notice goes out."""
    await add(database, right())
    review = await enrolled(database)
    step = equipped(database, Mailbox())
    await opening.step(step, review)
    await opening.step(step, review)
    after = await present(database)
    assert (after.number, after.messages) == (1, 1)
    assert await told(database) == 1


async def told(database: Database) -> int:
    """How many notices there are of a review."""
    statement = notices.select().where(notices.c.kind == NoticeKind.REVIEW)
    found: int = await database.run_connection(
        lambda connection: len(connection.execute(statement).all())
    )
    return found


async def test_the_end_waits_for_slack(database: Database) -> None:
    """Slack has taken one reminder only: another is sent, and the end waits for it; with two it
    ends, in Close as any other."""
    ends = ReviewRules(ends=True)
    row = right()
    await opened(database, row, rules=ends)
    now = NOON
    for _ in range(3):
        now += 14 * DAY
        step = equipped(database, Mailbox(), now=now, rules=ends, admins=["U0DANA"])
        await opening.step(step, await present(database))
    assert (await present(database)).told_at is not None
    await posted(database, 2)
    now += 14 * DAY
    await opening.step(equipped(database, Mailbox(), now=now, rules=ends), await present(database))
    waiting = await present(database)
    assert (waiting.reminders, waiting.messages) == (3, 4)
    assert (await get(database, row)).state is State.ACTIVE
    assert waiting.ends_at is not None
    assert waiting.ends_at > now
    await posted(database, 4)
    now += 14 * DAY
    await opening.step(equipped(database, Mailbox(), now=now, rules=ends), await present(database))
    over = await present(database)
    assert (over.opened_at, over.ended) == (None, 1)
    after = await get(database, row)
    assert (after.state, after.end_event) == (State.ENDING, Event.UNCONFIRMED)


async def test_a_standing_approval_ends_unconfirmed(database: Database) -> None:
    """What waits under it is taken back with it."""
    ends = ReviewRules(ends=True)
    standing = StandingApproval(
        id="standing1",
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id="U0BEN",
        max_length=DAY,
        until=NOON + 900 * DAY,
        created_at=NOON - 100 * DAY,
    )
    await database.run(lambda store: store.standing.put(standing))
    waiting = right(
        2,
        grantee_id="U0BEN",
        state=State.APPROVED,
        standing_id="standing1",
        active_at=None,
        attempted_at=None,
        association_id=None,
    )
    await opened(database, waiting, rules=ends)
    now = NOON
    for _ in range(3):
        now += 14 * DAY
        step = equipped(database, Mailbox(), now=now, rules=ends)
        await opening.step(step, await present(database))
    await posted(database, 3)
    now += 14 * DAY
    await opening.step(equipped(database, Mailbox(), now=now, rules=ends), await present(database))
    held = await database.run(lambda store: store.standing.get("standing1"))
    assert held is not None
    assert held.ended_at == now
    after = await get(database, waiting)
    assert (after.state, after.end_event) == (State.CANCELLED, Event.UNCONFIRMED)


async def test_switched_off(database: Database) -> None:
    """Without REVIEW_EVERY what is open is closed, and nothing is due any more."""
    await opened(database, right())
    off = equipped(database, Mailbox(), rules=ReviewRules(every=None))
    await opening.step(off, await present(database))
    closed = await present(database)
    assert (closed.opened_at, closed.kept, closed.ended) == (None, 0, 0)
    await opening.step(off, closed)
    assert (await present(database)).wake_at is None


async def test_the_end_is_switched_off(database: Database) -> None:
    """Without REVIEW_ENDS nothing ends that was announced before."""
    row = right()
    review = await opened(database, row, rules=ReviewRules(ends=True))
    assert review.ends_at is not None
    now = NOON + 4 * DAY
    await opening.step(equipped(database, Mailbox(), now=now), review)
    assert (await present(database)).ends_at is None


async def test_asked_anew(database: Database) -> None:
    """Where nothing ends and nobody answers, the same review asks again when it is time, also
    about what began since."""
    await opened(database, right())
    now = NOON
    for _ in range(3):
        now += 10 * DAY
        await opening.step(equipped(database, Mailbox(), now=now), await present(database))
    await add(database, right(2, active_at=now - DAY))
    now += 30 * DAY
    await opening.step(equipped(database, Mailbox(), now=now), await present(database))
    again = await present(database)
    assert (again.number, again.messages, again.reminders) == (1, 4, 0)
    found = await database.run(lambda store: store.reviews.asked_about(again, now=now))
    assert len(found) == 2


async def test_what_has_ended_closes_it(database: Database) -> None:
    """The last right of it is revoked: the row is due at once, and the review is over."""
    row = right()
    review = await opened(database, row)
    assert review.wake_at != NOON
    await ending.revoke(desk(database), Actor(TEAM, ADA), row.id)
    due = await present(database)
    assert due.wake_at == NOON
    await opening.step(equipped(database, Mailbox()), due)
    assert (await present(database)).opened_at is None


async def test_kept_page_by_page(database: Database) -> None:
    """More than one message lists are kept in several clicks, each for what was listed."""
    review = await opened(database, *(right(each) for each in range(MOST_AT_ONCE + 3)))
    ada = Actor(TEAM, ADA)
    seen = mark_of_items((await items(database))[:MOST_AT_ONCE])
    done = await replying.keep_all(desk(database), ada, review.id, seen)
    assert (done.kept, done.left) == (MOST_AT_ONCE, 3)
    with pytest.raises(ListChanged):
        await replying.keep_all(desk(database), ada, review.id, seen)
    left = await replying.asked(desk(database), ada, review.id)
    done = await replying.keep_all(desk(database), ada, review.id, mark_of_items(left))
    assert (done.kept, done.left) == (3, 0)
    with pytest.raises(AlreadyDecided):
        await replying.keep_all(desk(database), ada, review.id, seen)
    assert (await present(database)).kept == MOST_AT_ONCE + 3


async def test_ending_always_counts(database: Database) -> None:
    """A right that has another end since the form was opened is ended all the same, but not kept;
    also when the review is over by then."""
    first, second = right(1), right(2)
    review = await opened(database, first, second)
    marks = {each.id: mark_of_item(each) for each in await items(database)}
    for row in (first, second):
        changed = await get(database, row)
        await database.run(
            lambda store, row=changed: store.delegations.apply(  # type: ignore[misc]
                row, Event.EXTEND, now=NOON, ends_at=NOON + 90 * DAY
            )
        )
    said = {
        first.id: Answer(keeps=True, seen=marks[first.id]),
        second.id: Answer(keeps=False, seen=marks[second.id]),
    }
    done = await replying.answer(desk(database), Actor(TEAM, ADA), review.id, said)
    assert (done.kept, done.ended, done.left, done.changed) == (0, 1, 1, 1)
    assert (await get(database, second)).state is State.ENDING
    step = equipped(database, Mailbox(), rules=ReviewRules(every=None))
    await opening.step(step, await present(database))
    late = {first.id: Answer(keeps=False)}
    done = await replying.answer(desk(database), Actor(TEAM, ADA), review.id, late)
    assert (done.ended, done.left) == (1, 0)
    assert (await get(database, first)).state is State.ENDING


async def test_what_ends_soon_by_now_is_ended_at_once(database: Database) -> None:
    """A right that was given so near an end meanwhile that no review asks about it any more is
    still ended by whoever says so in the form, and kept by nobody."""
    first, second = right(1, age=2), right(2, age=2)
    review = await opened(database, right(3), first, second)
    for row in (first, second):
        await database.run(
            lambda store, row=row: store.delegations.apply(  # type: ignore[misc]
                row, Event.EXTEND, now=NOON, ends_at=NOON + DAY
            )
        )
    said = {first.id: Answer(keeps=False), second.id: Answer(keeps=True)}
    done = await replying.answer(desk(database), Actor(TEAM, ADA), review.id, said)
    assert (done.kept, done.ended, done.left, done.changed) == (0, 1, 1, 0)
    assert (await get(database, first)).state is State.ENDING
    assert (await get(database, second)).state is State.ACTIVE


async def test_only_the_grantor_answers(database: Database) -> None:
    """Nobody else, not in another workspace, and nothing that is not theirs."""
    review = await opened(database, right())
    theirs = right(7, grantor_id="U0ELI")
    await add(database, theirs)
    for actor in (Actor(TEAM, "U0BEN"), Actor("T0OTHER", ADA)):
        with pytest.raises(NotYours):
            await replying.asked(desk(database), actor, review.id)
        with pytest.raises(NotYours):
            await replying.keep_all(desk(database), actor, review.id, "")
        with pytest.raises(NotYours):
            await replying.answer(desk(database), actor, review.id, {})
    with pytest.raises(NotKnown):
        await replying.asked(desk(database), Actor(TEAM, ADA), "none")
    forged = {theirs.id: Answer(keeps=False)}
    with pytest.raises(AlreadyDecided):
        await replying.answer(desk(database), Actor(TEAM, ADA), review.id, forged)
    assert (await get(database, theirs)).state is State.ACTIVE
    long = {"right001": Answer(keeps=True, why="x" * 501)}
    with pytest.raises(Refused):
        await replying.answer(desk(database), Actor(TEAM, ADA), review.id, long)
