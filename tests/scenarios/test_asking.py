"""Asking: by command and by form, and everything that is refused with nothing stored."""

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, ELI, FINN, GUS, STRANGER, SandboxPerson
from sandbox.slack.workspace import View
from tests.scenarios.moves import (
    active,
    asked,
    cards_at_rest,
    press,
    raw_command,
    read_all,
    settled_in,
    shown,
    weekday,
)
from tests.scenarios.world import World, open_world

REFUSED = [
    (BEN, "@ben 2h", "always send as yourself"),
    (BEN, "@sendas 2h", "is an app"),
    (BEN, "@finn 2h", "deactivated"),
    (BEN, "@gus 2h", "guest"),
    (BEN, "@vera 2h", "another workspace"),
    (BEN, "@sales-team 2h", "That is a group"),
    (BEN, "@here 2h", "everybody"),
    (BEN, "@channel 2h", "everybody"),
    (BEN, "@everyone 2h", "everybody"),
    (BEN, "@nobody 2h", "did not turn it into a person"),
    (BEN, "ada 2h", "don't know the command “ada”"),
    (BEN, "#sales 2h", "expected a person"),
    (BEN, "revoke", "Who is this about"),
    (BEN, "revoke ada", "expected a person, but read “ada”"),
    (BEN, "revoke @ada now", "but not “now”"),
    (BEN, "release @ada", "nothing open between"),
    (BEN, "revoke @ada", "nothing open between"),
    (GUS, "@ada 2h", "guest"),
    (STRANGER, "@ada 2h", "another workspace"),
    (BEN, "@ada 2x", "do not understand “2x”"),
    (BEN, "@ada 2hh", "do not understand"),
    (BEN, "@ada 30", "do not understand"),
    (BEN, "@ada until blursday", "do not understand"),
    (BEN, "@ada -2h", "not longer than nothing"),
    (BEN, "@ada 0m", "not longer than nothing"),
    (BEN, "@ada 30s", "shorter than the minimum of 5 minutes"),
    (BEN, "@ada 4m59s", "shorter than the minimum"),
    (BEN, "@ada 31d", "longer than the maximum of 30 days"),
    (BEN, "@ada 99999999999d", "calendar"),
    (BEN, "@ada until yesterday", "already passed"),
    (BEN, "@ada until 5", "two things"),
    (BEN, "@ada from tomorrow", "for how long"),
    (BEN, "@ada 2h " + "x" * 501, "reason is too long"),
]


async def test_refusals_store_nothing(stage: World, subtests: pytest.Subtests) -> None:
    """Every request that breaks a rule gets its own answer, and leaves no row and no message."""
    for person, text, phrase in REFUSED:
        with subtests.test(text=text[:30]):
            assert phrase in await stage.sendas(person, text)
    assert await stage.delegations() == []
    assert stage.slack.messages(ADA) == []


async def test_an_unknown_person_is_refused(stage: World) -> None:
    """A well-formed mention of somebody whom Slack does not know stores nothing."""
    reply = await raw_command(stage, BEN, "<@U0NOBODY99|nobody> 2h")
    assert "does not know that person" in reply.text
    assert await stage.delegations() == []


async def test_wrong_input_shows_one_good_example(stage: World) -> None:
    """What was not understood is repeated, with an example that would work."""
    answer = await stage.sendas(BEN, "gimme @ada")
    assert "“gimme”" in answer
    assert "/sendas @colleague 2h" in answer
    assert "/sendas help" in answer


async def test_a_house_rule_against_forever_and_for_reasons(sqlite_url: str) -> None:
    """``ALLOW_PERMANENT=false`` and ``REQUIRE_REASON=true`` are kept to."""
    async with open_world(sqlite_url, allow_permanent=False, require_reason=True) as world:
        assert "A reason is required" in await world.sendas(BEN, "@ada 2h")
        assert "without an end are not allowed" in await world.sendas(BEN, "@ada forever Because")
        assert await world.delegations() == []
        assert "Asked" in await world.sendas(BEN, "@ada 2h Because")


