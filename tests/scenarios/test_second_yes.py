"""A rule asks for a second yes: after the grantor's, from somebody whom it is not about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.cards.second_yes import AGREE_TOO
from models.delegation import Event, State, Trouble
from sandbox.people import ADA, BEN, CLEO, DANA, FINN
from sandbox.slack.workspace import AUDIT, UserGroup
from tests.scenarios.moves import asked, carried, forged, press, settled_in, shown
from tests.scenarios.world import World, open_world

LEADS = "S0LEADS"
BY_CLEO = f'[[rule]]\nsecond = "{CLEO.id}"\nsecond_name = "Cleo"\nmax_duration = "90d"\n'
BY_LEADS = f'[[rule]]\nsecond = "{LEADS}"\nsecond_name = "the leads"\n'
ASKED = "agreed to let @Ben Okafor send email as them"
WAITS = "A rule here asks for a second yes, from"


def leads(world: World, *members: str) -> None:
    """Who is in the group, as Slack says it."""
    world.slack.workspace.groups[LEADS] = UserGroup(LEADS, "leads", "Leads", list(members))


@asynccontextmanager
async def ruled(
    url: str, folder: Path, text: str = BY_CLEO, *members: str, audit: bool = False
) -> AsyncIterator[World]:
    """A world in which this rule holds, and Ada is connected."""
    path = folder / "policy.toml"
    path.write_text(text)
    settings: dict[str, Any] = {"audit_channel": AUDIT} if audit else {}
    async with open_world(
        url, before=lambda world: leads(world, *members), policy_file=path, **settings
    ) as world:
        await world.connect(ADA)
        yield world


def audited(world: World) -> list[str]:
    """What stands in the audit channel."""
    return [world.slack.read(each) for each in world.slack.channel_messages(AUDIT)]


async def agreed(world: World, text: str = "@ada 2h Covering") -> None:
    """Ben has asked, and Ada agreed."""
    await asked(world, text)
    await press(world, ADA, "Approve")


async def test_both_have_to_agree(database_url: str, tmp_path: Path) -> None:
    """Nothing is set up before the second yes: the second person reads who agreed to what, for
    whom and why, and everybody sees what it waits for."""
    async with ruled(database_url, tmp_path, audit=True) as world:
        await agreed(world)
        card = await shown(world, CLEO, "Approve", ASKED)
        read = world.slack.read(card, CLEO)
        for words in (ADA.name, "2 hours", "Covering", "asks for your yes, too", BEN.email):
            assert words in read
        await world.card(ADA, "It needs a second yes")
        await world.card(BEN, WAITS)
        assert (await world.only()).state is State.REQUESTED
        assert not world.close.find(ADA, BEN)
        await press(world, CLEO, "Approve")
        row = await settled_in(world, State.ACTIVE)
        assert (row.seconded_by, row.agreed_at) == (CLEO.id, None)
        await world.card(CLEO, "You approved it")
        assert world.close.find(ADA, BEN)
        history = await world.database.read(lambda store: store.delegations.history(row.id))
        by = [(each.event, each.actor) for each in history if each.actor is not None]
        assert by == [
            (Event.REQUEST, BEN.id),
            (Event.AGREE, ADA.id),
            (Event.APPROVE, CLEO.id),
        ]
        lines = await world.slack.wait_for(
            lambda: told if len(told := audited(world)) == 2 else None, what="the audit channel"
        )
        assert f"@{ADA.name} agreed; a second yes is needed, from Cleo" in lines[0]
        assert f"@{CLEO.name} approved it" in lines[1]


async def test_the_second_person_says_no(sqlite_url: str, tmp_path: Path) -> None:
    """Either may deny; who did is said to both, and nothing happens in Close."""
    async with ruled(sqlite_url, tmp_path) as world:
        await agreed(world)
        await press(world, CLEO, "Deny")
        assert (await settled_in(world, State.DENIED)).closed_by == CLEO.id
        await world.card(BEN, f"@{CLEO.name} denied your request")
        await world.card(ADA, f"@{CLEO.name} denied @{BEN.name}'s request")
        await world.card(CLEO, "You denied it")
        assert not world.close.find(ADA, BEN)


async def test_the_grantor_says_no_first(sqlite_url: str, tmp_path: Path) -> None:
    """Whom the grantor denies nobody else is asked about; and what they agreed to they can take
    back as long as it waits."""
    async with ruled(sqlite_url, tmp_path) as world:
        await asked(world)
        await press(world, ADA, "Deny")
        await settled_in(world, State.DENIED)
        assert not [m for m in world.slack.messages(CLEO) if "Ben" in world.slack.read(m, CLEO)]
        await world.sendas(BEN, "@ada 3h Again")
        await press(world, ADA, "Approve")
        await shown(world, CLEO, "Approve", ASKED)
        await press(world, ADA, "Revoke")
        await world.card(CLEO, "denied it")
        assert all(each.state is State.DENIED for each in await world.delegations())


async def test_any_of_a_group_but_those_it_is_about(sqlite_url: str, tmp_path: Path) -> None:
    """Of a group everybody is asked whom it is not about; the first answer counts, for all."""
    group = (ADA.id, BEN.id, CLEO.id, DANA.id, FINN.id)
    async with ruled(sqlite_url, tmp_path, BY_LEADS, *group) as world:
        await agreed(world)
        await world.card(ADA, f"{WAITS} the leads")
        card = await shown(world, DANA, "Approve", ASKED)
        await shown(world, CLEO, "Approve", ASKED)
        for person in (ADA, BEN):
            assert not [
                each
                for each in world.slack.messages(person)
                if "asks for your yes, too" in world.slack.read(each, person)
            ]
            said = await forged(world, person, card, AGREE_TOO, carried(card, AGREE_TOO))
            assert "Only the people this is about can do that" in said
        await press(world, CLEO, "Approve")
        await settled_in(world, State.ACTIVE)
        await world.card(DANA, f"@{CLEO.name} approved it")


async def test_who_left_the_group_has_no_say(sqlite_url: str, tmp_path: Path) -> None:
    """A button that somebody still has decides nothing once they are not in the group."""
    async with ruled(sqlite_url, tmp_path, BY_LEADS, CLEO.id, DANA.id) as world:
        await agreed(world)
        card = await shown(world, CLEO, "Approve", ASKED)
        leads(world, DANA.id)
        world.rulebook.read_again()
        before = len(world.slack.calls)
        await world.slack.wait_for(
            lambda: any(
                each.method == "usergroups.users.list" for each in world.slack.calls[before:]
            ),
            what="another look at the group",
        )
        await world.slack.click(CLEO, card, "Approve")
        await world.whispered(CLEO, "Only the people this is about can do that")
        assert (await world.only()).state is State.REQUESTED


async def test_nobody_can_give_it(sqlite_url: str, tmp_path: Path) -> None:
    """Where nobody is left who may answer, both read that; it goes on once somebody joins."""
    async with ruled(sqlite_url, tmp_path, BY_LEADS, ADA.id, BEN.id) as world:
        await agreed(world)
        for person in (ADA, BEN):
            await world.card(person, "but nobody there can give it")
        assert (await world.only()).trouble is Trouble.NOBODY_TO_SECOND
        leads(world, CLEO.id)
        world.clock.push(hours=1, minutes=1)
        await shown(world, CLEO, "Approve", ASKED)
        await world.card(BEN, WAITS)


async def test_reminded_and_lapsed(sqlite_url: str, tmp_path: Path) -> None:
    """Whoever is asked is reminded like a grantor; without an answer it lapses, and both read of
    what it waited for."""
    async with ruled(sqlite_url, tmp_path) as world:
        await agreed(world)
        first = await shown(world, CLEO, "Approve", ASKED)
        row = await world.only()
        assert row.remind_at is not None
        world.clock.push(seconds=(row.remind_at - world.clock()).total_seconds() + 1)
        second = await world.slack.wait_for(
            lambda: next(
                (
                    each
                    for each in world.slack.messages(CLEO)
                    if "Approve" in each.buttons() and each.ts != first.ts
                ),
                None,
            ),
            what="the reminder",
        )
        assert ASKED in world.slack.read(second, CLEO)
        await world.card(CLEO, "I asked again further down")
        world.clock.push(days=4)
        await settled_in(world, State.LAPSED)
        await world.card(BEN, "agreed, but the second yes, from")
        await world.card(CLEO, "It lapsed")


async def test_a_grant_needs_it_too(sqlite_url: str, tmp_path: Path) -> None:
    """What is given without being asked waits for the second yes as well."""
    async with ruled(sqlite_url, tmp_path) as world:
        answer = await world.sendas(ADA, "grant @ben 2h While I am away")
        assert "once a second yes has come from" in answer
        await world.card(BEN, "wants to let you send email as them")
        await press(world, CLEO, "Approve")
        await settled_in(world, State.ACTIVE)


async def test_a_standing_approval_does_not_answer_for_two(sqlite_url: str, tmp_path: Path) -> None:
    """Where two have to agree, neither can promise it beforehand."""
    async with ruled(sqlite_url, tmp_path) as world:
        await asked(world)
        card = await shown(world, ADA, "Approve")
        await world.slack.click(ADA, card, "more", "Always approve this person…")
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        reply = await world.slack.submit(ADA, {"duration": "2h"})
        assert "only with a yes each time" in str(reply)


async def test_more_time_needs_it_too(database_url: str, tmp_path: Path) -> None:
    """An extension waits for the second yes, while the right goes on as it was; with it the end is
    moved, without it it stays."""
    async with ruled(database_url, tmp_path) as world:
        await agreed(world)
        await press(world, CLEO, "Approve")
        ends_at = (await settled_in(world, State.ACTIVE)).ends_at
        assert ends_at is not None
        await world.sendas(BEN, "extend @ada 1h")
        await shown(world, ADA, "Leave as it is")
        await press(world, ADA, "Approve")
        await world.card(ADA, "You agreed to 1 more hour")
        await shown(world, CLEO, "Approve", "agreed to 1 more hour")
        assert (await world.only()).ends_at == ends_at
        await press(world, CLEO, "Approve")
        await world.card(BEN, "You can send email as")
        row = await settled_in(world, State.ACTIVE)
        assert (row.ends_at, row.seconded_by) == (ends_at + timedelta(hours=1), CLEO.id)
        assert "second yes" in await world.sendas(ADA, "extend @ben 2h")
        await shown(world, CLEO, "Deny", "agreed to 2 more hours")
        await press(world, CLEO, "Deny")
        await world.card(BEN, "Nothing was added: the end stays as it is.")
        row = await world.only()
        assert (row.ends_at, row.extension) == (ends_at + timedelta(hours=1), None)


async def test_a_rule_that_came_later(sqlite_url: str, tmp_path: Path) -> None:
    """What was agreed to and has not begun waits for a second yes that the rules ask for by
    then."""
    async with ruled(sqlite_url, tmp_path, "") as world:
        await asked(world, "@ada tomorrow 9-14 Covering")
        await press(world, ADA, "Approve")
        row = await settled_in(world, State.APPROVED)
        assert row.starts_at is not None
        (tmp_path / "policy.toml").write_text(BY_CLEO)
        world.rulebook.read_again()
        world.clock.push(seconds=(row.starts_at - world.clock()).total_seconds())
        await shown(world, CLEO, "Approve", ASKED)
        assert not world.close.find(ADA, BEN)
        await press(world, CLEO, "Approve")
        await settled_in(world, State.ACTIVE)
