"""Cards: every state, reader and trouble within Slack's limits, and no text becomes markup."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.delegations import LABELS, MOST_TEXT, OTHER_LABELS, card, moved
from bot.cards.faces import Action
from bot.cards.foreign import plain
from bot.cards.milestones import milestone
from bot.slack.message import Message
from models.card import Audience
from models.delegation import Delegation, Event, State, Trouble
from models.mark import marked
from models.policy import REASON_LIMIT
from sandbox.slack.blockkit import elements_of, problems_of_message
from sandbox.slack.markup import readable_mrkdwn

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
READERS = (Audience.GRANTOR, Audience.GRANTEE, Audience.REQUESTER)
URL = "https://bot.example.com/close/connect?for=" + "x" * 400
NASTY = [
    "",
    "x",
    "*" * REASON_LIMIT,
    "&" * REASON_LIMIT,
    "<" * REASON_LIMIT,
    "\U0001f600" * REASON_LIMIT,
    "<!everyone> <!here> <!channel> <@U0EVE> <#C0X> <https://evil.example|click>",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "zero\u200bwidth\u200d\ufeff\u00ad",
    "*bold* _it_ ~no~ `code` ```block```\n> quote\n• list\n&amp;lt;",
    "{date} ^|^ <!date^1^{time}|x>",
]


def row(**changes: Any) -> Delegation:
    """An active delegation with everything filled in."""
    values: dict[str, Any] = {
        "id": "d" * 22,
        "team_id": "T0TEAM",
        "grantor_id": "U0ADA",
        "grantee_id": "W" + "0" * 30,
        "requester_id": "W" + "0" * 30,
        "reason": "Covering",
        "length": timedelta(hours=2),
        "state": State.ACTIVE,
        "requested_at": NOON,
        "lapses_at": NOON + timedelta(days=3),
        "decided_at": NOON,
        "active_at": NOON,
        "ends_at": NOON + timedelta(hours=2),
        "ended_at": NOON + timedelta(hours=2),
        "end_event": Event.EXPIRE,
        "closed_by": "U0ADA",
        **changes,
    }
    return Delegation(**values)


def rendered(message: Message) -> list[dict[str, Any]]:
    """The blocks as they are sent."""
    return [block.to_dict() for block in message.blocks]


def check(message: Message) -> None:
    """Slack takes it, also as an update, and nothing in it calls anybody or hides a link."""
    blocks = rendered(message)
    assert problems_of_message(blocks, message.text) == []
    assert 0 < len(message.text) <= 4000
    for markup in _markup(blocks, message.text):
        for call in ("<!here", "<!channel", "<!everyone", "<@U0EVE", "<#", "<http"):
            assert call not in markup


def _markup(blocks: list[dict[str, Any]], text: str) -> list[str]:
    found = [text]
    for block in blocks:
        texts = [block["text"]] if "text" in block else []
        texts += [each for each in block.get("elements", []) if each["type"] == "mrkdwn"]
        found += [each["text"] for each in texts if each["type"] == "mrkdwn"]
    return found


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("state", State)
def test_every_state_reader_and_trouble(state: State, reader: Audience) -> None:
    """Whatever is wrong: the card, and what may be left of it, are valid and say something."""
    for trouble, reason in zip([None, *Trouble], itertools.cycle(NASTY), strict=False):
        delegation = row(state=state, trouble=trouble, reason=reason)
        check(card(delegation, reader, connect_url=URL))
        check(moved(delegation, reader))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("state", State)
def test_every_kind_of_time_and_end(state: State, reader: Audience) -> None:
    """With a length, an end, a start or none of them, ended by whatever and whomever."""
    spans: list[dict[str, Any]] = [
        {"length": timedelta(days=400, seconds=1)},
        {"length": None, "until": NOON + timedelta(days=1), "closed_by": None},
        {"length": None, "ends_at": None},
        {"starts_at": NOON + timedelta(days=1), "closed_by": None},
    ]
    for event, span in zip([None, *Event], itertools.cycle(spans), strict=False):
        delegation = row(state=state, end_event=event, **span)
        check(card(delegation, reader, connect_url=URL))


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=REASON_LIMIT),
    state=st.sampled_from(State),
    reader=st.sampled_from(READERS),
)
def test_any_reason(text: str, state: State, reader: Audience) -> None:
    """Any text that can be a reason gives a valid card."""
    check(card(row(state=state, reason=text, note=text), reader, connect_url=URL))


@pytest.mark.parametrize("text", [text for text in NASTY if text])
def test_a_reason_is_shown_as_it_was_typed(text: str) -> None:
    """The grantor reads the reason's every letter, as plain text without emoji codes."""
    blocks = rendered(
        card(row(state=State.REQUESTED, reason=text), Audience.GRANTOR, connect_url=URL)
    )
    shown = [
        block["text"]
        for block in blocks
        if block["type"] == "section" and block["text"]["type"] == "plain_text"
    ]
    assert shown == [{"type": "plain_text", "text": f"“{plain(text)}”", "emoji": False}]


@pytest.mark.parametrize("text", [text for text in NASTY if text])
def test_a_reason_is_heard_as_it_was_typed(text: str) -> None:
    """The notification has it too, escaped once and with its marks broken up."""
    message = card(row(state=State.REQUESTED, reason=text), Audience.GRANTOR, connect_url=URL)
    heard = readable_mrkdwn(message.text, {}).replace("\u200b", "")
    assert f"\nReason: {plain(text)}\n" in heard


