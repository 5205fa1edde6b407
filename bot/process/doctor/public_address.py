"""PUBLIC_URL: an address that leads here, with a certificate that browsers and Slack accept."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from bot.close.transport import LIMITS, open_http
from bot.ports import Now
from bot.process.doctor.report import Finding, Verdict, away, fine, note, wrong
from bot.process.settings import Settings, is_local
from bot.times.saying import say_length

SUBJECT, EVENTS, CERTIFICATE = "PUBLIC_URL", "Slack's requests", "TLS certificate"
WITHIN = 5.0  # seconds
SOON = timedelta(days=14)
HEALTHY = "ok"
PROXY = "Look at the name in DNS, the firewall and the proxy: they have to lead to PORT of the bot."


async def examine_address(settings: Settings, now: Now) -> Sequence[Finding]:
    """Ask for our own pages where everybody else does."""
    parts = urlsplit(settings.public_url)
    if parts.scheme != "https" and settings.has_close_app and not is_local(settings.close_api_url):
        says = "Close sends people back only to https addresses."
        return [wrong(SUBJECT, says, "Set PUBLIC_URL to one that begins with https://.")]
    async with httpx.AsyncClient(transport=open_http(), timeout=LIMITS, trust_env=False) as http:
        found = [await _health(http, settings)]
        is_there = found[0].verdict is Verdict.FINE
        if is_there and settings.slack_app_token is None:
            found.append(await _events(http, settings))
    if parts.scheme == "https" and is_there:
        found.append(await _certificate(str(parts.hostname), parts.port or 443, now))
    return found


async def _health(http: httpx.AsyncClient, settings: Settings) -> Finding:
    try:
        answer = await http.get(f"{settings.public_url}/healthz", timeout=WITHIN)
    except (httpx.HTTPError, OSError) as error:
        return await _unanswered(http, settings, error)
    said = answer.text.strip()[:100]
    if answer.status_code == 200 and said == HEALTHY:
        return fine(SUBJECT)
    if answer.status_code == 503 and said:
        return wrong(SUBJECT, f"The bot says that it does not work any more: {said}")
    says = f"{settings.public_url}/healthz answers {answer.status_code}, and that is not the bot."
    return wrong(SUBJECT, says, PROXY)


async def _unanswered(http: httpx.AsyncClient, settings: Settings, error: Exception) -> Finding:
    """No certificate, no bot, or no way to it."""
    if (refused := _tls_problem(error)) is not None:
        to_do = "Renew it, or have the proxy send the whole chain: Slack and browsers refuse it."
        return wrong(SUBJECT, f"The certificate is not accepted ({refused}).", to_do)
    says = f"Nobody answers at {settings.public_url}/healthz"
    with contextlib.suppress(httpx.HTTPError, OSError):
        here = await http.get(f"http://127.0.0.1:{settings.port}/healthz", timeout=WITHIN)
        if here.status_code == 200:
            return wrong(SUBJECT, f"{says}, while the bot runs here on {settings.port}.", PROXY)
    return note(SUBJECT, f"{says}.", "Start the bot (python -m bot serve), and ask again.")


def _tls_problem(error: BaseException | None) -> str | None:
    while error is not None:
        message = getattr(error, "verify_message", None)  # ssl's; aiohttp's own has none
        if isinstance(error, ssl.SSLCertVerificationError) and message:
            return str(message)
        error = error.__cause__ or error.__context__
    return None


async def _events(http: httpx.AsyncClient, settings: Settings) -> Finding:
    """A request without Slack's signature has to be refused, by us."""
    try:
        answer = await http.post(f"{settings.public_url}/slack/events", content=b"{}")
    except (httpx.HTTPError, OSError):
        return away(EVENTS, "Nobody answers at PUBLIC_URL/slack/events.", PROXY)
    if answer.status_code == 401:
        return fine(EVENTS)
    says = f"PUBLIC_URL/slack/events answers {answer.status_code} where 401 was expected."
    return wrong(EVENTS, says, "Have the proxy pass POST requests on as they are.")


async def _certificate(host: str, port: int, now: Now) -> Finding:
    """Until when it is good."""
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    except (OSError, TimeoutError):
        return note(CERTIFICATE, "Until when it is good could not be seen.")
    certificate = writer.get_extra_info("peercert") or {}
    writer.close()
    until = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    left = timedelta(seconds=until - now().timestamp())
    if left > SOON:
        return fine(CERTIFICATE, f"Good for {left.days} days.")
    says = f"It is good for only {say_length(max(left, timedelta(minutes=1)))} more."
    return note(CERTIFICATE, says, "See that it is renewed automatically.")
