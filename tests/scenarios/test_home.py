"""The App Home: fresh when it is opened and after each change, with the cards' own buttons."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from bot.store import Store
from models.base import new_id
from models.delegation import Delegation, Event, State, delegations
from models.home import homes
from models.mark import marked
from models.rows import to_row
from models.standing import StandingApproval
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID, SandboxPerson
from sandbox.slack.workspace import View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, asked, press, settled_in
from tests.scenarios.world import World


async def home(world: World, person: SandboxPerson, words: str, *, absent: str = "") -> View:
    """The person's App Home, once it says ``words`` and no longer says ``absent``."""

    def find() -> View | None:
        view = world.slack.home(person)
        if view is None:
            return None
        text = world.slack.read(view, person)
        return view if words in text and (not absent or absent not in text) else None

    return await world.slack.wait_for(find, what=f"{words!r} in the home of {person.handle}")


async def opened(world: World, person: SandboxPerson, words: str = "") -> View:
    """The person has opened their App Home."""
    reply = await world.slack.open_home(person)
    assert reply.ok, reply
    return await home(world, person, words)


async def at_rest(world: World) -> None:
    """Wait until no home is being published; a pushed clock would end its lease."""
    stale = select(func.count()).where(homes.c.wake_at.is_not(None))
    async with asyncio.timeout(PATIENCE):
        while True:
            if not await world.database.run_connection(lambda connection: connection.scalar(stale)):
                return
            await asyncio.sleep(MOMENT)


def published(world: World) -> int:
    """How often a home was published."""
    return sum(call.method == "views.publish" for call in world.slack.calls)


async def test_the_first_look(world: World) -> None:
    """Whoever opens the App Home for the first time reads what the bot does and what is missing."""
    view = await opened(world, ADA)
    text = world.slack.read(view, ADA)
    assert "for as long as they allow it" in text
    assert "Your Close account is not connected" in text
    assert "/sendas help" in text
    assert "Ask to send as…" in view.buttons()
    assert "Connect Close" in view.buttons()


async def test_connecting_shows(world: World) -> None:
    """An open home shows the new connection without being opened again."""
    await opened(world, ADA, "not connected")
    await world.connect(ADA)
    view = await home(world, ADA, "Your Close account is connected", absent="not connected")
    assert "Connect Close" not in view.buttons()


async def test_the_whole_life_in_the_home(world: World) -> None:
    """Approve and Revoke work in the home as on the card, and both homes follow each step."""
    await world.connect(ADA)
    await opened(world, ADA)
    await opened(world, BEN)
    await asked(world)
    waiting = await home(world, ADA, "Address in Close: ben.okafor@example.com")
    assert "Waiting for you" in world.slack.read(waiting, ADA)
    assert "Covering" in world.slack.read(waiting, ADA)
    assert (await world.slack.click(ADA, waiting, "Approve")).ok
    await settled_in(world, State.ACTIVE)
    mine = await home(world, BEN, "@Ada Lindqvist until")
    assert "I'm done" in mine.buttons()
    given = await home(world, ADA, "@Ben Okafor until", absent="Waiting for you")
    assert (await world.slack.click(ADA, given, "Revoke")).ok
    await settled_in(world, State.ENDED)
    await home(world, ADA, "History", absent="@Ben Okafor until")
    await home(world, BEN, "You as @Ada Lindqvist")
    assert not world.close.find(ADA, BEN)


async def test_deny_with_a_reason_from_the_home(world: World) -> None:
    """The menu of a request works in the home as well: its form opens, and its word arrives."""
    await opened(world, ADA)
    await asked(world)
    waiting = await home(world, ADA, "Waiting for you")
    assert (await world.slack.click(ADA, waiting, "more", "Deny with a reason…")).ok
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    assert not (await world.slack.submit(ADA, {"note": "Not this week."})).errors
    await home(world, ADA, "denied it.", absent="Waiting for you")
    await world.card(BEN, "Not this week.")


async def test_other_tabs_do_nothing(world: World) -> None:
    """The messages tab is no reason to publish a home."""
    assert (await world.slack.open_home(ADA, tab="messages")).ok
    await asked(world)
    assert published(world) == 0


