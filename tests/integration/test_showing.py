"""Rows that Slack did not take: put off, given up until the next change, or left as they are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.connections.links import Links
from bot.connections.vault import Vault
from bot.projections import showing as projections
from bot.projections.notices import NoticeStep
from bot.projections.showing import Showing
from bot.projections.strays import StrayStep
from bot.slack.bolt import web_client
from bot.slack.chat import Messages
from bot.slack.errors import SlackRefused, SlackRetryLater, SlackUnclear
from bot.store import Database, Store
from bot.strays.comparisons import Compare
from bot.strays.differences import Differences
from bot.telemetry import Metrics
from models.comparison import Comparison
from models.delegation import Event, State
from models.departure import Departed
from models.notice import Notice, NoticeKind
from models.person import Departure
from models.stray import Stray, StrayState
from sandbox.people import ADA, BEN, DANA
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import ApiCall
from tests.integration.rows import add, delegation
from tests.integration.test_overtaken import SLOW, called
from tests.integration.tools import tools

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LEASE = timedelta(seconds=6)
SUBJECT = "c" * 22


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
    """What is due; its lease runs out at once."""
    found = await database.run(
        lambda store: store.notices.due.claim(now=now, lease=-LEASE, limit=9)
    )
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


async def test_who_erred_is_told_however_fast_it_was_mended(
    slack: SandboxSlack, showing: Showing
) -> None:
    """An admin's word that a right was gone was wrong: they are told so, also if it is removed
    before they could be."""
    gone = delegation(
        grantor_id=ADA.id, grantee_id=BEN.id, state=State.ENDED, ended_at=NOW, wake_at=None
    )
    await add(showing.database, gone)
    await showing.database.run(
        lambda store: store.notices.tell(
            NoticeKind.STILL_IN_CLOSE,
            team_id=gone.team_id,
            recipients=[DANA.id],
            subject_id=gone.id,
            incident="once",
            now=NOW,
        )
    )
    (notice,) = await claimed(showing.database)
    await NoticeStep(showing).take(notice)
    (said,) = slack.messages(DANA)
    assert "is gone now. Close confirmed it." in slack.read(said, DANA)
    assert "It was still in Close, although you had said that it was gone" in slack.read(said, DANA)


async def test_what_slack_refuses_is_tried_again_slowly(showing: Showing) -> None:
    """D1: after minutes at first, for a week; it is counted, and a change brings it back."""
    notice = await told(showing.database)
    await NoticeStep(showing).put_off(notice, SlackRefused("is_archived"))
    assert not await claimed(showing.database, NOW + timedelta(minutes=9))
    (notice,) = await claimed(showing.database, NOW + timedelta(minutes=10))
    old = replace(notice, created_at=NOW - timedelta(days=7))
    await NoticeStep(showing).put_off(old, SlackRefused("is_archived"))
    assert not await claimed(showing.database, LATER)
    count = showing.metrics.registry.get_sample_value
    assert count("sendas_slack_failures_total", {"error": "is_archived"}) == 2
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
        until=NOW,
    )
    assert not await claimed(showing.database, NOW + timedelta(minutes=14))
    assert await claimed(showing.database, NOW + timedelta(minutes=15))


def old_stray(**changes: Any) -> Stray:
    """Found in Close months ago."""
    values: dict[str, Any] = {
        "id": SUBJECT,
        "team_id": "T0TEAM",
        "grantor_id": ADA.id,
        "association_id": "sdas_1",
        "organization_id": "orga_one",
        "grantor_close_id": "user_ada",
        "grantee_close_id": "user_ben",
        "grantee_name": "Ben",
        "grantee_email": "ben@example.com",
        "grantee_id": BEN.id,
        "is_grantee_proven": True,
        "state": StrayState.FOUND,
        "found_at": NOW - timedelta(days=90),
        "wake_at": NOW,
        **changes,
    }
    return Stray(**values)


async def due(database: Database, moment: datetime) -> list[Stray]:
    """The strays that are due by then; their leases run out at once."""
    return list(
        await database.run(lambda store: store.strays.due.claim(now=moment, lease=-LEASE, limit=9))
    )


@pytest.mark.parametrize(
    "changes", [{}, {"state": StrayState.REMOVED, "decided_at": NOW}], ids=["asked", "removed"]
)
async def test_a_stray_of_long_ago_is_tried_again(
    showing: Showing, changes: dict[str, Any]
) -> None:
    """D1: a question that is asked anew, and what became of it, get over a refusal as well."""
    await showing.database.run(lambda store: store.strays.add(old_stray(**changes)))
    (stray,) = await due(showing.database, NOW)
    step = StrayStep(showing, tools(showing.database))
    await step.put_off(stray, SlackRefused("user_not_found"))
    assert not await due(showing.database, NOW + timedelta(minutes=9))
    assert await due(showing.database, NOW + timedelta(minutes=10))


async def test_a_stray_shown_anew_is_looked_for(slack: SandboxSlack, showing: Showing) -> None:
    """D2: a question whose post got no answer is not asked twice when its reader clicks."""
    await showing.database.run(lambda store: store.strays.add(old_stray()))
    slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    (stray,) = await due(showing.database, NOW)
    step = StrayStep(showing, tools(showing.database))
    with pytest.raises(SlackUnclear):
        await step.take(stray)
    await showing.database.run(lambda store: store.strays.show_anew(stray.id, now=NOW))
    (stray,) = await due(showing.database, NOW)
    await step.take(stray)
    assert len(slack.messages(ADA)) == 1


@pytest.mark.parametrize("is_posted", [False, True], ids=["first", "again"])
async def test_a_stray_asked_again_while_it_is_shown(
    slack: SandboxSlack, showing: Showing, *, is_posted: bool
) -> None:
    """Whom it is for leaves while its grantor is being asked: they are asked with that as well,
    and in a new message if they had one already."""
    database, step = showing.database, StrayStep(showing, tools(showing.database))
    await database.run(lambda store: store.strays.add(old_stray()))
    if is_posted:
        await step.take((await due(database, NOW))[0])
        await database.run(lambda store: store.strays.show_anew(SUBJECT, now=NOW))
    method = "chat.update" if is_posted else "chat.postMessage"
    slack.trouble.stall(method, SLOW)
    before = len(slack.calls)
    showing_it = asyncio.create_task(step.take((await due(database, NOW))[0]))
    await called(slack, method, before)

    def leave(store: Store) -> None:
        later = NOW + timedelta(seconds=1)
        store.departures.note(
            Departed(
                id="d" * 22,
                team_id="T0TEAM",
                slack_user_id=BEN.id,
                reason=Departure.LEFT,
                found_at=later,
                carried_out_at=later,
            )
        )
        store.strays.ask_again("T0TEAM", BEN.id, now=later)

    await database.run(leave)
    await showing_it
    for stray in await due(database, LATER):
        await step.take(stray)
    messages = slack.messages(ADA)
    assert len(messages) == 1 + is_posted
    assert f"@{BEN.name} has left" in slack.read(messages[-1], ADA)
    assert not await due(database, LATER)


async def test_a_deleted_notice_is_left(slack: SandboxSlack, showing: Showing) -> None:
    """A notice that its reader has deleted does not come back with the next change."""
    await NoticeStep(showing).take(await told(showing.database))
    slack.workspace.remove_message(slack.messages(ADA)[0])
    await changed(showing.database)
    (notice,) = await claimed(showing.database)
    await NoticeStep(showing).take(notice)
    assert not slack.messages(ADA)
    assert not await claimed(showing.database, LATER)


async def test_a_lost_alarm_is_taken_back(slack: SandboxSlack, showing: Showing) -> None:
    """D2: an alarm whose post got no answer says that it is over, although the bot has not noted
    where it is."""
    row = delegation(state=State.ENDING, grantor_id=ADA.id, grantee_id=BEN.id)
    await add(showing.database, row)

    def alarm(store: Store) -> None:
        store.notices.tell(
            NoticeKind.OVERDUE,
            team_id=row.team_id,
            recipients=[ADA.id],
            subject_id=row.id,
            incident="over",
            now=NOW,
        )

    await showing.database.run(alarm)
    slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    (notice,) = await claimed(showing.database)
    with pytest.raises(SlackUnclear):
        await NoticeStep(showing).take(notice)
    await showing.database.run(
        lambda store: store.delegations.apply(row, Event.CONFIRM, now=NOW, ended_at=NOW)
    )
    (notice,) = await claimed(showing.database, LATER)
    await NoticeStep(showing).take(notice)
    (message,) = slack.messages(ADA)
    assert "is gone now" in slack.read(message, ADA)


async def test_an_overtaken_notice_is_shown_again(slack: SandboxSlack, showing: Showing) -> None:
    """K4: who was paused for longer than its lease does not have the last word."""
    overtaken = await told(showing.database)
    await changed(showing.database)
    (notice,) = await claimed(showing.database, LATER)
    await NoticeStep(showing).take(notice)
    await NoticeStep(showing).take(overtaken)
    (again,) = await claimed(showing.database, LATER)
    await NoticeStep(showing).take(again)
    assert len(slack.messages(ADA)) == 1
    assert not await claimed(showing.database, LATER)


async def test_a_report_after_a_kill(
    slack: SandboxSlack, showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: who was killed between the report and its note leaves a report that is found."""

    class Connections:
        async def open(self, team_id: str, slack_user_id: str) -> None:
            """Nothing is asked of Close here."""

    async def may_workflows_send(*_: object) -> None:
        """Nor here."""

    async def look(*_: object) -> Differences:
        return Differences((), (), (), (), (), 0)

    monkeypatch.setattr("bot.strays.comparisons.look", look)
    monkeypatch.setattr(Compare, "_may_workflows_send", may_workflows_send)
    equipped = tools(showing.database, connections=Connections())
    address_book: Any = None
    compare = Compare(equipped, address_book, showing.messages, lambda: None)
    comparison = Comparison(id="a" * 22, team_id="T0TEAM", grantor_id=ADA.id, asked_at=NOW)
    await compare.take(comparison)
    await compare.take(comparison)
    assert len(slack.messages(ADA)) == 1


