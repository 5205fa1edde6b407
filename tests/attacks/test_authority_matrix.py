"""Who may do what: every button and verb, by every kind of person, with every kind of id.

What was allowed is compared with tables that are written out by hand. A click is allowed when
something about the right has changed, or a form has opened; everything else is refused in words.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from unittest.mock import ANY

import pytest
import pytest_asyncio

from bot.cards.admin_forms import END_EVERYTHING, END_ONE, WHY
from bot.cards.alarms import END_THEM, IS_GONE, KEEP_THEM
from bot.cards.bundles import REVOKE_BUNDLE
from bot.cards.deputies import END as END_DEPUTY
from bot.cards.everybody import EARLIER, END_ALL, END_RIGHT, FURTHER
from bot.cards.faces import Action
from bot.cards.homes import END_STANDING, EVERYBODYS_RIGHTS
from bot.cards.notices import CONFIRM_PAIRING, REJECT_PAIRING
from bot.cards.strays import GIVE_END, KEEP, REMOVE, SINGLE_OUT
from bot.store.rows import many
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.deputy import Deputy
from models.mark import marked
from models.standing import StandingApproval
from models.stray import Stray, strays
from sandbox.people import DANA, SandboxPerson
from sandbox.slack import payloads
from tests.attacks.arena import KINDS, Arena, Cast
from tests.patience import MOMENT, PATIENCE

BUTTONS: tuple[Action, ...] = tuple(each for each in Action if each is not Action.CONNECT)
NOBODY: set[str] = set()
SIDES = {"grantor", "grantee", "requester"}
ASKERS = {"grantee", "requester"}

# Of a request that Cleo made for Ben, and Ada has not answered.
OF_A_REQUEST: dict[Action, set[str]] = {
    Action.APPROVE: {"grantor"},
    Action.DENY: {"grantor"},
    Action.SNOOZE: {"grantor"},
    Action.REVOKE: {"grantor"},  # which denies it
    Action.CANCEL: ASKERS,
    Action.CHANGE: {"requester"},
    Action.RELEASE: NOBODY,
    Action.EXTEND: NOBODY,
    Action.APPROVE_EXTENSION: NOBODY,
    Action.DECLINE_EXTENSION: NOBODY,
    Action.REMIND: NOBODY,
    Action.RECEIPT: NOBODY,
    Action.ASK_AGAIN: NOBODY,
    Action.MORE: NOBODY,  # it carries the name of a choice besides
}
# Of the same, approved and made in Close.
OF_A_RIGHT: dict[Action, set[str]] = dict.fromkeys(BUTTONS, NOBODY) | {
    Action.REVOKE: {"grantor"},
    Action.RELEASE: ASKERS,
    Action.EXTEND: SIDES,
}
# Of the same, for which Ben wishes more time.
OF_A_WISH: dict[Action, set[str]] = {
    Action.APPROVE_EXTENSION: {"grantor"},
    Action.DECLINE_EXTENSION: {"grantor"},
}
# Of the same, over.
OF_THE_PAST: dict[Action, set[str]] = dict.fromkeys(BUTTONS, NOBODY) | {
    Action.ASK_AGAIN: {"requester"}
}
CHOICES = ("approve_for", "deny_with_note", "always_approve")


Begun = Callable[[Arena], Awaitable[Cast]]


def facts(delegation: Delegation) -> Delegation:
    """What somebody decides about; not who works on it, and when."""
    return replace(delegation, wake_at=None, leased_until=None, attempts=0)


async def is_done(arena: Arena, cast: Cast, who: SandboxPerson, action: str) -> bool:
    """Whether a click changed anything about the latest right, or opened a form."""
    before = await arena.of(cast)
    reply = await arena.click(who, action, marked(before))
    assert reply.status == 200, (action, reply)
    if action in OPENING:
        await arena.answers()  # a form is opened behind the answer to the click
    opened = arena.slack.workspace.modals.pop(who.id, None) is not None
    return opened or facts(await arena.of(cast)) != facts(before)


async def check_opened(arena: Arena, who: SandboxPerson, *, is_wanted: bool = True) -> None:
    """The form that a click opens comes behind the answer to it, and is closed again; or none."""
    modals = arena.slack.workspace.modals
    if is_wanted:
        await arena.slack.wait_for(lambda: modals.pop(who.id, None), what=f"{who.handle}'s form")
    else:
        await arena.answers()
        assert who.id not in modals


async def compare(arena: Arena, table: dict[Action, set[str]], begun: Begun) -> None:
    """Every button of a table by every kind of person: first all that do nothing, with one right;
    then those that do something, with a new right for each."""
    every = list(itertools.product(KINDS, table))
    cast = await begun(arena)
    for kind, action in every:
        if kind not in table[action]:
            assert not await is_done(arena, cast, cast.who(kind), action), (kind, action)
    for kind, action in every:
        if kind not in table[action]:
            continue
        if action in OPENING:
            await arena.click(cast.who(kind), action, marked(await arena.of(cast)))
            await check_opened(arena, cast.who(kind))
        else:
            assert await is_done(arena, cast, cast.who(kind), action), (kind, action)
            cast = await begun(arena)


OPENING = (Action.EXTEND, Action.CHANGE, Action.ASK_AGAIN)  # they open a form, and change nothing


async def a_request(arena: Arena) -> Cast:
    """People with a request."""
    cast = arena.cast()
    await arena.asked(cast)
    return cast


async def a_right(arena: Arena) -> Cast:
    """People with a right."""
    cast = arena.cast()
    await arena.active(cast)
    return cast


async def a_wish(arena: Arena) -> Cast:
    """People with a right, of whom one wishes for more time."""
    cast = await a_right(arena)
    answer = await arena.said(cast.ben, f"extend <@{cast.ada.id}> 1h")
    assert "Asked" in answer, answer
    await arena.at_rest(cast)
    return cast


async def the_past(arena: Arena) -> Cast:
    """People whose right is over."""
    cast = arena.cast()
    await arena.ended(cast)
    await arena.at_rest(cast)
    return cast


async def test_buttons_of_a_request(arena: Arena) -> None:
    """Only Ada answers, only whoever asked takes back or changes; nobody else does anything."""
    await compare(arena, OF_A_REQUEST, a_request)


async def test_buttons_of_a_right(arena: Arena) -> None:
    """Only Ada takes back, only whoever asked gives back, and only the three have it extended."""
    await compare(arena, OF_A_RIGHT, a_right)


async def test_buttons_of_a_wish(arena: Arena) -> None:
    """Only Ada gives more time; whoever wishes for it does not answer themselves."""
    await compare(arena, OF_A_WISH, a_wish)


async def test_buttons_of_the_past(arena: Arena) -> None:
    """What is over stays over, whoever presses what; only whoever asked can ask again."""
    await compare(arena, OF_THE_PAST, the_past)


async def test_choices_in_the_menu(arena: Arena) -> None:
    """The forms behind the menu of a request open for Ada alone."""
    cast = await a_request(arena)
    for kind, choice in itertools.product(KINDS, CHOICES):
        value = f"{choice}:{marked(await arena.of(cast))}"
        option = {"text": {"type": "plain_text", "text": "x"}, "value": value}
        action = {"type": "overflow", "action_id": Action.MORE, "block_id": "b"}
        who = cast.who(kind)
        payload = arena.pressed(who, Action.MORE, value)
        payload["actions"] = [action | {"selected_option": option}]
        assert (await arena.send(payload)).status == 200
        await check_opened(arena, who, is_wanted=kind == "grantor")


# What somebody may do whom Ada has named to answer in her place.
OF_A_DEPUTY: dict[str, set[Action]] = {
    "request": {Action.APPROVE, Action.DENY},
    "right": set(),
    "wish": {Action.APPROVE_EXTENSION, Action.DECLINE_EXTENSION},
    "past": set(),
}
BEGUN: dict[str, Begun] = {
    "request": a_request,
    "right": a_right,
    "wish": a_wish,
    "past": the_past,
}


async def deputized(arena: Arena, cast: Cast, who: SandboxPerson) -> Deputy:
    """Ada has named somebody, and what waits for her is shared with them."""
    said = await arena.said(cast.ada, f"deputy <@{who.id}> for 9 days")
    assert "can answer requests for you" in said, said
    deputy = await in_force(arena, cast)
    assert deputy is not None
    async with asyncio.timeout(PATIENCE):
        while (row := await arena.of(cast)).waits_for_grantor and row.shared_with != who.id:
            if who.id in (row.grantee_id, row.requester_id):
                break  # that is never shared with them
            await asyncio.sleep(MOMENT)
    await arena.at_rest(cast)
    return deputy


async def in_force(arena: Arena, cast: Cast) -> Deputy | None:
    """Who answers for Ada."""
    whose = (cast.ada.team_id, cast.ada.id)
    return await arena.world.database.read(lambda store: store.deputies.of_grantor(*whose))


async def is_answered(
    arena: Arena, cast: Cast, who: SandboxPerson, action: str, deputy: Deputy
) -> bool:
    """Whether a click with what a deputy read changed anything, or opened a form."""
    before = await arena.of(cast)
    reply = await arena.click(who, action, marked(before, deputy))
    assert reply.status == 200, (action, reply)
    if action in OPENING:
        await arena.answers()
    opened = arena.slack.workspace.modals.pop(who.id, None) is not None
    return opened or facts(await arena.of(cast)) != facts(before)


@pytest.mark.parametrize("stage", OF_A_DEPUTY)
async def test_buttons_of_a_deputy(arena: Arena, stage: str) -> None:
    """A deputy answers requests and wishes, and nothing else; nobody else gets anything by what a
    deputy read, and with the end of their time they have no say any more."""
    cast = await BEGUN[stage](arena)
    deputy = await deputized(arena, cast, cast.eve)
    for action in BUTTONS:
        if action not in OF_A_DEPUTY[stage]:
            assert not await is_answered(arena, cast, cast.eve, action, deputy), action
    for kind, action in itertools.product(("grantee", "requester", "admin"), OF_A_DEPUTY[stage]):
        assert not await is_answered(arena, cast, cast.who(kind), action, deputy), (kind, action)
    await arena.said(cast.ada, "deputy end")
    for action in OF_A_DEPUTY[stage]:
        assert not await is_answered(arena, cast, cast.eve, action, deputy), action
    for action in sorted(OF_A_DEPUTY[stage]):
        deputy = await deputized(arena, cast, cast.eve)
        assert await is_answered(arena, cast, cast.eve, action, deputy), action
        cast = await BEGUN[stage](arena)


@pytest.mark.parametrize("stage", ["request", "wish"])
async def test_a_deputy_never_answers_their_own(arena: Arena, stage: str) -> None:
    """Who would get it, or asked for it, answers nothing of it as the grantor's deputy."""
    cast = await BEGUN[stage](arena)
    for who in (cast.ben, cast.cleo):
        deputy = await deputized(arena, cast, who)
        for action in OF_A_DEPUTY[stage]:
            assert not await is_answered(arena, cast, who, action, deputy), (who.handle, action)


