"""Drafts in SQL: what somebody said, kept until they have answered the bot's question back."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from bot.store.rows import one
from models.draft import Draft, drafts
from models.rows import to_row

_columns = drafts.c


class Drafts:
    """Keeps and hands out drafts; each is handed out once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, draft: Draft, *, now: datetime) -> None:
        """Keep a draft, and sweep out the ones whose time is over."""
        self._connection.execute(delete(drafts).where(_columns.expires_at <= now))
        self._connection.execute(insert(drafts).values(to_row(draft)))

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
        return one(self._connection, Draft, statement)

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
        return one(self._connection, Draft, statement)
