"""Rows that Slack did not take: put off, given up until the next change, or left as they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.connections.links import Links
from bot.connections.vault import Vault
from bot.projections.notices import NoticeStep
from bot.projections.showing import Showing
from bot.slack.bolt import web_client
from bot.slack.chat import Messages
from bot.slack.errors import SlackRefused, SlackRetryLater
from bot.store import Database
from bot.telemetry import Metrics
from models.notice import Notice, NoticeKind
from sandbox.people import ADA
from sandbox.slack import SandboxSlack

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LEASE = timedelta(seconds=6)
SUBJECT = "c" * 22


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A sandbox Slack with nobody behind it."""
    sandbox = SandboxSlack()
    async with sandbox.serving():
        yield sandbox
    await sandbox.close()


@pytest.fixture
async def showing(slack: SandboxSlack, database: Database) -> AsyncIterator[Showing]:
    """What shows rows in that Slack."""

    def now() -> datetime:
        return NOW

    async with aiohttp.ClientSession() as session:
        client = web_client(slack.bot_token, slack.api_url, session, patient=False)
        links = Links(Vault((Fernet.generate_key().decode(),)), "https://bot.example.com", now)
        yield Showing(database, Messages(client), links, now, Metrics())


async def claimed(database: Database, now: datetime = NOW) -> list[Notice]:
    """What is due."""
    found = await database.run(lambda store: store.notices.due.claim(now=now, lease=LEASE, limit=9))
    return list(found)


async def told(database: Database) -> Notice:
    """Ada is to be told something; the row is leased."""
    await database.run(
        lambda store: store.notices.tell(
            NoticeKind.DISCONNECTED,
            team_id="T0TEAM",
            recipients=[ADA.id],
            subject_id=SUBJECT,
            incident="once",
            now=NOW,
        )
    )
    (notice,) = await claimed(database)
    return notice


async def changed(database: Database) -> None:
    """What Ada is told about changes."""
    await database.run(lambda store: store.notices.mark_stale(SUBJECT, now=NOW))


async def test_what_slack_refuses_waits_for_a_change(showing: Showing) -> None:
    """It is not tried again by itself, it is counted by its error, and a change brings it back."""
    notice = await told(showing.database)
    await NoticeStep(showing).put_off(notice, SlackRefused("is_archived"))
    assert not await claimed(showing.database, LATER)
    count = showing.metrics.registry.get_sample_value
    assert count("sendas_slack_failures_total", {"error": "is_archived"}) == 1
    await changed(showing.database)
    assert await claimed(showing.database)


async def test_it_waits_for_as_long_as_slack_says(showing: Showing) -> None:
    """A wait that Slack named is kept, and the row is tried again after it."""
    notice = await told(showing.database)
    error = SlackRetryLater("ratelimited", timedelta(minutes=1))
    await NoticeStep(showing).put_off(notice, error)
    assert not await claimed(showing.database, NOW + timedelta(seconds=59))
    (again,) = await claimed(showing.database, NOW + timedelta(seconds=62))
    assert again.attempts == 2


async def test_a_change_meanwhile_stays_due(showing: Showing) -> None:
    """What changed while Slack refused it is shown at once."""
    notice = await told(showing.database)
    await changed(showing.database)
    await NoticeStep(showing).put_off(notice, SlackRefused("is_archived"))
    assert await claimed(showing.database)


async def test_what_is_never_given_up(showing: Showing) -> None:
    """A row that waits for more than Slack is tried again after its own pause."""
    notice = await told(showing.database)
    await showing.put_off(
        lambda store: store.notices.due,
        notice,
        SlackRefused("is_archived"),
        pause=timedelta(minutes=15),
        gives_up=False,
    )
    assert not await claimed(showing.database, NOW + timedelta(minutes=14))
    assert await claimed(showing.database, NOW + timedelta(minutes=15))


async def test_a_deleted_notice_is_left(slack: SandboxSlack, showing: Showing) -> None:
    """A notice that its reader has deleted does not come back with the next change."""
    await NoticeStep(showing).take(await told(showing.database))
    slack.workspace.remove_message(slack.messages(ADA)[0])
    await changed(showing.database)
    (notice,) = await claimed(showing.database)
    await NoticeStep(showing).take(notice)
    assert not slack.messages(ADA)
    assert not await claimed(showing.database, LATER)
