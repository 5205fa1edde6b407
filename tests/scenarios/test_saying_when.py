"""Time as people say it, typed behind the command: what is confirmed, and what is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import at_rest
from tests.scenarios.world import BEGINS, World, open_world


@dataclass(frozen=True)
class Typed:
    """A time as it is typed, the words that confirm it, and what the row then holds."""

    text: str
    words: str
    length: timedelta | None = None
    until: datetime | None = None
    starts_at: datetime | None = None


def utc(day: int, hour: int, month: int = 11) -> datetime:
    """An hour of that year in UTC."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


NINE_TO_SIX = "from tomorrow, 09:00 until Friday 27 November, 18:00 your time"
TYPED = [
    Typed("90m", "for 1 hour 30 minutes", timedelta(minutes=90)),
    Typed("2h30m", "for 2 hours 30 minutes", timedelta(minutes=150)),
    Typed("3 days", "for 3 days", timedelta(days=3)),
    Typed("a week", "for 1 week", timedelta(weeks=1)),
    Typed("½ hour —", "for 30 minutes", timedelta(minutes=30)),
    Typed("max. 2 hours:", "for 2 hours", timedelta(hours=2)),
    Typed("until 5 p.m. EST", "until today, 23:00 your time (17:00 EST)", until=utc(25, 22)),
    Typed("until 17h30", "until today, 17:30 your time", until=BEGINS.replace(hour=16, minute=30)),
    Typed(
        "until 24.12.", "until the end of Thursday 24 December, your time", until=utc(24, 23, 12)
    ),
    Typed("rest of the week", "until the end of Sunday 29 November, your time", until=utc(29, 23)),
    Typed("until friday 17:00", "until Friday 27 November, 17:00 your time", until=utc(27, 16)),
    Typed(
        "until 2026-12-01",
        "until the end of Tuesday 1 December, your time",
        until=utc(1, 23, month=12),
    ),
    Typed(
        "until end of day",
        "until the end of today, your time",
        until=utc(25, 23),
    ),
    Typed("tomorrow 9am to friday 6pm", NINE_TO_SIX, until=utc(27, 17), starts_at=utc(26, 8)),
    Typed(
        "tomorrow from 9am to 6pm",
        "tomorrow from 09:00 until 18:00 your time",
        until=utc(26, 17),
        starts_at=utc(26, 8),
    ),
    Typed("forever", "until revoked"),
]


async def test_each_way_to_say_when(stage: World, subtests: pytest.Subtests) -> None:
    """Each time is confirmed in words and stored as it was meant, and the reason stays whole."""
    for typed in TYPED:
        with subtests.test(text=typed.text):
            answer = await stage.sendas(ADA, f"@ben {typed.text} Covering 5 leads")
            assert f"send email as them {typed.words}." in answer
            row = (await stage.delegations())[-1]
            assert (row.state, row.reason) == (State.REQUESTED, "Covering 5 leads")
            assert (row.length, row.until, row.starts_at) == (
                typed.length,
                typed.until,
                typed.starts_at,
            )
            await stage.sendas(ADA, "release @ben")
            await at_rest(stage)
    assert [row.state for row in await stage.delegations()] == [State.CANCELLED] * len(TYPED)


async def test_half_a_time_is_never_taken_for_the_reason(
    stage: World, subtests: pytest.Subtests
) -> None:
    """What looks like a second part of the time is asked about, and nothing is stored."""
    for text in ("2h tomorrow", "2h CET", "friday 5", "until friday 2h", "monday to friday 9-5"):
        with subtests.test(text=text):
            answer = await stage.sendas(BEN, f"@ada {text}")
            assert "as the time, but I am not sure what" in answer
    assert await stage.delegations() == []
    assert stage.slack.messages(ADA) == []


async def test_no_time_at_all_is_said(stage: World) -> None:
    """Whoever gave no time reads that it is the default, in each answer that says a time."""
    said = "for 1 day, as no time was given"
    assert f"send email as them {said}." in await stage.sendas(BEN, "@ada Covering the pipeline")
    assert f"send email as you {said}." in await stage.sendas(ADA, "grant @cleo")
    answer = await stage.sendas(ADA, "grant @ben @dana")
    assert f"Let this person send email as you {said}?" in answer  # Ben has asked already


