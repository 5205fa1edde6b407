"""What people do, as the listeners have the use cases do it; and the house in which they live."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.connections import leaving
from bot.connections.admission import put, wake_what_waited
from bot.delegations import asking, deciding, ending, extending, second_yes, standing
from bot.delegations.people import departures
from bot.desk import Actor, Desk
from bot.ports import CloseUser
from bot.times.span import Span
from models.account import Account
from models.connection import Connection
from models.delegation import Delegation
from models.mark import mark_of, mark_of_leaving
from models.person import Departure
from tests.explore.close import ORGANIZATION
from tests.integration.rows import TEAM
from tests.integration.tools import person

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, BEN, CLEO = "U0ADA", "U0BEN", "U0CLEO"
PEOPLE = {each: person(each, email=f"{each}@example.com".lower()) for each in (ADA, BEN, CLEO)}
LEFT = {each: person(each, is_deactivated=True) for each in PEOPLE}
LENGTH = timedelta(minutes=10)
OLD = "a mark of before"


def close_id(slack_id: str) -> str:
    """The Close account of somebody in Slack."""
    return f"user_{slack_id}"


USERS = tuple(
    CloseUser(close_id(each), str(PEOPLE[each].email), each, (ORGANIZATION,)) for each in PEOPLE
)


def connection(slack_id: str, now: datetime, name: str) -> Connection:
    """Somebody's connection, by an API key: that never expires, and is not refreshed."""
    account = Account(
        close_user_id=close_id(slack_id),
        organization_id=ORGANIZATION,
        email=str(PEOPLE[slack_id].email),
        name=slack_id,
        is_api_key=True,
        secret=close_id(slack_id).encode(),
    )
    return Connection(
        id=name,
        team_id=TEAM,
        slack_user_id=slack_id,
        account=account,
        connected_at=now,
        checked_at=now,
    )


