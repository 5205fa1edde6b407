"""K3: a decision from a copy that was claimed earlier is called off when the row has changed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, NotFound, RefusedByClose, RetryLater
from bot.delegations.accounts import GranteeAccount
from bot.delegations.people.eligibility import Look
from bot.delegations.steps import attempts, create, moves, remove, settle
from bot.delegations.steps.attempts import Attempt, Made
from bot.delegations.tools import Tools
from bot.ports import Association, Credential, SendingAccount
from bot.store import Database
from bot.strays import repairs
from models.account import Account
from models.connection import Connection
from models.delegation import Delegation, Event, State, Trouble
from tests.integration.rows import NOON, add, connection, delegation, get
from tests.integration.tools import tools

X = Association("sdas_x", "orga_one", "user_ada", "user_ben")
Y = replace(X, id="sdas_y")
BY_HAND = replace(X, id="sdas_by_hand")
BEN = GranteeAccount("user_ben", "Ben, ben@example.com", is_proven=True)
CREDENTIAL = Credential("secret")


@dataclass
class Close:
    """A Close that holds these; ``before`` happens while it is asked."""

    held: list[Association] = field(default_factory=list)
    before: Callable[[], Awaitable[object]] | None = None
    refusal: RefusedByClose | None = None

    async def associations(self, _: Credential, **_filters: object) -> Sequence[Association]:
        """All."""
        await self._happens()
        return list(self.held)

    async def association(self, _: Credential, wanted: str, **_urgent: object) -> Association:
        """The one with this id."""
        for each in self.held:
            if each.id == wanted:
                return each
        raise NotFound(CloseProblem.NOT_FOUND, status=404)

    async def create_association(self, _: Credential, *_pair: str) -> Association:
        """X, or a refusal."""
        await self._happens()
        if self.refusal is not None:
            raise self.refusal
        self.held.append(X)
        return X

    async def delete_association(self, _: Credential, wanted: str) -> None:
        """Confirmed, whatever was there."""
        await self._happens()
        self.held = [each for each in self.held if each.id != wanted]

    async def sending_accounts(self, *_: object) -> Sequence[SendingAccount]:
        """One, with Ada's address."""
        return [SendingAccount("emailacct_1", "user_ada", ("ada@example.com",))]

    async def _happens(self) -> None:
        before, self.before = self.before, None
        if before is not None:
            await before()


