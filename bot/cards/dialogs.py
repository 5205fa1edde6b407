"""What Slack asks once more before it passes on a click that takes something away.

Slack shows these texts as they are (slack.md §5): no mentions and no dates are drawn in them, so
people are named as Close calls them, where that is known.
"""

from slack_sdk.models.blocks import ConfirmObject, PlainTextObject

from bot.cards import foreign
from bot.cards.faces import Action
from models.account import name_and_email
from models.card import Audience
from models.delegation import Delegation, State

KEEP = "Keep it"


def before(action: Action, delegation: Delegation, audience: Audience) -> ConfirmObject | None:
    """The question before this button of a delegation; None where nothing is taken away."""
    match action:
        case Action.REVOKE if delegation.state is State.APPROVED:
            who = _grantee(delegation) or "They"
            return asked("Revoke your approval?", f"{who} will not be able to send email as you.")
        case Action.REVOKE:
            who = _grantee(delegation)
            title = f"Revoke {who}’s right?" if who else "Revoke this right?"
            text = f"{who or 'They'} can no longer send email as you, at once."
            return asked(title, text, yes="Revoke")
        case Action.RELEASE if audience is Audience.GRANTEE:
            return asked("End it now?", f"You can no longer send email {_as_grantor(delegation)}.")
        case Action.RELEASE:
            who = _grantee(delegation) or "Your colleague"
            text = f"{who} can no longer send email {_as_grantor(delegation)}."
            return asked("End it now?", text)
        case _:
            return None


def asked(title: str, text: str, *, yes: str = "End it", no: str = KEEP) -> ConfirmObject:
    """A question with two buttons, of which the first takes away."""
    return ConfirmObject(
        title=PlainTextObject(text=title, emoji=False),
        text=PlainTextObject(text=text, emoji=False),
        confirm=PlainTextObject(text=yes, emoji=False),
        deny=PlainTextObject(text=no, emoji=False),
        style="danger",
    )


def _grantee(delegation: Delegation) -> str:
    """Who loses the right, as Close calls them; nothing when that is not known."""
    if not delegation.grantee_account:
        return ""
    name, email = name_and_email(delegation.grantee_account)
    return foreign.name(name or email)


def _as_grantor(delegation: Delegation) -> str:
    address = foreign.address(delegation.addresses.partition("\n")[0])
    return f"as {address}, at once" if address else "as your colleague, at once"