async def test_choices_of_a_deputy(arena: Arena) -> None:
    """A deputy opens the forms for another length and for a reason, and no standing approval; and
    no verb of theirs gives, ends or names anything in the grantor's place."""
    cast = await a_request(arena)
    deputy = await deputized(arena, cast, cast.eve)
    for choice in CHOICES:
        value = f"{choice}:{marked(await arena.of(cast), deputy)}"
        await arena.click(cast.eve, Action.MORE, value)
        await check_opened(arena, cast.eve, is_wanted=choice != "always_approve")
    before = facts(await arena.of(cast))
    ada, ben = f"<@{cast.ada.id}>", f"<@{cast.ben.id}>"
    for verb in (f"revoke {ben}", f"stop {ben}", f"extend {ben} 1h", f"end {ben} as {ada} x"):
        await arena.said(cast.eve, verb)
    assert facts(await arena.of(cast)) == before
    for who in (cast.ben, cast.cleo):
        await arena.click(who, END_DEPUTY, deputy.id)
    await arena.said(cast.eve, f"deputy {ben} for 2 days")  # names somebody for Eve alone
    assert await in_force(arena, cast) == replace(
        deputy, changes=ANY, wake_at=ANY, leased_until=ANY, attempts=ANY
    )


# What is typed about another person, and who gets anything done by it while Ben may send as Ada.
VERBS: dict[str, set[str]] = {
    "revoke {ben}": {"grantor"},
    "revoke {ada}": NOBODY,
    "revoke all": {"grantor"},
    "stop {ben}": {"grantor", "requester"},
    "stop {ada}": ASKERS,
    "release {ada}": {"grantee"},
    "release {ben}": NOBODY,
    "cancel {ada}": ASKERS,
    "extend {ada} 1h": ASKERS,
    "extend {ben} 1h": {"grantor", "requester"},
    "disconnect": NOBODY,  # Ada is asked first
}