async def test_limits_are_inclusive(stage: World) -> None:
    """Exactly the shortest and exactly the longest time are allowed."""
    assert "Asked" in await stage.sendas(BEN, "@ada 5m")
    assert "Asked" in await stage.sendas(CLEO, "@ada 30d " + "x" * 500)


async def test_without_a_time_it_is_the_default(stage: World) -> None:
    """Text without a time is the reason, and the default duration is said."""
    assert "for 1 day" in await stage.sendas(BEN, "@ada Covering the pipeline")
    assert (await stage.only()).reason == "Covering the pipeline"


async def form(world: World, person: SandboxPerson) -> View:
    """``/sendas`` alone, and the form that opens."""
    assert await world.sendas(person) == ""
    return await world.slack.wait_for(lambda: world.slack.view(person), what="the form")


async def test_the_form_asks_the_same(stage: World) -> None:
    """The form stores what the command would, closes, and both get their cards."""
    await form(stage, BEN)
    reply = await stage.slack.submit(
        BEN, {"person": ADA, "duration": "2h30m", "reason": "Spring pipeline"}
    )
    assert reply.ok, reply
    assert stage.slack.view(BEN) is None
    card = await shown(stage, ADA, "Approve")
    words = stage.slack.read(card, ADA)
    assert "Spring pipeline" in words
    assert "2 hours 30 minutes" in words
    await shown(stage, BEN, "Cancel")


async def test_the_form_says_what_is_wrong_beside_the_field(
    stage: World, subtests: pytest.Subtests
) -> None:
    """Each mistake in the form is named at its field, without markup, and the form stays open."""
    wrong = [
        (BEN, "2h", "person", "yourself"),
        (FINN, "2h", "person", "deactivated"),
        (GUS, "2h", "person", "guest"),
        (STRANGER, "2h", "person", "another workspace"),
        (ADA, "2x", "duration", "do not understand"),
        (ADA, "30s", "duration", "minimum"),
        (ADA, "31d", "duration", "maximum"),
        (ADA, "until 5", "duration", "two things"),
        (ADA, f"from {weekday(stage)}", "duration", "how long"),
    ]
    await form(stage, BEN)
    for person, duration, field, phrase in wrong:
        with subtests.test(person=person.handle, duration=duration):
            reply = await stage.slack.submit(BEN, {"person": person, "duration": duration})
            assert reply.problem is None
            assert list(reply.errors) == [field]
            assert phrase in reply.errors[field]
            assert not set("`*<>&") & set(reply.errors[field])
    assert await stage.delegations() == []
    assert (await stage.slack.submit(BEN, {"person": ADA, "duration": "2h"})).ok


async def test_the_time_cannot_be_left_empty_in_the_form(stage: World) -> None:
    """The form opens with a choice, so that Slack itself asks for one before anything is sent."""
    await form(stage, BEN)
    reply = await stage.slack.submit(BEN, {"person": ADA, "choice": None})
    assert list(reply.errors) == ["choice"]
    assert reply.status == 0
    assert await stage.delegations() == []


async def test_asking_twice_points_to_the_open_one(world: World) -> None:
    """A second request for the same pair stores nothing and says how the first one stands."""
    await asked(world)
    assert "already waits for an answer" in await world.sendas(BEN, "@ada 3h")
    await press(world, ADA, "Approve")
    assert "already approved" in await world.sendas(BEN, "@ada 3h")
    await world.connect(ADA)
    await settled_in(world, State.ACTIVE)
    assert "can already send as" in await world.sendas(BEN, "@ada 3h")
    await form(world, BEN)
    reply = await world.slack.submit(BEN, {"person": ADA, "duration": "2h"})
    assert "can already send as" in reply.errors["person"]
    assert len(await world.delegations()) == 1


async def test_the_other_direction_is_another_pair(stage: World) -> None:
    """Ada may ask Ben while Ben's request to Ada is open, and others may ask too."""
    await asked(stage)
    assert "Asked" in await stage.sendas(ADA, "@ben 2h")
    assert "Asked" in await stage.sendas(CLEO, "@ada 2h")
    assert len(await stage.delegations()) == 3


