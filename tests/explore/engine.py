"""One step of anything from any state: a coroutine goes on, a row is claimed, time passes, somebody
does something, Close acts late, a process dies."""

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from bot.clock.worker import LEASE, Worker
from bot.connections.sessions import Connections
from bot.connections.watch import Watch
from bot.delegations.members import Members
from bot.delegations.receipts import Receipts
from bot.delegations.steps.advance import Advance
from bot.delegations.tools import Tools
from bot.desk import Actor, Desk
from bot.ports import OutsideError
from bot.projections.cards import CardStep
from bot.projections.showing import Showing
from bot.refusals import NotDone
from bot.slack.chat import Messages
from bot.store import Store
from bot.store.cards import StaleCard
from bot.store.due import Due
from bot.strays.comparisons import Compare
from bot.telemetry import Metrics
from models.delegation import Delegation, State
from tests.explore import close as closes
from tests.explore import slack as slacks
from tests.explore.close import BY_HAND, Answer, Close, Held
from tests.explore.effects import Effect, Kind, StepClose, StepDatabase, StepDirectory, StepSlack
from tests.explore.invariants import Broken, after_step, in_state, untrue
from tests.explore.people import (
    ACTS,
    ADA,
    APPROVES,
    BEN,
    LEFT,
    PEOPLE,
    START,
    TAKES_ALL,
    TAKES_AWAY,
    USERS,
    Act,
    Aim,
    close_id,
    connection,
)
from tests.explore.rows import Rows, Snapshot
from tests.explore.scripted import Clock, Names, scripted
from tests.explore.world import (
    Budget,
    Origin,
    Scenario,
    Task,
    World,
    as_moment,
    as_text,
    as_value,
    close_as_value,
    columns,
    exactly,
    newest,
    rights,
    rows_as_value,
    versions_of,
)
from tests.integration.rows import TEAM

MOST_AT_ONCE = 64
ANSWERS = (NotDone, OutsideError)  # what somebody who clicked is told in words
TICK = timedelta(milliseconds=1)


class Move(NamedTuple):
    """What happens next; ``words`` for whoever reads a counterexample."""

    kind: str
    place: int = 0
    answer: Answer = Answer.DONE
    words: str = ""


class OpenVault:
    """As :class:`bot.connections.vault.Vault`, for secrets that are none."""

    @staticmethod
    def open(sealed: bytes, _purpose: object, _owner: object) -> dict[str, str | None]:
        """What was sealed."""
        return {"access_token": sealed.decode(), "refresh_token": None}

    @staticmethod
    def is_newest(_sealed: bytes) -> bool:
        """There is one key."""
        return True


@dataclass(frozen=True, slots=True)
class Goes:
    """Where a coroutine is after it was told something."""

    pending: Effect | None = None
    value: Any = None
    error: Exception | None = None


