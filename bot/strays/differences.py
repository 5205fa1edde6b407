"""What Close holds for one grantor against what the bot knows. Pure: rows in, differences out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ports import Association
from models.delegation import Delegation, State
from models.stray import Stray, StrayState

# So long after its end an association without a known id can still be a create of ours whose
# answer was lost: a few times the wait after which "gone" counts (steps/moves.py, SETTLE). Later
# it is more likely to have been made by hand, so its grantor is asked.
LATE_CREATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Differences:
    """What does not fit.

    - ``gone``: active here, and not in Close.
    - ``back``: ended here, and still or again in Close.
    - ``unknown``: in Close, and never made here; also one that had vanished and is there again.
    - ``refused``: the grantor had it removed, and it is there all the same.
    - ``vanished``: the grantor was asked about it, and it is no longer there.
    - ``fitting`` is the number of associations that both sides know.
    """

    gone: Sequence[Delegation]
    back: Sequence[tuple[Delegation, Association]]
    unknown: Sequence[Association]
    refused: Sequence[Stray]
    vanished: Sequence[Stray]
    fitting: int

    def numbers(self) -> dict[str, int]:
        """How many of each, for the answer to ``/sendas check``."""
        lists = {
            "gone": self.gone,
            "back": self.back,
            "unknown": self.unknown,
            "refused": self.refused,
        }
        return {"fitting": self.fitting} | {name: len(rows) for name, rows in lists.items()}


def differences(
    held: Sequence[Association],
    delegations: Sequence[Delegation],
    strays: Sequence[Stray],
    *,
    now: datetime,
) -> Differences:
    """Compare. All three have to belong to one Close account of one grantor.

    An association of a pair with an open delegation is that delegation's business: a create is
    written down before Close is asked, so its row is there before the association can be.
    """
    held_ids = {each.id for each in held}
    open_pairs = {each.grantee_close_id for each in delegations if each.is_open}
    known_strays = {each.association_id: each for each in strays}
    back: list[tuple[Delegation, Association]] = []
    unknown: list[Association] = []
    fitting = 0
    for association in held:
        ended = _ended(association, delegations, now)
        if association.allowed_user_id in open_pairs:
            fitting += 1
        elif ended is not None:
            back.append((ended, association))
        else:
            stray = known_strays.get(association.id)
            if stray is None or stray.state is StrayState.VANISHED:
                unknown.append(association)
            elif stray.state is not StrayState.REMOVED:
                fitting += 1
    return Differences(
        gone=[each for each in delegations if _is_gone(each, held_ids)],
        back=back,
        unknown=unknown,
        refused=[
            each for each in _in(strays, StrayState.REMOVED) if each.association_id in held_ids
        ],
        vanished=[
            each
            for each in _in(strays, StrayState.FOUND, StrayState.KEPT)
            if each.association_id not in held_ids
        ],
        fitting=fitting,
    )


def _is_gone(delegation: Delegation, held_ids: set[str]) -> bool:
    return delegation.state is State.ACTIVE and delegation.association_id not in held_ids


def _ended(
    association: Association, delegations: Iterable[Delegation], now: datetime
) -> Delegation | None:
    """The ended delegation that this association was made for."""
    ended = [each for each in delegations if each.state is State.ENDED]
    for each in ended:
        if each.association_id == association.id:
            return each
    for each in ended:
        if each.grantee_close_id == association.allowed_user_id and _may_be_late(each, now):
            return each
    return None


def _may_be_late(delegation: Delegation, now: datetime) -> bool:
    return (
        delegation.is_unclear
        and delegation.association_id is None
        and delegation.ended_at is not None
        and now - delegation.ended_at < LATE_CREATE
    )


def _in(strays: Iterable[Stray], *states: StrayState) -> Iterable[Stray]:
    return (each for each in strays if each.state in states)
