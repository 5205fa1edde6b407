"""What the bot made and Close holds otherwise is set right; nothing else is touched."""

from collections.abc import Sequence

from bot.connections.sessions import CloseSession
from bot.delegations.steps import held, moves
from bot.delegations.steps.remove import ended
from bot.delegations.tools import Tools
from bot.ports import Association
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble
from models.notice import NoticeKind


async def removed_in_close(
    tools: Tools, delegation: Delegation, there: Sequence[Association]
) -> None:
    """Somebody removed in Close itself what is active here: it has ended. ``there`` is what Close
    holds, in case it was made anew."""
    pair = (delegation.grantor_close_id, delegation.grantee_close_id)
    has_twin = any((each.allowing_user_id, each.allowed_user_id) == pair for each in there)
    changes = ended(delegation, tools.now()) | {"has_twin": has_twin}
    await moves.move(tools, delegation, Event.REMOVE, end_event=Event.REMOVE, **changes)


async def end_again(
    tools: Tools, session: CloseSession, delegation: Delegation, association: Association
) -> None:
    """Open it again as ending, so that everybody sees it and it is tried until it is gone."""
    if await tools.database.run(lambda store: _reopened(tools, store, delegation, association)):
        tools.metrics.events.labels(Event.REAPPEAR).inc()
        return
    # The pair has a new request by now, which must not find the old right in its place.
    pair = {"grantor": association.allowing_user_id, "grantee": association.allowed_user_id}
    await held.deleted(tools, session, association.id, **pair)


def _reopened(tools: Tools, store: Store, delegation: Delegation, association: Association) -> bool:
    current = store.delegations.get(delegation.id, lock=True)
    if current is None or current.state is not State.ENDED:
        return True
    is_known = current.is_known(association.id)
    if not is_known and not current.is_unanswered:
        return True  # Close has refused, as is known by now, what it was taken for
    pair = (current.team_id, current.grantor_id, current.grantee_id)
    if store.delegations.open_for_pair(*pair) is not None:
        return False
    store.delegations.apply(
        current,
        Event.REAPPEAR,
        now=tools.now(),
        association_id=association.id,
        surplus_id=None if current.surplus_id == association.id else current.surplus_id,
        is_unclear=False,
        is_taken_over=current.is_taken_over or not is_known,
        trouble=Trouble.STILL_THERE,
        ended_with=None,
    )
    if current.confirmed_by is not None:
        store.notices.tell(
            NoticeKind.STILL_IN_CLOSE,
            team_id=current.team_id,
            recipients=[current.confirmed_by],
            subject_id=current.id,
            incident=str(current.version),
            now=tools.now(),
        )
    return True
