"""Marks: of facts that are decided about, the same everywhere and always, and short."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from models.account import Account, described, name_and_email
from models.delegation import (
    Delegation,
    Event,
    ExtensionWish,
    Receipt,
    ReceiptState,
    State,
    Trouble,
)
from models.mark import (
    LENGTH,
    mark_of,
    mark_of_leaving,
    mark_of_leftovers,
    marked,
    read_marked,
)
from models.overdue import Leftover
from models.pairing import Pairing, Verdict
from models.person import Departure
from models.stray import Stray, StrayState
from tests.surfaces import around_close, rows

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKED = rows.shortest(State.REQUESTED, grantee_account="Ben, ben@example.com")
RUNNING = rows.shortest(State.ACTIVE, extension=ExtensionWish(NOON, length=HOUR))
STRAY = around_close.stray(StrayState.FOUND)
PAIRING = around_close.pairing(Verdict.WAITING)

DECIDED: list[tuple[Delegation, dict[str, Any]]] = [
    (ASKED, {"length": timedelta(hours=3)}),
    (ASKED, {"length": None}),
    (ASKED, {"length": None, "until": NOON + HOUR}),
    (ASKED, {"starts_at": NOON + HOUR}),
    (ASKED, {"reason": "Something else"}),
    (ASKED, {"grantee_account": "Cleo, cleo@example.com"}),
    (ASKED, {"grantee_account": None}),
    (ASKED, {"grantee_close_id": "user_x"}),
    (ASKED, {"is_grantee_proven": True}),
    (ASKED, {"grantee_trouble": Trouble.GRANTEE_NOT_IN_CLOSE}),
    (ASKED, {"grantee_email": "ben@elsewhere.example"}),
    (ASKED, {"state": State.APPROVED}),
    (ASKED, {"id": "another", "reason": "Something else"}),
    (RUNNING, {"ends_at": NOON + 5 * HOUR}),
    (RUNNING, {"extension": None}),
    (RUNNING, {"extension": ExtensionWish(NOON)}),
    (RUNNING, {"extension": ExtensionWish(NOON, until=NOON + 9 * HOUR)}),
    (RUNNING, {"extension": ExtensionWish(NOON + HOUR, length=HOUR)}),
]
BESIDE: list[tuple[Delegation, dict[str, Any]]] = [
    (ASKED, {"reminders": 3, "remind_at": NOON}),
    (ASKED, {"version": 99, "attempts": 7, "wake_at": NOON, "leased_until": NOON}),
    (ASKED, {"identified_at": NOON, "trouble": Trouble.CLOSE_BUSY}),
    (ASKED, {"lapses_at": NOON, "grantor_zone": "Asia/Tokyo"}),
    (RUNNING, {"is_warned": True, "warn_at": NOON, "extension_declined_at": NOON}),
    (RUNNING, {"addresses": "ada@example.com", "receipt": Receipt(ReceiptState.DUE)}),
    (RUNNING, {"association_id": "sdas_1", "is_unclear": True, "end_event": Event.EXPIRE}),
]


@pytest.mark.parametrize(("row", "changes"), DECIDED)
def test_another_question_has_another_mark(row: Delegation, changes: dict[str, Any]) -> None:
    """C1, C2: the wish, its times, the account and the state each make another mark."""
    assert mark_of(replace(row, **changes)) != mark_of(row)


@pytest.mark.parametrize(("row", "changes"), BESIDE)
def test_what_is_not_decided_leaves_it(row: Delegation, changes: dict[str, Any]) -> None:
    """Reminders, warnings, attempts and the clock's own notes change no mark."""
    assert mark_of(replace(row, **changes)) == mark_of(row)


def test_it_is_the_same_in_every_process() -> None:
    """A mark does not depend on the process, the zone or what the database cuts off."""
    assert mark_of(ASKED) == "9dadc2aff6a7b0ee"
    tokyo = timezone(9 * HOUR)
    moved = replace(ASKED, until=NOON.astimezone(tokyo), length=None)
    assert mark_of(moved) == mark_of(replace(moved, until=NOON))
    fraction = replace(ASKED, length=2 * HOUR + timedelta(milliseconds=5))
    assert mark_of(fraction) == mark_of(ASKED)


def test_it_is_the_same_in_every_release() -> None:
    """What was posted with an earlier release is still answered: each kind of mark as it is."""
    assert mark_of(STRAY) == "e659aac24d492cdb"
    assert mark_of(PAIRING) == "22b6839d93d17ac5"
    assert mark_of_leaving(PAIRING.account, [ASKED]) == "9861fde026cd6cbe"
    assert mark_of_leftovers(leftovers("one", "other")) == "35bfb8a9102df487"


