"""One more proof for strong rights: what lends a name for long takes effect once its grantor has
said so in Close, in their own browser. A stolen Slack session alone cannot.

What was wanted is kept like any draft: it belongs to one person, is good for an hour, and once.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.delegations import asking, covers, deciding, extending, standing
from bot.delegations.asking import Terms
from bot.delegations.covers import Answered, Plan, Planned
from bot.delegations.drafts import DRAFT_LIFE
from bot.desk import Actor, Desk
from bot.refusals import ConfirmFirst, DraftGone
from bot.times.reading import read_span
from bot.times.span import Span
from models.base import new_id
from models.draft import Draft


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is about to confirm: who may send as them, and for how long."""

    grantee_ids: Sequence[str]
    span: Span


async def keep(desk: Desk, actor: Actor, wanted: ConfirmFirst) -> str:
    """Keep what has to be confirmed; returns the id for the link."""
    now = desk.now()
    draft = Draft(
        id=new_id(),
        team_id=actor.team_id,
        slack_user_id=actor.user_id,
        content=json.dumps(wanted.content),
        expires_at=now + DRAFT_LIFE,
    )
    await desk.database.run(lambda store: store.drafts.add(draft, now=now))
    return draft.id


async def look_at(desk: Desk, actor: Actor, draft_id: str) -> Wanted:
    """What it is, without using it up; raises DraftGone."""
    now = desk.now()
    draft = await desk.database.read(
        lambda store: store.drafts.get(
            draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
        )
    )
    content = _read(draft)
    return Wanted(content["grantees"], _span(content["terms"], now))


async def carry_out(desk: Desk, actor: Actor, draft_id: str) -> Wanted:
    """The actor has shown in Close who they are: what they wanted takes effect, unless it is no
    longer what they read.

    Raises DraftGone when it was used, is too old, or is not the actor's, and what its use case
    raises.
    """
    now = desk.now()
    draft = await desk.database.run(
        lambda store: store.drafts.take(
            draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
        )
    )
    content = _read(draft)
    wanted = Wanted(content["grantees"], _span(content["terms"], now))
    await _WAYS[content["do"]](desk, actor, content)
    return wanted


def _read(draft: Draft | None) -> Mapping[str, Any]:
    content = {} if draft is None else json.loads(draft.content)
    if "do" not in content:
        raise DraftGone
    return content


def _span(text: str, now: datetime) -> Span:
    return read_span(text, now=now, zone="UTC")


async def _approve(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    span = _span(content["span"], desk.now()) if content["span"] else None
    await deciding.approve(
        desk, actor, content["id"], content["seen"], span=span, note=content["note"]
    )


async def _grant(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    terms = Terms(_span(content["terms"], desk.now()), content["reason"])
    outcomes = await asking.grant_all(desk, actor, grantee_ids=content["grantees"], terms=terms)
    if len(outcomes) == 1 and outcomes[0].problem is not None:
        raise outcomes[0].problem


async def _extend(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    span = _span(content["span"], desk.now())
    await extending.extend(desk, actor, content["id"], content["seen"], span, note=content["note"])


async def _approve_extension(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    await extending.approve_extension(desk, actor, content["id"], content["seen"])


async def _always_approve(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    await standing.always_approve_like(
        *(desk, actor, content["id"], content["seen"]),
        longest=Span(length=timedelta(seconds=content["longest"])),
        until=datetime.fromisoformat(content["until"]),
    )


async def _cover(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    absence_id = content.get("absence")
    answered = Answered(absence_id, content["seen"]) if absence_id else None
    _any_or_raise(await covers.plan(desk, actor, _plan(desk, content), answered=answered))


async def _change_cover(desk: Desk, actor: Actor, content: Mapping[str, Any]) -> None:
    wished = _plan(desk, content)
    _any_or_raise(await covers.change_plan(desk, actor, content["id"], content["seen"], wished))


def _plan(desk: Desk, content: Mapping[str, Any]) -> Plan:
    now = desk.now()
    return Plan.of_span(
        content["grantees"], _span(content["terms"], now), content["reason"], now=now
    )


def _any_or_raise(planned: Planned) -> None:
    """Where nobody covers who was to, nothing has taken effect."""
    problems = [each.problem for each in planned.outcomes if each.problem is not None]
    if problems and len(problems) == len(planned.outcomes):
        raise problems[0]


_WAYS: Mapping[str, Callable[[Desk, Actor, Mapping[str, Any]], Awaitable[None]]] = {
    "approve": _approve,
    "grant": _grant,
    "extend": _extend,
    "approve_extension": _approve_extension,
    "always_approve": _always_approve,
    "cover": _cover,
    "change_cover": _change_cover,
}
