"""The alert rules for Prometheus: read and evaluated by its own tool, also on what the bot says."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from models.delegation import State
from sandbox.people import ADA
from tests.deploy.asked import ADDED, asked
from tests.deploy.promtool import RULES, as_series, evaluated, promtool, rules
from tests.deploy.told import Told
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, settled_in
from tests.scenarios.world import World

ONE, TWO = ('job="sendas", instance="one"', 'job="sendas", instance="two"')
HEALTHY = {
    **{f"up{{{each}}}": "1x600" for each in (ONE, TWO)},
    **{f"sendas_database_up{{{each}}}": "1x600" for each in (ONE, TWO)},
    f"sendas_longest_past_end_seconds{{{ONE}}}": "0 30 0 20 899 0 0x600",
    f"sendas_leaver_oldest_seconds{{{ONE}}}": "0 300 3599 0x600",
    f'sendas_oldest_due_seconds{{{ONE}, worker="cards"}}': "0 1 119 0 3 121 0 0x600",
    f"sendas_seal_lag_seconds{{{ONE}}}": "0 30 60 0 15x600",
    f'sendas_connections{{{ONE}, state="alive"}}': "15x600",
    f'sendas_connections{{{ONE}, state="dead"}}': "0x600",
    f'sendas_close_failures_total{{{ONE}, problem="busy"}}': "0+1x600",
    f'sendas_slack_failures_total{{{ONE}, error="ratelimited"}}': "7+0x600",
    f'sendas_end_lateness_seconds_bucket{{{ONE}, le="1"}}': "0+9x600",
    f'sendas_end_lateness_seconds_bucket{{{ONE}, le="60"}}': "0+10x600",
    f'sendas_end_lateness_seconds_bucket{{{ONE}, le="7200"}}': "0+10x600",
    f'sendas_end_lateness_seconds_bucket{{{ONE}, le="+Inf"}}': "0+10x600",
}
JOB = '{job="sendas"}'


@dataclass(frozen=True)
class Trouble:
    """Series that are not well, and what fires of it: not yet at first, then."""

    series: dict[str, str]
    fires: str
    not_yet: str
    then: str
    without: tuple[str, ...] = field(default=())


TROUBLES = {
    "one of two processes is away": Trouble(
        {f"up{{{TWO}}}": "0x600"}, f"SendAsAway{{{TWO}}}", "4m", "6m"
    ),
    "nobody is asked": Trouble({}, f"SendAsAway{JOB}", "4m", "6m", without=("up",)),
    "no process reaches the database": Trouble(
        {f"sendas_database_up{{{each}}}": "0x600" for each in (ONE, TWO)},
        f"SendAsDatabaseAway{JOB}",
        "1m",
        "3m",
    ),
    "a right is not taken away": Trouble(
        {f"sendas_longest_past_end_seconds{{{ONE}}}": "0+30x600"},
        f"SendAsRightPastItsEnd{JOB}",
        "15m",
        "17m",
    ),
    "a worker does not come round": Trouble(
        {f'sendas_oldest_due_seconds{{{ONE}, worker="cards"}}': "0+30x600"},
        'SendAsWorkerBehind{job="sendas", worker="cards"}',
        "4m",
        "6m",
    ),
    "a leaver keeps a right": Trouble(
        {f"sendas_leaver_oldest_seconds{{{ONE}}}": "0+30x600"},
        f"SendAsLeaverKeepsRights{JOB}",
        "1h",
        "1h5m",
    ),
    "nothing is sealed": Trouble(
        {f"sendas_seal_lag_seconds{{{ONE}}}": "0+30x600"},
        f"SendAsLogNotSealed{JOB}",
        "14m",
        "17m",
    ),
    "a connection is dead": Trouble(
        {f'sendas_connections{{{ONE}, state="dead"}}': "1x600"},
        f"SendAsConnectionDead{JOB}",
        "3h50m",
        "4h10m",
    ),
    "Close is down": Trouble(
        {f'sendas_close_failures_total{{{ONE}, problem="down"}}': "0+5x600"},
        f"SendAsCloseFails{JOB}",
        "15m",
        "40m",
    ),
    "Slack is down": Trouble(
        {f'sendas_slack_failures_total{{{ONE}, error="fatal_error"}}': "0+5x600"},
        f"SendAsSlackFails{JOB}",
        "15m",
        "40m",
    ),
    "one in ten ends after a minute": Trouble(
        {
            f'sendas_end_lateness_seconds_bucket{{{ONE}, le="60"}}': "0+9x600",
            f'sendas_end_lateness_seconds_bucket{{{ONE}, le="7200"}}': "0+10x600",
        },
        f"SendAsEndsLate{JOB}",
        "5m",
        "30m",
    ),
}


def test_prometheus_reads_them() -> None:
    """Prometheus takes the rules, their texts with figures in them included, and the example of how
    the bot is asked."""
    for command, file in (("rules", RULES), ("config", RULES.with_name("scrape.yml"))):
        options = ["--syntax-only"] if command == "config" else []
        answer = promtool("check", command, *options, str(file))
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_says_what_is_wrong_and_how_urgent_it_is() -> None:
    """An alert has a line, a paragraph, one of two severities, and waits before it is sent."""
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) < 80
        assert rule["annotations"]["description"].endswith(".")


def test_all_are_tried() -> None:
    """There is a trouble below for each alert."""
    tried = {each.fires.partition("{")[0] for each in TROUBLES.values()}
    assert tried == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("after", ["1m", "10m", "1h", "4h30m"])
def test_none_fires_while_all_is_well(tmp_path: Path, after: str) -> None:
    """Some failures, a slow moment and rights that end are no reason to wake anybody."""
    assert not evaluated(HEALTHY, after=after, fires=(), folder=tmp_path)


@pytest.mark.parametrize("what", TROUBLES)
def test_what_fires(tmp_path: Path, what: str) -> None:
    """With each trouble the one alert about it fires and no other, and not before it has lasted."""
    trouble = TROUBLES[what]
    series = {
        name: values
        for name, values in (HEALTHY | trouble.series).items()
        if name.partition("{")[0] not in trouble.without
    }
    assert not evaluated(series, after=trouble.not_yet, fires=(), folder=tmp_path)
    assert not evaluated(series, after=trouble.then, fires=[trouble.fires], folder=tmp_path)


async def test_the_bot_has_the_figures(known: Told) -> None:
    """Every figure that a rule asks for is one that the bot says, with these labels and words."""
    for rule in rules():
        found = asked(rule["expr"])
        assert found.names
        for name in found.names - {"up"}:
            assert name in known.labels, rule["alert"]
            assert found.grouped <= known.labels[name] | ADDED
        for name, label, value in found.chosen:
            assert label in ADDED or known.has(name, label, value), rule["alert"]


async def test_what_the_bot_says_is_what_fires(stage: World, tmp_path: Path) -> None:
    """With the figures of a bot that is well none of the rules fires; with those of one that cannot
    take a right away, because its grantor's connection is dead, the two that are about it."""
    await active(stage, "@ada 2h Covering")
    await settled_in(stage, State.ACTIVE)
    well = as_series(await _counted(stage, 'sendas_connections{state="alive"} 1.0'))
    assert not evaluated(well, after="2h", fires=(), folder=tmp_path)
    stage.close.revoke_tokens(ADA)
    stage.clock.push(hours=3)
    ill = as_series(await _counted(stage, 'sendas_connections{state="dead"} 1.0'))
    fires = [f"SendAsRightPastItsEnd{JOB}"]
    assert not evaluated(ill, after="2h", fires=fires, folder=tmp_path)


async def _counted(world: World, figure: str) -> str:
    """All figures, once this is one of them and nothing waits."""
    async with asyncio.timeout(PATIENCE):
        while True:
            text = (await world.figures()).text
            waits = [
                line
                for line in text.splitlines()
                if line.startswith("sendas_oldest_due_seconds{") and float(line.split()[1]) > 5
            ]
            if figure in text and not waits:
                return text
            await asyncio.sleep(MOMENT)
