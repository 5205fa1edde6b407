"""What Close holds now, asked in the grantor's name. All raise what a session raises."""

from collections.abc import Sequence

from bot.close.errors import NotFound
from bot.connections.sessions import CloseSession
from bot.delegations.tools import Tools
from bot.ports import Association
from models.delegation import Delegation


async def by_grantor(tools: Tools, session: CloseSession) -> Sequence[Association]:
    """Every association that the session's owner has given."""
    caller = session.account.close_user_id
    held = await session.call(tools.close.associations, allowing_user_id=caller)
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
    """What there is of what Close was asked to create for this delegation."""
    grantor, grantee = delegation.grantor_close_id, delegation.grantee_close_id
    if grantor is None or grantee is None:
        return []  # written down with the first attempt: without them there was none
    return await of_pair(tools, session, grantor, grantee, urgent=urgent)


async def is_gone(
    tools: Tools, session: CloseSession, association_id: str, *, urgent: bool = False
) -> bool:
    """Whether Close says about this very association that it does not exist."""
    try:
        await session.call(tools.close.association, association_id, urgent=urgent)
    except NotFound:
        return True
    return False
