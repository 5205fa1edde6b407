"""The whole stage of a scenario: sandbox Slack, sandbox Close, the real bot, and a clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.fernet import Fernet

from bot.clock import scheduler
from bot.clock.worker import Worker
from bot.process.app import open_bot
from bot.process.health import Health
from bot.process.rulebook import Rulebook
from bot.process.settings import Settings
from bot.store import Database, Store
from bot.store.rows import many
from models.delegation import Delegation, State, delegations
from models.policy import Policy
from models.round import Stage
from sandbox.browser import filled
from sandbox.close import CLIENT_ID, CLIENT_SECRET, SandboxClose
from sandbox.people import TEAM_ID, SandboxPerson
from sandbox.running import free_port
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import SALES, Message
from tests.patience import MOMENT, PATIENCE

BEAT = timedelta(seconds=1)
METRICS_TOKEN = "whoever-knows-this-reads-the-figures"


def bearer(token: str) -> dict[str, str]:
    """The header with which a token is shown."""
    return {"Authorization": f"Bearer {token}"}


# A Wednesday, 10:00 in Berlin and 9:00 in London: what people mean by a day or an hour is the same
# whenever the tests are run.
BEGINS = datetime(2026, 11, 25, 9, tzinfo=UTC)


class Clock:
    """Time that begins with each world, goes on as ever, and can be pushed ahead; ``bells`` are
    those who have to know when it is."""

    def __init__(self) -> None:
        self.ahead = BEGINS - datetime.now(UTC)
        self.bells: list[Callable[[], None]] = []

    def __call__(self) -> datetime:
        """The present moment, as the bot reads it."""
        return datetime.now(UTC) + self.ahead

    def push(self, **how_far: float) -> None:
        """Push the clock ahead, in the words of timedelta."""
        self.ahead += timedelta(**how_far)
        for bell in self.bells:
            bell()


class Rung(Health):
    """A bot that looks as soon as its clock is pushed, not only at its next beat."""

    def __init__(self, pushed: Clock) -> None:
        super().__init__()
        self._pushed = pushed

    async def watch(
        self, workers: Sequence[Worker[Any]], clock: scheduler.Clock, database: Database
    ) -> None:
        """The same as any other, which is told whose work it is."""
        self._pushed.bells.append(clock.look)
        try:
            await super().watch(workers, clock, database)
        finally:
            self._pushed.bells.remove(clock.look)


class World:
    """What a scenario can see and do."""

    def __init__(self, database: Database, clock: Clock, settings: dict[str, Any]) -> None:
        self.clock = clock
        self.database = database
        self.slack = SandboxSlack(ack_seconds=PATIENCE)
        self.close = SandboxClose(now=clock)
        self.bot_url = ""
        self.bot_environment = settings
        self.values: dict[str, Any] = {}
        self.rulebook = Rulebook(None, Policy())

    async def sendas(
        self, person: SandboxPerson, text: str = "", *, channel: str | None = SALES
    ) -> str:
        """Type ``/sendas`` in a channel, or with None in the bot's direct messages, and return the
        words of the answer, as the person reads them; nothing when there is none."""
        before = {message.ts for message in self.slack.messages(person)}
        reply = await self.slack.command(person, "/sendas", text, channel=channel)
        assert reply.ok, reply
        seen = self.slack.messages(person)
        answers = [each for each in seen if each.ephemeral and each.ts not in before]
        return self.slack.read(answers[-1], person) if answers else ""

    async def connect(self, person: SandboxPerson) -> httpx.Response:
        """Walk from ``/sendas connect`` through Close's consent page and back, in a browser, and
        wait for the first look at what Close holds: that has nothing to do with what is to come."""
        page = await self.follow(await self.connect_link(person), person)
        async with asyncio.timeout(PATIENCE):
            while not await self.database.read(  # noqa: ASYNC110 - only looking tells
                lambda store: self._is_compared(store, person)
            ):
                await asyncio.sleep(MOMENT)
        return page

    def _is_compared(self, store: Store, person: SandboxPerson) -> bool:
        row = store.comparisons.get(person.team_id, person.id)
        if row is None:
            return True
        is_due = row.wake_at is not None and row.wake_at <= self.clock()
        return row.leased_until is None and not is_due

    async def connect_link(self, person: SandboxPerson) -> str:
        """The link that ``/sendas connect`` answers with."""
        reply = await self.slack.command(person, "/sendas", "connect")
        assert reply.ok, reply
        return self.last_answer(person).text.partition("<")[2].partition("|")[0]

    def last_answer(self, person: SandboxPerson) -> Message:
        """The newest message that only this person sees, with its buttons."""
        return next(m for m in reversed(self.slack.messages(person)) if m.ephemeral)

    async def follow(
        self, link: str, person: SandboxPerson, *, allow: bool = True
    ) -> httpx.Response:
        """Open a connect link as ``person`` and decide on Close's consent page."""
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            departure = await self.begin(browser, link)
            if departure.status_code != 303:
                return departure
            target = await self.close.consent(departure.headers["location"], person, allow=allow)
            return await browser.get(target)

    async def begin(
        self, browser: httpx.AsyncClient, link: str, button: str = "Continue"
    ) -> httpx.Response:
        """Open a connect link, and press this button of the page that says for whom it is."""
        page = await browser.get(link)
        if page.status_code != 200:
            return page
        url, form = filled(page, button)
        return await browser.post(url, data=form)

    async def card(self, person: SandboxPerson, words: str) -> Message:
        """The person's card whose words contain ``words``, once it is there."""

        def find() -> Message | None:
            for message in reversed(self.slack.messages(person)):
                if not message.ephemeral and words in self.slack.read(message, person):
                    return message
            return None

        return await self.slack.wait_for(find, what=f"a card for {person.handle}: {words!r}")

    async def click(self, person: SandboxPerson, words: str, button: str) -> None:
        """Click a button on the person's card that contains ``words``."""
        reply = await self.slack.click(person, await self.card(person, words), button)
        assert reply.ok, reply

    async def whispered(self, person: SandboxPerson, words: str) -> Message:
        """An answer that only this person sees."""

        def find() -> Message | None:
            for message in reversed(self.slack.messages(person)):
                if message.ephemeral and words in self.slack.read(message, person):
                    return message
            return None

        return await self.slack.wait_for(find, what=f"a whisper to {person.handle}: {words!r}")

    async def unheard(self, person: SandboxPerson, **changes: Any) -> None:
        """Something about this person changes in Slack, which tells nobody, once today's round is
        over: that would find it."""
        async with asyncio.timeout(PATIENCE):
            while not await self.database.read(_rests):  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        self.slack.change_unheard(person, **changes)

    async def figures(self) -> httpx.Response:
        """What ``/metrics`` answers to whoever has the token."""
        async with httpx.AsyncClient(base_url=self.bot_url, timeout=PATIENCE) as reader:
            return await reader.get("/metrics", headers=bearer(METRICS_TOKEN))

    async def delegations(self) -> list[Delegation]:
        """All rows, oldest first."""

        def read(connection: Any) -> list[Delegation]:
            oldest_first = delegations.select().order_by(delegations.c.requested_at)
            return many(connection, Delegation, oldest_first)

        found: list[Delegation] = await self.database.run_connection(read)
        return found

    async def only(self) -> Delegation:
        """The one delegation there is."""
        found = await self.delegations()
        assert len(found) == 1, found
        return found[0]

    async def until(self, state: State) -> Delegation:
        """The one delegation, once it is in this state."""
        async with asyncio.timeout(PATIENCE):
            while (delegation := await self.only()).state is not state:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        return delegation


