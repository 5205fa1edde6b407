"""What a grantor reads of a review, and the form in which they answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
)
from slack_sdk.models.views import View

from bot.cards import lists, parts, words
from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted
from bot.slack.message import Message
from bot.times.saying import say_length
from models.mark import mark_of_item, mark_of_items, read_marked
from models.policy import REASON_LIMIT
from models.review import MOST_AT_ONCE, Cause, Item, Review
from models.standing import StandingApproval

KEEP_ALL, CHOOSE = "review_keep_all", "review_choose"
FORM, VERDICT, WHY = "review_form", "verdict", "why"
KEEP, END = "keep", "end"
MOST_IN_FORM = 30  # with three blocks each; a form holds a hundred (slack.md §5)
MOST_REASON = 80  # characters of it in a line


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about one: ``seen`` is the mark of what stood in the form."""

    keeps: bool
    seen: str
    why: str


def card(review: Review, items: Sequence[Item], now: datetime) -> Message:
    """The message to the grantor, as long as something waits for an answer."""
    shown = items[:MOST_AT_ONCE]
    headline = f"{parts.QUESTION} *{_question(review)}*"
    what = (
        "You said that these can send email as you, or that you always approve them. Please keep "
        "what is still needed, and end the rest."
    )
    entries = [f"• {line(each, now)}" for each in shown]
    paragraphs = [headline, what, *_grouped(entries)]
    if review.ends_at is not None:
        paragraphs.append(f"*What you have not kept by {moment(review.ends_at)} ends then.*")
    small = _small(review, len(items) - len(shown))
    keep = "Keep all" if len(shown) == len(items) else f"Keep these {len(shown)}"
    message = parts.notice(
        paragraphs,
        small=small,
        buttons=[
            parts.button(KEEP_ALL, keep, f"{review.id}:{mark_of_items(shown)}", style="primary"),
            parts.button(CHOOSE, "Choose…", review.id),
        ],
    )
    end = paragraphs[-1:] if review.ends_at is not None else []
    return Message(parts.spoken([headline, *end, what, *entries, small]), message.blocks)


def over(review: Review) -> Message:
    """In place of that, once nothing is left to answer."""
    if not review.kept and not review.ended:
        return parts.notice(["This review is over: nothing of it is left to answer."])
    counts = [f"Kept: {review.kept}."] if review.kept else []
    counts += [f"Taken back: {review.ended}."] if review.ended else []
    return parts.notice([f"{parts.CALM} Your review is done. {' '.join(counts)}"])


def followed() -> Message:
    """What is left of an earlier message, where Slack does not let it go."""
    return parts.notice(["There is a newer message about your review."])


def form(review_id: str, items: Sequence[Item], now: datetime) -> View:
    """Keep or end each, in a form."""
    shown = items[:MOST_IN_FORM]
    intro = "What you end can no longer be used, at once. Your colleagues are told."
    if len(items) > len(shown):
        intro += f" The other {len(items) - len(shown)} follow once these are answered."
    blocks: list[Block] = [parts.section(intro)]
    for number, each in enumerate(shown, start=1):
        blocks += _fields(number, each, now)
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=review_id,
        title=PlainTextObject(text="Review your rights"),
        submit=PlainTextObject(text="Save"),
        close=PlainTextObject(text="Never mind"),
        blocks=blocks,
    )


def said_in(view: Mapping[str, Any]) -> Mapping[str, Said]:
    """What was said in the form, by the id of what it is about."""
    values = view["state"]["values"]
    said = {}
    for block_id, fields in values.items():
        chosen = fields.get(VERDICT, {}).get("selected_option")
        if not chosen:
            continue
        item_id, seen = read_marked(block_id)
        why = values.get(f"{WHY}:{item_id}", {}).get(WHY, {}).get("value") or ""
        said[item_id] = Said(chosen["value"] == KEEP, seen, str(why))
    return said


