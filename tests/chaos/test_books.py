"""The books find what they are there to find: each imbalance is made by hand once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from models.card import Audience, Card
from models.delegation import Delegation, Event, State
from models.event import EventRecord
from models.mark import mark_of
from sandbox.close.state import HeldAssociation
from sandbox.people import ADA, BEN, BOT_USER_ID
from sandbox.slack.workspace import Message
from tests.chaos.books import (
    Outside,
    Rows,
    balance,
    indistinguishable,
    late_posts,
    lateness,
)
from tests.chaos.ledger import Deed, Entry, Ledger, Span
from tests.integration.rows import NOON, delegation

SECOND = timedelta(seconds=1)
OURS = HeldAssociation("sdas_ours", "orga", "user_ada", "user_ben")
BY_HAND = HeldAssociation("sdas_hand", "orga", "user_ada", "user_cleo")
TRAIL = (
    (Event.REQUEST, State.REQUESTED),
    (Event.APPROVE, State.APPROVED),
    (Event.ACTIVATE, State.ACTIVE),
    (Event.REVOKE, State.ENDING),
    (Event.CONFIRM, State.ENDED),
)
World = tuple[Ledger, Rows, Outside]


def ended() -> Delegation:
    """A life from its request to its end."""
    return delegation(
        id="row",
        reason="life-1",
        state=State.ENDED,
        association_id=OURS.id,
        active_at=NOON + 2 * SECOND,
        ends_at=NOON + 60 * SECOND,
        end_event=Event.REVOKE,
        ended_at=NOON + 4 * SECOND,
    )


def entry(deed: Deed, second: int, answer: str = "", carried: str = "") -> Entry:
    """Something that was done and acknowledged."""
    at = NOON + second * SECOND
    return Entry(
        life=1,
        deed=deed,
        person_id=ADA.id,
        sent_at=at,
        answered_at=at,
        is_acknowledged=True,
        answer=answer,
        carried=carried,
    )


def message(mark: str, channel: str) -> Message:
    """A message of the bot's."""
    metadata = {"event_type": "send_as_card", "event_payload": {"mark": mark}}
    return Message(channel, f"{mark}.1", BOT_USER_ID, "", [], metadata)


def card(audience: Audience, recipient: str) -> Card:
    """A card at rest."""
    name = audience.value
    return Card(
        id=name,
        delegation_id="row",
        audience=audience,
        recipient=recipient,
        message_ts=f"{name}:card:.1",
        shown_version=1,
    )


def balanced() -> World:
    """One life that was lived in order, and a right that was made by hand."""
    row = ended()
    history = [
        EventRecord(
            id=number,
            delegation_id=row.id,
            at=NOON + number * SECOND,
            event=event,
            state=state,
            actor=None,
            trouble=None,
        )
        for number, (event, state) in enumerate(TRAIL)
    ]
    entries = [
        entry(Deed.ASK, 0, "Asked <@U0ADA> whether"),
        entry(Deed.APPROVE, 1, carried="row:mark"),
        entry(Deed.REVOKE, 3, carried="row:mark"),
    ]
    ledger = Ledger(entries, lives=1, by_hand={BY_HAND.id})
    cards = [card(Audience.GRANTOR, ADA.id), card(Audience.GRANTEE, BEN.id)]
    audit = card(Audience.AUDIT, "C0AUDIT")
    marks = [f"{each.id}:card:" for each in cards]
    told = [f"audit:{each.id}:{each.at.timestamp():.0f}" for each in history if each.event in _TOLD]
    outside = Outside(
        there=[BY_HAND],
        gone=[(NOON + 4 * SECOND, OURS)],
        came={BY_HAND.id: NOON, OURS.id: NOON + 2 * SECOND},
        messages=[message(each, "D") for each in marks] + [message(each, "C") for each in told],
        posted=[(each, NOON) for each in (*marks, *told)],
    )
    return ledger, Rows([row], {row.id: history}, [*cards, audit]), outside


_TOLD = (Event.APPROVE, Event.REVOKE, Event.CONFIRM)


def request_lost(world: World) -> World:
    """Promised and not stored."""
    ledger, rows, outside = world
    ledger.entries.append(replace(ledger.entries[0], life=2))
    return ledger, rows, outside


