"""The way to Close for what has to be confirmed there."""

from datetime import timedelta

from bot.cards.parts import button, notice
from bot.slack.message import Message
from bot.times.saying import say_length
from models.policy import Policy

CONFIRM_IN_CLOSE = "confirm_in_close"


def confirm(url: str, policy: Policy) -> Message:
    """To whoever is about to lend their name for long: a link, which is theirs alone."""
    longest = policy.confirm_over or timedelta()
    over = "without an end" if longest == timedelta.max else f"for more than {say_length(longest)}"
    to_lend = f"Nothing changed yet. To lend your name {over}"
    return notice(
        [f"{to_lend}, please confirm it in Close, in your own browser."],
        small="The link is yours alone and good for an hour. Please don't pass it on.",
        buttons=[button(CONFIRM_IN_CLOSE, "Confirm in Close", "confirm", style="primary", url=url)],
    )
