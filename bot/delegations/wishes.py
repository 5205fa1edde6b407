"""A wish: what somebody wants, once it is understood; and carrying it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.delegations import asking, covers
from bot.delegations.asking import Terms, look_up
from bot.delegations.covers import Plan
from bot.desk import Actor, Desk, zone_of
from bot.grammar import Verb
from bot.refusals import Outcome
from bot.times.saying import say_span
from bot.times.span import Span
from models.cover import Cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request or a grant, to or for ``people``.

    ``readings`` are what its time can mean: several while the asker has to choose, else one;
    ``reasons`` are those of each, where they differ. ``is_default``: no time was given.
    ``grantee_id`` is the third person of a request. ``is_confirmed``: the actor has read who they
    all are.
    """

    verb: Verb
    people: Sequence[str]
    readings: Sequence[Span]
    reason: str = ""
    reasons: Sequence[str] = ()
    is_default: bool = False
    grantee_id: str | None = None
    is_group: bool = False
    is_confirmed: bool = False

    @property
    def span(self) -> Span:
        """For how long, once that is clear."""
        return self.readings[0]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a wish, for each person, and its terms as they are said back; ``is_default``:
    no time was given. ``overlapping`` are the other covers of that time."""

    verb: Verb
    outcomes: Sequence[Outcome]
    said: str
    is_default: bool = False
    overlapping: Sequence[Cover] = ()


async def carry_out(desk: Desk, actor: Actor, wish: Wish) -> Done:
    """Ask or grant. Raises what stood against it when it was for one person alone."""
    zone, terms = await zone_of(desk, actor), Terms(wish.span, wish.reason)
    await look_up(desk, [*wish.people, wish.grantee_id])
    overlapping: Sequence[Cover] = ()
    if wish.verb is Verb.AWAY:
        plan = Plan.of_span(wish.people, wish.span, wish.reason, now=desk.now())
        planned = await covers.plan(desk, actor, plan)
        outcomes, overlapping = planned.outcomes, planned.overlapping
    elif wish.verb is Verb.GRANT:
        outcomes = await asking.grant_all(desk, actor, grantee_ids=wish.people, terms=terms)
    else:
        outcomes = await asking.request_from_all(
            desk, actor, grantor_ids=wish.people, grantee_id=wish.grantee_id, terms=terms
        )
    if len(outcomes) == 1 and outcomes[0].problem is not None:
        raise outcomes[0].problem
    said = say_time(desk, wish, zone)
    return Done(wish.verb, outcomes, said, wish.is_default, overlapping)


def say_time(desk: Desk, wish: Wish, zone: str) -> str:
    """The wish's time as it is said back; a default is called one."""
    said = say_span(wish.span, now=desk.now(), zone=zone)
    return f"{said}, as no time was given" if wish.is_default else said