def _rests(store: Store) -> bool:
    row = store.rounds.get(TEAM_ID)
    return row is not None and row.stage is Stage.REST and row.leased_until is None


@asynccontextmanager
async def open_world(
    database_url: str,
    *,
    close: SandboxClose | None = None,
    before: Callable[[World], None] = lambda _world: None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Everything up and talking to each other; ``settings`` are those of the bot, ``close`` is one
    that another world left behind, and ``before`` is done before the bot starts."""
    async with AsyncExitStack() as stack:
        clock = Clock()
        database = Database(database_url)
        stack.push_async_callback(database.dispose)
        world = World(database, clock, settings)
        if close is not None:
            world.close = close
        slack_url = await stack.enter_async_context(world.slack.serving())
        close_url = await stack.enter_async_context(serve(world.close.app))
        values = {
            "slack_bot_token": world.slack.bot_token,
            "slack_signing_secret": world.slack.signing_secret,
            "slack_api_url": f"{slack_url}/api/",
            "close_client_id": CLIENT_ID,
            "close_client_secret": CLIENT_SECRET,
            "close_api_url": close_url,
            "close_app_url": close_url,
            "public_url": "http://127.0.0.1:1",
            "database_url": database_url,
            "encryption_keys": (Fernet.generate_key().decode(),),
            "metrics_token": METRICS_TOKEN,
            **settings,
        }
        world.values = values
        before(world)
        working = _bot(values, clock)
        world.bot_url, world.rulebook = await stack.enter_async_context(working)
        world.slack.bot_url = world.bot_url
        yield world


@asynccontextmanager
async def another_bot(world: World, ack_seconds: float = PATIENCE) -> AsyncIterator[str]:
    """A second bot on the same database, as another process would be; yields its address.

    ``ack_seconds`` is how long it believes that Slack waits.
    """
    async with _bot(dict(world.values), world.clock, ack_seconds) as (url, _):
        yield url


@asynccontextmanager
async def _bot(
    values: dict[str, Any], clock: Clock, ack_seconds: float = PATIENCE
) -> AsyncIterator[tuple[str, Rulebook]]:
    """The bot on a free port, which it has to know beforehand to make its links; and its rules."""
    with free_port() as port:
        values["public_url"] = f"http://127.0.0.1:{port}"
        settings = Settings(**values)
        rulebook = Rulebook(settings.policy_file, settings.policy)
        working = open_bot(
            settings,
            now=clock,
            beat=BEAT,
            ack_seconds=ack_seconds,
            health=Rung(clock),
            rulebook=rulebook,
        )
        async with working as web, serve(web, port) as url:
            yield url, rulebook
