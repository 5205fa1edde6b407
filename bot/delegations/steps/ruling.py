"""Do the rules allow what is about to be made? They, and who is in the groups that they name, may
have changed since it was agreed to: a planned right waits for days."""

from datetime import timedelta

from bot.delegations.steps import moves
from bot.delegations.tools import Tools
from bot.refusals import said_by_rule
from models.delegation import Delegation, Trouble
from models.policy import Groups, Refusal, Rule, Verdict

AGAIN = timedelta(minutes=1)
BY_POLICY = "The rules of today do not allow it"


async def is_allowed(tools: Tools, delegation: Delegation, groups: Groups) -> bool:
    """Whether it may be made. What is not allowed has failed now; where Slack does not say who is
    in a group, and it would matter, it waits.

    What Close was asked for before was allowed then, and is to be found, or ended there.
    """
    if delegation.attempted_at is not None:
        return True
    ruled = tools.rules.between(delegation.grantor_id, delegation.grantee_id, groups)
    broken = _broken(tools, delegation, ruled)
    if broken is None:
        return True
    if not ruled.is_certain:
        again = tools.now() + AGAIN
        await moves.wait_until(tools, delegation, again, trouble=Trouble.SLACK_SILENT)
        return False
    why = said_by_rule(*broken) or BY_POLICY
    await moves.fail(tools, delegation, Trouble.AGAINST_RULES, rule=why)
    return False


def _broken(tools: Tools, d: Delegation, ruled: Verdict) -> tuple[Refusal, Rule] | None:
    """Why the rules do not allow it, and which. It may have become short while it waited."""
    broken = ruled.length_refusal(
        length=d.length, starts_at=d.starts_at, until=d.until, now=tools.now()
    )
    if broken is not None and broken[0] is not Refusal.TOO_SHORT:
        return broken
    if d.standing_id is not None and ruled.without_standing is not None:
        return Refusal.STANDING, ruled.without_standing
    return None
