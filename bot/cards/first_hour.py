"""The first hour: three steps for whoever is new, and for admins what is not set up yet.

Both stand in App Home, and go away by themselves.
"""

from collections.abc import Collection

from slack_sdk.models.blocks import Block, PlainTextObject, UserSelectElement

from bot.cards.faces import Action
from bot.cards.markup import mention
from bot.cards.parts import CALM, button, notice, section
from bot.slack.message import Message
from models.overview import Overview

INVITE = "invite"
UNSET = {  # by the setting: what it means that it is not there
    "AUDIT_CHANNEL": "No channel keeps a record of who gave what: `AUDIT_CHANNEL` is not set.",
    "ADMINS": "You are the only one in `ADMINS`: a second admin can stand in for you.",
}


def guide(overview: Overview) -> list[Block]:
    """The three steps, with those that are done; nothing for whoever is not new any more."""
    if not overview.is_new:
        return []
    connect = "*Connect Close,* just below. You need that to let colleagues send as you."
    ask = "*Ask.* Type `/sendas @colleague 2h your reason` anywhere, or use the button above."
    steps = [
        f"{CALM} Connected to Close" if overview.is_connected else f"1. {connect}",
        f"{CALM} Asked" if overview.has_asked else f"2. {ask}",
    ]
    lines = "\n".join(["*Your first steps*", *steps])
    if overview.has_invited:
        return [section(f"{lines}\n{CALM} Invited a colleague")]
    person = UserSelectElement(
        action_id=INVITE, placeholder=PlainTextObject(text="Choose a colleague…", emoji=False)
    )
    invite = "3. *Invite a colleague.* In your name I tell them what this is, and how to connect."
    return [section(lines), section(invite, block_id="invite", accessory=person)]


def not_set_up(unset: Collection[str], *, is_anybody_connected: bool) -> list[Block]:
    """For an admin: what there is still to do, and which command tells more."""
    said = [UNSET[name] for name in sorted(unset)]
    if not is_anybody_connected:
        said.append("Nobody has connected Close yet.")
    if not said:
        return []
    more = "Only admins see this. On the bot's machine, `python -m bot doctor` tells more."
    return [section("\n".join(["*Not set up yet*", *(f"• {each}" for each in said), more]))]


def invitation(inviter_id: str, *, connect_url: str) -> Message:
    """To somebody who has never seen the bot."""
    inviter = mention(inviter_id)
    what = (
        f"*{inviter} invites you to Send-As.* Colleagues here send email as each other in Close, "
        "for as long as they allow it."
    )
    how = (
        f"Connect your Close account once: then {inviter} can ask you, and you answer with one "
        "click. Nobody can send as you before you have said yes."
    )
    return notice(
        [what, how],
        small="`/sendas help` shows everything you can do.",
        buttons=[
            button(Action.CONNECT, "Connect Close", "connect", style="primary", url=connect_url)
        ],
    )
