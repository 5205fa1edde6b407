"""What waits for admins: one message a day, as long as there is anything."""

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import Block

from bot.cards import dialogs, words
from bot.cards.alarms import IS_GONE, way_on
from bot.cards.markup import heard, moment, quoted_name
from bot.cards.parts import ALARM, CALM, button, context, notice, section
from bot.cards.pronouns import Party, party
from bot.slack.message import Message
from models.mark import mark_of_leftovers
from models.overdue import Leftover
from models.overview import AdminsWork
from models.person import Departure

MOST_GRANTORS = 4  # in one message: with all their words it stays below 4,000 characters
MOST_GRANTEES = 5  # of each
NOTED = (
    "I keep trying, and this list changes when Close confirms. “It is gone in Close” is noted "
    "with your name, and checked as soon as possible."
)


def waiting(work: AdminsWork, gone: Mapping[str, Departure], reader: str | None = None) -> Message:
    """To an admin: all that waits for them. ``gone`` has those grantors who have left."""
    blocks: list[Block] = []
    if work.leftovers:
        blocks += leftovers(work.leftovers, gone, reader, most=MOST_GRANTORS)
        blocks.append(context(NOTED))
    if work.disconnected:
        blocks.append(section(disconnected(work.disconnected, reader)))
    if work.reviews:
        blocks.append(section(_reviews(work, reader)))
    if work.pairings:
        blocks.append(section(_pairings(work, reader)))
    if work.is_asked_about_leavers:
        blocks.append(
            section(f"{ALARM} I have asked whether many people have left. Nobody has answered yet.")
        )
    return Message("\n".join(heard(_text(each)) for each in blocks), blocks)


def _text(block: Block) -> str:
    """What a section says, or the one element of small print."""
    shown = block.to_dict()
    text: str = (shown.get("text") or shown["elements"][0])["text"]
    return text


def leftovers(
    found: Sequence[Leftover],
    gone: Mapping[str, Departure],
    reader: str | None = None,
    *,
    most: int,
) -> list[Block]:
    """All that may be left over in Close, by who gave it: ``most`` of them, the others counted."""
    by_grantor: dict[str, list[Leftover]] = {}
    for each in found:
        by_grantor.setdefault(each.grantor_id, []).append(each)
    blocks: list[Block] = []
    for grantor_id, theirs in list(by_grantor.items())[:most]:
        text = _overdue_of(party(grantor_id, reader), theirs, gone.get(grantor_id), reader)
        value = f"{grantor_id}:{mark_of_leftovers(theirs)}"
        question = dialogs.asked(
            "Have you looked in Close?",
            "This takes your word that it can no longer be used there. It is noted with your name.",
            yes="It is gone",
            no="Not yet",
        )
        is_gone = button(IS_GONE, "It is gone in Close", value, confirm=question)
        blocks.append(section(text, accessory=is_gone))
    if (hidden := len(by_grantor) - most) > 0:
        who = "1 more person" if hidden == 1 else f"{hidden} more people"
        blocks.append(context(f"… and what {who} gave. They move up as these are settled."))
    return blocks


def disconnected(people: Sequence[str], reader: str | None = None) -> str:
    """Whose connection no longer works, while rights that they gave are open."""
    names = _names(people, reader)
    rights = "What was given there can't be ended until that works again (`/sendas connect`)."
    return f"{ALARM} *No longer connected to Close:* {names}. {rights}"


def _pairings(work: AdminsWork, reader: str | None) -> str:
    names = _names([each.slack_user_id for each in work.pairings], reader)
    return (
        f"{ALARM} *Accounts that wait for an admin's word:* {names}. My message about each has the "
        "buttons."
    )


def _reviews(work: AdminsWork, reader: str | None) -> str:
    names = _names([each.grantor_id for each in work.reviews], reader)
    return (
        f"{ALARM} *Reviews that are not answered*, after two reminders: {names}. They can be "
        "answered in App Home, too."
    )


def _names(people: Sequence[str], reader: str | None) -> str:
    names = [party(each, reader).name for each in people[: words.MOST_NAMED]]
    return ", ".join(names) + (" and more" if len(people) > words.MOST_NAMED else "")


def before(work: AdminsWork, reader: str | None = None) -> Message:
    """What stands in place of an earlier day's."""
    small = "Today's list is further down."
    if not work.leftovers:
        return notice([f"{ALARM} Something still waits for an admin."], small=small)
    first = work.leftovers[0]
    more = f" and {len(work.leftovers) - 1} more" if len(work.leftovers) > 1 else ""
    headline = (
        f"{ALARM} {_grantee(first, reader).first} may still be able to send email as "
        f"{party(first.grantor_id, reader).name}{more}."
    )
    return notice([headline], small=small)


def over() -> Message:
    """In place of it, once nothing of it is left."""
    return notice([f"{CALM} Everything that was listed here is settled now."])


def _overdue_of(
    grantor: Party, theirs: Sequence[Leftover], reason: Departure | None, reader: str | None
) -> str:
    """What one person gave and Close may still hold, why, and what an admin can do."""
    grantees = [_grantee(each, reader) for each in theirs]
    who = ", ".join(dict.fromkeys(each.name for each in grantees[:MOST_GRANTEES]))
    who = who[:1].upper() + who[1:]
    if len(theirs) > MOST_GRANTEES:
        who += f" and {len(theirs) - MOST_GRANTEES} more"
    over = [each.over_since for each in theirs if each.over_since is not None]
    since = (
        f"Over since {moment(min(over))}, but Close has not confirmed that it is gone."
        if over
        else "It was set up in Close itself, and has no end."
    )
    headline = f"{ALARM} *{who} may still be able to send email as {grantor.name}.* {since}"
    trouble = next((each.trouble for each in theirs if each.trouble is not None), None)
    if reason is None:
        return f"{headline} {way_on(trouble, grantor, grantees[0])}"
    left = words.departed(grantor, reason)
    return (
        f"{headline} {left}, and only they could take it away. See whether {grantor.whose} address "
        "can still be chosen as the sender in Close. If not, press the button. If it can, a Close "
        f"admin can remove {grantor.whose} connected email account there, or reactivate "
        f"{grantor.name} and remove this {words.BY_HAND}."
    )


def _grantee(leftover: Leftover, reader: str | None) -> Party:
    if leftover.grantee_id is not None:
        return party(leftover.grantee_id, reader)
    return Party(quoted_name(leftover.grantee_name) or "Somebody I don't know")
