"""The round: once a day everybody who takes part is asked about, first in Slack, then in Close.

An event can be lost, and Close sends none; so this is how the bot learns in any case that somebody
has left. It is a due row: many processes share it, and where one stops, or Slack asks to wait, the
next goes on. An outage can answer "unknown" about a whole company, so nothing ends before all were
asked, and what would end more than a tenth of anything waits for an admin.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.clock.backoff import pause_after
from bot.delegations.people import membership
from bot.delegations.people.departures import carry_out, departed
from bot.delegations.people.duties import waiting
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.base import new_id
from models.departure import Departed, Toll
from models.notice import NoticeKind
from models.person import Departure
from models.policy import DEPARTURES, is_too_much, who_refusal
from models.round import DAILY, JITTER, Round, Stage

AT_ONCE = 25  # people in one step
BETWEEN = timedelta(seconds=15)  # steps: Slack allows about a hundred calls a minute (slack.md §7)
PATIENT_ATTEMPTS = 12  # more than an hour; then the round goes on without an answer about somebody
ASKED_FOR = timedelta(days=1)  # then the answer would be about yesterday: a new round finds out

_log = structlog.get_logger("bot.delegations.people.rounds")


@dataclass(frozen=True, slots=True)
class RoundStep:
    """The worker's step for one leased round."""

    tools: Tools
    on_change: Callable[[], None]

    async def take(self, each: Round) -> None:
        """Go on where it was."""
        try:
            await step(self.tools, each)
        finally:
            self.on_change()

    async def put_off(self, each: Round, error: Exception) -> None:
        """For as long as Slack or Close asked, or a little longer each time."""
        _log.warning("a round has to wait", stage=each.stage, error=str(error))
        attempts = each.attempts + 1
        wake_at = self.tools.now() + pause_after(error, attempts)
        await self.tools.database.run(
            lambda store: store.rounds.due.put_off(each, wake_at=wake_at, attempts=attempts)
        )


async def step(tools: Tools, each: Round) -> None:
    """One step of a round; raises what only waiting can mend."""
    match each.stage:
        case Stage.REST | Stage.HELD:
            await _begin(tools, each)
        case Stage.SLACK:
            await _ask_slack(tools, each)
        case Stage.CLOSE:
            await _ask_close(tools, each)
        case Stage.CARRY_OUT:
            await _carry_out(tools, each)


async def _begin(tools: Tools, each: Round) -> None:
    """A new one; what an admin was asked about the one before is asked no more."""
    now = tools.now()

    def begin(store: Store) -> None:
        fresh = {"question": None, "answer": None, "answered_by": None}
        if not store.rounds.go_on(
            each, stage=Stage.SLACK, cursor="", started_at=now, wake_at=now, **fresh
        ):
            return
        store.departures.drop_pending(each.team_id)
        if tools.reviews.every is not None:
            store.reviews.enroll(each.team_id, installed_at=each.installed_at or now, now=now)
        if each.question is not None and each.answer is None:
            store.notices.mark_stale(each.question, now=now)

    await tools.database.run(begin)


async def _ask_slack(tools: Tools, each: Round) -> None:
    """The next few people. Those of whom Slack said something are noted, also when it then asked
    to wait; the next step goes on after them."""
    people = await tools.database.read(
        lambda store: store.departures.people(each.team_id, after=each.cursor, limit=AT_ONCE)
    )
    said, error = await _said(tools, each, people)
    now = tools.now()
    if error is not None:
        _log.warning("a round has to wait", stage=each.stage, error=str(error))
        attempts = 1 if said else each.attempts + 1
        wait = {"wake_at": now + pause_after(error, attempts), "attempts": attempts}
        values = {"cursor": [each.cursor, *said][-1], **wait}
    elif len(people) < AT_ONCE:
        values = {"stage": Stage.CLOSE, "cursor": "", "wake_at": now}
    else:
        values = {"cursor": people[-1], "wake_at": now + BETWEEN}

    def note(store: Store) -> None:
        if store.rounds.go_on(each, **values):
            gone = {who: why for who, why in said.items() if why is not None}
            store.departures.forget(each.team_id, said.keys() - gone.keys(), from_close=False)
            _note(store, [departed(each.team_id, who, why, now=now) for who, why in gone.items()])

    await tools.database.run(note)


