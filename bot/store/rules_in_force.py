"""Which file of rules holds, in SQL."""

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.rows import one
from models.rows import to_row
from models.rules_in_force import RulesInForce, rules_in_force

_columns = rules_in_force.c


class HeldRules:
    """Reads and changes what is known of the rules; there is one row for each workspace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, new: RulesInForce) -> bool:
        """Note which rules hold now; False where these did already, or where there were never any
        and there are none. Of two processes that begin with other ones, one says so."""
        statement = select(rules_in_force).where(_columns.team_id == new.team_id).with_for_update()
        before = one(self._connection, RulesInForce, statement)
        if before is None:
            return bool(new.digest) and self._added(new)
        if before.digest == new.digest:
            return False
        self._connection.execute(
            update(rules_in_force).where(_columns.team_id == new.team_id).values(to_row(new))
        )
        return True

    def _added(self, new: RulesInForce) -> bool:
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(rules_in_force).values(to_row(new)))
        except IntegrityError:
            return False
        return True
