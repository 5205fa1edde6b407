"""The log."""

from datetime import datetime

from models.event import Deed


class Log:
    """To be replaced."""

    def note(
        self,
        deed: Deed,
        *,
        team_id: str,
        now: datetime,
        actor: str | None = None,
        subject_id: str = "",
        delegation_id: str | None = None,
        grantor: str | None = None,
        grantee: str | None = None,
        text: str = "",
    ) -> None:
        """Write it down."""
