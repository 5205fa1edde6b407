"""What Close holds for one grantor against what the bot knows. Pure: rows in, differences out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.ports import Association
from models.delegation import Delegation, State
from models.stray import Stray, StrayState

# So long after its end an association without a known id can still be a create of ours that was
# not answered, against all likelihood (steps/attempts.py, ARRIVES_WITHIN). Later it is more likely
# to have been made by hand, so its grantor is asked.
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
    - ``held`` is all that Close shows.
    - ``is_early``: something is too new for what Close shows of it to count.
    """

    gone: Sequence[Delegation]
    back: Sequence[tuple[Delegation, Association]]
    unknown: Sequence[Association]
    refused: Sequence[Stray]
    vanished: Sequence[Stray]
    fitting: int
    held: Sequence[Association] = ()
    is_early: bool = False

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
    """Compare. All three have to belong to one Close account of one grantor."""
    held_ids = {each.id for each in held}
    known_strays = {each.association_id: each for each in strays}
    back: list[tuple[Delegation, Association]] = []
    unknown: list[Association] = []
    fitting = 0
    for association in held:
        owner, stray = _owner(association, delegations, now), known_strays.get(association.id)
        if owner is not None and owner.is_open:
            fitting += 1
        elif owner is not None:
            back.append((owner, association))
        elif stray is None or stray.state is StrayState.VANISHED:
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
        held=held,
    )


def counting(found: Differences, settled: datetime) -> Differences:
    """Without what is so new that Close's reads may not know of it: whatever it does not show, or
    still shows, counts only of what happened before ``settled``."""

    def is_old(moment: datetime | None) -> bool:
        return moment is None or moment <= settled

    counted = replace(
        found,
        gone=[each for each in found.gone if is_old(each.attempted_at)],
        back=[each for each in found.back if is_old(each[0].ended_at)],
        refused=[each for each in found.refused if is_old(each.decided_at)],
        vanished=[each for each in found.vanished if is_old(each.found_at)],
    )
    return replace(counted, is_early=counted != found)


def _is_gone(delegation: Delegation, held_ids: set[str]) -> bool:
    return delegation.state is State.ACTIVE and delegation.association_id not in held_ids


def _owner(
    association: Association, delegations: Iterable[Delegation], now: datetime
) -> Delegation | None:
    """The delegation that this association was made for: the one that knows its id, or else one of
    the pair of which a create was not answered. A create is written down before Close is asked, so
    its row is there before the association can be."""
    rows = sorted(delegations, key=lambda each: not each.is_open)
    for each in rows:
        if each.is_known(association.id):
            return each
    for each in rows:
        is_pair = each.grantee_close_id == association.allowed_user_id
        if is_pair and each.is_unanswered and (each.is_open or _may_be_late(each, now)):
            return each
    return None


def _may_be_late(delegation: Delegation, now: datetime) -> bool:
    ended_at = delegation.ended_at
    return ended_at is not None and now - ended_at < LATE_CREATE


def _in(strays: Iterable[Stray], *states: StrayState) -> Iterable[Stray]:
    return (each for each in strays if each.state in states)
