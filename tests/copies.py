"""A bot that begins as a copy of a process which has read all of its code.

To read it takes a second of a processor, and the tests start hundreds of bots. A copy is a process
of its own like any other, with its own number, folder, environment, log, memory and end; only its
first second is left out, and its command line is that of what it is a copy of. Whoever is about
those starts it as a host does (the fixture ``as_a_host``).
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sandbox.running import ROOT, RunningBot
from tests.original import Order

KILLED = -signal.SIGKILL
AS_A_HOST = RunningBot._spawn


class Copy:
    """As much of :class:`subprocess.Popen` as is asked of a bot's process."""

    def __init__(self, pid: int, told: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told

    def poll(self) -> int | None:
        """Its exit status, or minus the signal that ended it; None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self) -> int:
        """The same, once it has ended."""
        return self._read() if self.returncode is None else self.returncode

    def terminate(self) -> None:
        """SIGTERM, unless it has ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _read(self) -> int:
        said = self._told.recv(16)
        self._told.close()
        self.returncode = int(said) if said else KILLED
        return self.returncode


class Copies:
    """Whoever makes them; the original begins to read when the first is wanted."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None
        self._original: subprocess.Popen[bytes] | None = None

    def make(self, order: Order, log: int) -> Copy:
        """Another copy, which writes to the open file ``log``."""
        orders = self._orders or self._begin()
        told, tells = socket.socketpair()
        with tells:
            socket.send_fds(orders, [json.dumps(order).encode()], [log, tells.fileno()])
        return Copy(int(orders.recv(16)), told)

    def _begin(self) -> socket.socket:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._original = subprocess.Popen(
                [sys.executable, "-m", "tests.original"],
                cwd=ROOT,
                stdin=theirs.fileno(),
                start_new_session=True,  # whoever ends the tests from a terminal ends it in order
            )
        return self._orders

    def end(self) -> None:
        """Nobody wants another."""
        if self._orders is not None and self._original is not None:
            self._orders.close()
            self._original.wait()


def spawning(copies: Copies) -> Callable[..., Any]:
    """What takes the place of ``RunningBot._spawn``."""

    def spawn(bot: RunningBot, *words: str) -> Any:
        if bot.environment["PYTHONPATH"] != str(ROOT):  # it shall read something else, too
            return AS_A_HOST(bot, *words)
        with bot.log.open("ab") as log:
            order = Order(list(words), str(bot._folder), dict(bot.environment))
            return copies.make(order, log.fileno())

    return spawn


def can_be_made() -> bool:
    """Whether they can be made here; of a process that is measured line by line they are not."""
    return sys.platform == "linux" and "COVERAGE_PROCESS_CONFIG" not in os.environ
