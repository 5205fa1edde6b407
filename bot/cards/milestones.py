"""What a reader has to know about a delegation, and which of it they are notified of.

Slack notifies of a new message and never of an edit. So for what a reader is notified of their card
moves: it is posted anew at the bottom, and the old message goes. Nobody is notified of what they
did themselves; what needs somebody notifies them, and again later.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.card import Audience
from models.delegation import (
    WAITS_FOR_GRANTEE,
    WAITS_FOR_GRANTOR,
    Delegation,
    Event,
    State,
    Trouble,
)

BEGINNING = timedelta(seconds=15)
ACCOUNT = "account"  # to which the right went
ACTIVE = "active:"  # how the key of a right that runs begins,
CONNECT = "connect:"  # of one that waits for somebody to connect,
DEPUTY = "deputy:"  # of what somebody decided in the grantor's place,
EXTENDED = "extended:"  # of more time that a standing approval gave,
WARNED = "warned:"  # of the warning before the end,
WISH = "wish:"  # and of a request to extend
OVER = "over"  # the end has come, and Close has not confirmed it
ENDED = "ended:"  # and of one that is gone, with when: Close may hold it again
NOT_REMOVED = (OVER, CONNECT, "still_there")


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that a reader knows once their card shows it; ``notifies``: the card moves."""

    key: str
    notifies: bool = True


def milestone(delegation: Delegation, audience: Audience) -> Milestone | None:
    """What this reader has to know about the present state, if anything."""
    if _is_told_by_bundle(delegation, audience):
        return Milestone(delegation.state.value, notifies=False)
    if delegation.state is State.REQUESTED and delegation.waits_for_second:
        by_deputy = _by_deputy(delegation) if audience is Audience.GRANTOR else None
        return _second_yes(delegation) or by_deputy
    match audience:
        case Audience.GRANTOR if delegation.ended_with is not None:
            return _among_others(delegation)
        case Audience.GRANTOR:
            return _for_grantor(delegation)
        case Audience.GRANTEE:
            return _for_grantee(delegation)
        case _:
            return _for_requester(delegation)


def news(delegation: Delegation, audience: Audience, told: str | None) -> Milestone | None:
    """What this reader has to know and, when last told ``told``, does not know yet."""
    present, known = milestone(delegation, audience), told or ""
    if present is None or present.key == told:
        return None
    if present.key.startswith(ENDED):
        return _news_of_the_end(present, audience, known)
    match audience:
        case Audience.GRANTOR if present.key.startswith(DEPUTY) and known.startswith(CONNECT):
            return replace(present, notifies=False)  # that said it, and they have connected since
        case Audience.GRANTOR if present.key == ACCOUNT:
            return None if known.startswith((WISH, EXTENDED)) else present
        case Audience.REQUESTER if present.key.startswith(ACTIVE) and known.startswith(ACTIVE):
            return replace(present, notifies=False)  # longer, between the two
        case _:
            return present


def _news_of_the_end(end: Milestone, audience: Audience, known: str) -> Milestone | None:
    if known == State.ENDED.value:
        return None  # as earlier releases noted it
    if known.startswith(ENDED):
        return replace(end, notifies=True)  # Close held it again meanwhile, or still
    if audience is Audience.GRANTOR and known.startswith(NOT_REMOVED):
        return replace(end, notifies=True)  # they wait for it, whoever ended it
    if audience is not Audience.GRANTOR and known == OVER:
        return replace(end, notifies=False)  # for them it was over then
    return end


def begins_until(d: Delegation, audience: Audience) -> datetime | None:
    """Until when a card that was never posted waits for the right to run, as it does within
    moments: nobody who did not ask is notified twice of it. None where there is something to say.
    """
    is_setting_up = d.state is State.APPROVED and d.trouble is None and d.starts_at is None
    unasked = audience is Audience.GRANTEE or d.standing_id is not None
    if is_setting_up and unasked and audience in (Audience.GRANTEE, Audience.GRANTOR):
        return (d.decided_at or d.requested_at) + BEGINNING
    return None


def _is_told_by_bundle(d: Delegation, audience: Audience) -> bool:
    """Whether it is news of all that its reader wished together (bot/projections/together.py)."""
    if d.bundle_id is None or _reader(d, audience) != d.requester_id:
        return False
    is_setting_up = d.state in (State.APPROVED, State.FAILED) and d.is_granted_in_bundle
    return d.state is State.LAPSED or is_setting_up


def _reader(d: Delegation, audience: Audience) -> str:
    readers = {Audience.GRANTOR: d.grantor_id, Audience.GRANTEE: d.grantee_id}
    return readers.get(audience, d.requester_id)


def _among_others(d: Delegation) -> Milestone | None:
    """Its grantor is told once of all that ended together, in another message."""
    return replace(_ended(d, d.grantor_id), notifies=False) if d.state is State.ENDED else None


