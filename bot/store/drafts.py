"""Drafts in SQL: what somebody said, kept until they have answered the bot's question back."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from models.draft import Draft, drafts

_columns = drafts.c


class Drafts:
    """Keeps and hands out drafts; each is handed out once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, draft: Draft, *, now: datetime) -> None:
        """Keep a draft, and sweep out the ones whose time is over."""
        self._connection.execute(delete(drafts).where(_columns.expires_at <= now))
        self._connection.execute(insert(drafts).values(asdict(draft)))

    def get(
        self, draft_id: str, *, team_id: str, slack_user_id: str, now: datetime
    ) -> Draft | None:
        """The draft, if it is this person's and still good; it stays."""
        statement = select(drafts).where(
            _columns.id == draft_id,
            _columns.team_id == team_id,
            _columns.slack_user_id == slack_user_id,
            _columns.expires_at > now,
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return Draft(**row) if row else None

    def take(
        self, draft_id: str, *, team_id: str, slack_user_id: str, now: datetime
    ) -> Draft | None:
        """The draft, if it is this person's and still good. Of two at once, one gets it."""
        statement = (
            delete(drafts)
            .where(
                _columns.id == draft_id,
                _columns.team_id == team_id,
                _columns.slack_user_id == slack_user_id,
                _columns.expires_at > now,
            )
            .returning(*_columns)
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return Draft(**row) if row else None
