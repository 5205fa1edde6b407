"""What waits for an admin, of which they are told once a day."""

from datetime import datetime

from bot.store import Store
from models.overdue import DAY
from models.overview import AdminsWork

MOST = 11  # people who are named, and one more: then it is said that there are more


def waiting(store: Store, team_id: str, *, now: datetime) -> AdminsWork:
    """All of it; an account that was asked about today has a message that is not a day old."""
    return store.everybody.work(team_id, now=now, asked_before=now - DAY, limit=MOST)
