"""What goes on after a right: the three buttons of its message."""

from slack_bolt.async_app import AsyncApp

from bot.cards import aftermath as cards
from bot.delegations.aftermath import deciding
from bot.listeners import clicks
from bot.listeners.reception import Reception


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the buttons."""
    clicks.decides(app, reception, cards.LEAVE, deciding.leave)
    clicks.decides(app, reception, cards.PAUSE, deciding.pause)
    clicks.decides(app, reception, cards.DRAFTS, deciding.to_drafts)
