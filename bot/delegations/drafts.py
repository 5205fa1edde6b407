"""Drafts: a wish is kept as JSON until its asker presses one of the answers.

The buttons carry only the draft's id; the draft belongs to one person and is used once. Drafts
outlive an update of the bot, so names and meaning of what is in the JSON stay.
"""

import json
from datetime import timedelta
from typing import Any

from bot.delegations.wishes import Wish
from bot.desk import Actor, Desk
from bot.grammar import Verb
from bot.refusals import DraftGone
from bot.times.reading import read_span
from bot.times.saying import write_span
from models.base import new_id
from models.draft import Draft

DRAFT_LIFE = timedelta(hours=1)


async def keep(desk: Desk, actor: Actor, wish: Wish) -> str:
    """Store the wish; returns the id for the buttons."""
    now = desk.now()
    draft = Draft(
        id=new_id(),
        team_id=actor.team_id,
        slack_user_id=actor.user_id,
        content=json.dumps(_content(wish)),
        expires_at=now + DRAFT_LIFE,
    )
    await desk.database.run(lambda store: store.drafts.add(draft, now=now))
    return draft.id


async def people_of(desk: Desk, actor: Actor, draft_id: str) -> list[str | None]:
    """Whom the draft is about, without using it up; raises DraftGone like :func:`take`."""
    now = desk.now()
    draft = await desk.database.read(
        lambda store: store.drafts.get(
            draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
        )
    )
    if draft is None:
        raise DraftGone
    content = json.loads(draft.content)
    return [*content["people"], content.get("grantee")]


async def take(desk: Desk, actor: Actor, draft_id: str, choice: int, zone: str) -> Wish:
    """The wish, with the reading that was chosen.

    Raises DraftGone when it was used, is too old, or is not the actor's. Its time is taken as it
    is now: a start may have passed, and when the end has, InThePast is raised.
    """
    content = await _used_up(desk, actor, draft_id)
    readings, reasons = content.get("readings"), content.get("reasons")
    text = readings[choice] if readings else content["span"]
    return Wish(
        verb=Verb(content["verb"]),
        people=content["people"],
        readings=[read_span(text, now=desk.now(), zone=zone)],
        reason=reasons[choice] if reasons else content["reason"],
        is_default=content.get("is_default", False),
        grantee_id=content.get("grantee"),
        is_group=content.get("is_group", False),
        is_confirmed=content.get("is_confirmed", False),
    )


async def drop(desk: Desk, actor: Actor, draft_id: str) -> None:
    """The person does not want it after all; raises DraftGone like :func:`take`."""
    await _used_up(desk, actor, draft_id)


async def _used_up(desk: Desk, actor: Actor, draft_id: str) -> dict[str, Any]:
    now = desk.now()
    draft = await desk.database.run(
        lambda store: store.drafts.take(
            draft_id, team_id=actor.team_id, slack_user_id=actor.user_id, now=now
        )
    )
    if draft is None:
        raise DraftGone
    content: dict[str, Any] = json.loads(draft.content)
    return content


def _content(wish: Wish) -> dict[str, Any]:
    content: dict[str, Any] = {
        "verb": wish.verb,
        "people": list(wish.people),
        "grantee": wish.grantee_id,
        "is_group": wish.is_group,
        "reason": wish.reason,
    }
    readings = [write_span(each) for each in wish.readings]
    content |= {"readings": readings} if len(readings) > 1 else {"span": readings[0]}
    if wish.reasons:
        content |= {"reasons": list(wish.reasons)}
    if wish.is_default:
        content |= {"is_default": True}
    return content | ({"is_confirmed": True} if wish.is_confirmed else {})
