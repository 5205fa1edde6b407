"""From what somebody typed to a wish: read in their own zone, asked back about where needed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.delegations import drafts
from bot.delegations.asking import MOST_AT_ONCE, look_up, ungrantable
from bot.delegations.wishes import Done, Wish, carry_out, say_time
from bot.desk import Actor, Desk, learn_groups, verdict, zone_of
from bot.grammar import GIVING, Command, Verb, as_typed, storable
from bot.ports import OutsideError
from bot.refusals import NobodyThere, NoTime, Outcome, Refused, TwoTimes
from bot.times.choices import Picked
from bot.times.reading import read_span
from bot.times.saying import say_span
from bot.times.span import Ambiguous, Span
from bot.times.splitting import split_command
from models.policy import Refusal, Rule


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be asked back; ``choices`` are the buttons' labels, the draft has the rest.

    ``ungrantable`` are those who were named beside ``people``, and why they cannot get it.
    With a ``refusal`` the time goes beyond what is allowed, and the one choice is the nearest that
    is; ``rule`` is the one that says so, where it does not hold for everybody.
    """

    draft_id: str
    people: Sequence[str]
    text: str
    choices: Sequence[str] = ()
    ungrantable: Sequence[Outcome] = ()
    refusal: Refusal | None = None
    rule: Rule | None = None
    verb: Verb = Verb.REQUEST


async def from_command(desk: Desk, actor: Actor, command: Command) -> Done | Question:
    """``@ada 2h Covering the pipeline``, or ``grant @ben 2h``."""
    people = await _people(desk, actor, command)
    zone = await zone_of(desk, actor)
    if command.verb is Verb.AWAY:
        return await _away(desk, actor, command, people, zone)
    wish = Wish(
        verb=command.verb,
        people=people,
        readings=[Span(length=desk.policy.default_duration)],
        grantee_id=command.grantee_id,
        is_group=bool(command.groups),
    )
    try:
        span, reason = split_command(
            as_typed(command.rest), now=desk.now(), zone=zone, default=desk.policy.default_duration
        )
    except Ambiguous as error:
        return await _which(desk, actor, wish, error)
    wish = replace(wish, reason=storable(reason), is_default=span is None)
    return await _confirmed(desk, actor, replace(wish, readings=[span]) if span else wish)


async def _away(
    desk: Desk, actor: Actor, command: Command, people: Sequence[str], zone: str
) -> Done | Question:
    """``away until monday @cleo note``: the time stands before the people, or after them."""
    now, default = desk.now(), desk.policy.default_duration
    span: Span | None
    note = storable(as_typed(command.rest)) if command.before else ""
    wish = Wish(verb=Verb.AWAY, people=people, readings=(), reason=note)
    try:
        if command.before:
            span = read_span(as_typed(command.before), now=now, zone=zone, default=default)
        else:
            span, note = split_command(as_typed(command.rest), now=now, zone=zone, default=default)
    except Ambiguous as error:
        return await _which(desk, actor, wish, error)
    if span is None or span.forever:
        raise Refused(Refusal.COVER_ENDS)
    return await _confirmed(desk, actor, replace(wish, readings=[span], reason=storable(note)))


async def from_form(
    desk: Desk,
    actor: Actor,
    grantor_ids: Sequence[str],
    picked: Picked,
    reason: str,
    *,
    grantee_id: str | None = None,
) -> Done:
    """The fields of the form. A time that can mean two things is an error there."""
    wish = Wish(
        verb=Verb.REQUEST,
        people=grantor_ids,
        readings=[await read_picked(desk, actor, picked)],
        reason=storable(reason),
        grantee_id=grantee_id,
    )
    return await carry_out(desk, actor, wish)


async def read_duration(desk: Desk, actor: Actor, duration: str) -> Span:
    """A time as typed into a form; empty means the default. Raises DurationError."""
    if not duration:
        return Span(length=desk.policy.default_duration)
    return read_span(
        duration,
        now=desk.now(),
        zone=await zone_of(desk, actor),
        default=desk.policy.default_duration,
    )


async def read_picked(desk: Desk, actor: Actor, picked: Picked) -> Span:
    """What was filled in where one of several fields is enough. The choice that a form opened with
    yields to what was written or picked.

    Raises DurationError, Refused, TwoTimes and NoTime.
    """
    given = (picked.is_own_choice, bool(picked.words), picked.moment is not None)
    if sum(given) > 1:
        raise TwoTimes
    if picked.moment is not None:
        until = datetime.fromtimestamp(picked.moment, UTC)
        if until <= desk.now():
            raise Refused(Refusal.DATE_PASSED)
        return Span(until=until)
    if picked.is_other and not picked.words:
        raise NoTime
    return await read_duration(desk, actor, picked.words or picked.choice)


