"""A stray that its grantor wants gone: tried until Close has confirmed it."""

from bot.close.errors import ReconnectNeeded
from bot.connections.sessions import NotConnected, OtherAccountConnected
from bot.delegations.steps import held
from bot.delegations.tools import Tools
from bot.store import Store
from models.stray import Obstacle, Stray, StrayState


async def step(tools: Tools, stray: Stray) -> None:
    """Have it removed in Close. Raises NotConnected, OtherAccountConnected and CloseError."""
    session = await tools.connections.open(stray.team_id, stray.grantor_id)
    if not stray.belongs_to(session.account):
        raise OtherAccountConnected
    pair = {"grantor": stray.grantor_close_id, "grantee": stray.grantee_close_id}
    await held.deleted(tools, session, stray.association_id, **pair)
    now = tools.now()

    def removed(store: Store) -> None:
        current = store.strays.get(stray.id, lock=True)
        if current is not None and current.state is StrayState.REMOVING:
            store.strays.decide(current, StrayState.REMOVED, now=now, leased_until=None)
        store.connections.look_by(  # a disconnection may have waited for this
            stray.team_id, stray.grantor_id, moment=now, only_troubled=True
        )

    await tools.database.run(removed)


def obstacle(error: Exception) -> Obstacle | None:
    """What only the grantor can clear away, when that is why it was not removed."""
    if isinstance(error, OtherAccountConnected):
        return Obstacle.OTHER_ACCOUNT
    return Obstacle.NOT_CONNECTED if isinstance(error, NotConnected | ReconnectNeeded) else None