async def test_an_event_twice(world: World) -> None:
    """An event that Slack delivers again changes nothing."""
    event = {"type": "app_home_opened", "user": ADA.id, "channel": "D1", "tab": "home"}
    for attempt in (None, 1):
        assert (await world.slack.event(event, attempt, event_id="Ev1")).ok
        await home(world, ADA, "Who can send as you")


async def test_only_open_homes_are_kept_fresh(world: World) -> None:
    """A home that was last opened days ago is not published at every change."""
    await opened(world, ADA)
    await at_rest(world)
    world.clock.push(days=2)
    before = published(world)
    await asked(world)
    assert published(world) == before
    await opened(world, ADA, "Waiting for you")


async def test_slack_is_away(world: World) -> None:
    """What changes while Slack takes no homes is shown once it does again."""
    await opened(world, ADA)
    world.slack.trouble.fail("views.publish", "fatal_error")
    world.slack.trouble.rate_limit("views.publish", retry_after=1)
    await asked(world)
    await home(world, ADA, "Waiting for you")


async def test_a_refused_home(world: World) -> None:
    """A home that Slack refuses is left alone until the next change, and hinders nothing."""
    world.slack.trouble.fail("views.publish", "not_enabled")
    assert (await world.slack.open_home(ADA)).ok
    await world.slack.wait_for(lambda: published(world) == 1, what="a home that is refused")
    await asked(world)
    await home(world, ADA, "Waiting for you")


async def test_a_change_while_publishing(world: World) -> None:
    """What changes while a home is on its way to Slack is shown right after it."""
    await opened(world, ADA)
    world.slack.trouble.stall("views.publish", 0.3)
    assert (await world.slack.open_home(ADA)).ok
    await asyncio.sleep(0.1)
    await asked(world)
    await home(world, ADA, "Waiting for you")


async def test_somebody_elses_button(world: World) -> None:
    """A button with somebody else's delegation is refused, and the answer is a direct message."""
    delegation = await asked(world)
    view = await opened(world, CLEO)
    assert (await world.slack.forge_click(CLEO, view, "approve", marked(delegation))).ok
    await world.card(CLEO, "Only the people this is about can do that")
    assert (await world.only()).state is State.REQUESTED


async def test_leafing_through(world: World) -> None:
    """The history has ten rows a page; Older and Newer turn, and a new visit starts in front."""
    await fill(world, waiting=0, over=25)
    first = await opened(world, ADA, "History")
    assert world.slack.read(first, ADA).count("• ") == 10
    assert "Newer" not in first.buttons()
    assert (await world.slack.click(ADA, first, "Older")).ok
    second = await home(world, ADA, "History, page 2")
    assert (await world.slack.click(ADA, second, "Older")).ok
    last = await home(world, ADA, "History, page 3")
    assert world.slack.read(last, ADA).count("• ") == 5
    assert "Older" not in last.buttons()
    assert (await world.slack.click(ADA, last, "Newer")).ok
    await home(world, ADA, "History, page 2")
    assert (await world.slack.open_home(ADA)).ok
    await home(world, ADA, "History", absent="page 2")


async def test_a_forged_page(world: World) -> None:
    """A page number that no button has leads to an empty page, not to an error."""
    view = await opened(world, ADA)
    for page in ("99999999999999999999", "-1", "", "two"):
        assert (await world.slack.forge_click(ADA, view, "home_older", page)).ok
    await home(world, ADA, "Nothing older.")


async def test_a_thousand_rows(world: World) -> None:
    """A thousand rows of each kind still make a home that Slack takes, and it says what it left."""
    await fill(world, waiting=1000, over=1000)
    view = await opened(world, ADA, "Waiting for you (1 to 7 of 1000)")
    assert len(view.blocks) <= 100
    assert "Older" in view.buttons()
    assert "More" in view.buttons()


