"""A cover: its form, from App Home or the command, and the buttons of its message and its row."""

from datetime import date
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View

from bot.cards import answers
from bot.cards import covers as cards
from bot.delegations import covers
from bot.delegations.covers import Plan, Planned
from bot.desk import Actor, Desk, zone_of
from bot.grammar import storable
from bot.listeners import clicks
from bot.listeners.opening import reader_of
from bot.listeners.reception import Reception
from bot.refusals import Refused
from bot.times.choices import days_of, whole_days
from bot.times.saying import local_time, say_span
from models.cover import Covered
from models.mark import read_marked
from models.policy import Refusal

_FIELDS = {
    **dict.fromkeys(
        (
            Refusal.TOO_SHORT,
            Refusal.TOO_LONG,
            Refusal.DATE_PASSED,
            Refusal.COVER_RUNS,
            Refusal.LAST_BEFORE_FIRST,
        ),
        cards.LAST,
    ),
    Refusal.REASON_MISSING: cards.NOTE,
    Refusal.REASON_TOO_LONG: cards.NOTE,
}


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the form and the buttons."""

    async def on_end(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        value = clicks.value_of(action)
        ended = await clicks.carried_out(reception, ack, body, value, covers.end_cover)
        if ended is not None and not ended:
            await reception.responses.tell(body, cards.ended(ended))

    clicks.opens(app, reception, cards.PLAN, empty_form)
    clicks.opens(app, reception, cards.CHANGE, _form)
    app.action(cards.END)(on_end)
    clicks.submits(
        app, reception, cards.FORM, _submitted, anew=_form, field=cards.WHO, fields=_FIELDS
    )


async def empty_form(desk: Desk, actor: Actor, _value: str) -> View:
    """The form of a new cover, from today on."""
    reader = await reader_of(desk, actor)
    return cards.form(cards.Known(first=local_time(reader.now, reader.zone).date().to_stdlib()))


async def _form(desk: Desk, actor: Actor, cover_id: str) -> View:
    """The form with what is planned."""
    cover, there = await covers.shown(desk, actor, cover_id)
    reader = await reader_of(desk, actor)
    first, last = days_of(there.began_at, there.until, reader.zone)
    known = cards.Known(
        first=None if there.began_at <= reader.now else first,
        last=last,
        people=[each.grantee_id for each in there.rights],
        note=cover.note,
    )
    return cards.form(known, cover=there)


async def _submitted(desk: Desk, actor: Actor, view: dict[str, Any]) -> str | None:
    said, zone = cards.said_in(view), await zone_of(desk, actor)
    cover_id, seen = read_marked(str(view["private_metadata"]))
    if cover_id:
        _, there = await covers.shown(desk, actor, cover_id)
        plan = _plan(said, zone, there)
        planned = await covers.change_plan(desk, actor, cover_id, seen, plan)
    else:
        plan = _plan(said, zone)
        planned = await covers.plan(desk, actor, plan)
    return _beside(desk, plan, planned, zone)


def _plan(said: cards.Said, zone: str, there: Covered | None = None) -> Plan:
    """Days are those of who fills in the form. One that was left as it was means the very moment of
    before; raises Refused."""
    try:
        last = date.fromisoformat(said.last)
        first = date.fromisoformat(said.first) if said.first else None
        starts_at, until = whole_days(first or last, last, zone)
    except (ValueError, OverflowError):
        raise Refused(Refusal.DATE_PASSED) from None
    if first is not None and last < first:
        raise Refused(Refusal.LAST_BEFORE_FIRST)
    if there is not None:
        before = days_of(there.began_at, there.until, zone)
        starts_at = there.began_at if first == before[0] else starts_at
        until = there.until if last == before[1] else until
    return Plan(said.people, until, None if first is None else starts_at, storable(said.note))


def _beside(desk: Desk, plan: Plan, planned: Planned, zone: str) -> str | None:
    """What their message does not say; raises what stood against all of it."""
    problems = [each.problem for each in planned.outcomes if each.problem is not None]
    if problems and len(problems) == len(planned.outcomes):
        raise problems[0]
    others = cards.overlapping(planned.overlapping)
    if not problems:
        return others or None
    time = say_span(plan.terms.span, now=desk.now(), zone=zone)
    return answers.covered(planned.outcomes, time, desk.policy, others=others)