async def is_done_by_typing(arena: Arena, cast: Cast, who: SandboxPerson, verb: str) -> bool:
    """Whether what somebody typed changed anything about the right."""
    before = facts(await arena.of(cast))
    await arena.said(who, verb.format(ada=f"<@{cast.ada.id}>", ben=f"<@{cast.ben.id}>"))
    return facts(await arena.of(cast)) != before


async def test_verbs_about_a_right(arena: Arena) -> None:
    """What is typed reaches only what one takes part in oneself, in the part that one has."""
    cast = await a_right(arena)
    every = list(itertools.product(KINDS, VERBS))
    for kind, verb in every:
        if kind not in VERBS[verb]:
            done = await is_done_by_typing(arena, cast, cast.who(kind), verb)
            assert not done, (kind, verb)
    for kind, verb in every:
        if kind in VERBS[verb]:
            assert await is_done_by_typing(arena, cast, cast.who(kind), verb), (kind, verb)
            cast = await a_right(arena)


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "namesake"])
async def test_whoever_asks(arena: Arena, cast: Cast, kind: str) -> None:
    """Full members of this workspace ask and are asked; guests, strangers, apps and leavers are
    told why not, on either side."""
    who = cast.who(kind)
    is_member = kind not in ("guest", "stranger", "deactivated", "bot")
    if kind != "grantor":
        await arena.said(who, f"<@{cast.ada.id}> 2h")
        asked = [each for each in await arena.all_of(cast) if each.requester_id == who.id]
        assert bool(asked) is is_member
    await arena.said(cast.cleo, f"<@{who.id}> for <@{cast.ben.id}> 2h")
    rows = await arena.world.delegations()
    made = [each for each in rows if (each.grantor_id, each.requester_id) == (who.id, cast.cleo.id)]
    assert bool(made) is (is_member and kind != "grantee")


