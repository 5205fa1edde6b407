"""Cover while somebody is away: planned in App Home or typed, begun and ended by itself."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.cover import is_of_cover
from models.delegation import Event, State
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import View
from tests.scenarios.moves import at_rest, cards_at_rest, press, shown
from tests.scenarios.test_home import home, opened
from tests.scenarios.world import World

HERS = ZoneInfo(ADA.tz)


def today(world: World) -> date:
    """Ada's day."""
    return world.clock().astimezone(HERS).date()


def midnight(day: date) -> datetime:
    """When a day of Ada's begins."""
    return datetime(day.year, day.month, day.day, tzinfo=HERS)


async def form(world: World, button: str = "I'll be away…") -> View:
    """Ada has opened her App Home and pressed this button there: the form."""
    view = await opened(world, ADA, button if button == "Change…" else "")
    reply = await world.slack.click(ADA, view, button)
    assert reply.ok, reply
    return await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")


async def filled(
    world: World,
    first: date | None,
    last: date,
    people: list[SandboxPerson],
    note: str = "The spring pipeline is in Close.",
    button: str = "I'll be away…",
) -> Reply:
    """The form as Ada fills it in; without a first day that is left as it is."""
    await form(world, button)
    fields = {"last_day": last, "coverers": people, "cover_note": note}
    return await world.slack.submit(ADA, fields | ({"first_day": first} if first else {}))


async def planned(world: World, *people: SandboxPerson) -> tuple[date, date]:
    """Ada is connected, and has planned that these cover for her, a week in four days."""
    await world.connect(ADA)
    first = today(world) + timedelta(days=4)
    last = first + timedelta(days=7)
    reply = await filled(world, first, last, list(people))
    assert reply.ok, reply
    await shown(world, ADA, "End it", "cover")
    return first, last


async def test_planned_ahead_it_begins_and_ends_by_itself(world: World) -> None:
    """From the form to the last right gone: one row in Home, one message, a card for each coverer
    with the note; rights begin with her first day and end with her last, in her own zone."""
    first, last = await planned(world, CLEO, BEN)
    rows = await at_rest(world)
    assert {(each.starts_at, each.until, each.state) for each in rows} == {
        (midnight(first), midnight(last + timedelta(days=1)), State.APPROVED)
    }
    view = await home(world, ADA, "Away from")
    assert world.slack.read(view, ADA).count("Away from") == 1
    assert view.buttons().count("End it") == 1
    message = await shown(world, ADA, "End it")
    assert "Cleo Marchetti and @Ben Okafor cover for you" in world.slack.read(message, ADA)
    for person in (CLEO, BEN):
        assert "The spring pipeline" in world.slack.read(
            await world.card(person, "send email as"), person
        )
    await cards_at_rest(world)
    ours = [each for each in world.slack.messages(ADA) if not each.ephemeral]
    assert len(ours) == 1
    assert not world.close.associations
    world.clock.push(seconds=(midnight(first) - world.clock()).total_seconds())
    await world.slack.wait_for(lambda: len(world.close.associations) == 2, what="both rights")
    assert [each.state for each in await at_rest(world)] == [State.ACTIVE] * 2
    world.clock.push(days=8)
    await world.slack.wait_for(lambda: not world.close.associations, what="the end")
    assert {each.end_event for each in await at_rest(world)} == {Event.EXPIRE}
    await opened(world, ADA)
    await home(world, ADA, "Nobody at the moment.", absent="Away from")


async def test_typed_until_monday(world: World) -> None:
    """``away until … @cleo note`` is the same cover; without words it is the form; without an end,
    or a person, it is refused in words."""
    await world.connect(ADA)
    answer = await world.sendas(ADA, "away tomorrow @cleo Only the invoices")
    assert "@Cleo Marchetti covers for you" in answer
    message = await shown(world, ADA, "End it", "Cleo")
    assert "Only the invoices" in world.slack.read(message, ADA)
    answer = await world.sendas(ADA, "away @ben tomorrow Also the invoices")
    assert "other cover for a part of that time" in answer
    assert "needs an end" in await world.sendas(ADA, "away @dana")
    assert "needs an end" in await world.sendas(ADA, "away forever @dana")
    assert "expected a person" in await world.sendas(ADA, "away until monday")
    assert await world.sendas(ADA, "away") == ""
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    assert len(await world.delegations()) == 2


