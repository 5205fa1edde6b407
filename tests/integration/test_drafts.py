"""Drafts: what is kept as JSON between a question and its answer, also over an update."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.delegations import drafts
from bot.delegations.wishes import Wish
from bot.desk import Actor, Desk
from bot.grammar import Verb
from bot.refusals import DraftGone
from bot.store import Database
from bot.times.span import InThePast, Span
from models.draft import Draft
from models.policy import Policy
from tests.integration.rows import NOON, TEAM

ADA = Actor(TEAM, "U0ADA")
HOUR = timedelta(hours=1)

# Each wish, and the JSON that it has had from the beginning.
KEPT: list[tuple[Wish, dict[str, Any]]] = [
    (
        Wish(
            verb=Verb.REQUEST,
            people=["U0BEN"],
            readings=[Span(until=NOON + HOUR), Span(until=NOON + 25 * HOUR)],
            reason="Covering",
            grantee_id="U0CLEO",
        ),
        {
            "verb": "request",
            "people": ["U0BEN"],
            "grantee": "U0CLEO",
            "is_group": False,
            "reason": "Covering",
            "readings": ["until 2026-11-23T13:00:00Z", "until 2026-11-24T13:00:00Z"],
        },
    ),
    (
        Wish(
            verb=Verb.GRANT,
            people=["U0BEN", "U0CLEO"],
            readings=[Span(length=2 * HOUR, starts=NOON + HOUR)],
            is_group=True,
            is_confirmed=True,
        ),
        {
            "verb": "grant",
            "people": ["U0BEN", "U0CLEO"],
            "grantee": None,
            "is_group": True,
            "reason": "",
            "span": "from 2026-11-23T13:00:00Z for 2h",
            "is_confirmed": True,
        },
    ),
    (
        Wish(verb=Verb.GRANT, people=["U0BEN"], readings=[Span(forever=True)]),
        {
            "verb": "grant",
            "people": ["U0BEN"],
            "grantee": None,
            "is_group": False,
            "reason": "",
            "span": "forever",
        },
    ),
]


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        """The present moment."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """It is noon."""
    return Clock()


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    """A desk without Slack."""
    nobody: Any = None
    return Desk(database, nobody, Policy(), clock, nobody)


async def store(desk: Desk, content: dict[str, Any]) -> None:
    """A draft of Ada's with exactly this JSON."""
    draft = Draft(
        id="draft",
        team_id=ADA.team_id,
        slack_user_id=ADA.user_id,
        content=json.dumps(content),
        expires_at=NOON + HOUR,
    )
    await desk.database.run(lambda store: store.drafts.add(draft, now=NOON))


@pytest.mark.parametrize(("wish", "content"), KEPT)
async def test_the_json_stays(desk: Desk, wish: Wish, content: dict[str, Any]) -> None:
    """A bot of another version reads what this one writes: names and values are as ever."""
    draft_id = await drafts.keep(desk, ADA, wish)
    kept = await desk.database.run(
        lambda store: store.drafts.get(
            draft_id, team_id=ADA.team_id, slack_user_id=ADA.user_id, now=NOON
        )
    )
    assert kept is not None
    assert json.loads(kept.content) == content


@pytest.mark.parametrize(("wish", "content"), KEPT)
async def test_from_before_an_update(desk: Desk, wish: Wish, content: dict[str, Any]) -> None:
    """A question that was asked before an update is answered after it; each choice is its own."""
    for choice, span in enumerate(wish.readings):
        await store(desk, content)
        assert set(await drafts.people_of(desk, ADA, "draft")) == {*wish.people, wish.grantee_id}
        taken = await drafts.take(desk, ADA, "draft", choice, "Europe/Berlin")
        expected = {name: getattr(wish, name) for name in Wish.__slots__} | {"readings": [span]}
        assert taken == Wish(**expected)


