"""Random lives on PostgreSQL, in which two processes overtake each other at any gate."""

from tests.conftest import Postgres
from tests.machine.life import live

LIVES = 6
STEPS = 40


def test_a_life_in_random_steps(postgres: Postgres) -> None:
    """Whatever people, Close, Slack and the time do to two processes, all promises are kept."""
    figures = live(postgres.emptied(), lives=LIVES, steps=STEPS, seed=1)
    assert figures["made"] > LIVES
