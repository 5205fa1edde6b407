"""A day of the bot: rights are asked for over the day, and all of them end at five o'clock.

What is assumed and not measured stands in :class:`World` and in ``ZONES``, with its source.
"""

import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from bench.simulation.queueing import Limit, Places, Process, Servers, Simulation

MEASURED = Path(__file__).with_name("costs.toml")
HOUR = 3600.0
# Five o'clock in UTC, and the share of the workspaces where it is that: assumed.
ZONES = ((17, 0.10), (16, 0.15), (22, 0.35), (23, 0.15), (25, 0.20), (11.5, 0.05))
WORK_DAY = 8.0  # hours before five in which people ask, evenly: assumed
ANSWER = 300.0  # seconds until somebody approves, in the mean: assumed


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step of one life takes: milliseconds of processors, and calls to Slack."""

    bot_ms: float
    database_ms: float
    posts: float = 0.0  # to people, and
    audit: float = 0.0  # lines in the audit channel
    updates: float = 0.0
    deletes: float = 0.0


Costs = Mapping[str, Cost]


def measured(path: Path = MEASURED) -> Costs:
    """What ``python -m bench.simulation measure`` found, by step."""
    steps = tomllib.loads(path.read_text())["steps"]
    return {name: Cost(**each) for name, each in steps.items()}


@dataclass(frozen=True, slots=True)
class World:
    """How many there are, what they run on, and what Close and Slack allow each workspace."""

    rights: int  # active at a quarter to five; each lives for one day
    workspaces: int = 1
    processes: int = 1  # with a processor each, for all workspaces together
    database: int = 2  # processors
    a_grantor: int = 1  # rights that one grantor gives; they can share two calls
    close: float = 60.0  # a second, organization and endpoint group: Close's own example
    close_takes: float = 0.15  # seconds for an answer: assumed
    posts: float = 5.0  # a second and workspace; "several hundred a minute" (docs.slack.dev)
    a_channel: float = 1.0  # a second; "about one", which is the audit channel's
    places: int = 64  # messages that are being written at once: bot/clock/worker.py
    tier_3: float = 50 / 60  # a second, workspace and method: chat.update, chat.delete


class Workspace:
    """What one workspace and its organization at Close have for themselves."""

    def __init__(self, world: World) -> None:
        self.removals = Limit(world.close, world.close)
        self.emails = Limit(world.close, world.close)
        self.posts = Limit(world.posts, 60 * world.posts)
        self.audit = Limit(world.a_channel, 10 * world.a_channel)
        self.updates = Limit(world.tier_3, 60 * world.tier_3)
        self.deletes = Limit(world.tier_3, 60 * world.tier_3)
        self.cards = Places(world.places)
        self.left = 0  # rights that are still to be taken back


class Day:
    """One simulated day; ``late`` has the seconds of everything that somebody waits for."""

    def __init__(self, world: World, costs: Costs, seed: int = 12) -> None:
        self.world = world
        self.costs = costs
        self.late: defaultdict[str, list[float]] = defaultdict(list)
        self.bot = Servers(world.processes)
        self.database = Servers(world.database)
        self._simulation = Simulation()
        self._random = random.Random(seed)  # noqa: S311 - the same day each time

    def run(self) -> "Day":
        """All lives of the day, one for each right; returns itself."""
        for workspace, five, rights in self._shares():
            for first in range(0, rights, self.world.a_grantor):
                group = min(self.world.a_grantor, rights - first)
                workspace.left += group
                for _ in range(group):
                    asks = five - self._random.uniform(0.25, WORK_DAY) * HOUR
                    self._simulation.start(self._asked(workspace, asks), asks)
                self._simulation.start(self._ended(workspace, five, group), five)
        self._simulation.run()
        return self

    def drain(self, groups: Sequence[int]) -> "Day":
        """Nothing but ends: so many rights of each grantor, all over at midnight."""
        workspace = Workspace(self.world)
        workspace.left = sum(groups)
        for group in groups:
            self._simulation.start(self._ended(workspace, 0.0, group))
        self._simulation.run()
        return self

    def _shares(self) -> Iterator[tuple[Workspace, float, int]]:
        """Each workspace with its five o'clock and its rights."""
        number, rights = self.world.workspaces, self.world.rights
        for each in range(number):
            part = (each + 0.5) / number
            share = rights * (each + 1) // number - rights * each // number
            yield Workspace(self.world), _five(part) * HOUR, share

    def _asked(self, workspace: Workspace, asks: float) -> Process:
        """Asked, answered a while later, and active."""
        ask, approve = self.costs["ask"], self.costs["approve"]
        yield from self._work(ask)
        self._simulation.start(self._shown(workspace, ask, "asked", asks))
        approves = self._simulation.now + self._random.expovariate(1 / ANSWER)
        yield approves
        yield from self._work(approve)
        yield self._simulation.now + 2 * self.world.close_takes
        self._simulation.start(self._shown(workspace, approve, "active", approves))

    def _ended(self, workspace: Workspace, five: float, rights: int) -> Process:
        """All rights of one grantor: taken back alone by one call, together by two."""
        calls = 1 if rights == 1 else 2
        cost = self.costs["end" if rights == 1 else "end_together"]
        yield from self._work(cost, rights / 2)
        for _ in range(calls):
            yield workspace.removals.passed(self._simulation.now)
            yield self._simulation.now + self.world.close_takes
        yield from self._work(cost, rights / 2)
        workspace.left -= rights
        self.late["ends"] += [self._simulation.now - five] * rights
        for _ in range(rights):
            self._simulation.start(self._counted(workspace, five))

    def _counted(self, workspace: Workspace, five: float) -> Process:
        """What was sent is counted with two calls, which give way to ends; then people hear."""
        while workspace.left:
            yield self._simulation.now + 2  # bot/delegations/steps/count.py: GIVE_WAY
        yield workspace.emails.passed(self._simulation.now, 2)
        yield from self._work(self.costs["tell"])
        yield from self._shown(workspace, self.costs["tell"], "told", five)

    def _work(self, cost: Cost, rights: float = 1) -> Process:
        yield self.bot.done(self._simulation.now, cost.bot_ms * rights / 1000)
        yield self.database.done(self._simulation.now, cost.database_ms * rights / 1000)

    def _shown(self, workspace: Workspace, cost: Cost, what: str, since: float) -> Process:
        """The cards; whoever waits for Slack keeps a place until the old message is gone."""
        simulation = self._simulation
        simulation.start(self._written(workspace, cost, what, since))
        yield workspace.cards
        yield workspace.posts.passed(simulation.now, cost.posts)
        self.late[what].append(simulation.now - since)
        deletes = workspace.deletes.passed(simulation.now, cost.deletes)
        yield max(deletes, workspace.updates.passed(simulation.now, cost.updates))
        simulation.give_back(workspace.cards)

    def _written(self, workspace: Workspace, cost: Cost, what: str, since: float) -> Process:
        """Its line in the audit channel."""
        now = self._simulation.now
        posted = workspace.posts.passed(now, cost.audit)
        yield max(posted, workspace.audit.passed(now, cost.audit))
        self.late[f"{what}, audit"].append(self._simulation.now - since)


def _five(part: float) -> float:
    """Five o'clock where this part of all workspaces is, in hours UTC."""
    upto = accumulate(share for _, share in ZONES)
    return next((five for (five, _), share in zip(ZONES, upto, strict=True) if part < share), 17)


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the others is."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