@pytest.mark.parametrize("kind", ["guest", "stranger", "deactivated", "bot"])
async def test_whoever_is_given(arena: Arena, cast: Cast, kind: str) -> None:
    """Nobody gives a right to a guest, a stranger, an app or a leaver, nor gets one of them."""
    who = cast.who(kind)
    await arena.said(cast.ada, f"grant <@{who.id}> 2h")
    await arena.said(who, f"grant <@{cast.ben.id}> 2h")
    rows = await arena.world.delegations()
    assert not [each for each in rows if who.id in (each.grantor_id, each.grantee_id)]


# Ids


DECISIVE = (Action.APPROVE, Action.DENY, Action.REVOKE, Action.CANCEL, Action.RELEASE)
GARBAGE = (
    *("", ":", "::", "x", "null", "None", "0", "-1", "*", "%", "' OR 1=1 --", "../../x"),
    *("\u202e\u0416", "x" * 300, "a:b:c:d", '{"id": 1}', "<@U1>", "$(id)", "{{7*7}}"),
)


@pytest_asyncio.fixture(loop_scope="package")
async def other(arena: Arena) -> Delegation:
    """A request between other people, to whom nobody here belongs."""
    return await arena.asked(arena.cast())


@pytest.mark.parametrize("action", DECISIVE)
async def test_the_id_of_another(arena: Arena, other: Delegation, action: str) -> None:
    """An id that belongs to other people does nothing for these, whatever they are."""
    cast = await a_request(arena)
    for kind in KINDS:
        answer = await arena.told(cast.who(kind), action, marked(other))
        assert "Only the people this is about" in answer, kind
    rows = {each.id: each for each in await arena.world.delegations()}
    assert rows[other.id].state is State.REQUESTED


