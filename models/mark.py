"""Marks: a short digest of what the reader of a button or a form decides about.

It travels beside the row's id, and the use case compares it under the row's lock: a click counts
for what its reader saw, or not at all. A mark is made of facts, not of words: a reminder or a
better sentence leaves it as it is, and every process comes to the same. It opens nothing: whoever
makes one up can only say that they have read what stands there.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from models.absence import Absence
from models.account import Account
from models.aftermath import Aftermath
from models.delegation import Delegation
from models.deputy import Deputy
from models.overdue import Leftover
from models.pairing import Pairing
from models.person import Departure
from models.review import Item
from models.standing import StandingApproval
from models.stray import Stray

LENGTH = 16  # characters

Subject: TypeAlias = Delegation | Stray | Pairing
# What is shown beside a row, and is not in it: how the grantee of a stray has left, the account
# whose place a pairing's would take, or as whose deputy its reader would answer, and until when.
Beside: TypeAlias = Departure | Account | Deputy | None


def mark_of(subject: Subject, beside: Beside = None) -> str:
    """The mark of this row as it is now, and of what is shown beside it."""
    match subject:
        case Delegation():
            beside_it = [] if beside is None else _of_beside(beside)
            return _digest("delegation", *_of_delegation(subject), *beside_it)
        case Stray():
            return _digest("stray", *_of_stray(subject), *_of_beside(beside))
        case Pairing():
            return _digest("pairing", *_of_pairing(subject), *_of_beside(beside))


def mark_of_leaving(account: Account, dependents: Iterable[Delegation]) -> str:
    """The mark of a disconnection: of which account, and everything that ends with it."""
    return _digest("leaving", *account.membership, *sorted({each.id for each in dependents}))


def mark_of_leftovers(leftovers: Iterable[Leftover]) -> str:
    """The mark of all that may be left over in Close of what one person gave."""
    return _digest("leftovers", *sorted(each.id for each in leftovers))


def mark_of_item(item: Item) -> str:
    """The mark of one thing that a review asks about: what it lets somebody do, and until when."""
    subject = item.subject
    if isinstance(subject, StandingApproval):
        return _digest("standing", subject.id, subject.max_length, subject.until)
    return _digest("right", subject.id, subject.active_at, subject.ends_at)


def mark_of_items(items: Iterable[Item]) -> str:
    """The mark of all that a review asks about."""
    return _digest("review", *sorted(mark_of_item(each) for each in items))


def mark_of_cover(rights: Iterable[Delegation]) -> str:
    """The mark of a cover: who covers, from when and until when, and how that stands."""
    facts = sorted((each.id, mark_of(each)) for each in rights)
    return _digest("cover", *(fact for pair in facts for fact in pair))


def mark_of_absence(absence: Absence) -> str:
    """The mark of the question who covers: until when that would be."""
    return _digest("absence", absence.id, absence.number, absence.until)


def mark_of_aftermaths(aftermaths: Iterable[Aftermath]) -> str:
    """The mark of all that goes on after rights that ended together."""
    facts = [
        _digest(each.id, each.course, each.subscriptions, each.enrolments, each.waiting)
        for each in aftermaths
    ]
    return _digest("aftermath", *sorted(facts))


def marked(subject: Subject, beside: Beside = None) -> str:
    """What a button or a form about this row carries."""
    return f"{subject.id}:{mark_of(subject, beside)}"


def read_marked(carried: str) -> tuple[str, str]:
    """The id and the mark; the mark is empty in what was posted before there were marks."""
    row_id, _, mark = carried.partition(":")
    return row_id, mark


def _of_delegation(d: Delegation) -> list[Any]:
    wish = d.extension
    return [
        d.state,
        d.reason,
        *(d.starts_at, d.length, d.until, d.ends_at),
        *(d.grantee_close_id, d.grantee_account, d.is_grantee_proven),
        *(d.grantee_trouble, d.grantee_email),
        *((wish.asked_at, wish.length, wish.until) if wish else ()),
        *((d.agreed_at, d.second) if d.agreed_at else ()),
    ]


def _of_stray(s: Stray) -> list[Any]:
    account = (s.grantee_close_id, s.grantee_name, s.grantee_email)
    return [s.state, s.association_id, s.grantee_id, s.is_grantee_proven, *account]


def _of_pairing(p: Pairing) -> list[Any]:
    return [p.verdict, p.slack_user_id, p.slack_email, p.other_id, *_of_account(p.account)]


def _of_beside(beside: Beside) -> list[Any]:
    match beside:
        case Account():
            return _of_account(beside)
        case Deputy():
            return [beside.id, beside.until]
        case _:
            return [beside]


def _of_account(a: Account) -> list[Any]:
    return [*a.membership, a.name, a.email]


def _digest(*facts: Any) -> str:
    written = json.dumps([_plain(each) for each in facts])
    return hashlib.sha256(written.encode()).hexdigest()[:LENGTH]


def _plain(fact: Any) -> Any:
    if isinstance(fact, datetime):
        return fact.astimezone(UTC).isoformat()
    if isinstance(fact, timedelta):
        return int(fact.total_seconds())  # as it is stored
    return fact
