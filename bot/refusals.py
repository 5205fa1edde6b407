"""Why a use case changed nothing. Named facts; ``bot.cards.answers`` has the sentences.

::

    NotDone
    ├── Refused             the request breaks a rule of the policy
    ├── ConfirmFirst        the actor has to confirm it in Close first
    ├── AlreadyOpen         the pair has an open delegation
    ├── Settled             the delegation has moved on
    ├── Changed             it is not what the actor read when they clicked
    ├── NotYours            the actor has no say in it
    │   ├── AdminsOnly      only those whom the settings name as admins have
    │   └── DeputyNoMore    they answered for somebody, and do no longer
    ├── NotForDeputies      only the grantor can say this, not who answers for them
    ├── NoDeputy            nobody answers for the actor, or the actor for nobody
    ├── NotKnown            there is no such row (any more)
    ├── CoverChanged        a cover is not what the actor read, or is over
    ├── OfferOver           nobody is asked any more who covers for them
    ├── DraftGone           the question that was asked back is answered, or too old
    ├── StrayDecided        the question about a stray is answered
    ├── StandingOver        the standing approval holds no longer
    ├── LeavingChanged      a disconnection would end other things than the actor read
    ├── ConnectFirst        this needs the actor's connection to Close, and there is none
    ├── OtherAccount        the actor is connected with another Close account than this is about
    ├── LapsesBefore        the request lapses before the grantor would be reminded
    ├── RemindedAlready     the grantor was reminded today, because somebody asked for it
    ├── TwoTimes            a form has more than one time in it
    ├── NoTime              a form has none, although it was to be written there
    ├── NoUntil             a deputy was named without a date
    ├── NothingToAnswer     there is no extension to answer (any more)
    ├── NotConnectedYet     the actor has no connection to give up
    ├── AlreadyDecided      an admin has answered, or it is too late to
    ├── ListChanged         what an admin read is not what there is now
    ├── NobodyThere         the groups that were named have no other member
    ├── NothingToEnd        an admin wanted to end what is not there
    └── NoSuchDelegation    there is nothing that the actor could mean
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.times.saying import say_length
from models.delegation import Delegation, State
from models.deputy import Deputy
from models.mark import Beside, Subject
from models.policy import Refusal, Rule
from models.standing import StandingApproval
from models.stray import Stray


class NotDone(Exception):
    """Nothing was changed."""


class Replayed(Exception):
    """This very request has changed something before, and may not do so again.

    Not a NotDone: nobody has to be told anything, for whoever sent it is not a person.
    """


class Refused(NotDone):
    """The request breaks a rule; ``about`` is the Slack id of the person it concerns, and ``rule``
    is the one that it breaks, where that is not the same for everybody."""

    def __init__(
        self, refusal: Refusal, about: str | None = None, rule: Rule | None = None
    ) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.about = about
        self.rule = rule


_BY_RULE = {
    Refusal.TOO_LONG: "for at most {longest}",
    Refusal.PERMANENT: "only with an end, for at most {longest}",
    Refusal.REASON_MISSING: "only with a reason",
    Refusal.STANDING: "only with a yes each time, not by a standing approval",
    Refusal.DEPUTY: "only with a yes of whose name it is, not of a deputy",
}


def said_by_rule(refusal: Refusal, rule: Rule | None) -> str:
    """What a rule of the company says against it, as plain text: "Interns can send as somebody for
    at most 4 hours". Empty where it is the policy's that holds for everybody."""
    if rule is None or rule.is_default or refusal not in _BY_RULE:
        return ""
    limit = _BY_RULE[refusal].format(longest=say_length(rule.max_duration))
    return f"{rule.who_name} can send as {rule.whose_name} {limit}"


class AlreadyOpen(NotDone):
    """This pair has an open delegation already."""

    def __init__(self, delegation: Delegation) -> None:
        super().__init__(delegation.id)
        self.delegation = delegation


