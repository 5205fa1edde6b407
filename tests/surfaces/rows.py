"""Rows to show: the shortest and the longest of everything, at fixed times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from models.account import Account
from models.connection import Connection
from models.delegation import (
    OPEN_STATES,
    Asked,
    Delegation,
    DeputysWord,
    Event,
    ExtensionWish,
    Receipt,
    ReceiptState,
    State,
    Trouble,
)
from models.deputy import Deputy
from models.event import EventRecord
from models.overview import Excerpt, Overview
from models.pairing import Pairing
from models.person import Departure
from models.policy import REASON_LIMIT, Policy
from models.standing import StandingApproval

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEAM, ADA, BEN, CLEO, DANA = "T0NORTH", "U0ADA", "U0BEN", "U0CLEO", "U0DANA"
FINN = "U0FINN"  # who answers for Ada
CONNECT_URL = "https://sendas.example.com/close/connect?for=" + "s" * 300
POLICY = Policy(admins=frozenset({DANA}))

NASTY = "<!everyone> & <@U0ADA> *bold* _it_ `code` “quotes” \N{GRINNING FACE} "
LONG_TEXT = (NASTY * 20)[:REASON_LIMIT]
LONG_PERSON = "W" + "X" * 20

ENDS = {
    State.ENDED: Event.EXPIRE,
    State.ENDING: Event.EXPIRE,
    State.DENIED: Event.DENY,
    State.CANCELLED: Event.CANCEL,
}
TROUBLED = (State.APPROVED, State.ENDING, State.FAILED)


SECOND: dict[str, Any] = {"second": DANA, "agreed_at": NOW}
SECOND_OF_GROUP: dict[str, Any] = {
    "second": "S0LEADS",
    "second_name": "the sales leads",
    "agreed_at": NOW,
}


BY_FINN = DeputysWord(FINN, NOW, NOW + timedelta(days=7))


def shortest(state: State, **changes: Any) -> Delegation:
    """Nothing that can be left out is there."""
    is_over = state not in (State.REQUESTED, State.APPROVED, State.ACTIVE)
    has_been = state in (State.ACTIVE, State.ENDING, State.ENDED)
    row = Delegation(
        id="d1",
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id=BEN,
        requester_id=BEN,
        reason="",
        length=timedelta(hours=2),
        state=state,
        requested_at=NOW,
        lapses_at=NOW + timedelta(days=3),
        decided_at=None if state is State.REQUESTED else NOW,
        active_at=NOW if has_been else None,
        ends_at=NOW + timedelta(hours=2) if has_been else None,
        ended_at=NOW + timedelta(hours=2) if is_over else None,
        end_event=ENDS.get(state),
        trouble=Trouble.CLOSE_INVALID if state is State.FAILED else None,
    )
    return replace(row, **changes)


def longest(state: State, **changes: Any) -> Delegation:
    """Everything that can be long is as long as it gets, and full of markup."""
    grantor, grantee = f"{LONG_PERSON}1", f"{LONG_PERSON}2"
    full = shortest(
        state,
        id="d" * 22,
        grantor_id=grantor,
        grantee_id=grantee,
        requester_id=f"{LONG_PERSON}3",
        reason=LONG_TEXT,
        note=LONG_TEXT,
        starts_at=NOW + timedelta(days=1),
        length=None,
        until=NOW + timedelta(days=30, hours=5, minutes=7),
        grantee_account=f"{LONG_TEXT[:60]}, {'a' * 300}@example.com",
        addresses="\n".join(["a" * 240 + "@example.com"] * 10),
        reminders=5,
        remind_at=NOW + timedelta(days=1),
        receipt=Receipt(ReceiptState.MADE, emails=123_456, people=98_765),
    )
    if full.closed_by is None and full.end_event is not None:
        full = replace(full, closed_by=grantor)
    if state in TROUBLED:
        full = replace(full, trouble=Trouble.EXISTED_BEFORE)
    return replace(full, **changes)


def deputy(**changes: Any) -> Deputy:
    """Finn answers for Ada for a week."""
    row = Deputy(
        id="y" * 22,
        team_id=TEAM,
        grantor_id=ADA,
        deputy_id=FINN,
        until=NOW + timedelta(days=7),
        created_at=NOW,
    )
    return replace(row, **changes)


def permanent(state: State, **changes: Any) -> Delegation:
    """Without an end."""
    return shortest(state, length=None, until=None, ends_at=None, **changes)


def moments() -> dict[str, Delegation]:
    """What can be special within one state."""
    forever = ExtensionWish(NOW)
    longer = replace(forever, length=timedelta(hours=1))
    later = replace(forever, until=NOW + timedelta(days=1))
    asked = Asked(NOW, length=timedelta(days=3))
    return {
        "requested-reminded": shortest(
            State.REQUESTED, reminders=1, remind_at=NOW + timedelta(days=1)
        ),
        "requested-last-reminded": shortest(
            State.REQUESTED, reminders=3, remind_at=NOW + timedelta(days=3)
        ),
        "requested-by-another": shortest(State.REQUESTED, requester_id=CLEO),
        "requested-starts-later": shortest(State.REQUESTED, starts_at=NOW + timedelta(days=1)),
        "requested-account": shortest(State.REQUESTED, grantee_account="Ben, ben@example.com"),
        "requested-second": shortest(State.REQUESTED, **SECOND),
        "requested-second-granted": shortest(State.REQUESTED, requester_id=ADA, **SECOND),
        "requested-second-by-another": shortest(State.REQUESTED, requester_id=CLEO, **SECOND),
        "requested-second-of-group": shortest(State.REQUESTED, **SECOND_OF_GROUP),
        "requested-second-nobody": shortest(
            State.REQUESTED, trouble=Trouble.NOBODY_TO_SECOND, **SECOND_OF_GROUP
        ),
        "active-wish-second": shortest(
            State.ACTIVE, extension=ExtensionWish(NOW, length=timedelta(hours=1)), **SECOND
        ),
        "active-declined-second": shortest(State.ACTIVE, extension_declined_at=NOW, second=DANA),
        "denied-second": shortest(State.DENIED, closed_by=DANA, **SECOND),
        "lapsed-second": shortest(State.LAPSED, **SECOND),
        "requested-shared": shortest(State.REQUESTED, shared_with=FINN),
        "requested-second-by-deputy": shortest(State.REQUESTED, deputys_word=BY_FINN, **SECOND),
        "approved-by-deputy": shortest(State.APPROVED, deputys_word=BY_FINN),
        "approved-by-deputy-not-connected": shortest(
            State.APPROVED, deputys_word=BY_FINN, trouble=Trouble.NOT_CONNECTED
        ),
        "active-by-deputy": shortest(State.ACTIVE, deputys_word=BY_FINN, note="Until noon."),
        "active-wish-shared": shortest(
            State.ACTIVE,
            extension=ExtensionWish(NOW, length=timedelta(hours=1)),
            shared_with=FINN,
        ),
        "active-wish-second-by-deputy": shortest(
            State.ACTIVE,
            extension=ExtensionWish(NOW, length=timedelta(hours=1)),
            deputys_word=BY_FINN,
            **SECOND,
        ),
        "active-declined-by-deputy": shortest(
            State.ACTIVE, deputys_word=BY_FINN, extension_declined_at=NOW
        ),
        "denied-by-deputy": shortest(
            State.DENIED, deputys_word=BY_FINN, closed_by=FINN, note="Not this week."
        ),
        "denied-second-by-deputy": shortest(
            State.DENIED, deputys_word=BY_FINN, closed_by=DANA, **SECOND
        ),
        "failed-by-rule": shortest(
            State.FAILED,
            trouble=Trouble.AGAINST_RULES,
            rule="Interns can send as somebody for at most 4 hours",
        ),
        "approved-granted": shortest(State.APPROVED, requester_id=ADA),
        "approved-standing": shortest(State.APPROVED, standing_id="s1"),
        "approved-starts-later": shortest(State.APPROVED, starts_at=NOW + timedelta(days=1)),
        "active-warned": shortest(State.ACTIVE, is_warned=True),
        "active-warned-wish": shortest(State.ACTIVE, is_warned=True, extension=forever),
        "active-standing": shortest(State.ACTIVE, standing_id="s1"),
        "active-extended-by-standing": shortest(
            State.ACTIVE, standing_id="s1", decided_at=NOW + timedelta(hours=1)
        ),
        "active-addresses": shortest(State.ACTIVE, addresses="ada@example.com"),
        "active-wish-length": shortest(State.ACTIVE, extension=longer),
        "active-wish-until": shortest(State.ACTIVE, extension=later),
        "active-wish-forever": shortest(State.ACTIVE, extension=forever),
        "active-wish-declined": shortest(State.ACTIVE, extension_declined_at=NOW),
        "denied-note": shortest(State.DENIED, note="Not this week."),
        "lapsed-unanswered": shortest(State.LAPSED, decided_at=None),
        **{
            f"lapsed-{trouble}": shortest(State.LAPSED, trouble=trouble)
            for trouble in (Trouble.NOT_CONNECTED, Trouble.GRANTEE_NOT_IN_CLOSE, Trouble.CLOSE_DOWN)
        },
        "approved-asked-longer": shortest(State.APPROVED, asked=asked),
        "active-asked-longer": shortest(State.ACTIVE, asked=asked),
        "active-asked-until": shortest(
            State.ACTIVE, asked=replace(asked, length=None, until=NOW + timedelta(days=3))
        ),
        "active-asked-forever": shortest(State.ACTIVE, asked=replace(asked, length=None)),
        "active-wish-compound": shortest(
            State.ACTIVE, extension=replace(forever, length=timedelta(hours=1, minutes=30))
        ),
        "active-wish-warned": shortest(State.ACTIVE, extension=longer, is_warned=True),
        "ending-wish-unanswered": shortest(State.ENDING, extension=longer),
        "ended-wish-unanswered": shortest(State.ENDED, extension=longer),
        "ending-revoked": shortest(State.ENDING, end_event=Event.REVOKE, closed_by=ADA),
        "lapsed-granted": shortest(State.LAPSED, requester_id=ADA, trouble=Trouble.CONNECTION_LOST),
        "denied-note-and-reason": shortest(
            State.DENIED, note="Not this week.", reason="Spring pipeline"
        ),
        **{
            f"ended-{event}": shortest(State.ENDED, end_event=event, closed_by=ADA)
            for event in (Event.REVOKE, Event.RELEASE, Event.OFFBOARD, Event.DISCONNECT)
        },
        **{
            f"{state}-unconfirmed": shortest(state, end_event=Event.UNCONFIRMED)
            for state in (State.ENDING, State.ENDED, State.CANCELLED)
        },
        "ending-unanswered": shortest(
            State.ENDING, attempted_at=NOW, arrives_until=NOW + timedelta(minutes=1)
        ),
        "active-taken-over": shortest(State.ACTIVE, is_taken_over=True),
        "ended-taken-over": shortest(State.ENDED, is_taken_over=True),
        "ended-twin": shortest(State.ENDED, has_twin=True),
        "ended-remove": shortest(State.ENDED, end_event=Event.REMOVE),
        **{
            f"{state}-withdrawn": shortest(
                state, standing_id="s1", end_event=Event.WITHDRAW, closed_by=ADA
            )
            for state in (State.ENDED, State.CANCELLED)
        },
        **{
            f"{state}-by-an-admin": shortest(
                state, end_event=Event.END, closed_by=DANA, note="Her laptop was stolen."
            )
            for state in (State.CANCELLED, State.ENDING)
        },
        "ended-for-a-reason": shortest(
            State.ENDED, end_event=Event.END, closed_by=DANA, note=LONG_TEXT
        ),
        "ending-by-an-admin-troubled": shortest(
            State.ENDING,
            end_event=Event.END,
            closed_by=DANA,
            note="Her laptop was stolen.",
            trouble=Trouble.CONNECTION_LOST,
        ),
        "ending-still-there": shortest(
            State.ENDING, trouble=Trouble.STILL_THERE, confirmed_by=DANA
        ),
        "ended-by-an-admin": shortest(State.ENDED, confirmed_by=DANA),
        **{f"ended-departure-{each}": _departed(State.ENDED, each) for each in Departure},
        **{
            f"{state}-departure": _departed(state, Departure.LEFT)
            for state in (State.ENDING, State.CANCELLED)
        },
    }


def _departed(state: State, departure: Departure) -> Delegation:
    """It ended because the grantee could no longer take part."""
    event = Event.OFFBOARD
    return shortest(state, end_event=event, closed_by=BEN, departure=departure)


def bundles() -> dict[str, list[Delegation]]:
    """What was wished and ended together: by whom, in every state, and as many as can be."""
    used = Receipt(ReceiptState.MADE, emails=500, people=40)
    every = {
        state: [shortest(state), shortest(state, id="d2", end_event=Event.REVOKE)]
        for state in State
    }
    return {
        **{f"asked-{state}": several for state, several in every.items()},
        **{
            f"granted-{state}": [replace(each, requester_id=ADA, receipt=used) for each in several]
            for state, several in every.items()
        },
        "for-another": [shortest(State.REQUESTED, requester_id=CLEO)] * 2,
        "not-connected": [shortest(State.ENDING, trouble=Trouble.NOT_CONNECTED)] * 2,
        **{
            f"to-connect/{who}": [
                shortest(State.APPROVED, id=each, requester_id=who, trouble=Trouble.NOT_CONNECTED)
                for each in ("d1", "d2")
            ]
            for who in (ADA, BEN)
        },
        "hundred-longest": [longest(State.FAILED, requester_id=ADA)] * 100,
        "hundred-ended": [longest(State.ENDED, requester_id=ADA, receipt=used)] * 100,
    }


def delegations() -> dict[str, Delegation]:
    """Every row that a card, a notice or a list may have to show, by name."""
    rows = {}
    for state in State:
        rows[f"{state}-shortest"] = shortest(state)
        rows[f"{state}-longest"] = longest(state)
        rows[f"{state}-permanent"] = permanent(state)
        if state in TROUBLED:
            for trouble in Trouble:
                rows[f"{state}-{trouble}"] = shortest(state, trouble=trouble)
    return rows | moments() | unseen()


def unseen() -> dict[str, Delegation]:
    """The grantee's account could not be looked up before the grantor agreed."""
    email = "ben.okafor@example.com"
    return {
        "requested-unseen": shortest(State.REQUESTED, grantee_email=email),
        "approved-unseen": shortest(
            State.APPROVED, grantee_email=email, trouble=Trouble.NOT_CONNECTED
        ),
        "active-unseen": shortest(
            State.ACTIVE, identified_at=NOW, grantee_account=f"Ben Okafor, {email}"
        ),
    }


