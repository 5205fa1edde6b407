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