async def test_the_first_drafts_of_all(desk: Desk) -> None:
    """What later versions added need not be there."""
    await store(desk, {"verb": "grant", "people": ["U0BEN"], "span": "2h", "reason": ""})
    taken = await drafts.take(desk, ADA, "draft", 0, "UTC")
    assert taken == Wish(verb=Verb.GRANT, people=["U0BEN"], readings=[Span(length=2 * HOUR)])


async def test_time_passes_before_the_answer(desk: Desk, clock: Clock) -> None:
    """A start that has passed means at once, an end that has passed is said, and the draft is
    used up in both cases."""
    minute = timedelta(minutes=1)
    started = Span(starts=NOON + minute, until=NOON + HOUR)
    over = Span(until=NOON + minute)
    ids = [
        await drafts.keep(desk, ADA, Wish(verb=Verb.GRANT, people=["U0BEN"], readings=[span]))
        for span in (started, over)
    ]
    clock.time += 2 * minute
    taken = await drafts.take(desk, ADA, ids[0], 0, "UTC")
    assert taken.span == Span(until=NOON + HOUR)
    with pytest.raises(InThePast):
        await drafts.take(desk, ADA, ids[1], 0, "UTC")
    for draft_id in ids:
        with pytest.raises(DraftGone):
            await drafts.drop(desk, ADA, draft_id)


async def test_each_reading_has_its_reason(desk: Desk) -> None:
    """Where what is left of the text depends on the reading, and that no time was given is kept."""
    wish = Wish(
        verb=Verb.GRANT,
        people=["U0BEN"],
        readings=[Span(length=HOUR), Span(length=2 * HOUR)],
        reason="leads",
        reasons=["5 leads", "leads"],
        is_default=True,
    )
    for choice, reason in enumerate(wish.reasons):
        draft_id = await drafts.keep(desk, ADA, wish)
        taken = await drafts.take(desk, ADA, draft_id, choice, "UTC")
        assert taken == Wish(
            verb=Verb.GRANT,
            people=["U0BEN"],
            readings=[wish.readings[choice]],
            reason=reason,
            is_default=True,
        )


@pytest.mark.parametrize("other", [Actor(TEAM, "U0BEN"), Actor("T0OTHER", ADA.user_id)])
async def test_it_is_its_askers(desk: Desk, other: Actor) -> None:
    """Nobody else reads it, takes it or drops it; for its asker it is there until it is used."""
    wish = Wish(verb=Verb.GRANT, people=["U0BEN"], readings=[Span(length=HOUR)])
    draft_id = await drafts.keep(desk, ADA, wish)
    for refused in (
        drafts.people_of(desk, other, draft_id),
        drafts.take(desk, other, draft_id, 0, "UTC"),
        drafts.drop(desk, other, draft_id),
    ):
        with pytest.raises(DraftGone):
            await refused
    for _ in range(2):
        assert await drafts.people_of(desk, ADA, draft_id) == ["U0BEN", None]
    await drafts.drop(desk, ADA, draft_id)
    with pytest.raises(DraftGone):
        await drafts.people_of(desk, ADA, draft_id)


@pytest.mark.parametrize(("later", "is_gone"), [(HOUR - timedelta(seconds=1), False), (HOUR, True)])
async def test_how_long_it_is_kept(
    desk: Desk, clock: Clock, later: timedelta, *, is_gone: bool
) -> None:
    """For an hour."""
    wish = Wish(verb=Verb.GRANT, people=["U0BEN"], readings=[Span(length=HOUR)])
    draft_id = await drafts.keep(desk, ADA, wish)
    clock.time += later
    if not is_gone:
        assert await drafts.people_of(desk, ADA, draft_id) == ["U0BEN", None]
        await drafts.drop(desk, ADA, draft_id)
        return
    for refused in (
        drafts.people_of(desk, ADA, draft_id),
        drafts.take(desk, ADA, draft_id, 0, "UTC"),
        drafts.drop(desk, ADA, draft_id),
    ):
        with pytest.raises(DraftGone):
            await refused