def account(*, email: str, name: str) -> Account:
    """Somebody's account in Close."""
    return Account(
        close_user_id="user_1",
        organization_id="orga_north",
        email=email,
        name=name,
        is_api_key=False,
        secret=b"",
    )


def connection(*, is_alive: bool = True) -> Connection:
    """A person's link to Close."""
    return Connection(
        id="c1",
        team_id=TEAM,
        slack_user_id=ADA,
        account=account(email="ada.lindqvist@example.com", name="Ada Lindqvist"),
        is_alive=is_alive,
        connected_at=NOW,
    )


def pairing() -> Pairing:
    """Ada's account, with another address."""
    return Pairing(
        id="p" * 22,
        team_id=TEAM,
        slack_user_id=ADA,
        slack_email="ada@example.com",
        account=account(email="ada.lindqvist@example.org", name="Ada Lindqvist"),
        created_at=NOW,
    )


def standing(number: int, *, grantor: str = ADA, grantee: str = BEN) -> StandingApproval:
    """A standing approval."""
    return StandingApproval(
        id=f"s{number}",
        team_id=TEAM,
        grantor_id=grantor,
        grantee_id=grantee,
        max_length=timedelta(hours=4),
        until=NOW + timedelta(days=30),
        created_at=NOW,
    )


def crowd(name: str, count: int, shown: int, state: State, **changes: Any) -> Excerpt[Delegation]:
    """The first ``shown`` of ``count`` long rows."""
    rows = [longest(state, id=f"{number}{name:_>21}", **changes) for number in range(shown)]
    return Excerpt(rows, count)


