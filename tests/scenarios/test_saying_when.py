"""Time as people say it, typed behind the command: what is confirmed, and what is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import at_rest
from tests.scenarios.world import World

WEDNESDAY = datetime(2026, 11, 25, 9, tzinfo=UTC)  # 10:00 for Ada, who is in Berlin


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


NINE_TO_SIX = "from Thursday 26 November, 09:00 until Friday 27 November, 18:00 your time"
TYPED = [
    Typed("90m", "for 1 hour 30 minutes", timedelta(minutes=90)),
    Typed("2h30m", "for 2 hours 30 minutes", timedelta(minutes=150)),
    Typed("3 days", "for 3 days", timedelta(days=3)),
    Typed("a week", "for 1 week", timedelta(weeks=1)),
    Typed("until friday 17:00", "until Friday 27 November, 17:00 your time", until=utc(27, 16)),
    Typed(
        "until 2026-12-01",
        "until the end of Tuesday 1 December, your time",
        until=utc(1, 23, month=12),
    ),
    Typed(
        "until end of day",
        "until the end of Wednesday 25 November, your time",
        until=utc(25, 23),
    ),
    Typed("tomorrow 9am to friday 6pm", NINE_TO_SIX, until=utc(27, 17), starts_at=utc(26, 8)),
    Typed(
        "tomorrow from 9am to 6pm",
        "on Thursday 26 November from 09:00 until 18:00 your time",
        until=utc(26, 17),
        starts_at=utc(26, 8),
    ),
    Typed("forever", "until revoked"),
]


async def test_each_way_to_say_when(stage: World, subtests: pytest.Subtests) -> None:
    """Each time is confirmed in words and stored as it was meant, and the reason stays whole."""
    stage.clock.ahead = WEDNESDAY - datetime.now(UTC)
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
    for text in ("2h tomorrow", "2h 30", "friday 5", "until friday 2h", "monday to friday 9-5"):
        with subtests.test(text=text):
            answer = await stage.sendas(BEN, f"@ada {text}")
            assert "as the time, but I am not sure what" in answer
    assert await stage.delegations() == []
    assert stage.slack.messages(ADA) == []


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
