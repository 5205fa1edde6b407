"""The bot's own end, once the app is gone from Slack and all it did has ended."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.delegations.uninstalling import is_all_over
from bot.projections.notary import seal_all
from bot.projections.showing import Showing
from bot.slack.bolt import Workspace
from models.chore import Chore, ChoreKind

LOOK_AGAIN = timedelta(seconds=2)  # while Close has not confirmed everything
LONGEST = timedelta(days=1)  # what Close has not confirmed by then, it will not


async def retire(
    showing: Showing, chore: Chore, workspace: Workspace, leave: Callable[[], None]
) -> None:
    """Stop this process when nothing is left to be done; the row stays due, so that every other
    process does the same. An app that was installed again goes on."""
    now, log = showing.now(), structlog.get_logger("bot.projections.retiring")
    began = chore.done_at or now
    is_over = await showing.database.read(is_all_over)
    if not is_over and now - began < LONGEST:
        await showing.database.run(
            lambda store: store.chores.done(chore, now=began, wake_at=now + LOOK_AGAIN)
        )
        return
    if await workspace.is_installed():
        await showing.database.run(lambda store: store.chores.drop(ChoreKind.UNINSTALL))
        log.info("the app is installed again")
        return
    await seal_all(showing)
    await showing.database.run(lambda store: store.chores.done(chore, now=began, wake_at=now))
    if is_over:
        log.info("the app is gone from Slack, and everything has ended: the bot stops")
    else:
        log.error("the app is gone from Slack; Close may still hold rights, and the bot stops")
    leave()
