"""The one error that says: the database does not answer. Nothing is wrong with the transaction."""


class DatabaseAway(ConnectionError):
    """The database cannot be reached, does not answer in time, or takes no changes now.

    Nothing of the transaction was done, unless it was its commit whose answer was lost. Doing it
    again later is right.
    """


class ReadOnly(DatabaseAway):
    """It answers, and takes no changes: a standby, or a server that was told so."""

    def __init__(self) -> None:
        super().__init__("read-only")
