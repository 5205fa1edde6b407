"""A review: the two buttons of its message, the one in App Home, and the form."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import reviews as cards
from bot.delegations.reviews import replying
from bot.delegations.reviews.replying import Answer
from bot.desk import Actor, Desk
from bot.listeners import clicks
from bot.listeners.reception import Reception


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the buttons and the form."""
    clicks.decides(app, reception, cards.KEEP_ALL, replying.keep_all)
    clicks.opens(app, reception, cards.CHOOSE, _form)
    clicks.submits(app, reception, cards.FORM, _answered, anew=_form)


async def _form(desk: Desk, actor: Actor, review_id: str) -> View:
    items = await replying.asked(desk, actor, review_id)
    return cards.form(review_id, items, desk.now())


async def _answered(desk: Desk, actor: Actor, view: dict[str, Any]) -> str | None:
    said = {
        item_id: Answer(each.keeps, each.seen, each.why)
        for item_id, each in cards.said_in(view).items()
    }
    done = await replying.answer(desk, actor, str(view["private_metadata"]), said)
    return cards.answered(left=done.left, changed=done.changed)
