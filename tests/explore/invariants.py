"""What holds in every state, and at every step."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.cards import delegations as blocks
from models.card import Audience
from models.delegation import Delegation, State
from tests.explore.close import BY_HAND, Late
from tests.explore.world import (
    EXPIRE,
    TABLES,
    Right,
    World,
    as_text,
    columns,
    is_connected,
    rights,
)

OVER = ("ended", "cancelled", "denied", "lapsed", "failed")
TAKEN = ("ending", *OVER)
UNCONNECTED = ("not_connected", "connection_lost")


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, in words."""

    what: str


def in_state(world: World) -> Broken | None:
    """What is wrong with this state by itself."""
    for each in rights(world.rows):
        broken = _is_over(world, each) or _is_active(world, each) or _is_promised(world, each)
        if broken is not None:
            return broken
    return _one_a_pair(world)


def _is_over(world: World, right: Right) -> Broken | None:
    """What is over is gone, but for what was guessed about."""
    if right.state not in OVER or is_guessed(world, right):
        return None
    if any(each.maker == right.id for each in world.close.held):
        return Broken(f"{right.id} is {right.state}, and Close holds what was made for it")
    if any(_may_make(each, right.id) for each in world.close.late):
        return Broken(f"{right.id} is {right.state}, and its create may still arrive")
    return None


def is_guessed(world: World, right: Right) -> bool:
    """Whether what was taken over for it, or away, can have been somebody else's: then ours
    is told, and asked about (bot/strays)."""
    return right.is_taken_over or ("a wrong guess", right.id) in world.facts


def _is_active(world: World, right: Right) -> Broken | None:
    """What is active is there, and ours as far as anybody can know."""
    if right.state != "active":
        return None
    held = {each.association.id: each for each in world.close.held}
    found = held.get(right.association_id or "")
    if found is None:
        is_removed = ("removed by hand", right.association_id) in world.facts
        return None if is_removed else Broken(f"{right.id} is active, and Close does not hold it")
    if found.maker == BY_HAND and ("a guess", right.id) not in world.facts:
        return Broken(f"{right.id} is active by what somebody made by hand")
    return None


def _may_make(late: Late, right_id: str) -> bool:
    """Whether this would still create something for that delegation."""
    return right_id in dict(late.makers).values()


def _is_promised(world: World, right: Right) -> Broken | None:
    if ("taken away", right.id) in world.facts and right.state not in TAKEN:
        return Broken(f"{right.id} was taken away, and is {right.state}")
    if ("approved", right.id) in world.facts:
        if right.state == "requested":
            return Broken(f"{right.id} was approved, and still waits for an answer")
        is_early = right.state == "lapsed" and right.lapses_at > as_text(world.now)
        if is_early:
            return Broken(f"{right.id} was approved, and has lapsed before its time")
    return None


def _one_a_pair(world: World) -> Broken | None:
    seen: dict[Any, str] = {}
    for each in world.close.held:
        if each.maker == BY_HAND:
            continue
        pair = (each.association.allowing_user_id, each.association.allowed_user_id)
        if pair in seen and not _is_known_to_be_two(world) and not _is_asked_about(world):
            return Broken(f"Close holds {seen[pair]} and {each.association.id}, both of ours")
        seen[pair] = each.association.id
    return None


def _is_known_to_be_two(world: World) -> bool:
    """Whether a row says so: then the other one is looked for and taken away."""
    return any(
        each.is_open and (each.is_unclear or each.association_id is None)
        for each in rights(world.rows)
    )


def _is_asked_about(world: World) -> bool:
    """Whether the wrong one was taken away, and Ada is asked about what is left: Close is to be
    compared at once."""
    wake = columns("comparisons")["wake_at"]
    rows = world.rows[TABLES.index("comparisons")]
    is_planned = any(row[wake] and row[wake] <= as_text(world.now) for row in rows)
    return is_planned and any(what == "a wrong guess" for what, _ in world.facts)


def untrue(world: World, card: Mapping[str, Any], delegation: Delegation | None) -> Broken | None:
    """Whether a card at rest says something else than what is, or says it twice."""
    if delegation is None:
        return Broken(f"a card is about {card['delegation_id']}, which is not there")
    name = f"the {card['audience']}'s card of {delegation.id}"
    posts = [each for each in world.slack.posts if each.mark.startswith(f"{card['id']}:")]
    if len(posts) > 1:
        return Broken(f"{name} is there {len(posts)} times")
    there = world.slack.at(card["channel_id"], card["message_ts"])
    says = _headline(delegation, Audience(card["audience"]))
    if there is None:
        is_unneeded = delegation.state is State.CANCELLED
        return None if is_unneeded else Broken(f"{name} is nowhere, and should say: {says}")
    said = there.text.splitlines()[0]
    return None if said == says else Broken(f"{name} says {said}, and should say: {says}")


@cache
def _headline(delegation: Delegation, audience: Audience) -> str:
    return blocks.card(delegation, audience, connect_url="https://x").text.splitlines()[0]


def after_step(before: World, after: World) -> Broken | None:
    """What is wrong with this step."""
    if before.rows is after.rows:
        return None
    old = {each.id: each for each in rights(before.rows)}
    for each in rights(after.rows):
        was = old.get(each.id)
        if was is not None and was is not each:
            broken = _moved_rightly(after, was, each)
            if broken is not None:
                return broken
    return None


def _moved_rightly(world: World, was: Right, each: Right) -> Broken | None:
    now = as_text(world.now)
    if each.version < was.version:
        return Broken(f"{each.id} went back to an earlier version")
    if was.state == "active" and was.is_over(now) and not each.is_over(now) and each.is_open:
        return Broken(f"{each.id} was extended after its end")
    is_expired = (was.state, each.state, each.end_event) == ("active", "ending", EXPIRE)
    if is_expired and not was.is_over(now):
        return Broken(f"{each.id} expired before its end")
    is_lapsed = (was.state, each.state) == ("approved", "lapsed")
    if is_lapsed and was.trouble in UNCONNECTED and is_connected(world, since=each.lapses_at):
        return Broken(f"{each.id} lapsed waiting for a connection that is there")
    return None
