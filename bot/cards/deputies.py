"""Deputies: what they are asked in whose place, and what the two read about it.

``reader`` is the Slack id of who reads it.
"""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ConfirmObject,
    DateTimePickerElement,
    InputBlock,
    InteractiveElement,
    Option,
    OverflowMenuElement,
    PlainTextInputElement,
    PlainTextObject,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import dialogs, words
from bot.cards.card_forms import APPROVE_FOR, DENY_WITH_NOTE, NOTE
from bot.cards.faces import MOST_ASKED, Action, account
from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted
from bot.cards.parts import QUESTION, button, notice, section
from bot.cards.pronouns import party
from bot.cards.time_fields import MOMENT
from bot.slack.message import Message
from bot.times.saying import say_length
from models.delegation import Delegation, State
from models.deputy import LONGEST, Deputy, DeputyEnd
from models.mark import marked
from models.policy import REASON_LIMIT, Policy

NAME, END, FORM = "name_deputy", "end_deputy", "deputy_form"
WHO = "deputy"
ABOUT = (
    "Somebody else can answer requests to send as you, while you are away. They come to both of "
    "you, the first answer counts, and you read each of theirs."
)
_STEP_DOWN = "Step down"
MOST_LISTED = 3  # in a home: for whom somebody answers, and of what waits; each has a message
CHOICES = {
    APPROVE_FOR: "Approve with a different length…",
    DENY_WITH_NOTE: "Deny with a reason…",
}


def asked(
    d: Delegation, deputy: Deputy | None, reader: str, *, now: datetime, is_last: bool = True
) -> Message:
    """The question to a deputy, while it waits and they answer for its grantor; not ``is_last``
    where they were asked again."""
    if deputy is None or not d.waits_for_grantor or not deputy.may_answer(d, now):
        return notice([outcome(d, reader, is_deputy=deputy is not None)])
    if not is_last:
        return notice([f"{QUESTION} {question(d)}"], small="I asked again further down.")
    shown = notice(said(d, deputy, now), small=_what_follows(d, deputy))
    actions = ActionsBlock(block_id=f"deputy:{d.id}", elements=buttons(d, deputy, now))
    return Message(shown.text, [*shown.blocks, actions])


def said(d: Delegation, deputy: Deputy, now: datetime) -> list[str]:
    """What is decided, in a few paragraphs."""
    lines = [f"{QUESTION} *{question(d)}*", _length(d)]
    if d.grantee_account:
        lines += account(d)
    why = quoted(plain(d.reason, MOST_ASKED))
    lines += [f"Reason: “{why}”"] if why else []
    note = quoted(d.note) if d.extension is not None else ""
    lines += [f"“{note}”"] if note else []
    if not fits(d, deputy, now):
        lines.append(
            f"That is longer than you can approve: you answer for {mention(d.grantor_id)} until "
            f"{moment(deputy.until)}."
        )
    return lines


def question(d: Delegation) -> str:
    """Who wants what, and for whom it is answered."""
    grantor, grantee = mention(d.grantor_id), mention(d.grantee_id)
    if d.extension is not None and d.state is State.ACTIVE:
        wants = f"{grantee} asks for {words.more(d.extension)} to send email as them"
    elif d.requester_id == d.grantee_id:
        wants = f"{grantee} asks to send email as them"
    else:
        wants = f"{mention(d.requester_id)} asks for {grantee} to send email as them"
    return f"For {grantor}: {wants}"


def fits(d: Delegation, deputy: Deputy, now: datetime) -> bool:
    """Whether a deputy can agree to what was asked as it is."""
    wish = d.extension
    if wish is None or d.state is not State.ACTIVE:
        return deputy.covers(length=d.length, starts_at=d.starts_at, until=d.until, now=now)
    until = wish.until
    if wish.length is not None and d.ends_at is not None:
        until = max(d.ends_at, now) + wish.length
    return deputy.covers(length=None, starts_at=None, until=until, now=now)


def buttons(d: Delegation, deputy: Deputy, now: datetime) -> list[InteractiveElement]:
    """What a deputy can answer; what they read goes along."""
    value = marked(d, deputy)
    is_wish = d.extension is not None and d.state is State.ACTIVE
    yes, no = (
        (Action.APPROVE_EXTENSION, Action.DECLINE_EXTENSION)
        if is_wish
        else (Action.APPROVE, Action.DENY)
    )
    found: list[InteractiveElement] = []
    if fits(d, deputy, now):
        found.append(button(yes, "Approve", value, style="primary"))
    found.append(button(no, "Leave as it is" if is_wish else "Deny", value))
    if not is_wish:
        options = [
            Option(text=PlainTextObject(text=label), value=f"{choice}:{value}")
            for choice, label in CHOICES.items()
        ]
        found.append(OverflowMenuElement(action_id=Action.MORE, options=options))
    return found


