"""Rules for some people or some names, as people meet them, and what an admin can ask of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from models.delegation import State, Trouble
from sandbox.people import ADA, BEN, CLEO, DANA
from sandbox.running import BotTrouble, House, open_house
from sandbox.slack.workspace import UserGroup
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import asked, known, press, settled_in
from tests.scenarios.world import World, open_world

INTERNS = "S0INTERNS"
RULES = f"""
[[rule]]
who = "{INTERNS}"
who_name = "Interns"
max_duration = "4h"
allow_permanent = false
require_reason = true
standing = false

[[rule]]
whose = "{CLEO.id}"
whose_name = "Cleo"
max_duration = "90d"
"""
REFUSED = "Interns can send as somebody for at most 4 hours."


def interns(world: World, *members: str) -> None:
    """Who is an intern, as Slack says it."""
    world.slack.workspace.groups[INTERNS] = UserGroup(INTERNS, "interns", "Interns", list(members))


@asynccontextmanager
async def ruled(
    url: str, folder: Path, text: str = RULES, *members: str, **settings: Any
) -> AsyncIterator[World]:
    """A world with these rules, in which Ben, or these, are the interns."""
    path = folder / "policy.toml"
    path.write_text(text)
    group = members or (BEN.id,)
    async with open_world(
        url, before=lambda world: interns(world, *group), policy_file=path, **settings
    ) as world:
        yield world


async def test_a_request_is_held_to_the_rule(database_url: str, tmp_path: Path) -> None:
    """Whom a rule is about reads it in words, and is offered what it allows; others are not."""
    async with ruled(database_url, tmp_path) as world:
        answer = await world.sendas(BEN, "@ada 5h Covering")
        assert REFUSED in answer
        assert "4 hours instead" in answer
        assert await world.delegations() == []
        await world.sendas(BEN, "@ada forever Covering")
        refused = world.slack.read(world.last_answer(BEN), BEN)
        assert "Interns can send as somebody only with an end, for at most 4 hours." in refused
        assert "only with a reason" in await world.sendas(BEN, "@ada 2h")
        assert "Asked" in await world.sendas(BEN, "@ada 4h Covering")
        assert "Asked" in await world.sendas(DANA, "@ada 5h")


async def test_a_rule_can_allow_more_than_the_settings(sqlite_url: str, tmp_path: Path) -> None:
    """The first rule that fits decides, also where it allows more than everybody may."""
    async with ruled(sqlite_url, tmp_path) as world:
        assert "maximum of 30 days" in await world.sendas(DANA, "@ada 60d x")
        assert "Asked" in await world.sendas(DANA, "@cleo 60d x")
        assert REFUSED in await world.sendas(BEN, "@cleo 5h x")


async def test_who_asks_for_an_intern_is_held_to_it_too(sqlite_url: str, tmp_path: Path) -> None:
    """The rule is about who would send, whoever asks for them."""
    async with ruled(sqlite_url, tmp_path) as world:
        assert REFUSED in await world.sendas(CLEO, "@ada for @ben 5h x")
        assert "Asked" in await world.sendas(CLEO, "@ada for @dana 5h x")


async def test_a_grant_is_held_to_it(sqlite_url: str, tmp_path: Path) -> None:
    """Nor can anybody give without being asked what nobody may be asked for; of several, each is
    told by name."""
    async with ruled(sqlite_url, tmp_path) as world:
        assert REFUSED in await world.sendas(ADA, "grant @ben 5h x")
        assert "only with a reason" in await world.sendas(ADA, "grant @ben 2h")
        await world.sendas(ADA, "grant @ben @dana 5h x")
        await world.slack.click(ADA, world.last_answer(ADA), "Grant to 2")
        said = world.slack.read(await world.whispered(ADA, "Given"), ADA)
        assert REFUSED.rstrip(".") in said
        assert {each.grantee_id for each in await world.delegations()} == {DANA.id}


async def test_an_approval_is_held_to_it(sqlite_url: str, tmp_path: Path) -> None:
    """Whoever became an intern after they had asked is held to the rule at the click; another
    length within it goes through, and no standing approval does."""
    async with ruled(sqlite_url, tmp_path, RULES, DANA.id) as world:
        await world.connect(ADA)
        await asked(world, "@ada 5h Covering")
        interns(world, BEN.id)
        await learnt(world)
        await press(world, ADA, "Approve")
        await world.whispered(ADA, REFUSED)
        card = await known(world)
        await world.slack.click(ADA, card, "more", "Always approve this person…")
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        reply = await world.slack.submit(ADA, {"duration": "2h"})
        assert "Interns can send as somebody only with a yes each time" in str(reply)
        await world.slack.close_view(ADA)
        await world.slack.click(ADA, card, "more", "Approve with a different length…")
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        reply = await world.slack.submit(ADA, {"duration": "6h"})
        assert REFUSED.rstrip(".") in str(reply)
        assert (await world.slack.submit(ADA, {"duration": "3h"})).ok
        await settled_in(world, State.ACTIVE)


async def test_an_extension_is_held_to_it(sqlite_url: str, tmp_path: Path) -> None:
    """More time is asked for, and given, within the rule."""
    async with ruled(sqlite_url, tmp_path) as world:
        await world.connect(ADA)
        await asked(world, "@ada 3h Covering")
        await press(world, ADA, "Approve")
        await settled_in(world, State.ACTIVE)
        assert REFUSED in await world.sendas(BEN, "extend @ada 2h")
        assert REFUSED in await world.sendas(ADA, "extend @ben 2h")
        assert "Asked" in await world.sendas(BEN, "extend @ada 30m")


async def test_a_planned_right_is_held_to_what_holds_then(
    database_url: str, tmp_path: Path
) -> None:
    """Before Close is asked the worker asks Slack afresh: whoever became an intern meanwhile does
    not get what interns may not have, and both read why."""
    async with ruled(database_url, tmp_path, RULES, DANA.id) as world:
        await world.connect(ADA)
        await world.sendas(BEN, "@ada tomorrow 9-14 Covering")
        await press(world, ADA, "Approve")
        row = await settled_in(world, State.APPROVED)
        assert row.starts_at is not None
        interns(world, BEN.id)
        world.clock.push(seconds=(row.starts_at - world.clock()).total_seconds())
        row = await world.until(State.FAILED)
        assert row.trouble is Trouble.AGAINST_RULES
        for person in (ADA, BEN):
            await world.card(person, REFUSED)
        assert not world.close.find(ADA, BEN)


async def learnt(world: World, group: str = INTERNS) -> None:
    """The bot has asked again who is in the group: it does so when its rules are read again."""
    before = calls(world, group)
    world.rulebook.read_again()
    async with asyncio.timeout(PATIENCE):
        while calls(world, group) == before:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


def calls(world: World, group: str) -> int:
    """How often Slack was asked who is in it."""
    return sum(
        each.method == "usergroups.users.list" and each.arguments.get("usergroup") == group
        for each in world.slack.calls
    )


async def policy(world: World, *words: str) -> tuple[int | None, str]:
    """``python -m bot policy`` with these words: its exit status, and what it says."""
    values = {**world.values, "public_url": "http://127.0.0.1:1"}
    environment = {
        name.upper(): ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
    }
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "policy", *words),
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate()
    return running.returncode, said.decode()


async def test_what_an_admin_can_ask(sqlite_url: str, tmp_path: Path) -> None:
    """``policy explain`` says which rule decides and why, by what Slack says of the groups; without
    Slack the stricter rules hold, and that is said."""
    async with ruled(sqlite_url, tmp_path) as world:
        status, said = await policy(world, "explain", f"@{BEN.id}", ADA.id, "5h")
        assert (status, "Rule 1 decides: Interns" in said) == (1, True), said
        assert f"That is not allowed: {REFUSED}" in said
        status, said = await policy(world, "explain", DANA.id, f"<@{CLEO.id}>", "60d")
        assert (status, "Rule 2 decides: Everybody as Cleo" in said) == (0, True), said
        assert f"Rule 1 is not about them: Interns ({INTERNS}) as somebody." in said
        status, said = await policy(world, "explain", DANA.id, ADA.id, "60d")
        assert (status, "so the settings hold" in said) == (1, True), said
        assert "the longest is 30 days" in said
        world.slack.trouble.fail("usergroups.users.list", "internal_error", times=9)
        status, said = await policy(world, "explain", DANA.id, ADA.id, "5h")
        assert (status, "Rule 1 may decide" in said) == (1, True), said
        status, said = await policy(world, "explain", DANA.id, ADA.id, "sometime")
        assert status == 2


async def test_checking_a_file(sqlite_url: str, tmp_path: Path) -> None:
    """``policy check`` says each rule in words, or the line and the field that are wrong."""
    async with ruled(sqlite_url, tmp_path) as world:
        status, said = await policy(world, "check")
        assert status == 0, said
        assert said.startswith(
            f"1. Interns ({INTERNS}) as somebody: for at most 4 hours, with a reason, with a yes "
            "each time."
        )
        other = tmp_path / "other.toml"
        other.write_text("[[rule]]\nmax_duratoin = '4h'\n")
        status, said = await policy(world, "check", str(other))
        assert status == 2
        assert said.strip() == (
            f"{other}, line 2: max_duratoin is not a field of a rule; do you mean max_duration."
        )


async def test_without_slack_the_stricter_rule_holds(sqlite_url: str, tmp_path: Path) -> None:
    """As long as Slack does not say who is an intern, everybody may be; once it does, nobody else
    is held to it."""

    def silent(world: World) -> None:
        interns(world, BEN.id)
        world.slack.trouble.fail("usergroups.users.list", "internal_error", times=4)

    path = tmp_path / "policy.toml"
    path.write_text(RULES)
    async with open_world(sqlite_url, before=silent, policy_file=path) as world:
        async with asyncio.timeout(PATIENCE):
            while calls(world, INTERNS) == 0:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        assert REFUSED in await world.sendas(DANA, "@ada 5h x")
        world.slack.trouble.clear()
        assert "Asked" in await world.sendas(DANA, "@ada 5h x")


async def test_rules_that_are_read_again(sqlite_url: str, tmp_path: Path) -> None:
    """A running bot takes the file as it is then; one that cannot be used changes nothing."""
    async with ruled(sqlite_url, tmp_path) as world:
        path = tmp_path / "policy.toml"
        path.write_text(RULES.replace("4h", "6h"))
        world.rulebook.read_again()
        assert "for at most 6 hours" in await world.sendas(BEN, "@ada 7h x")
        path.write_text("[[rule]]\nmax = 3\n")
        world.rulebook.read_again()
        assert "for at most 6 hours" in await world.sendas(BEN, "@ada 7h x")
        path.write_text("")
        world.rulebook.read_again()
        assert "Asked" in await world.sendas(BEN, "@ada 7h x")


async def test_a_process_is_told_by_a_signal(tmp_path: Path) -> None:
    """SIGHUP has a process read its rules again; what it cannot use it says in its log."""
    path = tmp_path / "policy.toml"
    path.write_text("[[rule]]\nmax_duration = '4h'\n")
    async with open_house(POLICY_FILE=str(path)) as house:
        answer = await typed(house, "@ada 7h x")
        assert "Everybody can send as somebody for at most 4 hours" in answer
        path.write_text("[[rule]]\nmax_duration = '6h'\n")
        os.kill(house.bot.process_id or 0, signal.SIGHUP)
        await until_said(house, "@ada 7h x", "at most 6 hours")
        path.write_text("[[rule]]\nlongest = '4h'\n")
        os.kill(house.bot.process_id or 0, signal.SIGHUP)
        await house.slack.wait_for(
            lambda: "longest is not a field of a rule" in house.bot.log_tail(),
            what="a line in the log",
        )
        assert "at most 6 hours" in await typed(house, "@ada 7h x")


async def typed(house: House, text: str) -> str:
    """What Ben reads when he types this."""
    reply = await house.slack.command(BEN, "/sendas", text)
    assert reply.ok, reply
    answer = next(m for m in reversed(house.slack.messages(BEN)) if m.ephemeral)
    return house.slack.read(answer, BEN)


async def until_said(house: House, text: str, words: str) -> None:
    """Ben types it again and again until he reads these words."""
    async with asyncio.timeout(PATIENCE):
        while words not in await typed(house, text):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(MOMENT)


async def test_a_bad_file_at_the_start(tmp_path: Path) -> None:
    """A bot does not begin with rules that it cannot read, and says so in one sentence."""
    path = tmp_path / "policy.toml"
    path.write_text("[[rule]]\nwho = 'ben'\n")
    with pytest.raises(BotTrouble, match=r"The rules cannot be used: .*line 2: who holds 'ben'"):
        async with open_house(POLICY_FILE=str(path)):
            pass
