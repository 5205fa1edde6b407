"""The second yes that a rule asks for: who can give it is asked, and reminded like a grantor."""

import asyncio
from datetime import datetime, timedelta

from bot.delegations.people.eligibility import PeopleUnclear
from bot.delegations.second_yes import no_second
from bot.delegations.steps import moves
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble
from models.notice import NoticeKind
from models.policy import is_group, who_refusal
from models.reminders import next_reminder

MOST_ASKED = 50  # of a group: a yes of anybody is enough
LOOK_AGAIN = timedelta(hours=1)  # somebody may join the group


def is_due(delegation: Delegation, now: datetime) -> bool:
    """Whether somebody is to be asked for it, or reminded."""
    if not delegation.waits_for_second:
        return False
    return delegation.remind_at is None or delegation.remind_at <= now


async def step(tools: Tools, delegation: Delegation) -> None:
    """Ask, or remind; where nobody can give it that is said, and looked at again. Raises
    PeopleUnclear."""
    people = await _eligible(tools, delegation)
    now = tools.now()
    if not people:
        over = [delegation.lapses_at] if delegation.state is State.REQUESTED else []
        ends = [each for each in (delegation.warn_at, delegation.ends_at) if each is not None]
        again = min([now + LOOK_AGAIN, *over, *ends])
        await moves.wait_until(
            tools, delegation, again, trouble=Trouble.NOBODY_TO_SECOND, counts=False
        )
        return
    await tools.database.run(lambda store: _tell(tools, store, delegation, people))


def _tell(tools: Tools, store: Store, claimed: Delegation, people: list[str]) -> None:
    d = store.delegations.get(claimed.id, lock=True)
    if d is None or d.version != claimed.version or d.agreed_at is None:
        store.delegations.due.free(claimed.id)
        return
    now = tools.now()
    is_first = d.remind_at is None
    sent = 0 if is_first else d.reminders + 1
    at = next_reminder(asked_at=d.agreed_at, sent=sent, zone=d.grantor_zone, now=now)
    if is_first:
        store.delegations.ask_second(d, remind_at=at, now=now)
    else:
        store.delegations.apply(
            d, Event.REMIND, now=now, reminders=sent, remind_at=at, leased_until=None
        )
    store.notices.tell(
        NoticeKind.SECOND_YES,
        team_id=d.team_id,
        recipients=people,
        subject_id=d.id,
        incident=f"{int(d.agreed_at.timestamp())}-{sent}",
        now=now,
    )


async def _eligible(tools: Tools, d: Delegation) -> list[str]:
    """Who can give it: nobody whom it is about, who asked for it, or who gave the first yes."""
    second = d.second or ""
    try:
        named = await tools.directory.members(second) if is_group(second) else [second]
        others = sorted(set(named) - no_second(d))[:MOST_ASKED]
        found = await asyncio.gather(*(tools.directory.person(each) for each in others))
    except OutsideError as error:
        raise PeopleUnclear(error.wait) from error
    return [
        each
        for each, person in zip(others, found, strict=True)
        if who_refusal(person, d.team_id) is None
    ]