async def test_a_paused_notice_is_not_told_twice(
    slack: SandboxSlack, showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was paused for longer than its lease, before it could post, posts nothing when
    it goes on: another one has told it meanwhile."""
    monkeypatch.setattr(projections, "SURE_FOR", 0.0)
    paused = await told(showing.database)
    step = NoticeStep(showing)

    async def overtaken(notice: Notice) -> Notice:
        (other,) = await claimed(showing.database)
        await NoticeStep(showing).take(other)
        return notice  # as it was looked up before the pause

    with monkeypatch.context() as asleep:
        asleep.setattr(NoticeStep, "_found", _once(overtaken, NoticeStep._found))
        await step.take(paused)
    assert len(_posts(slack)) == 1


async def test_a_paused_stray_is_not_asked_about_twice(
    slack: SandboxSlack, showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for the question about an association that was made by hand."""
    monkeypatch.setattr(projections, "SURE_FOR", 0.0)
    await showing.database.run(lambda store: store.strays.add(old_stray()))
    (paused,) = await due(showing.database, NOW)
    step = StrayStep(showing, tools(showing.database))
    (other,) = await due(showing.database, NOW)
    await step.take(other)
    await step.take(paused)
    assert len(_posts(slack)) == 1
    assert not await due(showing.database, LATER)


def _once(
    first: Callable[[Notice], Awaitable[Notice]],
    then: Callable[[NoticeStep, Notice], Awaitable[Notice]],
) -> Callable[[NoticeStep, Notice], Awaitable[Notice]]:
    calls = iter([first])

    async def found(step: NoticeStep, notice: Notice) -> Notice:
        for each in calls:
            return await each(notice)
        return await then(step, notice)

    return found


def _posts(slack: SandboxSlack) -> list[ApiCall]:
    return [call for call in slack.calls if call.method == "chat.postMessage"]
