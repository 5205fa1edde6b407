"""After a restore: the database is older than Close, than Slack, and than what people said since.

What was agreed to may have been carried out, and have ended, since the backup was made; so nothing
is begun without a new word. What Close holds and no row knows is found by the comparison, which is
made for everybody whose connection Close still accepts; all others are asked to connect again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store import Store
from models.connection import Connection
from models.deputy import DeputyEnd
from models.event import Deed
from models.notice import NoticeKind

# People are told once the watch has tried their connection: most need not connect again.
TRYING = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: ``since`` is when the last change that is known was made."""

    since: datetime | None
    called_off: int
    standing: int
    connections: int


def take_stock(store: Store, admins: Iterable[str], *, now: datetime) -> Restored:
    """Hold what a database of earlier would do, have all be looked up, and tell whom it concerns.

    To be done after a restore, before the bot works with it.
    """
    since = store.delegations.last_change()
    called_off = store.delegations.call_off(now=now)
    store.delegations.forget_guesses()
    standing = store.standing.end_everybodys(now=now)
    store.deputies.end_everybodys(DeputyEnd.RESTORED, now=now)
    connections = store.connections.all()
    _try_all(store, connections, now)
    _show_again(store, now)
    incident = f"{since.timestamp():.0f}" if since else "0"
    subjects = {(each.team_id, each.grantor_id): each.id for each in standing}
    subjects |= {(each.team_id, each.slack_user_id): each.id for each in connections}
    for (team_id, who), subject in sorted(subjects.items()):
        store.notices.tell(
            NoticeKind.RESTORED,
            team_id=team_id,
            recipients=[who],
            subject_id=subject,
            incident=incident,
            now=now + TRYING,
        )
    teams = {team_id for team_id, _ in subjects} | set(store.delegations.teams())
    for team_id in sorted(teams):
        store.notices.tell(
            NoticeKind.RESTORED_ADMIN,
            team_id=team_id,
            recipients=sorted(admins),
            subject_id=incident,
            incident=team_id,
            now=now,
        )
        store.log.note(Deed.RESTORED, team_id=team_id, now=now, subject_id=incident)
    return Restored(since, len(called_off), len(standing), len(connections))


def _try_all(store: Store, connections: Iterable[Connection], now: datetime) -> None:
    """None is believed to work until Close has accepted it: most tokens are replaced by now. One
    that works is compared at once (bot/connections/watch.py)."""
    for each in connections:
        store.connections.mark_dead(each, now=now)
    store.connections.look_now([each.id for each in connections], now=now)


def _show_again(store: Store, now: datetime) -> None:
    """Messages may be elsewhere by now, and may say what is not known here: each is looked for."""
    store.cards.look_for_open(now=now)
    store.strays.ask_everybody_again(now=now)
    store.notices.ask_again(now=now)
    store.notices.due.doubt()
    store.strays.due.doubt()