def test_it_is_the_same_wherever_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the machine is not part of it."""
    mark = mark_of(RUNNING)
    try:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("TZ", "Asia/Tokyo")
            time.tzset()
            assert mark_of(RUNNING) == mark
    finally:
        time.tzset()


def leftovers(*ids: str) -> list[Leftover]:
    """What may be left over in Close, by these ids."""
    return [Leftover(id=each, grantor_id="U0ADA", grantee_id=None) for each in ids]


def test_leftovers_are_all_that_is_left() -> None:
    """One more or one less makes another mark; the order does not."""
    mark = mark_of_leftovers(leftovers("one", "other"))
    assert mark == mark_of_leftovers(leftovers("other", "one"))
    assert mark != mark_of_leftovers(leftovers("one"))


@pytest.mark.parametrize(
    "changes",
    [
        {"state": StrayState.KEPT},
        {"grantee_id": "U0CLEO"},
        {"grantee_name": "Cleo"},
        {"grantee_email": "cleo@example.com"},
        {"association_id": "sdas_2"},
        {"is_grantee_proven": True},
    ],
)
def test_another_right_has_another_mark(changes: dict[str, Any]) -> None:
    """C1: a right that was set up in Close is known by whom it is for, and by its own id."""
    stray: Stray = replace(STRAY, **changes)
    assert mark_of(stray) != mark_of(STRAY)
    assert mark_of(replace(STRAY, attempts=3, message_ts="1.2", shown=stray.state)) == mark_of(
        STRAY
    )


@pytest.mark.parametrize(
    "changes", [{"close_user_id": "user_x"}, {"email": "eve@evil.example"}, {"name": "Eve"}]
)
def test_another_account_has_another_mark(changes: dict[str, Any]) -> None:
    """C2: an admin's answer is about one account, whatever its tokens are by now."""
    account: Account = replace(PAIRING.account, **changes)
    other: Pairing = replace(PAIRING, account=account)
    assert mark_of(other) != mark_of(PAIRING)
    resealed = replace(PAIRING, account=replace(PAIRING.account, secret=b"another"), attempts=2)
    assert mark_of(resealed) == mark_of(PAIRING)


def test_what_is_shown_beside_a_row() -> None:
    """C1, C2: that a stray's grantee has left, and whose place an account would take."""
    assert mark_of(STRAY, Departure.LEFT) != mark_of(STRAY)
    assert mark_of(STRAY, Departure.LEFT) != mark_of(STRAY, Departure.LEFT_CLOSE)
    held = replace(PAIRING.account, email="earlier@example.com")
    assert mark_of(PAIRING, held) != mark_of(PAIRING)
    assert mark_of(PAIRING, held) != mark_of(PAIRING, replace(held, close_user_id="user_x"))
    assert mark_of(PAIRING, held) == mark_of(PAIRING, replace(held, secret=b"another"))


def test_a_disconnection_is_about_all_that_ends() -> None:
    """C1: one more or one less makes another mark; the order and a repetition do not."""
    account = PAIRING.account
    one, other = replace(RUNNING, id="one"), replace(RUNNING, id="other")
    both = mark_of_leaving(account, [one, other])
    assert both == mark_of_leaving(account, [other, one, other])
    assert both != mark_of_leaving(account, [one])
    assert both != mark_of_leaving(replace(account, close_user_id="user_x"), [one, other])


def test_a_button_holds_both() -> None:
    """What a button carries is read back, fits into a menu, and may lack the mark."""
    value = marked(ASKED)
    assert read_marked(value) == (ASKED.id, mark_of(ASKED))
    gone = marked(STRAY, Departure.LEFT)
    assert read_marked(gone) == (STRAY.id, mark_of(STRAY, Departure.LEFT))
    assert len(mark_of(ASKED)) == LENGTH
    assert len(f"always_approve:{'x' * 22}:{'0' * LENGTH}") <= 150
    assert read_marked("d1") == ("d1", "")
    assert read_marked("") == ("", "")


@pytest.mark.parametrize(
    ("name", "email", "read"),
    [
        ("Ben Okafor", "ben@example.com", ("Ben Okafor", "ben@example.com")),
        ("", "ben@example.com", ("", "ben@example.com")),
        ("Okafor, Ben", "ben@example.com", ("Okafor, Ben", "ben@example.com")),
        ("Ben, ada@example.com", "eve@evil.example", ("Ben, ada@example.com", "eve@evil.example")),
        ("Ben", "eve@evil.example, ada@example.com", ("Ben", "eve@evil.example,ada@example.com")),
        ("Ben\u00a0\n\u2003Okafor", " ben@example.com", ("Ben Okafor", "ben@example.com")),
        ("n" * 500, "e" * 500, ("n" * 60, "e" * 320)),
    ],
)
def test_a_name_is_no_address(name: str, email: str, read: tuple[str, str]) -> None:
    """C5: what is kept of an account is taken apart as it was put together, and fits its column."""
    description = described(name, email)
    assert name_and_email(description) == read
    assert len(description) <= 400
