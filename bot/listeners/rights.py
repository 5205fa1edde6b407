"""``/sendas stop``, ``cancel`` and ``extend`` with a person: whichever right is meant."""

from collections.abc import Sequence

from slack_sdk.models.views import View

from bot.cards import answers, questions
from bot.cards import card_forms as forms
from bot.cards.faces import Action
from bot.delegations import ending, extending, finding
from bot.delegations.understanding import read_duration
from bot.desk import Actor, Desk
from bot.grammar import Command, as_typed
from bot.listeners.opening import reader_of
from bot.listeners.reception import Reception
from bot.refusals import Settled
from bot.slack.message import Message
from models.delegation import Delegation, State
from models.mark import mark_of

NOT_OVER = (State.REQUESTED, State.APPROVED, State.ACTIVE)
MOST_SHOWN = 20  # in a question


async def stop(reception: Reception, actor: Actor, command: Command) -> str | Message:
    """End whatever runs between the two; a request only when nothing runs."""
    found = await finding.open_with(reception.desk, actor, command.person_id)
    return await _ended(reception.desk, actor, _first(found, NOT_OVER[1:], NOT_OVER) or found)


async def cancel(reception: Reception, actor: Actor, command: Command) -> str | Message:
    """Cancel the actor's own request, or what came of it; else as :func:`stop`."""
    found = await finding.open_with(reception.desk, actor, command.person_id)
    own = [each for each in found if each.grantor_id != actor.user_id]
    return await _ended(
        reception.desk, actor, _first(own, NOT_OVER[:1], NOT_OVER[:2], NOT_OVER) or found
    )


async def extend(reception: Reception, actor: Actor, command: Command) -> str | Message | View:
    """At once when it was said for how long; else the form asks."""
    desk = reception.desk
    found = await finding.open_with(desk, actor, command.person_id)
    active = _first(found, (State.ACTIVE,))
    if not active:
        raise Settled(found[0])
    if len(active) > 1:
        return questions.which_right(active[:MOST_SHOWN], actor.user_id, Action.EXTEND)
    delegation = await extending.extendable(desk, actor, active[0].id)
    if not command.rest:
        return forms.extend(delegation, desk.policy, await reader_of(desk, actor))
    span = await read_duration(desk, actor, as_typed(command.rest))
    return answers.extended(
        await extending.extend(desk, actor, delegation.id, mark_of(delegation), span)
    )


def _first(found: Sequence[Delegation], *preferred: Sequence[State]) -> Sequence[Delegation]:
    """Those in the first of these groups of states that has any."""
    for states in preferred:
        if these := [each for each in found if each.state in states]:
            return these
    return []


async def _ended(desk: Desk, actor: Actor, meant: Sequence[Delegation]) -> str | Message:
    if len(meant) > 1:
        return questions.which_right(meant[:MOST_SHOWN], actor.user_id)
    (one,) = meant
    if one.grantor_id == actor.user_id:
        return answers.taken_back(await ending.revoke(desk, actor, one.id))
    return answers.given_back(await ending.give_back(desk, actor, one.id))
