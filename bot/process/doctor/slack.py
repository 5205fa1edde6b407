"""Slack: the tokens, what they allow, who the admins are, and whether it takes what we show."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.ports import Now
from bot.process.doctor.faces import batches
from bot.process.doctor.members import SAID, look_up
from bot.process.doctor.policy_file import examine_named
from bot.process.doctor.report import Finding, fine, note, wrong
from bot.process.doctor.tokens import (
    APP,
    BOT,
    TIMEOUT,
    No,
    ask,
    ask_for_bot,
    ask_for_socket,
    refused,
)
from bot.process.settings import Settings
from bot.slack.bolt import web_client

SCOPE, EVENTS, CLOCK = "Slack scopes", "Slack events", "Slack clock"
AUDIT, ADMINS, FACES = "AUDIT_CHANNEL", "ADMINS", "Cards"
MOST_SKEW = timedelta(seconds=3)  # the header has whole seconds
NEEDED = frozenset(
    {"commands", "chat:write", "im:write", "im:history", "users:read", "users:read.email"}
)
OPTIONAL = {  # what is missing without each
    "usergroups:read": "grants and rules for user groups",
    "channels:history": "looking whether a line in a public AUDIT_CHANNEL was posted already",
    "groups:history": "the same in a private one",
}
EVENTS_HEARD = ("app_home_opened", "app_uninstalled", "tokens_revoked", "user_change")


async def examine_slack(settings: Settings, now: Now) -> Sequence[Finding]:
    """All that the tokens can be asked."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        token = settings.slack_bot_token.get_secret_value()
        client = web_client(token, settings.slack_api_url, session, patient=False)
        asked_at = now()
        answer = await ask_for_bot(client)
        answered_at = now()
        socket = _socket(await ask_for_socket(settings, session))
        if isinstance(answer, No):
            return [refused(BOT, answer), *socket]
        allowed = _scopes(answer)
        return [
            fine(BOT),
            *socket,
            _allowed(allowed),
            _events(is_over_http=settings.slack_app_token is None),
            _clock(answer, asked_at, answered_at),
            *await _admins(client, settings, answer),
            *await _audit(client, settings),
            *await examine_named(client, settings, answer),
            await _faces(client),
        ]


def _socket(answer: AsyncSlackResponse | No | None) -> Sequence[Finding]:
    if answer is None:
        return []
    return [refused(APP, answer) if isinstance(answer, No) else fine(APP)]


def _scopes(answer: AsyncSlackResponse) -> frozenset[str]:
    said = str(answer.headers.get("x-oauth-scopes", ""))
    return frozenset(each.strip() for each in said.split(",") if each.strip())


def _allowed(allowed: frozenset[str]) -> Finding:
    if not allowed:
        return note(SCOPE, "Slack did not say which ones there are.")
    to_do = "Add them in the Slack app's settings, or paste slack_manifest.yml, and reinstall it."
    if missing := sorted(NEEDED - allowed):
        return wrong(SCOPE, f"These are missing: {', '.join(missing)}.", to_do)
    if missing := sorted(OPTIONAL.keys() - allowed):
        lost = "; ".join(f"{each} ({OPTIONAL[each]})" for each in missing)
        return note(SCOPE, f"Some may be missing, and then so is what they are for: {lost}.")
    return fine(SCOPE)


def _events(*, is_over_http: bool) -> Finding:
    """Only whoever may change the app can ask Slack for its events (slack.md §10), and the signing
    secret is tried by Slack's own requests alone."""
    secret = ", nor whether SLACK_SIGNING_SECRET is right" if is_over_http else ""
    look = f"In the app's settings, Event Subscriptions, look for {', '.join(EVENTS_HEARD)}."
    verify = " Have it verify the request URL there." if is_over_http else ""
    says = f"Which ones Slack sends cannot be asked with these tokens{secret}."
    return note(EVENTS, says, look + verify)


def _clock(answer: AsyncSlackResponse, before: datetime, after: datetime) -> Finding:
    try:
        there = parsedate_to_datetime(str(answer.headers.get("date"))).astimezone(UTC)
    except ValueError:
        return note(CLOCK, "Slack did not say what time it is.")
    skew = before + (after - before) / 2 - there - timedelta(seconds=0.5)
    if abs(skew) <= MOST_SKEW:
        return fine(CLOCK)
    says = f"This machine's is {skew.total_seconds():+.0f} s from Slack's."
    to_do = (
        "Have it set by NTP. When it is five minutes wrong, Slack's requests are refused, and "
        "rights end so much too early or too late."
    )
    return wrong(CLOCK, says, to_do)


async def _admins(
    client: AsyncWebClient, settings: Settings, ours: AsyncSlackResponse
) -> Sequence[Finding]:
    if not settings.admins:
        says = "There are none. Nobody confirms accounts with another address, and nobody hears of "
        says += "rights that outlive their end."
        return [note(ADMINS, says, "Set ADMINS to the Slack ids of two people, comma-separated.")]
    found = [await _admin(client, each, ours) for each in settings.admins]
    return [each for each in found if each.is_failure] or [fine(ADMINS)]


async def _admin(client: AsyncWebClient, user_id: str, ours: AsyncSlackResponse) -> Finding:
    to_do = "Correct ADMINS: Slack shows the id in the menu of a profile, Copy member ID."
    refusal = await look_up(client, user_id, ours)
    if refusal is None:
        return fine(ADMINS)
    if isinstance(refusal, No):
        return refusal.finding(ADMINS, f"Slack does not know {user_id}", to_do)
    return wrong(ADMINS, f"{user_id} {SAID[refusal]}.", to_do)


async def _audit(client: AsyncWebClient, settings: Settings) -> Sequence[Finding]:
    channel = settings.audit_channel
    if channel is None:
        return []
    answer = await ask(client.conversations_history(channel=channel, limit=1))
    if not isinstance(answer, No):
        return [fine(AUDIT)]
    if answer.word == "missing_scope":
        return [note(AUDIT, "Whether the bot is in it cannot be seen without a history scope.")]
    to_do = "Take the id at the end of the channel's details, and /invite @sendas there."
    return [answer.finding(AUDIT, f"The bot is not in {channel}, or there is no such one", to_do)]


async def _faces(client: AsyncWebClient) -> Finding:
    """Slack looks at all cards without posting one (docs.slack.dev, blocks.validate)."""
    for batch in batches():
        answer = await ask(client.blocks_validate(blocks=batch.blocks))
        if isinstance(answer, No):
            says = f"Slack refuses what the bot shows, {batch.said_of(answer.errors)}"
            return answer.finding(FACES, says, "Please report it, with this line.")
    return fine(FACES)
