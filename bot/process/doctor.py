"""``python -m bot doctor``: is everything in place? One line for each thing, and what to do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
import httpx
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.close.transport import open_http
from bot.connections.keys import keys_problem
from bot.connections.vault import Vault
from bot.process.fit import MISFITS, why_unusable
from bot.process.settings import Settings
from bot.slack.bolt import web_client
from bot.store import Database, DatabaseAway
from bot.store.schema import Look, look

MOST_SKEW = timedelta(seconds=2)
SCOPES = {
    "commands",
    "chat:write",
    "im:write",
    "im:history",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:history",
    "groups:history",
}


async def examine(settings: Settings) -> int:
    """Print what works and what does not; 0 when everything does."""
    checks: list[tuple[str, Callable[[Settings], Awaitable[str | None]]]] = [
        ("PUBLIC_URL", _public_url),
        ("Database", _database),
        ("Clock", _clock),
        ("Slack", _slack),
        ("Close", _close),
    ]
    problems = 0
    for name, check in checks:
        problem = await check(settings)
        problems += problem is not None
        print(f"{'ok  ' if problem is None else 'FAIL'}  {name}{f': {problem}' if problem else ''}")
    return 1 if problems else 0


async def _public_url(settings: Settings) -> str | None:
    if settings.public_url.startswith("https://") or not settings.has_close_app:
        return None
    return "Close sends people back only to https addresses; set PUBLIC_URL to one"


async def _database(settings: Settings) -> str | None:
    found = await _look(settings)
    if isinstance(found, str):
        return found
    if problem := MISFITS.get(found.fit):
        return problem
    database = Database(settings.database_url.get_secret_value())
    try:
        return await keys_problem(database, Vault(settings.keys))
    finally:
        await database.dispose()


async def _clock(settings: Settings) -> str | None:
    found = await _look(settings)
    if isinstance(found, str) or abs(found.skew) <= MOST_SKEW:
        return None
    return (
        f"the database's is {found.skew_seconds:+.1f} s from this machine's, and rights end that "
        "much too early or too late; have both set by NTP"
    )


async def _look(settings: Settings) -> Look | str:
    """What is found, or why nothing can be."""
    database = Database(settings.database_url.get_secret_value())
    try:
        return await look(database)
    except DatabaseAway as error:
        return f"does not answer ({error})"
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator has to read it
        return why_unusable(error)
    finally:
        await database.dispose()


async def _slack(settings: Settings) -> str | None:
    async with aiohttp.ClientSession() as session:
        client = web_client(
            settings.slack_bot_token.get_secret_value(),
            settings.slack_api_url,
            session,
            patient=False,
        )
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            return f"SLACK_BOT_TOKEN was refused ({error.response.get('error')})"
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError):
            return "cannot be reached"
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    missing = SCOPES - granted if granted != {""} else set()
    if missing:
        return f"scopes are missing: {', '.join(sorted(missing))}; reinstall from the manifest"
    return None


async def _close(settings: Settings) -> str | None:
    async with open_http() as http:
        try:
            answer = await http.get(f"{settings.close_api_url}/api/v1/me/")
        except httpx.HTTPError:
            return f"{settings.close_api_url} cannot be reached"
    if answer.status_code == 401:  # reached, and it wants a credential, as it should
        return None
    return f"{settings.close_api_url} answered {answer.status_code} where 401 was expected"