async def test_ended_as_one(world: World) -> None:
    """*End it* asks once, and ends all of its rights; nobody else can."""
    await world.connect(ADA)
    assert (await filled(world, today(world), today(world) + timedelta(days=2), [CLEO, BEN])).ok
    await world.slack.wait_for(lambda: len(world.close.associations) == 2, what="both rights")
    await at_rest(world)
    message = await shown(world, ADA, "End it")
    asked = world.slack.dialog(ADA, message, "End it")
    assert asked is not None
    assert "Nobody in it can send email as you" in asked.text
    cover_id = (await world.delegations())[0].bundle_id or ""
    card = await world.card(BEN, "You can send email as")
    await world.slack.forge_click(BEN, card, "end_cover", cover_id)
    await world.whispered(BEN, "Only the people this is about")
    assert len(world.close.associations) == 2
    await press(world, ADA, "End it")
    await world.slack.wait_for(lambda: not world.close.associations, what="the end")
    assert {each.end_event for each in await at_rest(world)} == {Event.REVOKE}
    await world.card(ADA, "no longer cover for you")


async def test_changed_before_it_begins(world: World) -> None:
    """Other people and another last day: who stays has a right for the new time, who goes has none,
    and Close was asked for nothing."""
    first, last = await planned(world, CLEO, BEN)
    later = last + timedelta(days=2)
    reply = await filled(world, None, later, [BEN, DANA], "A new note", "Change…")
    assert reply.ok, reply
    left = [each for each in await at_rest(world) if is_of_cover(each)]
    assert {each.grantee_id for each in left} == {BEN.id, DANA.id}
    assert {(each.starts_at, each.until, each.reason) for each in left} == {
        (midnight(first), midnight(later + timedelta(days=1)), "A new note")
    }
    await world.card(CLEO, "withdrew the approval")
    assert not world.close.associations
    await home(world, ADA, "Ben Okafor and @Dana Whitfield cover")


async def test_changed_while_it_runs(world: World) -> None:
    """A cover that runs can last longer and have other people; it cannot end earlier but by
    *End it*, and what is refused changes nothing."""
    await world.connect(ADA)
    last = today(world) + timedelta(days=3)
    assert (await filled(world, today(world), last, [CLEO])).ok
    await world.slack.wait_for(lambda: world.close.find(ADA, CLEO), what="the right")
    await at_rest(world)
    reply = await filled(world, None, last - timedelta(days=1), [CLEO, BEN], button="Change…")
    assert "only last longer" in reply.errors["last_day"]
    assert len(await world.delegations()) == 1
    reply = await world.slack.submit(ADA, {"last_day": last + timedelta(days=1)})
    assert reply.ok, reply
    await world.slack.wait_for(lambda: world.close.find(ADA, BEN), what="Ben's right")
    rows = await at_rest(world)
    assert {each.ends_at for each in rows} == {midnight(last + timedelta(days=2))}


async def test_what_the_form_refuses(stage: World) -> None:
    """What is wrong stands beside its field, and what was filled in stays."""
    await stage.connect(ADA)
    now = today(stage)
    late = await filled(stage, now + timedelta(days=4), now + timedelta(days=2), [CLEO])
    assert "comes before the first" in late.errors["last_day"]
    past = await stage.slack.submit(
        ADA, {"first_day": now - timedelta(days=4), "last_day": now - timedelta(days=2)}
    )
    assert "already passed" in past.errors["last_day"]
    long = await stage.slack.submit(ADA, {"first_day": now, "last_day": now + timedelta(days=60)})
    assert "longer than the maximum" in long.errors["last_day"]
    oneself = await stage.slack.submit(
        ADA, {"last_day": now + timedelta(days=2), "coverers": [ADA]}
    )
    assert "always send as yourself" in oneself.errors["coverers"]
    assert await stage.delegations() == []


async def test_a_coverer_leaves_before_it_begins(world: World) -> None:
    """The grantor is notified that somebody no longer covers, and who is left."""
    await planned(world, CLEO, BEN)
    await at_rest(world)
    before = {each.ts for each in world.slack.messages(ADA)}
    await world.slack.change_person(CLEO, deleted=True)

    def told() -> bool:
        new = [each for each in world.slack.messages(ADA) if each.ts not in before]
        return any("@Ben Okafor covers for you" in world.slack.read(each, ADA) for each in new)

    await world.slack.wait_for(told, what="word of the leaver")
    await home(world, ADA, "Ben Okafor covers")


async def test_close_is_away_when_it_begins(world: World) -> None:
    """The cover begins once Close is back, and still ends in time."""
    first, _ = await planned(world, CLEO)
    await at_rest(world)
    world.close.trouble.down()
    world.clock.push(seconds=(midnight(first) - world.clock()).total_seconds())
    await world.slack.wait_for(lambda: world.close.calls, what="a first try")
    world.close.trouble.clear()
    world.clock.push(minutes=10)
    await world.slack.wait_for(lambda: world.close.find(ADA, CLEO), what="the right")
    world.clock.push(days=9)
    await world.slack.wait_for(lambda: not world.close.associations, what="the end")