@pytest.mark.parametrize("action", [Action.APPROVE, Action.DENY, Action.SNOOZE])
async def test_own_id_with_the_mark_of_another(
    arena: Arena, cast: Cast, other: Delegation, action: str
) -> None:
    """A mark that was read elsewhere decides nothing here: the click is shown what is asked now."""
    asked = await arena.asked(cast)
    mark = marked(other).partition(":")[2]
    for value in (f"{asked.id}:{mark}", f"{asked.id}:", asked.id, f"{asked.id}:{'0' * 16}"):
        assert "Here is what is asked now" in await arena.told(cast.ada, action, value)
    assert facts(await arena.of(cast)) == facts(asked)


@pytest.mark.parametrize("action", [Action.APPROVE, Action.DENY])
async def test_another_id_with_the_own_mark(
    arena: Arena, cast: Cast, other: Delegation, action: str
) -> None:
    """A mark opens nothing: whoever has one of their own does not reach another's request."""
    asked = await arena.asked(cast)
    value = f"{other.id}:{marked(asked).partition(':')[2]}"
    assert "Only the people this is about" in await arena.told(cast.ada, action, value)


@pytest.mark.parametrize("action", DECISIVE)
async def test_garbage_for_an_id(arena: Arena, action: str) -> None:
    """What is no id at all is answered in words, and changes nothing."""
    cast = await a_request(arena)
    before = await arena.kept(cast)
    for garbage in GARBAGE:
        reply = await arena.click(cast.ada, action, garbage)
        assert reply.status in (200, 400), garbage
    assert "Nothing changed" in await arena.told(cast.ada, action, "no-such-id:0123456789abcdef")
    assert await arena.kept(cast) == before


@pytest.mark.parametrize("action", DECISIVE)
async def test_the_id_of_what_is_over(arena: Arena, action: str) -> None:
    """A right that has ended is not brought back, and a new one of the two is not touched."""
    cast = await the_past(arena)
    over = await arena.of(cast)
    await arena.asked(cast, "2h Once more")
    fresh = await arena.of(cast)
    for kind in ("grantor", "grantee", "requester"):
        assert "Nothing changed" in await arena.told(cast.who(kind), action, marked(over))
    after = await arena.of(cast)
    assert (after.id, after.state) == (fresh.id, State.REQUESTED)


async def test_roles_swapped_between_two_rights(arena: Arena) -> None:
    """Who lends in one right and borrows in another has in each the part of that one only."""
    cast = await a_request(arena)
    asked = await arena.of(cast)
    await arena.said(cast.ada, f"<@{cast.ben.id}> 2h The other way round")
    rows = await arena.world.delegations()
    [back] = [each for each in rows if each.grantor_id == cast.ben.id]
    for who, row in ((cast.ben, asked), (cast.ada, back)):
        assert "Only the people" in await arena.told(who, "approve", marked(row))
    for row in await arena.world.delegations():
        assert row.id not in (asked.id, back.id) or row.state is State.REQUESTED


async def test_a_deactivated_grantor(arena: Arena) -> None:
    """A click of somebody who has left since is not an approval, with whatever id."""
    cast = await a_request(arena)
    value = marked(await arena.of(cast))
    await arena.slack.change_person(cast.ada, deleted=True)
    reply = await arena.click(cast.ada, "approve", value)
    assert reply.status == 200
    assert not (await arena.of(cast)).is_open
    assert not arena.close.find(cast.ada, cast.ben)


async def test_a_grantee_who_became_a_guest(arena: Arena) -> None:
    """A request of somebody who is only a guest by now cannot be approved any more."""
    cast = await a_request(arena)
    value = marked(await arena.of(cast))
    await arena.slack.change_person(cast.ben, is_restricted=True)
    await arena.click(cast.ada, "approve", value)
    assert not (await arena.of(cast)).is_open


