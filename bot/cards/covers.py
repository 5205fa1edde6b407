"""What a grantor reads of a cover, and the form in which they plan one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DatePickerElement,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
    UserMultiSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import bundles, dialogs, foreign, parts, words
from bot.cards.delegations import connect
from bot.cards.markup import day, mention, moment, quoted
from bot.slack.message import Message
from bot.times.saying import local_time
from models.cover import MOST_COVERERS, Cover, Covered, is_of_cover
from models.delegation import WAITS_FOR_GRANTOR, Delegation, State
from models.mark import mark_of_cover
from models.policy import REASON_LIMIT

PLAN, CHANGE, END = "plan_cover", "change_cover", "end_cover"
FORM = "cover_form"
FIRST, LAST, WHO, NOTE = "first_day", "last_day", "coverers", "cover_note"


@dataclass(frozen=True, slots=True)
class Said:
    """The form as it was filled in; without a ``first`` day it is of a cover that runs. A day is as
    Slack says it: ``2026-12-03``."""

    first: str | None
    last: str
    people: Sequence[str]
    note: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the form opens with. ``first`` is None where that cannot be another any more."""

    first: date | None
    last: date | None = None
    people: Sequence[str] = ()
    note: str = ""


def message(bundle: Sequence[Delegation], apart: Collection[str], *, connect_url: str) -> Message:
    """To the grantor, how their cover is. ``apart`` are the ids of the rights that have a message
    of their own."""
    left = [each for each in bundle if is_of_cover(each)]
    if not left:
        return _over(bundle)
    there = Covered(left[0].bundle_id or "", left)
    headline = f"{bundles.mark(left)} *Away {when(there)}: {who(left)} for you*"
    lines = [
        bundles.person_line(each, is_grant=True, is_apart=each.id in apart)
        for each in _present(bundle)
    ]
    note = parts.typed(left[0].reason)
    small = _meaning(there)
    blocks: list[Block] = [
        parts.section(headline),
        *note,
        parts.section("\n".join(f"• {each}" for each in lines)),
        parts.context(small),
    ]
    waits = any(each.trouble in WAITS_FOR_GRANTOR for each in left)
    first = [connect("bundle", connect_url)] if waits else []
    blocks.append(ActionsBlock(elements=[*first, *buttons(there)]))
    why = quoted(foreign.plain(left[0].reason, bundles.MOST_REASON))
    said = [headline, *([f"Note: {why}"] if why else []), *lines, small]
    return Message(parts.spoken(said), blocks)


def _present(bundle: Sequence[Delegation]) -> list[Delegation]:
    """The latest right of each person, without what its grantor has called off."""
    latest = {each.grantee_id: each for each in bundle}
    return [
        each
        for each in latest.values()
        if each.state is not State.CANCELLED or each.closed_by != each.grantor_id
    ]


def _over(bundle: Sequence[Delegation]) -> Message:
    gone = all(each.state is not State.ENDING for each in bundle)
    mark = parts.CALM if gone else bundles.mark(bundle)
    people = list(dict.fromkeys(each.grantee_id for each in bundle))
    names = words.several([mention(each) for each in people])
    no_longer = "covers" if len(people) == 1 else "cover"
    headline = f"{mark} *{names} no longer {no_longer} for you*"
    lines = [f"• {bundles.person_line(each, is_grant=True, is_apart=False)}" for each in bundle]
    return Message(
        parts.spoken([headline, *lines]),
        [parts.section(headline), parts.section("\n".join(lines))],
    )


def row(there: Covered) -> list[Block]:
    """One cover in App Home."""
    text = f"{bundles.mark(there.rights)} *Away {when(there)}:* {who(there.rights)}"
    troubled = [
        f"\n{bundles.person_line(each, is_grant=True, is_apart=False)}"
        for each in there.rights
        if each.trouble is not None or each.state is State.REQUESTED
    ]
    return [
        parts.section(text + "".join(troubled)),
        ActionsBlock(block_id=f"cover:{there.id}", elements=buttons(there)),
    ]


def buttons(there: Covered) -> list[ButtonElement]:
    """What can be done with all of it."""
    question = dialogs.asked(
        "End this cover?",
        "Nobody in it can send email as you any more, at once. What has not begun is called off.",
        no="Keep it",
    )
    return [
        parts.button(CHANGE, "Change…", there.id),
        parts.button(END, "End it", there.id, style="danger", confirm=question),
    ]


