"""What somebody who is away is asked: who covers for you?"""

from slack_sdk.models.blocks import ActionsBlock, Block, PlainTextObject, UserSelectElement

from bot.cards import parts
from bot.cards.markup import moment
from bot.slack.message import Message
from models.absence import Absence, Offer
from models.mark import mark_of_absence

WHO, COVER, QUIET, ASK_ME = "who_covers", "let_them_cover", "do_not_ask_me", "ask_me_again"

_OVER = {
    None: "This was about an absence that is over.",
    Offer.COVERED: f"{parts.CALM} You have said who covers for you in this time: my Home tab shows "
    "it.",
    Offer.CLEARED: "Your Slack status no longer says that you are away until then, so I no "
    "longer ask who covers for you. *I'll be away…*, in my Home tab, plans a cover at any time.",
    Offer.PASSED: "This was about an absence that is over.",
    Offer.DECLINED: f"{parts.CALM} I won't ask you again who covers for you. *I'll be away…*, in "
    "my Home tab, plans a cover, and *Ask me again when I'm away* turns this on again.",
}


def question(absence: Absence) -> Message:
    """As long as it can be answered: one choice, and one click."""
    until = moment(absence.until) if absence.until is not None else "then"
    headline = f"{parts.QUESTION} *You are away until {until}. Who covers for you?*"
    what = (
        "Whoever you pick can send single, bulk and sequence email from Close in your name until "
        "then, and it ends automatically."
    )
    small = "Your Slack status says that you are away. For more people, or for other days, use "
    small += "*I'll be away…* in my Home tab."
    picker = UserSelectElement(
        action_id=WHO, placeholder=PlainTextObject(text="Pick a colleague…", emoji=False)
    )
    carried = f"{absence.id}:{mark_of_absence(absence)}"
    blocks: list[Block] = [
        parts.section(headline),
        parts.section(what, block_id=WHO, accessory=picker),
        parts.context(small),
        ActionsBlock(
            elements=[
                parts.button(COVER, "Let them cover", carried, style="primary"),
                parts.button(QUIET, "Don't ask me again", absence.id),
            ]
        ),
    ]
    return Message(parts.spoken([headline, what, small]), blocks)


def over(offer: Offer | None) -> Message:
    """In place of that, once it can be answered no longer; None is of an earlier absence."""
    return parts.notice([_OVER[offer if offer is not Offer.OPEN else None]])