async def test_each_of_many_can_be_revoked(stage: World) -> None:
    """S4: of 500 active rights the last page is reached, and one of its rights is taken back."""
    await fill(stage, waiting=500, over=0, state=State.ACTIVE, attempted_at=stage.clock())
    view = await opened(stage, ADA, "Who can send as you (1 to 7 of 500)")
    assert "Back" not in view.buttons()
    assert (await stage.slack.click(ADA, view, "More")).ok
    view = await home(stage, ADA, "(8 to 14 of 500)")
    assert (await stage.slack.click(ADA, view, "Back")).ok
    view = await home(stage, ADA, "(1 to 7 of 500)")
    assert (await stage.slack.forge_click(ADA, view, "home_older", "given/9999")).ok
    view = await home(stage, ADA, "(498 to 500 of 500)")
    assert "More" not in view.buttons()
    last = (await stage.delegations())[-1]
    assert (await stage.slack.click(ADA, view, "Revoke", marked(last))).ok
    await home(stage, ADA, "not yet removed")  # and why, a moment later
    assert sum(row.state is State.ACTIVE for row in await stage.delegations()) == 499


async def test_lists_turn_each_by_itself(stage: World) -> None:
    """S4: a page of one list leaves the others where they are, and a new visit starts in front."""
    await fill(stage, waiting=20, over=0)
    await fill(stage, waiting=20, over=15, state=State.ACTIVE, begins="U0X")
    view = await opened(stage, ADA, "Waiting for you (1 to 7 of 20)")
    assert (await stage.slack.forge_click(ADA, view, "home_older", "given/1")).ok
    view = await home(stage, ADA, "Who can send as you (8 to 14 of 20)")
    assert (await stage.slack.click(ADA, view, "Older")).ok
    view = await home(stage, ADA, "History, page 2")
    text = stage.slack.read(view, ADA)
    assert "Waiting for you (1 to 7 of 20)" in text
    assert "Who can send as you (8 to 14 of 20)" in text
    await opened(stage, ADA, "Who can send as you (1 to 7 of 20)")


async def test_looking_for_a_person(stage: World) -> None:
    """S4: of hundreds of rights those of one person are found, and everybody's come back."""
    await fill(stage, waiting=300, over=3, state=State.ACTIVE, begins="U0X")
    await fill(stage, waiting=1, over=0, state=State.ACTIVE, grantee_id=CLEO.id)
    view = await opened(stage, ADA, "(1 to 7 of 301)")
    assert (await stage.slack.click(ADA, view, "with_person", CLEO)).ok
    view = await home(stage, ADA, "only about @Cleo", absent="of 301")
    assert view.buttons().count("Revoke") == 1
    assert "History" not in stage.slack.read(view, ADA)
    assert (await stage.slack.click(ADA, view, "Show everybody")).ok
    await home(stage, ADA, "(1 to 7 of 301)", absent="only about")


@pytest.mark.parametrize("given", [True, False])
async def test_the_ninth_standing_approval(stage: World, given: bool) -> None:
    """S2: given and received ones have lists of their own, and each given one can be ended."""
    now = stage.clock()
    ours = StandingApproval(
        id="",
        team_id=TEAM_ID,
        grantor_id=ADA.id,
        grantee_id=BEN.id,
        max_length=timedelta(hours=4),
        until=now + timedelta(days=7),
        created_at=now,
    )

    def trust(store: Store) -> None:
        for number in range(9):
            at = now + timedelta(seconds=number)
            others = replace(ours, id=new_id(), created_at=at, grantee_id=f"U0Y{number}")
            store.standing.put(others)
            store.standing.put(
                replace(others, id=new_id(), grantor_id=f"U0Y{number}", grantee_id=ADA.id)
            )

    await stage.database.run(trust)
    mine, theirs = "You always approve", "Always approve you"
    view = await opened(stage, ADA, f"{mine} (1 to 7 of 9)")
    assert f"{theirs} (1 to 7 of 9)" in stage.slack.read(view, ADA)
    name = "trusted/1" if given else "trusting/1"
    assert (await stage.slack.click(ADA, view, "More", name)).ok
    view = await home(stage, ADA, f"{mine if given else theirs} (8 to 9 of 9)")
    assert view.buttons().count("End") == (2 if given else 7)
    if given:
        first = next(each for each in await trusted(stage) if each.grantee_id == "U0Y0")
        assert (await stage.slack.click(ADA, view, "End", first.id)).ok
        await home(stage, ADA, f"{mine} (8 to 8 of 8)")
        assert "U0Y0" not in [each.grantee_id for each in await trusted(stage)]


async def trusted(world: World) -> Sequence[StandingApproval]:
    """Ada's standing approvals that hold now."""
    return await world.database.run(
        lambda store: store.standing.for_person(TEAM_ID, ADA.id, now=world.clock())
    )


