"""Asking back: what somebody said is kept until they press one of the answers.

The buttons carry only the draft's id; the draft belongs to one person and is used once.
"""

import json
from datetime import timedelta
from typing import Any

from bot.desk import Actor
from bot.ports import Now
from bot.refusals import DraftGone
from bot.store import Database
from models.base import new_id
from models.draft import Draft

DRAFT_LIFE = timedelta(hours=1)


class Drafting:
    """Keeps drafts and hands each out once."""

    def __init__(self, database: Database, now: Now) -> None:
        self._database = database
        self._now = now

    async def keep(self, actor: Actor, content: dict[str, Any]) -> str:
        """Store what was said; returns the id for the buttons."""
        now = self._now()
        draft = Draft(
            id=new_id(),
            team_id=actor.team_id,
            slack_user_id=actor.user_id,
            content=json.dumps(content),
            expires_at=now + DRAFT_LIFE,
        )
        await self._database.run(lambda store: store.drafts.add(draft, now=now))
        return draft.id

    async def read(self, actor: Actor, draft_id: str) -> dict[str, Any]:
        """What was said, without using it up; raises DraftGone like :meth:`take`."""
        now = self._now()
        return _content(
            await self._database.run(
                lambda store: store.drafts.get(
                    draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
                )
            )
        )

    async def take(self, actor: Actor, draft_id: str) -> dict[str, Any]:
        """What was said; raises DraftGone when it was used, is too old, or is not the actor's."""
        now = self._now()
        return _content(
            await self._database.run(
                lambda store: store.drafts.take(
                    draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
                )
            )
        )


def _content(draft: Draft | None) -> dict[str, Any]:
    if draft is None:
        raise DraftGone
    content: dict[str, Any] = json.loads(draft.content)
    return content