async def test_list_shows_both_directions(stage: World) -> None:
    """``/sendas list`` has what is pending and active, for grantor and grantee, and no others."""
    assert "nothing is pending" in await stage.sendas(BEN, "list")
    await active(stage)
    await stage.sendas(ADA, "@ben 2h")
    given = await stage.sendas(ADA, "list")
    assert "Who can send as you" in given
    assert "Ben Okafor until" in given
    assert "for 2 hours" in given
    received = await stage.sendas(BEN, "list")
    assert "Ada Lindqvist until" in received
    assert "Waiting for you" in received
    assert "nothing is pending" in await stage.sendas(CLEO, "list")


async def test_help_names_every_command(stage: World) -> None:
    """``/sendas help`` has the commands and the default duration."""
    answer = await stage.sendas(BEN, "help")
    for word in ("list", "revoke", "release", "connect", "forever", "1 day"):
        assert word in answer


async def test_the_word_payload_is_no_trap(stage: World) -> None:
    """A command whose text contains "payload" is an ordinary command (slack.md §1)."""
    assert "Asked" in await stage.sendas(BEN, "@ada 2h Sending the payload={}")
    assert (await stage.only()).reason == "Sending the payload={}"


TYPED = {  # and what is shown of it
    "R&D <plan> for Q1": None,
    "<!everyone> *bold* _it_ ~no~ `code`": None,
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627": (
        "right to left \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
    ),
    "👩‍👩‍👧‍👦🏳️‍🌈 zero\u200bwidth\u200d 日本語": "👩‍👩‍👧‍👦🏳️‍🌈 zerowidth 日本語",
    "&amp;lt; is not <": None,
    "line one\nline two\n>quote": "line one line two >quote",
    "😀" * 250: None,
    "&" * 500: None,
}


async def test_reasons_of_any_alphabet_are_shown_as_typed(
    stage: World, subtests: pytest.Subtests
) -> None:
    """What was typed reaches the grantor as it was, by command and by form, as one line of text
    in which everything can be seen."""
    await form(stage, CLEO)
    for text, seen in TYPED.items():
        with subtests.test(text=text[:12]):
            assert "Asked" in await stage.sendas(BEN, f"@ada 2h {text}")
            assert (await stage.slack.submit(CLEO, {"person": ADA, "reason": text})).ok
            for row in await stage.delegations():
                assert row.reason == text or not row.is_open
            await cards_at_rest(stage)
            assert read_all(stage, ADA).count(f"“{seen or text}”") == 2
            for message in stage.slack.messages(ADA):
                assert "<!everyone>" not in message.text
                assert len(message.text) <= 4000
            for person in (BEN, CLEO):
                await stage.sendas(person, "release @ada")
            await cards_at_rest(stage)
            await form(stage, CLEO)


async def test_mentions_and_links_in_a_reason_become_plain_words(stage: World) -> None:
    """Slack's escapes for people, channels and links do not show up as markup in the reason."""
    await stage.sendas(BEN, "@ada 2h With @cleo in #sales see https://example.com/a?b=1&c=2")
    expected = "With @cleo in #sales see https://example.com/a?b=1&c=2"
    assert (await stage.only()).reason == expected


async def test_text_that_a_database_cannot_hold(world: World) -> None:
    """A NUL character or half an emoji in a reason is left out instead of breaking the request."""
    reply = await raw_command(world, BEN, f"<@{ADA.id}> 2h Zero\x00here")
    assert reply.ok
    assert (await world.only()).reason == "Zerohere"
    await form(world, CLEO)
    assert (await world.slack.submit(CLEO, {"person": ADA, "reason": "half \ud83d emoji"})).ok
    assert (await world.delegations())[-1].reason == "half  emoji"


async def test_somebody_without_a_close_account_can_be_asked(stage: World) -> None:
    """Whether a grantor has a Close account is found out when they connect, not before."""
    assert "Asked" in await stage.sendas(BEN, f"@{ELI.handle} 2h")