# What is not about one delegation


async def test_nobody_else_ends_a_bundle(arena: Arena, cast: Cast) -> None:
    """What Ada granted together Ada alone ends together: its id in other hands ends nothing."""
    await arena.world.sendas(cast.ada, f"grant @{cast.ben.handle} @{cast.eve.handle} 2h")
    await arena.slack.click(cast.ada, arena.slack.messages(cast.ada)[-1], "Grant to 2")
    bundle = (await arena.of(cast)).bundle_id
    assert bundle
    for kind in KINDS:
        if kind != "grantor":
            assert (await arena.click(cast.who(kind), REVOKE_BUNDLE, bundle)).status == 200
    assert all(each.is_open for each in await arena.all_of(cast))
    await arena.click(cast.ada, REVOKE_BUNDLE, bundle)
    assert not [each for each in await arena.all_of(cast) if each.state is State.APPROVED]


@pytest.mark.parametrize("button", [CONFIRM_PAIRING, REJECT_PAIRING])
async def test_only_an_admin_says_whose_account_it_is(
    arena: Arena, cast: Cast, button: str
) -> None:
    """Neither the one who wants to be connected nor the account's owner, nor anybody else."""
    link = await arena.world.connect_link(cast.ben)
    assert "admin" in (await arena.world.follow(link, cast.eve)).text
    pairings = await arena.world.database.run(
        lambda store: store.pairings.waiting_for(cast.ben.team_id, cast.ben.id)
    )
    value = marked(pairings[0])
    for kind in KINDS:
        if kind != "admin":
            answer = await arena.told(cast.who(kind), button, value)
            assert "Only the people this is about" in answer, kind
    before = await arena.kept(cast)
    await arena.click(DANA, button, value)
    assert await arena.kept(cast) != before


async def test_only_its_giver_ends_a_standing_approval(arena: Arena, cast: Cast) -> None:
    """Whom it is for, and everybody else, cannot end what Ada always approves."""
    value = await always_approved(arena, cast)
    for kind in KINDS:
        if kind != "grantor":
            answer = await arena.told(cast.who(kind), END_STANDING, value)
            assert "Only the people this is about" in answer, kind
    before = await arena.kept(cast)
    await arena.click(cast.ada, END_STANDING, value)
    assert await arena.kept(cast) != before


async def always_approved(arena: Arena, cast: Cast) -> str:
    """The id of a standing approval that Ada gave for Ben."""
    now = arena.world.clock()
    row = StandingApproval(
        id=new_id(),
        team_id=cast.ada.team_id,
        grantor_id=cast.ada.id,
        grantee_id=cast.ben.id,
        max_length=timedelta(hours=2),
        until=now + timedelta(days=1),
        created_at=now,
    )
    await arena.world.database.run(lambda store: store.standing.put(row))
    return row.id


@pytest.mark.parametrize("button", [KEEP, REMOVE, GIVE_END, SINGLE_OUT])
async def test_only_its_grantor_settles_a_stray(arena: Arena, cast: Cast, button: str) -> None:
    """A right that was made by hand in Close is kept, ended or removed by Ada alone."""
    arena.close.allow(cast.ada, cast.ben)
    await arena.world.connect(cast.ada)
    await arena.world.card(cast.ada, "Keep")
    found = await arena.world.database.run_connection(
        lambda connection: many(connection, Stray, strays.select())
    )
    [stray] = [each for each in found if each.grantor_id == cast.ada.id]
    for kind in KINDS:
        if kind != "grantor":
            answer = await arena.told(cast.who(kind), button, marked(stray))
            assert "Only the people this is about" in answer, kind
    assert arena.close.find(cast.ada, cast.ben)


async def test_nobody_else_answers_a_question(arena: Arena, cast: Cast) -> None:
    """What the bot asked Cleo back is answered by Cleo alone."""
    await arena.world.sendas(cast.cleo, f"@{cast.ada.handle} until 5")
    question = arena.slack.messages(cast.cleo)[-1]
    values = [each["value"] for each in question.blocks[-1]["elements"]]
    for kind in KINDS:
        if kind != "requester":
            for button in ("first_reading", "second_reading", "grant_all", "never_mind"):
                assert (await arena.click(cast.who(kind), button, values[0])).status == 200
    assert not await arena.all_of(cast)
    await arena.slack.click(cast.cleo, question, question.buttons()[1])
    assert len(await arena.all_of(cast)) == 1