def request_doubled(world: World) -> World:
    """Typed once and stored twice."""
    ledger, rows, outside = world
    again = replace(rows.delegations[0], id="again", association_id=None)
    history = {**rows.events, "again": rows.events["row"]}
    return ledger, Rows([*rows.delegations, again], history, rows.cards), outside


def click_lost(world: World) -> World:
    """Revoked and acknowledged, and it went on to its end."""
    ledger, rows, outside = world
    late = [
        replace(each, at=NOON + 60 * SECOND, event=Event.EXPIRE)
        if each.event is Event.REVOKE
        else replace(each, at=NOON + 61 * SECOND)
        if each.event is Event.CONFIRM
        else each
        for each in rows.events["row"]
    ]
    return ledger, replace(rows, events={"row": late}), outside


def trail_broken(world: World) -> World:
    """An event is missing."""
    ledger, rows, outside = world
    return ledger, replace(rows, events={"row": rows.events["row"][:-1]}), outside


def never_ended(world: World) -> World:
    """Still open at the end."""
    ledger, rows, outside = world
    row = replace(rows.delegations[0], state=State.ENDING)
    return ledger, replace(rows, delegations=[row]), outside


def extended_twice(world: World) -> World:
    """Extended, and nobody agreed to that."""
    ledger, rows, outside = world
    active = rows.events["row"][2]
    more = replace(active, event=Event.EXTEND)
    history = [*rows.events["row"][:3], more, *rows.events["row"][3:]]
    return ledger, replace(rows, events={"row": history}), outside


def association_left(world: World) -> World:
    """Ours stands although all is over."""
    ledger, rows, outside = world
    return ledger, rows, replace(outside, there=[BY_HAND, OURS], gone=[])


def foreign_deleted(world: World) -> World:
    """What was made by hand is gone."""
    ledger, rows, outside = world
    gone = [*outside.gone, (NOON, BY_HAND)]
    return ledger, rows, replace(outside, there=[], gone=gone)


def association_doubled(world: World) -> World:
    """Two of ours for the pair at the same time."""
    ledger, rows, outside = world
    twin = replace(OURS, id="sdas_twin")
    came = {**outside.came, twin.id: NOON + 3 * SECOND}
    gone = [*outside.gone, (NOON + 5 * SECOND, twin)]
    return ledger, rows, replace(outside, gone=gone, came=came)


def card_lost(world: World) -> World:
    """A reader has none."""
    ledger, rows, outside = world
    return ledger, rows, replace(outside, messages=outside.messages[1:])


def card_doubled(world: World) -> World:
    """A reader has two."""
    ledger, rows, outside = world
    more = message("grantor:card:old", "D")
    return ledger, rows, replace(outside, messages=[*outside.messages, more])


def card_stale(world: World) -> World:
    """A card shows an older version."""
    ledger, rows, outside = world
    old = replace(rows.cards[0], shown_version=0)
    return ledger, replace(rows, cards=[old, *rows.cards[1:]]), outside


def news_doubled(world: World) -> World:
    """The same news was posted twice, although one of the two is gone."""
    ledger, rows, outside = world
    return ledger, rows, replace(outside, posted=[*outside.posted, outside.posted[0]])


def line_lost(world: World) -> World:
    """The audit channel was not told of the end."""
    ledger, rows, outside = world
    return ledger, rows, replace(outside, messages=outside.messages[:-1])


IMBALANCES: dict[Callable[[World], World], str] = {
    request_lost: "lost: life-2",
    request_doubled: "doubled: life-1 was typed 1 times, 2 stored",
    click_lost: "had no effect",
    trail_broken: "its trail says ending",
    never_ended: "left over: life-1 is still ending",
    extended_twice: "doubled: life-1 was extended",
    association_left: "is still at Close",
    foreign_deleted: "foreign delete",
    association_doubled: "were there at the same time",
    card_lost: "has no card",
    card_doubled: "has 2 cards",
    card_stale: "shows version 0 of 1",
    news_doubled: "doubled: grantor:card:",
    line_lost: "audit: confirm",
}


def test_a_world_that_balances() -> None:
    """Nothing is said about a life that was lived in order."""
    assert balance(*balanced()) == []


