"""The log is sealed, and each entry is said aloud: to whoever collects what is said, and, once a
day, its head to the audit channel.

An entry is said before its seal is committed: after a failure, or where two seal at the same
moment, it may be said twice, with the same id, but never not at all. It was committed before;
whoever wrote it waits for none of this.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.cards import audit as texts
from bot.clock.backoff import pause_after
from bot.ports import OutsideError
from bot.projections.showing import Showing
from bot.projections.telling import told
from bot.slack.chat import Envelope
from bot.store import Store
from bot.store.seals import Line
from bot.telemetry import say_aloud
from models.chore import Chore

EVERY = timedelta(seconds=30)  # at most so long after an entry its seal is begun
AT_ONCE = 100  # entries of one seal: neither its transaction nor saying them aloud takes long
DAY = timedelta(days=1)
AGAIN = timedelta(hours=1)  # at the latest what Slack does not take is tried again


async def seal(showing: Showing, chore: Chore) -> None:
    """Seal all that waits, and again after a while if there is more."""
    await seal_all(showing)
    now = showing.now()
    await showing.database.run(lambda store: store.chores.done(chore, now=now, wake_at=now + EVERY))


async def seal_all(showing: Showing) -> None:
    """Seal all that waits, a few at a time."""
    while lines := await showing.database.read(lambda store: store.seals.waiting(limit=AT_ONCE)):
        for line in lines:
            say_aloud(told(line))
        await showing.database.run(partial(_sealed, lines, showing.now()))
        if len(lines) < AT_ONCE:
            break


def _sealed(lines: Sequence[Line], now: datetime, store: Store) -> None:
    store.seals.seal(lines, now=now)


async def post_head(showing: Showing, chore: Chore, channel: str | None) -> None:
    """Post the head of the chain, once for each time that this is due; without a channel there is
    nothing to be done until there is one."""
    now = showing.now()
    if channel is not None:
        await _post(showing, chore, channel)
    due = chore.wake_at or now
    wake_at = None if channel is None else max(due + DAY, now + DAY / 2)
    await showing.database.run(lambda store: store.chores.done(chore, now=now, wake_at=wake_at))


async def _post(showing: Showing, chore: Chore, channel: str) -> None:
    last = await showing.database.read(lambda store: store.seals.last())
    if last is None:
        return
    due = chore.wake_at or showing.now()
    to = Envelope(channel, f"head:{due.timestamp():.0f}", chore.attempts)
    await showing.messages.write(texts.head(last), to)


def pause(error: Exception, attempts: int) -> timedelta:
    """Until the next attempt at a chore."""
    wait = pause_after(error, attempts)
    return wait if isinstance(error, OutsideError) else min(wait, AGAIN)
