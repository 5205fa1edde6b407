"""Alarms: what is said to somebody who can act: rights that may be left, leavers, refusals."""

from collections.abc import Sequence
from datetime import datetime

from bot.cards import dialogs, words
from bot.cards.markup import mention, moment, quoted
from bot.cards.parts import ALARM, CALM, QUESTION, button, notice
from bot.cards.pronouns import Party, party
from bot.slack.message import Message
from models.card import Audience, Card
from models.delegation import Delegation, State, Trouble
from models.departure import Departed, Toll
from models.round import Round, Word

IS_GONE, END_THEM, KEEP_THEM = "is_gone", "end_them", "keep_them"
AUDIT_WAYS = {  # what an admin can do, by Slack's word
    "not_in_channel": "Please invite me there.",
    "channel_not_found": "Please invite me there, if it is a private channel.",
    "is_archived": "Please unarchive it.",
}
_UNCONNECTED = (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)
WHY_HELD = (
    "It would end {losses}. That is so much that I have ended nothing yet: when Slack or Close has "
    "a fault, it can say this of everybody."
)


def overdue(delegation: Delegation, reader: str | None = None) -> Message:
    """To an admin: a right has outlived its end, and why."""
    grantor, grantee = party(delegation.grantor_id, reader), party(delegation.grantee_id, reader)
    if not delegation.is_open:
        right = f"{grantee.first_whose} right to send as {grantor.name}"
        return notice([f"{CALM} {right} is gone now; Close confirmed it."])
    since = f" since {moment(delegation.ended_at)}" if delegation.ended_at else ""
    problem = (
        f"{ALARM} *{grantee.first} may still be able to send email as {grantor.name}.* The right "
        f"is over{since}, but Close has not confirmed that it is gone."
    )
    return notice(
        [problem, way_on(delegation.trouble or Trouble.CONNECTION_LOST, grantor, grantee)],
        small="I keep trying, and this message changes when Close confirms.",
    )


def way_on(trouble: Trouble | None, grantor: Party, grantee: Party) -> str:
    """Why a right is still there, and how it goes."""
    by_hand = f"{grantor.name} can remove it {words.BY_HAND}"
    if trouble is None:
        return f"Until I succeed, {by_hand}."
    if trouble not in _UNCONNECTED:
        why = words.trouble_between(trouble, grantor, grantee)
        return f"{why} Until I succeed, {by_hand}."
    broken = f"{grantor.first_whose} connection to Close does not work"
    if grantor.is_reader:
        return f"{broken}: connect again with `/sendas connect`, or remove it {words.BY_HAND}."
    return (
        f"{broken}, and only {grantor.name} can take the right away: they can connect again with "
        f"`/sendas connect`, or remove it {words.BY_HAND}. Please make sure that one of the two "
        "happens."
    )


def still_in_close(delegation: Delegation, reader: str | None = None) -> Message:
    """To the admin who said that a right was gone in Close: it was not."""
    grantor, grantee = party(delegation.grantor_id, reader), party(delegation.grantee_id, reader)
    right = f"{grantee.first_whose} right to send as {grantor.name}"
    if not delegation.is_open:
        return notice(
            [f"{CALM} {right} is gone now. Close confirmed it."],
            small="It was still in Close, although you had said that it was gone.",
        )
    return notice(
        [f"{ALARM} *{right} was still in Close*, although you had said that it was gone."],
        small="I'm removing it now, and this message changes when Close confirms.",
    )


def restored(since: datetime) -> Message:
    """To an admin: the database is an older one."""
    done = (
        f"{ALARM} *I was restored from a backup.* What happened since {moment(since)} is not known "
        "to me any more. I have called off what was approved and had not begun, ended all standing "
        "approvals, and ask everybody who was connected about what Close holds."
    )
    unknown = (
        "I don't know who connected Close for the first time since then, nor what they gave: the "
        "audit channel has it. Please have them connect again with `/sendas connect`: I then ask "
        "them about each right. Until then nothing ends those."
    )
    return notice([done, unknown])


