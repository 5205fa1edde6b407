"""Active, and one more create may have taken effect: what is there beside the known one is ours."""

from collections.abc import Sequence
from datetime import datetime

from bot.clock.backoff import pause_after
from bot.connections.sessions import CloseSession
from bot.delegations.steps import held, moves
from bot.delegations.steps.remove import session_for
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.delegation import Delegation


def is_due(delegation: Delegation, now: datetime) -> bool:
    """Whether nothing can arrive any more, so that a look settles it."""
    until = delegation.arrives_until
    return delegation.is_unclear and (until is None or until <= now)


async def step(tools: Tools, delegation: Delegation) -> None:
    """Take away the other one, by its id; the right itself is not interrupted."""
    try:
        session = await session_for(tools, delegation)
        surplus = await _surplus(tools, session, delegation)
        for each in surplus[:1]:  # any more than this were made by somebody else
            grantor, grantee = delegation.grantor_close_id or "", delegation.grantee_close_id or ""
            await held.deleted(tools, session, each, grantor=grantor, grantee=grantee)
    except OutsideError as error:
        await _look_later(tools, delegation, error)
        return

    def settle(store: Store) -> None:
        current = store.delegations.get(delegation.id, lock=True)
        if current is None or current.version != delegation.version:
            store.delegations.due.free(delegation.id)
            return
        now = tools.now()
        store.delegations.settle(current, now=now)
        if len(surplus) > 1:  # or it was the other way round: the grantor is asked about the rest
            store.comparisons.plan_by(current.team_id, current.grantor_id, moment=now)

    await tools.database.run(settle)


async def _surplus(tools: Tools, session: CloseSession, delegation: Delegation) -> Sequence[str]:
    """What is too much: what Close has answered, or else all that may be of a create without an
    answer."""
    if delegation.surplus_id is not None:
        return [delegation.surplus_id]
    there = await held.of_attempt(tools, session, delegation)
    late = await held.unexplained(tools, delegation, there)
    return [each.id for each in late]


async def _look_later(tools: Tools, delegation: Delegation, error: OutsideError) -> None:
    """The end and its warning do not wait for this."""
    now = tools.now()
    again = now + pause_after(error, delegation.attempts)
    planned = delegation.warn_at or delegation.ends_at
    moment = again if planned is None else min(again, planned)
    await moves.wait_until(tools, delegation, moment, trouble=None)