class Engine:
    """Makes steps, and remembers what came of the parts of which they consist."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock, self.names = Clock(START), Names()
        self.rows = Rows(scenario.tables)
        self.directory = StepDirectory(PEOPLE, LEFT)
        self._database: Any = StepDatabase()
        self._close = StepClose(USERS)
        self._metrics = Metrics()
        self._acts = [ACTS[name] for name in scenario.acts]
        self._logs: list[tuple[int, datetime, Any, Exception | None]] = []
        self._log_ids: dict[Any, int] = {}
        self._goes: dict[int, Goes] = {}
        self._done: dict[Any, tuple[Any, Exception | None, Snapshot]] = {}
        self._values: dict[Any, int] = {}
        self._row_values: dict[Any, int] = {}
        self._task_values: dict[Any, Any] = {}
        self.transactions = 0

    @contextmanager
    def scripted(self) -> Iterator[None]:
        """To be entered around everything else."""
        with scripted(self.clock, self.names):
            yield

    # --- where it begins ---

    def start(self) -> World:
        """The first state: everybody is there, and Ada is connected or not."""
        rows = self.rows.empty
        if self.scenario.is_connected:
            first = connection(ADA, START, "connection")

            def connect(store: Store) -> None:
                store.connections.put(first)
                store.comparisons.plan(TEAM, ADA, now=START)

            rows = self._transacted("start", rows, START, connect)[2]
        s = self.scenario
        budget = Budget(tuple(s.acts.values()), s.faults, s.crashes, s.pauses, s.by_hand)
        world = World(rows, START, Close(has_twins=s.has_twins), budget)
        for name in s.first:
            world = self._at_rest(self.do(world, ACTS[name], f"{name}0")[0])
        return world

    def _at_rest(self, world: World) -> World:
        """Once all is done that can be done now, and nothing went wrong."""
        while True:
            due = [each for each in self.scenario.workers if self.is_due(world, each)]
            if world.tasks:
                world, _ = self.apply(world, Move("step"))
            elif due:
                world, _ = self.apply(world, Move("claim", self.scenario.workers.index(due[0])))
            else:
                return world

    # --- what can happen ---

    def moves(self, world: World) -> Iterator[Move]:
        """Everything that can happen next."""
        yield from self._answers(world)
        busy, most = len(world.tasks), self.scenario.processes
        if busy < most:
            yield from self._claims(world)
        yield from self._deeds(world)
        for place, late in enumerate(world.close.late):
            yield Move("arrive", place, words=f"Close acts on the late {late.effect_name}")
        if world.budget.crashes:
            for place, task in enumerate(world.tasks):
                yield Move("crash", place, words=f"the process dies that has {task.origin.label}")
        if self._may_wait(world):
            yield Move("time", words="time passes")

    def _answers(self, world: World) -> Iterator[Move]:
        for place, task in enumerate(world.tasks):
            name = f"{task.origin.label}: {task.pending.name}"
            if task.pending.kind is Kind.DATABASE:
                yield Move("step", place, words=name)
                continue
            for answer in _possible(world, task.pending):
                yield Move("step", place, answer, f"{name}, {answer}")

    def _claims(self, world: World) -> Iterator[Move]:
        for place, worker in enumerate(self.scenario.workers):
            if self.is_due(world, worker):
                yield Move("claim", place, words=f"a worker claims {worker}")

    def is_due(self, world: World, table: str) -> bool:
        """Whether a worker would find something now."""
        where, now = columns(table), as_text(world.now)
        wake, lease = where["wake_at"], where["leased_until"]
        rows = world.rows[self.scenario.tables.index(table)]
        return any(
            row[wake] is not None and row[wake] <= now and (row[lease] is None or row[lease] <= now)
            for row in rows
        )

    def _deeds(self, world: World) -> Iterator[Move]:
        for place, act in enumerate(self._acts):
            if world.budget.acts[place] and _is_offered(act, world):
                yield Move("act", place, words=act.name)
        if not world.budget.by_hand:
            return
        yield Move("make", words="somebody makes an association by hand")
        for place, each in enumerate(world.close.held):
            yield Move("take", place, words=f"somebody removes {each.association.id} by hand")

    def _may_wait(self, world: World) -> bool:
        if self.next_moment(world) is None:
            return False
        is_urgent = bool(world.tasks) or any(
            self.is_due(world, worker) for worker in self.scenario.workers
        )
        return not is_urgent or world.budget.pauses > 0

    def has_stale_cards(self, world: World) -> bool:
        """Whether there is something to show once nothing else is left."""
        if "cards" not in self.scenario.workers or any(each.is_open for each in rights(world.rows)):
            return False
        wake = columns("cards")["wake_at"]
        return any(row[wake] for row in world.rows[self.scenario.tables.index("cards")])

    def next_moment(self, world: World) -> datetime | None:
        """When something is due next, or runs out."""
        now, found = as_text(world.now), []
        for worker in self.scenario.workers:
            where = columns(worker)
            names = ("wake_at", "leased_until", "ends_at", "lapses_at")
            places = [where[name] for name in names if name in where]
            for row in world.rows[self.scenario.tables.index(worker)]:
                if "state" in where and row[where["wake_at"]] is None:
                    continue
                found += [row[place] for place in places if row[place] and row[place] > now]
        moments = [as_moment(min(found))] if found else []
        moments += [each.until for each in world.close.late]
        return min(moments, default=None)

    # --- one step ---

    def apply(self, world: World, move: Move) -> tuple[World, Broken | None]:
        """The state after it, and what is broken there."""
        self.directory.gone = world.gone
        step = getattr(self, f"_{move.kind}")
        after, broken = step(world, move)
        after = _guessed(world, after)
        broken = broken or after_step(world, after) or in_state(after)
        if broken is None and "cards" in self.scenario.workers:
            broken = self._shown(after)
        return after, broken

    def _shown(self, world: World) -> Broken | None:
        """A card that rests is one message, which says how it is now."""

        def read(store: Store) -> dict[str, Delegation | None]:
            return {each.id: store.delegations.get(each.id) for each in rights(world.rows)}

        where = columns("cards")
        cards = world.rows[self.scenario.tables.index("cards")]
        found = self._transacted("shown", world.rows, world.now, read)[0]
        for row in cards:
            if row[where["wake_at"]] is None:
                card = {name: row[place] for name, place in where.items()}
                broken = untrue(world, card, found[card["delegation_id"]])
                if broken is not None:
                    return broken
        return None

    def _step(self, world: World, move: Move) -> tuple[World, Broken | None]:
        task = world.tasks[move.place]
        left = (*world.tasks[: move.place], *world.tasks[move.place + 1 :])
        world = replace(world, tasks=left)
        if task.pending.kind is Kind.DATABASE:
            result, error, rows = self._transact(task, world)
            return self._go_on(replace(world, rows=rows), task, result, error)
        if move.answer is not Answer.DONE:
            budget = replace(world.budget, faults=world.budget.faults - 1)
            world = replace(world, budget=budget)
        if task.pending.kind is Kind.POST:
            slack, result, error = slacks.call(world.slack, task.pending, move.answer)
            return self._go_on(replace(world, slack=slack), task, result, error)
        makers = _makers(world.rows, task)
        said = closes.reply(world.close, task.pending, move.answer, world.now, makers)
        broken = _foreign(said.deleted, task.origin.label, world)
        world = replace(world, close=said.close, facts=world.facts | _wrong(said.deleted, world))
        after, worse = self._go_on(world, task, said.value, said.error)
        return after, broken or worse

    def _go_on(
        self, world: World, task: Task, value: Any, error: Exception | None
    ) -> tuple[World, Broken | None]:
        """Until it changes something, or asks Close: reads come at once."""
        log = self._logged(task.log, world.now, value, error)
        while True:
            goes = self._resumed(task.origin, log)
            if goes.pending is None:
                return self._ended(world, task.origin, goes)
            task = Task(task.origin, log, goes.pending)
            if goes.pending.kind is Kind.SLACK:
                value, error = self.directory.now(goes.pending.ask), None
            elif goes.pending.kind is Kind.DATABASE:
                value, error, rows = self._transact(task, world)
                if rows is not world.rows:
                    return replace(world, tasks=(*world.tasks, task)), None
            else:
                return replace(world, tasks=(*world.tasks, task)), None
            log = self._logged(log, world.now, value, error)

    def _ended(self, world: World, origin: Origin, goes: Goes) -> tuple[World, Broken | None]:
        if origin.worker:
            if goes.error is not None:
                return world, Broken(f"{origin.label} failed: {_told(goes.error)}")
            return world, None
        if goes.error is not None:
            if isinstance(goes.error, ANSWERS):
                return world, None
            return world, Broken(f"{origin.act} has no answer: {_told(goes.error)}")
        return self._acknowledged(world, origin, goes.value)

    def _acknowledged(
        self, world: World, origin: Origin, value: Any
    ) -> tuple[World, Broken | None]:
        """What somebody was told is done has to be so from now on."""
        aim = origin.aim or Aim("")
        if origin.act == "approve an old screen":
            return world, Broken("a click on an old screen counted")
        if origin.act in ("extend", "approve the wish") and not _is_longer(aim.target, value):
            return world, Broken(f"{origin.act}: it ends as before")
        facts = world.facts
        if origin.act in APPROVES and value.state is State.APPROVED:
            facts |= {("approved", value.id)}
        if origin.act in TAKES_AWAY:
            target = () if aim.target is None else (aim.target,)
            taken = aim.dependents if origin.act in TAKES_ALL else target
            facts |= {("taken away", each.id) for each in taken if each.is_open}
        return replace(world, facts=facts), None

    def _claim(self, world: World, move: Move) -> tuple[World, Broken | None]:
        name = self.scenario.workers[move.place]

        def claim(store: Store) -> Sequence[Any]:
            due = _due(store, name).claim(now=world.now, lease=LEASE, limit=MOST_AT_ONCE)
            return [_long_ago(each) for each in due]

        claimed, error, rows = self._transacted(("claim", name), world.rows, world.now, claim)
        if error is not None:
            return world, Broken(f"nothing can be claimed: {_told(error)}")
        after, worst = replace(world, rows=rows), None
        self.clock.moment = world.now
        for group in self._worker(name)._grouped(claimed):
            ids = "+".join(each.id for each in group)
            origin = Origin(f"{name} {ids}", worker=name, group=tuple(group))
            after, broken = self._begun(after, origin)
            worst = worst or broken
        return after, worst

    def _begun(self, world: World, origin: Origin) -> tuple[World, Broken | None]:
        log = self._logged(-1, world.now, origin, None)
        goes = self._resumed(origin, log)
        if goes.pending is None:
            return self._ended(world, origin, goes)
        task = Task(origin, log, goes.pending)
        if goes.pending.kind is Kind.SLACK:
            value = self.directory.now(goes.pending.ask)
            return self._go_on(world, task, value, None)
        if goes.pending.kind is Kind.DATABASE:
            value, error, rows = self._transact(task, world)
            if rows is world.rows:
                return self._go_on(world, task, value, error)
        return replace(world, tasks=(*world.tasks, task)), None

    def _act(self, world: World, move: Move) -> tuple[World, Broken | None]:
        act = self._acts[move.place]
        used = list(world.budget.acts)
        used[move.place] -= 1
        budget = replace(world.budget, acts=tuple(used))
        world = replace(world, budget=budget, gone=world.gone | act.goes)
        number = self.scenario.acts[act.name] - used[move.place]
        return self.do(world, act, f"{act.name}{number}")

    def do(self, world: World, act: Act, name: str) -> tuple[World, Broken | None]:
        """Somebody does this, as far as the first change."""
        self.directory.gone = world.gone
        origin = Origin(name, act=act.name, aim=self._aim(world, act, name))
        if name.startswith("connect"):
            world = replace(world, close=replace(world.close, dead=frozenset()))
        after, broken = self._begun(world, origin)
        if broken is None and len(after.tasks) > len(world.tasks):  # what is asked for is stored
            return self._step(after, Move("step", len(after.tasks) - 1))
        return after, broken

    def _aim(self, world: World, act: Act, name: str) -> Aim:
        right = newest(world.rows, act.grantee)

        def read(store: Store) -> Aim:
            return Aim(
                name,
                store.delegations.get(right.id) if right else None,
                tuple(store.delegations.served_by(TEAM, act.actor)),
                store.connections.get(TEAM, act.actor),
            )

        found: Aim = self._transacted(("aim", name), world.rows, world.now, read)[0]
        return found

    def _make(self, world: World, _move: Move) -> tuple[World, Broken | None]:
        pair = (close_id(ADA), close_id(BEN))
        budget = replace(world.budget, by_hand=world.budget.by_hand - 1)
        close, new = replace(world.close, has_twins=True).create(pair, BY_HAND, world.now)
        close = replace(close, has_twins=world.close.has_twins)
        facts = world.facts | {("made by hand", new.association.id)}
        return replace(world, close=close, budget=budget, facts=facts), None

    def _take(self, world: World, move: Move) -> tuple[World, Broken | None]:
        budget = replace(world.budget, by_hand=world.budget.by_hand - 1)
        gone = world.close.held[move.place].association.id
        close = world.close.without([gone], world.now)
        facts = world.facts | {("removed by hand", gone)}
        return replace(world, close=close, budget=budget, facts=facts), None

    def _arrive(self, world: World, move: Move) -> tuple[World, Broken | None]:
        late = world.close.late[move.place]
        left = (*world.close.late[: move.place], *world.close.late[move.place + 1 :])
        close = replace(world.close, late=left)
        said = closes.act(close, late.effect_name, late.ask, world.now, late.makers)
        broken = _foreign(said.deleted, "a late call", world)
        return replace(world, close=said.close), broken

    def _crash(self, world: World, move: Move) -> tuple[World, Broken | None]:
        left = (*world.tasks[: move.place], *world.tasks[move.place + 1 :])
        budget = replace(world.budget, crashes=world.budget.crashes - 1)
        return replace(world, tasks=left, budget=budget), None

    def _time(self, world: World, _move: Move) -> tuple[World, Broken | None]:
        moment = self.next_moment(world)
        is_urgent = world.tasks or any(self.is_due(world, each) for each in self.scenario.workers)
        now = moment or world.now
        late = tuple(each for each in world.close.late if each.until > now)
        budget = world.budget
        if is_urgent:
            budget = replace(budget, pauses=max(budget.pauses - 1, 0))
        close = replace(world.close, late=late)
        world = replace(world, now=now, close=close, budget=budget)
        tasks = [self._late(world, each) for each in world.tasks]
        return replace(world, tasks=tuple(tasks)), None

    def _late(self, world: World, task: Task) -> Task:
        """A process that stood still has done so just before it asks Close to change something."""
        if task.pending.kind is not Kind.CHANGE:
            return task
        before, _, value, error = self._logs[task.log]
        log = self._logged(before, world.now, value, error)
        goes = self._resumed(task.origin, log)
        return task if goes.pending is None else Task(task.origin, log, goes.pending)

    # --- the parts, each remembered ---

    def _transact(self, task: Task, world: World) -> tuple[Any, Exception | None, Snapshot]:
        key = (task.log, id(world.rows), world.now, world.gone)
        found = self._done.get(key)
        if found is None:
            self.clock.moment = world.now
            self.names.begin(f"{task.origin.label}/{task.log}")
            found = self.rows.transact(world.rows, task.pending.ask)
            self.transactions += 1
            self._done[key] = found
        return found

    def _transacted(
        self, name: object, rows: Snapshot, now: datetime, function: Any
    ) -> tuple[Any, Exception | None, Snapshot]:
        key = (name, id(rows), now)
        found = self._done.get(key)
        if found is None:
            self.clock.moment = now
            self.names.begin("first")
            found = self.rows.transact(rows, function)
            self.transactions += 1
            self._done[key] = found
        return found

    def _logged(self, before: int, now: datetime, value: Any, error: Exception | None) -> int:
        key = (before, now, exactly(value), error and (type(error), str(error)))
        found = self._log_ids.get(key)
        if found is None:
            found = self._log_ids[key] = len(self._logs)
            self._logs.append((before, now, value, error))
        return found

    def _resumed(self, origin: Origin, log: int) -> Goes:
        found = self._goes.get(log)
        if found is None:
            found = self._goes[log] = self._replayed(origin, log)
        return found

    def _replayed(self, origin: Origin, log: int) -> Goes:
        """The coroutine made anew, and told all that it was told so far."""
        told = []
        while log >= 0:
            told.append(self._logs[log])
            log = told[-1][0]
        self.names.begin(origin.label)
        coroutine = self._coroutine(origin)
        try:
            _, self.clock.moment, _, _ = told.pop()
            effect = coroutine.send(None)
            while told:
                _, self.clock.moment, value, error = told.pop()
                if error is None:
                    effect = coroutine.send(value)
                else:
                    effect = coroutine.throw(error.with_traceback(None))
        except StopIteration as end:
            return Goes(value=end.value)
        except Exception as error:  # noqa: BLE001 - the search judges it
            return Goes(error=error)
        finally:
            coroutine.close()
        return Goes(pending=effect)

    def _coroutine(self, origin: Origin) -> Coroutine[Any, Any, Any]:
        if origin.worker:
            return self._worker(origin.worker)._do(list(origin.group))
        act = ACTS[origin.act]
        policy = self.scenario.policy
        rules = self.scenario.rules
        desk = Desk(
            *(self._database, self.directory, policy, self.clock, lambda: None),
            present_rules=lambda: rules,
        )
        doing: Any = act.do(desk, Actor(TEAM, act.actor), origin.aim or Aim(origin.label))
        coroutine: Coroutine[Any, Any, Any] = doing
        return coroutine

    def _worker(self, name: str) -> Worker[Any]:
        connections = Connections(self._database, _VAULT, _NOBODY, self.clock)
        tools = Tools(
            self._database,
            connections,
            self._close,
            Members(self._close, self.clock),
            self.scenario.policy,
            self.clock,
            self._metrics,
            self.directory,
            present_rules=lambda: self.scenario.rules,
        )
        step: Any
        groups = None
        match name:
            case "delegations":
                step = groups = Advance(tools, Receipts(tools), _nothing)
            case "cards":
                messages = Messages(_SLACK)
                showing = Showing(self._database, messages, _LINKS, self.clock, self._metrics)
                step = CardStep(showing, Receipts(tools), self.directory)
            case "comparisons":
                step = Compare(tools, self.directory, _NOBODY, _nothing)
            case _:
                admins = self.scenario.policy.admins
                step = Watch(self._database, connections, self._close, admins, self.clock, _nothing)
        return Worker(
            name, self._database, lambda store: _due(store, name), step, self.clock, groups=groups
        )

    # --- what makes two states the same ---

    def key(self, world: World) -> tuple[Any, ...]:
        """Equal for states from which the same can happen."""
        return (*self.core(world), world.budget)

    def core(self, world: World) -> tuple[Any, ...]:
        """The same, but for what the path may still bring."""
        rows_key = (id(world.rows), world.now)
        rows = self._row_values.get(rows_key)
        if rows is None:
            value = rows_as_value(self.scenario.tables, world.rows, world.now)
            rows = self._row_values[rows_key] = self._number(value)
        versions = versions_of(world.rows)
        tasks = [self._task_value(each.log, world.now, versions) for each in world.tasks]
        return (
            rows,
            self._number(close_as_value(world.close, world.now)),
            tuple(sorted(tasks)),
            world.slack,
            world.gone,
            world.facts,
        )

    def _task_value(self, log: int, now: datetime, versions: Mapping[str, int]) -> int:
        """What a coroutine was told so far."""
        key = (log, now, tuple(versions.values()))
        found = self._task_values.get(key)
        if found is None:
            before, _, value, error = self._logs[log]
            told = self._task_value(before, now, versions) if before >= 0 else -1
            found = self._number((told, as_value(error or value, now, versions)))
            self._task_values[key] = found
        return found

    def _number(self, value: Any) -> int:
        return self._values.setdefault(value, len(self._values))


class _Nobody:
    """Nobody to ask: what is never used here."""


class _Links:
    """As :class:`bot.connections.links.Links`."""

    @staticmethod
    def connect(_team_id: str, _slack_user_id: str) -> str:
        return "https://bot.example.com/close/connect"


_VAULT: Any = OpenVault()
_NOBODY: Any = _Nobody()
_SLACK: Any = StepSlack()
_LINKS: Any = _Links()


def _nothing() -> None:
    """Nobody to wake."""


def _long_ago(item: Any) -> Any:
    """A process may always have been paused since: whether a card is still its own is looked up
    before anything is posted, however long that takes in our own time."""
    return replace(item, claimed_at=-inf) if isinstance(item, StaleCard) else item


def _due(store: Store, name: str) -> Due[Any]:
    table: Any = getattr(store, name)
    due: Due[Any] = table.due
    return due


def _told(error: BaseException) -> str:
    because = error.__cause__ or error.__context__
    said = f"{type(error).__name__}: {error}"
    return f"{said} ({_told(because)})" if because is not None else said


def _possible(world: World, effect: Effect) -> Iterator[Answer]:
    """How whoever is asked can answer."""
    is_fault = world.budget.faults > 0
    if effect.kind is not Kind.POST:
        yield from closes.answers(world.close, effect, world.now, is_fault=is_fault)
        return
    yield Answer.DONE
    if is_fault and effect.name in slacks.WRITES:
        yield from slacks.FAULTS


def _is_longer(before: Delegation | None, after: Any) -> bool:
    """Whether it ends later than before."""
    ends_at = before.ends_at if before else None
    return ends_at is not None and (after.ends_at is None or after.ends_at > ends_at)


def _is_offered(act: Act, world: World) -> bool:
    right = newest(world.rows, act.grantee)
    if act.needs:
        place = columns("delegations")[act.needs]
        if all(row[place] is None for row in world.rows[0]):
            return False
    if act.states:
        return right is not None and right.state in act.states
    return act.actor not in world.gone or bool(act.goes - world.gone)


def _makers(rows: Snapshot, task: Task) -> tuple[tuple[str, str], ...]:
    """For whom Close is asked to make something by this: of the rows that the worker has, those of
    whom the call names. Another row's create is none of theirs, whatever state they are in."""
    match task.pending.name:
        case "create":
            asked = (task.pending.ask[2],)
        case "bulk":
            asked = task.pending.ask[1]
        case _:
            return ()
    return tuple(
        (each.grantee_close_id, each.id)
        for each in rights(rows)
        if each.id in task.row_ids and each.grantee_close_id and each.grantee_close_id in asked
    )


