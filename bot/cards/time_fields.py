"""The fields of a form that ask for how long: quick choices, own words, a date and a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
)

from bot.cards import foreign
from bot.cards.hints import time_hint
from bot.times.choices import Picked, quick_choices
from bot.times.saying import say_length, say_span, write_span
from bot.times.span import Span
from models.policy import Policy, length_refusal

CHOICE, DURATION, MOMENT = "choice", "duration", "moment"
OTHER = "other"
OPENED_WITH = "given:"  # how the value of the choice begins that the form opened with
MOST_LABEL = 75  # characters of a choice (slack.md §5)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who fills in a form, and when: their days are those of ``zone``."""

    now: datetime
    zone: str


def time_fields(
    policy: Policy,
    reader: Reader,
    filled: Span,
    *,
    label: str = "For how long?",
    after: datetime | None = None,
) -> list[InputBlock]:
    """Three fields, of which one is enough. The form opens with the choice ``filled``.

    With ``after``, days that do not end later are not offered.
    """
    offered = [
        (words, span)
        for words, span in quick_choices(reader.now, reader.zone)
        if span == filled or (_is_allowed(policy, span, reader.now) and _is_later(span, after))
    ]
    if all(span != filled for _, span in offered):
        offered.insert(0, (_named(filled, reader), filled))
    return [
        _choices(offered, filled, label),
        InputBlock(
            block_id=DURATION,
            optional=True,
            label=PlainTextObject(text="Or in your own words"),
            hint=PlainTextObject(text=time_hint(policy)),
            element=PlainTextInputElement(action_id=DURATION, max_length=100),
        ),
        InputBlock(
            block_id=MOMENT,
            optional=True,
            label=PlainTextObject(text="Or until a date and time"),
            element=DateTimePickerElement(action_id=MOMENT),
        ),
    ]


def picked(view: dict[str, Any]) -> Picked:
    """What was chosen and typed."""
    chosen = (_field(view, CHOICE).get("selected_option") or {}).get("value") or ""
    is_own = not chosen.startswith(OPENED_WITH)
    is_other = chosen == OTHER
    return Picked(
        choice="" if is_other else chosen.removeprefix(OPENED_WITH),
        is_own_choice=bool(chosen) and is_own and not is_other,
        is_other=is_other,
        words=str(_field(view, DURATION).get("value") or "").strip(),
        moment=_field(view, MOMENT).get("selected_date_time"),
    )


def field_of(answer: Picked) -> str:
    """The field that something is wrong with."""
    if answer.words:
        return DURATION
    if answer.moment is not None:
        return MOMENT
    return DURATION if answer.is_other else CHOICE


def _field(view: dict[str, Any], name: str) -> dict[str, Any]:
    field: dict[str, Any] = view["state"]["values"].get(name, {}).get(name, {})
    return field


def _choices(offered: list[tuple[str, Span]], filled: Span, label: str) -> InputBlock:
    opened_with = [span == filled for _, span in offered].index(True)
    options = [_option(words, write_span(span)) for words, span in offered]
    options[opened_with].value = f"{OPENED_WITH}{options[opened_with].value}"
    return InputBlock(
        block_id=CHOICE,
        label=PlainTextObject(text=label),
        element=RadioButtonsElement(
            action_id=CHOICE,
            options=[*options, _option("Something else, as below", OTHER)],
            initial_option=options[opened_with],
        ),
    )


def _option(words: str, value: str) -> Option:
    return Option(text=PlainTextObject(text=words, emoji=False), value=value)


def _named(span: Span, reader: Reader) -> str:
    if span.length is not None and span.starts is None:
        return say_length(span.length)
    words = say_span(span, now=reader.now, zone=reader.zone)
    return foreign.plain(words[0].upper() + words[1:], MOST_LABEL)


def _is_allowed(policy: Policy, span: Span, now: datetime) -> bool:
    refusal = length_refusal(policy, length=span.length, starts_at=None, until=span.until, now=now)
    return refusal is None


def _is_later(span: Span, after: datetime | None) -> bool:
    return after is None or span.until is None or span.until > after
