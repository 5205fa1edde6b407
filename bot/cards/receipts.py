"""What a grantor reads about the email that was sent in their name."""

from collections.abc import Sequence

from bot.cards import foreign
from bot.cards.markup import mention, moment, quoted, quoted_address
from bot.ports import SentEmail
from models.address import address_key
from models.delegation import Delegation, Receipt, ReceiptState

MOST_SHOWN = 10  # lines
LONGEST_SUBJECT = 80  # characters


def counted(delegation: Delegation) -> list[str]:
    """The line on the card of a delegation that has ended; none while it is being counted."""
    match delegation.receipt:
        case Receipt(ReceiptState.MADE, emails=0):
            return ["No email was sent in your name."]
        case Receipt(ReceiptState.MADE, emails, people):
            return [f"{_emails(emails, people)} in your name."]
        case Receipt(ReceiptState.FAILED):
            return ["I couldn't find out what was sent in your name."]
        case _:
            return []


def listed(emails: Sequence[SentEmail], *, most: int = MOST_SHOWN) -> list[str]:
    """One line for each of the newest emails: when, to whom, and what.

    The subject comes last, so that it cannot be taken for more recipients.
    """
    lines = [
        f"• {moment(email.date)} to {_recipients(email)}: {_subject(email)}"
        for email in emails[:most]
    ]
    if len(emails) > most:
        lines.append(f"… and {len(emails) - most} more, which you can see in Close.")
    return lines


def shown(delegation: Delegation, emails: Sequence[SentEmail] | None) -> str:
    """The answer to "What was sent"."""
    grantee = mention(delegation.grantee_id)
    if emails is None:
        return (
            f"I can't show what {grantee} sent in your name: Close does not say. You can find it "
            "there, among the sent email."
        )
    if not emails:
        return f"{grantee} has sent no email in your name."
    people = len({address_key(address) for email in emails for address in email.recipients})
    headline = f"{_emails(len(emails), people)} in your name by {grantee}:"
    return "\n".join([headline, *listed(emails)])


def scheduled(emails: Sequence[SentEmail]) -> list[str]:
    """What Close would still try to send when the right has ended; no line when that is nothing."""
    if not emails:
        return []
    these = "1 email is" if len(emails) == 1 else f"{len(emails)} emails are"
    advice = (
        f"{these} scheduled for later and may fail when your time is up. Send them earlier, or ask "
        "for more time. I can't see running sequences here: please check yours in Close."
    )
    return [advice, *listed(emails, most=5)]


def _emails(emails: int, people: int) -> str:
    sent = "1 email was sent" if emails == 1 else f"{emails} emails were sent"
    return f"{sent} to {'1 person' if people == 1 else f'{people} people'}"


def _subject(email: SentEmail) -> str:
    return f"“{quoted(foreign.plain(email.subject, LONGEST_SUBJECT) or '(no subject)')}”"


def _recipients(email: SentEmail) -> str:
    if not email.recipients:
        return "nobody Close names"
    first, *others = [quoted_address(each) for each in email.recipients]
    return f"{first} and {len(others)} more" if others else first
