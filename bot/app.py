"""The composition root: the only place that knows every part."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.advance import Advance
from bot.clock import SAFETY_INTERVAL, Clock
from bot.close.client import CloseClient, open_http
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.compare import Compare
from bot.connect_pages import ConnectPages
from bot.connecting import Connecting
from bot.connections import Connections
from bot.crypto import Vault
from bot.delegations import Delegations
from bot.disconnecting import Disconnecting
from bot.drafting import Drafting
from bot.figures import Figures
from bot.homes import Homes, HomeSync
from bot.identities import Identities
from bot.keys import rotate
from bot.links import Links
from bot.listeners import (
    actions,
    commands,
    connections,
    drafts,
    errors,
    events,
    forms,
    home,
    receipts,
    shortcuts,
    strays,
    views,
)
from bot.listeners.asking import Asking
from bot.listeners.opening import FormOpener, Forms
from bot.pairings import Pairings
from bot.ports import Now
from bot.present import utc_now
from bot.receipts import Receipts
from bot.settings import Settings
from bot.slack.bolt import Workspace, bolt_app, web_client
from bot.slack.directory import SlackDirectory
from bot.slack.edge import SlackEdge
from bot.slack.messages import Messages
from bot.slack.responses import Responses
from bot.slack.runner import PromptListenerRunner
from bot.slack.views import Views
from bot.steps import Steps
from bot.store import Database, Store
from bot.store.schema import is_current
from bot.straying import Straying
from bot.strays import Strays
from bot.sync import Sync
from bot.telemetry import Metrics
from bot.upkeep import Upkeep
from bot.web import web_app
from bot.worker import PATIENCE, Rows, Worker
from models.card import Card
from models.comparison import Comparison
from models.delegation import Delegation
from models.home import Home
from models.policy import Policy
from models.stray import Stray

Answer = TypeVar("Answer")

SLACK_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
LONGEST_TURN = timedelta(seconds=5)  # for a call to Close to wait for its turn in the worker
GREETING_PAUSE = 5.0  # seconds between attempts to reach Slack at the start


@asynccontextmanager
async def open_bot(
    settings: Settings, *, now: Now = utc_now, beat: timedelta = SAFETY_INTERVAL
) -> AsyncIterator[Starlette]:
    """The whole bot at work until the context ends; yields its HTTP side.

    ``now`` and ``beat`` (the clock's safety interval) are arguments so that time can be set.
    """
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value())
        stack.push_async_callback(database.dispose)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=SLACK_TIMEOUT))
        http = await stack.enter_async_context(open_http())
        metrics = Metrics()
        vault = Vault(settings.keys)
        links = Links(vault, settings.public_url, now)

        close = CloseClient(http, settings.close_api_url, Limiter(max_wait=LONGEST_TURN))
        oauth = CloseOAuthClient(
            http,
            api_url=settings.close_api_url,
            app_url=settings.close_app_url,
            client_id=settings.close_client_id,
            client_secret=settings.close_client_secret.get_secret_value(),
            redirect_uri=links.callback,
        )
        connections = Connections(database, vault, oauth, now)
        token, api_url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
        quick = web_client(token, api_url, session, patient=False)
        patient = web_client(token, api_url, session, patient=True)

        steps = Steps(database, connections, close, settings.policy, now, metrics)
        identities = Identities(
            database,
            connections,
            close,
            now,
            by_email=not settings.require_grantee_connection,
        )
        receipt_maker = Receipts(steps)
        advance = Advance(steps, identities, receipt_maker)
        sync = Sync(database, Messages(patient), links, receipt_maker, now, metrics)
        clock = Clock(now, beat)
        lives: Worker[Delegation] = Worker(
            "delegations", database, _delegations, advance, now, groups=advance
        )
        cards: Worker[Card] = Worker("cards", database, _cards, sync, now)
        home_sync = HomeSync(database, Views(patient), links, settings.policy, now, metrics)
        homes: Worker[Home] = Worker("homes", database, _homes, home_sync, now)

        directory = SlackDirectory(quick, now)
        straying = Straying(steps, Messages(patient))
        stray_rows: Worker[Stray] = Worker("strays", database, _strays, straying, now)

        def show() -> None:
            cards.wake()
            homes.wake()

        advance.on_change = show

        def settle() -> None:
            lives.wake()
            stray_rows.wake()
            show()

        compare = Compare(steps, identities, directory, Messages(patient), settle)
        compared: Worker[Comparison] = Worker("comparisons", database, _comparisons, compare, now)

        def wake() -> None:
            settle()
            compared.wake()

        delegations = Delegations(
            database, directory, settings.policy, now, wake, audit_channel=settings.audit_channel
        )
        admins = settings.policy.admins
        upkeep = Upkeep(
            database,
            connections,
            close,
            Messages(patient),
            links,
            now,
            metrics,
            settle,
            admins=admins,
        )

        def wake_all() -> None:
            wake()
            upkeep.wake()

        connecting = Connecting(
            database,
            connections,
            oauth,
            close,
            directory,
            links,
            now,
            wake_all,
            admins=admins,
        )
        workspace = Workspace(quick)
        app = bolt_app(quick, workspace)
        _listen(
            app,
            responses=Responses(session, quick),
            views_out=Views(quick),
            delegations=delegations,
            asking=Asking(delegations, Drafting(database, now), directory, settings.policy, now),
            homes=Homes(database, now, homes.wake),
            disconnecting=Disconnecting(database, now, wake_all),
            pairings=Pairings(database, admins, now, wake_all),
            receipt_maker=receipt_maker,
            stray_cases=Strays(
                database,
                directory,
                settings.policy,
                now,
                wake,
                audit_channel=settings.audit_channel,
            ),
            directory=directory,
            links=links,
            policy=settings.policy,
            now=now,
        )

        await rotate(database, vault, now)
        workers = (lives, cards, homes, compared, stray_rows)
        await stack.enter_async_context(_at_work(clock, *workers, *upkeep.workers))
        stack.push_async_callback(_finish_listeners, app)
        await stack.enter_async_context(_in_background(_greet(workspace)))
        edge = None
        if settings.slack_app_token is not None:
            socket_token = settings.slack_app_token.get_secret_value()
            await stack.enter_async_context(_socket_mode(app, socket_token, quick))
        elif settings.slack_signing_secret is not None:
            edge = SlackEdge(app, settings.slack_signing_secret.get_secret_value())

        async def ready() -> dict[str, bool]:
            return {"database": await is_current(database), "clock": clock.is_ticking}

        connect_pages = ConnectPages(
            connecting,
            links,
            has_app=settings.has_close_app,
            allows_keys=settings.allow_api_keys,
        )
        measure = Figures(database, metrics, now).measure
        yield web_app(edge, connect_pages, metrics, ready, measure)


def _listen(
    app: AsyncApp,
    *,
    responses: Responses,
    views_out: Views,
    delegations: Delegations,
    asking: Asking,
    homes: Homes,
    disconnecting: Disconnecting,
    pairings: Pairings,
    stray_cases: Strays,
    receipt_maker: Receipts,
    directory: SlackDirectory,
    links: Links,
    policy: Policy,
    now: Now,
) -> None:
    """Everything that people do in Slack, each to its listener."""
    opening = Forms(views_out, responses)
    opener = FormOpener(opening, policy)
    commands.register(
        app,
        commands.Commands(
            delegations,
            asking,
            connections.ConnectionCommands(disconnecting, links),
            opener,
            policy,
            stray_cases,
        ),
    )
    connections.register(
        app, connections.ConnectionButtons(disconnecting, pairings, responses, policy)
    )
    actions.register(app, delegations, responses, policy)
    buttons = strays.StrayButtons(stray_cases, directory, opening, responses, policy, now)
    strays.register(app, stray_cases, buttons)
    receipts.register(app, receipts.ReceiptButton(receipt_maker, responses, policy))
    drafts.register(app, drafts.DraftButtons(asking, policy), responses, policy)
    card_forms = forms.CardForms(delegations, asking, opening, responses, policy, now)
    forms.register(app, card_forms, policy)
    views.register(app, views.RequestForm(asking, responses, policy))
    shortcuts.register(app, opener, shortcuts.AskAuthor(opener, responses, policy))
    home.register(app, home.HomeTab(homes, delegations, responses, policy), opener)
    events.register(app, directory, delegations)
    errors.register(app, responses)


def _delegations(store: Store) -> Rows[Delegation]:
    return store.delegations


def _comparisons(store: Store) -> Rows[Comparison]:
    return store.comparisons


def _strays(store: Store) -> Rows[Stray]:
    return store.strays


def _cards(store: Store) -> Rows[Card]:
    return store.cards


def _homes(store: Store) -> Rows[Home]:
    return store.homes


@asynccontextmanager
async def _at_work(clock: Clock, *workers: Worker[Any]) -> AsyncIterator[None]:
    """The workers and the clock that wakes them. At the end, running steps may finish."""
    tasks = [asyncio.create_task(worker.run(), name=worker.name) for worker in workers]
    for worker in workers:
        clock.serve(worker)
    clock.start()
    try:
        yield
    finally:
        clock.stop()
        for worker in workers:
            worker.stop()
        await asyncio.gather(*tasks)


async def _finish_listeners(app: AsyncApp) -> None:
    runner = app.listener_runner
    if isinstance(runner, PromptListenerRunner):
        await runner.finish(PATIENCE)


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()


async def _greet(workspace: Workspace) -> None:
    """Ask Slack who we are before the first click does."""
    known = await _persistently(workspace.authorize)
    structlog.get_logger("bot.app").info("ready", team=known.team_id, bot_user=known.bot_user_id)


@asynccontextmanager
async def _socket_mode(
    app: AsyncApp, app_token: str, client: AsyncWebClient
) -> AsyncIterator[None]:
    """Requests over a socket that we open, in place of Slack's requests to us."""
    handler = AsyncSocketModeHandler(app, app_token, web_client=client)

    async def connect() -> None:
        await _persistently(handler.connect_async)

    async with _in_background(connect()):
        yield
    await handler.close_async()  # type: ignore[no-untyped-call]  # bolt has no annotation here


async def _persistently(attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    """Until Slack answers. Meanwhile the bot works all the same: taking a right away never waits
    for Slack."""
    while True:
        try:
            return await attempt()
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            structlog.get_logger("bot.app").warning(
                "Slack cannot be reached", error=type(error).__name__
            )
            await asyncio.sleep(GREETING_PAUSE)
