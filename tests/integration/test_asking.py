"""How a delegation begins, as the use cases see it: what is written, and what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.delegations import asking
from bot.delegations.asking import MOST_AT_ONCE, Terms
from bot.refusals import AlreadyOpen, Outcome, Refused
from bot.store import Database
from bot.store.delegations import Delegations, PairTaken
from bot.store.rows import many
from bot.times.span import Span
from models.delegation import Delegation, Event, State
from models.notice import Notice, NoticeKind, notices
from models.person import Person
from models.policy import (
    LATELY,
    MOST_LATELY_FOR_ONE,
    MOST_OPEN,
    MOST_OPEN_FOR_ONE,
    REASON_LIMIT,
    Policy,
    Refusal,
)
from models.standing import StandingApproval
from tests.integration.books import ADA, BEN, CLEO, Bench, Gone, as_of, bench
from tests.integration.rows import NOON, TEAM, add, cards_of, delegation
from tests.integration.tools import EverybodyIsHere, person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TWO_HOURS = Terms(Span(length=2 * HOUR), "Trade fair")

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Known(EverybodyIsHere):
    """A directory with addresses and zones."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """With an address, in Tokyo."""
        return person(user_id, email=f"{user_id}@example.com", time_zone="Asia/Tokyo")


@pytest.fixture
def stage(database: Database) -> Bench:
    """Everybody is there, in Tokyo, where it is nine in the evening."""
    return bench(database, directory=Known())


def asked(row: Delegation, **changes: Any) -> Delegation:
    """Ben's wish to send as Ada for two hours; in the morning she is reminded."""
    values = {
        "id": row.id,
        "team_id": TEAM,
        "grantor_id": ADA,
        "grantor_zone": "Asia/Tokyo",
        "grantee_id": BEN,
        "grantee_email": f"{BEN}@example.com",
        "requester_id": BEN,
        "reason": "Trade fair",
        "length": 2 * HOUR,
        "state": State.REQUESTED,
        "requested_at": NOON,
        "lapses_at": NOON + 3 * DAY,
        "remind_at": NOON + 12 * HOUR,
        "wake_at": NOON,
        **changes,
    }
    return Delegation(**values)


async def told(stage: Bench) -> list[tuple[NoticeKind, str, str]]:
    """Every notice: its kind, for whom, and about what."""

    def read(connection: Connection) -> list[Notice]:
        return many(connection, Notice, notices.select())

    found: list[Notice] = await stage.database.run_connection(read)
    return [(each.kind, each.recipient, each.subject_id) for each in found]


async def trail(stage: Bench, row: Delegation) -> list[tuple[Event, str | None]]:
    """What has happened to it, and who did it."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return [(each.event, each.actor) for each in history]


async def test_a_request(stage: Bench) -> None:
    """All of the wish is written, and is due at once: its account is looked up first."""
    row = await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)
    assert row == asked(row)
    assert await stage.present(row) == row
    assert await trail(stage, row) == [(Event.REQUEST, BEN)]
    assert stage.woken == 1
    assert await told(stage) == []


async def test_a_request_until_a_day(stage: Bench) -> None:
    """It lapses with the end that was asked for, where that comes first; a start is kept."""
    until, starts = NOON + DAY, NOON + HOUR
    terms = Terms(Span(until=until, starts=starts))
    row = await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=terms)
    assert row == asked(row, reason="", length=None, until=until, starts_at=starts, lapses_at=until)


async def test_a_request_for_somebody(stage: Bench) -> None:
    """The grantee is who was named, and the requester who asks."""
    row = await asking.request(
        stage.desk, as_of(CLEO), grantor_id=ADA, terms=TWO_HOURS, grantee_id=BEN
    )
    assert row == asked(row, requester_id=CLEO)


async def test_to_be_sent_as_oneself_is_a_grant(stage: Bench) -> None:
    """Whoever names themselves as the grantor has agreed."""
    row = await asking.request(
        stage.desk, as_of(ADA), grantor_id=ADA, terms=TWO_HOURS, grantee_id=BEN
    )
    assert row == granted(row)


def granted(row: Delegation, **changes: Any) -> Delegation:
    """Ada's own grant to Ben."""
    values = {
        "requester_id": ADA,
        "state": State.APPROVED,
        "decided_at": NOON,
        "remind_at": None,
        **changes,
    }
    return asked(row, **values)


