"""A life in random steps: people, Close, Slack, the time, and two processes that overtake each
other at any gate."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, func, make_url, select, text
from structlog.testing import capture_logs

from bot.clock import worker
from bot.connections import flow, leaving, sessions
from bot.connections.vault import owner
from bot.delegations import asking, deciding, ending, extending
from bot.delegations.asking import Terms
from bot.delegations.people import departures
from bot.desk import Actor, Desk
from bot.ports import TokenAnswer
from bot.store import Database
from bot.store.database import GO_ON_AT_ONCE, Backend
from bot.store.pace import Pace
from bot.store.postgres import PostgresBackend
from bot.times.span import Span
from models import base
from models.account import Account
from models.base import metadata
from models.connection import ConnectState
from models.delegation import Delegation, Event, State
from models.mark import mark_of, mark_of_leaving
from models.person import Departure
from sandbox.close.unknowns import Bulk, DeleteGone, DuplicateCreate
from sandbox.people import ADA, BEN, CLEO, ORGANIZATION_ID, TEAM_ID, SandboxPerson
from tests.machine.gates import FrozenLoop
from tests.machine.outside import Fault, Town
from tests.machine.process import Process
from tests.machine.promises import Books, Close, check, check_over, check_told, read_books

Answer = TypeVar("Answer")

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
PAIRS = ((ADA, BEN), (ADA, CLEO), (CLEO, BEN))
GRANTORS = (ADA, CLEO)
PEOPLE = (ADA, BEN, CLEO)
LENGTHS = (timedelta(minutes=5), timedelta(hours=1), None)
WAITS = tuple(
    timedelta(seconds=each) for each in (1, 7, 20, 70, 5 * 60, 31 * 60, 3600, 6 * 3600 + 60)
)
LEASE = timedelta(days=1)  # by the clock of the machine: it runs out when the life says so
MOST_MOMENTS = 400
MOST_PASSES = 60
CLICKED: dict[str, frozenset[Event]] = {
    "ask": frozenset({Event.REQUEST}),
    "grant": frozenset({Event.GRANT}),
    "approve": frozenset({Event.APPROVE}),
    "deny": frozenset({Event.DENY}),
    "cancel": frozenset({Event.CANCEL, Event.RELEASE}),
    "release": frozenset({Event.CANCEL, Event.RELEASE}),
    "revoke": frozenset({Event.REVOKE, Event.CANCEL, Event.DENY}),
    "extend": frozenset({Event.EXTEND, Event.ASK_EXTENSION}),
    "approve extension": frozenset({Event.EXTEND}),
    "decline extension": frozenset({Event.DECLINE_EXTENSION}),
}


class Numbered:
    """In place of :mod:`secrets`: ids in the order in which they are made."""

    def __init__(self) -> None:
        self._made = 0

    def token_urlsafe(self, _length: int) -> str:
        """The next one."""
        self._made += 1
        return f"id{self._made:020}"


class Stage:
    """What outlives a life: the loop, the connections to PostgreSQL, and the figures."""

    def __init__(self, url: str) -> None:
        self.loop = FrozenLoop()
        self.figures: Counter[str] = Counter()
        self.logs: list[Any] = []
        self.viewer = Database(url)
        self.backends: list[Backend] = [
            PostgresBackend(make_url(url), Pace(GO_ON_AT_ONCE)) for _ in range(2)
        ]

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """To its end; what stands at gates stays there."""
        return self.loop.run_until_complete(work)

    def note(self, what: str) -> None:
        """Count a gate."""
        self.figures["gates"] += 1
        self.figures[what.split(maxsplit=1)[0]] += 1

    async def empty(self) -> None:
        """No rows in any table, nor anything that was left of them: what a statement returns in no
        order comes in the order in which it lies there."""
        tables = ", ".join(table.name for table in metadata.sorted_tables)

        def work(connection: Connection) -> None:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))

        await self.viewer.run_connection(work)

    async def close(self) -> None:
        """Close all connections."""
        await self.viewer.dispose()
        for each in self.backends:
            await each.dispose()


@contextmanager
def open_stage(url: str) -> Iterator[Stage]:
    """A stage on a migrated PostgreSQL, where leases last until a life ends them."""
    with (
        mock.patch.object(worker, "LEASE", LEASE),
        mock.patch.object(sessions, "REFRESH_LEASE", LEASE),
        capture_logs() as logs,
    ):
        stage = Stage(url)
        stage.logs = logs
        asyncio.set_event_loop(stage.loop)
        try:
            yield stage
        finally:
            stage.run(stage.close())
            asyncio.set_event_loop(None)
            stage.loop.close()


class Life(RuleBasedStateMachine):
    """See the module; :attr:`stage` is set by whoever plays it."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.is_sound = True
        self.town = Town(START)
        self.trace: list[str] = []
        self.marks: dict[str, list[str]] = {}
        self.left: set[str] = set()
        self.stage.logs.clear()
        self._numbered = mock.patch.object(base, "secrets", Numbered())
        self._numbered.start()
        self.run(self.stage.empty())
        self.processes = self.run(self._processes())
        self.stage.figures["lives"] += 1

    async def _processes(self) -> list[Process]:
        return [self._process(number) for number in range(2)]

    def _process(self, number: int) -> Process:
        def note(what: str) -> None:
            self.stage.note(what)
            self.trace.append(f"{self.town.now:%H:%M:%S} {'AB'[number]} {what}")

        return Process(self.town, self.stage.backends[number], number, note)

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Play it; a life in which something was wrong is not played to its end."""
        self.is_sound = False
        found = self.stage.run(work)
        self.is_sound = True
        return found

    def click(
        self,
        place: tuple[int, bool],
        verb: str,
        who: str,
        act: Callable[[Desk], Coroutine[Any, Any, Any]],
    ) -> None:
        """Somebody clicks, at one of the processes: at once, or as far as the first gate."""
        number, at_once = place
        self.stage.figures["clicks"] += 1
        self.run(self.processes[number].click(verb, who, act, at_once=at_once))

    def books(self) -> Books:
        """What is stored."""
        return self.run(read_books(self.stage.viewer))

    def one(self, which: int, *states: State) -> Delegation | None:
        """One of those in these states."""
        found = [each for each in self.books().delegations if each.state in states]
        return found[which % len(found)] if found else None

    def held(self) -> Close:
        """What Close holds."""
        journal = self.town.journal
        deleted = journal.foreign_deletes
        return Close(self.town.held(), journal.made, journal.removed_by_hand, deleted)

    places = st.tuples(st.integers(0, 1), st.booleans())
    anyone = st.integers(0, 7)

    @initialize(
        duplicate=st.sampled_from(DuplicateCreate),
        gone=st.sampled_from(DeleteGone),
        bulk=st.sampled_from(Bulk),
        lag=st.sampled_from((0, 3, 10)),
        connected=st.sampled_from((GRANTORS, PEOPLE, (ADA,))),
        are_approved=st.sampled_from((True, False)),
        troubles=st.lists(st.sampled_from(Fault), max_size=2),
    )
    def begin(
        self,
        *,
        duplicate: DuplicateCreate,
        gone: DeleteGone,
        bulk: Bulk,
        lag: int,
        connected: Sequence[SandboxPerson],
        are_approved: bool,
        troubles: Sequence[Fault],
    ) -> None:
        """Close's unknowns are chosen, and some are connected."""
        unknowns = self.town.close.unknowns
        unknowns.duplicate_create, unknowns.delete_gone, unknowns.bulk = duplicate, gone, bulk
        self.town.close.set_read_lag(timedelta(seconds=lag))
        for person in connected:
            self.run(self._connect(person, 0, at_once=True))
        for pair in PAIRS:
            self.ask((0, True), pair, LENGTHS[1])
        self.run(self._both(random.Random(lag)))  # noqa: S311 - as below
        for each in self.books().delegations if are_approved else ():
            actor, seen = Actor(TEAM_ID, each.grantor_id), mark_of(each)
            approve = partial(deciding.approve, actor=actor, delegation_id=each.id, seen=seen)
            self.click((0, True), "approve", actor.user_id, approve)
        self.town.faults += troubles
        if are_approved and troubles:
            self.both(len(troubles))

    @rule(place=places, pair=st.sampled_from(PAIRS), length=st.sampled_from(LENGTHS))
    def ask(
        self,
        place: tuple[int, bool],
        pair: tuple[SandboxPerson, SandboxPerson],
        length: timedelta | None,
    ) -> None:
        """The grantee asks."""
        grantor, grantee = pair
        terms = Terms(Span(length=length, forever=length is None))
        actor = Actor(TEAM_ID, grantee.id)
        self.click(
            place,
            "ask",
            grantee.id,
            lambda desk: asking.request(desk, actor, grantor_id=grantor.id, terms=terms),
        )

    @rule(place=places, pair=st.sampled_from(PAIRS), length=st.sampled_from(LENGTHS))
    def grant(
        self,
        place: tuple[int, bool],
        pair: tuple[SandboxPerson, SandboxPerson],
        length: timedelta | None,
    ) -> None:
        """The grantor gives it unasked."""
        grantor, grantee = pair
        terms = Terms(Span(length=length, forever=length is None))
        actor = Actor(TEAM_ID, grantor.id)
        self.click(
            place,
            "grant",
            grantor.id,
            lambda desk: asking.grant(desk, actor, grantee_id=grantee.id, terms=terms),
        )

    @rule(place=places, which=anyone, no=st.integers(0, 5), is_old=st.integers(0, 5))
    def answer(self, place: tuple[int, bool], which: int, no: int, is_old: int) -> None:
        """The grantor answers what they read now, or what they read before."""
        found = self.one(which, State.REQUESTED, State.APPROVED)
        if found is None:
            return
        actor, seen = Actor(TEAM_ID, found.grantor_id), self._mark(found, is_old=is_old == 5)
        act = deciding.deny if no == 5 else deciding.approve
        verb = "deny" if no == 5 else "approve"
        self.click(place, verb, actor.user_id, lambda desk: act(desk, actor, found.id, seen))

    @rule(place=places, which=anyone, verb=st.sampled_from(("cancel", "release", "revoke")))
    def end(self, place: tuple[int, bool], which: int, verb: str) -> None:
        """One of the two ends it, whatever it is."""
        found = self.one(which, State.REQUESTED, State.APPROVED, State.ACTIVE, State.ENDING)
        if found is None:
            return
        who = found.grantor_id if verb == "revoke" else found.grantee_id
        act = {"cancel": ending.cancel, "release": ending.release, "revoke": ending.revoke}[verb]
        actor = Actor(TEAM_ID, who)
        self.click(place, verb, who, lambda desk: act(desk, actor, found.id))

    @rule(place=places, which=anyone, by_grantor=st.booleans(), is_old=st.integers(0, 5))
    def extend(self, place: tuple[int, bool], which: int, by_grantor: bool, is_old: int) -> None:
        """One of the two wants more time."""
        found = self.one(which, State.ACTIVE)
        if found is None:
            return
        who = found.grantor_id if by_grantor else found.grantee_id
        actor, seen = Actor(TEAM_ID, who), self._mark(found, is_old=is_old == 5)
        more = Span(length=timedelta(hours=1))
        self.click(
            place, "extend", who, lambda desk: extending.extend(desk, actor, found.id, seen, more)
        )

    @rule(place=places, which=anyone, yes=st.booleans(), is_old=st.integers(0, 5))
    def answer_extension(self, place: tuple[int, bool], which: int, yes: bool, is_old: int) -> None:
        """The grantor says whether there is more time."""
        found = self.one(which, State.ACTIVE)
        if found is None:
            return
        actor, seen = Actor(TEAM_ID, found.grantor_id), self._mark(found, is_old=is_old == 5)
        act = extending.approve_extension if yes else extending.decline_extension
        verb = f"{'approve' if yes else 'decline'} extension"
        self.click(place, verb, actor.user_id, lambda desk: act(desk, actor, found.id, seen))

    @rule(place=places, who=st.sampled_from(PEOPLE))
    def connect(self, place: tuple[int, bool], who: SandboxPerson) -> None:
        """Somebody comes back from Close's consent page."""
        number, at_once = place
        self.run(self._connect(who, number, at_once=at_once))

    async def _connect(self, who: SandboxPerson, number: int, *, at_once: bool) -> None:
        tokens = self.town.close.connect(who)
        process = self.processes[number]
        connections = process.workshop.connections

        async def connect(desk: Desk) -> None:
            answer = TokenAnswer(
                access_token=tokens["access_token"],
                refresh_token=tokens["refresh_token"],
                expires_in=tokens["expires_in"],
                user_id=tokens["user_id"],
                organization_id=ORGANIZATION_ID,
            )
            whose = owner(TEAM_ID, who.id, answer.user_id)
            account = Account(
                close_user_id=answer.user_id,
                organization_id=ORGANIZATION_ID,
                email=who.email,
                name=who.name,
                is_api_key=False,
                secret=connections.seal(answer, whose),
                access_expires_at=connections.expiry(answer),
            )
            started = ConnectState(
                state_hash="",
                browser_hash="",
                team_id=TEAM_ID,
                slack_user_id=who.id,
                expires_at=desk.now(),
            )
            await flow._connect(desk, started, account, None, is_admitted=True)

        await process.click("connect", who.id, connect, at_once=at_once)

    @rule(place=places, who=st.sampled_from(GRANTORS))
    def disconnect(self, place: tuple[int, bool], who: SandboxPerson) -> None:
        """Somebody gives their connection up, and reads what ends with it."""
        actor = Actor(TEAM_ID, who.id)

        async def leave(desk: Desk) -> None:
            standing = await leaving.standing_of(desk, actor)
            account = standing.connection.account if standing.connection else None
            seen = mark_of_leaving(account, standing.dependents) if account else ""
            await leaving.leave(desk, actor, seen)

        self.click(place, "disconnect", who.id, leave)

    @rule(place=places, who=st.sampled_from(PEOPLE), is_heard=st.booleans(), dice=st.integers(0, 2))
    def leave(self, place: tuple[int, bool], who: SandboxPerson, is_heard: bool, dice: int) -> None:
        """Somebody leaves; the event that says so can be lost."""
        if dice != 2:
            return
        self.left.add(who.id)
        self.town.slack.change_unheard(who, deleted=True)
        if is_heard:
            self.click(
                place,
                "leave",
                who.id,
                lambda desk: departures.offboard(desk, TEAM_ID, who.id, Departure.LEFT),
            )

    @precondition(lambda self: self.left)
    @rule(place=places, who=st.sampled_from(PEOPLE))
    def come_back(self, place: tuple[int, bool], who: SandboxPerson) -> None:
        """Somebody is back."""
        if self.town.slack.workspace.people[who.id].deleted:
            self.town.slack.change_unheard(who, deleted=False)
            self.click(
                place, "come back", who.id, lambda desk: departures.come_back(desk, TEAM_ID, who.id)
            )

    @rule(pair=st.sampled_from(PAIRS), makes=st.booleans())
    def by_hand(self, pair: tuple[SandboxPerson, SandboxPerson], makes: bool) -> None:
        """Somebody makes or removes an association in Close itself."""
        journal, close = self.town.journal, self.town.close
        self.trace.append(f"by hand: {pair[0].handle} {pair[1].handle} {makes}")
        if makes and close.find(*pair) is None:
            journal.by_hand.add(close.allow(*pair).id)
        elif not makes:
            before = set(self.town.held())
            close.remove(*pair)
            journal.removed_by_hand |= before - set(self.town.held())

    @rule(fault=st.sampled_from(Fault), times=st.integers(1, 3))
    def close_trouble(self, fault: Fault, times: int) -> None:
        """The next few writes at Close go wrong."""
        self.town.faults += [fault] * times

    @rule(fault=st.sampled_from(Fault))
    def slack_trouble(self, fault: Fault) -> None:
        """The next message goes wrong."""
        self.town.slack_faults.append(fault)

    @rule(dice=st.integers(0, 3))
    def close_goes_away(self, dice: int) -> None:
        """Close cannot be reached, or can be again."""
        self.town.is_close_down = dice == 3

    @rule(number=st.integers(0, 1))
    def look(self, number: int) -> None:
        """A process begins to look for what is due."""
        self.run(self._look(number))

    async def _look(self, number: int) -> None:
        await self.processes[number].begin_pass(await self._due())

    @precondition(lambda self: any(each.is_busy for each in self.processes))
    @rule(number=st.integers(0, 1), times=st.integers(1, 6), place=st.integers(0, 3))
    def step(self, number: int, times: int, place: int) -> None:
        """A process goes on for so many gates."""

        async def go_on() -> None:
            for _ in range(times):
                if self.processes[number].is_busy:
                    await self.processes[number].step(place)

        self.run(go_on())

    @rule(seed=st.integers(0, 2**16))
    def both(self, seed: int) -> None:
        """Both look for what is due, and do it at the same time, in an order that the seed says."""
        self.run(self._both(random.Random(seed)))  # noqa: S311 - plays, keeps no secret

    async def _both(self, dice: random.Random) -> None:
        due = await self._due()
        for process in self.processes:
            await process.begin_pass(due)
        while busy := [each for each in self.processes if each.is_busy]:
            await dice.choice(busy).step(dice.randrange(4))

    @precondition(lambda self: any(each.is_busy for each in self.processes))
    @rule(number=st.integers(0, 1))
    def crash(self, number: int) -> None:
        """``kill -9``, and a new process in its place; what it had leased is free in the end."""
        self.stage.figures["crashes"] += 1
        self.trace.append(f"{self.town.now:%H:%M:%S} {'AB'[number]} is killed")
        self.run(self.processes[number].drop())
        self.run(self._replace(number))

    async def _replace(self, number: int) -> None:
        clicks = self.processes[number].clicks
        self.processes[number] = self._process(number)
        self.processes[number].clicks = clicks

    @rule(length=st.sampled_from(WAITS), leases_run_out=st.booleans())
    def wait(self, length: timedelta, leases_run_out: bool) -> None:
        """Time passes, perhaps while a process is paused for so long that its leases run out."""
        self.run(self._wait(length, leases_run_out=leases_run_out))

    async def _wait(self, length: timedelta, *, leases_run_out: bool) -> None:
        await self.town.pass_time(length)
        for process in self.processes:
            for ticket in process.gates.waiting:
                if ticket.give_up is not None:
                    await ticket.give_up()
        if leases_run_out:
            await self._end_leases()

    async def _end_leases(self) -> None:
        def work(connection: Connection) -> None:
            for table in metadata.sorted_tables:
                for name in ("leased_until", "refreshing_until"):
                    if name in table.c:
                        free = table.update().where(table.c[name].is_not(None))
                        connection.execute(free.values({name: None}))

        await self.stage.viewer.run_connection(work)

    @invariant()
    def promises(self) -> None:
        """What holds at every moment, holds."""
        books = self.books()
        self.is_sound = False
        try:
            self._check(books)
        except AssertionError as error:
            error.add_note("\n".join(self.trace[-80:]))
            raise
        self.is_sound = True
        for each in books.delegations:
            seen = self.marks.setdefault(each.id, [])
            if mark_of(each) not in seen:
                seen.append(mark_of(each))

    def _check(self, books: Books) -> None:
        check(books, self.held())
        self._check_foreign(books)
        self._check_clicks(books)
        failed = [each for each in self.stage.logs if each["event"] == "step failed"]
        assert not failed, failed

    def _check_foreign(self, books: Books) -> None:
        """Nothing that people made was taken away, but where a lost answer left only a guess."""
        guessed = {each.association_id for each in books.delegations if each.is_taken_over}
        guessed |= self.town.journal.unseen
        foreign = [each for each in self.town.journal.foreign_deletes if each not in guessed]
        assert not foreign, foreign

    def _check_clicks(self, books: Books) -> None:
        """Whatever was acknowledged has happened, once for each time."""
        acknowledged: Counter[tuple[str, str, frozenset[Event]]] = Counter()
        for click in (each for process in self.processes for each in process.clicks):
            if click.done is not None:
                acknowledged[click.done.id, click.actor, CLICKED[click.verb]] += 1
        for (row_id, actor, kinds), times in acknowledged.items():
            happened = [
                each
                for each in books.events
                if each.delegation_id == row_id and each.actor == actor and each.event in kinds
            ]
            assert len(happened) >= times, (row_id, actor, kinds)

    def _mark(self, delegation: Delegation, *, is_old: bool) -> str:
        seen = self.marks.get(delegation.id, [])
        return seen[0] if is_old and seen else mark_of(delegation)

    def teardown(self) -> None:
        """A fair ending: everything is reachable again, time passes, and all of it comes out."""
        try:
            if self.is_sound:
                self.run(self._end_well())
        finally:
            for process in self.processes:
                self.stage.run(process.drop())
            self._numbered.stop()

    async def _end_well(self) -> None:
        self.town.faults.clear()
        self.town.slack_faults.clear()
        self.town.is_close_down = False
        for process in self.processes:
            await process.finish()
        await self._end_leases()
        for person in PEOPLE:
            self.town.slack.change_unheard(person, deleted=False)
        await self._come_to_rest()
        for person in GRANTORS:  # whoever gave a right and cannot be acted for connects again
            await self._connect(person, 0, at_once=True)
        for each in (await read_books(self.stage.viewer)).open():
            actor = Actor(TEAM_ID, each.grantor_id)
            if each.ends_at is None:
                revoke = partial(ending.revoke, actor=actor, delegation_id=each.id)
                await self.processes[0].click("revoke", actor.user_id, revoke, at_once=True)
        await self._come_to_rest()
        for _ in range(3):
            await self._wait(timedelta(hours=1, minutes=10), leases_run_out=False)
            await self._come_to_rest()
        books = await read_books(self.stage.viewer)
        check(books, self.held())
        check_over(books, self.held(), self.town.now)
        people = [each for each in PEOPLE if each.id not in self.left]
        check_told(books, self.town.slack, people)
        self.stage.figures["delegations"] += len(books.delegations)
        self.stage.figures["made"] += len(self.town.journal.made)
        self.stage.figures["transitions"] += len(books.events)

    async def _come_to_rest(self) -> None:
        """From one moment at which something is due to the next, until all is over."""
        for _ in range(MOST_MOMENTS):
            await self._drain()
            books = await read_books(self.stage.viewer)
            waiting = [each.wake_at for each in books.open() if each.wake_at is not None]
            ahead = [each for each in waiting if each > self.town.now]
            if not ahead:
                return
            length = max(min(ahead) - self.town.now, timedelta(seconds=1))
            if length > timedelta(days=3):
                return
            await self._wait(length, leases_run_out=False)
        raise AssertionError(f"it does not come to rest: {books.open()}")

    async def _drain(self) -> None:
        for each in range(MOST_PASSES):
            due = await self._due()
            if not due:
                return
            process = self.processes[each % 2]
            await process.begin_pass(due)
            await process.finish()
        raise AssertionError(f"something stays due: {due}")

    async def _due(self) -> dict[str, int]:
        def count(connection: Connection) -> dict[str, int]:
            found = {}
            for table in metadata.sorted_tables:
                if "wake_at" in table.c:
                    due = select(func.count()).where(table.c.wake_at <= self.town.now)
                    if number := connection.execute(due).scalar_one():
                        found[table.name] = number
            return found

        due: dict[str, int] = await self.stage.viewer.run_connection(count)
        return due


def live(url: str, *, lives: int, steps: int, seed: int, shrinks: bool = False) -> Counter[str]:
    """So many lives of so many steps each, in the order of this seed; returns the figures.

    Raises what broke a promise, with the life that did; with ``shrinks`` a short one is looked for.
    """
    profile = settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    with open_stage(url) as stage:
        Life.stage = stage
        run_state_machine_as_test(seeded(seed)(Life), settings=profile, _min_steps=steps // 2)
    return stage.figures