def test_details_make_no_text_too_long() -> None:
    """Of lines from Close that do not fit into the notification, the first stand there."""
    details = [f"{number} {'x' * 200}" for number in range(20)]
    message = card(
        row(reason="&" * REASON_LIMIT), Audience.GRANTEE, connect_url=URL, details=details
    )
    assert 2000 < len(message.text) <= MOST_TEXT
    assert problems_of_message(rendered(message), message.text) == []


def buttons(delegation: Delegation, reader: Audience) -> dict[str, dict[str, Any]]:
    """The buttons of a card by their label."""
    return {
        element["text"]["text"]: element
        for block in rendered(card(delegation, reader, connect_url=URL))
        for element in elements_of(block)
        if element["type"] == "button"
    }


SHOWN = [
    (State.REQUESTED, None, Audience.GRANTOR, {"Approve", "Deny"}),
    (State.REQUESTED, None, Audience.GRANTEE, {"Cancel"}),
    (State.APPROVED, Trouble.NOT_CONNECTED, Audience.GRANTOR, {"Connect Close", "Revoke"}),
    (State.APPROVED, Trouble.CONNECTION_LOST, Audience.GRANTOR, {"Connect Close", "Revoke"}),
    (State.APPROVED, None, Audience.GRANTEE, {"Cancel"}),
    (State.ACTIVE, None, Audience.GRANTOR, {"Revoke"}),
    (State.ACTIVE, None, Audience.GRANTEE, {"I'm done"}),
    (State.ENDING, Trouble.CONNECTION_LOST, Audience.GRANTOR, {"Connect Close"}),
]


@pytest.mark.parametrize(("state", "trouble", "reader", "labels"), SHOWN)
def test_the_buttons_of_each_state(
    state: State, trouble: Trouble | None, reader: Audience, labels: set[str]
) -> None:
    """What can be done now is offered by its fixed name, and carries an id and a mark alone."""
    delegation = row(state=state, trouble=trouble)
    shown = buttons(delegation, reader)
    assert labels <= set(shown)
    for element in shown.values():
        assert element["value"] == marked(delegation)
        assert element["action_id"] in Action
        assert ("url" in element) is (element["action_id"] == Action.CONNECT)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("state", [State.DENIED, State.CANCELLED, State.LAPSED])
def test_what_is_closed_has_no_buttons(state: State, reader: Audience) -> None:
    """On a card whose story is over only who asked has a button, which asks again."""
    asker = {Audience.GRANTEE: "W" + "0" * 30, Audience.REQUESTER: "U0CLEO"}
    is_asker = reader in asker
    closed = row(state=state, requester_id=asker.get(reader, "U0CLEO"))
    assert set(buttons(closed, reader)) == ({LABELS[Action.ASK_AGAIN]} if is_asker else set())


@pytest.mark.parametrize("state", [State.DENIED, State.CANCELLED, State.LAPSED, State.FAILED])
def test_ask_again_is_for_who_asked(state: State) -> None:
    """Who was granted something, or was asked for by another, has no such button; neither has
    anybody where one of the people has left."""
    again = LABELS[Action.ASK_AGAIN]
    granted = row(state=state, requester_id="U0ADA", trouble=Trouble.CLOSE_FORBIDDEN)
    for_them = row(state=state, requester_id="U0CLEO", trouble=Trouble.CLOSE_FORBIDDEN)
    left = row(state=state, end_event=Event.OFFBOARD, trouble=Trouble.CLOSE_FORBIDDEN)
    for each in (granted, for_them, left):
        assert again not in buttons(each, Audience.GRANTEE)
    own = row(state=state, trouble=Trouble.CLOSE_FORBIDDEN)
    assert again in buttons(own, Audience.GRANTEE)
    assert again not in buttons(own, Audience.GRANTOR)


@pytest.mark.parametrize("reader", [Audience.GRANTEE, Audience.REQUESTER])
def test_only_the_grantor_decides(reader: Audience) -> None:
    """No other reader is ever offered Approve, Deny or Revoke."""
    for state, trouble in itertools.product(State, [None, *Trouble]):
        labels = set(buttons(row(state=state, trouble=trouble), reader))
        assert not labels & {"Approve", "Deny", "Revoke"}


def test_the_names_that_people_rely_on() -> None:
    """The labels of the fixed surface are these (design.md)."""
    names = {"Approve", "Deny", "Cancel", "Revoke", "I'm done", "Ask to extend", "Connect Close"}
    assert names <= set(LABELS.values())
    assert {"Extend…", "End it"} <= set(OTHER_LABELS.values())


@pytest.mark.parametrize("reader", READERS)
def test_ended_is_said_only_when_it_has(reader: Audience) -> None:
    """No card but that of an ended delegation says that the right is gone."""
    for state, trouble in itertools.product(State, [None, *Trouble]):
        text = card(row(state=state, trouble=trouble), reader, connect_url=URL).text
        assert ("Close confirmed" in text) is (state is State.ENDED)


def test_an_end_that_does_not_happen_is_loud() -> None:
    """While Close has not confirmed, the grantor reads that the right may still be there."""
    for trouble in Trouble:
        delegation = row(state=State.ENDING, trouble=trouble)
        text = card(delegation, Audience.GRANTOR, connect_url=URL).text
        assert "may still be able to send" in text or trouble is Trouble.STILL_THERE
        if trouble in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST):
            assert milestone(delegation, Audience.GRANTOR) is not None