def past(count: int) -> list[Delegation]:
    """A page of what is over, each state in turn."""
    over = [state for state in State if state not in OPEN_STATES]
    return [longest(over[number % len(over)], id=f"h{number}") for number in range(count)]


def overviews(most_rows: int, page: int) -> dict[str, Overview]:
    """App Homes, by name; the fullest has a thousand rows of each kind behind it."""
    me = f"{LONG_PERSON}1"
    full = Overview(
        person_id=me,
        connection=connection(is_alive=False),
        waiting=crowd("waiting", 1000, most_rows, State.REQUESTED),
        asked=crowd("asked", 1000, most_rows, State.REQUESTED, grantor_id=ADA, grantee_id=me),
        given=crowd("given", 1000, most_rows, State.ACTIVE, grantee_id=BEN),
        received=crowd("received", 1000, most_rows, State.ACTIVE, grantee_id=me, grantor_id=ADA),
        for_others=crowd(
            "for_others", 1000, most_rows, State.ACTIVE, grantor_id=ADA, requester_id=me
        ),
        trusted=Excerpt([standing(number, grantor=me) for number in range(most_rows)], 1000, 70),
        trusting=Excerpt(
            [standing(1000 + number, grantee=me) for number in range(most_rows)], 1000, 70
        ),
        deputies=[
            deputy(id=f"y{number}", grantor_id=grantor, deputy_id=me)
            for number, grantor in enumerate((ADA, BEN, CLEO, DANA))
        ]
        + [deputy(id="y9", grantor_id=me)],
        in_place=[longest(State.REQUESTED, grantor_id=ADA, id=f"p{each}") for each in range(50)],
        history=past(page),
        page=50,
        has_older=True,
    )
    return {
        "empty": Overview(person_id=ADA),
        "connected": Overview(person_id=ADA, connection=connection()),
        "reconnect": Overview(person_id=ADA, connection=connection(is_alive=False)),
        "unconfirmed": Overview(
            person_id=ADA,
            pairing=pairing(),
            unconfirmed=frozenset({ADA}),
            waiting=Excerpt([shortest(State.APPROVED, id="w1", trouble=Trouble.NOT_CONNECTED)], 1),
        ),
        "one-of-each": _one_of_each(),
        "fullest": full,
        "with-a-person": Overview(person_id=ADA, with_person=BEN),
        "beyond-the-last-page": Overview(person_id=ADA, page=7),
    }


