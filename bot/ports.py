"""What the bot asks of the outside: the shapes of Close's answers and of people in Slack.

The use cases and the worker know only these names; ``bot.close`` and ``bot.slack`` implement them.
"""

from collections.abc import Mapping, Sequence
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
    """An email that left Close, or is about to; ``send_as_id`` names the association, if any.

    ``date`` is when it was sent, or when it is scheduled for.
    """

    id: str
    send_as_id: str | None
    user_id: str | None
    date: datetime
    subject: str
    recipients: tuple[str, ...]


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

    async def sent_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What ``user_id`` sent between two aware moments, in no order."""

    async def waiting_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What they wrote between the two and Close has yet to send; ``date`` is when it will."""


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
