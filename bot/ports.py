"""What the bot asks of the outside: the shapes of Close's answers and of people in Slack.

The use cases and the worker know only these names; ``bot.close`` and ``bot.slack`` implement them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from models.person import Person


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves to Close who is calling; its secret never appears in a repr or a log.

    ``connection_id`` stays the same when the secret is renewed; it and the Close organization are
    empty while somebody is connecting.
    """

    secret: str = field(repr=False)
    is_api_key: bool = False
    connection_id: str = ""
    organization_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """One answer of Close's token endpoint (close.md §2.2); ``expires_in`` is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    user_id: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class Association:
    """Close's Send As object: ``allowed_user_id`` may send as ``allowing_user_id``."""

    id: str
    organization_id: str
    allowing_user_id: str
    allowed_user_id: str


@dataclass(frozen=True, slots=True)
class CloseUser:
    """A Close account as ``/me/`` or ``/user/`` shows it."""

    id: str
    email: str
    name: str
    organization_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Memberships:
    """The Close users of an organization, by their ids: those who belong to it, and those who were
    removed."""

    active: frozenset[str]
    inactive: frozenset[str]


@dataclass(frozen=True, slots=True)
class SendingAccount:
    """A connected account of type google, microsoft or custom_email, and its addresses."""

    id: str
    user_id: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentEmail:
    """An email that left Close, or ``is_waiting``; ``send_as_id`` names the association, if any.

    ``date`` is when it was sent, or when it is scheduled for. It is one of a bulk email where there
    is a ``bulk_id``, and a sequence sent it where there is a ``subscription_id``.
    """

    id: str
    send_as_id: str | None
    user_id: str | None
    date: datetime
    subject: str
    recipients: tuple[str, ...]
    bulk_id: str | None = None
    subscription_id: str | None = None
    sequence_id: str | None = None
    is_waiting: bool = False


@dataclass(frozen=True, slots=True)
class CloseSequence:
    """A sequence of emails, as people call it."""

    id: str
    name: str
    active: int | None = None  # contacts who get more email from it, where Close says that


@dataclass(frozen=True, slots=True)
class Subscription:
    """One contact in a sequence, who put it there, and the account that it sends from."""

    id: str
    is_active: bool
    sender_account_id: str | None
    created_by: str | None


@dataclass(frozen=True, slots=True)
class BulkAction:
    """What somebody did to many leads at once: ``action`` is Close's word for what it did about a
    sequence, or ``email`` for a bulk email.

    ``is_under_way``: Close is still at it.
    """

    id: str
    action: str
    sequence_id: str | None
    sender_account_id: str | None
    created_by: str | None
    date: datetime | None
    leads: int | None
    is_under_way: bool


class OutsideError(Exception):
    """Base of what Close and Slack can do to a step: foreseen, noted, and tried again.

    ``wait`` is how long the other side asked us to wait, when it named a time.
    """

    wait: timedelta | None = None


class NoAnswer(OutsideError):
    """The other side could not be reached at all: nothing is known of what it would have said."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What Slack last said about an id: the person, or None for nobody."""

    person: Person | None


class Now(Protocol):
    """The present moment as an aware UTC datetime; the only source of time in the bot."""

    def __call__(self) -> datetime:
        """Aware and in UTC; a test or the sandbox may put it ahead of the real time."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A bulk action as it is told: its ``action``, and what the sequence is called."""

    action: str
    date: datetime
    leads: int
    sequence: str


Turn = Callable[[], Awaitable[None]]  # asked before each call of many; raises when it may not be


async def at_once() -> None:
    """A turn that nobody has to wait for."""