async def test_a_grant(stage: Bench) -> None:
    """Approved from the start, and due at once."""
    row = await asking.grant(stage.desk, as_of(ADA), grantee_id=BEN, terms=TWO_HOURS)
    assert row == granted(row)
    assert await stage.present(row) == row
    assert await trail(stage, row) == [(Event.GRANT, ADA)]


@pytest.mark.parametrize(
    ("span", "lapses_at"),
    [
        (Span(length=HOUR, starts=NOON + DAY), NOON + 4 * DAY),
        (Span(length=HOUR, starts=NOON - DAY), NOON + 3 * DAY),
        (Span(until=NOON + 2 * DAY, starts=NOON + DAY), NOON + 2 * DAY),
        (Span(forever=True), NOON + 3 * DAY),
    ],
)
async def test_until_when_a_grant_may_begin(stage: Bench, span: Span, lapses_at: datetime) -> None:
    """Three days from its start, and not after its own end."""
    row = await asking.grant(stage.desk, as_of(ADA), grantee_id=BEN, terms=Terms(span))
    assert row.lapses_at == lapses_at


STRICT = Policy(require_reason=True, min_duration=HOUR, pending_ttl=DAY)


async def test_what_the_policy_refuses(database: Database) -> None:
    """Of a request the reason and the length count; of a grant a reason only where there is one."""
    stage = bench(database, policy=STRICT)
    short, bare = Span(length=HOUR / 2), Span(length=HOUR)
    ask, give = asking.request, asking.grant
    for terms, refusal in (
        (Terms(bare), Refusal.REASON_MISSING),
        (Terms(short, "x"), Refusal.TOO_SHORT),
        (Terms(bare, "x" * (REASON_LIMIT + 1)), Refusal.REASON_TOO_LONG),
    ):
        with pytest.raises(Refused) as refused:
            await ask(stage.desk, as_of(BEN), grantor_id=ADA, terms=terms)
        assert refused.value.refusal is refusal
    for terms, refusal in (
        (Terms(short), Refusal.TOO_SHORT),
        (Terms(bare, " "), Refusal.REASON_MISSING),
        (Terms(bare, "x" * (REASON_LIMIT + 1)), Refusal.REASON_TOO_LONG),
    ):
        with pytest.raises(Refused) as refused:
            await give(stage.desk, as_of(ADA), grantee_id=BEN, terms=terms)
        assert refused.value.refusal is refusal
    row = await give(stage.desk, as_of(ADA), grantee_id=BEN, terms=Terms(bare))
    assert row.lapses_at == NOON + DAY


async def test_not_to_oneself(stage: Bench) -> None:
    """Nobody asks themselves, or for a pair of one."""
    desk = stage.desk
    for wish in (
        asking.request(desk, as_of(BEN), grantor_id=BEN, terms=TWO_HOURS),
        asking.grant(desk, as_of(BEN), grantee_id=BEN, terms=TWO_HOURS),
    ):
        with pytest.raises(Refused) as refused:
            await wish
        assert (refused.value.refusal, refused.value.about) == (Refusal.ONESELF, BEN)
    with pytest.raises(Refused) as refused:
        await asking.request(desk, as_of(CLEO), grantor_id=BEN, terms=TWO_HOURS, grantee_id=BEN)
    assert (refused.value.refusal, refused.value.about) == (Refusal.ONESELF, BEN)


