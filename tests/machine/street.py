"""Two real processes, the sandbox and PostgreSQL: scenes played in every order up to a bound."""

import copy
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection, select

from bot.connections.vault import Purpose, Vault, owner
from bot.store import Database, Store
from models.account import Account
from models.base import metadata
from models.connection import Connection as CloseConnection
from models.delegation import State
from models.mark import mark_of
from sandbox.close import CLIENT_ID, CLIENT_SECRET, SandboxClose
from sandbox.people import ADA, BEN, DANA, ORGANIZATION_ID, TEAM_ID
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from tests.machine.hand import Ran, Report, Stepped, Task, open_processes, run
from tests.machine.promises import Books, Close, check, check_over, check_told, read_books
from tests.machine.runner import Order
from tests.machine.scenes import SCENES, Scene

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAMES = ("delegations", "comparisons", "connections", "strays", "revocations", "rounds")
SLACK_NAMES = ("cards", "notices", "homes")
LONG = timedelta(days=30)
PAUSE = timedelta(seconds=7)  # longer than a lease
MOST_MOMENTS = 60
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Saved:
    """How everything was before both began."""

    now: datetime
    rows: Rows
    close: Mapping[str, Any]
    slack: Mapping[str, Any]


@dataclass
class Street:
    """What the processes share, and the hand that steps them."""

    viewer: Database
    both: Sequence[Stepped]
    close: SandboxClose
    slack: SandboxSlack
    vault: Vault
    clock: "Clock"
    figures: Counter[str] = field(default_factory=Counter)
    removed: set[str] = field(default_factory=set)
    name: str = ""

    async def play(self, name: str, bound: int) -> None:
        """Every order with so many switches; raises what broke a promise, and in which order."""
        self.name, scene = name, SCENES[name]
        saved = await self._before(scene)
        for first in (0, 1):
            await self._switched(scene, saved, first, (), bound)

    async def _switched(
        self, scene: Scene, saved: Saved, first: int, switches: Sequence[int], bound: int
    ) -> bool:
        """All that begin so; whether the last switch came too late to be one."""
        if bound == 0:
            return await self._once(scene, saved, first, switches)
        for count in itertools.count(1 if switches else 0):
            if await self._switched(scene, saved, first, [*switches, count], bound - 1):
                break
        return count == 1 and bool(switches)

    async def _once(self, scene: Scene, saved: Saved, first: int, switches: Sequence[int]) -> bool:
        await self._restore(saved)
        if scene.trouble is not None:
            scene.trouble(self.close.trouble)
        tasks = await self._tasks(scene)
        pause = self._pause if scene.do_leases_run_out else None
        ran = await run(self.both, tasks, first, switches, pause)
        self.figures["schedules"] += 1
        self.figures["stops"] += len(ran.trace)
        try:
            await self._check(scene, ran)
        except AssertionError as error:
            trace = "\n".join(ran.trace)
            how = f"{self.name}: first {first}, switches {list(switches)}, in this order:\n{trace}"
            raise AssertionError(f"{error}\n{how}") from error
        return ran.is_past_the_end

    async def _pause(self) -> None:
        self.clock.now += PAUSE
        await self.end_leases()

    async def _tasks(self, scene: Scene) -> list[Task]:
        aim = await self._aim()
        return [
            Task({**aim, **order}, partial(self._ahead, ahead))
            for order, ahead in zip(scene.orders, scene.ahead, strict=True)
        ]

    def _ahead(self, ahead: timedelta) -> datetime:
        return self.clock.now + ahead

    async def _aim(self) -> Order:
        """What people click on: the newest delegation, as it is."""
        books = await read_books(self.viewer)
        if not books.delegations:
            return {}
        newest = books.delegations[-1]
        return {"row": newest.id, "seen": mark_of(newest)}

    async def _check(self, scene: Scene, ran: Ran) -> None:
        """At once, and once all has come to its end."""
        assert not [each.failed for each in ran.reports if each.failed], ran.reports
        books = await read_books(self.viewer)
        check(books, self._held())
        done = [each for each in ran.reports if each.refused is None]
        assert len(done) <= scene.most_done, ran.reports
        assert done, "both were refused"
        await self._come_to_rest()
        books = await read_books(self.viewer)
        check(books, self._held())
        check_over(books, self._held(), self.clock.now)
        happened = Counter(each.event.value for each in books.events)
        for event, times in scene.events.items():
            assert happened[event] == times, (event, happened)
        check_told(books, self.slack, (ADA, BEN))

    def _held(self) -> Close:
        held = {
            each.id: (each.allowing_user_id, each.allowed_user_id)
            for each in self.close.associations
        }
        return Close(held, held, self.removed)

    async def order(self, order: Order) -> Report:
        """Have it done by one of them, without a stop."""
        one = self.both[0]
        await one.start(order, self.clock.now, is_free=True)
        assert one.report is not None
        assert one.report.failed is None, one.report
        return one.report

    async def _before(self, scene: Scene) -> Saved:
        self.clock.now = START
        self.close.associations.clear()
        self.slack.workspace.messages.clear()
        self.removed.clear()
        await self._write({})
        await self._anew()
        await self._connect()
        for each in scene.before:
            report = await self.order({**await self._aim(), **each})
            assert report.refused is None, (each, report)
            self.clock.now += timedelta(seconds=20)
        await self._drain(SLACK_NAMES)
        if scene.is_at_its_end:
            newest = (await read_books(self.viewer)).delegations[-1]
            self.clock.now = newest.ends_at or newest.lapses_at
        if scene.is_removed_by_hand:
            self.removed.update(each.id for each in self.close.associations)
            self.close.remove(ADA, BEN)
        if any("cards" in each.get("names", ()) for each in scene.orders):
            await self.viewer.run(self._stale)
        return Saved(
            self.clock.now,
            await self._read(),
            copy.deepcopy(
                {"associations": self.close.state.associations, "grants": self.close.state.grants}
            ),
            {"messages": copy.deepcopy(self.slack.workspace.messages)},
        )

    def _stale(self, store: Store) -> None:
        for each in store.delegations.open_for_person(TEAM_ID, ADA.id):
            store.cards.show_anew(each.id, now=self.clock.now)

    async def _restore(self, saved: Saved) -> None:
        self.clock.now = saved.now
        kept = copy.deepcopy(dict(saved.close))
        self.close.state.associations[:] = kept["associations"]
        self.close.state.grants[:] = kept["grants"]
        self.slack.workspace.messages[:] = copy.deepcopy(saved.slack["messages"])
        await self._write(saved.rows)
        await self._anew()

    async def _anew(self) -> None:
        """Nothing that was to come is known, and nobody remembers anything."""
        self.close.trouble.clear()
        self.close.state.added.clear()
        self.close.state.dropped.clear()
        for each in self.both:
            await each.start({"word": "begin anew"}, self.clock.now, is_free=True)

    async def _connect(self) -> None:
        """Ada's connection works as long as it is wanted."""
        tokens = self.close.connect(ADA)
        document = {name: tokens[name] for name in ("access_token", "refresh_token")}
        whose = owner(TEAM_ID, ADA.id, tokens["user_id"])
        row = CloseConnection(
            id="connection",
            team_id=TEAM_ID,
            slack_user_id=ADA.id,
            account=Account(
                close_user_id=tokens["user_id"],
                organization_id=ORGANIZATION_ID,
                email=ADA.email,
                name=ADA.name,
                is_api_key=False,
                secret=self.vault.seal(document, Purpose.TOKENS, whose),
                access_expires_at=START + LONG,
            ),
            connected_at=self.clock.now,
            checked_at=self.clock.now,
            wake_at=self.clock.now + timedelta(hours=20),
        )

        def put(store: Store) -> None:
            store.connections.put(row)
            store.comparisons.plan(TEAM_ID, ADA.id, now=self.clock.now)

        await self.viewer.run(put)

    async def _come_to_rest(self) -> None:
        """Whatever is due is done, moment for moment, until all is over."""
        self.close.trouble.clear()
        await self.end_leases()
        await self._drain(NAMES)
        for _ in range(MOST_MOMENTS):
            books = await read_books(self.viewer)
            moments = [each.wake_at for each in self._moving(books) if each.wake_at is not None]
            if not moments:
                break
            self.clock.now = max(min(moments), self.clock.now + timedelta(seconds=1))
            if self.clock.now > START + timedelta(days=3):
                break
            await self._drain(NAMES)
        self.clock.now += timedelta(minutes=3)
        await self._drain((*NAMES, *SLACK_NAMES))

    def _moving(self, books: Books) -> list[Any]:
        return [
            each
            for each in books.delegations
            if each.is_open or (each.state is State.ENDED and each.is_receipt_due)
        ]

    async def _drain(self, names: Sequence[str]) -> None:
        for _ in range(MOST_MOMENTS):
            due = await self._due(names)
            if not due:
                return
            await self.order({"word": "work", "names": due})
        raise AssertionError(f"something stays due: {due}")

    async def _due(self, names: Sequence[str]) -> list[str]:
        def look(connection: Connection) -> list[str]:
            found = []
            for name in names:
                table = metadata.tables[name]
                if connection.execute(
                    table.select().where(table.c.wake_at <= self.clock.now).limit(1)
                ).first():
                    found.append(name)
            return found

        found: list[str] = await self.viewer.run_connection(look)
        return found

    async def end_leases(self) -> None:
        """Whoever holds one has held it for too long; rows that are just written are left out."""

        def work(connection: Connection) -> None:
            for table in metadata.sorted_tables:
                if "leased_until" in table.c:
                    taken = select(table.c.id).where(table.c.leased_until.is_not(None))
                    free = taken.with_for_update(skip_locked=True)
                    row = table.update().where(table.c.id.in_(free))
                    connection.execute(row.values(leased_until=None))

        await self.viewer.run_connection(work)

    async def _read(self) -> Rows:
        def read(connection: Connection) -> Rows:
            return {
                table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for table in metadata.sorted_tables
            }

        rows: Rows = await self.viewer.run_connection(read)
        return rows

    async def _write(self, rows: Rows) -> None:
        def write(connection: Connection) -> None:
            # The log lets nobody empty it.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table in metadata.sorted_tables:
                if rows.get(table.name):
                    connection.execute(table.insert(), rows[table.name])

        await self.viewer.run_connection(write)