async def test_another_language_is_answered(stage: World, subtests: pytest.Subtests) -> None:
    """A time in another language never becomes a day: a sentence says what is read."""
    for text in ("bis Freitag", "2 Tage Urlaub", "jusqu'à vendredi", "2h bis Freitag"):
        with subtests.test(text=text):
            answer = await stage.sendas(BEN, f"@ada {text}")
            assert "I read English times only" in answer
            assert "`until friday 17:00`" in answer
    assert await stage.delegations() == []


async def test_what_there_is_not_is_named(stage: World, subtests: pytest.Subtests) -> None:
    """A day or a clock time that there is not, or a time behind the reason, is named."""
    for text, sentence in (
        ("until feb 30 Covering", "but there is no 30 February."),
        ("until 25:00", "but there is no 25:00 on the clock."),
        ("Covering until friday", "Please put the time first, and the reason after it."),
    ):
        with subtests.test(text=text):
            assert sentence in await stage.sendas(BEN, f"@ada {text}")
    assert await stage.delegations() == []


async def test_the_longest_possible(stage: World) -> None:
    """A time beyond the policy is answered with the nearest that it allows, as a button."""
    answer = await stage.sendas(BEN, "@ada until 2030-01-01 Handover")
    assert "longer than the maximum of 30 days. Shall I ask for 30 days instead?" in answer
    await stage.slack.click(BEN, stage.last_answer(BEN), "first_reading")
    await stage.whispered(BEN, "Asked")
    delegation = await stage.only()
    assert (delegation.length, delegation.reason) == (timedelta(days=30), "Handover")


async def test_the_longest_possible_without_forever(sqlite_url: str) -> None:
    """Where nothing lasts for ever, "forever" is answered with the longest possible."""
    async with open_world(sqlite_url, allow_permanent=False) as world:
        answer = await world.sendas(ADA, "grant @ben forever")
        assert "the longest is 30 days. Shall I give the right for 30 days instead?" in answer
        await world.slack.click(ADA, world.last_answer(ADA), "first_reading")
        await world.whispered(ADA, "can send email as you for 30 days")
        assert (await world.only()).length == timedelta(days=30)


async def test_two_zones_of_one_name(stage: World) -> None:
    """A name of two zones is asked about, each with the asker's own clock and the one named."""
    answer = await stage.sendas(ADA, "@ben until 3pm CST Closing the month")
    assert "until today, 22:00 your time (15:00 in Chicago)" in answer
    assert "until tomorrow, 08:00 your time (15:00 in Shanghai)" in answer
    await stage.slack.click(ADA, stage.last_answer(ADA), "second_reading")
    await stage.whispered(ADA, "Asked")
    delegation = await stage.only()
    assert (delegation.until, delegation.reason) == (utc(26, 7), "Closing the month")


async def test_minutes_or_the_reason(stage: World) -> None:
    """A bare number behind the hours is asked about, and is minutes or the reason, never both."""
    for button, length, reason in (
        ("first_reading", timedelta(hours=2), "15"),
        ("second_reading", timedelta(hours=2, minutes=15), ""),
    ):
        await stage.sendas(BEN, "@ada 2h 15")
        await stage.slack.click(BEN, stage.last_answer(BEN), button)
        await stage.whispered(BEN, "Asked")
        row = (await stage.delegations())[-1]
        assert (row.length, row.reason) == (length, reason)
        await stage.sendas(BEN, "release @ada")
        await at_rest(stage)


async def test_a_time_with_two_meanings(stage: World) -> None:
    """The two readings come back as buttons; the one that is pressed is asked for."""
    await stage.sendas(BEN, "@ada until 5 Closing the month")
    question = stage.last_answer(BEN)
    assert "can mean two things" in stage.slack.read(question, BEN)
    assert await stage.delegations() == []
    await stage.slack.click(BEN, question, "second_reading")
    await stage.whispered(BEN, "Asked")
    delegation = await stage.only()
    assert delegation.until is not None
    assert delegation.reason == "Closing the month"