def departures(
    held: Round, toll: Toll, some: Sequence[Departed], reader: str | None = None
) -> Message:
    """To an admin: so many people are gone that somebody should look before anything ends."""
    if held.answered_by is not None:
        who = party(held.answered_by, reader).first
        if held.answer is Word.END:
            done = f"{who} ended what they had. Whoever is there after all keeps everything."
        else:
            done = f"{who} kept what they have. Nothing ended; I'll look again within a day."
        return notice([f"Many people could no longer take part. {done}"])
    people = "1 person" if toll.people == 1 else f"{toll.people} people"
    names = [
        f"• {words.departure(each.slack_user_id, each.reason, reader)}"
        for each in some[: words.MOST_NAMED]
    ]
    if toll.people > len(names):
        names.append(f"• and {toll.people - len(names)} more")
    return notice(
        [
            f"{QUESTION} *{people} may no longer take part, as Slack and Close say. Is that so?*",
            "\n".join(names),
            WHY_HELD.format(losses=_losses(toll)),
        ],
        small="I look everybody up once more before anything ends. Without an answer nothing ends, "
        "and I'll look again within a day.",
        buttons=[
            button(
                END_THEM,
                "End them",
                held.question or "",
                style="danger",
                confirm=dialogs.asked(
                    "End all of it?",
                    f"This ends {_losses(toll)}. Whoever is there after all keeps everything.",
                    yes="End them",
                    no="Not yet",
                ),
            ),
            button(KEEP_THEM, "Keep them", held.question or ""),
        ],
    )


def departures_over() -> Message:
    """In place of the question, once everybody was looked up again."""
    return notice(["Many people seemed to be gone. I have looked everybody up again since."])


def unreachable(delegation: Delegation, card: Card, reader: str | None = None) -> Message:
    """To whoever waits for somebody whom Slack does not let the bot write to."""
    who = mention(card.recipient)
    is_asked = card.audience is Audience.GRANTOR and delegation.state is State.REQUESTED
    there = "has the request, and it can be answered there" if is_asked else "shows how things are"
    return notice(
        [
            f"{ALARM} *I can't reach {who} by message.* It is about {_pair(delegation, reader)}.",
            f"{who}'s App Home (open the app, then Home) {there}. Please tell {who}.",
        ],
        small=f"{_refusal(card)} I keep trying, and this message changes when it works.",
    )


def reached(delegation: Delegation, card: Card, reader: str | None = None) -> Message:
    """In place of that, once it has arrived or does not matter any more."""
    who, about = mention(card.recipient), _pair(delegation, reader)
    if card.refused_at is None and card.message_ts is not None:
        return notice([f"{CALM} {who} has my message now. It is about {about}."])
    return notice([f"I couldn't reach {who} by message about {about}. That is over now."])


def audit_silent(card: Card) -> Message:
    """To an admin: decisions are missing in the audit channel."""
    way = AUDIT_WAYS.get(card.refusal or "", "Please make sure that I can write there.")
    problem = f"*I can't write to the audit channel {_channel(card.recipient)}.*"
    return notice(
        [f"{ALARM} {problem} {_refusal(card)} {way}"],
        small="Nothing is lost: I write what is missing there, in order, when it works.",
    )


def audit_speaks(channel_id: str) -> Message:
    """In place of that, once nothing is missing any more."""
    where = _channel(channel_id)
    return notice([f"{CALM} I can write to the audit channel {where} again. Nothing is missing."])


def _pair(d: Delegation, reader: str | None) -> str:
    grantor, grantee = party(d.grantor_id, reader), party(d.grantee_id, reader)
    return f"{grantee.name} sending email as {grantor.name}"


def _refusal(card: Card) -> str:
    return f"Slack says “{quoted(card.refusal or '')}”."


def _channel(channel_id: str) -> str:
    return f"<#{channel_id}>"


def _losses(toll: Toll) -> str:
    kinds = {
        "rights": toll.rights,
        "requests": toll.requests,
        "standing approvals": toll.standing,
        "connections to Close": toll.connections,
    }
    return ", ".join(
        f"{each.lost} of {each.total} {name}" for name, each in kinds.items() if each.lost
    )