def _guessed(before: World, after: World) -> World:
    """With the rights that go on with what was found after a create that was not answered: nobody
    can tell whose it is, and their card says so."""
    if before.rows is after.rows:
        return after
    old = {each.id: each for each in rights(before.rows)}
    new = [each for each in rights(after.rows) if each.is_taken_over and each.id in old]
    facts = {("a guess", each.id) for each in new if old[each.id].is_unanswered}
    return replace(after, facts=after.facts | facts) if facts else after


def _wrong(deleted: Sequence[Held], world: World) -> frozenset[tuple[str, str]]:
    """The rights for which something was taken away that somebody else had made: nobody could tell
    it from the effect of a create that was not answered."""
    pairs = {each.association.allowed_user_id for each in deleted if each.maker == BY_HAND}
    unsure = [each for each in rights(world.rows) if each.is_unclear]
    return frozenset(
        ("a wrong guess", each.id) for each in unsure if each.grantee_close_id in pairs
    )


def _foreign(deleted: Sequence[Held], who: str, world: World) -> Broken | None:
    """What somebody else made is never taken away, but for what a create that was not answered may
    have made just as well."""
    guessed = {what for fact, what in world.facts if fact == "a guess"}
    unsure = [each for each in rights(world.rows) if each.is_unclear or each.id in guessed]
    pairs = {each.grantee_close_id for each in unsure}
    for each in deleted:
        if each.maker == BY_HAND and each.association.allowed_user_id not in pairs:
            return Broken(f"{who} took away {each.association.id}, which was made by hand")
    return None
