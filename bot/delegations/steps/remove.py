"""Active to ended: the association is removed in Close, and Close has said so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.clock.backoff import backoff
from bot.close.errors import CloseError, NotFound, OutcomeUnclear, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.steps.moves import SETTLE, Steps
from bot.ports import Association
from models.delegation import Delegation, Event, Receipt, ReceiptState, Trouble


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
            if is_other_account(session, delegation):
                await self._steps.postpone(
                    delegation,
                    backoff(delegation.attempts),
                    trouble=Trouble.OTHER_CLOSE_ACCOUNT,
                )
                return
            gone = await self._remove(session, delegation)
        except (NotConnected, CloseError) as error:
            await self._steps.try_again(delegation, error)
            return
        if not gone:
            await self._steps.postpone(delegation, SETTLE, trouble=delegation.trouble)
            return
        await self.confirm([delegation])

    async def confirm(self, delegations: Sequence[Delegation]) -> None:
        """Close has said that these are gone."""
        now = self._steps.now()
        for each in await self._steps.move_all(
            [(each, ended(each, now)) for each in delegations], Event.CONFIRM
        ):
            if each.ends_at and each.end_event is Event.EXPIRE:
                late = (now - each.ends_at).total_seconds()
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
            except (OutcomeUnclear, RefusedByClose):
                # Close may also refuse to delete what is gone already (close.md §3): look.
                if not await self._is_gone(session, association_id):
                    raise
                return True
            # What Close once confirmed as gone, and held all the same, is looked for once more.
            is_doubted = delegation.trouble is Trouble.STILL_THERE
            return not is_doubted or await self._is_gone(session, association_id)
        if delegation.attempted_at is None:
            return True  # Close was never asked
        for found in await self._steps.left(session, delegation, urgent=True):
            await self._delete(session, found)
        is_settled = self._steps.now() >= delegation.attempted_at + SETTLE
        return is_settled and not await self._steps.left(session, delegation, urgent=True)

    async def _is_gone(self, session: CloseSession, association_id: str) -> bool:
        try:
            await session.call(
                lambda credential: self._steps.close.association(
                    credential, association_id, urgent=True
                )
            )
        except NotFound:
            return True
        return False

    async def _delete(self, session: CloseSession, association: Association) -> None:
        await session.call(
            lambda credential: self._steps.close.delete_association_of(
                credential, association.allowing_user_id, association.allowed_user_id
            )
        )


def ended(delegation: Delegation, now: datetime) -> dict[str, Any]:
    """What changes when Close holds the association no longer; a receipt is due for what was."""
    if delegation.association_id is None or delegation.active_at is None:
        return {"ended_at": now}
    return {"ended_at": now, "receipt": Receipt(ReceiptState.DUE), "wake_at": now}


def is_other_account(session: CloseSession, delegation: Delegation) -> bool:
    """Whether the grantor has connected another Close account since: for that one Close answers
    404 to a delete of the association, which must not be taken for "gone"."""
    account = session.connection
    own = (delegation.grantor_close_id, delegation.organization_id)
    return own[0] is not None and own != (account.close_user_id, account.organization_id)