class Left(Gone):
    """Slack says so when it is asked."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """As it is known."""
        return person(user_id, is_deactivated=user_id == self._who)


@pytest.mark.parametrize("who", [ADA, BEN, CLEO])
async def test_somebody_has_left(database: Database, who: str) -> None:
    """Each of the three is asked about, and what they have ends at once."""
    stage = bench(database, directory=Left(who))
    theirs = await stage.row(grantor_id="U0DAN", grantee_id=who, requester_id=who)
    with pytest.raises(Refused) as refused:
        await asking.request(
            stage.desk, as_of(CLEO), grantor_id=ADA, terms=TWO_HOURS, grantee_id=BEN
        )
    assert (refused.value.refusal, refused.value.about) == (Refusal.DEACTIVATED, who)
    assert (await stage.present(theirs)).end_event is Event.OFFBOARD


@pytest.mark.parametrize("who", [ADA, BEN])
async def test_nothing_is_granted_to_or_by_whoever_has_left(database: Database, who: str) -> None:
    """Both of the two are asked about."""
    stage = bench(database, directory=Left(who))
    with pytest.raises(Refused) as refused:
        await asking.grant(stage.desk, as_of(ADA), grantee_id=BEN, terms=TWO_HOURS)
    assert (refused.value.refusal, refused.value.about) == (Refusal.DEACTIVATED, who)


async def test_a_pair_that_is_open(stage: Bench) -> None:
    """Whoever asks again is shown what there is."""
    there = await stage.row()
    with pytest.raises(AlreadyOpen) as refused:
        await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)
    assert refused.value.delegation == there


async def test_a_pair_that_is_taken_just_now(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other request commits between the look and the insert: it is shown, too."""
    there = await stage.row()
    looks = iter([None, there, there])
    monkeypatch.setattr(Delegations, "open_for_pair", lambda *_: next(looks))
    with pytest.raises(AlreadyOpen) as refused:
        await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)
    assert refused.value.delegation == there


