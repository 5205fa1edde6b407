"""Standing approvals: given once, used without a click, announced, ended."""

from datetime import UTC, datetime, timedelta

import pytest

from models.delegation import Delegation, Event, State
from sandbox.people import ADA, BEN, CLEO
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import AUDIT
from tests.scenarios.moves import (
    asked,
    at_rest,
    cards_at_rest,
    lasting,
    press,
    settled_in,
    shown,
    weekday,
)
from tests.scenarios.world import World, open_world


async def always(world: World, longest: str = "4h") -> None:
    """Ada chooses "Always approve" on Ben's request, and fills in the form."""
    reply = await filled_in(world, {"duration": longest})
    assert reply.ok, reply


async def filled_in(world: World, fields: dict[str, str]) -> Reply:
    """The form with these fields, submitted."""
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "more", "Always approve this person…")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    return await world.slack.submit(ADA, fields)


async def extended(world: World, duration: str) -> None:
    """Ben asks for more time."""
    await press(world, BEN, "Ask to extend")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    assert (await world.slack.submit(BEN, {"duration": duration})).ok


async def test_given_used_announced(world: World) -> None:
    """It answers the request at hand and later ones within its limits, and says so each time."""
    await world.connect(ADA)
    await asked(world)
    await always(world)
    await settled_in(world, State.ACTIVE)
    await world.sendas(BEN, "release @ada")
    await settled_in(world, State.ENDED)
    answer = await world.sendas(BEN, "@ada 4h Again")
    assert "standing approval covers this" in answer
    await settled_in(world, State.ACTIVE)
    await world.card(ADA, "standing approval")
    assert world.close.find(ADA, BEN)


async def test_beyond_its_limits_it_is_a_request(stage: World) -> None:
    """Longer than agreed, or without an end, still needs the grantor's click."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    await stage.sendas(BEN, "@ada 5h All of it")
    await shown(stage, ADA, "Approve", "All of it")
    assert (await stage.delegations())[-1].state is State.REQUESTED


async def test_it_ends_with_somebody_who_leaves(stage: World) -> None:
    """Nobody who has left keeps a standing approval that would hold again if they came back."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.slack.change_person(BEN, deleted=True)
    await settled_in(stage, State.ENDED)
    await stage.slack.change_person(BEN, deleted=False)
    await stage.sendas(BEN, "@ada 1h Back again")
    await shown(stage, ADA, "Approve", "Back again")


async def test_nobody_else_can_use_it(stage: World) -> None:
    """What somebody asks for the grantee is a request like any other."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage)
    await settled_in(stage, State.ACTIVE)
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    await stage.sendas(CLEO, "@ada for @ben 1h Not their own wish")
    await shown(stage, ADA, "Approve", "Not their own wish")
    assert (await stage.delegations())[-1].state is State.REQUESTED
    assert not stage.close.find(ADA, BEN)


async def test_an_extension_under_it_is_announced_and_has_an_end(stage: World) -> None:
    """The grantor reads of it, and all of the stretch counts: no endless right in small steps."""
    await stage.connect(ADA)
    await asked(stage)
    await always(stage, "4h")
    first = await settled_in(stage, State.ACTIVE)
    await extended(stage, "1h")
    card = await stage.card(ADA, "extended this by your standing approval")
    assert "Revoke" in card.buttons()
    second = await stage.only()
    assert first.ends_at is not None
    assert second.ends_at == first.ends_at + timedelta(hours=1)
    assert second.standing_id is not None
    stage.clock.push(hours=2)
    await cards_at_rest(stage)
    await extended(stage, "90m")  # four and a half hours in all
    await shown(stage, ADA, "Leave as it is")
    assert (await stage.only()).ends_at == second.ends_at
    await press(stage, ADA, "Leave as it is")
    await stage.card(BEN, "left the end as it is")
    told = [m for m in lasting(stage, ADA, "") if "extended this" in stage.slack.read(m, ADA)]
    assert len(told) <= 1  # the grantor is not told again of what they have just answered


@pytest.mark.parametrize(
    "typed", ["from {day} for 4h", "from now for 4h", "until {day}", "forever", "tomorrow"]
)
async def test_nothing_but_a_length(stage: World, typed: str) -> None:
    """C6: the longest time at once is a length; a start or an end is refused, not dropped."""
    await asked(stage)
    reply = await filled_in(stage, {"duration": typed.format(day=weekday(stage))})
    assert "only a length" in str(reply.errors)
    assert (await stage.only()).state is State.REQUESTED
    await stage.slack.close_view(ADA)
    assert (await filled_in(stage, {"duration": "for 4 hours"})).ok


async def test_the_date_is_a_day_of_the_grantor(stage: World) -> None:
    """It holds until the last second of that day on the grantor's own clock."""
    await asked(stage, "@ada 2h")
    day = (stage.clock() + timedelta(days=10)).date()
    assert (await filled_in(stage, {"duration": "4h", "until": day.isoformat()})).ok
    [standing] = await stage.database.run(
        lambda store: store.standing.for_person(ADA.team_id, ADA.id, now=stage.clock())
    )
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert standing.until in {begins + timedelta(hours=h, seconds=-1) for h in (22, 23)}  # Berlin


async def test_a_date_that_has_passed(stage: World) -> None:
    """It is refused beside the date."""
    await asked(stage)
    day = (stage.clock() - timedelta(days=2)).date()
    reply = await filled_in(stage, {"duration": "4h", "until": day.isoformat()})
    assert "already passed" in str((reply.errors or {}).get("until"))


