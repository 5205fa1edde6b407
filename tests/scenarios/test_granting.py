"""Giving without being asked, giving to many, and taking all of it back."""

from dataclasses import replace

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, DANA, GUS
from sandbox.slack.workspace import SALES_TEAM
from tests.scenarios.moves import at_rest, press, shown
from tests.scenarios.world import World, open_world


async def test_grant_to_one(world: World) -> None:
    """A grant needs nobody's approval: it is active as soon as Close holds it, and both see it."""
    await world.connect(ADA)
    answer = await world.sendas(ADA, "grant @ben 2h While I am away")
    assert "can send email as you for 2 hours" in answer
    await world.card(BEN, "You can send email as")
    card = await world.card(ADA, "can send email as you until")
    assert "While I am away" in world.slack.read(card, ADA)
    assert world.close.find(ADA, BEN)


async def test_grant_to_a_group_asks_back_once(stage: World) -> None:
    """A group is named person by person before anything is stored; refusals are listed."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @sales-team @gus 3h")
    question = stage.last_answer(ADA)
    words = stage.slack.read(question, ADA)
    for person in (BEN, CLEO, DANA, GUS):
        assert person.name in words
    assert await stage.delegations() == []
    await stage.slack.click(ADA, question, "grant_all")
    await stage.card(BEN, "You can send email as")
    await stage.card(CLEO, "You can send email as")
    answer = stage.slack.read(await stage.whispered(ADA, "Given for 3 hours"), ADA)
    assert "guest" in answer
    assert ADA.name not in answer  # a group that one is in oneself means the others
    assert {each.grantee_id for each in await stage.delegations()} == {BEN.id, CLEO.id, DANA.id}


async def test_who_cannot_get_it_is_said_before_the_click(world: World) -> None:
    """The question names who cannot get it and why; one click grants to the others alone."""
    await world.sendas(ADA, "grant @cleo 2h")
    rows = len(await world.delegations())
    answer = await world.sendas(ADA, "grant @ben @gus @cleo @dana 3h")
    question = world.last_answer(ADA)
    assert "these 2 people" in answer
    assert "@Gus Peralta is a guest here" in answer
    assert "@Cleo" in answer.partition("These cannot get it")[2]
    assert len(await world.delegations()) == rows
    await world.slack.click(ADA, question, "Grant to 2")
    await world.whispered(ADA, "Given")
    new = (await world.delegations())[rows:]
    assert {each.grantee_id for each in new} == {BEN.id, DANA.id}


async def test_nobody_of_them_can_get_it(stage: World) -> None:
    """Where nobody is left there is nothing to confirm, and the reasons are said."""
    answer = await stage.sendas(ADA, "grant @gus @finn 3h")
    assert "is a guest here" in answer
    assert "is deactivated" in answer
    assert "Grant to" not in str(stage.last_answer(ADA).blocks)
    assert await stage.delegations() == []


async def test_an_ambiguous_time_does_not_skip_the_names(stage: World) -> None:
    """After the time is chosen a grant to several still asks by name, and stores nothing before."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben @cleo until 5")
    question = stage.last_answer(ADA)
    await stage.slack.click(ADA, question, "second_reading")
    names = await stage.whispered(ADA, "these 2 people")
    assert BEN.name in stage.slack.read(names, ADA)
    assert await stage.delegations() == []
    await stage.slack.click(ADA, names, "grant_all")
    await stage.whispered(ADA, "can send email as you")
    assert {each.grantee_id for each in await stage.delegations()} == {BEN.id, CLEO.id}


async def test_a_question_survives_a_silent_slack(stage: World) -> None:
    """When Slack does not say who somebody is, the question stays and its button works again."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben @cleo 3h")
    question = stage.last_answer(ADA)
    stage.clock.push(minutes=6)  # who they are was looked up for the question
    stage.slack.trouble.fail("users.info", times=20)
    await stage.slack.click(ADA, question, "grant_all")
    await stage.whispered(ADA, "Slack is not answering at the moment")
    stage.slack.trouble.clear()
    await stage.slack.click(ADA, question, "grant_all")
    await stage.whispered(ADA, "can send email as you")
    assert len(await stage.delegations()) == 2


async def test_a_grant_over_what_is_there(stage: World) -> None:
    """Whoever grants what is asked for, or given already, reads so with both names."""
    await stage.sendas(BEN, "@ada 2h")
    answer = await stage.sendas(ADA, "grant @ben 2h")
    assert "Approve" in answer
    await stage.connect(ADA)
    await stage.card(ADA, "Address in Close")
    await press(stage, ADA, "Approve")
    await stage.card(BEN, "You can send email as")
    answer = await stage.sendas(ADA, "grant @ben 2h")
    assert "Ben Okafor can already send as you" in answer


async def test_never_mind(stage: World) -> None:
    """A grant to several that is not confirmed stores nothing, and its buttons work once."""
    await stage.sendas(ADA, "grant @ben @cleo 3h")
    question = stage.last_answer(ADA)
    await stage.slack.click(ADA, question, "Never mind")
    await stage.whispered(ADA, "OK, cancelled.")
    await stage.slack.forge_click(ADA, question, "grant_all", "no-such-draft")
    await stage.whispered(ADA, "answered already, or is too old")
    assert await stage.delegations() == []


async def test_a_question_belongs_to_one_person(stage: World) -> None:
    """Somebody else who gets hold of a draft's id cannot use it."""
    await stage.sendas(ADA, "grant @ben @cleo 3h")
    question = stage.last_answer(ADA)
    draft_id = question.blocks[-1]["elements"][0]["value"]
    theirs = (await stage.sendas(CLEO, "help"), stage.last_answer(CLEO))[1]
    await stage.slack.forge_click(CLEO, theirs, "grant_all", draft_id)
    await stage.whispered(CLEO, "answered already, or is too old")
    assert await stage.delegations() == []


