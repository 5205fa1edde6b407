"""From every state: once nothing goes wrong any more, everything comes to its end, and in time."""

from datetime import timedelta
from typing import Any

from bot.clock.backoff import LONGEST
from bot.delegations.steps.attempts import ARRIVES_WITHIN
from bot.delegations.steps.moves import SETTLE
from tests.explore.close import BY_HAND
from tests.explore.engine import Engine, Move
from tests.explore.invariants import OVER, Broken, is_guessed
from tests.explore.people import ACTS, ADA
from tests.explore.world import World, as_text, columns, rights

# After the longest pause Close is asked; what may still arrive is waited for, and looked for.
BOUND = LONGEST + ARRIVES_WITHIN + SETTLE
MOST_STEPS = 500
STEP, CLAIM, ARRIVE, TIME = Move("step"), Move("claim"), Move("arrive"), Move("time")


class Fairness:
    """Follows the one way on which Close answers, nobody dies and everybody does their part."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._overdue: dict[Any, timedelta] = {}  # by state: how long Close still holds too much
        self.steps = 0

    def check(self, world: World) -> Broken | None:
        """Whether it ends, and nothing outlives its end by more than :data:`BOUND`."""
        way: list[tuple[Any, bool, World]] = []
        here = set()
        after: World | None = world
        left = timedelta()
        while after is not None:
            core = self._engine.core(after)
            if core in self._overdue:
                left = self._overdue[core]
                break
            if core in here or len(way) > MOST_STEPS:
                return Broken("it goes round and round, and never ends")
            here.add(core)
            way.append((core, is_overdue(after), after))
            after, broken = self._next(after)
            self.steps += 1
            if broken is not None:
                return Broken(f"later, although nothing goes wrong any more: {broken.what}")
        return self._noted(way, after, left)

    def _noted(
        self, way: list[tuple[Any, bool, World]], after: World | None, left: timedelta
    ) -> Broken | None:
        later = after
        for core, is_late, world in reversed(way):
            if is_late:
                left += (later.now if later else world.now) - world.now
            else:
                left = timedelta()
            self._overdue[core] = left
            later = world
            if left > BOUND:
                return Broken(f"Close holds what is over for {left}")
        return None

    def _next(self, world: World) -> tuple[World | None, Broken | None]:
        """The next state; None at the end."""
        engine = self._engine
        if world.tasks:
            return engine.apply(world, STEP)
        if world.close.late:
            return engine.apply(world, ARRIVE)
        for place, worker in enumerate(engine.scenario.workers):
            if engine.is_due(world, worker):
                return engine.apply(world, CLAIM._replace(place=place))
        if engine.has_stale_cards(world):
            return engine.apply(world, TIME)
        if not any(each.is_open for each in rights(world.rows)):
            return None, _at_the_end(world)
        if needs_ada(world):
            return engine.do(world, ACTS["connect"], f"connect again {as_text(world.now)}")
        if engine.next_moment(world) is not None:
            return engine.apply(world, TIME)
        if any(each.state == "active" for each in rights(world.rows)):
            return engine.do(world, ACTS["revoke"], "revoke at last")
        return None, Broken("nothing will ever happen to what is open")


def is_overdue(world: World) -> bool:
    """Whether Close holds of ours what is over."""
    now = as_text(world.now)
    over = {
        each.id
        for each in rights(world.rows)
        if (each.is_over(now) or each.state in OVER) and not is_guessed(world, each)
    }
    return any(each.maker in over for each in world.close.held)


def needs_ada(world: World) -> bool:
    """Whether something is to be taken back, and Ada's connection does not work."""
    if ADA in world.gone or all(each.state != "ending" for each in rights(world.rows)):
        return False
    is_alive = columns("connections")["is_alive"]
    return not any(row[is_alive] for row in world.rows[1])


def _at_the_end(world: World) -> Broken | None:
    guessed = {each.id for each in rights(world.rows) if is_guessed(world, each)}
    ours = [each for each in world.close.held if each.maker not in (BY_HAND, *guessed)]
    left = [each.association.id for each in ours]
    return Broken(f"all is over, and Close holds {', '.join(left)}") if left else None
