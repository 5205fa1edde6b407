"""Close: reached, and taking the OAuth app's id and secret."""

from collections.abc import Sequence

import httpx

from bot.close.errors import CloseError, CloseProblem, ReconnectNeeded, RefusedByClose
from bot.close.oauth import CloseOAuthClient
from bot.close.transport import LIMITS, open_http
from bot.connections.links import CALLBACK
from bot.process.doctor.report import Finding, away, fine, note, wrong
from bot.process.settings import Settings

SUBJECT, APP = "Close", "Close OAuth app"
NO_CODE = "asked-by-the-doctor"  # no code that Close has ever given: it has to be refused


async def examine_close(settings: Settings) -> Sequence[Finding]:
    """Ask without a credential, then with the app's own and a code that is none."""
    wire = open_http()
    async with httpx.AsyncClient(transport=wire, timeout=LIMITS, trust_env=False) as http:
        api = await _api(http, settings)
        if api.is_failure:
            return [api]
        return [api, await _app(wire, settings)]


async def _api(http: httpx.AsyncClient, settings: Settings) -> Finding:
    try:
        answer = await http.get(f"{settings.close_api_url}/api/v1/me/")
    except (httpx.HTTPError, OSError):
        to_do = "Look at https://status.close.com, and whether this machine may reach the internet."
        return away(SUBJECT, f"{settings.close_api_url} cannot be reached.", to_do)
    if answer.status_code == 401:  # it wants a credential, as it should
        return fine(SUBJECT)
    says = f"{settings.close_api_url} answered {answer.status_code} where 401 was expected."
    return wrong(SUBJECT, says, "Look at CLOSE_API_URL: it may not be Close that answers there.")


async def _app(wire: httpx.AsyncBaseTransport, settings: Settings) -> Finding:
    if not settings.has_close_app:
        return note(APP, "There is none: people connect with an API key.")
    client = CloseOAuthClient(
        wire,
        api_url=settings.close_api_url,
        app_url=settings.close_app_url,
        client_id=settings.close_client_id,
        client_secret=settings.close_client_secret.get_secret_value(),
        redirect_uri=f"{settings.public_url}{CALLBACK}",
    )
    try:
        await client.exchange(NO_CODE)
    except ReconnectNeeded:  # the code was refused, so the app was not
        return fine(APP)
    except RefusedByClose as error:
        if error.problem is CloseProblem.CLIENT_REJECTED:
            to_do = "Copy both again from Close: Settings, Developer, OAuth Apps."
            return wrong(APP, "Close refused CLOSE_CLIENT_ID or CLOSE_CLIENT_SECRET.", to_do)
        return _unclear(error)
    except CloseError as error:
        return _unclear(error)
    return note(APP, "Close took a code that it never gave; whether it knows the app is not known.")


def _unclear(error: CloseError) -> Finding:
    says = f"Close did not say whether it knows the app ({error})."
    return away(APP, says, "Ask again in a minute.")