@dataclass(frozen=True, slots=True)
class Aim:
    """What a click is about: the newest delegation of the pair, its mark, its other names."""

    name: str
    target: Delegation | None = None
    dependents: tuple[Delegation, ...] = ()
    connected: Connection | None = None

    @property
    def id(self) -> str:
        """Of the delegation."""
        return self.target.id if self.target else ""

    @property
    def seen(self) -> str:
        """Its mark, as its reader sees it."""
        return mark_of(self.target) if self.target else ""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that ``actor`` can do to what Ada lends ``grantee``; ``states``: only then."""

    name: str
    do: Callable[[Desk, Actor, Aim], Awaitable[Any]]
    actor: str
    grantee: str = BEN
    states: tuple[str, ...] = ()
    needs: str = ""  # a column that has to be filled
    goes: frozenset[str] = frozenset()  # who has left Slack with it


async def _ask(desk: Desk, actor: Actor, _aim: Aim) -> Delegation:
    terms = asking.Terms(Span(length=LENGTH))
    return await asking.request(desk, actor, grantor_id=ADA, terms=terms)


async def _ask_for_ever(desk: Desk, actor: Actor, _aim: Aim) -> Delegation:
    terms = asking.Terms(Span(forever=True))
    return await asking.request(desk, actor, grantor_id=ADA, terms=terms)


async def _grant_both(desk: Desk, actor: Actor, _aim: Aim) -> Any:
    terms = asking.Terms(Span(length=LENGTH))
    return await asking.grant_all(desk, actor, grantee_ids=[BEN, CLEO], terms=terms)


async def _approve(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await deciding.approve(desk, actor, aim.id, aim.seen)


async def _approve_old(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await deciding.approve(desk, actor, aim.id, OLD)


async def _agree_too(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await second_yes.agree_too(desk, actor, aim.id, aim.seen)


async def _disagree(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await second_yes.disagree(desk, actor, aim.id, aim.seen)


async def _deny(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await deciding.deny(desk, actor, aim.id, aim.seen)


async def _cancel(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await ending.give_back(desk, actor, aim.id)


async def _revoke(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await ending.revoke(desk, actor, aim.id)


async def _revoke_all(desk: Desk, actor: Actor, _aim: Aim) -> Any:
    return await ending.revoke_all(desk, actor)


async def _extend(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await extending.extend(desk, actor, aim.id, aim.seen, Span(length=LENGTH))


async def _approve_wish(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await extending.approve_extension(desk, actor, aim.id, aim.seen)


async def _decline_wish(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await extending.decline_extension(desk, actor, aim.id, aim.seen)


async def _connect(desk: Desk, actor: Actor, aim: Aim) -> None:
    now = desk.now()
    new = connection(actor.user_id, now, aim.name)
    await desk.database.run(lambda store: put(store, new, now=now))
    await wake_what_waited(desk, actor.team_id, actor.user_id)


async def _disconnect(desk: Desk, actor: Actor, aim: Aim) -> Any:
    seen = mark_of_leaving(aim.connected.account, aim.dependents) if aim.connected else ""
    return await leaving.leave(desk, actor, seen)


async def _leave(desk: Desk, actor: Actor, _aim: Aim) -> None:
    await departures.offboard(desk, actor.team_id, actor.user_id, Departure.LEFT)


async def _nothing(_desk: Desk, _actor: Actor, _aim: Aim) -> None:
    return None


async def _release(desk: Desk, actor: Actor, aim: Aim) -> Delegation:
    return await ending.release(desk, actor, aim.id)


async def _stand(desk: Desk, actor: Actor, aim: Aim) -> Any:
    longest, until = Span(length=LENGTH), desk.now() + 2 * LENGTH
    return await standing.always_approve_like(
        desk, actor, aim.id, aim.seen, longest=longest, until=until
    )


async def _stand_no_longer(desk: Desk, actor: Actor, _aim: Aim) -> Any:
    for each in await standing.list_standing(desk, actor):
        return await standing.end_standing(desk, actor, each.id)
    return None


REQUESTED, APPROVED, ACTIVE = "requested", "approved", "active"
RUNNING = (APPROVED, ACTIVE)


def _acts() -> Mapping[str, Act]:
    every = [
        Act("ask", _ask, BEN),
        Act("ask for ever", _ask_for_ever, BEN),
        Act("grant both", _grant_both, ADA),
        Act("approve", _approve, ADA, states=(REQUESTED,)),
        Act("approve an old screen", _approve_old, ADA, states=(REQUESTED,)),
        Act("agree too", _agree_too, CLEO, states=(REQUESTED,), needs="agreed_at"),
        Act("disagree", _disagree, CLEO, states=(REQUESTED,), needs="agreed_at"),
        Act("deny", _deny, ADA, states=(REQUESTED,)),
        Act("cancel", _cancel, BEN, states=(REQUESTED, APPROVED)),
        Act("revoke", _revoke, ADA, states=RUNNING),
        Act("revoke all", _revoke_all, ADA, states=RUNNING),
        Act("release", _release, BEN, states=RUNNING),
        Act("extend", _extend, ADA, states=(ACTIVE,)),
        Act("ask to extend", _extend, BEN, states=(ACTIVE,)),
        Act("approve the wish", _approve_wish, ADA, states=(ACTIVE,), needs="extension_asked_at"),
        Act("decline the wish", _decline_wish, ADA, states=(ACTIVE,), needs="extension_asked_at"),
        Act("connect", _connect, ADA),
        Act("disconnect", _disconnect, ADA),
        Act("Ben leaves", _leave, BEN, goes=frozenset({BEN})),
        Act("Ada leaves", _leave, ADA, goes=frozenset({ADA})),
        Act("Ben leaves unheard", _nothing, BEN, goes=frozenset({BEN})),
        Act("always approve", _stand, ADA, states=(REQUESTED,)),
        Act("always approve no longer", _stand_no_longer, ADA),
        Act("Cleo asks", _ask, CLEO, CLEO),
        Act("approve Cleo", _approve, ADA, CLEO, (REQUESTED,)),
        Act("revoke Cleo", _revoke, ADA, CLEO, RUNNING),
    ]
    return {each.name: each for each in every}


ACTS = _acts()
APPROVES = frozenset({"approve", "approve Cleo", "agree too"})
TAKES_ALL = frozenset({"revoke all", "disconnect", "Ada leaves"})
TAKES_AWAY = TAKES_ALL | {
    "deny",
    "disagree",
    "cancel",
    "revoke",
    "release",
    "revoke Cleo",
    "Ben leaves",
}
