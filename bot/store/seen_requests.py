"""Seen requests in SQL: a request that Slack signed is good for changing something once.

Slack's signature is good for five minutes, for whoever has a copy of the request (slack.md §1). So
the first transaction that changes anything for a request writes its signature down, and the same
signature changes nothing a second time: not in another process, and not after a restart. This costs
one more row in a commit that is made anyway, and nothing where something is only read.
"""

from datetime import timedelta

from sqlalchemy import Connection, Insert, delete, select

from bot.refusals import Replayed
from bot.store.executing import execute, prepared
from bot.store.only_reads import so_far
from bot.store.upserts import insert_into
from models.rows import to_row
from models.seen_request import Arrival, SeenRequest, seen_requests

# A signature is good until five minutes after the moment that it names (slack.md §1); one minute
# more is for processes whose clocks differ.
KEPT = timedelta(minutes=6)
SWEEPER = "0"  # signatures that begin with it, about every sixteenth, sweep out the old ones

_columns = seen_requests.c


class SeenRequests:
    """Writes down that a request has changed something.

    Whether a transaction changes anything is seen from its statements; one that only reads costs
    nothing here.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changes = so_far(connection)

    def spend(self, arrival: Arrival) -> bool:
        """Write the request down if this transaction has changed something; returns whether.

        Raises Replayed when another arrival of the same request was first.
        """
        if so_far(self._connection) == self._changes:
            return False
        if arrival.signature.startswith(SWEEPER):
            self._sweep(arrival)
        row = SeenRequest(
            signature=arrival.signature, arrival=arrival.id, signed_at=arrival.signed_at
        )
        statement = _first(self._connection.dialect.name)
        if execute(self._connection, statement, to_row(row)).changed == 0:
            self._check_is_own(arrival)
        return True

    def _check_is_own(self, arrival: Arrival) -> None:
        """Two transactions of one request may both be the first to change something."""
        statement = select(_columns.arrival).where(_columns.signature == arrival.signature)
        if self._connection.execute(statement).scalar() != arrival.id:
            raise Replayed

    def _sweep(self, arrival: Arrival) -> None:
        self._connection.execute(
            delete(seen_requests).where(_columns.signed_at < arrival.received_at - KEPT)
        )


@prepared
def _first(dialect: str) -> Insert:
    statement: Insert = insert_into(seen_requests, dialect).on_conflict_do_nothing()
    return statement
