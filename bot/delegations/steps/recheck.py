"""May the people of a right still take part, and do the rules still allow it? Slack is asked afresh
before it is made, and once more when it was prolonged, or made while Slack was away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.clock.backoff import pause_after
from bot.delegations.people.departures import believe
from bot.delegations.people.eligibility import Look, PeopleUnclear, ask_groups, look_up
from bot.delegations.steps import moves, ruling
from bot.delegations.tools import Tools
from models.delegation import Delegation, Trouble

AGAIN = timedelta(minutes=1)


async def look_at(tools: Tools, wanted: Sequence[Delegation]) -> Look:
    """Ask about everybody in these, of one team, and about the groups that the rules name; raises
    PeopleUnclear."""
    people = {who for each in wanted for who in (each.grantor_id, each.grantee_id)}
    look, groups = await asyncio.gather(
        look_up(tools.directory, wanted[0].team_id, people),
        ask_groups(tools.directory, tools.rules.groups),
    )
    return replace(look, groups=groups)


async def before(tools: Tools, wanted: Sequence[Delegation], look: Look) -> Sequence[Delegation]:
    """Those of these that may be made. Those whose people are refused have ended now, or wait until
    it is clear whether somebody has left, and so do those that the rules do not allow."""
    if wanted and look.refusals:
        await believe(tools, wanted[0].team_id, look)
    allowed = []
    for each in wanted:
        if not refused(each, look):
            if await ruling.is_allowed(tools, each, look.groups):
                allowed.append(each)
        elif refused(each, look) <= look.unknown:
            later = tools.now() + AGAIN
            await moves.wait_until(tools, each, later, trouble=Trouble.PERSON_UNKNOWN)
        else:
            await moves.free(tools, each)
    return allowed


def refused(delegation: Delegation, look: Look) -> frozenset[str]:
    """Those of its two people who may not take part."""
    return frozenset({delegation.grantor_id, delegation.grantee_id} & look.refusals.keys())


async def step(tools: Tools, delegation: Delegation) -> None:
    """Ask Slack afresh about both. It does not wait for Slack to end, nor to warn of the end."""
    people = (delegation.grantor_id, delegation.grantee_id)
    try:
        look = await look_up(tools.directory, delegation.team_id, people)
    except PeopleUnclear as error:
        await _wait(tools, delegation, pause_after(error, delegation.attempts))
        return
    if look.refusals:
        await believe(tools, delegation.team_id, look)
    if look.unknown or not look.is_certain:
        await _wait(tools, delegation, AGAIN)
    elif look.refusals:
        await moves.free(tools, delegation)
    else:
        now = tools.now()
        await tools.database.run(lambda store: store.delegations.note_checked(delegation, now=now))


async def _wait(tools: Tools, delegation: Delegation, pause: timedelta) -> None:
    moments = [delegation.warn_at, delegation.ends_at]
    again = min([tools.now() + pause, *(each for each in moments if each is not None)])
    await moves.wait_until(tools, delegation, again, trouble=delegation.trouble)
