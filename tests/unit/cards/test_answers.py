"""Answers: every refusal, misunderstanding and trouble has its own sentence, plain or not."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import answers, hints, words
from bot.cards.lists import overview
from bot.grammar import Muddle, NotUnderstood, Verb
from bot.refusals import AlreadyOpen, LapsesBefore, NoSuchDelegation, NotYours, Refused, Settled
from bot.slack.errors import SlackRetryLater
from bot.slack.message import Message
from bot.times.reading import read_span
from bot.times.span import (
    Ambiguous,
    DurationError,
    InThePast,
    LeftOver,
    NoEnd,
    NotATime,
    NotPositive,
    TooLarge,
)
from models.delegation import OPEN_STATES, Delegation, State, Trouble
from models.policy import Policy, Refusal
from sandbox.slack.markup import problems_of_mrkdwn

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
POLICY = Policy()


def row(number: int = 0, **changes: Any) -> Delegation:
    """A request of Ben's to Ada."""
    values: dict[str, Any] = {
        "id": f"d{number}",
        "team_id": "T0TEAM",
        "grantor_id": "U0ADA",
        "grantee_id": "U0BEN",
        "requester_id": "U0BEN",
        "reason": "",
        "length": timedelta(hours=2),
        "state": State.REQUESTED,
        "requested_at": NOON,
        "lapses_at": NOON + timedelta(days=3),
        "ends_at": NOON + timedelta(hours=2),
        **changes,
    }
    return Delegation(**values)


def ambiguous(text: str) -> Ambiguous:
    """The question that such a time leads to."""
    with pytest.raises(Ambiguous) as caught:
        read_span(text, now=NOON, zone="Europe/Berlin")
    return caught.value


def errors() -> dict[str, Exception]:
    """One of each thing that can keep something from being done."""
    found: dict[str, Exception] = {f"refusal {each}": Refused(each, "U0ADA") for each in Refusal}
    found |= {f"muddle {each}": NotUnderstood(each, "wørd*") for each in Muddle}
    found |= {f"settled {each}": Settled(row(state=each)) for each in State}
    found |= {f"open {each}": AlreadyOpen(row(state=each)) for each in OPEN_STATES}
    found |= {
        "not yours": NotYours(),
        "nothing": NoSuchDelegation(),
        "lapses before": LapsesBefore(row(state=State.REQUESTED)),
        "slack": SlackRetryLater("ratelimited"),
        "ambiguous": ambiguous("until 5"),
        "past": InThePast("until yesterday", "the end of Sunday"),
        "left over": LeftOver("2h", "tomorrow"),
    }
    kinds: Sequence[type[DurationError]] = (NotATime, NotPositive, TooLarge, NoEnd)
    return found | {kind.__name__: kind("2*x") for kind in kinds}


ERRORS = errors()


def test_each_has_its_own_sentence() -> None:
    """No two problems are answered alike, and none falls through to the last resort."""
    said = {name: answers.explain(error, POLICY) for name, error in ERRORS.items()}
    assert answers.SOMETHING_BROKE not in said.values()
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize("name", ERRORS)
def test_each_is_valid_markup(name: str) -> None:
    """Every answer is mrkdwn that Slack takes, and short."""
    said = answers.explain(ERRORS[name], POLICY)
    assert not list(problems_of_mrkdwn(said))
    assert len(said) < 700


@pytest.mark.parametrize("name", ERRORS)
def test_each_is_plain_where_markup_is_not_shown(name: str) -> None:
    """Beside a form's field there are no mentions, marks, dates, entities or examples."""
    said = answers.explain(ERRORS[name], POLICY, plain=True)
    assert said.strip()
    assert not any(mark in said for mark in ("<@", "<!", "`", "*", "&lt;", "&amp;", "\u200b"))
    assert "For example" not in said


@pytest.mark.parametrize("name", [name for name in ERRORS if name.startswith("muddle")])
def test_a_misunderstanding_shows_one_good_example(name: str) -> None:
    """What was not understood ends with something that would be, and the way to more."""
    said = answers.explain(ERRORS[name], POLICY)
    assert "For example: `/sendas @colleague" in said
    assert "/sendas help" in said


