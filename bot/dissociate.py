"""Active to ended: the association is removed in Close, and Close has said so."""

from collections.abc import Sequence

from bot.close.errors import CloseError, OutcomeUnclear
from bot.connections import CloseSession, NotConnected
from bot.ports import Association
from bot.steps import SETTLE, Steps
from models.delegation import Delegation, Event


class Dissociate:
    """One step of a delegation whose time is up, or that somebody ended."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def expire(self, delegation: Delegation) -> None:
        over = await self._steps.move(
            delegation,
            Event.EXPIRE,
            keep_lease=True,
            was_due=True,
            end_event=Event.EXPIRE,
            ended_at=self._steps.now(),
        )
        if over is not None:
            await self(over)

    async def __call__(self, delegation: Delegation) -> None:
        try:
            session = await self._steps.connections.open(delegation.team_id, delegation.grantor_id)
            gone = await self._remove(session, delegation)
        except (NotConnected, CloseError) as error:
            await self._steps.try_again(delegation, error)
            return
        if not gone:
            await self._steps.postpone(delegation, SETTLE, trouble=delegation.trouble)
            return
        confirmed = await self._steps.move(delegation, Event.CONFIRM, ended_at=self._steps.now())
        if confirmed is not None and confirmed.ends_at and confirmed.end_event is Event.EXPIRE:
            late = (self._steps.now() - confirmed.ends_at).total_seconds()
            self._steps.metrics.lateness.observe(max(late, 0))

    async def _remove(self, session: CloseSession, delegation: Delegation) -> bool:
        """Whether Close has confirmed that nothing is left of what we asked for."""
        association_id = delegation.association_id
        if association_id is not None and not delegation.is_unclear:
            try:
                await session.call(
                    lambda credential: self._steps.close.delete_association(
                        credential, association_id
                    )
                )
            except OutcomeUnclear:
                return not await self._left(session, delegation)
            return True
        if delegation.attempted_at is None:
            return True  # Close was never asked
        for found in await self._left(session, delegation):
            await self._delete(session, found)
        is_settled = self._steps.now() >= delegation.attempted_at + SETTLE
        return is_settled and not await self._left(session, delegation)

    async def _delete(self, session: CloseSession, association: Association) -> None:
        await session.call(
            lambda credential: self._steps.close.delete_association_of(
                credential, association.allowing_user_id, association.allowed_user_id
            )
        )

    async def _left(self, session: CloseSession, delegation: Delegation) -> Sequence[Association]:
        grantor, grantee = delegation.grantor_close_id, delegation.grantee_close_id
        if grantor is None or grantee is None:
            return []  # written down with the first attempt: without them there was none
        return await self._steps.find(session, grantor, grantee)