async def test_a_pair_that_was_free_again(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is there to be shown, nothing is said of it."""
    await stage.row()
    monkeypatch.setattr(Delegations, "open_for_pair", lambda *_: None)
    with pytest.raises(PairTaken):
        await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)


async def test_several_grantors(stage: Bench) -> None:
    """One wish, one bundle, one message; each is accepted or refused by itself, and asked once."""
    there = await stage.row(grantor_id="U0DAN")
    outcomes = await asking.request_from_all(
        stage.desk,
        as_of(BEN),
        grantor_ids=[ADA, "U0DAN", BEN, CLEO, ADA],
        terms=TWO_HOURS,
    )
    assert [each.person_id for each in outcomes] == [ADA, "U0DAN", BEN, CLEO]
    one, taken, oneself, other = outcomes
    assert isinstance(taken.problem, AlreadyOpen)
    assert taken.problem.delegation == there
    assert isinstance(oneself.problem, Refused)
    assert oneself.problem.refusal is Refusal.ONESELF
    bundle = bundled(outcomes)
    assert one.delegation == asked(one.delegation or there, bundle_id=bundle)
    assert other.delegation == asked(other.delegation or there, grantor_id=CLEO, bundle_id=bundle)
    assert await told(stage) == [(NoticeKind.BUNDLE, BEN, bundle)]
    assert stage.woken == 1


def bundled(outcomes: Sequence[Outcome]) -> str:
    """The one bundle of all that was accepted."""
    bundles = {each.delegation.bundle_id for each in outcomes if each.delegation is not None}
    assert len(bundles) == 1
    (bundle,) = bundles
    assert bundle
    return bundle


async def test_several_grantors_for_somebody(stage: Bench) -> None:
    """Each is asked for the grantee who was named."""
    outcomes = await asking.request_from_all(
        stage.desk, as_of(CLEO), grantor_ids=[ADA, "U0DAN"], terms=TWO_HOURS, grantee_id=BEN
    )
    assert [each.delegation and each.delegation.grantee_id for each in outcomes] == [BEN, BEN]
    assert await told(stage) == [(NoticeKind.BUNDLE, CLEO, bundled(outcomes))]


async def test_several_grantees(stage: Bench) -> None:
    """The same for grants: one bundle, one message to the grantor."""
    outcomes = await asking.grant_all(
        stage.desk, as_of(ADA), grantee_ids=[BEN, ADA, CLEO, BEN], terms=TWO_HOURS
    )
    assert [each.person_id for each in outcomes] == [BEN, ADA, CLEO]
    one, oneself, other = outcomes
    assert isinstance(oneself.problem, Refused)
    bundle = bundled(outcomes)
    assert one.delegation == granted(one.delegation or ROW, bundle_id=bundle)
    cleo = {"grantee_id": CLEO, "grantee_email": f"{CLEO}@example.com"}
    assert other.delegation == granted(other.delegation or ROW, bundle_id=bundle, **cleo)
    assert await told(stage) == [(NoticeKind.BUNDLE, ADA, bundle)]


ROW = delegation()


@pytest.mark.parametrize("others", [[], [ADA]])
async def test_one_alone_is_no_bundle(stage: Bench, others: list[str]) -> None:
    """Nor is what is left of a wish when nothing else came of it; nobody is told of a bundle."""
    outcomes = await asking.grant_all(
        stage.desk, as_of(ADA), grantee_ids=[BEN, *others], terms=TWO_HOURS
    )
    row = outcomes[0].delegation
    assert row is not None
    assert (await stage.present(row)).bundle_id is None
    assert (row.bundle_id is None) == (not others)
    assert await told(stage) == []


async def test_nothing_came_of_a_wish(stage: Bench) -> None:
    """Where all is refused nobody is told of a bundle either."""
    await stage.row()
    outcomes = await asking.grant_all(
        stage.desk, as_of(ADA), grantee_ids=[BEN, ADA], terms=TWO_HOURS
    )
    assert [each.delegation for each in outcomes] == [None, None]
    assert await told(stage) == []


async def test_one_of_several_is_taken_just_now(
    stage: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other request commits between the look and the insert: all are looked at again."""
    there = await stage.row()
    real, looks = Delegations.open_for_pair, []

    def look(store: Delegations, *pair: str) -> Delegation | None:
        looks.append(pair)
        return None if len(looks) == 1 else real(store, *pair)

    monkeypatch.setattr(Delegations, "open_for_pair", look)
    outcomes = await asking.grant_all(
        stage.desk, as_of(ADA), grantee_ids=[BEN, CLEO], terms=TWO_HOURS
    )
    assert isinstance(outcomes[0].problem, AlreadyOpen)
    assert outcomes[0].problem.delegation == there
    assert outcomes[1].delegation is not None


async def test_as_many_as_a_wish_may_be_for(stage: Bench) -> None:
    """So many fit; the same one twice is one."""
    people = [f"U{number:08}" for number in range(MOST_AT_ONCE)]
    outcomes = await asking.request_from_all(
        stage.desk, as_of(BEN), grantor_ids=[*people, people[0]], terms=TWO_HOURS
    )
    assert all(each.delegation for each in outcomes)


async def test_who_cannot_be_granted_anything(database: Database) -> None:
    """Oneself, whoever has a right already and whoever may not take part; the others can."""
    stage = bench(database, directory=Left("U0EVE"))
    there = await stage.row()
    await stage.row(grantor_id=CLEO, grantee_id=ADA, requester_id=CLEO)
    people = [BEN, "U0EVE", CLEO, ADA]
    problems = await asking.ungrantable(stage.desk, as_of(ADA), people)
    assert set(problems) == {BEN, "U0EVE", ADA}
    taken, gone, oneself = problems[BEN], problems["U0EVE"], problems[ADA]
    assert isinstance(taken, AlreadyOpen)
    assert taken.delegation == there
    assert isinstance(gone, Refused)
    assert (gone.refusal, gone.about) == (Refusal.DEACTIVATED, "U0EVE")
    assert isinstance(oneself, Refused)
    assert (oneself.refusal, oneself.about) == (Refusal.ONESELF, ADA)


async def crowd(stage: Bench, number: int, **changes: Any) -> None:
    """So many earlier requests of Ben's, to as many people."""
    values = {"grantee_id": BEN, "requester_id": BEN, "requested_at": NOON - DAY, **changes}
    await add(stage.database, *(delegation(**values) for _ in range(number)))


async def refusal(stage: Bench, *, is_grant: bool = False) -> tuple[Refusal, str | None] | None:
    """What Ben's next wish, to or for Ada, is refused for."""
    try:
        if is_grant:
            await asking.grant(stage.desk, as_of(BEN), grantee_id=ADA, terms=TWO_HOURS)
        else:
            await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)
    except Refused as problem:
        return problem.refusal, problem.about
    return None


async def test_so_many_unanswered(stage: Bench) -> None:
    """S3: one too many waits, whoever it is to; a grant leaves nothing open."""
    await crowd(stage, MOST_OPEN)
    assert await refusal(stage) == (Refusal.TOO_MANY_OPEN, ADA)
    assert await refusal(stage, is_grant=True) is None


async def test_so_many_to_one(stage: Bench) -> None:
    """S3: also of those that wait with the same grantor, for whomever they are."""
    for number in range(MOST_OPEN_FOR_ONE):
        await crowd(stage, 1, grantor_id=ADA, grantee_id=f"U{number}")
    assert await refusal(stage) == (Refusal.TOO_MANY_FOR_ONE, ADA)
    assert await refusal(stage, is_grant=True) is None