@pytest.mark.parametrize("verb", [Verb.REVOKE, Verb.RELEASE])
def test_the_example_fits_the_verb(verb: Verb) -> None:
    """Who wrote ``revoke`` reads an example with ``revoke``."""
    said = answers.explain(NotUnderstood(Muddle.PERSON_MISSING, verb=verb), POLICY)
    assert f"`/sendas {verb} @colleague`" in said


def test_limits_are_named_as_they_are_set() -> None:
    """A refusal about time names this house's own limits."""
    house = replace(POLICY, min_duration=timedelta(minutes=7), max_duration=timedelta(days=9))
    assert "7 minutes" in answers.explain(Refused(Refusal.TOO_SHORT), house)
    assert "9 days" in answers.explain(Refused(Refusal.TOO_LONG), house)
    assert "9 days" in answers.explain(Refused(Refusal.PERMANENT), house)
    assert "1 day" in answers.help_text(house)


@given(st.text())
def test_nothing_typed_becomes_markup(text: str) -> None:
    """Whatever stands in the part that was not understood, the answer is valid and calls nobody."""
    for error in (NotUnderstood(Muddle.UNKNOWN_WORD, text), NotATime(text), LeftOver(text, text)):
        said = answers.explain(error, POLICY)
        assert not list(problems_of_mrkdwn(said))
        assert "<" not in said


def test_every_trouble_has_its_own_sentence() -> None:
    """Each trouble is told apart, in valid markup, to both readers alike."""
    said = [words.trouble(row(trouble=trouble), None) for trouble in Trouble]
    assert len(set(said)) == len(said)
    assert not [problem for each in said for problem in problems_of_mrkdwn(each)]


def test_help_is_valid() -> None:
    """The help text is markup that Slack takes."""
    assert not list(problems_of_mrkdwn(answers.help_text(POLICY)))


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("trouble", [None, Trouble.CLOSE_DOWN, Trouble.EXISTED_BEFORE])
def test_a_thousand_rows_fit(state: State, trouble: Trouble | None) -> None:
    """The overview stays within one message, says how many more there are, and is valid."""
    longest = {"until": NOON, "length": None, "starts_at": NOON, "trouble": trouble}
    rows = [row(number, state=state, **longest) for number in range(1000)]
    first = overview(rows, "U0ADA")
    assert isinstance(first, Message)
    assert len(first.text) <= 4000
    assert not list(problems_of_mrkdwn(first.text))
    assert "Page 1 of" in first.text


def test_an_empty_overview_says_so() -> None:
    """With nothing open there is one sentence and an example."""
    assert "nothing is pending" in str(overview([], "U0ADA"))


def test_the_overview_has_both_directions() -> None:
    """What I give and what I have stand under their own titles."""
    given_row = row(1, state=State.ACTIVE)
    received = row(2, grantor_id="U0BEN", grantee_id="U0ADA", state=State.ACTIVE)
    text = overview([given_row, received], "U0ADA")
    assert isinstance(text, str)
    first, second = text.split("\n\n")
    assert first.startswith("*Who can send as you*")
    assert "<@U0BEN> until" in first
    assert second.startswith("*You can send as*")


def test_hundreds_taken_back_in_one_answer() -> None:
    """S4: the answer to `revoke all` names some of 500 people and counts the rest."""
    given = [row(number, state=State.ENDING, grantee_id=f"U0X{number}") for number in range(500)]
    text = answers.all_taken_back(given)
    assert "<@U0X29> and 470 more" in text
    assert len(text) < 4000


@pytest.mark.parametrize("is_allowed", [True, False])
def test_every_time_that_is_shown_can_be_typed(is_allowed: bool) -> None:
    """Each example of a time is read as one, and "forever" is one only where it is allowed."""
    house = replace(POLICY, allow_permanent=is_allowed)
    shown = hints.time_hint(house).removeprefix("For example ").split(", ")
    shown += re.findall(r"`([^`]+)`", hints.times(house) + hints.GOOD_TIMES)
    for each in shown:
        read_span(each, now=NOON, zone="Europe/Berlin")
    assert ("forever" in shown) is is_allowed
