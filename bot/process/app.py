"""The composition root: opens everything, sets it to work, and closes it again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.types import ASGIApp

from bot.clock.calm import Calm
from bot.clock.present import utc_now
from bot.clock.scheduler import SAFETY_INTERVAL, Clock
from bot.clock.worker import PATIENCE, Worker
from bot.connections.flow import Way
from bot.connections.keys import look_after_keys
from bot.connections.sessions import Connections
from bot.delegations.people.retention import hashing
from bot.desk import Desk
from bot.listeners.errors import StandIns
from bot.listeners.register import listen
from bot.ports import Now
from bot.process.farewell import CLOSING, STORING, Farewell
from bot.process.health import Health
from bot.process.resources import Outside, open_outside
from bot.process.rulebook import Rulebook
from bot.process.settings import Settings
from bot.process.wiring import Workshop
from bot.projections.notary import DAY
from bot.slack.bolt import Workspace, bolt_app
from bot.slack.door import Door
from bot.slack.edge import SlackEdge
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.slack.runner import ACK_SECONDS, PromptListenerRunner
from bot.slack.socket_mode import SocketHandler
from bot.slack.views import Views
from bot.store import Database, DatabaseAway, Store
from bot.store.schema import Fit, Look, look
from bot.telemetry import Metrics
from bot.web.cached import Cached
from bot.web.connections import ConnectPages
from bot.web.figures import Figures
from bot.web.routes import Endpoint, web_app
from models.chore import ChoreKind

Answer = TypeVar("Answer")

SETTLED = timedelta(minutes=10)  # after a start there is more urgent work than a round
STOP_LIMIT = 5.0  # seconds beyond a worker's patience
SETTLING_PAUSE = 1.0  # seconds between attempts to reach the database at the start
GREETING_PAUSE = 5.0  # seconds between attempts to reach Slack at the start


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    now: Now = utc_now,
    beat: timedelta = SAFETY_INTERVAL,
    ack_seconds: float = ACK_SECONDS,
    health: Health | None = None,
    farewell: Farewell | None = None,
    rulebook: Rulebook | None = None,
) -> AsyncIterator[ASGIApp]:
    """The whole bot at work until the context ends; yields its HTTP side.

    ``now``, ``beat`` (the clock's safety interval) and ``ack_seconds`` (how long Slack waits) are
    arguments so that time can be set; ``health`` is told when the process has to end, and once the
    ``farewell`` has begun nothing new is. The ``rulebook`` is that of the settings, unless somebody
    outside has it read again. Raises BadRules.
    """
    health, farewell = health or Health(), farewell or Farewell()
    rulebook = rulebook or Rulebook(settings.policy_file, settings.policy)
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(open_outside(settings, now, farewell))
        others, metrics = outside.database.others(), Metrics()
        calm = Calm()
        clock = Clock(outside.database, now, beat, others.tell, calm)
        workspace = Workspace(outside.quick)
        workshop = Workshop(
            *(outside, workspace, clock.ring, metrics, farewell.begin),
            present_rules=rulebook.present,
        )
        responses = Responses(outside.session, outside.quick)
        stand_ins = StandIns(responses)
        app = bolt_app(outside.quick, stand_ins, ack_seconds)
        door = Door(app, workspace, stand_ins, calm.answering)
        desk = Desk(
            outside.database,
            workshop.directory,
            settings.policy,
            now,
            clock.ring,
            audit_channel=settings.audit_channel,
            present_rules=rulebook.present,
        )
        listen(
            app,
            desk,
            responses=responses,
            views=Views(outside.quick),
            links=outside.links,
            sent=workshop.receipts,
        )

        stack.push_async_callback(_finish_storing, workshop.connections, farewell)
        await stack.enter_async_context(_at_work(farewell, clock, *workshop.workers))
        watching = health.watch(workshop.workers, clock, outside.database)
        await stack.enter_async_context(_in_background(watching))
        await stack.enter_async_context(_in_background(others.run(clock.look)))
        stack.push_async_callback(_finish_listeners, app, farewell)
        for work in (
            _greet(workspace, outside.database, now),
            _settle_in(outside, clock),
            rulebook.know_groups(workshop.directory),
            rulebook.write_down(outside.database, lambda: workspace.team_id, now),
        ):
            await stack.enter_async_context(_in_background(work))
        edge = await _way_in(stack, settings, app, door, outside.quick)
        cached = Cached(lambda: _found_in(outside.database))

        async def ready() -> dict[str, bool | float | None]:
            found = await cached.answer()
            return {
                "database": found is not None and found.fit is Fit.READY,
                "clock": clock.is_ticking,
                "workers": health.problem is None,
                "slack": workspace.is_known,
                "clock_skew_seconds": None if found is None else found.skew_seconds,
            }

        pages = _pages(desk, workshop, outside, workspace)
        figures = _figures(outside, metrics, workshop)
        yield web_app(edge, pages, ready, lambda: health.problem, figures)


def _figures(outside: Outside, metrics: Metrics, workshop: Workshop) -> Endpoint | None:
    token = outside.settings.metrics_token
    if token is None:
        return None
    return Figures(outside.database, metrics, workshop.workers, outside.now, token).answer


def _pages(desk: Desk, workshop: Workshop, outside: Outside, workspace: Workspace) -> ConnectPages:
    way = Way(
        desk,
        workshop.connections,
        outside.oauth,
        outside.close,
        outside.links,
        workshop.directory,
    )
    return ConnectPages(
        way,
        workspace.address,
        has_app=outside.settings.has_close_app,
        allows_keys=outside.settings.allow_api_keys,
    )


async def _way_in(
    stack: AsyncExitStack, settings: Settings, app: AsyncApp, door: Door, client: AsyncWebClient
) -> SlackEdge | None:
    """A socket that we open, or an endpoint for Slack's requests to us; only that is returned."""
    if settings.slack_app_token is not None:
        token = settings.slack_app_token.get_secret_value()
        await stack.enter_async_context(_socket_mode(app, door, token, client))
    elif settings.slack_signing_secret is not None:
        return SlackEdge(door, settings.slack_signing_secret.get_secret_value())
    return None


async def _found_in(database: Database) -> Look | None:
    """A look at the database; None when it does not answer, or cannot be used."""
    try:
        return await look(database)
    except DatabaseAway:
        return None
    except Exception as error:  # noqa: BLE001 - /readyz has to say so, whatever it is
        log = structlog.get_logger("bot.process.app")
        log.warning("the database cannot be used", error=type(error).__name__)
        return None


@asynccontextmanager
async def _at_work(farewell: Farewell, clock: Clock, *workers: Worker[Any]) -> AsyncIterator[None]:
    """The workers and the clock that wakes them. At the end, running steps may finish."""
    tasks = [asyncio.create_task(worker.run(), name=worker.name) for worker in workers]
    for worker in workers:
        clock.serve(worker)
    clock.start()
    try:
        async with _in_background(_stop_when_told(farewell, workers)):
            yield
    finally:
        clock.stop()
        for worker in workers:
            worker.stop()
        # Each has its own limits; one that is stuck or has failed is no reason to stay.
        limit = farewell.left(PATIENCE + STOP_LIMIT, keeping=STORING + CLOSING)
        _, stuck = await asyncio.wait(tasks, timeout=limit)
        for task in stuck:
            task.cancel()


async def _stop_when_told(farewell: Farewell, workers: Sequence[Worker[Any]]) -> None:
    """They finish while open requests still get their answers."""
    await farewell.told.wait()
    for worker in workers:
        worker.stop()


async def _finish_listeners(app: AsyncApp, farewell: Farewell) -> None:
    runner = app.listener_runner
    if isinstance(runner, PromptListenerRunner):
        await runner.finish(farewell.left(PATIENCE, keeping=STORING + CLOSING))


async def _finish_storing(connections: Connections, farewell: Farewell) -> None:
    await connections.finish(farewell.left(STORING, keeping=CLOSING))


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    task.add_done_callback(_note_failure)
    try:
        yield
    finally:
        task.cancel()


def _note_failure(task: "asyncio.Task[None]") -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        structlog.get_logger("bot.process.app").error("a part has failed", exc_info=error)


async def _greet(workspace: Workspace, database: Database, now: Now) -> None:
    """Ask Slack who we are before the first click does; who has left while the bot was away is
    found out soon."""
    await _persistently(workspace.learn)
    log, team_id = structlog.get_logger("bot.process.app"), str(workspace.team_id)
    log.info("ready", team=team_id)
    await database.run_until_stored(
        lambda store: store.rounds.plan(team_id, now=now(), wait=SETTLED)
    )


async def _settle_in(outside: Outside, clock: Clock) -> None:
    """What a start looks after once, as soon as the database answers."""
    database, admins = outside.database, outside.settings.policy.admins
    while True:
        try:
            await database.run(lambda store: _plan_chores(outside, store))
            await hashing(database, outside.vault)  # its key is under the newest one
            clock.ring()
            if await look_after_keys(database, outside.vault, admins, outside.now):
                clock.ring()
        except DatabaseAway:
            await asyncio.sleep(SETTLING_PAUSE)
        else:
            return


def _plan_chores(outside: Outside, store: Store) -> None:
    now = outside.now()
    store.chores.plan(ChoreKind.SEAL, wake_at=now)
    if outside.settings.audit_channel is not None:
        store.chores.plan(ChoreKind.HEAD, wake_at=now + DAY)
    if outside.settings.retention is not None:
        store.chores.plan(ChoreKind.RETENTION, wake_at=now + SETTLED)


@asynccontextmanager
async def _socket_mode(
    app: AsyncApp, door: Door, app_token: str, client: AsyncWebClient
) -> AsyncIterator[None]:
    """Requests over a socket that we open, in place of Slack's requests to us."""
    handler = SocketHandler(app, door, app_token, client)

    async def connect() -> None:
        await _persistently(handler.connect_async)

    async with _in_background(connect()):
        yield
    await handler.close_async()  # type: ignore[no-untyped-call]  # bolt has no annotation here


async def _persistently(attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    """Until Slack answers. Meanwhile the bot works all the same: taking a right away never waits
    for Slack."""
    log, noted = structlog.get_logger("bot.process.app"), ""
    while True:
        try:
            return await attempt()
        except (SlackClientError, SlackError, aiohttp.ClientError, TimeoutError, OSError) as error:
            said = error.code if isinstance(error, SlackError) else type(error).__name__
            if said != noted:  # one line for an outage, not one for each attempt
                log.warning("Slack does not know us yet", error=said)
                noted = said
            await asyncio.sleep(GREETING_PAUSE)