async def answered(desk: Desk, actor: Actor, draft_id: str, choice: int) -> Done | Question:
    """The person pressed one of the buttons of a question; one more can follow.

    Everybody is looked up before the draft is used up: when Slack does not answer, the same
    button works again.
    """
    await look_up(desk, await drafts.people_of(desk, actor, draft_id))
    zone = await zone_of(desk, actor)
    return await _confirmed(desk, actor, await drafts.take(desk, actor, draft_id, choice, zone))


async def _confirmed(desk: Desk, actor: Actor, wish: Wish) -> Done | Question:
    """Whoever wants more than is allowed is offered what is; whoever grants to several reads their
    names before anything is stored."""
    await learn_groups(desk)
    if broken := _beyond_limits(desk, actor, wish):
        return await _within_limits(desk, actor, wish, *broken)
    is_for_several = len(wish.people) > 1 or wish.is_group
    if wish.verb in GIVING and is_for_several and not wish.is_confirmed:
        return await _really(desk, actor, wish)
    return await carry_out(desk, actor, wish)


async def _which(desk: Desk, actor: Actor, wish: Wish, error: Ambiguous) -> Question:
    reasons = [storable(reading.rest) for reading in error.readings]
    wish = replace(
        wish,
        readings=[reading.span for reading in error.readings],
        reason=storable(error.rest) or wish.reason,
        reasons=reasons if any(reasons) else (),
    )
    draft_id = await drafts.keep(desk, actor, wish)
    words = [reading.words for reading in error.readings]
    return Question(draft_id, wish.people, error.text, words)


def _beyond_limits(desk: Desk, actor: Actor, wish: Wish) -> tuple[Refusal, Rule] | None:
    """Why the time alone is refused, by the rule that allows most of it; what else is wrong is said
    without a question. As long as one of several may have it, the others are told by name."""
    me, span, now = actor.user_id, wish.span, desk.now()
    refused = []
    for each in wish.people:
        pair = (me, each) if wish.verb in GIVING else (each, wish.grantee_id or me)
        ruled = verdict(desk, *pair)
        broken = ruled.length_refusal(
            length=span.length, starts_at=span.starts, until=span.until, now=now
        )
        if broken is None or ruled.reason_refusal(wish.reason) is not None:
            return None
        refused.append(broken)
    return max(refused, key=lambda broken: broken[1].max_duration, default=None)


async def _within_limits(
    desk: Desk, actor: Actor, wish: Wish, refusal: Refusal, rule: Rule
) -> Question:
    """Offer the shortest or the longest time that the rule allows, with the same start."""
    zone = await zone_of(desk, actor)
    nearest = desk.policy.min_duration if refusal is Refusal.TOO_SHORT else rule.max_duration
    offered = replace(wish, readings=[Span(length=nearest, starts=wish.span.starts)])
    draft_id = await drafts.keep(desk, actor, offered)
    said = say_span(offered.span, now=desk.now(), zone=zone)
    wished = say_span(wish.span, now=desk.now(), zone=zone)
    return Question(
        draft_id,
        wish.people,
        wished,
        [said],
        refusal=refusal,
        rule=None if rule.is_default else rule,
        verb=wish.verb,
    )


async def _really(desk: Desk, actor: Actor, wish: Wish) -> Question:
    """Who of them cannot get it is said before the click, and again with what came of it."""
    said = say_time(desk, wish, await zone_of(desk, actor))
    try:
        await look_up(desk, wish.people)
        problems = await ungrantable(desk, actor, wish.people)
    except OutsideError:  # then it is found out, and said, after the click
        problems = {}
    people = [each for each in wish.people if each not in problems]
    outcomes = [Outcome(each, problem=problem) for each, problem in problems.items()]
    draft_id = await drafts.keep(desk, actor, replace(wish, is_confirmed=True)) if people else ""
    return Question(draft_id, people, said, ungrantable=outcomes)


async def _people(desk: Desk, actor: Actor, command: Command) -> Sequence[str]:
    """Those who were named, and the members of groups; nobody means themselves by a group."""
    groups = await asyncio.gather(*(desk.directory.members(each) for each in command.groups))
    members = [each for group in groups for each in group if each != actor.user_id]
    people = list(dict.fromkeys([*command.people, *members]))
    if not people:
        raise NobodyThere
    if len(people) > MOST_AT_ONCE:
        raise Refused(Refusal.TOO_MANY)
    return people
