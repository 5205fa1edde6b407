"""A Close that is a value: what it holds, what it shows, what may still arrive; and its answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.close.errors import (
    CloseProblem,
    NotFound,
    OutcomeUnclear,
    RefusedByClose,
    RetryLater,
    Unauthorized,
)
from bot.delegations.steps.attempts import ARRIVES_WITHIN
from bot.delegations.steps.moves import SETTLE
from bot.ports import Association
from tests.explore.effects import Effect, Kind

ORGANIZATION = "orga_1"
BY_HAND = "by hand"


class Answer(StrEnum):
    """How Close answers a call. All but the first are faults."""

    DONE = "done"
    REFUSED = "refused"
    BUSY = "busy"  # it did nothing, and says so
    LOST_BEFORE = "lost before it acted"
    LOST_AFTER = "lost after it acted"
    LATE = "late"  # no answer, and it acts within the minute
    BEHIND = "behind"  # a read shows what was there before the last write


CHANGES = (Answer.REFUSED, Answer.BUSY, Answer.LOST_BEFORE, Answer.LOST_AFTER, Answer.LATE)


@dataclass(frozen=True, slots=True)
class Held:
    """An association; ``maker`` is the delegation it was created for, or :data:`BY_HAND`."""

    association: Association
    maker: str


@dataclass(frozen=True, slots=True)
class Late:
    """A call that was not answered and may act until then; ``makers`` are as for its answer."""

    effect_name: str
    ask: Any
    makers: tuple[tuple[str, str], ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Close:
    """All of Close. With ``has_twins`` it makes a second association of a pair when asked to.

    Reads may show ``before`` until ``behind_until``. ``dead`` are those whose credential it no
    longer takes.
    """

    held: tuple[Held, ...] = ()
    made: int = 0
    before: tuple[Held, ...] = ()
    behind_until: datetime | None = None
    late: tuple[Late, ...] = ()
    dead: frozenset[str] = frozenset()
    has_twins: bool = False

    def changed(self, held: tuple[Held, ...], now: datetime, made: int = 0) -> "Close":
        """The same with this in it, which its reads may not show yet."""
        if held == self.held:
            return self
        until = now + SETTLE
        return replace(self, held=held, before=self.held, behind_until=until, made=self.made + made)

    def create(self, pair: tuple[str, str], maker: str, now: datetime) -> tuple["Close", Held]:
        """With one more; raises RefusedByClose where it refuses a second one."""
        if not self.has_twins and any(_pair(each) == pair for each in self.held):
            raise RefusedByClose(CloseProblem.EXISTS, status=400)
        new = Held(Association(f"sdas_{self.made + 1}", ORGANIZATION, *pair), maker)
        return self.changed((*self.held, new), now, made=1), new

    def without(self, ids: Sequence[str], now: datetime) -> "Close":
        """Without these."""
        left = tuple(each for each in self.held if each.association.id not in ids)
        return self.changed(left, now)

    def is_behind(self, now: datetime) -> bool:
        """Whether a read may show what was there before."""
        return self.behind_until is not None and now < self.behind_until


def _pair(held: Held) -> tuple[str, str]:
    return held.association.allowing_user_id, held.association.allowed_user_id


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: Close afterwards, what is answered, and what it took away."""

    close: Close
    value: Any = None
    error: Exception | None = None
    deleted: tuple[Held, ...] = ()


def answers(close: Close, effect: Effect, now: datetime, *, is_fault: bool) -> Iterator[Answer]:
    """All ways in which it can answer; faults only where one ``is_fault`` more is allowed."""
    yield Answer.DONE
    if not is_fault or effect.ask[0] in close.dead:
        return
    if effect.kind is Kind.CHANGE:
        yield from CHANGES
        return
    yield Answer.BUSY
    if close.is_behind(now) and effect.name != "me":
        yield Answer.BEHIND


def reply(
    close: Close,
    effect: Effect,
    answer: Answer,
    now: datetime,
    makers: tuple[tuple[str, str], ...],
) -> Reply:
    """Close answers so; ``makers`` names the delegation for each grantee."""
    if effect.ask[0] in close.dead:
        return Reply(close, error=Unauthorized(CloseProblem.UNAUTHORIZED, status=401))
    if answer is Answer.BUSY:
        return Reply(close, error=RetryLater(CloseProblem.UNAVAILABLE, status=503))
    if effect.kind is Kind.LOOK:
        shown = close.before if answer is Answer.BEHIND else close.held
        return _looked(close, effect, shown)
    return _changed(close, effect, answer, now, makers)


def _looked(close: Close, effect: Effect, shown: Sequence[Held]) -> Reply:
    if effect.name == "me":
        return Reply(close)
    there = [each.association for each in shown]
    if effect.name == "one":
        _, wanted = effect.ask
        found = [each for each in there if each.id == wanted]
        if not found:
            return Reply(close, error=NotFound(CloseProblem.NOT_FOUND, status=404))
        return Reply(close, found[0])
    _, allowing, allowed = effect.ask
    return Reply(
        close,
        tuple(
            each
            for each in there
            if allowing in (None, each.allowing_user_id) and allowed in (None, each.allowed_user_id)
        ),
    )


def _changed(
    close: Close,
    effect: Effect,
    answer: Answer,
    now: datetime,
    makers: tuple[tuple[str, str], ...],
) -> Reply:
    lost = OutcomeUnclear(CloseProblem.TIMED_OUT)
    if answer is Answer.REFUSED:
        return Reply(close, error=RefusedByClose(CloseProblem.FORBIDDEN, status=403))
    if answer is Answer.LOST_BEFORE:
        return Reply(close, error=lost)
    if answer is Answer.LATE:
        late = Late(effect.name, effect.ask, makers, now + ARRIVES_WITHIN)
        return Reply(replace(close, late=(*close.late, late)), error=lost)
    done = act(close, effect.name, effect.ask, now, makers)
    if answer is Answer.LOST_AFTER:
        return replace(done, value=None, error=lost)
    return done


def act(
    close: Close, name: str, ask: Any, now: datetime, makers: tuple[tuple[str, str], ...]
) -> Reply:
    """Close does what it was asked for."""
    if name == "create":
        return _created(close, (ask[1], ask[2]), dict(makers), now)
    if name == "delete":
        gone = tuple(each for each in close.held if each.association.id == ask[1])
        if not gone:
            return Reply(close, error=NotFound(CloseProblem.NOT_FOUND, status=404))
        return Reply(close.without([ask[1]], now), deleted=gone)
    caller, allow, disallow = ask
    gone = tuple(each for each in close.held if _pair(each) in {(caller, who) for who in disallow})
    after = close.without([each.association.id for each in gone], now)
    for who in allow:
        if all(_pair(each) != (caller, who) for each in after.held):
            after, _ = after.create((caller, who), dict(makers).get(who, ""), now)
    left = tuple(each.association for each in after.held if _pair(each)[0] == caller)
    if after is not close and gone and allow:
        after = replace(after, before=close.held)
    return Reply(after, left, deleted=gone)


def _created(close: Close, pair: tuple[str, str], makers: dict[str, str], now: datetime) -> Reply:
    try:
        after, new = close.create(pair, makers.get(pair[1], ""), now)
    except RefusedByClose as error:
        return Reply(close, error=error)
    return Reply(after, new.association)