@pytest.mark.parametrize("broken", IMBALANCES)
def test_each_imbalance_is_found(broken: Callable[[World], World]) -> None:
    """What was lost, doubled, deleted that was not ours, left over or not told is a line."""
    found = balance(*broken(balanced()))
    assert any(IMBALANCES[broken] in line for line in found), found


def test_how_late_an_end_was() -> None:
    """Counted is the time after the end in which Close and a process could be reached."""
    ledger, rows, outside = balanced()
    late = replace(outside, gone=[(NOON + 13 * SECOND, OURS)])
    assert lateness(ledger, rows, late) == [(10 * SECOND, "life-1")]
    ledger.outages.append(Span(NOON, NOON + 7 * SECOND))
    ledger.outages.append(Span(NOON + 6 * SECOND, NOON + 8 * SECOND))
    assert lateness(ledger, rows, late) == [(5 * SECOND, "life-1")]


@pytest.mark.parametrize(("lapses", "is_lost"), [(2, False), (200, True)])
def test_a_click_after_the_time_to_answer(lapses: int, *, is_lost: bool) -> None:
    """An approval came too late where its time was over, whenever somebody noted that; else it is
    lost."""
    ledger, rows, outside = balanced()
    row = replace(
        rows.delegations[0],
        state=State.LAPSED,
        association_id=None,
        lapses_at=NOON + lapses * SECOND,
        end_event=None,
    )
    asked = rows.events["row"][0]
    lapse = replace(asked, id=9, at=NOON + 500 * SECOND, event=Event.LAPSE, state=State.LAPSED)
    mark = mark_of(replace(row, state=State.REQUESTED, ends_at=None))
    late = replace(ledger.entries[1], carried=f"row:{mark}", sent_at=NOON, answered_at=NOON)
    ledger = replace(ledger, entries=[ledger.entries[0], late])
    rows = replace(rows, delegations=[row], events={"row": [asked, lapse]})
    assert any("had no effect" in line for line in balance(ledger, rows, outside)) == is_lost


def told_twice(*, end: int) -> World:
    """A card was posted at second 9 and again at second 11, and a process was paused until then."""
    ledger, rows, outside = balanced()
    mark, _ = outside.posted[0]
    posted = [*outside.posted[1:], (mark, NOON + 9 * SECOND), (mark, NOON + 11 * SECOND)]
    ledger.pauses.append(Span(NOON + 3 * SECOND, NOON + end * SECOND))
    return ledger, rows, replace(outside, posted=posted)


def test_a_post_of_a_paused_process() -> None:
    """What a process sends the moment it goes on, it had begun to send before: counted apart. Two
    posts that no pause explains are doubled."""
    late = told_twice(end=11)
    assert balance(*late) == []
    assert late_posts(late[0], late[2]) == {"grantor:card:"}
    for other in (told_twice(end=8), told_twice(end=12)):
        assert any("doubled: grantor:card:" in line for line in balance(*other))


def taken_for_ours(*, by_hand_at: int) -> World:
    """Close left our create without an answer, and somebody made the same by hand: that is what the
    row has, and what was deleted at its end; ours was taken away too."""
    ledger, rows, outside = balanced()
    hand = replace(OURS, id="sdas_alike")
    attempt = replace(rows.events["row"][1], event=Event.ATTEMPT, at=NOON + SECOND)
    history = [*rows.events["row"][:2], attempt, *rows.events["row"][2:]]
    row = replace(rows.delegations[0], association_id=hand.id)
    came = {**outside.came, hand.id: NOON + by_hand_at * SECOND}
    gone = [*outside.gone, (NOON + 200 * SECOND, hand)]
    ledger.by_hand.add(hand.id)
    rows = replace(rows, delegations=[row], events={"row": history})
    return ledger, rows, replace(outside, gone=gone, came=came)


def test_what_nothing_can_tell_apart() -> None:
    """What was made by hand in the minute after an unanswered create is counted apart; what was
    made later is a foreign delete."""
    alike = taken_for_ours(by_hand_at=30)
    assert balance(*alike) == []
    assert indistinguishable(*alike) == {OURS.id, "sdas_alike"}
    found = balance(*taken_for_ours(by_hand_at=90))
    assert any("foreign delete" in line for line in found)
    assert any("stands in no row" in line for line in found)