async def test_what_it_does_not_cover_still_waits(stage: World) -> None:
    """Whoever sets a limit below the request at hand is told that it is not answered by that."""
    await asked(stage, "@ada 2h Longer than that")
    await always(stage, "1h")
    await stage.card(ADA, "still waits for your answer")
    assert (await stage.only()).state is State.REQUESTED


async def begins_later(world: World, *, in_days: int = 5) -> Delegation:
    """Ben's request for an hour of a later day is approved under a standing approval of Ada's."""
    await world.connect(ADA)
    await asked(world)
    await always(world)
    await settled_in(world, State.ACTIVE)
    await world.sendas(BEN, "release @ada")
    await settled_in(world, State.ENDED)
    return await asks_for_later(world, in_days)


async def asks_for_later(world: World, in_days: int = 5) -> Delegation:
    """Ben asks for an hour of a later day, which the standing approval covers."""
    day = (world.clock() + timedelta(days=in_days)).date()
    answer = await world.sendas(BEN, f"@ada {day} 9am to 10am Later")
    assert "standing approval covers this" in answer, answer
    return (await world.delegations())[-1]


async def ended(world: World) -> None:
    """Ada ends her standing approval in App Home."""
    await world.slack.open_home(ADA)
    view = await world.slack.wait_for(
        lambda: home if (home := world.slack.home(ADA)) and "End" in home.buttons() else None,
        what="the button that ends it",
    )
    assert (await world.slack.click(ADA, view, "End")).ok


async def test_only_what_ends_within_it(stage: World) -> None:
    """S1: "1 h at a time, until tomorrow" says nothing about an hour of next month."""
    await stage.connect(ADA)
    await asked(stage, "@ada 30m")
    tomorrow = (stage.clock() + timedelta(days=1)).date()
    assert (await filled_in(stage, {"duration": "1h", "until": tomorrow.isoformat()})).ok
    await settled_in(stage, State.ACTIVE)
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    later = (stage.clock() + timedelta(days=30)).date()
    for span in (f"{later} 9am to 10am", f"1h from {later} 9am"):
        answer = await stage.sendas(BEN, f"@ada {span} Much later")
        assert answer.startswith("Asked"), answer
        await stage.sendas(BEN, "release @ada")
    assert [each.standing_id for each in await stage.delegations()] == [None] * 3


async def test_ending_it_cancels_what_has_not_begun(sqlite_url: str) -> None:
    """S1: what was approved under it for later is off, in words for each, and Close hears
    nothing of it."""
    async with open_world(sqlite_url, audit_channel=AUDIT) as world:
        before = await begins_later(world)
        await ended(world)
        row = await settled_in(world, State.CANCELLED)
        assert (row.id, row.end_event, row.closed_by) == (before.id, Event.WITHDRAW, ADA.id)
        words = "ended the standing approval that covered this"
        told = await world.card(BEN, f"Ada Lindqvist {words}")
        assert "Cancel" not in told.buttons()
        await world.card(ADA, f"You {words}")
        await cards_at_rest(world)
        said = "\n".join(map(world.slack.read, world.slack.channel_messages(AUDIT)))
        assert "ended the standing approval that covered it, before it began" in said
        world.clock.push(days=6)
        await at_rest(world)
        assert not world.close.find(ADA, BEN)


async def test_ending_it_leaves_what_runs(stage: World) -> None:
    """S1: what has begun under it goes on until its own end."""
    waiting = await begins_later(stage)
    assert waiting.starts_at is not None
    stage.clock.ahead += waiting.starts_at - stage.clock() + timedelta(minutes=1)
    running = await settled_in(stage, State.ACTIVE)
    await ended(stage)
    await stage.sendas(BEN, "list")
    assert (await stage.delegations())[-1].ends_at == running.ends_at
    assert stage.close.find(ADA, BEN)


@pytest.mark.parametrize(("longest", "state"), [("30m", State.CANCELLED), ("5h", State.APPROVED)])
async def test_another_one_in_its_place(world: World, longest: str, state: State) -> None:
    """S1: what has not begun goes on only if the new one covers it, and then ends with that. Ada
    fills in the form while Ben asks for something else."""
    await begins_later(world)
    await world.sendas(BEN, "release @ada")
    await world.sendas(BEN, "@ada 20h All of it")
    card = await shown(world, ADA, "Approve", "All of it")
    await world.slack.click(ADA, card, "more", "Always approve this person…")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    await world.sendas(BEN, "release @ada")
    before = await asks_for_later(world)
    assert (await world.slack.submit(ADA, {"duration": longest})).ok
    row = await settled_in(world, state)
    if state is State.APPROVED:
        assert row.standing_id != before.standing_id
        await ended(world)
        await settled_in(world, State.CANCELLED)


async def test_it_never_outlasts_the_word(stage: World) -> None:
    """S1: what could begin only late, because the grantor was not connected, still ends in time."""
    await asked(stage)
    await always(stage)
    await stage.sendas(BEN, "release @ada")
    standing = (
        await stage.database.run(
            lambda store: store.standing.for_person(ADA.team_id, ADA.id, now=stage.clock())
        )
    )[0]
    stage.clock.ahead += standing.until - stage.clock() - timedelta(hours=3)
    assert "covers this" in await stage.sendas(BEN, "@ada 2h Near the end of it")
    waiting = await settled_in(stage, State.APPROVED)
    assert waiting.lapses_at == standing.until
    stage.clock.push(hours=2)
    await stage.connect(ADA)
    row = await settled_in(stage, State.ACTIVE)
    assert row.ends_at == standing.until