class Close(Protocol):
    """Close's REST API, acting as the owner of ``credential``; raises ``bot.close.errors``."""

    async def me(self, credential: Credential) -> CloseUser:
        """The owner of ``credential``, with every organization that they belong to."""

    async def users(self, credential: Credential) -> Sequence[CloseUser]:
        """All members of the owner's organization, from every page."""

    async def memberships(self, credential: Credential, organization_id: str) -> Memberships | None:
        """Who belongs to the organization, and who no longer does; None where the owner may not
        see that (close.md §4)."""

    async def sending_accounts(
        self, credential: Credential, user_id: str
    ) -> Sequence[SendingAccount]:
        """The accounts of ``user_id`` that email can leave through (close.md §4)."""

    async def associations(
        self,
        credential: Credential,
        *,
        allowing_user_id: str | None = None,
        allowed_user_id: str | None = None,
        urgent: bool = False,
    ) -> Sequence[Association]:
        """All that match both filters; one of them has to be the owner (close.md §3).

        ``urgent`` calls, here and below, are part of a revocation: they go before others when
        Close limits the rate.
        """

    async def association(
        self, credential: Credential, association_id: str, *, urgent: bool = False
    ) -> Association:
        """The one with this id; raises ``NotFound`` when it is gone."""

    async def create_association(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> Association:
        """Create it. ``OutcomeUnclear`` means that it may exist: read it back before a next try."""

    async def delete_association(self, credential: Credential, association_id: str) -> None:
        """Delete by id, urgently; returns only when Close confirmed it.

        ``NotFound`` is no confirmation, and ``OutcomeUnclear`` neither: look what is there.
        """

    async def change_associations(
        self, credential: Credential, *, allow: Sequence[str], disallow: Sequence[str]
    ) -> Sequence[Association]:
        """Allow and disallow several Close users at once; the answer is all that is allowed now.

        Whether Close does all or nothing is unknown (close.md §3): compare with what was asked.
        """

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What ``user_id`` wrote between two aware moments and Close has sent, or has yet to send,
        in no order."""

    async def sequences(
        self, credential: Credential, *, turn: Turn = at_once
    ) -> Sequence[CloseSequence]:
        """Every sequence of the owner's organization. Here and below each page is a ``turn``."""

    async def sequence(self, credential: Credential, sequence_id: str) -> CloseSequence:
        """One sequence; this is where Close documents how many are active in it."""

    async def subscriptions(
        self,
        credential: Credential,
        sequence_id: str,
        *,
        most: int | None = None,
        turn: Turn = at_once,
    ) -> Sequence[Subscription]:
        """Who is in a sequence, as far as the owner sees it (news.md §2.2); pages are read until
        there are ``most`` active ones."""

    async def enrolments(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """What was done to many about sequences, as far as the owner sees it, in no order.

        Close cannot filter: all since then, and as many of those before as one page has.
        """

    async def bulk_emails(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """The same for email to many at once."""

    async def pause_subscription(self, credential: Credential, subscription_id: str) -> None:
        """Send nothing more by it; returns once Close says so. To do it again changes nothing."""

    async def pause_bulk_action(self, credential: Credential, action_id: str) -> None:
        """The same for what Close is still at; whether it can be paused is unknown."""

    async def to_draft(self, credential: Credential, email_id: str) -> None:
        """Take back what waits to be sent: it is a draft again once this returns."""

    async def may_workflows_send(self, credential: Credential) -> bool | None:
        """Whether Workflows may send email in the owner's name; None where Close does not say."""


class CloseOAuth(Protocol):
    """Close's authorization-code flow; raises ``bot.close.errors``."""

    def authorize_url(self, state: str) -> str:
        """Close's consent page; it sends the browser back with ``state`` and a code."""

    async def exchange(self, code: str) -> TokenAnswer:
        """Tokens for a code, which works once (close.md §2.2)."""

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """New tokens for old: the old refresh token dies as soon as Close answers.

        Raises ``ReconnectNeeded`` when the grant is gone, and ``OutcomeUnclear`` when the answer
        was lost and the old token may be dead.
        """

    async def revoke(self, refresh_token: str) -> None:
        """End the grant; one that Close no longer knows is a success."""


class Directory(Protocol):
    """Who somebody in Slack is; answers from a short-lived cache or from Slack."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """None when the workspace does not know the id; raises ``SlackRetryLater``.

        ``afresh`` asks Slack whatever is kept, and takes its time: nobody waits for that answer.
        """

    def known(self, user_id: str) -> Sighting | None:
        """What Slack said within the last minutes; None when it was not asked. Never waits."""

    async def members(self, group_id: str) -> Sequence[str]:
        """The ids of a user group's members, asked afresh; raises ``SlackRetryLater`` and
        ``SlackRefused``."""

    def known_members(self, group_id: str) -> frozenset[str] | None:
        """Who is in a user group, as Slack said within the last minutes; None when it was not
        asked, or did not say. Never waits."""

    async def learn(self, user: Mapping[str, Any]) -> Person:
        """Take over a user object that Slack has just sent, in place of what was kept.

        Raises ``SlackRetryLater`` when it takes more of Slack to understand it.
        """


class AddressBook(Protocol):
    """Who has an e-mail address in Slack."""

    async def by_email(self, email: str) -> Person | None:
        """None when nobody has it; raises ``SlackRetryLater`` when Slack cannot say."""
