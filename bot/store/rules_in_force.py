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

    def hold(self, rules: RulesInForce) -> bool:
        """Note which rules hold now; False where these did already, or where there were never any
        and there are none. Of two processes that begin with other ones, one says so."""
        statement = (
            select(rules_in_force).where(_columns.team_id == rules.team_id).with_for_update()
        )
        before = one(self._connection, RulesInForce, statement)
        if before is None:
            return bool(rules.digest) and self._added(rules)
        if before.digest == rules.digest:
            return False
        self._connection.execute(
            update(rules_in_force).where(_columns.team_id == rules.team_id).values(to_row(rules))
        )
        return True

    def _added(self, rules: RulesInForce) -> bool:
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(rules_in_force).values(to_row(rules)))
        except IntegrityError:
            return False
        return True
