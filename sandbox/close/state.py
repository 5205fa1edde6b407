"""What the sandbox Close holds: members, associations, connected accounts, grants, sent email."""

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.close.unknowns import Unknowns
from sandbox.people import ORGANIZATION_ID, SandboxPerson, close_id

CODE_LIFE = timedelta(seconds=60)
_BASE62 = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 22) -> str:
    """Return a fresh id in Close's shape."""
    return f"{prefix}_" + "".join(secrets.choice(_BASE62) for _ in range(length))


@dataclass(frozen=True, slots=True)
class HeldAssociation:
    """A Send As association."""

    id: str
    organization_id: str
    allowing_user_id: str
    allowed_user_id: str

    def shown(self) -> dict[str, str]:
        """Return the four fields that Close shows."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """A connected account."""

    id: str
    type: str
    user_id: str
    name: str
    addresses: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it."""
        return {
            "id": self.id,
            "_type": self.type,
            "user_id": self.user_id,
            "organization_id": ORGANIZATION_ID,
            "identities": [{"email": each, "name": self.name} for each in self.addresses],
            "send_status": "ok",
        }


@dataclass(frozen=True, slots=True)
class HeldEmail:
    """An email activity."""

    id: str
    user_id: str
    send_as_id: str | None
    date: datetime
    subject: str
    to: tuple[str, ...]
    scheduled_for: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it."""
        scheduled_for = self.scheduled_for
        return {
            "id": self.id,
            "_type": "Email",
            "organization_id": ORGANIZATION_ID,
            "user_id": self.user_id,
            "send_as_id": self.send_as_id,
            "date_created": self.date.isoformat(),
            "date_sent": None if scheduled_for else self.date.isoformat(),
            "date_scheduled": scheduled_for.isoformat() if scheduled_for else None,
            "direction": "outgoing",
            "status": "scheduled" if scheduled_for else "sent",
            "subject": self.subject,
            "to": list(self.to),
            "cc": [],
            "bcc": [],
        }


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A request that Close received; ``caller`` is a Close user id when the credential was good."""

    method: str
    path: str
    query: str
    status: int | None
    caller: str | None
    when: datetime


@dataclass(slots=True)
class Grant:
    """What a person allowed an application: one living refresh token, some access tokens."""

    user_id: str
    refresh_token: str
    old_refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: dict[str, datetime] = field(default_factory=dict)
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code on its way."""

    user_id: str
    redirect_uri: str
    expires_at: datetime


class CloseState:
    """One organization; plain data and the rules that hold between them, no HTTP."""

    def __init__(
        self, people: Iterable[SandboxPerson], unknowns: Unknowns, now: Callable[[], datetime]
    ) -> None:
        self.now = now
        self.unknowns = unknowns
        self.members = {each.close_user_id: each for each in people if each.close_user_id}
        self.inactive = {key for key, each in self.members.items() if each.deleted}
        self.associations: list[HeldAssociation] = []
        self.emails: list[HeldEmail] = []
        self.accounts = [_google_account(each) for each in self.members.values()]
        self.grants: list[Grant] = []
        self.codes: dict[str, Code] = {}
        self.api_keys: dict[str, str] = {}
        self.expires_in = timedelta(hours=1)
        self.page_limit = 100
        self.read_lag = timedelta()
        self.added: dict[str, datetime] = {}  # when each association came, by its id
        self.dropped: list[tuple[datetime, HeldAssociation]] = []  # and when which one went

    def active(self, user_id: str) -> bool:
        """Return whether the user is a member and was not removed."""
        return user_id in self.members and user_id not in self.inactive

    def active_members(self) -> list[SandboxPerson]:
        """Return everybody who was not removed."""
        return [person for key, person in self.members.items() if self.active(key)]

    def find(self, allowing_user_id: str, allowed_user_id: str) -> HeldAssociation | None:
        """Return the first association of the pair."""
        pair = (allowing_user_id, allowed_user_id)
        return next(
            (
                each
                for each in self.associations
                if (each.allowing_user_id, each.allowed_user_id) == pair
            ),
            None,
        )

    def add(self, allowing_user_id: str, allowed_user_id: str) -> HeldAssociation:
        """Add an association, without looking whether there is one."""
        added = HeldAssociation(new_id("sdas"), ORGANIZATION_ID, allowing_user_id, allowed_user_id)
        self.associations.append(added)
        self.added[added.id] = self.now()
        return added

    def drop(self, association: HeldAssociation) -> None:
        """Remove this one."""
        self.associations.remove(association)
        self.dropped.append((self.now(), association))

    def readable(self) -> list[HeldAssociation]:
        """Return what reads show: the associations as they were ``read_lag`` ago."""
        seen = self.now() - self.read_lag
        held = [*self.associations, *(each for when, each in self.dropped if when > seen)]
        return [each for each in held if self.added.get(each.id, seen) <= seen]

    def drop_pair(self, allowing_user_id: str, allowed_user_id: str) -> bool:
        """Remove every association of the pair; tell whether there was one."""
        pair = (allowing_user_id, allowed_user_id)
        found = [
            each
            for each in self.associations
            if (each.allowing_user_id, each.allowed_user_id) == pair
        ]
        for each in found:
            self.drop(each)
        return bool(found)

    def caller_of_token(self, token: str) -> str | None:
        """Return whose access token this is; None for a wrong or expired one."""
        for grant in self.grants:
            expires_at = grant.access_tokens.get(token)
            if expires_at is not None:
                return grant.user_id if expires_at > self.now() else None
        return None

    def issue(self, grant: Grant) -> dict[str, Any]:
        """Give ``grant`` new tokens and return the token endpoint's answer."""
        if not self.unknowns.access_survives_refresh:
            grant.access_tokens.clear()
        grant.old_refresh_tokens.add(grant.refresh_token)
        grant.refresh_token = secrets.token_urlsafe(24)
        access_token = secrets.token_urlsafe(24)
        grant.access_tokens[access_token] = self.now() + self.expires_in
        return {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_in": max(int(self.expires_in.total_seconds()), 1),
            "refresh_token": grant.refresh_token,
            "scope": "all.full_access offline_access",
            "organization_id": ORGANIZATION_ID,
            "user_id": grant.user_id,
        }

    def kill(self, grant: Grant, *, with_access_tokens: bool = True) -> None:
        """End a grant."""
        grant.is_dead = True
        if with_access_tokens:
            grant.access_tokens.clear()


def _google_account(person: SandboxPerson) -> HeldAccount:
    return HeldAccount(
        id=close_id("emailacct", person.handle),
        type="google",
        user_id=person.close_user_id or "",
        name=person.name,
        addresses=(person.email,),
    )