async def _said(
    tools: Tools, each: Round, people: Sequence[str]
) -> tuple[dict[str, Departure | None], OutsideError | None]:
    """What Slack says about these, in their order, until it cannot say; and why it cannot."""
    answers = await asyncio.gather(
        *(_departure(tools, each.team_id, who) for who in people), return_exceptions=True
    )
    said: dict[str, Departure | None] = {}
    for who, answer in zip(people, answers, strict=True):
        if isinstance(answer, OutsideError):
            if said or each.attempts < PATIENT_ATTEMPTS:
                return said, answer
            _log.error("Slack does not answer about somebody", person=who, error=str(answer))
            said[who] = None  # the others are not kept waiting for ever
        elif isinstance(answer, BaseException):
            raise answer
        else:
            said[who] = answer
    return said, None


async def _departure(tools: Tools, team_id: str, user_id: str) -> Departure | None:
    refusal = who_refusal(await tools.directory.person(user_id, afresh=True), team_id)
    return None if refusal is None else DEPARTURES[refusal]


def _note(store: Store, found: Sequence[Departed]) -> None:
    """What they gave and had ends later. Of whoever was known to be gone, with nothing left to
    end, nothing more is to be done."""
    if not found:
        return
    team_id, people = found[0].team_id, [each.slack_user_id for each in found]
    known = store.departures.reasons(team_id, people)
    losing = (
        store.departures.losing_with_account(found)
        if found[0].reason is Departure.LEFT_CLOSE
        else store.departures.losing(team_id, people)
    )
    for each in found:
        who = each.slack_user_id
        is_settled = who in known and who not in losing
        rests = each.found_at if is_settled else None
        store.departures.note(replace(each, carried_out_at=rests))


async def _ask_close(tools: Tools, each: Round) -> None:
    """The members of the next organization; after the last one it is decided what follows."""
    accounts = await tools.database.read(lambda store: store.departures.accounts(each.team_id))
    organization_id = min((org for org, _, _ in accounts if org > each.cursor), default=None)
    now = tools.now()
    if organization_id is None:
        await tools.database.run(lambda store: _decide(tools, store, each))
        return
    # An account can be known as that of more than one person.
    holders = [(account, who) for org, account, who in accounts if org == organization_id]
    ids = {account for account, _ in holders}
    try:
        gone = await membership.gone(tools, each.team_id, organization_id, ids)
    except OutsideError as error:
        if each.attempts < PATIENT_ATTEMPTS:
            raise
        # What Slack has said is not kept waiting for ever.
        _log.error("Close does not say who its members are", error=str(error))
        gone = None

    def note(store: Store) -> None:
        if not store.rounds.go_on(each, cursor=organization_id, wake_at=now) or gone is None:
            return
        here = {who for account, who in holders if account not in gone}
        store.departures.forget(each.team_id, here, from_close=True)
        left_slack = store.departures.left_slack(each.team_id, (who for _, who in holders))
        _note(
            store,
            [
                replace(
                    departed(each.team_id, who, Departure.LEFT_CLOSE, now=now),
                    organization_id=organization_id,
                    close_user_id=account,
                )
                for account, who in holders
                if account in gone and who not in left_slack
            ],
        )

    await tools.database.run(note)