class ConfirmFirst(NotDone):
    """It lends the actor's name for so long that they have to confirm it in Close first.
    ``content`` says what is to be confirmed, in JSON."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content["do"])
        self.content = content


class Settled(NotDone):
    """The delegation has moved on, so this cannot be done any more.

    ``state`` is what it is in: by the clock, when nobody has moved the row on yet.
    """

    def __init__(self, delegation: Delegation, state: State | None = None) -> None:
        self.state = state or delegation.state
        super().__init__(self.state.value)
        self.delegation = delegation


class Changed(NotDone):
    """What the actor decided about is not what they read: ``subject`` is how it is now.

    ``beside`` belongs to it as in ``models.mark``. With ``is_unmarked`` nobody knows what they
    read: the button is older than marks are.
    """

    def __init__(
        self, subject: Subject, beside: Beside = None, *, is_unmarked: bool = False
    ) -> None:
        super().__init__(subject.id)
        self.subject = subject
        self.beside = beside
        self.is_unmarked = is_unmarked


class NotYours(NotDone):
    """The actor has no say in this delegation, or not this one."""


class AdminsOnly(NotYours):
    """Only admins may see, or end, what is other people's."""


class DeputyNoMore(NotYours):
    """The actor answered for ``grantor_id``, and does no longer."""

    def __init__(self, grantor_id: str) -> None:
        super().__init__(grantor_id)
        self.grantor_id = grantor_id


class ForGrantors(StrEnum):
    """Why somebody has to answer by themselves."""

    TOO_LATE = "too_late"  # it would end after the deputy's time
    STRONG = "strong"  # it has to be confirmed in Close
    SECOND = "second"  # a rule asks for the deputy's yes after theirs


class NotForDeputies(NotDone):
    """Only the grantor can say this, not the ``deputy`` who answers for them."""

    def __init__(self, why: ForGrantors, deputy: Deputy) -> None:
        super().__init__(why.value)
        self.why = why
        self.deputy = deputy


class NoDeputy(NotDone):
    """Nobody answers for the actor (any more), or the actor for nobody."""


class Thing(StrEnum):
    """What a button can be about."""

    REQUEST = "request"
    PAIRING = "pairing"
    STRAY = "stray"
    STANDING = "standing"
    REVIEW = "review"
    COVER = "cover"
    AFTERMATH = "aftermath"
    DEPUTY = "deputy"


class NotKnown(NotDone):
    """The database has no such row: it was lost, or never there."""

    def __init__(self, thing: Thing) -> None:
        super().__init__(thing.value)
        self.thing = thing


class NoSuchDelegation(NotDone):
    """There is nothing here that the actor could mean."""


class NothingToEnd(NotDone):
    """Nothing of these people is there that an admin could end."""

    def __init__(self, *people: str) -> None:
        super().__init__(*people)
        self.people = people


class LapsesBefore(NotDone):
    """The request lapses before the grantor would be reminded again."""

    def __init__(self, delegation: Delegation) -> None:
        super().__init__(delegation.id)
        self.delegation = delegation


class RemindedAlready(NotDone):
    """The grantor was reminded, or will be, because somebody asked for that on this working day."""

    def __init__(self, delegation: Delegation) -> None:
        super().__init__(delegation.id)
        self.delegation = delegation


class TwoTimes(NotDone):
    """More than one field of a form says for how long."""


class NoTime(NotDone):
    """Something else than the choices of a form was wanted, and nothing else was given."""


class NoUntil(NotDone):
    """A deputy was named without a date."""


class NobodyThere(NotDone):
    """Nobody but the actor is in the groups that they named."""


class NothingToAnswer(NotDone):
    """No extension is asked for, or it was answered already."""


class StrayDecided(NotDone):
    """This association was decided about, or is gone."""

    def __init__(self, stray: Stray) -> None:
        super().__init__(stray.state.value)
        self.stray = stray


class StandingOver(NotDone):
    """This standing approval holds no longer; ``successor`` is the one that took its place."""

    def __init__(self, successor: StandingApproval | None) -> None:
        super().__init__("replaced" if successor else "ended")
        self.successor = successor


class LeavingChanged(NotDone):
    """Disconnecting would end other things now than the actor has read."""


class ConnectFirst(NotDone):
    """The actor has no connection to Close that works, and this needs one."""


class OtherAccount(NotDone):
    """The actor is connected with another Close account than the one that this belongs to."""


class NotConnectedYet(NotDone):
    """The actor is not connected to Close."""


class AlreadyDecided(NotDone):
    """Somebody has answered this, or the time for it is over."""


class ListChanged(NotDone):
    """What the actor wanted to settle is not what they read any more."""


class CoverChanged(NotDone):
    """The cover is not what the actor read, or over."""


class OfferOver(NotDone):
    """The actor is asked no longer who covers for them."""


class DraftGone(NotDone):
    """These buttons were used already, or are too old."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part of a wish for several people: a delegation, or why there is none."""

    person_id: str
    delegation: Delegation | None = None
    problem: NotDone | None = None
