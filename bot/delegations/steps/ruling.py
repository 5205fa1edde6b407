"""Do the rules allow what is about to be made? They, and who is in the groups that they name, may
have changed since it was agreed to: a planned right waits for days."""

from datetime import timedelta

from bot.delegations.steps import moves
from bot.delegations.tools import Tools
from bot.refusals import said_by_rule
from models.delegation import Delegation, Event, Trouble
from models.policy import Groups, Refusal, Rule, Verdict

AGAIN = timedelta(minutes=1)
BY_POLICY = "The rules of today do not allow it"


async def is_allowed(tools: Tools, delegation: Delegation, groups: Groups) -> bool:
    """Whether it may be made. What is not allowed has failed now, and what needs a second yes by
    now waits for that; where Slack does not say who is in a group, and it would matter, so does it.

    What Close was asked for before was allowed then, and is to be found, or ended there.
    """
    if delegation.attempted_at is not None:
        return True
    ruled = tools.rules.between(delegation.grantor_id, delegation.grantee_id, groups)
    broken = _broken(tools, delegation, ruled)
    missing = _missing(delegation, ruled)
    if broken is None and missing is None:
        return True
    if not ruled.is_certain:
        again = tools.now() + AGAIN
        await moves.wait_until(tools, delegation, again, trouble=Trouble.SLACK_SILENT)
        return False
    if broken is None:
        await _ask_second(tools, delegation, missing)
        return False
    why = said_by_rule(*broken) or BY_POLICY
    await moves.fail(tools, delegation, Trouble.AGAINST_RULES, rule=why)
    return False


async def _ask_second(tools: Tools, d: Delegation, rule: Rule | None) -> None:
    """The rules ask for a second yes since it was agreed to."""
    now = tools.now()
    lapses_at = now + tools.policy.pending_ttl
    await moves.move(
        tools,
        d,
        Event.AGREE,
        agreed_at=now,
        second=rule.second if rule else None,
        second_name=rule.second_name if rule else "",
        seconded_by=None,
        decided_at=None,
        remind_at=None,
        reminders=0,
        lapses_at=lapses_at if d.until is None else min(lapses_at, d.until),
    )


def _missing(d: Delegation, ruled: Verdict) -> Rule | None:
    """The rule by which somebody else has to say yes, and has not."""
    rule = ruled.second
    if rule is None or (d.seconded_by is not None and d.second == rule.second):
        return None
    return rule


def _broken(tools: Tools, d: Delegation, ruled: Verdict) -> tuple[Refusal, Rule] | None:
    """Why the rules do not allow it, and which. It may have become short while it waited."""
    broken = ruled.length_refusal(
        length=d.length, starts_at=d.starts_at, until=d.until, now=tools.now()
    )
    if broken is not None and broken[0] is not Refusal.TOO_SHORT:
        return broken
    if d.standing_id is not None and ruled.without_standing is not None:
        return Refusal.STANDING, ruled.without_standing
    if d.deputys_word is not None and ruled.without_deputy is not None:
        return Refusal.DEPUTY, ruled.without_deputy
    return None