@dataclass
class Session:
    """Asks Close as Ada."""

    connection: Connection

    @property
    def account(self) -> Account:
        """Ada's."""
        return self.connection.account

    async def call(self, ask: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Ask at once."""
        return await ask(CREDENTIAL, *args, **kwargs)


@dataclass
class Connections:
    """Ada's, always."""

    held: Connection

    async def open(self, *_: str) -> Session:
        """Whoever is asked for."""
        return Session(self.held)

    async def opened(self, _: Connection | None) -> Session:
        """Whatever was read."""
        return Session(self.held)


@dataclass
class Stage:
    """Ada and Ben, one row, and a Close."""

    database: Database
    close: Close
    tools: Tools
    row: Delegation
    session: Any

    async def now(self) -> Delegation:
        """The row as it is stored."""
        return await get(self.database, self.row)

    async def attempt(self, row: Delegation) -> Attempt:
        """Write down that Close is asked for it."""
        (made,) = await self.written(self.tools, row)
        return made

    async def written(self, tools: Tools, row: Delegation) -> Sequence[Attempt]:
        """The same by whoever has these tools; none when it is too early."""
        wanted = [(row, BEN)]
        return await attempts.written(tools, self.session, wanted, "ada@example.com", Look())


@pytest.fixture
async def stage(database: Database) -> Stage:
    """An approved row that two processes have claimed, one after the other."""
    ada, ben = connection(), connection(slack_user_id="U0BEN")
    ben = replace(ben, account=replace(ben.account, close_user_id="user_ben"))
    row = delegation(state=State.APPROVED, grantor_id="U0ADA", grantee_id="U0BEN", wake_at=NOON)
    await add(database, row)
    for each in (ada, ben):
        await _put(database, each)
    close = Close()
    held: Any = Connections(ada)
    return Stage(database, close, tools(database, connections=held, close=close), row, Session(ada))


async def _put(database: Database, held: Connection) -> None:
    await database.run(lambda store: store.connections.put(held))


async def test_what_another_process_made_did_not_exist_before(stage: Stage) -> None:
    """The first, long paused, attempts and makes it while the second looks: its "existed before"
    comes from an older copy, and fails nothing."""

    async def the_first_goes_on() -> None:
        attempt = await stage.attempt(stage.row)
        stage.close.held.append(X)
        await attempts.activate(stage.tools, [Made(attempt.row, X, is_answer=True)])

    stage.close.before = the_first_goes_on
    await create.step(stage.tools, stage.row)
    stored = await stage.now()
    assert (stored.state, stored.association_id) == (State.ACTIVE, X.id)


async def test_what_another_process_is_making_is_not_failed(stage: Stage) -> None:
    """The same while the first still waits for Close's answer: the attempt stands, with its lease,
    and the answer makes it active."""
    found: list[Attempt] = []

    async def the_first_goes_on() -> None:
        found.append(await stage.attempt(stage.row))
        stage.close.held.append(X)

    stage.close.before = the_first_goes_on
    await create.step(stage.tools, stage.row)
    assert (await stage.now()).state is State.APPROVED
    await attempts.activate(stage.tools, [Made(found[0].row, X, is_answer=True)])
    stored = await stage.now()
    assert (stored.state, stored.association_id) == (State.ACTIVE, X.id)


@pytest.mark.parametrize("event", [Event.LAPSE, Event.FAIL])
async def test_what_was_attempted_meanwhile_is_not_given_up(stage: Stage, event: Event) -> None:
    """A copy in which Close was never asked neither lapses nor fails what Close was asked for."""
    await stage.attempt(stage.row)
    await moves.move(stage.tools, stage.row, event)
    assert (await stage.now()).state is State.APPROVED


async def test_an_old_copy_makes_no_second_attempt(stage: Stage) -> None:
    """Of two who attempt the same create one does."""
    await stage.attempt(stage.row)
    assert not await stage.written(stage.tools, stage.row)


@pytest.mark.parametrize("seconds", [7, 0, -3])
async def test_a_refusal_undoes_only_its_own_attempt(stage: Stage, seconds: int) -> None:
    """The first attempt was refused long after the second one was written down, at another moment,
    at the same, or by a process whose clock is behind: what the second may do is not forgotten."""
    first = await stage.attempt(stage.row)
    second = await _again(stage, first.row, NOON + timedelta(seconds=seconds))
    assert not await attempts.had_no_effect(stage.tools, [first])
    stored = await stage.now()
    assert stored.attempted_at == second.row.attempted_at
    assert stored.is_unclear


async def _again(stage: Stage, row: Delegation, moment: datetime) -> Attempt:
    later = replace(stage.tools, now=lambda: moment)
    (made,) = await stage.written(later, row)
    return made


async def test_a_third_create_waits_for_the_first_two(stage: Stage) -> None:
    """Two that were not answered may both take effect: there is no third one before they cannot,
    and they are looked for meanwhile."""
    row = stage.row
    for seconds in (0, 7):
        row = (await _again(stage, row, NOON + timedelta(seconds=seconds))).row
    early, late = NOON + timedelta(seconds=66), NOON + timedelta(seconds=67)
    waiting = replace(stage.tools, now=lambda: early)
    assert not await stage.written(waiting, row)
    assert (await stage.now()).wake_at == late
    third = await _again(stage, await stage.now(), late)
    assert not third.row.is_unclear


async def test_two_who_wait_for_the_same_moment(stage: Stage) -> None:
    """Who was paused waits for what another process waits for already: nothing is left to write."""
    for _ in range(2):
        await moves.wait_until(
            stage.tools, stage.row, NOON + timedelta(minutes=1), trouble=None, counts=False
        )
    assert (await stage.now()).wake_at == NOON + timedelta(minutes=1)


async def test_an_attempt_that_had_no_effect_leaves_the_one_before(stage: Stage) -> None:
    """Close refused the second of two attempts: the first may still take effect, and no more."""
    first = await stage.attempt(stage.row)
    second = await _again(stage, first.row, NOON + timedelta(seconds=7))
    (left,) = await attempts.had_no_effect(stage.tools, [second])
    assert left.attempted_at == first.row.attempted_at
    assert left.is_unanswered
    assert not left.is_unclear
    assert left == await stage.now()


async def test_an_attempt_that_had_no_effect_is_forgotten(stage: Stage) -> None:
    """Afterwards it is a first one again; an old copy of it decides nothing."""
    made = await stage.attempt(stage.row)
    (again,) = await attempts.had_no_effect(stage.tools, [made])
    assert (again.attempted_at, again.arrives_until) == (None, None)
    await moves.fail(stage.tools, made.row, Trouble.CLOSE_INVALID)
    assert (await stage.now()).state is State.APPROVED


@pytest.mark.parametrize("is_over", [False, True])
async def test_what_was_found_meanwhile_is_still_taken_back(stage: Stage, is_over: bool) -> None:
    """Another process has taken what Close holds for the effect of an attempt. That it had none
    is no reason to forget that something is to be taken back there."""
    made = await stage.attempt(stage.row)
    if is_over:
        await _revoke(stage)
    await attempts.activate(stage.tools, [Made(made.row, X, is_answer=False)])
    assert not await attempts.had_no_effect(stage.tools, [made])
    stored = await stage.now()
    assert (stored.attempted_at, stored.association_id) == (made.row.attempted_at, X.id)


@pytest.mark.parametrize("is_over", [False, True])
async def test_nothing_is_found_for_what_close_refused(stage: Stage, is_over: bool) -> None:
    """Another process found an association for an attempt that Close, as is known by now, has
    refused: somebody else made it, so it is not taken over, nor taken away at a revocation."""
    made = await stage.attempt(stage.row)
    if is_over:
        await _revoke(stage)
    await attempts.had_no_effect(stage.tools, [made])
    before = await stage.now()
    await attempts.activate(stage.tools, [Made(made.row, X, is_answer=False)])
    assert await stage.now() == before


async def test_nothing_reappears_for_what_close_refused(stage: Stage) -> None:
    """The same where all was over, and a comparison had looked before the refusal was known: the
    end stands, and what is there is left alone."""
    made = await stage.attempt(stage.row)
    await _revoke(stage)
    await moves.move(stage.tools, await stage.now(), Event.CONFIRM)
    seen = await stage.now()
    await attempts.had_no_effect(stage.tools, [made])
    stage.close.held.append(X)
    await repairs.end_again(stage.tools, stage.session, seen, X)
    assert (await stage.now()).state is State.ENDED
    assert stage.close.held == [X]


async def _revoke(stage: Stage) -> None:
    present = await stage.now()
    await stage.database.run(
        lambda store: store.delegations.apply(present, Event.REVOKE, now=NOON, ended_at=NOON)
    )


async def test_a_paused_process_does_not_ask_any_more(stage: Stage) -> None:
    """What was written down too long ago is called off: by now another one may have asked."""
    made = await stage.attempt(stage.row)
    late = replace(stage.tools, now=lambda: NOON + attempts.SENT_WITHIN * 2)
    with pytest.raises(RetryLater):
        await attempts.asked(late, stage.session, made)
    assert not stage.close.held


async def test_a_late_answer_of_an_ended_one(stage: Stage) -> None:
    """K5: the answer comes when all is over: its id is kept, and Close is compared at once."""
    made = await stage.attempt(stage.row)
    over = {"end_event": Event.REVOKE, "ended_at": NOON}
    await moves.move(stage.tools, made.row, Event.REVOKE, **over)
    await moves.move(stage.tools, await stage.now(), Event.CONFIRM)
    await attempts.activate(stage.tools, [Made(made.row, X, is_answer=True)])
    stored = await stage.now()
    assert (stored.state, stored.association_id) == (State.ENDED, X.id)
    planned = await stage.database.run(lambda store: store.comparisons.get("T0TEAM", "U0ADA"))
    assert planned is not None
    assert planned.wake_at == NOON


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_guess_is_said_to_be_one(stage: Stage, is_over: bool) -> None:
    """F4: what is found for a create that was not answered was taken over, also when the right was
    revoked meanwhile, or when all was over and a comparison found it."""
    made = await stage.attempt(stage.row)
    over = {"end_event": Event.REVOKE, "ended_at": NOON}
    await moves.move(stage.tools, made.row, Event.REVOKE, **over)
    if is_over:
        await moves.move(stage.tools, await stage.now(), Event.CONFIRM)
        await repairs.end_again(stage.tools, stage.session, await stage.now(), X)
    else:
        await attempts.activate(stage.tools, [Made(made.row, X, is_answer=False)])
    stored = await stage.now()
    assert (stored.state, stored.association_id) == (State.ENDING, X.id)
    assert stored.is_taken_over


@pytest.mark.parametrize("state", [State.ACTIVE, State.ENDING])
async def test_the_answer_to_another_attempt(stage: Stage, state: State) -> None:
    """K5: one attempt was found, and another one is answered later: there are two by now, so the
    row is looked at at once."""
    made = await stage.attempt(stage.row)
    await attempts.activate(stage.tools, [Made(made.row, Y, is_answer=False)])
    if state is State.ENDING:
        await moves.move(stage.tools, await stage.now(), Event.REVOKE)
    await attempts.activate(stage.tools, [Made(made.row, X, is_answer=True)])
    stored = await stage.now()
    assert (stored.state, stored.association_id, stored.surplus_id) == (state, Y.id, X.id)
    assert stored.is_unclear
    assert stored.wake_at == NOON


async def _made_twice(stage: Stage) -> Delegation:
    """Both attempts were answered, and somebody made a third one by hand before either."""
    first = await stage.attempt(stage.row)
    second = await _again(stage, first.row, NOON + timedelta(seconds=7))
    stage.close.held = [BY_HAND, Y, X]
    await attempts.activate(stage.tools, [Made(first.row, Y, is_answer=True)])
    await attempts.activate(stage.tools, [Made(second.row, X, is_answer=True)])
    return await stage.now()


async def test_of_two_answers_one_is_taken_away_by_its_id(stage: Stage) -> None:
    """K5: both creates were answered, so both ids are known to be ours: the second is taken away,
    and not what somebody made by hand, although Close lists that first. Nothing is left to ask."""
    twice, later = await _made_twice(stage), NOON + timedelta(hours=1)
    await stage.database.run(lambda store: store.comparisons.plan("T0TEAM", "U0ADA", now=later))
    await settle.step(stage.tools, twice)
    planned = await stage.database.run(lambda store: store.comparisons.get("T0TEAM", "U0ADA"))
    assert planned is not None
    assert planned.wake_at == later
    stored = await stage.now()
    assert (stored.association_id, stored.surplus_id, stored.is_unclear) == (Y.id, None, False)
    assert stage.close.held == [BY_HAND, Y]


async def test_what_is_left_after_a_guess_is_asked_about(stage: Stage) -> None:
    """One of two creates was never answered, and Close holds two more than the known one: one is
    taken away, which may be the wrong one, so Close is compared at once."""
    first = await stage.attempt(stage.row)
    second = await _again(stage, first.row, NOON + timedelta(seconds=7))
    stage.close.held = [BY_HAND, Y, X]
    await attempts.activate(stage.tools, [Made(second.row, X, is_answer=True)])
    later = NOON + timedelta(minutes=2)
    await stage.database.run(
        lambda store: store.comparisons.plan("T0TEAM", "U0ADA", now=later + timedelta(hours=1))
    )
    late = replace(stage.tools, now=lambda: later)
    await settle.step(late, await stage.now())
    assert (len(stage.close.held), (await stage.now()).is_unclear) == (2, False)
    planned = await stage.database.run(lambda store: store.comparisons.get("T0TEAM", "U0ADA"))
    assert planned is not None
    assert planned.wake_at == later


async def test_both_of_two_answers_end_by_their_ids(stage: Stage) -> None:
    """The same when the right is revoked before: both go, one after the other, and what is left
    is said to be somebody else's."""
    await _made_twice(stage)
    await _revoke(stage)
    late = replace(stage.tools, now=lambda: NOON + timedelta(minutes=5))
    while (over := await stage.now()).state is State.ENDING:
        await remove.step(late, over)
    assert (over.state, over.has_twin, over.is_taken_over) == (State.ENDED, True, False)
    assert stage.close.held == [BY_HAND]


async def test_an_end_is_not_confirmed_from_an_old_copy(stage: Stage) -> None:
    """While the second looked, and saw nothing, the first got its answer: there is something to
    delete by now."""
    made = await stage.attempt(stage.row)
    await moves.move(stage.tools, made.row, Event.REVOKE, ended_at=NOON)
    ending = await stage.now()
    late = replace(stage.tools, now=lambda: NOON + timedelta(hours=1))

    async def the_first_is_answered() -> None:
        await attempts.activate(stage.tools, [Made(made.row, X, is_answer=True)])

    stage.close.before = the_first_is_answered
    await remove.step(late, ending)
    stored = await stage.now()
    assert (stored.state, stored.association_id) == (State.ENDING, X.id)


async def test_an_extended_right_is_not_removed_by_a_comparison(stage: Stage) -> None:
    """What a comparison saw belongs to the row as it was then."""
    made = await stage.attempt(stage.row)
    await attempts.activate(stage.tools, [Made(made.row, X, is_answer=True)])
    seen = await stage.now()
    await moves.move(stage.tools, seen, Event.EXTEND, ends_at=NOON + timedelta(days=1))
    await repairs.removed_in_close(stage.tools, seen, [])
    assert (await stage.now()).state is State.ACTIVE


async def test_a_twin_that_was_faster_is_left_alone(stage: Stage) -> None:
    """The refusal of a first attempt, and somebody else's right: decided from the row as it is
    once the attempt is forgotten."""
    stage.close.refusal = RefusedByClose(CloseProblem.EXISTS, status=400)

    async def somebody_is_faster() -> None:
        stage.close.before = somebody_is_faster_now

    async def somebody_is_faster_now() -> None:
        stage.close.held.append(Y)

    stage.close.before = somebody_is_faster
    await create.step(stage.tools, stage.row)
    stored = await stage.now()
    assert (stored.state, stored.trouble) == (State.FAILED, Trouble.EXISTED_BEFORE)
    assert stage.close.held == [Y]


async def test_who_was_refused_keeps_the_others_lease(stage: Stage) -> None:
    """The first attempt had no effect, as Close says late; the second is under way by then, and
    nobody else may claim the row meanwhile."""
    first = await stage.attempt(stage.row)
    later = NOON + timedelta(seconds=30)
    second = replace(stage, tools=replace(stage.tools, now=lambda: later))
    await second.attempt(await stage.now())
    lease = timedelta(seconds=6)
    await stage.database.run(
        lambda store: store.delegations.due.claim(now=later, lease=lease, limit=9)
    )
    assert await attempts.had_no_effect(stage.tools, [first]) == []
    assert (await stage.now()).leased_until is not None
