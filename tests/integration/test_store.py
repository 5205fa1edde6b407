"""What the tables promise: times, audit, cards, transactions, connections and one-time states."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, StatementError

from bot.store import Database, Store
from bot.store.cards import PASSING
from bot.store.executing import execute_together
from bot.store.only_reads import OnlyReads
from models.card import Audience, cards
from models.connection import ConnectState, connect_states
from models.delegation import (
    Delegation,
    Event,
    ImpossibleTransition,
    Receipt,
    ReceiptState,
    State,
    Trouble,
)
from models.rows import to_row
from tests.integration.rows import NOON, TEAM, account, add, cards_of, connection, delegation, get

FRESH = {"access_expires_at": NOON, "checked_at": NOON}


async def test_a_row_comes_back_as_it_went_in(database: Database) -> None:
    """Times stay aware and to the microsecond, durations and words keep their types."""
    row = delegation(
        reason="“Ünïcødé” 😀 \u202e\u0645",
        requested_at=datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC),
        until=datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=9))),
        length=timedelta(days=400, seconds=1),
        trouble=Trouble.CLOSE_BUSY,
        end_event=Event.EXPIRE,
        is_unclear=True,
    )
    await add(database, row)
    assert await get(database, row) == row


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    """A naive time would mean something else on each database."""
    naive = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - that is the point
    with pytest.raises(StatementError, match="without a zone"):
        await add(database, delegation(requested_at=naive))


async def test_what_only_reads_changes_nothing(database: Database) -> None:
    """Where only reading was announced, one change is refused, and so are many in one statement."""
    row = delegation()
    await add(database, row)
    before = await cards_of(database, row)
    with pytest.raises(OnlyReads):
        await database.read(lambda store: store.cards.show_anew(row.id, now=NOON))
    many = [to_row(each) for each in before]
    with pytest.raises(OnlyReads):
        await database.read(lambda store: store._connection.execute(insert(cards), many))
    assert await cards_of(database, row) == before


async def test_each_change_has_its_audit_row_and_stale_cards(database: Database) -> None:
    """Moving on writes the row, who did it and when, and marks both cards, in one step."""
    row = delegation(grantor_id="U0ADA", grantee_id="U0BEN")
    await add(database, row)
    later = NOON + timedelta(minutes=1)
    moved = await database.run(
        lambda store: store.delegations.apply(
            row, Event.APPROVE, now=later, actor="U0ADA", decided_at=later
        )
    )
    assert (moved.state, moved.version) == (State.APPROVED, 2)
    assert await get(database, row) == moved
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert [(each.event, each.state, each.actor, each.at) for each in history] == [
        (Event.REQUEST, State.REQUESTED, "U0BEN", NOON),
        (Event.APPROVE, State.APPROVED, "U0ADA", later),
    ]
    cards = await cards_of(database, row)
    assert {card.recipient for card in cards} == {"U0ADA", "U0BEN"}
    assert {card.wake_at for card in cards} == {later + PASSING}


async def apply_at(database: Database, row: Delegation, event: Event, moment: datetime) -> None:
    """This happens to the delegation then."""
    present = await get(database, row)
    await database.run(lambda store: store.delegations.apply(present, event, now=moment))


async def moments_of(database: Database, row: Delegation) -> set[datetime | None]:
    """When the cards of this delegation are due."""
    return {card.wake_at for card in await cards_of(database, row)}


async def test_what_passes_is_shown_a_moment_later(database: Database) -> None:
    """A card of what is being set up waits for what comes of it, no longer for each further step,
    and not at all for what lasts."""
    row = delegation()
    await add(database, row)
    for seconds, event, due_after in (
        (0, Event.APPROVE, 1.0),
        (0.4, Event.ATTEMPT, 1.0),
        (0.7, Event.ACTIVATE, 0.7),
    ):
        await apply_at(database, row, event, NOON + timedelta(seconds=seconds))
        assert await moments_of(database, row) == {NOON + timedelta(seconds=due_after)}, event


async def test_what_was_marked_since_a_claim_stays_stale(database: Database) -> None:
    """A card is due after all if it was marked stale while somebody showed it, even at the very
    moment with which it was claimed."""
    row = delegation()
    await add(database, row)
    (card, *_) = await database.run(
        lambda store: store.cards.due.claim(now=NOON, lease=timedelta(minutes=1), limit=1)
    )
    await database.run(lambda store: store.cards.mark_stale(row.id, now=NOON))
    await database.run(
        lambda store: store.cards.save(card, shown_version=row.version, leased_until=None)
    )
    found = await database.run(lambda store: store.cards.get(card.id))
    assert found is not None
    assert found.wake_at is not None


@pytest.mark.parametrize(
    ("has_twin", "shown_to", "again"),
    [
        (False, 0, {Audience.GRANTOR}),
        (True, 0, {Audience.GRANTOR, Audience.GRANTEE}),
        (False, -1, {Audience.GRANTOR, Audience.GRANTEE}),
    ],
)
async def test_a_receipt_is_shown_to_its_reader(
    database: Database, *, has_twin: bool, shown_to: int, again: set[Audience]
) -> None:
    """What was sent is shown anew to the grantor alone, unless others are shown something old, or
    there is more to say; who has nothing new to read is shown the present version all the same."""
    due = Receipt(ReceiptState.DUE)
    row = delegation(state=State.ENDED, ended_at=NOON, receipt=due, wake_at=NOON, version=3)
    await add(database, row)
    shown = {"wake_at": None, "shown_version": row.version + shown_to}
    await database.run_connection(lambda sql: sql.execute(cards.update().values(shown)))
    made = Receipt(ReceiptState.MADE, emails=2)
    await database.run(
        lambda store: store.receipts.settle(row.id, made, has_twin=has_twin, now=NOON)
    )
    found = {card.audience: card for card in await cards_of(database, row)}
    assert {name for name, card in found.items() if card.wake_at is not None} == again
    version = (await get(database, row)).version
    kept = found.keys() - again - {Audience.AUDIT}
    assert {found[name].shown_version for name in kept} <= {version}


async def test_an_impossible_event_changes_nothing(database: Database) -> None:
    """The transition table rules in the database as well."""
    row = delegation()
    await add(database, row)
    with pytest.raises(ImpossibleTransition):
        await database.run(
            lambda store: store.delegations.apply(row, Event.CONFIRM, now=NOON, actor="U0BEN")
        )
    assert await get(database, row) == row


async def test_a_failing_transaction_leaves_nothing(database: Database) -> None:
    """All of a transaction is committed, or none of it."""
    row = delegation()

    def fail(store: Store) -> None:
        store.delegations.add(row, event=Event.REQUEST, actor="U0BEN")
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        await database.run(fail)
    assert await database.run(lambda store: store.delegations.get(row.id)) is None


async def postpone(database: Database, row: Delegation, trouble: Trouble | None) -> Delegation:
    """Put the row off for this reason; returns it as it is now."""
    return await database.run(
        lambda store: store.delegations.postpone(row, wake_at=NOON, trouble=trouble, now=NOON)
    )


async def test_a_trouble_is_told_once(database: Database) -> None:
    """Postponing again for the same reason is not news; another reason, or none, is."""
    row = delegation()
    await add(database, row)
    versions = []
    for trouble in (Trouble.CLOSE_DOWN, Trouble.CLOSE_DOWN, Trouble.CLOSE_BUSY, None):
        moved = await postpone(database, await get(database, row), trouble)
        versions.append(moved.version)
    assert versions == [2, 2, 3, 4]
    assert (await get(database, row)).attempts == 4


async def test_a_locked_row_waits_for_the_other_change(
    database: Database, database_url: str
) -> None:
    """Twenty locked read-and-write steps through two doors lose no update."""
    row = delegation()
    await add(database, row)
    other = Database(database_url)

    def count(store: Store) -> None:
        current = store.delegations.get(row.id, lock=True)
        assert current is not None
        store.delegations.postpone(current, wake_at=NOON, trouble=None, now=NOON)

    await asyncio.gather(*(door.run(count) for door in [database, other] * 10))
    await other.dispose()
    assert (await get(database, row)).attempts == 20


async def test_what_concerns_a_person(database: Database) -> None:
    """Grantor, grantee and requester see their open rows, oldest first, and no closed ones."""
    newer = delegation(grantor_id="U0ADA", requested_at=NOON + timedelta(seconds=1))
    older = delegation(grantee_id="U0ADA")
    asked = delegation(requester_id="U0ADA", requested_at=NOON + timedelta(seconds=2))
    closed = delegation(grantor_id="U0ADA", state=State.ENDED)
    elsewhere = delegation(grantor_id="U0ADA", team_id="T0OTHER")
    await add(database, newer, older, asked, closed, elsewhere, delegation())
    found = await database.run(lambda store: store.delegations.open_for_person(TEAM, "U0ADA"))
    assert [row.id for row in found] == [older.id, newer.id, asked.id]


async def test_waking_what_waits_for_a_connection(database: Database) -> None:
    """A new connection wakes what is approved or ending for this person, and nothing else."""
    later = NOON + timedelta(hours=1)
    states = {
        state: delegation(grantor_id="U0ADA", state=state, wake_at=later, attempts=5)
        for state in State
    }
    other = delegation(state=State.APPROVED, wake_at=later)
    await add(database, other, *states.values())
    await database.run(lambda store: store.delegations.wake_for_person(TEAM, "U0ADA", now=NOON))
    woken = [state for state, row in states.items() if (await get(database, row)).wake_at == NOON]
    assert woken == [State.APPROVED, State.ENDING]
    assert (await get(database, states[State.ENDING])).attempts == 0
    assert (await get(database, other)).wake_at == later


async def test_a_connection_belongs_to_one_person(database: Database) -> None:
    """Storing again replaces it under the same id, with a new version and no lease."""
    first = connection()
    await database.run(lambda store: store.connections.put(first))
    leased = await database.run(
        lambda store: store.connections.lease(first, lease=timedelta(seconds=20))
    )
    assert leased
    second = connection(account=account(email="new@example.com"))
    await database.run(lambda store: store.connections.put(second))
    stored = await database.run(lambda store: store.connections.get(TEAM, "U0ADA"))
    assert stored is not None
    assert (stored.id, stored.version, stored.account.email) == (first.id, 2, "new@example.com")
    assert stored.refreshing_until is None


async def test_two_first_connections_at_the_same_moment(
    database: Database, database_url: str
) -> None:
    """The same person in two browsers: both are stored, one over the other."""
    other = Database(database_url)

    async def put(door: Database) -> None:
        await door.run(lambda store: store.connections.put(connection()))

    results = await asyncio.gather(
        *(put(door) for door in [database, other] * 3), return_exceptions=True
    )
    await other.dispose()
    assert [result for result in results if result is not None] == []
    stored = await database.run(lambda store: store.connections.get(TEAM, "U0ADA"))
    assert stored is not None


async def test_old_versions_change_nothing(database: Database) -> None:
    """Who holds an outdated connection can neither renew, kill, lease nor unlease it."""
    old = connection()
    await database.run(lambda store: store.connections.put(old))
    new = await database.run(lambda store: store.connections.renew(old, secret=b"new", **FRESH))
    assert new is not None

    def try_all(store: Store) -> list[object]:
        store.connections.unlease(old)
        return [
            store.connections.renew(old, secret=b"x", **FRESH),
            store.connections.mark_dead(old, now=NOON),
            store.connections.lease(old, lease=timedelta(seconds=20)),
        ]

    assert await database.run(try_all) == [None, None, False]
    assert await database.run(lambda store: store.connections.get(TEAM, "U0ADA")) == new


async def test_only_one_gets_the_lease(database: Database, database_url: str) -> None:
    """Of many who want to refresh at the same moment, through two doors, one may."""
    row = connection()
    await database.run(lambda store: store.connections.put(row))
    other = Database(database_url)
    results = await asyncio.gather(
        *(
            door.run(lambda store: store.connections.lease(row, lease=timedelta(seconds=9)))
            for door in [database, other] * 5
        )
    )
    await other.dispose()
    assert sum(results) == 1


def state(**changes: Any) -> ConnectState:
    """A walk that Ada began at noon."""
    values: dict[str, Any] = {
        "state_hash": "s" * 64,
        "browser_hash": "b" * 64,
        "team_id": TEAM,
        "slack_user_id": "U0ADA",
        "expires_at": NOON + timedelta(minutes=10),
        **changes,
    }
    return ConnectState(**values)


async def test_a_state_is_taken_once(database: Database, database_url: str) -> None:
    """Of many who take the same state, through two doors, one gets it."""
    await database.run(lambda store: store.connect_states.add(state(), now=NOON))
    other = Database(database_url)
    taken = await asyncio.gather(
        *(
            door.run(lambda store: store.connect_states.take("s" * 64, "b" * 64))
            for door in [database, other] * 4
        )
    )
    await other.dispose()
    assert [each for each in taken if each is not None] == [state()]


async def test_old_states_are_swept(database: Database) -> None:
    """Each new walk removes the ones whose time is over."""
    old = state(state_hash="o" * 64, expires_at=NOON)
    await database.run(lambda store: store.connect_states.add(old, now=NOON - timedelta(minutes=1)))
    await database.run(lambda store: store.connect_states.add(state(), now=NOON))
    taken = await database.run(lambda store: store.connect_states.take("o" * 64, "b" * 64))
    assert taken is None


async def test_another_browser_takes_no_state(database: Database) -> None:
    """It gets nothing, and the state stays for the browser that it was made for."""
    await database.run(lambda store: store.connect_states.add(state(), now=NOON))
    for browser, taken in (("x" * 64, None), ("b" * 64, state())):
        found = await database.run(
            lambda store, browser=browser: store.connect_states.take("s" * 64, browser)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        )
        assert found == taken


async def test_states_of_one_person_are_few(database: Database) -> None:
    """A9: of a link that is opened again and again only the newest states stay; of nobody else's
    any is lost."""
    others = state(state_hash="o" * 64, slack_user_id="U0BEN")
    await database.run(lambda store: store.connect_states.add(others, now=NOON))
    for minute in range(20):
        moment = NOON + timedelta(seconds=minute)
        each = state(state_hash=f"{minute:064}", expires_at=moment + timedelta(minutes=10))
        await database.run(
            lambda store, each=each: store.connect_states.add(each, now=NOON)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        )
    kept = await database.run_connection(
        lambda connection: [row.state_hash for row in connection.execute(connect_states.select())]
    )
    assert sorted(kept) == sorted(["o" * 64, *(f"{minute:064}" for minute in range(12, 20))])


async def test_cards_belong_to_a_delegation(database: Database) -> None:
    """A card without its delegation cannot be stored: foreign keys are on, on both databases."""
    orphan: Delegation = delegation()

    def open_them(store: Store) -> None:
        opening = store.cards.opening(orphan, audit_channel=None, now=NOON)
        execute_together(store._connection, *opening)

    with pytest.raises(IntegrityError):
        await database.run(open_them)


@pytest.mark.usefixtures("power_cuts")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_is_set_up_to_last(database: Database) -> None:
    """Write-ahead log, foreign keys and full synchronisation are on for each connection."""
    names = ("journal_mode", "foreign_keys", "synchronous")
    found = await database.run_connection(
        lambda each: [each.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    )
    assert found == ["wal", 1, 2]
