"""What a grantor reads about rights that were set up in Close itself, and about a comparison."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import dialogs, foreign, words
from bot.cards.hints import WITH_AN_END
from bot.cards.markup import heard, mention, quoted_name
from bot.cards.parts import button, context, section
from bot.refusals import StrayDecided
from bot.slack.message import Message
from bot.times.saying import write_length
from models.mark import marked
from models.person import Departure
from models.policy import Policy
from models.stray import Obstacle, Stray, StrayState

KEEP, GIVE_END, REMOVE = "stray_keep", "stray_give_end", "stray_remove"
END_FORM, DURATION = "stray_end_form", "duration"
SINGLE_OUT = "stray_single_out"
MOST_LISTED = 200
IN_A_MENU = 100  # Slack's limit (slack.md §5)
IN_A_SECTION = 10  # people; each is cut, so that they stay below 3,000 characters
LONGEST_CHOICE = 75
MOST_TEXT = 3_900  # characters: a text beside blocks that is above 4,000 cannot be changed later

_BY_HAND = "or remove it yourself in Close's settings under Send As"
_OBSTACLES = {
    Obstacle.NOT_CONNECTED: "Your connection to Close does not work, so it is still there. Connect "
    f"again with `/sendas connect` and I remove it at once, {_BY_HAND}.",
    Obstacle.OTHER_ACCOUNT: "You are connected with another Close account than the one that gave "
    f"it, so it is still there. Connect that one with `/sendas connect`, {_BY_HAND}.",
}
_LABELS = {KEEP: "Keep", GIVE_END: "Give it an end", REMOVE: "Remove"}


def card(
    stray: Stray, obstacle: Obstacle | None = None, *, departure: Departure | None = None
) -> Message:
    """The message to the grantor about one association that the bot did not make; ``departure`` is
    how its grantee has left, if they have."""
    headline, lines = _said(stray, departure)
    lines = [*_account(stray), *lines] if obstacle is None else [_OBSTACLES[obstacle]]
    blocks: list[Block] = [section(f"*{headline}*")]
    blocks += [section(line) for line in lines]
    buttons = [each for each in _buttons(stray) if each != GIVE_END or departure is None]
    said = [f"{headline}.", *lines]
    if stray.state is StrayState.FOUND:
        said.append(f"{_capital(_who(stray))} can {words.allows('your')}.")
        blocks.append(context(said[-1]))
    if buttons:
        blocks.append(_row(stray, buttons, marked(stray, departure)))
    return Message("\n".join(heard(line) for line in said), blocks)


def listing(strays: Sequence[Stray]) -> Message:
    """The message to a grantor about many at once; each can be taken out and decided about."""
    shown = strays[:MOST_LISTED]
    if not shown:
        text = "Nothing is left in this list of rights that were set up in Close itself."
        return Message(text, [section(text)])
    them, are = ("it", "it is") if len(strays) == 1 else ("them", "they are")
    headline = f"*Close has {_set_up_there(len(strays))}*, so nothing here ends {them}."
    what = (
        f"You can leave {them} as {are}. Or choose one below to keep it, give it an end, or remove "
        "it: I then ask you about it in a message of its own."
    )
    lines = [f"• {_entry(each)}" for each in shown]
    if len(strays) > len(shown):
        lines.append(f"… and {len(strays) - len(shown)} more, which follow as you decide.")
    small = [f"Such a right lets somebody {words.allows('your')}."]
    if any(_is_sought(each) for each in shown):
        small.append("Where there is only a name, I'm still looking for the person in Slack.")
    paragraphs = [headline, what, *_parts(lines)]
    blocks: list[Block] = [section(each) for each in paragraphs]
    blocks.append(context(" ".join(small)))
    blocks += [_menu(shown, start) for start in range(0, len(shown), IN_A_MENU)]
    room = MOST_TEXT - sum(len(each) + 1 for each in (headline, what, *small))
    text = "\n".join([headline, what, *_spoken(lines, room), *small])
    return Message(heard(text), blocks)


def _spoken(lines: Sequence[str], room: int) -> Sequence[str]:
    """As many of these as there is room for, and how many more there are."""
    spoken: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < len("… and 100 more."):
            return [*spoken, f"… and {len(lines) - len(spoken)} more."]
        spoken.append(line)
    return spoken


def _set_up_there(count: int) -> str:
    if count == 1:
        return "a right to send as you that was set up in Close itself"
    return f"{count} rights to send as you that were set up in Close itself"


def _parts(lines: Sequence[str]) -> Sequence[str]:
    starts = range(0, len(lines), IN_A_SECTION)
    return ["\n".join(lines[start : start + IN_A_SECTION]) for start in starts]


def _menu(strays: Sequence[Stray], start: int) -> ActionsBlock:
    chosen = strays[start : start + IN_A_MENU]
    label = "Decide about one…"
    if len(strays) > IN_A_MENU:
        label = f"Decide about one of {start + 1} to {start + len(chosen)}…"
    return ActionsBlock(
        block_id=f"strays:{start}",
        elements=[
            StaticSelectElement(
                action_id=SINGLE_OUT,
                placeholder=PlainTextObject(text=label),
                options=[_choice(each) for each in chosen],
            )
        ],
    )


def _choice(stray: Stray) -> Option:
    """The address has a line of its own, as in the message that then follows."""
    name = foreign.name(stray.grantee_name) or "Unknown Close account"
    address = foreign.plain(foreign.address(stray.grantee_email), LONGEST_CHOICE)
    return Option(
        text=PlainTextObject(text=name, emoji=False),
        description=PlainTextObject(text=address, emoji=False) if address else None,
        value=stray.id,
    )


def _entry(stray: Stray) -> str:
    if stray.grantee_id is not None:
        return mention(stray.grantee_id)
    if not stray.grantee_name:
        return "A Close account that I don't know"
    return words.account("", stray.grantee_name, stray.grantee_email).strip()


def _is_sought(stray: Stray) -> bool:
    """Whether Slack has yet to say who this is."""
    return stray.grantee_id is None and stray.sought_at is None


def end_form(stray: Stray, policy: Policy, value: str) -> View:
    """The question until when; the form carries what the button did, which was just compared."""
    return View(
        type="modal",
        callback_id=END_FORM,
        private_metadata=value,
        title=PlainTextObject(text="Give it an end"),
        submit=PlainTextObject(text="Set the end"),
        close=PlainTextObject(text="Never mind"),
        blocks=[
            section(f"When should {_who(stray)} stop being able to send email as you?"),
            InputBlock(
                block_id=DURATION,
                label=PlainTextObject(text="For how much longer?"),
                hint=PlainTextObject(text=WITH_AN_END),
                element=PlainTextInputElement(
                    action_id=DURATION,
                    initial_value=write_length(policy.default_duration),
                    max_length=100,
                ),
            ),
        ],
    )


WORKFLOWS = (
    "*Workflows may also send email in your name.* That is a setting of your membership in Close, "
    "and not one of these rights: switch it off there under Settings, or ask who manages your "
    "organization in Close."
)


def report(
    *,
    fitting: int,
    gone: int,
    back: int,
    unknown: int,
    refused: int,
    may_workflows_send: bool | None = None,
) -> Message:
    """The answer to ``/sendas check``; what is not known of Workflows is nothing to do about."""
    lines = [_fits(fitting, unknown + back + refused)]
    if gone:
        are = "it is" if gone == 1 else "they are"
        lines.append(f"{_rights(gone)} had been removed there; {are} marked as ended.")
    if back:
        lines.append(
            f"{_rights(back)} had ended but {_be(back)} still there; I'm removing {_it(back)}."
        )
    if unknown:
        lines.append(
            f"{_rights(unknown)} {_was(unknown)} set up in Close itself; I'll ask you about "
            f"{_it(unknown)}."
        )
    if refused:
        lines.append(
            f"{_rights(refused)} that you removed {_be(refused)} back; I'm removing {_it(refused)}."
        )
    if may_workflows_send:
        lines.append(WORKFLOWS)
    text = "\n".join(lines)
    return Message(heard(text), [section(text)])


def checking(*, is_planned: bool) -> str:
    """The answer at once, before Close was asked."""
    if is_planned:
        return "I'm looking at what Close has for you. The answer follows in our direct messages."
    return (
        "I can only look with your Close account: connect it with `/sendas connect`, and I take a "
        "first look automatically."
    )


def decided(error: StrayDecided) -> str:
    """Why a click changed nothing."""
    headline, _ = _said_by_state(error.stray)
    return f"Nothing changed. {headline}."


def said(stray: Stray, departure: Departure | None = None) -> str:
    """What there is to decide, for somebody who has read another state of it."""
    headline, lines = _said(stray, departure)
    return "\n".join([f"*{headline}*", *_account(stray), *lines])


def _said(stray: Stray, departure: Departure | None) -> tuple[str, Sequence[str]]:
    headline, lines = _said_by_state(stray)
    if departure is not None and stray.grantee_id is not None:
        lines = _about_leaver(stray.grantee_id, stray, departure) or lines
    return headline, lines


def _said_by_state(stray: Stray) -> tuple[str, Sequence[str]]:
    who = _capital(_who(stray))
    match stray.state:
        case StrayState.FOUND:
            question = "Keep it, give it an end, or remove it?"
            if _is_sought(stray):
                question = "Keep it or remove it? I'm still looking for this person in Slack."
            elif stray.grantee_id is None:
                question = "Keep it or remove it? I can't find this person in Slack."
            return (
                f"{who} can send email as you {words.FOREVER}",
                [f"This was set up in Close itself, so nothing here ends it. {question}"],
            )
        case StrayState.KEPT:
            return (
                f"You kept it: {who} can send email as you {words.FOREVER}",
                ["Nothing here ends it."],
            )
        case StrayState.ADOPTED:
            return f"{who}'s right to send as you has an end now", ["It has a card of its own."]
        case StrayState.REMOVING:
            return (
                f"Removing {who}'s right to send as you",
                ["Waiting for Close to confirm. I keep trying until it does."],
            )
        case StrayState.REMOVED:
            return (
                f"{who} can no longer send email as you",
                ["You removed it. Close confirmed that the right is gone."],
            )
        case StrayState.VANISHED:
            return (
                f"{who} can no longer send email as you",
                ["The right was removed in Close itself; nothing is left to decide."],
            )


def _about_leaver(grantee_id: str, stray: Stray, departure: Departure) -> Sequence[str]:
    """To the grantor, who alone can act."""
    if stray.state is not StrayState.FOUND:
        return ()
    left = words.departure(grantee_id, departure)
    return [f"*{left}.* This was set up in Close itself, so nothing here ends it. Remove it?"]


def _who(stray: Stray) -> str:
    if stray.grantee_id is not None:
        return mention(stray.grantee_id)
    if not stray.grantee_name:
        return "a Close account that I don't know"
    return quoted_name(stray.grantee_name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _account(stray: Stray) -> list[str]:
    """Of somebody whom nobody finds in Slack."""
    if stray.grantee_id is not None or not stray.grantee_email:
        return []
    return [words.account("In Close:", stray.grantee_name, stray.grantee_email)]


def _buttons(stray: Stray) -> Sequence[str]:
    end = () if stray.grantee_id is None else (GIVE_END,)
    match stray.state:
        case StrayState.FOUND:
            return (KEEP, *end, REMOVE)
        case StrayState.KEPT:
            return (*end, REMOVE)
        case _:
            return ()


def _row(stray: Stray, buttons: Sequence[str], value: str) -> ActionsBlock:
    return ActionsBlock(
        block_id=f"stray:{stray.id}",
        elements=[
            _remove(stray, value) if each == REMOVE else button(each, _LABELS[each], value)
            for each in buttons
        ],
    )


def _remove(stray: Stray, value: str) -> ButtonElement:
    who = foreign.name(stray.grantee_name) or "They"
    text = (
        f"{who} can no longer send email as you, at once. It was set up in Close itself, and can "
        "only be set up again there."
    )
    question = dialogs.asked("Remove this right in Close?", text, yes="Remove")
    return button(REMOVE, _LABELS[REMOVE], value, style="danger", confirm=question)


def _fits(fitting: int, others: int) -> str:
    if fitting:
        return f"{_rights(fitting)} to send as you {_be(fitting)} in Close, just as shown here."
    return "Nobody else can send as you in Close." if others else "Nobody can send as you in Close."


def _rights(count: int) -> str:
    return "One right" if count == 1 else f"{count} rights"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _it(count: int) -> str:
    return "it" if count == 1 else "them"