class Clock:
    """The time that everybody is told."""

    now = START

    def tell(self) -> datetime:
        """The present."""
        return self.now


@asynccontextmanager
async def open_street(database_url: str) -> AsyncIterator[Street]:
    """On a migrated, empty PostgreSQL."""
    clock, key = Clock(), Fernet.generate_key().decode()
    async with AsyncExitStack() as stack:
        slack, close = SandboxSlack(now=clock.tell), SandboxClose(now=clock.tell)
        close.set_expires_in(LONG)
        slack_url = await stack.enter_async_context(slack.serving())
        close_url = await stack.enter_async_context(serve(close.app))
        viewer = Database(database_url)
        stack.push_async_callback(viewer.dispose)
        environment = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": f"{slack_url}/api/",
            "CLOSE_CLIENT_ID": CLIENT_ID,
            "CLOSE_CLIENT_SECRET": CLIENT_SECRET,
            "CLOSE_API_URL": close_url,
            "CLOSE_APP_URL": close_url,
            "PUBLIC_URL": "https://bot.test",
            "DATABASE_URL": database_url,
            "ENCRYPTION_KEYS": key,
            "ADMINS": DANA.id,
            "PENDING_TTL": "6h",
        }
        both = await stack.enter_async_context(open_processes(environment, viewer))
        yield Street(viewer, both, close, slack, Vault([key]), clock)


async def step_by_hand(
    database_url: str, switches: int, names: Iterable[str], tell: Callable[[str], object] = str
) -> Counter[str]:
    """These scenes in every order with so many switches between the two; returns the figures.

    ``tell`` hears of each that is done.
    """
    async with open_street(database_url) as street:
        for name in names:
            await street.play(name, switches)
            street.figures["scenes"] += 1
            tell(f"{street.figures['schedules']:>9,} schedules with {name!r}\n")
    return street.figures
