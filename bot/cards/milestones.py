"""What a reader is told about by a message of its own, and which of them carries the card along."""

from dataclasses import dataclass

from models.card import Audience
from models.delegation import WAITS_FOR_GRANTEE, Delegation, State, Trouble

ACCOUNT = "account"  # to which the right went
WISH = "wish:"  # how the key of an asked-for extension begins,
EXTENDED = "extended:"  # of one that a standing approval gave,
WARNED = "warned:"  # and of the warning before the end


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something a reader gets a message of its own about, since a changed card notifies nobody.

    ``moves_card``: the message is the card itself, with its buttons; the old one loses them.
    """

    key: str
    moves_card: bool = False


def milestone(delegation: Delegation, audience: Audience) -> Milestone | None:
    """What this reader has to be told about the present state, if anything."""
    if audience is Audience.GRANTOR:
        return _for_grantor(delegation)
    return _for_others(delegation, is_grantee=audience is Audience.GRANTEE)


def news(delegation: Delegation, audience: Audience, told: str | None) -> Milestone | None:
    """What this reader has to be told and, when last told ``told``, does not know yet."""
    present = milestone(delegation, audience)
    if present is None or present.key == told:
        return None
    is_past = present.key == ACCOUNT and (told or "").startswith((WISH, EXTENDED))
    return None if is_past else present


def _for_grantor(d: Delegation) -> Milestone | None:
    match d.state:
        case State.REQUESTED if d.reminders:
            return Milestone(f"reminder:{d.reminders}", moves_card=True)
        case State.ACTIVE:
            return _while_active_for_grantor(d)
        case State.ENDED if d.is_receipt_due:
            return None  # told together with the receipt, in a moment
        case State.CANCELLED if d.closed_by != d.grantor_id:
            return Milestone(d.state.value)
        case State.ENDED | State.FAILED:
            return Milestone(d.state.value)
        case State.ENDING if d.trouble is Trouble.STILL_THERE:
            return Milestone("still_there")
        case State.ENDING if d.trouble in (
            Trouble.NOT_CONNECTED,
            Trouble.CONNECTION_LOST,
            Trouble.OTHER_CLOSE_ACCOUNT,
        ):
            return Milestone("not_removed", moves_card=True)
        case _:
            return None


def _while_active_for_grantor(d: Delegation) -> Milestone | None:
    if d.extension is not None:
        return Milestone(f"{WISH}{int(d.extension.asked_at.timestamp())}", moves_card=True)
    if d.is_extended_by_standing:
        return Milestone(f"{EXTENDED}{_until(d)}", moves_card=True)
    return Milestone(ACCOUNT, moves_card=True) if _is_first_seen(d) else None


def _is_first_seen(d: Delegation) -> bool:
    """Whether the grantor approved a request without having seen the account that it is about.

    Who grants by themselves has the card before them when it names the account.
    """
    was_asked = d.requester_id != d.grantor_id and d.standing_id is None
    return was_asked and d.grantee_account is not None and d.is_account_unseen


def _for_others(d: Delegation, *, is_grantee: bool) -> Milestone | None:
    match d.state:
        case State.APPROVED if is_grantee and d.trouble in WAITS_FOR_GRANTEE:
            return Milestone("connect", moves_card=True)  # it is theirs to mend
        case State.ACTIVE if is_grantee and d.extension and not d.is_warned:
            return None
        case State.ACTIVE if is_grantee and d.extension_declined_at is not None:
            return Milestone(f"declined:{int(d.extension_declined_at.timestamp())}")
        case State.ACTIVE if is_grantee and d.is_warned:
            return Milestone(f"{WARNED}{_until(d)}", moves_card=True)
        case State.ACTIVE:
            return Milestone(f"active:{_until(d)}")
        case State.ENDING if d.trouble is Trouble.STILL_THERE:
            return Milestone("still_there")
        case State.CANCELLED if d.closed_by != (d.grantee_id if is_grantee else d.requester_id):
            return Milestone(d.state.value)
        case State.ENDED | State.FAILED | State.DENIED | State.LAPSED:
            return Milestone(d.state.value)
        case _:
            return None


def _until(d: Delegation) -> str:
    return str(int(d.ends_at.timestamp())) if d.ends_at else "revoked"
