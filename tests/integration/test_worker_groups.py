"""The worker takes rows together that were claimed at the same moment and have the same key."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import worker as worker_module
from bot.clock.worker import Worker
from bot.store import Database
from models.delegation import Delegation, State
from tests.integration.rows import add, delegation
from tests.integration.test_worker import Step, at_work, now, until


class Groups:
    """Rows of one grantor belong together; the first group fails when ``is_broken``."""

    def __init__(self, step: Step, *, is_broken: bool = False) -> None:
        self._step = step
        self._is_broken = is_broken
        self.groups: list[set[str]] = []

    def key(self, item: Delegation) -> Hashable | None:
        """The grantor; whoever is called ALONE has no group."""
        return None if item.grantor_id == "ALONE" else item.grantor_id

    async def take_together(self, items: Sequence[Delegation]) -> None:
        """Note the group, and do its rows one by one."""
        self.groups.append({item.id for item in items})
        if self._is_broken:
            self._is_broken = False
            raise RuntimeError("broken")
        for item in items:
            await self._step.take(item)


def make(database: Database, step: Step, groups: Groups) -> Worker[Delegation]:
    """A worker that takes delegations together."""
    return Worker(
        "delegations", database, lambda store: store.delegations.due, step, now, groups=groups
    )


def due(grantor_id: str, grantee_id: str) -> Delegation:
    """A delegation that is due now."""
    return delegation(
        grantor_id=grantor_id, grantee_id=grantee_id, wake_at=now() - timedelta(hours=1)
    )


async def test_rows_with_one_key_are_taken_together(database: Database) -> None:
    """Two of one grantor are one group; somebody else's and those without a key go alone."""
    together = [due("UA", "UX"), due("UA", "UY")]
    alone = [due("UB", "UX"), due("ALONE", "UX"), due("ALONE", "UY")]
    await add(database, *together, *alone)
    step = Step(database)
    groups = Groups(step)
    async with at_work(make(database, step, groups)):
        await until(lambda: len(step.done) == 5)
    assert groups.groups == [{row.id for row in together}]
    assert step.failures == []


async def test_a_group_that_fails_is_put_off_row_by_row(database: Database) -> None:
    """A failure nobody foresaw concerns each row of its group, and all are done later."""
    rows = [due("UA", "UX"), due("UA", "UY")]
    await add(database, *rows)
    step = Step(database)
    groups = Groups(step, is_broken=True)
    async with at_work(make(database, step, groups)):
        await until(lambda: len(step.done) == 2)
    assert len(step.failures) == 2


async def test_a_group_is_taken_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a claim has no room for comes along when it can share a step, and counts as one with
    it; but one step takes no more than a claim."""
    monkeypatch.setattr(worker_module, "MOST_AT_ONCE", 3)
    first = [due("UA", f"UX{number}") for number in range(3)]
    rest = [due("UA", f"UY{number}") for number in range(4)]
    over = [replace(each, state=State.ENDING) for each in (*first, *rest)]
    await add(database, *over)
    step = Step(database)
    groups = Groups(step)
    async with at_work(make(database, step, groups)):
        await until(lambda: len(step.done) == 7)
    assert sorted(len(each) for each in groups.groups) == [3, 3]
    assert len(set(step.done)) == 7
