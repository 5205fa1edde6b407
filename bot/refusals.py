"""Why a use case changed nothing. Named facts; ``bot.cards.answers`` has the sentences.

::

    NotDone
    ├── Refused             the request breaks a rule of the policy
    ├── AlreadyOpen         the pair has an open delegation
    ├── Settled             the delegation has moved on
    ├── NotYours            the actor has no say in it
    ├── NothingToAnswer     there is no extension to answer (any more)
    └── NoSuchDelegation    there is nothing that the actor could mean
"""

from models.delegation import Delegation
from models.policy import Refusal


class NotDone(Exception):
    """Nothing was changed."""


class Refused(NotDone):
    """The request breaks a rule; ``about`` is the Slack id of the person it concerns."""

    def __init__(self, refusal: Refusal, about: str | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.about = about


class AlreadyOpen(NotDone):
    """This pair has an open delegation already."""

    def __init__(self, delegation: Delegation) -> None:
        super().__init__(delegation.id)
        self.delegation = delegation


class Settled(NotDone):
    """The delegation has moved on, so this cannot be done any more."""

    def __init__(self, delegation: Delegation) -> None:
        super().__init__(delegation.state.value)
        self.delegation = delegation


class NotYours(NotDone):
    """The actor has no say in this delegation, or not this one."""


class NoSuchDelegation(NotDone):
    """There is nothing here that the actor could mean."""


class NothingToAnswer(NotDone):
    """No extension is asked for, or it was answered already."""