def outcome(d: Delegation, reader: str, *, is_deputy: bool = True) -> str:
    """What became of it; it is about others, so one sentence is enough."""
    grantor, grantee = mention(d.grantor_id), mention(d.grantee_id)
    what = f"the request for {grantee} to send email as {grantor}"
    if d.waits_for_grantor:
        if not is_deputy:
            return f"You no longer answer for {grantor}: {what} is theirs to answer."
        return f"This is no longer yours to answer: {what}."
    word = d.deputys_word
    who = party(word.deputy_id if word else d.grantor_id, reader).first
    match d.state:
        case State.DENIED:
            closed = party(d.closed_by or d.grantor_id, reader).first
            return f"{closed} denied it: {what}."
        case State.CANCELLED:
            return f"It was cancelled: {what}."
        case State.LAPSED:
            return f"It lapsed: {what}."
        case _ if d.standing_id is not None:
            return f"A standing approval answered it: {what}."
        case _ if d.waits_for_second:
            return f"{who} agreed, and it needs a second yes: {what}."
        case _ if d.extension_declined_at is not None:
            said = f"{who} left the end as it is" if d.second is None else "No second yes was given"
            return f"{said}: the right of {grantee} to send as {grantor}."
        case _:
            return f"{who} approved it: {what}."


def _length(d: Delegation) -> str:
    if d.extension is not None and d.state is State.ACTIVE:
        return f"*New end:* {words.new_end(d, d.extension)}"
    return words.length(d, None)


def _what_follows(d: Delegation, deputy: Deputy) -> str:
    grantor = mention(d.grantor_id)
    place = f"You answer in {grantor}'s place until {moment(deputy.until)}"
    lapses = "" if d.state is State.ACTIVE else f" Without one, it lapses {moment(d.lapses_at)}."
    return (
        f"{place}; what you approve ends by then. {grantor} has this request, too, and reads your "
        f"answer.{lapses}"
    )


def named(deputy: Deputy, now: datetime) -> Message:
    """To the deputy: what they can do, for as long as they can."""
    grantor = mention(deputy.grantor_id)
    if not deputy.is_in_force(now):
        why = why_over(deputy, deputy.deputy_id)
        return notice([f"You no longer answer requests for {grantor}. {why}"])
    until = moment(deputy.until)
    lines = [f"*You can answer requests in {grantor}'s place until {until}*, as they asked me to."]
    if note := quoted(deputy.note):
        lines.append(f"{grantor}: “{note}”")
    lines.append(
        f"Each request comes to both of you, and the first answer counts. {grantor} reads each of "
        "yours. What you approve ends by the end of your time."
    )
    return notice(
        lines,
        small="Never your own requests, and nothing that they have to confirm in Close.",
        buttons=[
            button(
                END,
                _STEP_DOWN,
                deputy.id,
                style="danger",
                confirm=_really(deputy, deputy.deputy_id),
            )
        ],
    )


def over(deputy: Deputy, reader: str) -> Message:
    """To whoever of the two did not end it."""
    grantor, other = party(deputy.grantor_id, reader), party(deputy.deputy_id, reader)
    answers = f"{other.first} no longer answer{other.s} requests for {grantor.name}."
    small = ""
    if reader == deputy.grantor_id:
        anew = "`/sendas deputy @colleague until friday` names somebody else."
        small = f"What they approved stays as it is. {anew}"
    return notice([f"{answers} {why_over(deputy, reader)}"], small=small)


def why_over(deputy: Deputy, reader: str | None = None) -> str:
    """Why somebody answers no longer, in a sentence."""
    grantor, other = party(deputy.grantor_id, reader), party(deputy.deputy_id, reader)
    match deputy.cause:
        case DeputyEnd.GRANTOR:
            return f"{grantor.first} ended it."
        case DeputyEnd.DEPUTY:
            return f"{other.first} stepped down."
        case DeputyEnd.ADMIN if deputy.ended_by is not None:
            return f"{party(deputy.ended_by, reader).first} ended it as an admin."
        case DeputyEnd.REPLACED:
            return f"{grantor.first} named somebody else."
        case DeputyEnd.RENEWED:
            return f"{grantor.first} named another date."
        case DeputyEnd.LEFT if deputy.ended_by is not None and deputy.departure is not None:
            return f"{words.departure(deputy.ended_by, deputy.departure, reader)}."
        case DeputyEnd.RESTORED:
            return "I was restored from a backup, and do not know what was said since."
        case DeputyEnd.UNINSTALLED:
            return "The app was removed from Slack."
        case _:
            return "The time was up."


