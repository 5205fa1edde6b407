"""What goes on in a grantor's name once a right is over: what both read, and what is decided."""

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import ButtonElement, ConfirmObject

from bot.cards import dialogs
from bot.cards.foreign import plain
from bot.cards.markup import mention
from bot.cards.parts import ALARM, CALM, button, notice
from bot.cards.words import MOST_NAMED
from bot.slack.message import Message
from models.aftermath import Aftermath, AtEnd, Course, Drafts, Obstacle
from models.mark import mark_of_aftermaths

LEAVE, PAUSE, DRAFTS = "leave_running", "pause_started", "to_drafts"
LONGEST_NAME = 30  # characters on a button
_AFTERWARDS = {
    AtEnd.ASK: "{grantor} then decides whether it goes on.",
    AtEnd.PAUSE: "I pause it then.",
    AtEnd.LEAVE: "It then goes on in {grantor}'s name.",
}
_WHY_UNKNOWN = {
    Obstacle.NOT_CONNECTED: "your Close account is not connected here",
    Obstacle.REFUSED: "Close does not show me all of it",
    Obstacle.TOO_MUCH: "there are too many sequences to look at all of them",
    Obstacle.SILENT: "Close did not answer",
}
BY_HAND = "in Close, under Workflows"


def before(row: Aftermath | None, at_end: AtEnd) -> list[str]:
    """To the grantee, before the end: what they have started, and what becomes of it."""
    if row is None or row.course is not Course.BEFORE or row.looked_at is None:
        return []
    if not row.running:
        if row.obstacle is None:
            return []
        return [f"I can't see whether sequences of yours would go on. Please look {BY_HAND}."]
    grantor = mention(row.grantor_id)
    afterwards = _AFTERWARDS[at_end].format(grantor=grantor)
    return [f"You have started what goes on after your time: {_running(row)}. {afterwards}"]


def after(row: Aftermath | None) -> list[str]:
    """To the grantor, on the card of a right that is over: what no message of its own says."""
    if row is None:
        return []
    grantee = mention(row.grantee_id)
    if row.course is Course.UNKNOWN and row.obstacle is not None:
        why = _WHY_UNKNOWN[row.obstacle]
        unknown = f"I don't know whether {grantee} has started what goes on: {why}."
        return [f"{unknown} Please look {BY_HAND}."]
    if row.course is Course.LEFT and row.decided_at is not None and row.decided_by is None:
        return [f"{grantee} has started what goes on in your name: {_all(row)}."]
    return []


