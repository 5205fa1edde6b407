"""The digests of entries and seals: any change shows, and a new column changes nothing."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.delegation import Event, State, Trouble
from models.event import Deed, Entry
from models.particulars import ERASED, HASH, apart, digest, erased
from models.seal import digest_of, sealed

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FULL = Entry(
    id=7,
    at=NOON,
    team_id="T0TEAM",
    delegation_id="one",
    event=Event.APPROVE,
    state=State.APPROVED,
    deed=Deed.CONNECTED,
    subject_id="subject",
    amount=3,
    trouble=Trouble.UNKNOWN,
    ends_at=NOON,
    length=timedelta(hours=1),
    association_id="sdas_1",
    actor=None,
    actor_digest=b"a" * 32,
    grantor_digest=b"b" * 32,
    grantee_digest=b"c" * 32,
    text_digest=b"d" * 32,
)
OTHER: dict[str, Any] = {
    "id": 8,
    "at": NOON + timedelta(microseconds=1),
    "team_id": "T0OTHER",
    "delegation_id": "two",
    "event": Event.DENY,
    "state": State.DENIED,
    "deed": Deed.DISCONNECTED,
    "subject_id": "another",
    "amount": 4,
    "trouble": Trouble.CLOSE_DOWN,
    "ends_at": NOON + timedelta(seconds=1),
    "length": timedelta(hours=2),
    "association_id": "sdas_2",
    "actor": "U0EVE",
    "actor_digest": b"e" * 32,
    "grantor_digest": b"e" * 32,
    "grantee_digest": b"e" * 32,
    "text_digest": b"e" * 32,
}


@pytest.mark.parametrize("name", [each.name for each in fields(Entry)])
def test_every_field_counts(name: str) -> None:
    """Whatever is changed in an entry, or taken out of it, has another digest."""
    assert digest_of(replace(FULL, **{name: OTHER[name]})) != digest_of(FULL)
    if name not in ("id", "at", "actor"):
        without: dict[str, Any] = {name: None}
        assert digest_of(replace(FULL, **without)) != digest_of(FULL)


def test_what_is_empty_does_not_count() -> None:
    """This digest is written down in databases: a later column must not change it."""
    bare = Entry(id=1, at=NOON, deed=Deed.RESTORED)
    assert digest_of(bare).hex() == EXPECTED


EXPECTED = "92c4d4727361def798b28b577226f9826bfa02a22fe2ef2078f3c907d33c50e9"


def test_a_seal_counts_all_that_it_covers() -> None:
    """The number of entries, the highest id and the sum go on from seal to seal."""
    first = sealed(None, [(1, b"a" * 32), (3, b"b" * 32)], at=NOON)
    second = sealed(first, [(2, b"c" * 32)], at=NOON)
    assert (first.number, first.amount, first.entries, first.last_id) == (1, 2, 2, 3)
    assert (second.number, second.amount, second.entries, second.last_id) == (2, 1, 3, 2)


def test_a_seal_hangs_on_everything() -> None:
    """Another entry, another id, another order, another time, another seal before: another head."""
    entries = [(1, b"a" * 32), (2, b"b" * 32)]
    first = sealed(None, entries, at=NOON)
    others = [
        sealed(None, entries[:1], at=NOON),
        sealed(None, [(1, b"a" * 32), (2, b"c" * 32)], at=NOON),
        sealed(None, [(1, b"a" * 32), (3, b"b" * 32)], at=NOON),
        sealed(None, entries[::-1], at=NOON),
        sealed(None, entries, at=NOON + timedelta(seconds=1)),
        sealed(first, entries, at=NOON),
        sealed(replace(first, digest=b"x" * 32), entries, at=NOON),
    ]
    heads = {each.digest for each in (first, *others)}
    assert len(heads) == 1 + len(others)
    assert sealed(None, entries, at=NOON) == first


def test_each_detail_has_its_own_salt() -> None:
    """The same person twice has two digests, of nothing there is none, and each can be checked."""
    digests, beside = apart(actor="U0ADA", grantor="U0ADA", text="")
    assert digests["actor_digest"] != digests["grantor_digest"]
    assert digests["text_digest"] is digests["grantee_digest"] is None
    assert beside["text"] is beside["text_salt"] is None
    assert digests["actor_digest"] == digest(beside["actor_salt"], "U0ADA")


def test_an_erased_id() -> None:
    """It is the same for the same person, another for another key, and never a Slack id; what is
    erased already stays."""
    once = erased(b"key", "U0ADA")
    assert once == erased(b"key", "U0ADA") == erased(b"other", once)
    assert once != erased(b"other", "U0ADA")
    assert once != erased(b"key", "U0BEN")
    assert once.startswith(ERASED)
    assert len(once) == HASH
