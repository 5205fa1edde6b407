"""Two real processes on PostgreSQL, stepped by hand at every commit."""

from tests.conftest import Postgres
from tests.machine.scenes import FEW
from tests.machine.street import step_by_hand


async def test_both_at_the_same_time(postgres: Postgres) -> None:
    """Wherever one is when the other comes between, all promises are kept and all comes out."""
    figures = await step_by_hand(postgres.emptied(), switches=1, names=FEW)
    assert figures["schedules"] > 10 * len(FEW)