def audited(deputy: Deputy, *, is_over: bool) -> Message:
    """To the audit channel, once when it begins and once when it is over."""
    grantor, other = mention(deputy.grantor_id), mention(deputy.deputy_id)
    if is_over:
        return notice([f"{other} no longer answers requests for {grantor}. {why_over(deputy)}"])
    return notice(
        [f"{grantor} named {other} to answer requests for them until {moment(deputy.until)}"]
    )


def needs_you(d: Delegation, deputy: Deputy | None) -> Message:
    """To a grantor: their deputy would agree, and only they can."""
    grantee = mention(d.grantee_id)
    who = mention(deputy.deputy_id) if deputy is not None else "Your deputy"
    if not d.waits_for_grantor:
        return notice([f"{who} would have approved {grantee}'s request. It is answered."])
    only_you = f"{QUESTION} *{who} would approve {grantee}'s request, but only you can.*"
    why = "It lends your name for so long that you have to confirm it in Close."
    return notice(
        [f"{only_you} {why}"],
        small="Approve it on its card above, or in my Home tab.",
    )


def named_now(deputy: Deputy, policy: Policy) -> str:
    """The answer to who has named somebody."""
    other = mention(deputy.deputy_id)
    said = (
        f"{other} can answer requests for you until {moment(deputy.until)}. They come to both of "
        "you, the first answer counts, and you read each of theirs. What they approve ends by "
        "then. `/sendas deputy end` ends this."
    )
    lines = [said]
    if (limit := policy.confirm_over) is not None:
        is_any = limit >= LONGEST
        long = "has no end" if is_any else f"lasts longer than {say_length(limit)}"
        lines.append(f"What {long} only you can approve, and confirm in Close.")
    return "\n".join(lines)


def listed(deputies: Sequence[Deputy], reader: str) -> str:
    """The answer to ``/sendas deputy``."""
    if not deputies:
        return (
            "Nobody answers requests for you, and you for nobody. For example: `/sendas deputy "
            "@colleague until friday`"
        )
    return "\n".join(line(each, reader) for each in deputies)


def line(deputy: Deputy, reader: str) -> str:
    """Who answers for whom, and until when."""
    if deputy.grantor_id == reader:
        return f"{mention(deputy.deputy_id)} answers requests for you until {moment(deputy.until)}."
    return f"You answer requests for {mention(deputy.grantor_id)} until {moment(deputy.until)}."


def ended(deputy: Deputy, reader: str) -> str:
    """The answer to whoever has ended it."""
    if deputy.grantor_id == reader:
        other = mention(deputy.deputy_id)
        return f"Done: {other} no longer answers requests for you. What they approved stays."
    return f"Done: you no longer answer requests for {mention(deputy.grantor_id)}."


def row(deputy: Deputy, reader: str) -> Block:
    """The same in App Home, with the button that ends it."""
    label = "End it" if deputy.grantor_id == reader else _STEP_DOWN
    end = button(END, label, deputy.id, style="danger", confirm=_really(deputy, reader))
    return section(line(deputy, reader), block_id=f"deputy_row:{deputy.id}", accessory=end)


def _really(deputy: Deputy, reader: str) -> ConfirmObject:
    if deputy.grantor_id == reader:
        text = "Only you answer your requests again. What they approved stays."
        return dialogs.asked("End this?", text)
    text = "You can no longer answer their requests. What you approved stays."
    return dialogs.asked("Step down?", text, yes=_STEP_DOWN)


def form() -> View:
    """Who answers for you, until when, and a word to them."""
    days = LONGEST.days
    blocks = [
        section(ABOUT),
        InputBlock(
            block_id=WHO,
            label=PlainTextObject(text="Who answers for you?"),
            hint=PlainTextObject(text="Never what they ask for themselves."),
            element=UserSelectElement(action_id=WHO),
        ),
        InputBlock(
            block_id=MOMENT,
            label=PlainTextObject(text="Until when?"),
            hint=PlainTextObject(text=f"At most {days} days. What they approve ends by then."),
            element=DateTimePickerElement(action_id=MOMENT),
        ),
        InputBlock(
            block_id=NOTE,
            optional=True,
            label=PlainTextObject(text="Anything to add?"),
            hint=PlainTextObject(text="They read this."),
            element=PlainTextInputElement(action_id=NOTE, multiline=True, max_length=REASON_LIMIT),
        ),
    ]
    return View(
        type="modal",
        callback_id=FORM,
        title=PlainTextObject(text="Who answers for you"),
        submit=PlainTextObject(text="Save"),
        close=PlainTextObject(text="Never mind"),
        blocks=blocks,
    )