@pytest.mark.parametrize("is_grant", [False, True])
@pytest.mark.parametrize("before", [LATELY, LATELY - timedelta(seconds=1)])
async def test_so_many_lately(stage: Bench, before: timedelta, *, is_grant: bool) -> None:
    """S3: within an hour one person causes another only so many messages, by grants, too."""
    ended = {"state": State.ENDED, "requested_at": NOON - before}
    await crowd(stage, MOST_LATELY_FOR_ONE, grantor_id=ADA, **ended)
    expected = None if before == LATELY else (Refusal.TOO_OFTEN, ADA)
    assert await refusal(stage, is_grant=is_grant) == expected


async def test_a_third_person_is_not_drowned_either(stage: Bench) -> None:
    """S3: whoever asks for somebody else causes them messages as well."""
    ended = {"state": State.ENDED, "requested_at": NOON}
    await crowd(stage, MOST_LATELY_FOR_ONE, grantor_id=CLEO, **ended)
    with pytest.raises(Refused) as refused:
        await asking.request(
            stage.desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS, grantee_id=CLEO
        )
    assert (refused.value.refusal, refused.value.about) == (Refusal.TOO_OFTEN, CLEO)


async def trust(stage: Bench, **changes: Any) -> StandingApproval:
    """Ada's word for Ben: four hours at a time, this week."""
    values = {
        "id": "s1",
        "team_id": TEAM,
        "grantor_id": ADA,
        "grantee_id": BEN,
        "max_length": 4 * HOUR,
        "until": NOON + 7 * DAY,
        "created_at": NOON,
        **changes,
    }
    standing = StandingApproval(**values)
    await stage.database.run(lambda store: store.standing.put(standing))
    return standing


@pytest.mark.parametrize(
    ("span", "changes"),
    [
        (Span(length=2 * HOUR), {}),
        (Span(length=4 * HOUR), {"length": 4 * HOUR}),
        (
            Span(until=NOON + HOUR),
            {"length": None, "until": NOON + HOUR, "lapses_at": NOON + HOUR},
        ),
        (
            Span(length=HOUR, starts=NOON + 5 * DAY),
            {"length": HOUR, "starts_at": NOON + 5 * DAY, "lapses_at": NOON + 7 * DAY},
        ),
        (
            Span(length=HOUR, starts=NOON + DAY),
            {"length": HOUR, "starts_at": NOON + DAY, "lapses_at": NOON + 4 * DAY},
        ),
    ],
)
async def test_under_a_standing_approval(stage: Bench, span: Span, changes: dict[str, Any]) -> None:
    """S1: what it covers is approved as it is asked; it lapses with the word that covers it."""
    await trust(stage)
    terms = replace(TWO_HOURS, span=span)
    row = await asking.request(stage.desk, as_of(BEN), grantor_id=ADA, terms=terms)
    values = {"requester_id": BEN, "standing_id": "s1", **changes}
    assert row == granted(row, **values)
    assert await stage.present(row) == row
    assert await trail(stage, row) == [(Event.REQUEST, BEN), (Event.APPROVE, ADA)]


@pytest.mark.parametrize(
    ("who", "span"),
    [
        (BEN, Span(length=4 * HOUR + timedelta(seconds=1))),
        (BEN, Span(length=HOUR, starts=NOON + 8 * DAY)),
        (BEN, Span(until=NOON + 8 * DAY)),
        (BEN, Span(forever=True)),
        (CLEO, Span(length=HOUR)),
    ],
)
async def test_beyond_a_standing_approval(stage: Bench, who: str, span: Span) -> None:
    """S1: what is too long, too late or asked by somebody else waits for the grantor."""
    await trust(stage)
    row = await asking.request(
        stage.desk, as_of(who), grantor_id=ADA, terms=Terms(span), grantee_id=BEN
    )
    assert (row.state, row.standing_id) == (State.REQUESTED, None)


async def test_cards_of_a_request(stage: Bench) -> None:
    """The audit channel has its line where there is one."""
    desk = replace(stage.desk, audit_channel="C0AUDIT")
    row = await asking.request(desk, as_of(BEN), grantor_id=ADA, terms=TWO_HOURS)
    assert {each.recipient for each in await cards_of(stage.database, row)} == {
        ADA,
        BEN,
        "C0AUDIT",
    }
