"""The buttons of whoever is asked for the second yes."""

from slack_bolt.async_app import AsyncApp

from bot.cards.second_yes import AGREE_TOO, DISAGREE
from bot.delegations import second_yes
from bot.listeners import clicks
from bot.listeners.reception import Reception


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to both."""
    clicks.decides(app, reception, AGREE_TOO, second_yes.agree_too)
    clicks.decides(app, reception, DISAGREE, second_yes.disagree)
