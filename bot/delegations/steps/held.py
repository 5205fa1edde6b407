"""What Close holds now, asked in the grantor's name. All raise what a session raises."""

from collections.abc import Sequence

from bot.close.errors import CloseProblem, NotFound, OutcomeUnclear, RefusedByClose
from bot.connections.sessions import CloseSession
from bot.delegations.tools import Tools
from bot.ports import Association
from models.delegation import Delegation


async def by_grantor(
    tools: Tools, session: CloseSession, *, urgent: bool = False
) -> Sequence[Association]:
    """Every association that the session's owner has given; urgent as in :func:`of_pair`."""
    caller = session.account.close_user_id
    held = await session.call(tools.close.associations, allowing_user_id=caller, urgent=urgent)
    return given_by(session, held)


def given_by(session: CloseSession, held: Sequence[Association]) -> Sequence[Association]:
    """Those of these that the session's owner has given."""
    caller = session.account.close_user_id
    return [each for each in held if each.allowing_user_id == caller]


async def of_pair(
    tools: Tools, session: CloseSession, grantor: str, grantee: str, *, urgent: bool = False
) -> Sequence[Association]:
    """Those of this pair of Close users; urgent when a revocation needs to know."""
    found = await session.call(
        tools.close.associations, allowing_user_id=grantor, allowed_user_id=grantee, urgent=urgent
    )
    pair = (grantor, grantee)
    return [each for each in found if (each.allowing_user_id, each.allowed_user_id) == pair]


async def of_attempt(
    tools: Tools, session: CloseSession, delegation: Delegation, *, urgent: bool = False
) -> Sequence[Association]:
    """What there may be of what Close was asked to create for this delegation.

    What an ended one had is left out: Close may still show it for a moment.
    """
    grantor, grantee = delegation.grantor_close_id, delegation.grantee_close_id
    if grantor is None or grantee is None:
        return []  # written down with the first attempt: without them there was none
    found = await of_pair(tools, session, grantor, grantee, urgent=urgent)
    ended = await ended_ids(tools, delegation, found)
    return [each for each in found if each.id not in ended or each.id == delegation.association_id]


async def twins(
    tools: Tools, session: CloseSession, delegation: Delegation
) -> Sequence[Association]:
    """What Close holds of the two people beside what was made for this delegation."""
    there = await of_attempt(tools, session, delegation)
    return [each for each in there if each.id != delegation.association_id]


async def unexplained(
    tools: Tools, delegation: Delegation, found: Sequence[Association]
) -> Sequence[Association]:
    """Those of these that can be the effect of a create of this delegation: not the one that it
    has, and none that its grantor was asked about."""
    if not found:
        return []
    whose = (delegation.team_id, delegation.grantor_id)
    strays = await tools.database.read(lambda store: store.strays.of_grantor(*whose))
    known = {delegation.association_id, *(each.association_id for each in strays)}
    return [each for each in found if each.id not in known]


async def ended_ids(
    tools: Tools, delegation: Delegation, found: Sequence[Association]
) -> Sequence[str]:
    """The ids of those that an ended delegation of this grantor had."""
    if not found:
        return []
    ids = [each.id for each in found]
    return await tools.database.read(lambda store: store.delegations.ended_ids(delegation, ids))


async def deleted(
    tools: Tools, session: CloseSession, association_id: str, *, grantor: str, grantee: str
) -> bool:
    """Have it deleted in Close. True when Close confirmed that, False when Close did not, but shows
    it no longer either; raises what Close said while it is to be seen."""
    try:
        await session.call(tools.close.delete_association, association_id)
    except (OutcomeUnclear, RefusedByClose) as error:
        # Close may also refuse to delete what is gone already (close.md §3): look.
        if await _is_seen(tools, session, association_id, grantor, grantee):
            if isinstance(error, NotFound):  # Close contradicts itself
                raise OutcomeUnclear(CloseProblem.UNEXPECTED, status=error.status) from error
            raise
        return False
    return True


async def _is_seen(
    tools: Tools, session: CloseSession, association_id: str, grantor: str, grantee: str
) -> bool:
    """Whether Close shows it, by its id or in the list."""
    if not await is_unknown(tools, session, association_id, urgent=True):
        return True
    listed = await of_pair(tools, session, grantor, grantee, urgent=True)
    return association_id in [each.id for each in listed]


async def is_unknown(
    tools: Tools, session: CloseSession, association_id: str, *, urgent: bool = False
) -> bool:
    """Whether Close says about this very association that it does not exist."""
    try:
        await session.call(tools.close.association, association_id, urgent=urgent)
    except NotFound:
        return True
    return False