def _one_of_each() -> Overview:
    return Overview(
        person_id=ADA,
        connection=connection(),
        waiting=Excerpt([shortest(State.REQUESTED, id="w1", reason="Spring pipeline")], 1),
        given=Excerpt([shortest(State.ACTIVE, id="g1"), permanent(State.ACTIVE, id="g2")], 2),
        received=Excerpt(
            [shortest(State.ACTIVE, id="r1", grantor_id=CLEO, grantee_id=ADA, requester_id=ADA)], 1
        ),
        asked=Excerpt(
            [
                shortest(State.REQUESTED, id="o1", grantor_id=CLEO, requester_id=ADA),
                shortest(State.REQUESTED, id="o2", grantor_id=CLEO, grantee_id=ADA),
            ],
            2,
        ),
        for_others=Excerpt([shortest(State.ACTIVE, id="o3", grantor_id=CLEO, requester_id=ADA)], 1),
        trusted=Excerpt([standing(1)], 1),
        trusting=Excerpt([standing(2, grantor=CLEO, grantee=ADA)], 1),
        deputies=[deputy(), deputy(id="y2", grantor_id=DANA, deputy_id=ADA)],
        in_place=[shortest(State.REQUESTED, id="p1", grantor_id=DANA)],
        history=[shortest(State.ENDED, id="h1"), shortest(State.DENIED, id="h2")],
        has_older=True,
    )


def record(event: Event, *, actor: str | None) -> EventRecord:
    """One audit row; without an ``actor`` the bot's clock did it."""
    return EventRecord(
        id=1,
        delegation_id="d1",
        at=NOW,
        event=event,
        state=State.ACTIVE,
        actor=actor,
        trouble=None,
    )
