"""What the rules say, for admins: whether a file can be used, and which rule decides."""

import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import aiohttp

from bot.clock.present import utc_now
from bot.delegations.people.eligibility import ask_groups
from bot.process.rules_file import BadRules, read_rules
from bot.process.settings import Settings
from bot.process.start import run
from bot.refusals import said_by_rule
from bot.slack.bolt import Workspace, web_client
from bot.slack.directory import SlackDirectory
from bot.times.reading import read_span
from bot.times.saying import say_length, say_span
from bot.times.span import Ambiguous, DurationError, Span
from models.policy import Groups, Refusal, Rule, Rules, Verdict, is_group

WRONG = 2  # the exit status when something cannot be read; 1 says that it is not allowed
AROUND = "<@>!"  # what people paste with an id


def check(file: Path | None = None, /) -> int:
    """Read it; returns the exit status."""
    return run(lambda settings: check_policy(settings, file))


def explain(who: str, whose: str, length: str, /) -> int:
    """Say which rule decides; returns the exit status."""
    return run(lambda settings: explain_policy(settings, who, whose, length))


async def check_policy(settings: Settings, file: Path | None) -> int:
    """Read ``file``, or POLICY_FILE, as a start would, and say each rule in words."""
    path = file or settings.policy_file
    if path is None:
        print("There is no file of rules: the settings hold for everybody.")
        return 0
    try:
        found = read_rules(path, settings.policy)
    except BadRules as error:
        print(error, file=sys.stderr)
        return WRONG
    rules = Rules(settings.policy, found.rules)
    for number, rule in enumerate([*rules.rules, rules.default], 1):
        name = "Otherwise" if rule.is_default else f"{number}."
        said = _said(rule)
        print(f"{name} {said[0].lower() + said[1:] if rule.is_default else said}")
    for place in rules.idle({}):
        print(f"Rule {place + 1} never decides: those above it fit everybody whom it is about.")
    print(f"{path} can be used. Its digest is {found.digest}.")
    return 0


async def explain_policy(settings: Settings, who: str, whose: str, length: str) -> int:
    """Say which rule decides when ``who`` wants to send as ``whose`` for so long, and why."""
    who, whose = who.strip(AROUND), whose.strip(AROUND)
    for each in (who, whose):
        if not re.fullmatch(r"[UW][A-Z0-9]{2,31}", each):
            print(f"{each} is no Slack id of a person, like U0123456789.", file=sys.stderr)
            return WRONG
    try:
        rules = Rules(settings.policy, read_rules(settings.policy_file, settings.policy).rules)
        now = utc_now()
        span = read_span(length, now=now, zone="UTC")
    except BadRules as error:
        print(error, file=sys.stderr)
        return WRONG
    except (DurationError, Ambiguous):
        print(
            f"{length} is no time that can be read; write it like 2d, or in quotes.",
            file=sys.stderr,
        )
        return WRONG
    groups = await _groups(settings, rules)
    for each in sorted(rules.groups - groups.keys()):
        print(f"Slack does not say who is in {each}, so every rule that may fit holds.")
    ruled = rules.between(whose, who, groups)
    print(f"{who} as {whose} {say_span(span, now=now, zone='UTC')}:")
    for line in _passed_over(rules, whose, who, groups):
        print(line)
    for line in _decides(rules, ruled):
        print(line)
    return _allowed(ruled, span, now)


async def _groups(settings: Settings, rules: Rules) -> Groups:
    token = settings.slack_bot_token.get_secret_value()
    async with aiohttp.ClientSession() as session:
        client = web_client(token, settings.slack_api_url, session, patient=False)
        directory = SlackDirectory(client, Workspace(client), utc_now)
        return await ask_groups(directory, rules.groups)


def _passed_over(rules: Rules, whose: str, who: str, groups: Groups) -> Sequence[str]:
    """The rules before the one that decides, and why they do not fit."""
    lines = []
    for number, rule in enumerate(rules.rules, 1):
        fits = rule.fits(whose, who, groups)
        if fits:
            break
        if fits is False:
            lines.append(f"Rule {number} is not about them: {_about(rule)}.")
    return lines


def _decides(rules: Rules, ruled: Verdict) -> Sequence[str]:
    lines = []
    for rule in ruled.rules:
        if rule.is_default:
            lines.append(f"No rule is about them, so the settings hold: {_said(rule)}")
            continue
        number = list(rules.rules).index(rule) + 1
        how = "decides" if ruled.is_certain else "may decide"
        lines.append(f"Rule {number} {how}: {_said(rule)}")
    return lines


def _allowed(ruled: Verdict, span: Span, now: datetime) -> int:
    broken = ruled.length_refusal(
        length=span.length, starts_at=span.starts, until=span.until, now=now
    )
    if broken is None:
        print("That is allowed.")
        return 0
    refusal, rule = broken
    print(f"That is not allowed: {said_by_rule(refusal, rule) or _by_settings(refusal, ruled)}.")
    return 1


def _by_settings(refusal: Refusal, ruled: Verdict) -> str:
    policy = ruled.policy
    match refusal:
        case Refusal.TOO_SHORT:
            return f"the shortest is {say_length(policy.min_duration)}"
        case Refusal.PERMANENT:
            return "it has no end"
        case _:
            return f"the longest is {say_length(policy.max_duration)}"


def _about(rule: Rule) -> str:
    who = f" ({', '.join(sorted(rule.who))})" if rule.who else ""
    whose = f" ({', '.join(sorted(rule.whose))})" if rule.whose else ""
    return f"{rule.who_name}{who} as {rule.whose_name}{whose}"


def _said(rule: Rule) -> str:
    """All of a rule in a sentence."""
    terms = [f"for at most {say_length(rule.max_duration)}"]
    terms += ["or without an end"] if rule.allow_permanent else []
    terms += ["with a reason"] if rule.require_reason else []
    terms += ["with a yes each time"] if not rule.standing and rule.second is None else []
    terms += ["with no deputy"] if not rule.deputies else []
    if rule.second is not None:
        name = rule.second_name if is_group(rule.second) else ""
        terms.append(f"with a second yes from {name or rule.second}")
    return f"{_about(rule)}: {', '.join(terms)}."
