"""The simulation agrees with what queueing theory says about the same queue."""

import random

import pytest

from bench.simulation.model import Cost, Costs, Day, World, measured, percentile
from bench.simulation.queueing import Limit, Places, Process, Servers, Simulation

ARRIVALS = 200_000
COSTS = {
    "ask": Cost(30, 10, posts=1, audit=1),
    "approve": Cost(40, 10, posts=1, audit=1, updates=1, deletes=1),
    "end": Cost(10, 4),
    "end_together": Cost(3, 1),
    "tell": Cost(40, 10, posts=2, audit=1, updates=1, deletes=2),
}


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_one_server_with_a_fixed_service_time(load: float) -> None:
    """M/D/1: the mean wait is load / (2 (1 - load)) services (Pollaczek and Khinchine)."""
    server, now, waited = Servers(1), 0.0, 0.0
    chance = random.Random(1)  # noqa: S311 - the same numbers each time
    for _ in range(ARRIVALS):
        now += chance.expovariate(load)
        waited += server.done(now, 1.0) - now - 1.0
    assert waited / ARRIVALS == pytest.approx(load / (2 * (1 - load)), rel=0.05)


def test_several_servers_with_random_service_times() -> None:
    """M/M/2 at a load of 0.5: the mean wait is a third of a service (Erlang's C)."""
    servers, now, waited = Servers(2), 0.0, 0.0
    chance = random.Random(1)  # noqa: S311 - the same numbers each time
    for _ in range(ARRIVALS):
        now += chance.expovariate(1.0)
        seconds = chance.expovariate(1.0)
        waited += servers.done(now, seconds) - now - seconds
    assert waited / ARRIVALS == pytest.approx(1 / 3, rel=0.05)


def test_a_limit_lets_a_bucket_go_and_then_one_after_another() -> None:
    """Of 50 calls at 10 a second, 20 at once: the last goes after three seconds."""
    limit = Limit(10, 20)
    went = [limit.passed(0.0) for _ in range(50)]
    assert went[:20] == pytest.approx([0.0] * 20)
    assert went[-1] == pytest.approx(3.0)


def test_a_limit_fills_up_again_and_not_beyond() -> None:
    """After a pause of any length the bucket is full, and no more than that."""
    limit = Limit(10, 20)
    assert limit.passed(0.0, 20) == pytest.approx(0.0)
    assert limit.passed(1000.0, 20) == pytest.approx(1000.0)
    assert limit.passed(1000.0) == pytest.approx(1000.1)


def test_nobody_has_a_place_that_somebody_else_has() -> None:
    """With two places, five that stay for a second each leave after 1, 1, 2, 2 and 3 seconds."""
    simulation, places, left = Simulation(), Places(2), list[float]()

    def stay() -> Process:
        yield places
        yield simulation.now + 1
        left.append(simulation.now)
        simulation.give_back(places)

    for _ in range(5):
        simulation.start(stay())
    simulation.run()
    assert left == [1, 1, 2, 2, 3]


def test_a_day_takes_every_right_back_and_tells_everybody() -> None:
    """Each right has one end, one message about it, and a line for each of its three steps."""
    late = Day(World(rights=210, workspaces=20), COSTS).run().late
    counted = {what: len(each) for what, each in late.items()}
    steps = ("asked", "active", "told")
    assert counted == dict.fromkeys(["ends", *steps, *(f"{each}, audit" for each in steps)], 210)
    assert min(min(each) for each in late.values()) >= 0


def test_where_only_close_binds_the_last_end_is_calls_by_rate() -> None:
    """2,000 calls at 20 a second, 20 of them at once: 99 seconds, and an answer's time."""
    free = {name: Cost(0, 0) for name in COSTS}
    late = Day(World(rights=0, close=20, close_takes=0.15), free).drain([1] * 2000).late["ends"]
    assert max(late) == pytest.approx(99.15)


def test_rights_that_share_calls_end_sooner() -> None:
    """Fifty rights of each of 40 grantors take two calls for each grantor."""
    free = {name: Cost(0, 0) for name in COSTS}
    late = Day(World(rights=0, close=20, close_takes=0.0), free).drain([50] * 40).late["ends"]
    assert max(late) == pytest.approx((80 - 20) / 20)


def test_where_only_the_processors_bind_twice_as_many_need_half_the_time() -> None:
    """The last of many ends waits for the work of all."""

    def last(processes: int) -> float:
        world = World(rights=0, processes=processes, database=8, close=1e6, close_takes=0)
        return max(Day(world, COSTS).drain([1] * 4000).late["ends"])

    assert last(1) == pytest.approx(4000 * 0.010, rel=0.02)
    assert last(1) / last(2) == pytest.approx(2, rel=0.02)


def test_what_was_measured_can_be_read() -> None:
    """The file has a cost for each step of a life."""
    costs: Costs = measured()
    assert costs.keys() == COSTS.keys()
    assert all(each.bot_ms > 0 for each in costs.values())


def test_a_percentile_is_one_of_the_values() -> None:
    """The median of an odd number is the middle one, and the highest is the last."""
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 1) == 3
