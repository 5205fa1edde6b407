"""A stray that its grantor wants gone: tried until Close has confirmed it."""

from bot.close.errors import ReconnectNeeded, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected, OtherAccountConnected
from bot.delegations.steps import held
from bot.delegations.tools import Tools
from bot.store import Store
from models.stray import Obstacle, Stray, StrayState


async def step(tools: Tools, stray: Stray) -> None:
    """Have it removed in Close. Raises NotConnected, OtherAccountConnected and CloseError."""
    session = await tools.connections.open(stray.team_id, stray.grantor_id)
    if not stray.belongs_to(session.account):
        raise OtherAccountConnected
    await _delete(tools, session, stray)
    now = tools.now()

    def removed(store: Store) -> None:
        store.strays.decide(stray, StrayState.REMOVED, now=now, leased_until=None)
        store.connections.look_by(  # a disconnection may have waited for this
            stray.team_id, stray.grantor_id, moment=now, only_troubled=True
        )

    await tools.database.run(removed)


def obstacle(error: Exception) -> Obstacle | None:
    """What only the grantor can clear away, when that is why it was not removed."""
    if isinstance(error, OtherAccountConnected):
        return Obstacle.OTHER_ACCOUNT
    return Obstacle.NOT_CONNECTED if isinstance(error, NotConnected | ReconnectNeeded) else None


async def _delete(tools: Tools, session: CloseSession, stray: Stray) -> None:
    try:
        await session.call(tools.close.delete_association, stray.association_id)
    except RefusedByClose:
        # A refusal can be Close's word for "gone already" (close.md §3): ask for it.
        if not await held.is_gone(tools, session, stray.association_id):
            raise
