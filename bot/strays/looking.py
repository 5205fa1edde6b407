"""Looking: what Close holds for one grantor, compared with the rows of that moment."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.connections.sessions import CloseSession
from bot.delegations.steps import held, moves
from bot.delegations.tools import Tools
from bot.ports import Association
from bot.store import Store
from bot.strays.differences import Differences, counting, differences
from models.comparison import Comparison
from models.delegation import Delegation, State
from models.stray import Stray


async def look(tools: Tools, session: CloseSession, comparison: Comparison) -> Differences:
    """What does not fit, without what only seems so because time passes while Close answers, or
    because its answer is a little older than what it was asked for last."""
    before, settled = await _open_before(tools, comparison), tools.now() - moves.SETTLE
    there = await held.by_grantor(tools, session)
    found = counting(await _differences(tools, session, comparison, there), settled)
    was_active = [each for each in found.gone if before.get(each.id) is State.ACTIVE]
    return replace(
        found,
        gone=[each for each in was_active if await _is_gone(tools, session, each.association_id)],
        vanished=[
            each for each in found.vanished if await _is_gone(tools, session, each.association_id)
        ],
        # What was still open when Close was asked may have been ended while Close answered.
        back=[each for each in found.back if each[0].id not in before],
    )


async def _open_before(tools: Tools, comparison: Comparison) -> dict[str, State]:
    """What was open before Close was asked: what began meanwhile is not in its list, and what
    ended meanwhile may still be."""
    rows = await tools.database.read(
        lambda store: store.comparisons.delegations(
            comparison.team_id, comparison.grantor_id, association_ids=()
        )
    )
    return {each.id: each.state for each in rows if each.is_open}


async def _differences(
    tools: Tools, session: CloseSession, comparison: Comparison, there: Sequence[Association]
) -> Differences:
    ids = [each.id for each in there]
    team_id, grantor_id = comparison.team_id, comparison.grantor_id

    def read(store: Store) -> tuple[Sequence[Delegation], Sequence[Stray]]:
        return (
            store.comparisons.delegations(team_id, grantor_id, association_ids=ids),
            store.strays.of_grantor(team_id, grantor_id),
        )

    delegations, strays = await tools.database.read(read)
    return differences(
        there,
        # A grantor who now connects another Close account cannot see the old one's rights.
        [each for each in delegations if each.belongs_to(session.account)],
        [each for each in strays if each.belongs_to(session.account)],
        now=tools.now(),
    )


async def _is_gone(tools: Tools, session: CloseSession, association_id: str | None) -> bool:
    """Whether Close says so about this very association, too: a list can be incomplete."""
    if association_id is None:
        return False
    is_gone = await held.is_unknown(tools, session, association_id)
    if not is_gone:
        log = structlog.get_logger("bot.strays.looking")
        log.warning("an association is missing in the list only", association=association_id)
    return is_gone