def after_several(rows: Sequence[Aftermath]) -> list[str]:
    """The same of rights that ended together, in few words."""
    unknown = [each for each in rows if each.course is Course.UNKNOWN]
    lines = [line for each in rows if each not in unknown for line in after(each)][:MOST_NAMED]
    if unknown:
        why = _WHY_UNKNOWN[unknown[0].obstacle or Obstacle.SILENT]
        who = ", ".join(mention(each.grantee_id) for each in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        lines.append(f"I don't know whether {who}{more} started what goes on: {why}.")
    return lines


def card(rows: Sequence[Aftermath], names: Mapping[str, str]) -> Message | None:
    """To the grantor: all that goes on after what ended together, and the decision; None when
    there is nothing to say. ``names`` are the grantees', by their Slack ids."""
    value = f"{rows[0].together}:{mark_of_aftermaths(rows)}" if rows else ""
    rows = [each for each in rows if each.is_any and each.course is not Course.BEFORE]
    if not rows:
        return None
    lines = [_headline(rows)]
    if len(rows) == 1:
        lines.append(_how(rows[0]))
    else:
        named = [f"• {mention(each.grantee_id)}: {_how(each)}" for each in rows[:MOST_NAMED]]
        lines.append("\n".join(named))
    if len(rows) > MOST_NAMED:
        lines.append(f"and {len(rows) - MOST_NAMED} more. In all: {_sum(rows)}.")
    is_open = any(each.course is Course.ASKING for each in rows)
    small = "It is sent from your mailbox, and Close shows it as running." if is_open else ""
    return notice(lines, small=small, buttons=_buttons(rows, names, value))


def _headline(rows: Sequence[Aftermath]) -> str:
    over = f"{len(rows)} rights to send email as you are over"
    if len(rows) == 1:
        over = f"{mention(rows[0].grantee_id)}'s right to send email as you is over"
    if any(each.course is Course.ASKING for each in rows):
        return f"{ALARM} *{over}, but this goes on in your name*"
    is_at_work = any(each.is_at_work for each in rows)
    is_left = any(each.unpaused or each.undrafted for each in rows)
    return f"{ALARM if is_at_work or is_left else CALM} {over}. What was still going on:"


def _how(row: Aftermath) -> str:
    """What it is, and what is done about it."""
    what = _all(row)
    return " ".join([f"{what[0].upper()}{what[1:]}.", *_paused(row), *_drafted(row), *_more(row)])


def _paused(row: Aftermath) -> list[str]:
    match row.course:
        case Course.LEFT if row.running and row.decided_by is None:
            return ["There is a right again, so I left it running."]
        case Course.LEFT if row.running:
            return ["You left it running."]
        case Course.PAUSING if row.obstacle is Obstacle.NOT_CONNECTED:
            return ["*Not paused yet:* your Close account is not connected. `/sendas connect`"]
        case Course.PAUSING:
            return [f"I am pausing the {_pausable(row)}."]
        case Course.PAUSED if row.unpaused:
            return [f"*Close did not let me pause {row.unpaused} of it.* Please do so {BY_HAND}."]
        case Course.PAUSED:
            by_rule = "" if row.decided_by else ", as it is set up here"
            are = "is" if _pausable(row) == "bulk action" else "are"
            return [f"The {_pausable(row)} {are} paused{by_rule}."]
        case _:
            return []


def _pausable(row: Aftermath) -> str:
    kinds = []
    if row.subscriptions:
        kinds.append("sequences")
    if row.enrolments:
        kinds.append("bulk action" if row.enrolments == 1 else "bulk actions")
    return " and the ".join(kinds or ["sequences"])


def _drafted(row: Aftermath) -> list[str]:
    match row.drafts:
        case Drafts.WANTED:
            return ["I am putting the email back to the drafts."]
        case Drafts.DONE if row.undrafted:
            these = _number(row.undrafted, "email", "emails")
            return [f"*{these} could not be taken back.* Please look in Close's outbox."]
        case Drafts.DONE:
            return ["The email is back among the drafts."]
        case _:
            return []


def _more(row: Aftermath) -> list[str]:
    """That there may be more."""
    if not _is_least(row) or row.obstacle is None:
        return []
    return [f"There may be more: {_WHY_UNKNOWN[row.obstacle]}."]


def _is_least(row: Aftermath) -> bool:
    return row.obstacle not in (None, Obstacle.NOT_CONNECTED)


def _all(row: Aftermath) -> str:
    return _sum([row])


def _running(row: Aftermath) -> str:
    return _counted(row.subscriptions, row.enrolments, 0, is_least=_is_least(row))


def _sum(rows: Sequence[Aftermath]) -> str:
    return _counted(
        sum(each.subscriptions for each in rows),
        sum(each.enrolments for each in rows),
        sum(each.waiting for each in rows),
        is_least=any(_is_least(each) for each in rows),
    )


def _counted(subscriptions: int, enrolments: int, waiting: int, *, is_least: bool) -> str:
    counted = [
        (subscriptions, "contact in a sequence", "contacts in sequences"),
        (
            enrolments,
            "bulk action that Close is still at",
            "bulk actions that Close is still at",
        ),
        (waiting, "email that waits to be sent", "emails that wait to be sent"),
    ]
    said = [_number(number, one, many) for number, one, many in counted if number]
    least = "at least " if is_least else ""
    return least + (", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0])


def _number(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _buttons(
    rows: Sequence[Aftermath], names: Mapping[str, str], value: str
) -> list[ButtonElement]:
    asking = [each for each in rows if each.course is Course.ASKING]
    unpaused = [each for each in rows if each.course in (Course.ASKING, Course.LEFT)]
    running = sum(each.running for each in unpaused)
    waiting = sum(each.waiting for each in rows if each.drafts is None)
    name = plain(names.get(rows[0].grantee_id, ""), LONGEST_NAME).partition(" ")[0]
    who = name if name and len(rows) == 1 else "they"
    buttons = []
    if asking:
        left = sum(each.running + each.waiting for each in asking)
        buttons.append(button(LEAVE, f"Leave it running ({left:,})", value))
    if running:
        label = f"Pause what {who} started ({running:,})"
        buttons.append(button(PAUSE, label, value, style="danger", confirm=_really_pause(running)))
    if waiting:
        label = f"Back to drafts ({waiting:,})"
        buttons.append(button(DRAFTS, label, value, confirm=_really_draft(waiting)))
    return buttons


def _really_pause(running: int) -> ConfirmObject:
    what = "It gets" if running == 1 else f"These {running:,} get"
    text = f"{what} no more email from you until somebody lets it go on in Close."
    return dialogs.asked("Pause it?", text, yes="Pause", no="Not yet")


def _really_draft(waiting: int) -> ConfirmObject:
    these = _number(waiting, "email is", "emails are")
    text = f"{these} not sent; somebody has to send or schedule them again in Close."
    return dialogs.asked("Put back to the drafts?", text, yes="Back to drafts", no="Not yet")