def when(there: Covered) -> str:
    """From when until when: days where it is whole days for the grantor, or else moments."""
    zone = there.rights[0].grantor_zone
    starts, until = there.starts_at, there.until
    if not _is_midnight(until, zone) or (starts is not None and not _is_midnight(starts, zone)):
        return (
            f"from {moment(starts)} until {moment(until)}" if starts else f"until {moment(until)}"
        )
    last = day(until - timedelta(seconds=1))
    return f"from {day(starts)} to {last}" if starts else f"until the end of {last}"


def who(rights: Sequence[Delegation]) -> str:
    """Who covers, within a sentence."""
    people = list(dict.fromkeys(mention(each.grantee_id) for each in rights))
    return f"{words.several(people)} {'covers' if len(people) == 1 else 'cover'}"


def overlapping(covers: Sequence[Cover]) -> str:
    """That there are other covers of the same time; nothing where there is none."""
    if not covers:
        return ""
    said = [f"the one until {moment(each.until)}" for each in covers]
    return (
        f"You have planned other cover for a part of that time: {words.several(said)}. Both hold."
    )


def ended(rights: Sequence[Delegation]) -> str:
    """The answer to who has ended a cover."""
    if not rights:
        return "Nothing of this cover is left, so there is nothing to end."
    if any(each.state is State.ENDING for each in rights):
        return "Ending this cover now. I'll tell you when Close confirms."
    return "Done: this cover is called off. Nothing had changed in Close."


def form(known: Known, *, cover: Covered | None = None) -> View:
    """Plan a cover, or change this one."""
    is_running = known.first is None
    carried = "" if cover is None else f"{cover.id}:{mark_of_cover(cover.rights)}"
    first = [] if known.first is None else [_day(FIRST, "First day away", known.first)]
    hint = "Their rights end with this day, in your own time zone."
    meaning = (
        "Each of them can send single, bulk and sequence email from Close in your name in that "
        "time. It begins and ends automatically, and you can end it at any time."
    )
    if is_running:
        meaning = f"This cover runs already: it can last longer, or have other people. {meaning}"
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=carried,
        title=PlainTextObject(text="I'll be away" if cover is None else "Change your cover"),
        submit=PlainTextObject(text="Let them cover" if cover is None else "Save"),
        close=PlainTextObject(text="Never mind"),
        blocks=[
            *first,
            _day(LAST, "Last day away", known.last, hint=hint),
            _who(known.people),
            _note(known.note, is_running=is_running),
            parts.context(meaning),
        ],
    )


def said_in(view: Mapping[str, Any]) -> Said:
    """What was picked and typed."""
    values = view["state"]["values"]
    return Said(
        first=values.get(FIRST, {}).get(FIRST, {}).get("selected_date"),
        last=str(values[LAST][LAST].get("selected_date") or ""),
        people=[str(each) for each in values[WHO][WHO].get("selected_users") or []],
        note=str(values[NOTE][NOTE].get("value") or "").strip(),
    )


def _meaning(there: Covered) -> str:
    if there.starts_at is None or any(each.state is State.ACTIVE for each in there.rights):
        return "It ends automatically."
    return "It begins and ends automatically."


def _is_midnight(when_: datetime, zone: str) -> bool:
    local = local_time(when_, zone)
    return local == local.start_of("day")


def _day(name: str, label: str, initial: date | None, *, hint: str = "") -> InputBlock:
    return InputBlock(
        block_id=name,
        label=PlainTextObject(text=label),
        hint=PlainTextObject(text=hint) if hint else None,
        element=DatePickerElement(
            action_id=name, initial_date=initial.isoformat() if initial else None
        ),
    )


def _who(people: Sequence[str]) -> InputBlock:
    return InputBlock(
        block_id=WHO,
        label=PlainTextObject(text="Who covers for you?"),
        element=UserMultiSelectElement(
            action_id=WHO,
            initial_users=list(people) or None,
            max_selected_items=MOST_COVERERS,
        ),
    )


def _note(note: str, *, is_running: bool) -> InputBlock:
    who_reads = "Whoever is new reads this" if is_running else "Each of them reads this"
    return InputBlock(
        block_id=NOTE,
        optional=True,
        label=PlainTextObject(text="What should they know?"),
        hint=PlainTextObject(text=f"{who_reads} with their right."),
        element=PlainTextInputElement(
            action_id=NOTE,
            initial_value=foreign.plain(note) or None,
            multiline=True,
            max_length=REASON_LIMIT,
        ),
    )
