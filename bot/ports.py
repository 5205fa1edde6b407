"""What the bot asks of the outside: the shapes of Close's answers and of people in Slack.

The use cases and the worker know only these names; ``bot.close`` and ``bot.cards`` implement them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

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


class Now(Protocol):
    """The present moment as an aware UTC datetime; the only source of time in the bot."""

    def __call__(self) -> datetime: ...


class Close(Protocol):
    """Close's REST API, acting as the owner of ``credential``; raises ``bot.close.errors``."""

    async def me(self, credential: Credential) -> CloseUser: ...

    async def users(self, credential: Credential) -> Sequence[CloseUser]: ...

    async def sending_accounts(
        self, credential: Credential, user_id: str
    ) -> Sequence[SendingAccount]: ...

    async def associations(
        self,
        credential: Credential,
        *,
        allowing_user_id: str | None = None,
        allowed_user_id: str | None = None,
        urgent: bool = False,
    ) -> Sequence[Association]: ...

    async def association(
        self, credential: Credential, association_id: str, *, urgent: bool = False
    ) -> Association: ...

    async def create_association(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> Association: ...

    async def delete_association(self, credential: Credential, association_id: str) -> None: ...

    async def delete_association_of(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> None: ...

    async def change_associations(
        self, credential: Credential, *, allow: Sequence[str], disallow: Sequence[str]
    ) -> Sequence[Association]: ...

    async def sent_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]: ...

    async def waiting_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]: ...


class CloseOAuth(Protocol):
    """Close's authorization-code flow; raises ``bot.close.errors``."""

    def authorize_url(self, state: str) -> str: ...

    async def exchange(self, code: str) -> TokenAnswer: ...

    async def refresh(self, refresh_token: str) -> TokenAnswer: ...

    async def revoke(self, refresh_token: str) -> None: ...


class Directory(Protocol):
    """Who somebody in Slack is; answers from a short-lived cache or from Slack."""

    async def person(self, user_id: str) -> Person | None: ...

    async def members(self, group_id: str) -> Sequence[str]: ...

    def learn(self, person: Person) -> None: ...


class AddressBook(Protocol):
    """Who has an e-mail address in Slack."""

    async def by_email(self, email: str) -> Person | None: ...