def _decide(tools: Tools, store: Store, each: Round) -> None:
    """All were asked. Carry it out, or ask the admins first."""
    now, toll = tools.now(), store.departures.toll(each.team_id)
    if not is_too_much_of_any(toll):
        store.rounds.go_on(each, stage=Stage.CARRY_OUT, cursor="", wake_at=now)
        return
    question, admins = new_id(), sorted(tools.policy.admins)
    if not store.rounds.go_on(
        each, stage=Stage.HELD, cursor="", question=question, wake_at=now + ASKED_FOR
    ):
        return
    store.notices.tell(
        NoticeKind.DEPARTURES,
        team_id=each.team_id,
        recipients=admins,
        subject_id=question,
        incident="asked",
        now=now,
    )
    _log.error(
        "so many people are gone that nothing was ended"
        + ("" if admins else ", and without ADMINS nobody can be asked"),
        team=each.team_id,
        people=toll.people,
        rights=toll.rights.lost,
        of=toll.rights.total,
    )


def is_too_much_of_any(toll: Toll) -> bool:
    """Whether an admin has to agree."""
    kinds = (toll.rights, toll.requests, toll.standing, toll.connections)
    return any(is_too_much(each.lost, each.total) for each in kinds)


async def _carry_out(tools: Tools, each: Round) -> None:
    """The next few of the departed are asked about once more, and end what is still to be ended.
    Raises what only waiting can mend, as long as the round is patient."""
    pending = await tools.database.read(
        lambda store: store.departures.pending(each.team_id, after=each.cursor, limit=AT_ONCE)
    )
    now = tools.now()
    silent = [error for one in pending if (error := await _ended(tools, one)) is not None]
    if silent and each.attempts < PATIENT_ATTEMPTS:
        raise silent[0]
    if len(pending) < AT_ONCE:
        await tools.database.run(lambda store: _finish(tools, store, each))
        return
    cursor = pending[-1].slack_user_id
    await tools.database.run(
        lambda store: store.rounds.go_on(each, cursor=cursor, wake_at=now + BETWEEN)
    )


async def _ended(tools: Tools, one: Departed) -> OutsideError | None:
    """End what is theirs, if they are still gone; or why nobody can say: the others do not wait for
    that, and in the end it is left to the next round, which asks about everybody anew."""
    try:
        latest = await _still_gone(tools, one)
    except OutsideError as error:
        _log.warning("nobody says whether they are gone", user=one.slack_user_id, error=str(error))
        return error
    await _end(tools, one, latest)
    return None


async def _still_gone(tools: Tools, one: Departed) -> Departed | None:
    """As Slack or Close says now; None for somebody who is there after all."""
    if one.organization_id is None or one.close_user_id is None:
        reason = await _departure(tools, one.team_id, one.slack_user_id)
        return None if reason is None else replace(one, reason=reason)
    owner = {one.close_user_id: one.slack_user_id}
    gone = await membership.gone(tools, one.team_id, one.organization_id, owner)
    return one if gone else None


async def _end(tools: Tools, one: Departed, latest: Departed | None) -> None:
    def end(store: Store) -> None:
        if latest is None:
            store.departures.forget(one.team_id, [one.slack_user_id])
        else:
            carry_out(store, tools.policy, latest, now=tools.now())

    await tools.database.run(end)
    if latest is not None:
        _log.info(
            "somebody may no longer take part",
            team=one.team_id,
            user=one.slack_user_id,
            reason=latest.reason,
        )


def _finish(tools: Tools, store: Store, each: Round) -> None:
    """Until tomorrow; what waits for an admin is said once a day, whoever caused it."""
    now = tools.now()
    wake_at = now + DAILY + JITTER * random.random()  # noqa: S311 - spreads load, keeps no secret
    if not store.rounds.go_on(each, stage=Stage.REST, cursor="", finished_at=now, wake_at=wake_at):
        return
    work = waiting(store, each.team_id, now=now)
    if work.is_any and tools.policy.admins:
        store.notices.tell_overdue(each.team_id, tools.policy.admins, now=now)
    elif work.leftovers:
        _log.error(
            "rights may outlive their end, and without ADMINS nobody is told",
            team=each.team_id,
            rights=len(work.leftovers),
        )
