"""POLICY_FILE: a file that can be used, about people and groups that Slack has."""

from collections.abc import Sequence

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.doctor.members import SAID, look_up
from bot.process.doctor.report import Finding, fine, note, wrong
from bot.process.doctor.tokens import No, ask
from bot.process.rules_file import BadRules, read_rules
from bot.process.settings import Settings
from models.policy import Rules, is_group

SUBJECT = "POLICY_FILE"
IN_USE = "A bot that runs goes on with the rules that it has; at a start it would end."
GROUP = "Correct the id, or enable the group: until then every rule that may fit holds."
SCOPE = "Add usergroups:read in the Slack app's settings, and install it again."
PERSON = "Correct the id."
SECOND = "Let somebody else give that second yes: nobody can, and requests lapse."
OTHERS = "Try the others with: python -m bot policy explain"
GONE = "They can be taken out of the file."
IDLE = "Rules above it fit everybody whom it is about. Move it up, or take it out."
MOST = 40  # people and groups that Slack is asked about: it answers few more in a minute


def examine_file(settings: Settings) -> Sequence[Finding]:
    """Why the file cannot be used; nothing where it can, or there is none."""
    try:
        read_rules(settings.policy_file, settings.policy)
    except BadRules as error:
        return [wrong(SUBJECT, str(error), IN_USE)]
    return []


async def examine_named(
    client: AsyncWebClient, settings: Settings, ours: AsyncSlackResponse
) -> Sequence[Finding]:
    """Whether Slack has those whom a file that can be used is about, and whether each of its rules
    can decide anything."""
    if settings.policy_file is None or examine_file(settings):
        return []
    rules = Rules(settings.policy, read_rules(settings.policy_file, settings.policy).rules)
    seconds = {rule.second for rule in rules.rules if rule.second is not None}
    named = seconds.union(*(rule.who | rule.whose for rule in rules.rules))
    groups: dict[str, frozenset[str]] = {}
    found: list[Finding] = []
    for each in sorted(named)[:MOST]:
        if is_group(each):
            found += await _group(client, each, groups)
        else:
            found += await _person(client, each, ours, is_second=each in seconds)
    if len(named) > MOST:
        found.append(note(SUBJECT, f"Of {len(named)} ids in it, {MOST} were looked up.", OTHERS))
    for place in rules.idle(groups):
        found.append(note(SUBJECT, f"Rule {place + 1} never decides anything.", IDLE))
    return found or [fine(SUBJECT)]


async def _group(
    client: AsyncWebClient, group_id: str, groups: dict[str, frozenset[str]]
) -> Sequence[Finding]:
    """Notes who is in it, too."""
    answer = await ask(client.usergroups_users_list(usergroup=group_id))
    if isinstance(answer, No):
        to_do = SCOPE if answer.word == "missing_scope" else GROUP
        return [answer.finding(SUBJECT, f"Slack does not say who is in {group_id}", to_do)]
    groups[group_id] = frozenset(map(str, answer.get("users") or ()))
    return []


async def _person(
    client: AsyncWebClient, user_id: str, ours: AsyncSlackResponse, *, is_second: bool
) -> Sequence[Finding]:
    """Whoever has left may still be named, but for one whose yes is waited for."""
    refusal = await look_up(client, user_id, ours)
    if refusal is None:
        return []
    if isinstance(refusal, No):
        to_do = SECOND if is_second else PERSON
        return [refusal.finding(SUBJECT, f"Slack does not know {user_id}", to_do)]
    says = f"{user_id} {SAID[refusal]}."
    return [wrong(SUBJECT, says, SECOND) if is_second else note(SUBJECT, says, GONE)]
