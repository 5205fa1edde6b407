"""Needs in SQL: when rights and standing approvals were last used, and who said they are needed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.rows import batched, many
from bot.store.upserts import insert_into
from models.need import Need, needs
from models.rows import to_row

_columns = needs.c


class Needs:
    """Reads and changes what is known of each, by its id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, ids: Iterable[str]) -> Mapping[str, Need]:
        """What is known of these; of whatever is missing nothing is."""
        found: list[Need] = []
        for some in batched(sorted(set(ids))):
            found += many(self._connection, Need, select(needs).where(_columns.id.in_(some)))
        return {each.id: each for each in found}

    def begin(self, standing_id: str, *, now: datetime) -> None:
        """From now on every use of this standing approval is noted."""
        self._put([Need(id=standing_id, asked_from=now)], "asked_from")

    def used(self, standing_ids: Iterable[str], *, now: datetime) -> None:
        """Something was approved by these."""
        self._put([Need(id=each, used_at=now) for each in sorted(set(standing_ids))], "used_at")

    def seen(self, looked_up: Sequence[Need]) -> None:
        """What Close has said about the use of these rights."""
        self._put(looked_up, "used_at", "asked_from", "asked_until")

    def keep(self, ids: Iterable[str], *, now: datetime) -> None:
        """Their grantor says that these are still needed."""
        self._put([Need(id=each, kept_at=now) for each in sorted(set(ids))], "kept_at")

    def _put(self, wanted: Sequence[Need], *names: str) -> None:
        """Only these columns of a row that is there already; in a fixed order, so that no two
        transactions wait for each other's rows."""
        kind = self._connection.dialect.name
        for some in batched(sorted(wanted, key=lambda each: each.id), 100):
            statement = insert_into(needs, kind).values([to_row(each) for each in some])
            self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["id"],
                    set_={name: statement.excluded[name] for name in names},
                )
            )
