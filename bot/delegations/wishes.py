"""From what somebody typed to stored requests and grants; commands, forms and drafts share it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.delegations import Delegations, Terms
from bot.delegations.asking import MOST_AT_ONCE
from bot.delegations.drafts import Drafting
from bot.desk import Actor
from bot.grammar import Command, Verb, as_typed, storable
from bot.ports import Directory, Now
from bot.refusals import NobodyThere, Outcome, Refused
from bot.times.reading import read_span
from bot.times.saying import say_span, write_span
from bot.times.span import Ambiguous, Span
from bot.times.splitting import split_command
from models.policy import Policy, Refusal


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a wish, for each person, and its terms as they are said back."""

    verb: Verb
    outcomes: Sequence[Outcome]
    said: str


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be asked back; ``choices`` are the buttons' labels, the draft has the rest."""

    draft_id: str
    verb: Verb
    people: Sequence[str]
    text: str
    choices: Sequence[str]


class Asking:
    """Reads times in the asker's own zone, asks back where that is needed, and acts."""

    def __init__(
        self,
        delegations: Delegations,
        drafting: Drafting,
        directory: Directory,
        policy: Policy,
        now: Now,
    ) -> None:
        self._delegations = delegations
        self._drafting = drafting
        self._directory = directory
        self._policy = policy
        self._now = now

    async def from_command(self, actor: Actor, command: Command) -> Done | Question:
        """``@ada 2h Covering the pipeline``, or ``grant @ben 2h``."""
        people, zone = await asyncio.gather(self._people(actor, command), self._zone(actor))
        wish = {
            "verb": command.verb,
            "people": people,
            "grantee": command.grantee_id,
            "is_group": bool(command.groups),
        }
        try:
            span, reason = split_command(as_typed(command.rest), now=self._now(), zone=zone)
        except Ambiguous as error:
            return await self._which(actor, wish | {"reason": storable(error.rest)}, error)
        span = span or Span(length=self._policy.default_duration)
        wish |= {"span": write_span(span), "reason": storable(reason)}
        return await self._confirmed(actor, wish)

    async def from_form(
        self,
        actor: Actor,
        grantor_ids: Sequence[str],
        duration: str,
        reason: str,
        *,
        grantee_id: str | None = None,
    ) -> Done:
        """The fields of the form. A time that can mean two things is an error there."""
        span = await self.span(actor, duration)
        wish = {
            "verb": Verb.REQUEST,
            "people": list(grantor_ids),
            "grantee": grantee_id,
            "is_group": False,
            "span": write_span(span),
            "reason": storable(reason),
        }
        return await self._carry_out(actor, wish)

    async def span(self, actor: Actor, duration: str) -> Span:
        """A time as typed into a form; empty means the default."""
        if not duration:
            return Span(length=self._policy.default_duration)
        return read_span(duration, now=self._now(), zone=await self._zone(actor))

    async def answered(self, actor: Actor, draft_id: str, choice: int) -> Done | Question:
        """The person pressed one of the buttons of a question; one more can follow.

        Everybody is looked up before the draft is used up: when Slack does not answer, the same
        button works again.
        """
        await self._look_up(await self._drafting.read(actor, draft_id))
        await self._zone(actor)
        wish = await self._drafting.take(actor, draft_id)
        if readings := wish.pop("readings", None):
            wish["span"] = readings[choice]
        return await self._confirmed(actor, wish)

    async def dropped(self, actor: Actor, draft_id: str) -> None:
        """The person does not want it after all."""
        await self._drafting.take(actor, draft_id)

    async def _confirmed(self, actor: Actor, wish: dict[str, Any]) -> Done | Question:
        """Whoever grants to several reads their names before anything is stored."""
        is_for_several = len(wish["people"]) > 1 or wish.get("is_group", False)
        if wish["verb"] == Verb.GRANT and is_for_several and "is_confirmed" not in wish:
            return await self._really(actor, wish)
        return await self._carry_out(actor, wish)

    async def _carry_out(self, actor: Actor, wish: dict[str, Any]) -> Done:
        zone = await self._zone(actor)
        span = read_span(wish["span"], now=self._now(), zone=zone)
        terms = Terms(span, wish["reason"])
        await self._look_up(wish)
        verb = Verb(wish["verb"])
        if verb is Verb.GRANT:
            outcomes = await self._delegations.grant_all(
                actor, grantee_ids=wish["people"], terms=terms
            )
        else:
            outcomes = await self._delegations.request_from_all(
                actor, grantor_ids=wish["people"], grantee_id=wish["grantee"], terms=terms
            )
        if len(outcomes) == 1 and outcomes[0].problem is not None:
            raise outcomes[0].problem
        return Done(verb, outcomes, say_span(span, now=self._now(), zone=zone))

    async def _look_up(self, wish: dict[str, Any]) -> None:
        """Everybody at once, before anything is stored; then the directory's cache answers.

        One after the other would outlast Slack's three seconds, and one that Slack does not
        answer would leave the wish half done. Raises SlackRetryLater.
        """
        people = {*wish["people"], wish.get("grantee") or ""} - {""}
        await asyncio.gather(*(self._directory.person(each) for each in people))

    async def _which(self, actor: Actor, wish: dict[str, Any], error: Ambiguous) -> Question:
        readings = [write_span(reading.span) for reading in error.readings]
        draft_id = await self._drafting.keep(actor, wish | {"readings": readings})
        words = [reading.words for reading in error.readings]
        return Question(draft_id, Verb(wish["verb"]), wish["people"], error.text, words)

    async def _really(self, actor: Actor, wish: dict[str, Any]) -> Question:
        zone = await self._zone(actor)
        said = say_span(
            read_span(wish["span"], now=self._now(), zone=zone), now=self._now(), zone=zone
        )
        draft_id = await self._drafting.keep(actor, wish | {"is_confirmed": True})
        return Question(draft_id, Verb.GRANT, wish["people"], said, ())

    async def _people(self, actor: Actor, command: Command) -> list[str]:
        """Those who were named, and the members of groups; nobody means themselves by a group."""
        groups = await asyncio.gather(*(self._directory.members(each) for each in command.groups))
        members = [each for group in groups for each in group if each != actor.user_id]
        people = list(dict.fromkeys([*command.people, *members]))
        if not people:
            raise NobodyThere
        if len(people) > MOST_AT_ONCE:
            raise Refused(Refusal.TOO_MANY)
        return people

    async def _zone(self, actor: Actor) -> str:
        person = await self._directory.person(actor.user_id)
        return person.time_zone if person else "UTC"
