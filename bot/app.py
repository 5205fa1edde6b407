"""The composition root: the only place that knows every part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

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
from bot.connecting import Connecting
from bot.connections import Connections
from bot.crypto import Vault
from bot.delegations import Delegations
from bot.identities import Identities
from bot.links import Links
from bot.listeners import actions, commands, errors, events, views
from bot.listeners.asking import Asking
from bot.ports import Now
from bot.present import utc_now
from bot.settings import Settings
from bot.slack.bolt import Workspace, bolt_app, web_client
from bot.slack.directory import SlackDirectory
from bot.slack.edge import SlackEdge
from bot.slack.messages import Messages
from bot.slack.responses import Responses
from bot.slack.runner import PromptListenerRunner
from bot.steps import Steps
from bot.store import Database, Store
from bot.store.schema import is_current
from bot.sync import Sync
from bot.telemetry import Metrics
from bot.web import ConnectPages, web_app
from bot.worker import PATIENCE, Rows, Worker
from models.card import Card
from models.delegation import Delegation

SLACK_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
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
        vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
        links = Links(vault, settings.public_url, now)

        close = CloseClient(http, settings.close_api_url, Limiter())
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
        advance = Advance(steps, Identities(database, close, now))
        sync = Sync(database, Messages(patient), links, now, metrics)
        clock = Clock(now, beat)
        lives: Worker[Delegation] = Worker("delegations", database, _delegations, advance, now)
        cards: Worker[Card] = Worker("cards", database, _cards, sync, now)
        advance.on_change = sync_soon = cards.wake

        def wake() -> None:
            lives.wake()
            sync_soon()

        directory = SlackDirectory(quick, now)
        delegations = Delegations(
            database, directory, settings.policy, now, wake, audit_channel=settings.audit_channel
        )
        connecting = Connecting(database, connections, oauth, close, links, now, wake)
        workspace = Workspace(quick)
        app = bolt_app(quick, workspace)
        responses = Responses(session)
        asking = Asking(delegations, directory, settings.policy, now)
        commands.register(app, commands.Commands(delegations, asking, links, settings.policy))
        actions.register(app, delegations, responses, settings.policy)
        views.register(app, views.RequestForm(asking, settings.policy))
        events.register(app, directory)
        errors.register(app, responses)

        await stack.enter_async_context(_at_work(clock, lives, cards))
        stack.push_async_callback(_finish_listeners, app)
        await stack.enter_async_context(_greeting(workspace))
        edge = None
        if settings.slack_app_token is not None:
            socket_token = settings.slack_app_token.get_secret_value()
            await stack.enter_async_context(_socket_mode(app, socket_token, quick))
        elif settings.slack_signing_secret is not None:
            edge = SlackEdge(app, settings.slack_signing_secret.get_secret_value())

        async def ready() -> dict[str, bool]:
            return {"database": await is_current(database), "clock": clock.is_ticking}

        yield web_app(edge, ConnectPages(connecting, links), metrics, ready)


def _delegations(store: Store) -> Rows[Delegation]:
    return store.delegations


def _cards(store: Store) -> Rows[Card]:
    return store.cards


@asynccontextmanager
async def _at_work(
    clock: Clock, lives: Worker[Delegation], cards: Worker[Card]
) -> AsyncIterator[None]:
    """The workers and the clock that wakes them. At the end, running steps may finish."""
    workers = (lives, cards)
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
async def _greeting(workspace: Workspace) -> AsyncIterator[None]:
    """Ask Slack who we are before the first click does. Without Slack the bot works all the same:
    taking a right away never waits for it."""

    async def greet() -> None:
        log = structlog.get_logger("bot.app")
        while True:
            try:
                known = await workspace.authorize()
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("Slack cannot be reached", error=type(error).__name__)
                await asyncio.sleep(GREETING_PAUSE)
            else:
                log.info("ready", team=known.team_id, bot_user=known.bot_user_id)
                return

    task = asyncio.create_task(greet())
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def _socket_mode(
    app: AsyncApp, app_token: str, client: AsyncWebClient
) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, app_token, web_client=client)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt has none
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # bolt has none
