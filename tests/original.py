"""The process that bots are copied from (``tests.copies``): it reads the code, and waits on its
standard input for what a copy shall be."""

import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import ssl
import sys
from typing import NamedTuple

import httpx

LONGEST = 65_536  # bytes of an order
FILES = 2  # that come with it: the log, and where the end is told
# The commands, and what they read by themselves only once they work.
READ = (
    "bot.process.cli",
    "bot.process.commands.migrate",
    "bot.process.commands.service",
    "alembic.command",
    "cyclopts.help",
    "uvicorn.lifespan.on",
)


class Order(NamedTuple):
    """What a copy shall be: the command, and around it what a process has."""

    words: list[str]
    folder: str
    environment: dict[str, str]


class Begun(NamedTuple):
    """A copy; ``ends`` becomes readable when it does, and ``told`` is who wants to know."""

    pid: int
    ends: int
    told: int


class Original:
    """Forks for each order."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(orders, selectors.EVENT_READ)

    def serve(self) -> Order | None:
        """Returns in each copy with its order, and here once nobody orders any more."""
        while True:
            for key, _ in self._waiting.select():
                if key.data is not None:
                    self._tell(key.data)
                    continue
                said, files, _, _ = socket.recv_fds(self._orders, LONGEST, FILES)
                if not said:
                    return None
                log, told = files
                pid = os.fork()
                if pid == 0:
                    self._leave(log, told)
                    return Order(*json.loads(said))
                self._orders.send(str(pid).encode())
                os.close(log)
                ends = os.pidfd_open(pid)
                self._waiting.register(ends, selectors.EVENT_READ, Begun(pid, ends, told))

    def _tell(self, begun: Begun) -> None:
        _, status = os.waitpid(begun.pid, 0)
        self._waiting.unregister(begun.ends)
        os.write(begun.told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(begun.told)
        os.close(begun.ends)

    def _leave(self, log: int, told: int) -> None:
        """A copy has its log, and nothing of what is open here."""
        for key in self._waiting.get_map().values():
            if key.data is not None:
                os.close(key.data.ends)
                os.close(key.data.told)
        self._waiting.close()
        self._orders.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, name in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(file, name)
        for file in (nothing, log, told):
            os.close(file)


def become(order: Order) -> None:
    """Be ``python -m bot``; ends the process."""
    os.setsid()
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["bot", *order.words]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)


def main() -> None:
    """Read the code, and be the original."""
    for name in READ:
        importlib.import_module(name)
    # To read the list of authorities takes a third of a start, and nobody here speaks TLS.
    vars(ssl)["create_default_context"] = functools.cache(ssl.create_default_context)
    httpx.create_ssl_context(trust_env=False)
    gc.freeze()  # what is never looked at for waste stays shared with the copies
    order = Original(socket.socket(fileno=os.dup(0))).serve()
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
