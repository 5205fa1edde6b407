"""Scenes for two processes: how it was before, and what both do at the same time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.close.trouble import After
from sandbox.people import ADA, BEN
from tests.machine.runner import HOUR, Order

CREATE, DELETE = "POST /send_as/", "DELETE /send_as/*"
SECOND = timedelta(seconds=1)
WORK = {"word": "work", "names": ["delegations"]}
COMPARE = {"word": "work", "names": ["comparisons"]}
WATCH = {"word": "work", "names": ["connections"]}
CARDS = {"word": "work", "names": ["cards"]}
ASKED: Sequence[Order] = ({"word": "ask", "actor": BEN.id, "grantor": ADA.id}, WORK)
APPROVED: Sequence[Order] = (*ASKED, {"word": "approve", "actor": ADA.id})
ACTIVE: Sequence[Order] = (*APPROVED, WORK, WORK)
WISHED: Sequence[Order] = (*ACTIVE, {"word": "extend", "actor": BEN.id})
ENDING: Sequence[Order] = (*ACTIVE, {"word": "revoke", "actor": ADA.id})


def by(actor: Any, word: str, **more: str) -> Order:
    """What somebody does with the newest delegation."""
    return {"word": word, "actor": actor.id, **more}


@dataclass(frozen=True, slots=True)
class Scene:
    """``before`` is played first; then both ``orders`` at the same time, each process by a clock
    that is so far ahead; with ``is_at_its_end`` of the moment when it ends or lapses. ``trouble``
    is what Close does to them; with ``is_removed_by_hand`` somebody has removed it there. With
    ``do_leases_run_out`` whoever is interrupted is paused for longer than a lease. At most
    ``most_done`` of both are done, and so often ``events`` happen."""

    orders: tuple[Order, Order]
    before: Sequence[Order] = ()
    ahead: tuple[timedelta, timedelta] = (timedelta(), timedelta())
    is_at_its_end: bool = False
    trouble: Callable[[Any], None] | None = None
    is_removed_by_hand: bool = False
    do_leases_run_out: bool = False
    most_done: int = 2
    events: Mapping[str, int] = field(default_factory=dict)


def lost(pattern: str, after: After | None) -> Callable[[Any], None]:
    """Close acts and does not answer; without ``after`` it answers 503 and has not acted."""

    def spoil(trouble: Any) -> None:
        if after is None:
            trouble.fail(pattern, 503)
        else:
            trouble.after(pattern, after)

    return spoil


SCENES: Mapping[str, Scene] = {
    "two ask for the same pair": Scene(
        (by(BEN, "ask", grantor=ADA.id), by(BEN, "ask", grantor=ADA.id)), most_done=1
    ),
    "asked and granted": Scene(
        (by(BEN, "ask", grantor=ADA.id), by(ADA, "grant", grantee=BEN.id)), most_done=1
    ),
    "approve is clicked twice": Scene(
        (by(ADA, "approve"), by(ADA, "approve")), ASKED, most_done=1, events={"approve": 1}
    ),
    "approve and deny": Scene((by(ADA, "approve"), by(ADA, "deny")), ASKED, most_done=1),
    "approve and cancel": Scene((by(ADA, "approve"), by(BEN, "cancel")), ASKED),
    "approve and leave": Scene((by(ADA, "approve"), by(BEN, "leave")), ASKED),
    "approve and lapse": Scene(
        (by(ADA, "approve"), WORK), ASKED, is_at_its_end=True, ahead=(-SECOND, timedelta())
    ),
    "two claim the same row": Scene((WORK, WORK), APPROVED, events={"activate": 1}),
    "one is paused beyond its lease": Scene((WORK, WORK), APPROVED, do_leases_run_out=True),
    "created and revoked": Scene((WORK, by(ADA, "revoke")), APPROVED),
    "created and cancelled": Scene((WORK, by(BEN, "cancel")), APPROVED),
    "created and disconnected": Scene((WORK, by(ADA, "disconnect")), APPROVED),
    "created and left": Scene((WORK, by(BEN, "leave")), APPROVED),
    "create is lost, and revoked": Scene(
        (WORK, by(ADA, "revoke")), APPROVED, trouble=lost(CREATE, After.CUT)
    ),
    "create is not done, and two try": Scene(
        (WORK, WORK), APPROVED, trouble=lost(CREATE, None), do_leases_run_out=True
    ),
    "revoke and extend": Scene((by(ADA, "revoke"), by(ADA, "extend")), ACTIVE),
    "revoke and release": Scene(
        (by(ADA, "revoke"), by(BEN, "release")), ACTIVE, most_done=1, events={"confirm": 1}
    ),
    "expire and extend": Scene(
        (WORK, by(ADA, "extend")), ACTIVE, is_at_its_end=True, ahead=(timedelta(), -SECOND)
    ),
    "expire and extension approved": Scene(
        (WORK, by(ADA, "approve extension")),
        WISHED,
        is_at_its_end=True,
        ahead=(timedelta(), -SECOND),
    ),
    "extension approved and declined": Scene(
        (by(ADA, "approve extension"), by(ADA, "decline extension")), WISHED, most_done=1
    ),
    "expire and disconnect": Scene((WORK, by(ADA, "disconnect")), ACTIVE, is_at_its_end=True),
    "removed by two": Scene((WORK, WORK), ENDING, do_leases_run_out=True, events={"confirm": 1}),
    "removed, and asked again": Scene((WORK, by(BEN, "ask", grantor=ADA.id)), ENDING),
    "delete is lost, and two try": Scene(
        (WORK, WORK), ENDING, trouble=lost(DELETE, After.CUT), do_leases_run_out=True
    ),
    "compared and revoked": Scene(
        (COMPARE, by(ADA, "revoke")), ACTIVE, ahead=(HOUR / 2, HOUR / 2), is_removed_by_hand=True
    ),
    "compared and expired": Scene(
        (COMPARE, WORK), ACTIVE, is_at_its_end=True, is_removed_by_hand=True
    ),
    "forgotten and granted": Scene(
        (WATCH, by(ADA, "grant", grantee=BEN.id)), (by(ADA, "disconnect"),)
    ),
    "a card is shown by two": Scene((CARDS, CARDS), ACTIVE, do_leases_run_out=True),
    "a card is shown and its right revoked": Scene((CARDS, by(ADA, "revoke")), ACTIVE),
}

# A few of each kind, for every run of the tests.
FEW = (
    "two ask for the same pair",
    "approve and cancel",
    "one is paused beyond its lease",
    "created and disconnected",
    "create is lost, and revoked",
    "expire and extend",
    "removed by two",
)
