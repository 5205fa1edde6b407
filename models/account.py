"""An account in Close that somebody proved to be theirs, with what lets the bot act in its name."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``secret`` is encrypted, and empty once it is used or revoked; an API key never expires."""

    close_user_id: str
    organization_id: str
    email: str
    name: str
    is_api_key: bool
    secret: bytes = field(repr=False)
    access_expires_at: datetime | None = None

    @property
    def membership(self) -> tuple[str, str]:
        """Who acts in Close: a user, within one organization."""
        return (self.close_user_id, self.organization_id)


def described(name: str, email: str) -> str:
    """A Close account as it is kept beside a right; :func:`name_and_email` takes it apart again.

    There is no blank in an address, so that a name cannot be taken for one.
    """
    name, email = " ".join(name.split())[:60], "".join(email.split())[:320]
    return f"{name}, {email}" if name else email


def name_and_email(description: str) -> tuple[str, str]:
    """Both parts of what :func:`described` made; the name can be empty."""
    name, _, email = description.rpartition(", ")
    return name, email
