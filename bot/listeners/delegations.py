"""Buttons on cards, each with its use case."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.bundles import REVOKE_BUNDLE
from bot.cards.faces import Action
from bot.cards.way_to_close import CONFIRM_IN_CLOSE
from bot.delegations import deciding, ending, extending, nudging
from bot.listeners import clicks
from bot.listeners.reception import Reception


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to every button."""
    clicks.decides(app, reception, Action.APPROVE, deciding.approve)
    clicks.decides(app, reception, Action.DENY, deciding.deny)
    clicks.decides(app, reception, Action.SNOOZE, deciding.snooze)
    clicks.on(app, reception, Action.REMIND, nudging.nudge)
    clicks.on(app, reception, Action.CANCEL, ending.cancel)
    clicks.on(app, reception, Action.RELEASE, ending.release)
    clicks.on(app, reception, Action.REVOKE, ending.revoke)
    clicks.decides(app, reception, Action.APPROVE_EXTENSION, extending.approve_extension)
    clicks.decides(app, reception, Action.DECLINE_EXTENSION, extending.decline_extension)
    clicks.on(app, reception, REVOKE_BUNDLE, ending.revoke_bundle)
    app.action(Action.CONNECT)(_acknowledge)
    app.action(CONFIRM_IN_CLOSE)(_acknowledge)


async def _acknowledge(ack: AsyncAck) -> None:
    """A link button opens the page by itself; Slack only wants to know that we saw it."""
    await ack()