async def test_standing_approvals(world: World) -> None:
    """A standing approval is shown to both, and ended by its giver with one click."""
    standing = StandingApproval(
        id=new_id(),
        team_id=TEAM_ID,
        grantor_id=ADA.id,
        grantee_id=BEN.id,
        max_length=timedelta(hours=4),
        until=world.clock() + timedelta(days=7),
        created_at=world.clock(),
    )
    await opened(world, BEN)
    await opened(world, ADA)
    await world.database.run(lambda store: store.standing.put(standing))
    theirs = await opened(world, BEN, "Always approve you")
    assert "End" not in theirs.buttons()
    assert (await world.slack.forge_click(BEN, theirs, "end_standing", standing.id)).ok
    await world.card(BEN, "Only the people this is about can do that")
    mine = await opened(world, ADA, "up to 4 hours at a time")
    assert (await world.slack.click(ADA, mine, "End")).ok
    await home(world, ADA, "Who can send as you", absent="up to 4 hours at a time")
    await home(world, BEN, "Who can send as you", absent="Always approve you")


async def test_a_leaver(world: World) -> None:
    """When somebody leaves Slack, what they were given ends in Close and in the home."""
    await active(world)
    await opened(world, ADA, "@Ben Okafor until")
    await world.slack.change_person(BEN, deleted=True)
    ended = await settled_in(world, State.ENDED)
    assert ended.end_event is Event.OFFBOARD
    assert not world.close.find(ADA, BEN)
    await home(world, ADA, "History", absent="@Ben Okafor until")


async def test_a_change_of_somebody_who_stays(world: World) -> None:
    """A new title or status of somebody ends nothing."""
    await active(world)
    await world.slack.change_person(BEN, title="Team lead")
    await press(world, BEN, "I'm done")
    ended = await settled_in(world, State.ENDED)
    assert ended.end_event is Event.RELEASE
    await world.card(BEN, "You can no longer send email as")


async def fill(
    world: World,
    *,
    waiting: int,
    over: int,
    state: State = State.REQUESTED,
    begins: str = "U0W",
    **changes: Any,
) -> None:
    """So many open rows of Ada's, and so many denied ones, of as many people; rows alone."""
    now = world.clock()
    sample = Delegation(
        id="",
        team_id=TEAM_ID,
        grantor_id=ADA.id,
        grantee_id=BEN.id,
        requester_id=BEN.id,
        reason="Because",
        length=timedelta(hours=1),
        state=State.REQUESTED,
        requested_at=now,
        lapses_at=now + timedelta(days=3),
    )
    rows = [
        replace(
            sample,
            **{"id": new_id(), "grantee_id": f"{begins}{number}", "state": state, **changes},
            requested_at=now + timedelta(milliseconds=number),
        )
        for number in range(waiting)
    ]
    for number in range(over):
        ended_at = now - timedelta(hours=number)
        rows.append(replace(sample, id=new_id(), state=State.DENIED, ended_at=ended_at))
    values = [to_row(row) for row in rows]
    await world.database.run_connection(
        lambda connection: connection.execute(insert(delegations), values)
    )


async def test_the_list_is_leafed_through(stage: World) -> None:
    """S4: `/sendas list` reaches each of 300 rights by its buttons, and one person's by name."""
    await fill(stage, waiting=300, over=0, state=State.ACTIVE)
    await fill(stage, waiting=1, over=0, state=State.ACTIVE, grantee_id=CLEO.id)
    first = await stage.sendas(ADA, "list")
    assert "Page 1 of" in first
    last, read = int(first.partition("Page 1 of ")[2].partition(".")[0]), [first]
    for page in range(2, last + 1):
        before = stage.last_answer(ADA)
        assert (await stage.slack.click(ADA, before, "More")).ok
        shown = await stage.whispered(ADA, f"Page {page} of {last}")
        read.append(stage.slack.read(shown, ADA))
    assert "More" not in shown.buttons()
    assert "\n".join(read).count("•") == 301
    answer = await stage.sendas(ADA, f"list @{CLEO.handle}")
    assert answer.count("•") == 1
    assert "Nothing is open with" in await stage.sendas(ADA, f"list @{DANA.handle}")