async def test_revoke_all(stage: World) -> None:
    """One command takes back everything that one gave."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben 2h")
    await stage.sendas(ADA, "grant @cleo 2h")
    await stage.card(BEN, "You can send email as")
    await stage.card(CLEO, "You can send email as")
    answer = await stage.sendas(ADA, "revoke all")
    assert "Ben Okafor" in answer
    await stage.card(BEN, "You can no longer send email as")
    await stage.card(CLEO, "You can no longer send email as")
    assert not stage.close.associations
    assert "nothing to revoke" in await stage.sendas(ADA, "revoke all")


async def test_revoke_all_while_close_is_away(stage: World) -> None:
    """What is over but not confirmed is named again: it may still be usable."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben 2h")
    await stage.card(BEN, "You can send email as")
    stage.close.trouble.down()
    await stage.sendas(ADA, "revoke all")
    answer = await stage.sendas(ADA, "revoke all")
    assert "not yet confirmed" in answer
    assert BEN.name in answer


async def test_a_group_of_oneself(stage: World) -> None:
    """A group with nobody else in it is told so."""
    groups = stage.slack.workspace.groups
    groups[SALES_TEAM] = replace(groups[SALES_TEAM], members=[ADA.id])
    assert "Nobody but you" in await stage.sendas(ADA, "grant @sales-team 2h")


async def test_without_the_scope_for_groups(sqlite_url: str) -> None:
    """An app that may not read groups says to name the people, not to try again."""
    async with open_world(sqlite_url) as world:
        world.slack.trouble.fail("usergroups.users.list", "missing_scope")
        assert "one by one" in await world.sendas(ADA, "grant @sales-team 2h")


async def test_revoked_before_it_began(stage: World) -> None:
    """Ben, who asked, hears that Ada took her approval back; it was not he who took it back."""
    await stage.sendas(BEN, "@ada 2h")
    await press(stage, ADA, "Approve")
    await press(stage, ADA, "Revoke")
    told = await stage.card(BEN, "withdrew the approval")
    assert "Ada Lindqvist withdrew the approval" in stage.slack.read(told, BEN)


async def test_ask_several_at_once(stage: World) -> None:
    """Each grantor gets a request of their own, and answers for themselves."""
    answer = await stage.sendas(BEN, "@ada, @cleo and @gus 2h Trade fair")
    assert "Ada Lindqvist: asked" in answer
    assert "guest" in answer
    await shown(stage, ADA, "Approve")
    await shown(stage, CLEO, "Deny")
    await press(stage, CLEO, "Deny")
    states = {each.grantor_id: each.state for each in await at_rest(stage)}
    assert states == {ADA.id: State.REQUESTED, CLEO.id: State.DENIED}


async def test_ask_oneself_for_somebody(stage: World) -> None:
    """Whoever names themselves as the sender's name has agreed: it is a grant, and called so."""
    await stage.connect(ADA)
    answer = await stage.sendas(ADA, "@ada for @ben 2h While I am away")
    assert "Ben Okafor can send email as you for 2 hours" in answer
    await stage.card(BEN, "You can send email as")
    assert "lets you" not in answer
    several = await stage.sendas(ADA, "@ada @cleo for @dana 2h Trade fair")
    assert "agreed, as it is your own name" in several
    assert "Asked" not in several
    await shown(stage, CLEO, "Approve")
    await stage.card(DANA, "You can send email as")


async def test_ask_for_a_third_person(stage: World) -> None:
    """Both grantor and grantee see who asked, and the asker follows it too."""
    await stage.connect(ADA)
    await stage.sendas(DANA, "@ada for @ben 2h Parental leave")
    card = await shown(stage, ADA, "Approve")
    words = stage.slack.read(card, ADA)
    assert DANA.name in words
    assert BEN.name in words
    assert DANA.name in stage.slack.read(await shown(stage, BEN, "Cancel"), BEN)
    await shown(stage, DANA, "Cancel")
    await press(stage, ADA, "Approve")
    await stage.card(BEN, "You can send email as")
    await stage.card(DANA, "can send email as")
    assert stage.close.find(ADA, BEN)
    await press(stage, DANA, "End it")
    await stage.card(ADA, "can no longer send email as you")
    await stage.card(DANA, "can no longer send email as")
