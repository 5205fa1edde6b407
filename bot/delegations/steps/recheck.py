"""A right that was prolonged, or made while Slack was away: may its people still take part?"""

from datetime import datetime, timedelta

from bot.clock.backoff import pause_after
from bot.delegations.people.departures import believe
from bot.delegations.people.eligibility import PeopleUnclear, look_up
from bot.delegations.steps import moves
from bot.delegations.tools import Tools
from models.delegation import Delegation

AGAIN = timedelta(minutes=1)


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
    moments: list[datetime | None] = [delegation.warn_at, delegation.ends_at]
    again = min([tools.now() + pause, *(each for each in moments if each is not None)])
    await moves.wait_until(tools, delegation, again, trouble=delegation.trouble)
