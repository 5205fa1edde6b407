"""Ends a process that cannot end by itself: its event loop is blocked, or its stop hangs.

It is a thread, because nothing that waits in a blocked loop would ever notice.
"""

import faulthandler
import os
import sys
import threading
import time

LOOK_EVERY = 1.0  # seconds
PATIENCE = 45  # looks without a sign of life; a pause of the whole process stops the looks as well
STATUS = 5  # what a supervisor sees


class Watchdog:
    """Once it has started, the process lives only as long as it is fed."""

    def __init__(self) -> None:
        self._hungry_for = 0
        self._patience = PATIENCE
        self._status = STATUS

    def start(self) -> None:
        """Watch from now on, until the process has ended."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def feed(self) -> None:
        """A sign of life."""
        self._hungry_for = 0

    def last_words(self, looks: int, status: int = STATUS) -> None:
        """The process is about to end with ``status``; it has so many looks for that, without
        another sign of life."""
        self._hungry_for, self._patience, self._status = 0, looks, status

    def _watch(self) -> None:
        while self._hungry_for <= self._patience:
            time.sleep(LOOK_EVERY)
            self._hungry_for += 1
        if self._status == STATUS:
            sys.stderr.write("The process does not respond: it is ended.\n")
            faulthandler.dump_traceback(file=sys.stderr)
        sys.stdout.flush()
        os._exit(self._status)