@pytest.mark.parametrize("button", [END_THEM, KEEP_THEM, IS_GONE])
async def test_nobody_else_speaks_as_an_admin(arena: Arena, cast: Cast, button: str) -> None:
    """What admins are asked is answered by those whom the settings name, and by nobody else."""
    for kind in KINDS:
        if kind != "admin":
            answer = await arena.told(cast.who(kind), button, f"{cast.ada.id}:0123456789abcdef")
            assert "Only admins can do that" in answer, kind


async def test_nobody_else_looks_or_ends_as_an_admin(arena: Arena) -> None:
    """Everybody's rights, the forms that end them and the verbs are for admins alone: neither the
    people of a right nor strangers open or end anything with them."""
    cast = await a_right(arena)
    right = await arena.of(cast)
    buttons = {END_RIGHT: right.id, END_ALL: cast.ada.id}
    buttons |= dict.fromkeys((EVERYBODYS_RIGHTS, EARLIER, FURTHER), "home")
    pair = f"<@{cast.ben.id}> as <@{cast.ada.id}>"
    verbs = (f"end {pair} why", f"end all <@{cast.ada.id}> why", f"who <@{cast.eve.id}>")
    for kind in KINDS:
        who = cast.who(kind)
        if kind == "admin":
            continue
        for button, value in buttons.items():
            assert "Only admins can do that" in await arena.told(who, button, value), kind
        assert arena.slack.workspace.modals.pop(who.id, None) is None, kind
        for form, subject in ((END_ONE, right.id), (END_EVERYTHING, cast.ada.id)):
            assert "Only admins can do that" in await in_a_form(arena, who, form, subject), kind
        for verb in verbs:
            answer = await arena.said(who, verb)
            is_own = kind == "member" and verb.startswith("who")
            refused = ("Only admins can do that", "I work for another Slack workspace")
            assert is_own or any(each in answer for each in refused), (kind, verb, answer)
    assert facts(await arena.of(cast)) == facts(right)


async def in_a_form(arena: Arena, who: SandboxPerson, form: str, subject: str) -> str:
    """What stands beside the field of a form that nobody has opened for them."""
    field = {"type": "input", "block_id": WHY}
    view = {"id": "V1", "type": "modal", "callback_id": form, "private_metadata": subject}
    values = {WHY: {WHY: {"type": "plain_text_input", "value": "Because"}}}
    filled_in = view | {"blocks": [field], "state": {"values": values}}
    reply = await arena.send(payloads.interaction("view_submission", who) | {"view": filled_in})
    assert reply.status == 200, reply
    return str((reply.body or {}).get("errors", {}).get(WHY))


async def test_what_an_admin_may_do(arena: Arena) -> None:
    """An admin ends anybody's right with a word why, and has no other say in it: the tables above
    give them nothing, and no verb gives, extends or shows what was sent."""
    tables = (OF_A_REQUEST, OF_A_RIGHT, OF_A_WISH, OF_THE_PAST)
    assert not any("admin" in kinds for table in tables for kinds in table.values())
    assert not any("admin" in kinds for kinds in VERBS.values())
    cast = await a_right(arena)
    ada, ben = f"<@{cast.ada.id}>", f"<@{cast.ben.id}>"
    before = await arena.of(cast)
    for verb in (f"extend {ben} 1h", f"extend {ada} 1h", f"stop {ben}", f"end {ben}"):
        await arena.said(DANA, verb)
    assert facts(await arena.of(cast)) == facts(before)
    assert "Both are told why" in await arena.said(DANA, f"end {ben} as {ada} stolen laptop")
    ended = await arena.of(cast)
    assert (ended.end_event, ended.closed_by, ended.note) == (Event.END, DANA.id, "stolen laptop")