def _for_grantor(d: Delegation) -> Milestone | None:
    match d.state:
        case State.REQUESTED if d.reminders:
            return Milestone(f"reminder:{d.reminders}")
        case State.APPROVED:
            return _while_approved_for_grantor(d)
        case State.ACTIVE:
            return _while_active_for_grantor(d)
        case State.ENDING:
            return _not_removed(d)
        case State.ENDED if d.is_receipt_due:
            return None  # told together with the receipt, in a moment
        case State.ENDED:
            return _ended(d, d.grantor_id)
        case State.DENIED | State.LAPSED | State.FAILED:
            is_own = d.state is State.DENIED and d.closed_by in (None, d.grantor_id)
            return Milestone(d.state.value, notifies=not is_own)
        case State.CANCELLED if d.end_event is Event.END:
            return Milestone(d.state.value, notifies=d.closed_by != d.grantor_id)
        case _:
            return None


def _while_approved_for_grantor(d: Delegation) -> Milestone | None:
    """Who has just approved has the button before them, if they have to connect."""
    if d.trouble not in WAITS_FOR_GRANTOR:
        return _by_deputy(d)
    has_clicked = d.standing_id is None and d.deputys_word is None
    was_there = has_clicked and d.starts_at is None
    return Milestone(_connect(d), notifies=d.reminders > 0 or not was_there)


def _by_deputy(d: Delegation) -> Milestone | None:
    """That somebody decided in the grantor's place: each time is news to them."""
    word = d.deputys_word
    return None if word is None else Milestone(f"{DEPUTY}{int(word.said_at.timestamp())}")


def _second_yes(d: Delegation) -> Milestone | None:
    """Whether somebody can give it: where nobody can, whoever waits has to do something else."""
    is_stuck = d.trouble is Trouble.NOBODY_TO_SECOND
    return Milestone(Trouble.NOBODY_TO_SECOND.value) if is_stuck else None


def _not_removed(d: Delegation) -> Milestone | None:
    match d.trouble:
        case None:
            return None
        case Trouble.STILL_THERE:
            return Milestone(d.trouble.value)
        case Trouble.NOT_CONNECTED | Trouble.CONNECTION_LOST | Trouble.OTHER_CLOSE_ACCOUNT:
            return Milestone(_connect(d))
        case _:
            return Milestone(OVER)


def _while_active_for_grantor(d: Delegation) -> Milestone | None:
    if d.extension is not None and d.agreed_at is None:
        return Milestone(f"{WISH}{int(d.extension.asked_at.timestamp())}")
    if d.is_extended_by_standing:
        return Milestone(f"{EXTENDED}{_until(d)}")
    if d.deputys_word is not None:
        return _by_deputy(d)
    return Milestone(ACCOUNT) if _is_first_seen(d) else None


def _is_first_seen(d: Delegation) -> bool:
    """Whether the grantor approved a request without having seen the account that it is about.

    Who grants by themselves has the card before them when it names the account.
    """
    was_asked = d.requester_id != d.grantor_id and d.standing_id is None
    return was_asked and d.grantee_account is not None and d.is_account_unseen


def _for_grantee(d: Delegation) -> Milestone | None:
    match d.state:
        case State.APPROVED if d.trouble in WAITS_FOR_GRANTEE:
            return Milestone(_connect(d))  # it is theirs to mend
        case State.ACTIVE if d.extension and not d.is_warned:
            return None
        case State.ACTIVE if d.extension_declined_at is not None:
            return Milestone(f"declined:{int(d.extension_declined_at.timestamp())}")
        case State.ACTIVE if d.is_warned:
            return Milestone(f"{WARNED}{_until(d)}")
        case State.ACTIVE:
            return Milestone(f"{ACTIVE}{_until(d)}", notifies=not d.is_extended_by_standing)
        case _:
            return _how_it_came_out(d, d.grantee_id)


def _for_requester(d: Delegation) -> Milestone | None:
    if d.state is State.ACTIVE:
        return Milestone(f"{ACTIVE}{_until(d)}")
    return _how_it_came_out(d, d.requester_id)


def _how_it_came_out(d: Delegation, reader: str) -> Milestone | None:
    match d.state:
        case State.ENDING if d.trouble is Trouble.STILL_THERE:
            return Milestone(d.trouble.value)
        case State.ENDING if d.trouble is not None:
            return Milestone(OVER, notifies=d.closed_by != reader)
        case State.ENDED:
            return _ended(d, reader)
        case State.CANCELLED:
            return Milestone(d.state.value, notifies=d.closed_by != reader)
        case State.FAILED | State.DENIED | State.LAPSED:
            return Milestone(d.state.value)
        case _:
            return None


def _ended(d: Delegation, reader: str) -> Milestone:
    when = int(d.ended_at.timestamp()) if d.ended_at else ""
    return Milestone(f"{ENDED}{when}", notifies=d.closed_by != reader)


def _connect(d: Delegation) -> str:
    return f"{CONNECT}{d.reminders}"


def _until(d: Delegation) -> str:
    return str(int(d.ends_at.timestamp())) if d.ends_at else "revoked"
