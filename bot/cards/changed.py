"""What is said to somebody who decided about something that is no longer what they read."""

from slack_sdk.models.views import View

from bot.cards import deputies, notices, strays, words
from bot.cards.faces import face
from bot.cards.parts import section
from bot.cards.words import CHANGED
from bot.refusals import Changed
from models.account import Account
from models.card import Audience
from models.delegation import Delegation
from models.deputy import Deputy
from models.pairing import Pairing
from models.person import Departure
from models.stray import Stray

UNMARKED = (
    "I have been updated since this was posted, and can't tell what you have read. Here is what "
    "is asked now."
)
NOTHING_DONE = "Nothing has changed yet: please answer again, if this is what you want."


def said(error: Changed) -> str:
    """The answer to a click, with what it would decide about now."""
    return "\n".join([_why(error), _present(error), NOTHING_DONE])


def form(view: View, error: Changed) -> View:
    """A form that was submitted, as it is now; what was typed stays in its fields."""
    view.blocks = [section(f"*{_why(error)}* Nothing has changed yet."), *view.blocks]
    return view


def _why(error: Changed) -> str:
    return UNMARKED if error.is_unmarked else CHANGED


def _present(error: Changed) -> str:
    subject = error.subject
    match subject:
        case Delegation() if isinstance(error.beside, Deputy):
            return f"*{deputies.question(subject)}*\n{words.length(subject, None)}"
        case Delegation():
            shown = face(subject, Audience.GRANTOR)
            return "\n".join([f"*{shown.headline}*", *shown.lines])
        case Stray():
            departure = error.beside if isinstance(error.beside, Departure) else None
            return strays.said(subject, departure)
        case Pairing():
            held = error.beside if isinstance(error.beside, Account) else None
            return notices.pairing(subject, held).text
