"""An outage of the database is two lines in the log of each worker, however often it is asked."""

import time

import structlog

from bot.store import DatabaseAway

ECHO = 20.0  # seconds; what was asked during an outage has failed by then


class Outage:
    """Whether the database answers, as one worker sees it."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._since: float | None = None
        self._ended: float | None = None

    def noticed(self, error: Exception) -> None:
        """It did not answer, or not as anybody foresaw: that is worth a traceback, once."""
        if self._since is not None:
            return
        self._since = time.monotonic()
        if isinstance(error, DatabaseAway):
            self._log.warning("the database does not answer in time", error=str(error))
        else:
            self._log.error("the database cannot be used", exc_info=error)

    def echoed(self, error: DatabaseAway) -> None:
        """It did not answer something that may have been asked long ago."""
        if self._ended is None or time.monotonic() - self._ended > ECHO:
            self.noticed(error)

    def over(self) -> None:
        """It answers."""
        if self._since is not None:
            self._ended = time.monotonic()
            self._log.info(
                "the database answers again", after_seconds=round(self._ended - self._since, 1)
            )
            self._since = None
