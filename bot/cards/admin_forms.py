"""The forms in which an admin says why they end what is other people's."""

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, PlainTextObject
from slack_sdk.models.views import View

from bot.cards import foreign, lists
from bot.cards.markup import mention
from bot.cards.parts import section
from models.delegation import Delegation, State
from models.overview import Rights
from models.policy import REASON_LIMIT

END_ONE, END_EVERYTHING = "end_one", "end_everything"
WHY = "why"


def end_one(delegation: Delegation, reason: str = "") -> View:
    """One right or request."""
    about = (
        f"{lists.line(delegation, '')}\n\nIt ends at once. A standing approval between the two "
        "ends with it."
    )
    return _form(END_ONE, delegation.id, "End it", about, reason)


def end_everything(rights: Rights, reason: str = "") -> View:
    """Everything of one person: what it comes to, before it is done."""
    who = mention(rights.person_id)
    held = [each for each in rights.delegations if each.state is not State.REQUESTED]
    kinds = [
        (len(held), "right", "rights"),
        (len(rights.delegations) - len(held), "request", "requests"),
        (len(rights.standing), "standing approval", "standing approvals"),
        (len(rights.deputies), "deputy", "deputies"),
    ]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in kinds if count]
    about = (
        f"This ends everything that {who} gave, has or waits for: *{', '.join(parts)}*. All of it "
        "ends at once."
    )
    if found := len(rights.strays):
        several = "1 more was" if found == 1 else f"{found} more were"
        about += f" {several} set up in Close itself: those I leave alone."
    return _form(END_EVERYTHING, rights.person_id, "End all of it", about, reason)


def _form(callback_id: str, subject: str, title: str, about: str, reason: str) -> View:
    blocks: list[Block] = [
        section(about),
        InputBlock(
            block_id=WHY,
            label=PlainTextObject(text="Why?"),
            hint=PlainTextObject(text="Everybody concerned reads this, with your name."),
            element=PlainTextInputElement(
                action_id=WHY,
                initial_value=foreign.plain(reason)[:REASON_LIMIT] or None,
                multiline=True,
                max_length=REASON_LIMIT,
                focus_on_load=True,
            ),
        ),
    ]
    return View(
        type="modal",
        callback_id=callback_id,
        private_metadata=subject,
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text=title),
        close=PlainTextObject(text="Never mind"),
        blocks=blocks,
    )