def answered(*, left: int, changed: int) -> str | None:
    """The answer to whoever has filled in the form, where their message does not say it all."""
    said = []
    if changed:
        have = "1 has" if changed == 1 else f"{changed} have"
        said.append(f"{have} changed since you read it, so I ask again.")
    if left:
        wait = "1 more waits" if left == 1 else f"{left} more wait"
        said.append(f"{wait} for your answer: press *Choose…* again.")
    return " ".join(said) or None


def invitation(review: Review, count: int) -> tuple[str, ButtonElement]:
    """The line in App Home, and its button."""
    things = "1 thing that you gave waits" if count == 1 else f"{count} things that you gave wait"
    text = f"{parts.QUESTION} *Review your rights.* {things} for your word: still needed?"
    if review.ends_at is not None:
        text += f" What you have not kept by {moment(review.ends_at)} ends then."
    return text, parts.button(CHOOSE, "Review your rights…", review.id)


def line(item: Item, now: datetime) -> str:
    """One thing that is asked about: who has it, until when, for how long already, its use, why."""
    subject, who = item.subject, mention(item.grantee_id)
    if isinstance(subject, StandingApproval):
        facts, why = [f"{who}, always approved {lists.limits(subject)}"], ""
    else:
        facts = [f"{who} {words.end(subject)}"]
        why = quoted(plain(subject.reason, MOST_REASON))
    facts += [_age(item, now), use(item, now), *([f"“{why}”"] if why else [])]
    return " · ".join(facts)


def use(item: Item, now: datetime) -> str:
    """When it was last used, and that nobody knows where nobody does."""
    since = item.unused_since(now)
    if item.used_at is not None:
        known = f"last used {moment(item.used_at)}"
        return known if since is not None else f"{known}, as far as I know"
    if since is None:
        return "not known when it was last used"
    return "never used" if since == item.began_at else f"not used since {moment(since)}"


def _question(review: Review) -> str:
    if review.cause is Cause.UNUSED:
        question = "Is this still needed? Some of it has not been used for a while."
    else:
        question = "Is this still needed?"
    return f"Reminder: {question[:1].lower()}{question[1:]}" if review.reminders else question


def _small(review: Review, more: int) -> str:
    said = [f"{more} more follow once these are answered."] if more else []
    if review.ends_at is None:
        said.append("Nothing ends unless you say so.")
    said.append("The use is what Close shows of the emails sent with each.")
    return " ".join(said)


def _grouped(entries: Sequence[str]) -> list[str]:
    """As few paragraphs as hold these: what is longer would be cut within a line."""
    groups: list[str] = []
    for each in entries:
        if groups and len(groups[-1]) + len(each) < parts.MOST_TEXT:
            groups[-1] += f"\n{each}"
        else:
            groups.append(each)
    return groups


def _fields(number: int, item: Item, now: datetime) -> list[Block]:
    verdict = InputBlock(
        block_id=f"{item.id}:{mark_of_item(item)}",
        label=PlainTextObject(text=f"{number}: keep it or end it?"),
        element=RadioButtonsElement(
            action_id=VERDICT,
            options=[
                Option(value=KEEP, text=PlainTextObject(text="Keep it", emoji=False)),
                Option(value=END, text=PlainTextObject(text="End it", emoji=False)),
            ],
        ),
    )
    why = InputBlock(
        block_id=f"{WHY}:{item.id}",
        optional=True,
        label=PlainTextObject(text=f"{number}: why is it kept?"),
        hint=PlainTextObject(text="Whoever audits this can read it."),
        element=PlainTextInputElement(action_id=WHY, max_length=REASON_LIMIT),
    )
    return [parts.section(f"*{number}.* {line(item, now)}"), verdict, why]


def _age(item: Item, now: datetime) -> str:
    days = max(now - item.began_at, timedelta()) // timedelta(days=1)
    return f"given {say_length(timedelta(days=days))} ago" if days else "given today"
