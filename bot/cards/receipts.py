"""What a grantor reads about the email that was sent in their name."""

from collections.abc import Sequence

from bot.cards import foreign
from bot.cards.markup import mention, moment, quoted, quoted_address
from bot.ports import Enrolled, SentEmail
from models.address import address_key
from models.delegation import Delegation, Receipt, ReceiptState

MOST_SHOWN = 10  # lines
LONGEST_SUBJECT = 80  # characters


def counted(delegation: Delegation) -> list[str]:
    """The line on the card of a delegation that has ended; none while it is being counted."""
    match delegation.receipt:
        case Receipt(ReceiptState.MADE, emails=0):
            return ["No email was sent in your name."]
        case Receipt(ReceiptState.MADE, emails, people, in_bulk, in_sequences):
            apart = _apart(emails, in_bulk, in_sequences)
            return [f"{_emails(emails, people)} in your name{apart}."]
        case Receipt(ReceiptState.FAILED):
            return ["I couldn't find out what was sent in your name."]
        case _:
            return []


def listed(emails: Sequence[SentEmail], *, most: int = MOST_SHOWN) -> list[str]:
    """One line for each of the newest emails: when, to whom, and what.

    The subject comes last, so that it cannot be taken for more recipients.
    """
    lines = [
        f"• {moment(email.date)}{_kind(email)} to {_recipients(email)}: {_subject(email)}"
        for email in emails[:most]
    ]
    if len(emails) > most:
        lines.append(f"… and {len(emails) - most} more, which you can see in Close.")
    return lines


def enrolled(done: Sequence[Enrolled], delegation: Delegation, *, most: int = 5) -> list[str]:
    """One line for each of the newest things that were done to many at once."""
    grantee = mention(delegation.grantee_id)
    lines = [f"• {moment(each.date)}: {grantee} {_done(each)}" for each in done[:most]]
    if len(done) > most:
        lines.append(f"… and {len(done) - most} more, which you can see in Close.")
    return lines


def _done(each: Enrolled) -> str:
    leads = "1 lead" if each.leads == 1 else f"{each.leads:,} leads"
    name = quoted(foreign.plain(each.sequence, LONGEST_SUBJECT))
    where = f"*{name}*" if name else "a sequence"
    match each.action:
        case "email":
            return f"sent a bulk email to {leads}"
        case "subscribe":
            return f"put {leads} into {where}"
        case "resume" | "resume_finished":
            return f"let {where} go on for {leads}"
        case "pause":
            return f"paused {where} for {leads}"
        case _:
            return f"changed {where} for {leads}"


def shown(
    delegation: Delegation,
    emails: Sequence[SentEmail] | None,
    done: Sequence[Enrolled] | None = (),
) -> str:
    """The answer to "What was sent"; ``done`` is None where Close does not say it."""
    lines = [_shown(delegation, emails)]
    if done is None:
        lines.append("Close does not show me the bulk actions.")
    else:
        lines += enrolled(done, delegation, most=MOST_SHOWN)
    return "\n".join(lines)


def _shown(delegation: Delegation, emails: Sequence[SentEmail] | None) -> str:
    grantee = mention(delegation.grantee_id)
    if emails is None:
        return (
            f"I can't show what {grantee} sent in your name: Close does not say. You can find it "
            "there, among the sent email."
        )
    if not emails:
        return f"{grantee} has sent no email in your name."
    people = len({address_key(address) for email in emails for address in email.recipients})
    in_sequences = sum(each.subscription_id is not None for each in emails)
    in_bulk = sum(each.bulk_id is not None and each.subscription_id is None for each in emails)
    apart = _apart(len(emails), in_bulk, in_sequences)
    headline = f"{_emails(len(emails), people)} in your name by {grantee}{apart}:"
    return "\n".join([headline, *listed(emails)])


def scheduled(emails: Sequence[SentEmail]) -> list[str]:
    """What Close would still try to send when the right has ended; no line when that is nothing."""
    if not emails:
        return []
    these = "1 email is" if len(emails) == 1 else f"{len(emails)} emails are"
    advice = (
        f"{these} scheduled for later and may fail when your time is up. Send them earlier, or ask "
        "for more time."
    )
    return [advice, *listed(emails, most=5)]


def _emails(emails: int, people: int) -> str:
    sent = "1 email was sent" if emails == 1 else f"{emails} emails were sent"
    return f"{sent} to {'1 person' if people == 1 else f'{people} people'}"


def _apart(emails: int, in_bulk: int, in_sequences: int) -> str:
    """How many of them were single emails, bulk emails, or sent by sequences; nothing where all
    were single ones."""
    if not in_bulk + in_sequences:
        return ""
    single = emails - in_bulk - in_sequences
    counted = [(single, "single"), (in_bulk, "in bulk"), (in_sequences, "by sequences")]
    return f" ({', '.join(f'{number} {how}' for number, how in counted if number)})"


def _kind(email: SentEmail) -> str:
    if email.subscription_id is not None:
        return ", by a sequence,"
    return ", in bulk," if email.bulk_id is not None else ""


def _subject(email: SentEmail) -> str:
    return f"“{quoted(foreign.plain(email.subject, LONGEST_SUBJECT) or '(no subject)')}”"


def _recipients(email: SentEmail) -> str:
    if not email.recipients:
        return "nobody Close names"
    first, *others = [quoted_address(each) for each in email.recipients]
    return f"{first} and {len(others)} more" if others else first
