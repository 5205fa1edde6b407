"""What is said of the database itself. Where it does not answer, nothing is wrong with the
transaction; a file that is another's will never do."""


class DatabaseAway(ConnectionError):
    """The database cannot be reached, does not answer in time, or takes no changes now.

    Nothing of the transaction was done, unless it was its commit whose answer was lost. Doing it
    again later is right.
    """


class NotOurs(Exception):
    """The file holds something else, or is none: it is left as it is."""


class ReadOnly(DatabaseAway):
    """It answers, and takes no changes: a standby, or a server that was told so."""

    def __init__(self) -> None:
        super().__init__("read-only")
